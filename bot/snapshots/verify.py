"""Knows the order in which an export is checked. Knows nothing of processes, plans or how a report is shown."""

import hashlib
import os
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from bot.domain.snapshot import Expectations, Progress, Report, StoredFiles, TableReport, verdict_of, worst_of
from bot.snapshots.archive import NotAnArchive
from bot.snapshots.audit import Archive, open_archive, open_file
from bot.snapshots.expected import compare
from bot.snapshots.findings import Findings
from bot.snapshots.inflate import Damage
from bot.snapshots.layout import arrange
from bot.snapshots.stored import check_stored_files
from bot.snapshots.tables import Tables

PROGRESS_EVERY = 0.25
OnProgress = Callable[[Progress], None]
_FILE_TIMESTAMP = re.compile(r"_(\d{19})(?:\D.*)?\.zip$")


class Check:
    """One check of one file."""

    def __init__(self, path: str, expectations: Expectations, on_progress: OnProgress) -> None:
        self._path = path
        self._expectations = expectations
        self._on_progress = on_progress
        self._started_at = datetime.now(UTC)
        self._findings = Findings()
        self._tables: Tables | None = None
        self._archive: Archive | None = None
        self._storage = StoredFiles(included=False)
        self._bytes_done = 0
        self._next_progress = 0.0
        self._size = 0
        self._sha256 = ""

    def run(self) -> Report:
        """Look at everything; whatever is wrong with the file is in the report."""
        try:
            descriptor, self._size = open_file(self._path)
        except FileNotFoundError:
            self._findings.add("file-missing", detail=Path(self._path).name)
            return self._report(readable=False)
        except OSError as error:
            self._findings.add("file-unreadable", detail=str(error.strerror))
            return self._report(readable=False)
        try:
            return self._report(readable=self._look_into(descriptor))
        except NotAnArchive as problem:
            self._findings.add(problem.code, detail=problem.detail)
            return self._report(readable=False)
        except OSError as error:
            self._findings.add("file-unreadable", detail=str(error.strerror))
            return self._report(readable=False)
        finally:
            os.close(descriptor)

    def _look_into(self, descriptor: int) -> bool:
        with ThreadPoolExecutor(1) as pool:
            # Hashing lets go of the interpreter, so it costs no time of its own.
            digest = pool.submit(_digest, descriptor)
            try:
                return self._look_at_members(descriptor)
            finally:
                self._sha256 = digest.result()
                if self._expectations.sha256 not in (None, self._sha256):
                    self._findings.add("file-changed", detail=f"{self._sha256}, not {self._expectations.sha256}")

    def _look_at_members(self, descriptor: int) -> bool:
        archive = self._archive = open_archive(descriptor, self._size, self._findings, self._count)
        if archive.bytes > self._expectations.byte_budget:
            detail = f"{archive.bytes} bytes inflated, {self._expectations.byte_budget} are allowed"
            raise NotAnArchive("over-budget", detail)
        layout = arrange(archive, self._findings)
        if not layout.tables and not layout.lists:
            raise NotAnArchive("not-an-export", f"{len(archive.members)} members, none of them documents")
        for member in layout.others:
            if member.readable:
                try:
                    for _ in archive.stream(member):
                        pass
                except Damage as damage:
                    self._findings.add(damage.code, detail=damage.detail)
        self._tables = Tables(archive, layout, self._expectations, self._started_at, self._findings)
        self._tables.check()
        self._storage = check_stored_files(archive, layout, self._findings)
        return True

    def _count(self, length: int) -> None:
        self._bytes_done += length
        if time.monotonic() < self._next_progress:
            return
        self._next_progress = time.monotonic() + PROGRESS_EVERY
        tables, archive = self._tables, self._archive
        self._on_progress(
            Progress(
                table=tables.current if tables else "",
                bytes_done=self._bytes_done,
                bytes_total=archive.bytes if archive else 0,
            )
        )

    def _report(self, *, readable: bool) -> Report:
        tables: tuple[TableReport, ...] = self._tables.reports() if self._tables else ()
        snapshot_ns = self._expectations.snapshot_ns or _timestamp_in(self._path)
        snapshot_at = None if snapshot_ns is None else datetime.fromtimestamp(snapshot_ns / 1e9, UTC)
        if readable:
            tables = compare(tables, self._expectations, snapshot_at, self._findings)
        findings = self._findings.all()
        worst = {finding.table: finding.severity for finding in reversed(findings)}
        tables = tuple(table.model_copy(update={"worst": worst.get(table.name)}) for table in tables)
        finished_at = datetime.now(UTC)
        return Report(
            file=Path(self._path).name,
            size=self._size,
            sha256=self._sha256,
            snapshot_at=snapshot_at,
            snapshot_ns=snapshot_ns,
            started_at=self._started_at,
            finished_at=finished_at,
            duration=finished_at - self._started_at,
            peak_memory=_peak_memory(),
            verdict=verdict_of(findings, readable=readable),
            worst=worst_of(findings),
            rows=sum(table.rows for table in tables),
            bytes=self._archive.bytes if self._archive else 0,
            tables=tables,
            storage=self._storage,
            findings=findings,
        )


def _digest(descriptor: int) -> str:
    digest = hashlib.sha256()
    position = 0
    while piece := os.pread(descriptor, 1 << 18, position):
        digest.update(piece)
        position += len(piece)
    return digest.hexdigest()


def _timestamp_in(path: str) -> int | None:
    """The snapshot's time in nanoseconds from the name that Convex gives: `snapshot_<deployment>_<ns>.zip`."""
    found = _FILE_TIMESTAMP.search(Path(path).name)
    return int(found[1]) if found else None


def _peak_memory() -> int | None:
    """The most memory this process held so far, in bytes; None where the system does not say."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) * 1024 if found else None
