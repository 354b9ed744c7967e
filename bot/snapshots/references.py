"""Knows how to follow one field's ids to the documents they name. Knows nothing of how documents are read."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bot.domain.snapshot import ReferenceReport, Severity
from bot.snapshots.documents import Batch, Column, Path
from bot.snapshots.findings import Findings
from bot.snapshots.ids import KeySet, Mask, Octets, are_ids, by_length, keys_of, numbers_of

SAMPLES_A_BATCH = 20
# The shortest reference in a file: 31 characters in quotes.
SHORTEST_REFERENCE = 33
_PREFIX = 3


@dataclass(slots=True)
class Target:
    """A table that is pointed at: its keys fill while it is read, and are sealed after."""

    name: str
    number: int
    keys: KeySet
    whole: bool = True


class Reference:
    """One field of one table, and the tables it points at.

    Where a target is read only later (tables that point at each other, or at themselves) the ids wait as keys; if one
    of them then turns out to be missing, `doubtful` asks for the field to be read once more.
    """

    def __init__(
        self, table: str, path: Path, targets: Sequence[Target], *, configured: bool, known: Collection[int], room: int
    ) -> None:
        self.path = path
        self.targets = targets
        self.configured = configured
        self._table = table
        self._field = ".".join(path)
        self._known = known
        self._room = room
        self._waiting: KeySet | None = None
        self._odd = False
        self.checked = 0
        self.orphans = 0

    def take(self, batch: Batch, column: Column, findings: Findings) -> None:
        """Follow the ids of a batch, or let them wait for their targets."""
        self.checked += len(column.values)
        if not all(target.keys.sealed for target in self.targets):
            self._wait(column)
            return
        if not all(target.whole for target in self.targets):
            findings.add("reference-unchecked", self._table, self._field, count=len(column.values))
            return
        self.resolve(batch, column, findings)

    def _wait(self, column: Column) -> None:
        if self._waiting is None:
            self._waiting = KeySet(self._room // SHORTEST_REFERENCE + 1)
        covered = 0
        for _, rows in by_length(_strings(column)):
            covered += len(rows)
            self._waiting.add(keys_of(rows))
        self._odd |= covered < len(column.values)

    def doubtful(self, findings: Findings) -> bool:
        """After every table was read: whether ids that waited are missing, so that the field must be read again."""
        if self._waiting is None:
            return False
        waiting, self._waiting = self._waiting, None
        if not all(target.whole for target in self.targets):
            findings.add("reference-unchecked", self._table, self._field, count=self.checked)
            return False
        waiting.seal()
        keys = waiting.keys
        pieces = (keys[start : start + 65536] for start in range(0, len(keys), 65536))
        return (self._odd and self.configured) or any(self._absent(piece).any() for piece in pieces)

    def resolve(self, batch: Batch, column: Column, findings: Findings) -> None:
        """Follow the ids of a batch; every target is sealed and whole."""
        strings = _strings(column)
        covered: list[int] = []
        for places, rows in by_length(strings):
            absent = np.flatnonzero(self._absent(keys_of(rows)))
            if len(absent):
                self._sort_out(batch, column, rows[absent], absent if places is None else places[absent], findings)
            covered.extend(range(len(rows)) if places is None else places.tolist())
        if self.configured and len(covered) < len(strings):
            rest = sorted(set(range(len(strings))).difference(covered))
            self._report("reference-malformed", batch, column, rest, findings)

    def _absent(self, keys: "np.ndarray[Any, np.dtype[np.uint64]]") -> Mask:
        absent = np.ones(len(keys), np.bool_)
        for target in self.targets:
            places = np.flatnonzero(absent)
            absent[places] = target.keys.lacks(keys[places])
        return absent

    def _sort_out(
        self, batch: Batch, column: Column, rows: Octets, places: "np.ndarray[Any, Any]", findings: Findings
    ) -> None:
        """Say of each id without a document whether it is malformed, points elsewhere, or at what is gone."""
        good = are_ids(rows, None)
        numbers = numbers_of(rows)
        ours = good & np.isin(numbers, [target.number for target in self.targets])
        if self.configured:
            elsewhere = good & ~ours
            gone, malformed = ours, ~good
        else:
            elsewhere = good & ~ours & np.isin(numbers, list(self._known))
            gone = good & ~elsewhere
            # Only what starts as ids of a target do was meant as one; anything else is some other text.
            malformed = ~good & np.isin(numbers, [target.number for target in self.targets])
            self.checked -= int((~good & ~malformed).sum())
        self.orphans += int(gone.sum())
        self._report("orphans", batch, column, places[gone].tolist(), findings)
        self._report("reference-malformed", batch, column, places[malformed].tolist(), findings)
        code = "reference-wrong-table" if self.configured else "reference-elsewhere"
        self._report(code, batch, column, places[elsewhere].tolist(), findings)

    def _report(self, code: str, batch: Batch, column: Column, places: list[int], findings: Findings) -> None:
        severity = Severity.ERROR if self.configured else None
        add: Callable[..., None] = findings.add
        for place in places[:SAMPLES_A_BATCH]:
            row = column.row_of(place)
            add(
                code,
                self._table,
                self._field,
                line=batch.line_of(row),
                id=batch.ids[row],
                detail=f"{self._field} = {column.values[place]}",
                severity=severity,
            )
        if len(places) > SAMPLES_A_BATCH:
            add(code, self._table, self._field, count=len(places) - SAMPLES_A_BATCH, severity=severity)

    def report(self) -> ReferenceReport:
        """What was found when following the field."""
        return ReferenceReport(
            field=self._field,
            targets=tuple(target.name for target in self.targets),
            configured=self.configured,
            checked=self.checked,
            orphans=self.orphans,
        )


def _strings(column: Column) -> list[str]:
    """The values, with an empty string where there is something else: places stay as they are."""
    values = column.values
    if column.all_text:
        return values
    return [value if isinstance(value, str) else "" for value in values]
