"""Knows what Lifeboat needs from the world outside. Knows no vendor.

Every method of a port raises `Outage` when the vendor did not do its part, and `Refused` when it said no.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from bot.chat.cards import Card
from bot.domain.backups import CloudBackup, ServiceStatus
from bot.domain.errors import Refused

# --- Convex --------------------------------------------------------------------------------------------------------


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


class Deployment(Protocol):
    """One Convex deployment, with one key."""

    url: str

    async def identity(self) -> Identity: ...

    async def scope(self) -> KeyScope: ...

    async def state(self) -> str:
        """`running`, `paused`, `disabled` or `suspended`."""
        ...

    async def clock_skew(self) -> float:
        """Seconds by which the server's clock is ahead of ours."""
        ...

    async def tables(self) -> tuple[str, ...]: ...

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

    async def cancel_export(self, export_id: str) -> None: ...

    def download(self, export: Export) -> AbstractAsyncContextManager[Download]: ...

    async def latest_cloud_backup(self) -> CloudBackup | None: ...


class StatusPage(Protocol):
    """The vendor's public status page."""

    url: str

    async def status(self) -> ServiceStatus: ...


# --- storage of copies ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stored:
    """A whole file in the vault: size in bytes, SHA-256 in hex."""

    size: int
    sha256: str


class Vault(Protocol):
    """Where copies are kept: whole or not at all. Keys are relative paths such as `production/x.zip`."""

    async def check(self, needed: int = 0) -> None:
        """Raise `Refused` with the mend when the vault cannot take `needed` more bytes: read-only, full, not there."""
        ...

    async def receive(
        self, key: str, download: Download, on_bytes: Callable[[int], Awaitable[None]] | None = None
    ) -> Stored:
        """Take in a download, hashed on the way, durable when this returns. A truncated one raises `Outage`.

        `on_bytes` hears the total so far, every few mebibytes.
        """
        ...

    async def stored(self, key: str) -> Stored | None:
        """The file's size and hash, or None when it is not there (whole)."""
        ...

    def local(self, key: str) -> AbstractAsyncContextManager[Path]:
        """The file as a local path, for as long as the context lasts."""
        ...

    async def delete(self, key: str) -> None: ...

    async def free_bytes(self) -> int: ...


# --- chat ----------------------------------------------------------------------------------------------------------


class Gone(Exception):
    """The channel or message is not there any more: nothing will ever be posted to it."""


class Poster(Protocol):
    """How one platform is written to. Called by the sender alone."""

    platform: str
    pace: float
    """Shortest time between two redraws of one message, in seconds."""
    threads: bool
    """Whether a message can have others under it. Where not, what belongs under one is not posted."""

    async def post(self, channel: str, card: Card, key: str, under: str | None = None, /) -> str:
        """Post a card and give the message's id. `key` is unique per message and findable afterwards.

        `under` is the id of the message in whose thread it belongs.
        """
        ...

    async def edit(self, channel: str, message: str, card: Card) -> str:
        """Redraw a message and give its id: another one, where a platform had to post it anew."""
        ...

    async def find(self, channel: str, key: str, under: str | None = None, /) -> str | None:
        """The message posted with `key`, asked after a post whose outcome is unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Symptom:
    """What was seen of a platform: well without a `mend`; otherwise what to do, and whether it is broken by it."""

    found: str
    mend: str = ""
    broken: bool = False


class Door(Poster, Protocol):
    """A platform that people come in by."""

    def open(self) -> None:
        """Begin to connect, in a task of its own that goes on trying. Never raises."""
        ...

    async def close(self) -> None:
        """Leave, and wait for what is being answered."""
        ...

    async def symptoms(self) -> Sequence[Symptom]:
        """How it is, seen now: connected as whom, or why not. Never raises."""
        ...

    async def deaf(self) -> str:
        """Why it hears nothing now, in a few words for readiness; '' when it does. Asks nobody. Never raises."""
        ...


# --- time and work -------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """The time, so that tests can own it."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...


class Work(Protocol):
    """Long work that survives the process: see `bot.operations.engine`."""

    async def start(self, workflow: str, work_id: str, arguments: dict[str, Any]) -> None:
        """Start a workflow by name. The same id again attaches to the one that runs or ran."""
        ...

    async def cancel(self, work_id: str) -> None: ...

    async def status(self, work_id: str) -> str | None:
        """`running`, `done`, `failed`, `cancelled`, or None when nobody knows the id."""
        ...
