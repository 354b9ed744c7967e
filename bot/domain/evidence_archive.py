"""Knows what an archive of evidence holds, and how each part of it is held against the others. Pure.

Everything in it follows from `events.jsonl` and `verification.json`, so it is made anew and compared: hashes that
somebody mended help nobody. What only words tell is so compared by who words it alike; by anybody else it is held
against the manifest, and said to be no more than that. Knows nothing of ZIP files, or of how a report is laid out.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from bot.domain import evidence_chain
from bot.domain.backups import Record
from bot.domain.drill_events import Link
from bot.domain.evidence import Copy, Dossier, Evidence
from bot.domain.evidence_chain import Broken, Row
from bot.domain.evidence_differences import apart, figures_apart, loaded, shown
from bot.domain.evidence_made import dossier
from bot.domain.incident_events import IncidentId
from bot.domain.snapshot import Report

FORMAT = 1
"""How an archive is laid out. Whoever takes a figure away or counts one otherwise raises it, and keeps the old count
for the archives of before: figures are compared whoever wrote them."""
WORDING = 1
"""How the reports are worded. Whoever changes anything that people read in an archive, or adds a figure or a kind of
event, raises it: of an archive that is worded alike every byte is compared, of an older one the figures alone."""
MANIFEST, DRILL, EVENTS, VERIFICATION = "manifest.json", "drill.json", "events.jsonl", "verification.json"
MARKDOWN, HTML, CONTROLS, README = "report.md", "report.html", "controls.json", "README.txt"
MEMBERS = (README, MANIFEST, HTML, MARKDOWN, DRILL, EVENTS, VERIFICATION, CONTROLS)
WORDED = (MARKDOWN, HTML, CONTROLS, README)
"""What only words tell."""
_WORDED_FIGURES = ("findings",)
"""What of the figures is put into words as well."""

Rendering = Callable[[Dossier], Mapping[str, bytes]]
"""Lays out what people read: `report.md`, `report.html`, `controls.json` and `README.txt`."""
_GOOD = {VERIFICATION: "goes with the copy that the events name", README: "as Lifeboat wrote it"}
_OLDER = (
    f"as {MANIFEST} lists it; an older Lifeboat worded it, so this one cannot make it anew to compare. The figures are"
    f" those of {DRILL}; lifeboat evidence FILE --report NEW.html words them anew"
)
_REPORT: TypeAdapter[Report | None] = TypeAdapter(Report | None)
_VERSIONS = TypeAdapter(dict[str, str])


class Listed(Record):
    """A file as the manifest lists it."""

    sha256: str
    size: int


class Manifest(Record):
    """What is in an archive, where its record ends, and which record it follows. It is `made_with` those versions."""

    format: int
    wording: int
    made_with: dict[str, str]
    drill: IncidentId
    generated_at: AwareDatetime
    events: int
    hash: str
    previous: Link | None
    files: dict[str, Listed]


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was looked at: of which part, what was seen, and whether it is as it should be.

    Not `proved` is what can be told by nothing but the manifest, which whoever changes an archive writes anew.
    """

    of: str
    said: str
    ok: bool
    proved: bool = True


class Examined(NamedTuple):
    """What was looked at, in its order; the record and what it adds up to are None where they cannot be read."""

    points: tuple[Point, ...]
    rows: Sequence[Row] = ()
    made: Dossier | None = None

    @property
    def problems(self) -> tuple[str, ...]:
        """What does not match, the first first."""
        return tuple(f"{one.of}: {one.said}" for one in self.points if not one.ok)


def members(rows: Sequence[Row], made: Dossier, rendering: Rendering) -> dict[str, bytes]:
    """Every file of an archive, in their order."""
    files = {EVENTS: evidence_chain.written(rows), **_told(made), **rendering(made)}
    files[MANIFEST] = _json(_manifest(files, made, WORDING).model_dump(mode="json"))
    return {name: files[name] for name in MEMBERS}


def examine(files: Mapping[str, bytes], rendering: Rendering, wording: int = WORDING) -> Examined:
    """Hold every part of an archive against the others. What nobody expects there is named, and not looked into.

    `wording` is that of the rendering.
    """
    there = [Point(name, "it is missing", ok=False) for name in MEMBERS if name not in files]
    there += [Point(shown(name), "it does not belong there", ok=False) for name in files if name not in MEMBERS]
    given = loaded(files.get(MANIFEST, b""))
    other = _not_known(given, wording)
    if other is not None:
        return Examined((*there, other))
    try:
        rows = evidence_chain.read(files.get(EVENTS, b""))
        happened = evidence_chain.followed(rows)
        made = dossier(happened, [one.hash for one in rows], _report(files.get(VERIFICATION, b"")), _versions(given))
    except Broken as problem:
        listed = _unlisted(files, given)
        return Examined((*there, Point(EVENTS, str(problem), ok=False), *listed))
    follows = f"{len(rows)} events, each following from the one before; the last hash is {rows[-1].hash}"
    return Examined((*there, Point(EVENTS, follows, ok=True), *_compared(files, made, rendering, wording)), rows, made)


def linked(this: Examined, before: Examined) -> Point:
    """Whether an archive follows from the one that is given as the one before."""
    if this.made is None or before.made is None:
        return Point("previous", "it cannot be followed: the record of one of the two is broken", ok=False)
    link, other = this.made.evidence.previous, before.made.evidence.drill
    if link is None:
        return Point("previous", f"this one says that no drill was before it, and the other is of {other}", ok=False)
    if link.id != other:
        return Point("previous", f"this one follows {link.id}, and the other is of {other}", ok=False)
    if link.seq > len(before.rows):
        told = f"this one follows event {link.seq} of {other}, and the other archive ends with event {len(before.rows)}"
        return Point("previous", told, ok=False)
    found = before.rows[link.seq - 1].hash
    if link.hash != found:
        told = f"event {link.seq} of {other} has the hash {found}, and this one follows {link.hash}"
        return Point("previous", told, ok=False)
    return Point("previous", f"follows from event {link.seq} of {other}, {link.hash}", ok=True)


_FIGURES: Mapping[str, TypeAdapter[Any]] = {
    DRILL: TypeAdapter(Evidence),
    VERIFICATION: _REPORT,
    MANIFEST: TypeAdapter(Manifest),
}
"""What is in each file of figures. A figure that is added has a default, which is what archives of before say."""


# --- what there should be --------------------------------------------------------------------------------------------


def _told(made: Dossier) -> dict[str, bytes]:
    report = made.verification.model_dump(mode="json") if made.verification is not None else None
    return {DRILL: _json(made.evidence.model_dump(mode="json")), VERIFICATION: _json(report)}


def _manifest(files: Mapping[str, bytes], made: Dossier, wording: int) -> Manifest:
    evidence = made.evidence
    return Manifest(
        format=FORMAT,
        wording=wording,
        made_with=dict(made.made_with),
        drill=evidence.drill,
        generated_at=evidence.record.last_at,
        events=evidence.record.events,
        hash=evidence.record.hash,
        previous=evidence.previous,
        files={name: _listed(files[name]) for name in MEMBERS if name in files and name != MANIFEST},
    )


def _listed(content: bytes) -> Listed:
    return Listed(sha256=hashlib.sha256(content).hexdigest(), size=len(content))


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


# --- what there is ---------------------------------------------------------------------------------------------------


def _not_known(given: Any, wording: int) -> Point | None:
    """That an archive is of a later Lifeboat than this, which nobody is to be accused of."""
    for name, known in (("format", FORMAT), ("wording", wording)):
        found = given.get(name) if isinstance(given, dict) else None
        if isinstance(found, int) and found > known:
            by = _versions(given).get("lifeboat", "a later one")
            told = f"its {name} is {shown(found)}, and this Lifeboat knows {known}: check it with Lifeboat {shown(by)}"
            return Point(MANIFEST, told, ok=False)
    return None


def _worded(given: Any, wording: int) -> int:
    """Which wording an archive has: an older one if it says so and there was such a one, else that of the rendering."""
    found = given.get("wording") if isinstance(given, dict) else None
    return found if isinstance(found, int) and 0 < found < wording else wording


def _report(content: bytes) -> Report | None:
    # What is no report is compared with what should be there, and found to differ.
    try:
        return _REPORT.validate_json(content)
    except ValidationError:
        return None


def _versions(given: Any) -> dict[str, str]:
    try:
        return _VERSIONS.validate_python(given.get("made_with") if isinstance(given, dict) else {})
    except ValidationError:
        return {}


# --- one against the other -------------------------------------------------------------------------------------------


def _compared(files: Mapping[str, bytes], made: Dossier, rendering: Rendering, ours: int) -> Iterator[Point]:
    given = loaded(files.get(MANIFEST, b""))
    wording = _worded(given, ours)
    differs = apart if wording == ours else _figures_apart
    try:
        expected = {**_told(made), **rendering(made)}
    except (LookupError, TypeError, ValueError, ArithmeticError):
        # Moments before the calendar, lengths without end: nothing that Lifeboat would have recorded.
        yield Point(EVENTS, "what they say cannot be told", ok=False)
        return
    for name in (VERIFICATION, DRILL, MARKDOWN, HTML, CONTROLS, README):
        if name not in files:
            continue
        if name in WORDED and wording != ours:
            yield Point(name, _OLDER, ok=True, proved=False)
            continue
        wrong = _of_the_copy(made, files[name]) if name == VERIFICATION else ""
        wrong = wrong or differs(name, files[name], expected[name])
        yield Point(name, wrong or _GOOD.get(name, "follows from the events"), ok=not wrong)
    if MANIFEST in files:
        yield from _unlisted(files, given)
        should_be = _manifest(files, made, wording).model_dump(mode="json")
        wrong = differs(MANIFEST, files[MANIFEST], _json(should_be), "the archive")
        yield Point(MANIFEST, wrong or "lists every file with its SHA-256 and size", ok=not wrong)


def _figures_apart(name: str, found: bytes, expected: bytes, said_by: str = "the events") -> str:
    """Where a figure differs first, in an archive that an older Lifeboat made; nothing where none does."""
    try:
        _FIGURES[name].validate_json(found)
    except ValidationError as error:
        return f"it cannot be read: {shown('.'.join(map(str, error.errors()[0]['loc'])))}"
    return figures_apart(found, expected, said_by, _WORDED_FIGURES)


def _unlisted(files: Mapping[str, bytes], given: Any) -> Iterator[Point]:
    """The files that are not those which the manifest lists."""
    listed = given.get("files") if isinstance(given, dict) else None
    for name in MEMBERS:
        if name == MANIFEST or name not in files or not isinstance(listed, dict):
            continue
        found = _listed(files[name])
        if listed.get(name) != found.model_dump():
            told = f"it is not the file that {MANIFEST} lists: its SHA-256 is {found.sha256}, its size {found.size}"
            yield Point(name, told, ok=False)


def _of_the_copy(made: Dossier, content: bytes) -> str:
    report, tested = made.verification, made.evidence.under_test
    if report is None:
        return "" if content == _json(None) else "it is no report on a copy"
    return not_of(tested, report) if tested is not None else "it is a report, and the events name no copy"


def not_of(tested: Copy, report: Report) -> str:
    """Why a report is not the one on the copy that was tested; nothing where it is."""
    if (report.sha256, report.size) != (tested.sha256, tested.size):
        return f"it is a report on another copy, with the SHA-256 {shown(report.sha256)}"
    rows = {one.name: one.rows for one in report.tables}
    if tested.rows and rows != tested.rows:
        first = min(name for name in {*rows, *tested.rows} if rows.get(name) != tested.rows.get(name))
        return f"{shown(first)} has {rows.get(first)} rows in it, and {tested.rows.get(first)} by the events"
    if tested.verdict and report.verdict != tested.verdict:
        return f"its verdict is {report.verdict}, and {tested.verdict} by the events"
    return ""
