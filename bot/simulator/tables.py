"""Knows one table through time: its loaded rows and every revision since. Knows nothing of HTTP or exports."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bot.simulator.rows import Rows


class Revision(NamedTuple):
    """What a document became at a moment: its line, or None when it was deleted."""

    ts: int
    created: float
    line: bytes | None


class Row(NamedTuple):
    """A document as it stands in creation order."""

    created: float
    id: str
    line: bytes


@dataclass(frozen=True)
class View:
    """A table as of one moment; safe to read from another thread."""

    rows: Rows
    changed: list[tuple[bytes, Revision]]
    """What differs from `rows`, in id order."""

    def __len__(self) -> int:
        gone = sum(self.rows.find(identifier) is not None for identifier, _ in self.changed)
        return len(self.rows) - gone + sum(revision.line is not None for _, revision in self.changed)

    def blocks(self) -> Iterator[bytes]:
        """All lines in id order, in blocks of bytes."""
        position = 0
        for identifier, revision in self.changed:
            place = self.rows.place(identifier)
            yield from self.rows.blocks(position, place)
            if revision.line is not None:
                yield revision.line + b"\n"
            position = place + (place < len(self.rows) and bool(self.rows.ids[place] == identifier))
        yield from self.rows.blocks(position, len(self.rows))

    def ordered(self, *, newest_first: bool, after: tuple[float, str] | None = None) -> Iterator[Row]:
        """Rows in order of creation, beginning behind `after`."""
        fresh = sorted(
            (
                Row(revision.created, identifier.decode(), revision.line)
                for identifier, revision in self.changed
                if revision.line
            ),
            reverse=newest_first,
        )
        for row in heapq.merge(self._loaded(newest_first, after), fresh, reverse=newest_first):
            if after is None or (row[:2] < after if newest_first else row[:2] > after):
                yield row

    def _loaded(self, newest_first: bool, after: tuple[float, str] | None) -> Iterator[Row]:
        rows, order = self.rows, self.rows.by_time
        changed = {identifier for identifier, _ in self.changed}
        first = 0
        if after:
            at = int(np.searchsorted(rows.sorted_times, after[0], "right" if newest_first else "left"))
            first = len(order) - at if newest_first else at
        for index in range(first, len(order)):
            place = int(order[-1 - index] if newest_first else order[index])
            identifier = bytes(rows.ids[place])
            if identifier not in changed:
                yield Row(float(rows.times[place]), identifier.decode(), rows.line(place))


class Table:
    """A table's physical life: an import that replaces it makes a new one under the same name."""

    def __init__(self, number: int, rows: Rows) -> None:
        self.number = number
        self.rows = rows
        self.count = len(rows)
        self.revisions: dict[str, list[Revision]] = {}

    def get(self, identifier: str) -> bytes | None:
        """The document's line as of now."""
        if revisions := self.revisions.get(identifier):
            return revisions[-1].line
        place = self.rows.find(identifier.encode())
        return None if place is None else self.rows.line(place)

    def write(self, identifier: str, revision: Revision) -> None:
        """Append a revision; the caller gives ascending timestamps."""
        self.count += (revision.line is not None) - (self.get(identifier) is not None)
        self.revisions.setdefault(identifier, []).append(revision)

    def restore(self, instant: int, ts: int) -> int:
        """Make every document what it was at `instant`, as of `ts`; gives how many that changed."""
        changed = 0
        for identifier, history in self.revisions.items():
            if history[-1].ts <= instant:
                continue
            then = self._at(identifier, instant)
            if then.line != history[-1].line:
                self.write(identifier, then._replace(ts=ts))
                changed += 1
        return changed

    def _at(self, identifier: str, instant: int) -> Revision:
        known = [revision for revision in self.revisions.get(identifier, ()) if revision.ts <= instant]
        if known:
            return known[-1]
        place = self.rows.find(identifier.encode())
        if place is None:
            return Revision(0, 0.0, None)
        return Revision(0, float(self.rows.times[place]), self.rows.line(place))

    def forget(self, horizon: int) -> None:
        """Drop the revisions that no moment from `horizon` on needs."""
        for history in self.revisions.values():
            needed = sum(revision.ts <= horizon for revision in history) - 1
            if needed > 0:
                del history[:needed]

    def view(self, ts: int | None = None) -> View:
        """The table as of `ts` (nanoseconds), or as of now."""
        changed = []
        for identifier in sorted(self.revisions):
            history = self.revisions[identifier]
            known = history[-1:] if ts is None else [revision for revision in history if revision.ts <= ts][-1:]
            if known:
                changed.append((identifier.encode(), known[0]))
        return View(self.rows, changed)
