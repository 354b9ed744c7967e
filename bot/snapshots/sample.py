"""Knows how to find a table's references by decoding ids. Knows nothing of what they point at."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.domain.document_ids import decode
from bot.snapshots.audit import Archive, Member
from bot.snapshots.documents import Path
from bot.snapshots.inflate import Damage
from bot.snapshots.lines import Flaw, examine, read_line, whole_lines

DOCUMENTS_SAMPLED = 2000
BYTES_SAMPLED = 4 << 20
# A field whose strings look like ids but have a bad checksum this often holds something else.
TRIES = 20
# Objects used as maps make a path of every key; no schema has this many fields with references.
MOST_PATHS = 64


@dataclass(slots=True)
class Sample:
    """What the first documents showed: `references` maps a path to the table numbers found there.

    `number` is the table number of the first good `_id`. `odd` is set by anything the quick way of reading is blind to.
    """

    odd: bool = False
    number: int | None = None
    references: dict[Path, set[int]] = field(default_factory=dict)


def look(archive: Archive, member: Member) -> Sample:
    """Read the first 2,000 documents exactly. Findings are left to the reading of the whole table."""
    sample = Sample()
    tried: dict[tuple[Path, str], int] = {}
    for line in _first_lines(archive, member):
        try:
            document = read_line(line)
            found = examine(document, line)
        except Flaw:
            sample.odd = True
            continue
        sample.odd |= isinstance(document.get("_creationTime"), int)
        for path, text in found:
            _consider(sample, tried, path, text)
    return sample


def _consider(sample: Sample, tried: dict[tuple[Path, str], int], path: Path, text: str) -> None:
    if path == ("_id",):
        if sample.number is None and (parts := decode(text)):
            sample.number = parts.table_number
        return
    # Four characters hold the table number of all but the largest deployments: one good id speaks for its table.
    kind = (path, text[:4])
    tries = tried.get(kind, 0)
    if tries >= TRIES or (path not in sample.references and len(sample.references) >= MOST_PATHS):
        return
    parts = decode(text)
    if parts:
        sample.references.setdefault(path, set()).add(parts.table_number)
    if len(tried) < MOST_PATHS * TRIES:
        tried[kind] = TRIES if parts else tries + 1


def _first_lines(archive: Archive, member: Member) -> Iterator[bytes]:
    left, room = DOCUMENTS_SAMPLED, BYTES_SAMPLED
    if not member.readable:
        return
    try:
        for block in whole_lines(archive.stream(member, counted=False)):
            if block is None or room <= 0:
                return
            room -= len(block)
            for line in block.removesuffix(b"\n").split(b"\n")[:left]:
                left -= 1
                yield line
            if not left:
                return
    except Damage:
        return  # the reading of the whole table reports it
