"""Knows the life of a snapshot import: uploaded, waiting for a yes, in progress, over. Knows no file format."""

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast, get_args

from bot.domain import document_ids
from bot.simulator import import_plan
from bot.simulator.access import ApiError
from bot.simulator.deployment import SYSTEM_NUMBERS, Deployment
from bot.simulator.import_files import ImportFailed, Parsed, parse
from bot.simulator.import_plan import Change, Mode
from bot.simulator.values import Document

FORMATS = {"csv": "csv", "jsonLines": "jsonl", "jsonArray": "json_array", "zip": "zip"}
STORED_MODES = {"requireEmpty": "RequireEmpty", "append": "Append", "replace": "Replace", "replaceAll": "ReplaceAll"}


@dataclass
class Import:
    """One import job."""

    id: str
    created_ms: float
    path: Path
    form: str
    mode: Mode
    table: str | None
    state: Document = field(default_factory=lambda: {"state": "uploaded"})
    parsed: Parsed = field(default_factory=Parsed)
    changes: list[Change] = field(default_factory=list)
    done: bool = False
    """The rows are written."""

    def document(self) -> Document:
        """As the system queries show it."""
        form: Document = {"format": FORMATS[self.form]}
        if self.table:
            form["table"] = self.table
        return {
            "_id": self.id,
            "_creationTime": self.created_ms,
            "format": form,
            "mode": STORED_MODES[self.mode],
            "member_id": None,
            "requestor": {"type": "snapshotImport"},
            "component_path": "",
            "checkpoints": [change.checkpoint(change.written if self.done else 0) for change in self.changes],
            "state": self.state,
        }


class Imports:
    """A deployment's uploads and imports. One worker; jobs queue."""

    def __init__(self, deployment: Deployment, folder: Path) -> None:
        self.seconds = 0.0
        """How long an import is made to take once it is confirmed."""
        self.all: list[Import] = []
        self._deployment, self._folder = deployment, folder
        self._uploads: dict[str, dict[str, Path]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker = asyncio.Lock()

    def start_upload(self) -> str:
        token = uuid.uuid4().hex
        self._uploads[token] = {}
        return token

    def add_part(self, token: str, body: bytes) -> str:
        """Keep one part; gives its token."""
        part = uuid.uuid4().hex
        path = self._folder / f"{part}.part"
        path.write_bytes(body)
        self._upload(token)[part] = path
        return part

    def finish_upload(self, token: str, parts: list[str], form: str, mode: str, table: str | None) -> Import:
        """Join the parts in the order given and begin to read them."""
        upload = self._upload(token)
        if not set(parts) <= set(upload):
            raise ApiError(400, "InvalidImport", "unknown part token")
        path = self._folder / f"{uuid.uuid4()}.upload"
        with path.open("wb") as file:
            for part in parts:
                file.write(upload[part].read_bytes())
                upload[part].unlink()
        del self._uploads[token]
        return self.add(path, form, mode, table)

    def add(self, path: Path, form: str, mode: str, table: str | None) -> Import:
        """Begin an import from a file. Raises ApiError for a request that makes no sense."""
        if form not in FORMATS or mode not in get_args(Mode):
            raise ApiError(400, "InvalidImport", f"invalid format or mode: {form}, {mode}")
        if (form == "zip") == bool(table):
            raise ApiError(400, "ImportInvalidName", "a table name is needed, except for a zip, which names its own")
        if table and not table.replace("_", "a").isalnum():
            raise ApiError(400, "InvalidName", f"{table} is not a table's name")
        identifier = self._deployment.mint_id(SYSTEM_NUMBERS["_snapshot_imports"])
        job = Import(identifier, self._deployment.now_ms(), path, form, cast(Mode, mode), table)
        self.all.append(job)
        self._spawn(self._read(job))
        return job

    def find(self, identifier: str) -> Import | None:
        """The job, None when there is no such one. Raises ApiError for what is no id at all."""
        if document_ids.decode(identifier) is None:
            raise ApiError(400, "InvalidImport", f"invalid import id {identifier}")
        return next((job for job in self.all if job.id == identifier), None)

    def perform(self, identifier: str) -> None:
        """Say yes to a waiting import; nothing happens in any other state."""
        job = self._known(identifier)
        if job.state["state"] == "waiting_for_confirmation":
            self._set(job, {"state": "in_progress", "progress_message": "Importing", "checkpoint_messages": []})
            self._spawn(self._write(job))

    def cancel(self, identifier: str) -> None:
        job = self._known(identifier)
        if job.state["state"] in ("completed", "failed"):
            raise ApiError(400, "CannotCancelImport", "Cannot cancel an import that has already finished")
        self._set(job, {"state": "failed", "error_message": "Import canceled"})

    async def settled(self, job: Import, states: tuple[str, ...]) -> Document:
        """Wait until the job is in one of these states; gives that state."""
        while job.state["state"] not in states:
            await self._deployment.change.wait()
        return job.state

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _upload(self, token: str) -> dict[str, Path]:
        if token not in self._uploads:
            raise ApiError(400, "InvalidImport", "unknown upload token")
        return self._uploads[token]

    def _known(self, identifier: str) -> Import:
        job = self.find(identifier)
        if job is None:
            raise ApiError(404, "ImportNotFound", f"The import {identifier} was not found")
        return job

    def _set(self, job: Import, state: Document) -> None:
        job.state = state
        self._deployment.announce()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, job: Import) -> None:
        async with self._worker:
            try:
                job.parsed = await asyncio.to_thread(parse, job.path, job.form, job.table)
                changes = await asyncio.to_thread(import_plan.plan, self._deployment, job.parsed, job.mode)
            except ImportFailed as problem:
                self._fail(job, problem)
                return
            finally:
                job.path.unlink(missing_ok=True)
        if job.state["state"] == "uploaded":
            job.changes = changes
            waiting = {
                "state": "waiting_for_confirmation",
                "message_to_confirm": import_plan.message(changes),
                "require_manual_confirmation": any(change.deleted for change in changes),
            }
            self._set(job, waiting)

    async def _write(self, job: Import) -> None:
        async with self._worker:
            told: list[str] = []
            for change in job.changes:
                await asyncio.sleep(self.seconds / len(job.changes))
                if job.state["state"] != "in_progress":
                    return
                told.append(f'Imported "{change.table}" ({change.written:,} documents)')
                state = {"state": "in_progress", "progress_message": "Importing", "checkpoint_messages": list(told)}
                self._set(job, state)
            try:
                await asyncio.to_thread(import_plan.plan, self._deployment, job.parsed, job.mode)
                prepared = await asyncio.to_thread(import_plan.prepare, self._deployment, job.parsed, job.mode)
            except ImportFailed as problem:
                self._fail(job, problem)
                return
            if job.state["state"] != "in_progress":
                return
            written = import_plan.activate(self._deployment, job.parsed, prepared, job.mode)
            self._deployment.audit.add("snapshot_import", _audited(job))
            job.done, job.parsed = True, Parsed()
            self._set(job, {"state": "completed", "timestamp": self._deployment.ts, "num_rows_written": written})

    def _fail(self, job: Import, problem: ImportFailed) -> None:
        if job.state["state"] != "failed":
            self._set(job, {"state": "failed", "error_message": f"Hit an error while importing:\n{problem}"})


def _audited(job: Import) -> Document:
    """What the audit log says of an import: which tables it wrote, and which it emptied."""
    written = [change.table for change in job.changes if change.written]
    emptied = [change.table for change in job.changes if change.deleted and not change.written]
    return {
        "table_names": [{"component": None, "table_names": written}],
        "table_count": len(written),
        "import_mode": STORED_MODES[job.mode],
        "import_format": {"format": FORMATS[job.form]},
        "requestor": {"type": "snapshotImport"},
        "table_names_deleted": [{"component": None, "table_names": emptied}],
        "table_count_deleted": len(emptied),
    }
