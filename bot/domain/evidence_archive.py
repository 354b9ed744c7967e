"""Knows what an archive of evidence holds, and how each part of it is held against the others. Pure.

Everything in it follows from `events.jsonl` and `verification.json`, so it is made anew and compared: hashes that
somebody mended help nobody. Knows nothing of ZIP files, or of how a report is laid out.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, NamedTuple

from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic_core import from_json

from bot.domain import evidence_chain
from bot.domain.backups import Record
from bot.domain.evidence import Copy, Dossier
from bot.domain.evidence_chain import Broken, Link, Row
from bot.domain.evidence_made import dossier
from bot.domain.incident_events import IncidentId
from bot.domain.snapshot import Report

FORMAT = 1
"""How an archive is laid out. Whoever changes anything that is written into one raises it: archives are compared to
the byte, and those of another format would seem to be tampered with."""
MANIFEST, DRILL, EVENTS, VERIFICATION = "manifest.json", "drill.json", "events.jsonl", "verification.json"
MARKDOWN, HTML, CONTROLS, README = "report.md", "report.html", "controls.json", "README.txt"
MEMBERS = (README, MANIFEST, HTML, MARKDOWN, DRILL, EVENTS, VERIFICATION, CONTROLS)

Rendering = Callable[[Dossier], Mapping[str, bytes]]
"""Lays out what people read: `report.md`, `report.html`, `controls.json` and `README.txt`."""
_LONGEST = 60
_GOOD = {VERIFICATION: "goes with the copy that the events name", README: "as Lifeboat wrote it"}
_NOTHING = object()
_REPORT: TypeAdapter[Report | None] = TypeAdapter(Report | None)
_TOOLS = TypeAdapter(dict[str, str])


class Listed(Record):
    """A file as the manifest lists it."""

    sha256: str
    size: int


class Manifest(Record):
    """What is in an archive, where its record ends, and which record it follows."""

    format: int
    drill: IncidentId
    generated_at: AwareDatetime
    events: int
    hash: str
    previous: Link | None
    files: dict[str, Listed]


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that was looked at: of which part, what was seen, and whether it is as it should be."""

    of: str
    said: str
    ok: bool


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
    files[MANIFEST] = _json(_manifest(files, made).model_dump(mode="json"))
    return {name: files[name] for name in MEMBERS}


def examine(files: Mapping[str, bytes], rendering: Rendering) -> Examined:
    """Hold every part of an archive against the others. What nobody expects there is named, and not looked into."""
    there = [Point(name, "it is missing", ok=False) for name in MEMBERS if name not in files]
    there += [Point(_shown(name), "it does not belong there", ok=False) for name in files if name not in MEMBERS]
    other = _other_format(files.get(MANIFEST, b""))
    if other is not None:
        return Examined((*there, other))
    try:
        rows = evidence_chain.read(files.get(EVENTS, b""))
        happened = evidence_chain.followed(rows)
        report, given = _report(files.get(VERIFICATION, b"")), _loaded(files.get(DRILL, b""))
        made = dossier(happened, rows[-1].hash, report, _previous(given), _tools(given))
    except Broken as problem:
        listed = _unlisted(files, _loaded(files.get(MANIFEST, b"")))
        return Examined((*there, Point(EVENTS, str(problem), ok=False), *listed))
    follows = f"{len(rows)} events, each following from the one before; the last hash is {rows[-1].hash}"
    return Examined((*there, Point(EVENTS, follows, ok=True), *_compared(files, made, rendering)), rows, made)


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


# --- what there should be --------------------------------------------------------------------------------------------


def _told(made: Dossier) -> dict[str, bytes]:
    report = made.verification.model_dump(mode="json") if made.verification is not None else None
    return {DRILL: _json(made.evidence.model_dump(mode="json")), VERIFICATION: _json(report)}


def _manifest(files: Mapping[str, bytes], made: Dossier) -> Manifest:
    evidence = made.evidence
    return Manifest(
        format=FORMAT,
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


def _other_format(manifest: bytes) -> Point | None:
    given = _loaded(manifest)
    found = given.get("format") if isinstance(given, dict) else None
    if not isinstance(found, int) or found == FORMAT:
        return None
    told = f"its format is {_shown(found)}, and this Lifeboat knows {FORMAT}: use the one that is named in {README}"
    return Point(MANIFEST, told, ok=False)


def _loaded(content: bytes) -> Any:
    try:
        return from_json(content)
    except ValueError:
        return _NOTHING


def _report(content: bytes) -> Report | None:
    # What is no report is compared with what should be there, and found to differ.
    try:
        return _REPORT.validate_json(content)
    except ValidationError:
        return None


def _previous(given: Any) -> Link | None:
    try:
        return Link.model_validate(given["previous"]) if isinstance(given, dict) and given.get("previous") else None
    except ValidationError:
        return None


def _tools(given: Any) -> dict[str, str]:
    try:
        return _TOOLS.validate_python(given.get("tools") if isinstance(given, dict) else {})
    except ValidationError:
        return {}


# --- one against the other -------------------------------------------------------------------------------------------


def _compared(files: Mapping[str, bytes], made: Dossier, rendering: Rendering) -> Iterator[Point]:
    try:
        expected = {**_told(made), **rendering(made)}
    except (LookupError, TypeError, ValueError, ArithmeticError):
        # Moments before the calendar, lengths without end: nothing that Lifeboat would have recorded.
        yield Point(EVENTS, "what they say cannot be told", ok=False)
        return
    for name in (VERIFICATION, DRILL, MARKDOWN, HTML, CONTROLS, README):
        if name not in files:
            continue
        apart = _of_the_copy(made, files[name]) if name == VERIFICATION else ""
        apart = apart or _apart(name, files[name], expected[name])
        yield Point(name, apart or _GOOD.get(name, "follows from the events"), ok=not apart)
    if MANIFEST in files:
        given = _loaded(files[MANIFEST])
        yield from _unlisted(files, given)
        should_be = _manifest(files, made).model_dump(mode="json")
        apart = _apart(MANIFEST, files[MANIFEST], _json(should_be), said_by="the archive")
        yield Point(MANIFEST, apart or "lists every file with its SHA-256 and size", ok=not apart)


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
        return f"it is a report on another copy, with the SHA-256 {_shown(report.sha256)}"
    rows = {one.name: one.rows for one in report.tables}
    if tested.rows and rows != tested.rows:
        apart = min(name for name in {*rows, *tested.rows} if rows.get(name) != tested.rows.get(name))
        return f"{_shown(apart)} has {rows.get(apart)} rows in it, and {tested.rows.get(apart)} by the events"
    if tested.verdict and report.verdict != tested.verdict:
        return f"its verdict is {report.verdict}, and {tested.verdict} by the events"
    return ""


def _apart(name: str, found: bytes, expected: bytes, said_by: str = "the events") -> str:
    """Where a file differs first from what it should be; nothing where it does not."""
    if found == expected:
        return ""
    if name.endswith(".json"):
        given = _loaded(found)
        if given is _NOTHING:
            return "it is no JSON"
        place = _first(given, json.loads(expected), "")
        if place is None:
            return "it is not written as Lifeboat writes it"
        where, there, should_be = place
        return f"{where or 'all of it'} is {_shown(there)}, and by {said_by} it is {_shown(should_be)}"
    lines = zip(found.split(b"\n"), expected.split(b"\n"), strict=False)
    number = next((number for number, (one, other) in enumerate(lines, 1) if one != other), None)
    where = f"line {number}" if number else "its end"
    return f"{where} is not what {said_by} say"


def _first(found: Any, expected: Any, at: str) -> tuple[str, Any, Any] | None:
    """The first place where two values differ, and both values there."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in [*expected, *(key for key in found if key not in expected)]:
            place = _first(found.get(key, _NOTHING), expected.get(key, _NOTHING), f"{at}.{key}".lstrip("."))
            if place:
                return place
        return None
    if isinstance(found, list) and isinstance(expected, list):
        for number, (there, should_be) in enumerate(zip_longest(found, expected, fillvalue=_NOTHING)):
            place = _first(there, should_be, f"{at}[{number}]")
            if place:
                return place
        return None
    return None if found == expected and type(found) is type(expected) else (at, found, expected)


def _shown(value: Any) -> str:
    text = "not there" if value is _NOTHING else json.dumps(value, ensure_ascii=False)
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
