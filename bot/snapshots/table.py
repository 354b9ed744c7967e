"""Knows what must hold of the documents of one table: ids, order, times. Knows nothing of lines, blocks or archives."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from operator import lt

import numpy as np

from bot.domain.snapshot import TableReport
from bot.snapshots.documents import Batch
from bot.snapshots.findings import Findings
from bot.snapshots.ids import Keys, KeySet, are_ascending, are_ids, by_length, keys_of, numbers_of
from bot.snapshots.layout import TableMembers
from bot.snapshots.references import Reference, Target

# `{"_id":"<31>"}`: no document with an id is shorter.
SHORTEST_DOCUMENT = 41
SAMPLES_A_BATCH = 20
CLOCK_SKEW = timedelta(minutes=5)


class TableCheck:
    """One table while it is read; `target` is there when other documents point at this table."""

    def __init__(self, members: TableMembers, now: datetime, findings: Findings) -> None:
        self.members = members
        self.label = members.label
        self.references: list[Reference] = []
        self.target: Target | None = None
        self.odd = False
        self.ascending = True
        self.rows = 0
        self.fingerprint = ""
        self.whole = False
        self._findings = findings
        self._last_id = ""
        self._newest, self._oldest = -math.inf, math.inf
        self._latest_allowed = (now + CLOCK_SKEW).timestamp() * 1000

    @property
    def bytes(self) -> int:
        """What its documents take in the export, inflated."""
        return self.members.documents.entry.size if self.members.documents else 0

    @property
    def newest(self) -> float | None:
        """The newest creation time in milliseconds, None without any."""
        return self._newest if math.isfinite(self._newest) else None

    def new_keys(self) -> KeySet:
        """A set with room for every id that the table can hold."""
        return KeySet(self.bytes // SHORTEST_DOCUMENT + 1)

    def take(self, batch: Batch) -> None:
        """Check a batch of documents; batches come in the order of the file."""
        ids = batch.ids
        self.ascending &= self._last_id < ids[0]
        self._last_id = ids[-1]
        self._check_ids(batch)
        self._check_times(batch)
        for reference, column in zip(self.references, batch.columns, strict=True):
            if column.values:
                reference.take(batch, column, self._findings)

    def _check_ids(self, batch: Batch) -> None:
        covered: set[int] | None = set()
        for places, rows in by_length(batch.ids):
            if self.target is not None:
                self.target.keys.add(keys_of(rows))
            if self.members.number is None:
                self._infer_number(rows)
            bad = np.flatnonzero(~are_ids(rows, self.members.number))
            if len(bad):
                malformed = ~are_ids(rows[bad], None)
                where = bad if places is None else places[bad]
                self._report("id-malformed", batch, where[malformed].tolist())
                self._report("id-of-another-table", batch, where[~malformed].tolist())
            if places is None:
                covered = None
                self.ascending &= are_ascending(rows)
            elif covered is not None:
                covered.update(places.tolist())
        if covered is not None:
            self.ascending &= all(map(lt, batch.ids, islice(batch.ids, 1, None)))
            self._report("id-malformed", batch, [place for place in range(len(batch.ids)) if place not in covered])

    def _infer_number(self, rows: "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]") -> None:
        good = np.flatnonzero(are_ids(rows, None))
        if len(good):
            self.members.number = int(numbers_of(rows[good[:1]])[0])

    def _check_times(self, batch: Batch) -> None:
        times = np.array(batch.times)
        # NaN stands for a time that was found unusable when its line was read.
        known = times[~np.isnan(times)]
        if len(known):
            self._newest = max(self._newest, float(known.max()))
            self._oldest = min(self._oldest, float(known.min()))
            if float(known.max()) > self._latest_allowed:
                self._report("creation-time-future", batch, np.flatnonzero(times > self._latest_allowed).tolist())

    def _report(self, code: str, batch: Batch, places: Sequence[int]) -> None:
        for place in places[:SAMPLES_A_BATCH]:
            self._findings.add(code, self.label, line=batch.line_of(place), id=batch.ids[place])
        if len(places) > SAMPLES_A_BATCH:
            self._findings.add(code, self.label, count=len(places) - SAMPLES_A_BATCH)

    def take_again(self, batch: Batch, repeated: Keys, seen: set[str]) -> None:
        """Report every document after the first with its id, among those whose keys are `repeated`."""
        for places, rows in by_length(batch.ids):
            for at in np.flatnonzero(np.isin(keys_of(rows), repeated)).tolist():
                place = at if places is None else int(places[at])
                if batch.ids[place] in seen:
                    self._report("id-duplicate", batch, [place])
                seen.add(batch.ids[place])

    def report(self) -> TableReport:
        """What is known of the table itself; what production says is added by the caller."""
        return TableReport(
            name=self.label,
            component=self.members.component,
            table=self.members.name,
            number=self.members.number,
            rows=self.rows,
            bytes=self.bytes,
            newest_at=_moment(self._newest),
            oldest_at=_moment(self._oldest),
            ascending=self.ascending,
            references=tuple(reference.report() for reference in self.references),
            orphans=sum(reference.orphans for reference in self.references),
            fingerprint=self.fingerprint,
        )


def _moment(milliseconds: float) -> datetime | None:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None
