"""Knows what Lifeboat needs from a Convex deployment, and from its vendor's status page. Knows no HTTP."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from bot.domain.backups import CloudBackup, ServiceStatus
from bot.domain.errors import Refused
from bot.domain.history import ConfigChange as ConfigChange
from bot.domain.history import FunctionRun as FunctionRun
from bot.domain.imports import ImportMode, ImportState


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a deployment says it is. `kind` is "cloud" or "selfHosted"; the rest is empty where it does not say."""

    name: str
    kind: str
    url: str
    type: str = ""
    project_id: str = ""
    project_name: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class KeyScope:
    """What a key may do: the operations' names as Convex gives them (empty: all)."""

    operations: frozenset[str]
    read_only: bool

    def may(self, operation: str) -> bool:
        """Whether the key allows an operation, such as `CreateBackups` or `ViewData`."""
        if self.read_only and not operation.startswith(("View", "Download")):
            return False
        return not self.operations or operation in self.operations


@dataclass(frozen=True, slots=True)
class Export:
    """A snapshot export at Convex. `snapshot_ns` (nanoseconds since the epoch) is final once it is completed."""

    id: str
    created_at: datetime
    state: str
    message: str = ""
    snapshot_ns: int | None = None
    size: int | None = None
    expires_at: datetime | None = None
    with_files: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows per table, all at one moment (`at`, `at_ns`)."""

    rows: Mapping[str, int]
    at: datetime
    at_ns: int


@dataclass(frozen=True, slots=True)
class Download:
    """An open download: its size in bytes where the server says it, and the bytes as they come."""

    size: int | None
    chunks: AsyncIterator[bytes]


class ExportRunning(Refused):
    """The deployment already makes an export or a backup; it makes one at a time."""


class ImportForgotten(Refused):
    """The deployment knows nothing of that import, or nothing any more."""


class Deployment(Protocol):
    """One Convex deployment, with one key.

    Each call raises Refused where the key, the plan or the moment does not allow it, and Outage where Convex gave no
    answer that can be used, after a few tries where trying again does no harm.
    """

    url: str

    async def identity(self) -> Identity:
        """Who the deployment says it is; what the key may not see stays empty."""
        ...

    async def scope(self) -> KeyScope:
        """What the key may do. Refused for a key that the deployment does not know."""
        ...

    async def state(self) -> str:
        """`running`, `paused`, `disabled` or `suspended`."""
        ...

    async def clock_skew(self) -> float:
        """Seconds by which the server's clock is ahead of ours; 0.0 where its answer cannot tell them apart."""
        ...

    async def tables(self) -> tuple[str, ...]:
        """The names of the app's own tables, without those of its components, sorted."""
        ...

    async def counts(self, at_ns: int | None = None) -> Counts:
        """Rows per table now, or exactly at a past moment: Convex holds those for seconds, then this is Refused."""
        ...

    async def recent(self, table: str, limit: int = 10) -> list[dict[str, Any]]:
        """The newest documents of a table, newest first, as JSON values."""
        ...

    async def request_export(self, *, with_files: bool) -> None:
        """Ask for a snapshot export. Raises `ExportRunning` while the deployment makes another.

        After an Outage it may have been asked for all the same: look at `latest_export` before asking again.
        """
        ...

    async def latest_export(self) -> Export | None:
        """The newest export that a key asked for (not Convex's own backups)."""
        ...

    async def cancel_export(self, export_id: str) -> None:
        """Stop an export that is not complete."""
        ...

    def download(self, export: Export) -> AbstractAsyncContextManager[Download]:
        """The ZIP of an export that is complete; its bytes raise Outage where they break off or end too early."""
        ...

    async def latest_cloud_backup(self) -> CloudBackup | None:
        """The newest of Convex's own backups; None where it has none."""
        ...

    # What brings data back, in Convex's own three stages.

    async def upload_import(
        self, path: Path, mode: ImportMode, on_bytes: Callable[[int], Awaitable[None]] | None = None
    ) -> str:
        """Upload a snapshot ZIP and let Convex look into it; gives the import's id. Nothing changes yet.

        `on_bytes` hears the total so far. After an Outage upload again: a stray may wait at Convex, which changes
        nothing and is named by the Outage where Convex could be asked. It keeps no mark by which to know it for ours.
        """
        ...

    async def import_state(self, import_id: str) -> ImportState:
        """How an import stands, with Convex's own dry run once it is there."""
        ...

    async def recent_imports(self) -> tuple[ImportState, ...]:
        """The newest imports of snapshot ZIPs, newest first, whoever uploaded them; a score at most."""
        ...

    async def perform_import(self, import_id: str) -> None:
        """Let an import happen that waits; performed already is no error. It is atomic, save for appending.

        When this returns, Convex is known to have begun. Raises Refused for one that is over or has no dry run yet.
        """
        ...

    async def cancel_import(self, import_id: str) -> None:
        """Take an import back; over already is no error, so look how it ended."""
        ...

    # What stops writes, and undoes it. Each gives nothing back; doing what is done already is no error.

    async def pause(self) -> None:
        """Stop every function of the app, reads too. Exports, imports and edits in the dashboard go on."""
        ...

    async def resume(self) -> None:
        """Let functions run again. Scheduled ones that queued up run at once: cancel what must not run first."""
        ...

    async def cancel_scheduled(self) -> None:
        """Cancel every function that is scheduled or queued. This cannot be undone."""
        ...

    async def variable(self, name: str) -> str | None:
        """An environment variable of the deployment; None when it is not set."""
        ...

    async def set_variable(self, name: str, value: str | None) -> None:
        """Set an environment variable, or delete it with None."""
        ...

    # What helps to find the moment when it happened.

    async def changes(self, since: datetime, until: datetime) -> Sequence[ConfigChange]:
        """The audit log between two moments, oldest first. Refused, with the reason, where the plan has none."""
        ...

    async def largest_writes(self, limit: int = 10) -> Sequence[FunctionRun]:
        """The runs that wrote most documents, largest first, among those that Convex still remembers (about 1,000)."""
        ...


class StatusPage(Protocol):
    """The vendor's public status page."""

    url: str

    async def status(self) -> ServiceStatus:
        """What it says now. Raises Outage where it cannot be read."""
        ...
