"""Archives of evidence for tests: whole ones, and what somebody who tampers with one would do to hide it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.domain import evidence_chain
from bot.domain.drill_events import Link
from bot.domain.evidence_archive import EVENTS, MANIFEST, WORDING, Examined, examine, members
from bot.domain.evidence_chain import GENESIS, Row
from bot.domain.evidence_made import dossier
from bot.domain.incident_events import Event
from bot.views.evidence import rendered
from tests.views.drill_stages import Course, verification

Files = dict[str, bytes]
MADE_WITH = {"lifeboat": "1.0", "python": "3.11"}


def chained(texts: Iterable[str]) -> list[Row]:
    """Events as texts, each following from the one before."""
    rows: list[Row] = []
    for text in texts:
        prev = rows[-1].hash if rows else GENESIS
        rows.append(Row(len(rows) + 1, prev, evidence_chain.digest(prev, text), text))
    return rows


def rows_of(events: Sequence[Event]) -> list[Row]:
    return chained(one.model_dump_json() for one in events)


def link(events: Sequence[Event]) -> Link:
    """Where a record ends, as the next one follows it."""
    return Link(id=events[-1].incident, seq=len(events), hash=rows_of(events)[-1].hash)


def archive(course: Course) -> Files:
    """The evidence of a drill."""
    rows = rows_of(course.events)
    report = verification(course) if course.drill.tested else None
    made = dossier(course.events, [one.hash for one in rows], report, MADE_WITH)
    return members(rows, made, rendered)


def checked(files: Mapping[str, bytes], wording: int = WORDING) -> Examined:
    """Hold an archive against itself, also as a later Lifeboat would, that words its reports otherwise."""
    return examine(files, rendered, wording)


def problem(files: Mapping[str, bytes], wording: int = WORDING) -> str:
    """The first thing that does not match."""
    found = checked(files, wording).problems
    assert found, "it was not found"
    return found[0]


def mended(files: Files) -> Files:
    """The same with a manifest that lists the files as they are now: who tampers does that too."""
    manifest = loaded(files, MANIFEST)
    manifest["files"] = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in files.items()
        if name != MANIFEST
    }
    return {**files, MANIFEST: dumped(manifest)}


def rewritten(files: Files, rows: Sequence[Row]) -> Files:
    """The same with other events, and everything that follows from the first ones left as it is."""
    return mended({**files, EVENTS: evidence_chain.written(rows)})


def changed(files: Files, name: str, old: str, new: str) -> Files:
    """The same with a text replaced in one file."""
    content = files[name].decode()
    assert old in content, f"{old!r} is not in {name}"
    return {**files, name: content.replace(old, new, 1).encode()}


def loaded(files: Mapping[str, bytes], name: str) -> Any:
    return json.loads(files[name])


def dumped(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode()


def zipped(files: Iterable[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Any files as any ZIP, also several of one name."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as opened:
        for name, content in files:
            opened.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return written.getvalue()
