"""Knows the life of a snapshot export: requested, in progress, completed, canceled. Knows nothing of its bytes."""

import asyncio
import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from bot.simulator.access import ApiError
from bot.simulator.archive import write_archive
from bot.simulator.deployment import DAY_NS, SYSTEM_NUMBERS, Deployment, Snapshot
from bot.simulator.values import Document

KEPT_NS = 14 * DAY_NS
LONGEST_NS = 60 * DAY_NS

Requestor = Literal["snapshotExport", "cloudBackup"]


class Aborted(Exception):
    """The archive's writer was told to stop."""


@dataclass
class Export:
    """One export. Times are nanoseconds; `start_ts` becomes the snapshot's own moment on completion."""

    id: str
    created_ms: float
    requestor: Requestor
    include_storage: bool
    expires_ts: int
    path: Path
    state: str = "requested"
    message: str | None = None
    start_ts: int | None = None
    complete_ts: int | None = None
    canceled_ts: int | None = None
    size: int | None = None
    abort: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        return self.state in ("requested", "in_progress")

    def document(self) -> Document:
        """As the system queries show it."""
        known: Document = {
            "_id": self.id,
            "_creationTime": self.created_ms,
            "state": self.state,
            "format": {"format": "zip", "include_storage": self.include_storage},
            "component": None,
            "requestor": self.requestor,
            "expiration_ts": self.expires_ts,
        }
        if self.state == "in_progress":
            known |= {"start_ts": self.start_ts, "progress_message": self.message, "resumption_token": None}
        if self.state == "completed":
            known |= {
                "start_ts": self.start_ts,
                "complete_ts": self.complete_ts,
                "zip_object_key": self.path.stem,
                "size": self.size,
            }
        if self.state == "canceled":
            known |= {"start_ts": self.start_ts or self.canceled_ts, "canceled_ts": self.canceled_ts}
        return known


class Exports:
    """A deployment's exports; one at a time, cloud backups included."""

    def __init__(self, deployment: Deployment, folder: Path, seconds: float) -> None:
        self.seconds = seconds
        """How long an export is made to take, so that people can watch it."""
        self.endless = False
        """See `hold`."""
        self.all: list[Export] = []
        self._deployment, self.folder = deployment, folder
        self._tasks: set[asyncio.Task[None]] = set()

    def request(self, *, include_storage: bool, requestor: Requestor = "snapshotExport") -> Export:
        """Queue an export. Raises ApiError while another runs."""
        if any(export.running for export in self.all):
            raise ApiError(400, "ExportInProgress", "There is already an export requested or in progress.")
        export = self._new(requestor, include_storage, self._deployment.now_ms())
        self._deployment.audit.add("request_export", self._audited(export))
        task = asyncio.create_task(self._run(export))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return export

    def add_cloud_backup(self, snapshot: Snapshot) -> Export:
        """Note a cloud backup that was completed at the snapshot's moment; blocks while its archive is written."""
        export = self._new("cloudBackup", True, snapshot.ts / 1_000_000)
        export.size = write_archive(export.path, snapshot, include_storage=True)
        export.state, export.start_ts, export.complete_ts = "completed", snapshot.ts, snapshot.ts + 20_000_000_000
        return export

    @staticmethod
    def _audited(export: Export) -> Document:
        own: Document = {"component_id": None, "component": None}
        return {**own, "id": export.id, "format": "zip", "requestor": export.requestor}

    def _new(self, requestor: Requestor, include_storage: bool, created_ms: float) -> Export:
        export = Export(
            self._deployment.mint_id(SYSTEM_NUMBERS["_exports"]),
            created_ms,
            requestor,
            include_storage,
            int(created_ms * 1_000_000) + (KEPT_NS if requestor == "snapshotExport" else DAY_NS * 7),
            self.folder / f"{uuid.uuid4()}.zip",
        )
        self.all.append(export)
        self._deployment.announce()
        return export

    def latest(self, requestor: Requestor) -> Document | None:
        """The newest one that a key, or the cloud, asked for."""
        mine = (export for export in reversed(self.all) if export.requestor == requestor)
        return next((export.document() for export in mine), None)

    def downloadable(self, reference: str) -> Export:
        """A completed export by its id or its `start_ts`. Raises ApiError as the server does."""
        export = self._find(reference)
        if export.state != "completed":
            raise ApiError(400, "ExportNotComplete", f"The requested export {reference} has not completed")
        if export.expires_ts <= self._deployment.clock():
            raise ApiError(404, "ExportNotFound", f"The requested export {reference} was not found")
        return export

    def cancel(self, reference: str) -> None:
        export = self._find(reference)
        if not export.running:
            raise ApiError(400, "CannotCancelExport", f"The export is already {export.state}")
        export.abort.set()
        export.state, export.canceled_ts = "canceled", self._deployment.next_ts()
        self._deployment.audit.add("cancel_export", {"id": export.id})
        self._deployment.announce()

    def set_expiration(self, reference: str, expires_ts: int) -> None:
        export, now = self.downloadable(reference), self._deployment.clock()
        if expires_ts <= now:
            raise ApiError(400, "SnapshotExpirationInPast", "Snapshot expiration must be in the future")
        if expires_ts > now + LONGEST_NS:
            raise ApiError(400, "SnapshotExpirationTooLarge", "Snapshot expiration must be at most 60 days away")
        export.expires_ts = expires_ts
        metadata = {"id": export.id, "expiration_ts_ms": expires_ts // 1_000_000}
        self._deployment.audit.add("set_export_expiration", metadata)
        self._deployment.announce()

    def hold(self, *, endless: bool) -> None:
        """Keep exports from ever completing, or let them go on."""
        self.endless = endless
        self._deployment.announce()

    async def close(self) -> None:
        """Stop what runs."""
        for export in self.all:
            export.abort.set()
        self._deployment.announce()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _find(self, reference: str) -> Export:
        if not reference.isalnum():
            raise ApiError(400, "BadSnapshotId", f"Invalid snapshot id {reference}")
        for export in self.all:
            if reference in (export.id, str(export.start_ts)):
                return export
        raise ApiError(404, "ExportNotFound", f"The requested export {reference} was not found")

    async def _run(self, export: Export) -> None:
        await asyncio.sleep(min(0.02, self.seconds))
        if export.state != "requested":
            return
        export.state, export.start_ts, export.message = "in_progress", self._deployment.next_ts(), "Beginning backup"
        self._deployment.announce()
        while self.endless and not export.abort.is_set():
            await self._deployment.change.wait()
        if export.abort.is_set():
            return
        snapshot = self._deployment.snapshot()
        try:
            export.size = await asyncio.to_thread(self._write, export, snapshot, asyncio.get_running_loop())
        except Aborted:
            export.path.unlink(missing_ok=True)
            return
        if export.state == "in_progress":
            export.state, export.start_ts, export.complete_ts = "completed", snapshot.ts, self._deployment.next_ts()
            self._deployment.announce()

    def _write(self, export: Export, snapshot: Snapshot, loop: asyncio.AbstractEventLoop) -> int:
        total = sum(int(view.rows.starts[-1]) for view in snapshot.views.values()) or 1
        begun, done = time.monotonic(), 0

        def progress(message: str, size: int) -> None:
            nonlocal done
            done += size
            if message != export.message:
                export.message = message
                loop.call_soon_threadsafe(self._deployment.announce)
            wait = begun + self.seconds * done / total - time.monotonic()
            if export.abort.wait(max(0.0, wait)):
                raise Aborted

        return write_archive(export.path, snapshot, include_storage=export.include_storage, progress=progress)
