"""Knows a table's rows as they were loaded, packed and never changed. Knows nothing of later writes.

Lines stand in id order in one buffer (a mapped file for a large data set), so that a table of millions of rows costs no
Python objects and an export copies it in blocks.
"""

import mmap
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.simulator.ids import Ids

BLOCK = 256 * 1024


class Rows:
    """Immutable rows: `lines[starts[i]:starts[i + 1]]` is row i with its newline."""

    def __init__(
        self, lines: bytes | mmap.mmap, starts: NDArray[np.int64], ids: Ids, times: NDArray[np.float64]
    ) -> None:
        self.lines, self.starts, self.ids, self.times = lines, starts, ids, times

    @classmethod
    def of(cls, rows: Iterable[tuple[str, float, bytes]]) -> "Rows":
        """Pack (id, creation time, line) triples, given in any order."""
        ordered = sorted(rows)
        starts = np.zeros(len(ordered) + 1, np.int64)
        np.cumsum([len(line) + 1 for _, _, line in ordered], out=starts[1:])
        return cls(
            b"".join(line + b"\n" for _, _, line in ordered),
            starts,
            np.array([identifier.encode() for identifier, _, _ in ordered] or [], "S37" if not ordered else None),
            np.array([time for _, time, _ in ordered], np.float64),
        )

    @classmethod
    def load(cls, folder: Path, name: str) -> "Rows":
        """Map what `save` wrote."""
        with (folder / f"{name}.jsonl").open("rb") as file:
            size = file.seek(0, 2)
            lines: bytes | mmap.mmap = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
        return cls(
            lines, *(np.load(folder / f"{name}.{part}.npy", mmap_mode="r") for part in ("starts", "ids", "times"))
        )

    def save_index(self, folder: Path, name: str) -> None:
        """Write what `load` needs beside the lines themselves."""
        for part in ("starts", "ids", "times"):
            np.save(folder / f"{name}.{part}.npy", getattr(self, part))

    def __len__(self) -> int:
        return len(self.ids)

    def place(self, identifier: bytes) -> int:
        """Where a row stands, or would stand, in id order."""
        return int(np.searchsorted(self.ids, np.bytes_(identifier)))

    def find(self, identifier: bytes) -> int | None:
        place = self.place(identifier)
        return place if place < len(self) and self.ids[place] == identifier else None

    def line(self, place: int) -> bytes:
        """Row `place` without its newline."""
        return self.lines[self.starts[place] : self.starts[place + 1] - 1]

    def blocks(self, first: int, last: int) -> Iterator[bytes]:
        """The lines of rows `first` to `last` (exclusive) in blocks of bytes."""
        position, end = int(self.starts[first]), int(self.starts[last])
        while position < end:
            yield self.lines[position : min(end, position + BLOCK)]
            position += BLOCK

    @cached_property
    def by_time(self) -> NDArray[np.int64]:
        """Places in order of creation time, then id."""
        return np.argsort(self.times, kind="stable")

    @cached_property
    def sorted_times(self) -> NDArray[np.float64]:
        return self.times[self.by_time]

    def before(self, time: float) -> "Rows":
        """The rows created before a moment (milliseconds since the epoch)."""
        keep = np.flatnonzero(self.times < time)
        starts = np.zeros(len(keep) + 1, np.int64)
        np.cumsum(np.diff(self.starts)[keep], out=starts[1:])
        lines, bounds = self.lines, self.starts
        gaps = np.flatnonzero(np.diff(keep) != 1) + 1
        runs = zip(np.append(0, gaps).tolist(), np.append(gaps, len(keep)).tolist(), strict=True) if len(keep) else ()
        packed = b"".join(lines[bounds[keep[a]] : bounds[keep[b - 1] + 1]] for a, b in runs)
        return Rows(packed, starts, self.ids[keep], self.times[keep])
