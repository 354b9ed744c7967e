"""Knows what Lifeboat needs from where copies are kept. Knows no disk and no cloud."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.ports.convex import Download


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

    async def delete(self, key: str) -> None:
        """Delete a file, durably; one that is not there is deleted already. Refused where the vault is not there."""
        ...

    async def free_bytes(self) -> int:
        """Bytes that there is still room for."""
        ...
