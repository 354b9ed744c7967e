"""Knows how to read documents, quickly where all is well and line by line where not. Knows nothing of tables.

The quick way hands whole blocks to msgspec, which checks syntax and types but builds only the fields asked for. A block
is taken that way only if every newline stands between `}` and `{` and there are as many as documents: then one line is
one document, because no JSON text holds `}` and `{` side by side. Any doubt sends that block the exact way. What the
quick way cannot see in fields nobody asked for (numbers out of range, a double key, 65 to some 1000 levels of nesting)
is looked for in the first 2,000 documents of a table; if one has any of it, the whole table is read exactly.
"""

import hashlib
import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec

from bot.snapshots.ahead import ahead
from bot.snapshots.audit import Archive, Member
from bot.snapshots.findings import Findings
from bot.snapshots.inflate import PIECE_OUT, Damage
from bot.snapshots.lines import Block, Flaw, examine, read_line, survey, whole_lines

Path = tuple[str, ...]

# Enough documents at a time that numpy's cost per call is lost among them, few enough that their ids and references
# stay in the processor's cache until they are followed and let go.
BATCH = 4096
BATCH_BYTES = 8 << 20
_ATTRIBUTES = {"_id": "id", "_creationTime": "at"}
_ID, _AT = attrgetter("id"), attrgetter("at")


class Column:
    """One field of a batch: what stands at the top of the path in each document, and the values at its end."""

    def __init__(self, path: Path) -> None:
        self._path = path[1:]
        self._values: list[Any] | None = None
        self.raw: list[Any] = []
        self.all_text = False

    @property
    def values(self) -> list[Any]:
        """Every value in order, nulls and absent fields left out. Read it only when the batch is complete.

        `all_text` then says whether every one is a string.
        """
        if self._values is None:
            self._values = self._flatten()
        return self._values

    def _flatten(self) -> list[Any]:
        kinds = set() if self._path else set(map(type, self.raw))
        self.all_text = kinds == {str}
        if self.all_text:
            return self.raw
        if kinds == {list}:
            values = list(chain.from_iterable(self.raw))
            self.all_text = set(map(type, values)) == {str}
            if self.all_text:
                return values
        values = [value for raw in self.raw for value in follow(raw, self._path)]
        self.all_text = set(map(type, values)) == {str}
        return values

    def row_of(self, place: int) -> int:
        """The document (by its place in the batch) that a value belongs to."""
        if self.values is self.raw:
            return place
        passed = 0
        for row, raw in enumerate(self.raw):
            passed += sum(1 for _ in follow(raw, self._path))
            if passed > place:
                return row
        raise IndexError(place)


@dataclass(slots=True)
class Batch:
    """Some thousand documents in order: ids, creation times, and the columns asked for."""

    columns: list[Column]
    ids: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    bytes: int = 0
    _first_rows: list[int] = field(default_factory=list)
    _first_lines: list[int] = field(default_factory=list)

    def line_of(self, row: int) -> int:
        """The line (from 1) that a document stands on."""
        part = bisect_right(self._first_rows, row) - 1
        return self._first_lines[part] + row - self._first_rows[part]

    def begin(self, line: int, length: int) -> None:
        """What is added next stands on `line` and the lines after, `length` bytes long."""
        self.bytes += length
        self._first_rows.append(len(self.ids))
        self._first_lines.append(line)

    def full(self) -> bool:
        """Whether it is time to hand it on."""
        return len(self.ids) >= BATCH or self.bytes >= BATCH_BYTES


def follow(value: Any, path: Path) -> Iterator[Any]:
    """What stands at the end of a path, looking into every array on the way; nulls and absent fields give nothing."""
    if isinstance(value, list):
        for item in value:
            yield from follow(item, path)
    elif not path:
        if value is not None:
            yield value
    elif isinstance(value, dict):
        yield from follow(value.get(path[0]), path[1:])


def _attribute(name: str) -> str:
    """A document's attribute for one of its fields; any field name makes a Python name this way."""
    return _ATTRIBUTES.get(name) or f"field_{name.encode().hex()}"


@lru_cache(256)
def _decoder(fields: tuple[tuple[str, bool], ...]) -> "msgspec.json.Decoder[Any]":
    """Builds `_id`, `_creationTime` and these fields, as a string or null where that is said of it."""
    kinds: list[tuple[str, Any, Any] | tuple[str, Any]] = [("id", str), ("at", float)]
    kinds += [(_attribute(name), str | None if is_text else Any, None) for name, is_text in fields]
    names = ["_id", "_creationTime", *(name for name, _ in fields)]
    return msgspec.json.Decoder(
        msgspec.defstruct("Document", kinds, rename={_attribute(name): name for name in names}, gc=False)
    )


class Documents:
    """One reading of a table's documents. `whole` is False when damage ended it early.

    `every_line` reads all of it the exact way.
    """

    def __init__(
        self,
        archive: Archive,
        member: Member,
        table: str,
        paths: Sequence[Path],
        findings: Findings,
        *,
        every_line: bool = False,
        counted: bool = True,
    ) -> None:
        self._archive = archive
        self._member = member
        self._table = table
        self._paths = paths
        self._findings = findings
        self._every_line = every_line
        self._counted = counted
        self._scalars = {path[0] for path in paths if len(path) == 1}
        self._decoder = self._make_decoder()
        self._digest = hashlib.sha256()
        self._line = 0
        self._batch = self._new_batch()
        self.rows = 0
        self.whole = False

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the content, '' when it could not be read whole."""
        return self._digest.hexdigest() if self.whole else ""

    def batches(self) -> Iterator[Batch]:
        """Every sound document; whatever is wrong with the others becomes a finding."""
        if self._member.readable:
            try:
                for block in map(survey, self._blocks()):
                    self._take(block)
                    if self._batch.full():
                        yield self._batch
                        self._batch = self._new_batch()
                self.whole = True
            except Damage as damage:
                self._findings.add(damage.code, self._table, detail=damage.detail)
        if self._batch.ids:
            yield self._batch

    def _blocks(self) -> Iterator[bytes | None]:
        blocks = whole_lines(self._hashed())
        # What comes in one piece is not worth a thread.
        return blocks if self._member.entry.size <= PIECE_OUT else ahead(blocks)

    def _hashed(self) -> Iterator[bytes]:
        for piece in self._archive.stream(self._member, counted=self._counted):
            self._digest.update(piece)
            yield piece

    def _new_batch(self) -> Batch:
        return Batch([Column(path) for path in self._paths])

    def _make_decoder(self) -> "msgspec.json.Decoder[Any]":
        tops = dict.fromkeys(path[0] for path in self._paths)
        return _decoder(tuple((top, top in self._scalars) for top in tops if top not in _ATTRIBUTES))

    def _take(self, block: Block | None) -> None:
        if block is None:
            self._line += 1
            self._findings.add("line-too-long", self._table, line=self._line)
            return
        documents = None if self._every_line else self._quickly(block)
        if documents is None:
            self._line_by_line(block.octets)
            return
        batch = self._batch
        batch.begin(self._line + 1, len(block.octets))
        batch.ids.extend(map(_ID, documents))
        batch.times.extend(map(_AT, documents))
        for path, column in zip(self._paths, batch.columns, strict=True):
            column.raw.extend(map(attrgetter(_attribute(path[0])), documents))
        self.rows += len(documents)
        self._line += len(documents)

    def _quickly(self, block: Block) -> list[Any] | None:
        """The documents of a block, or None if anything about it is out of the ordinary."""
        if not block.documents:
            return None
        try:
            documents = self._decoder.decode_lines(block.octets)
        except msgspec.ValidationError:
            if self._scalars:
                # A field that held only ids so far holds something else too: read it as whatever it is from now on.
                self._scalars = set()
                self._decoder = self._make_decoder()
                return self._quickly(block)
            return None
        except (msgspec.DecodeError, RecursionError):
            return None
        return documents if len(documents) == block.documents else None

    def _line_by_line(self, block: bytes) -> None:
        ended = block.endswith(b"\n")
        lines = block.split(b"\n")
        if ended:
            lines.pop()
        for line in lines:
            self._line += 1
            try:
                self._read(line)
            except Flaw as flaw:
                self._findings.add(flaw.code, self._table, line=self._line, detail=flaw.detail)
        if not ended:
            self._findings.add("no-final-newline", self._table, line=self._line)

    def _read(self, line: bytes) -> None:
        if line.endswith(b"\r"):
            self._findings.add("crlf", self._table, line=self._line)
        document = read_line(line)
        self.rows += 1
        try:
            examine(document, line)
        except Flaw as flaw:
            # The document can be followed all the same.
            self._findings.add(flaw.code, self._table, line=self._line, detail=flaw.detail)
        document_id, at = document.get("_id"), document.get("_creationTime")
        if not isinstance(at, int | float) or isinstance(at, bool):
            self._findings.add(
                "creation-time-missing", self._table, line=self._line, id=str(document_id), detail=f"it is {at!r}"
            )
            at = None
        elif isinstance(at, int):
            self._findings.add("creation-time-integer", self._table, line=self._line)
        if not isinstance(document_id, str) or not document_id:
            raise Flaw("id-missing", f"it is {document_id!r}")
        batch = self._batch
        batch.begin(self._line, len(line))
        for path, column in zip(self._paths, batch.columns, strict=True):
            column.raw.append(document.get(path[0]))
        batch.ids.append(document_id)
        batch.times.append(math.nan if at is None else float(at))
