"""Knows how copies are kept in a folder: whole or not at all. Knows nothing of what is in them, or for how long."""

import asyncio
import errno
import hashlib
import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import ParamSpec, TypeVar

from bot.domain.errors import LifeboatError, Outage, Refused
from bot.ports import Download, Stored

P = ParamSpec("P")
T = TypeVar("T")

SERVICE = "The vault"
UNCHANGED = "No data was changed at Convex."
MARGIN = 64 * 2**20
"""Bytes that stay free beside a copy: our own database and log may be on the same disk."""
BATCH = 2 * 2**20
"""Bytes per write. Smaller ones cost more switches between threads; larger ones keep the other side waiting."""
WRITE = 64 * 2**10
"""Bytes per call of the system: for larger ones Linux (6.16 and later, ext4) first makes larger pages, and where memory
is in small pieces that takes longer than the writing."""
AHEAD = 32 * 2**20
"""Bytes after which the disk is asked to begin with them: more often costs more than it saves."""
PART = ".part"


class FolderVault:
    """A `bot.ports.Vault` in one folder of this machine: folders 0700, files 0600.

    A file is taken in as `.part`, and renamed once it is whole and on the disk. Everything that may block runs in
    four threads of the vault's own, so that a slow disk stops neither the event loop nor the default threads.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="vault")

    async def prepare(self) -> None:
        """Make the folder, where it is not there. Only a start does this: a folder that vanishes later is a disk
        that was unmounted, and writing into its mount point would hide that."""
        await self._run(self.root.mkdir, mode=0o700, parents=True, exist_ok=True)

    def close(self) -> None:
        """Wait for what is being written."""
        self._threads.shutdown()

    async def check(self, needed: int = 0) -> None:
        """Raise Refused with the mend when the vault cannot take `needed` more bytes: read-only, full, not there."""
        await self._run(self._check, needed)

    async def receive(
        self, key: str, download: Download, on_bytes: Callable[[int], Awaitable[None]] | None = None
    ) -> Stored:
        """Take in a download, hashed on the way, durable when this returns. Whatever stops it, no part stays.

        Two at a time for one key are not provided for. `on_bytes` hears the total so far, after each batch.
        """
        path = self._path(key)
        await self._run(self._check, download.size or 0)
        part = await self._run(_Part, path, self.root)
        try:
            await self._fill(part, download, on_bytes)
            if download.size is not None and part.size != download.size:
                raise Outage(
                    SERVICE,
                    f"The copy ended after {part.size:,} of {download.size:,} bytes and was not kept. {UNCHANGED}",
                    "Fetch it again: `/backup export`.",
                )
            return await self._run(part.keep)
        except BaseException:
            # Cancelled too; shielded, so that a second cancel cannot leave the part behind.
            await asyncio.shield(self._run(part.discard))
            raise

    async def stored(self, key: str) -> Stored | None:
        """The file's size and hash (it is read for that), or None when it is not there."""
        return await self._run(_measure, self._path(key))

    @asynccontextmanager
    async def local(self, key: str) -> AsyncIterator[Path]:
        """The file as a local path. Raises Refused where it is not there."""
        path = self._path(key)
        if not await self._run(path.is_file):
            raise Refused(f"The vault has no {key} (any more). {UNCHANGED}", "`/backup list` shows what there is.")
        yield path

    async def delete(self, key: str) -> None:
        """Delete a file, durably. One that is not there is deleted already.

        Raises Refused where the vault itself is not there, since then nobody knows; a full one does not matter.
        """
        await self._run(_delete, self._path(key), self.root)

    async def free_bytes(self) -> int:
        """Bytes that the disk still has for us."""
        return await self._run(self._free)

    async def _fill(self, part: "_Part", download: Download, on_bytes: Callable[[int], Awaitable[None]] | None) -> None:
        """Fill one buffer while a thread writes and hashes the other. Two for all: fresh memory costs page faults."""
        filling, spare = memoryview(bytearray(BATCH)), memoryview(bytearray(BATCH))
        filled = total = 0
        writing: Future[None] | None = None

        async for chunk in download.chunks:
            left = memoryview(chunk)
            while left:
                taken = min(len(left), BATCH - filled)
                filling[filled : filled + taken] = left[:taken]
                filled, left = filled + taken, left[taken:]
                if filled < BATCH:
                    continue
                if writing is not None:
                    await asyncio.wrap_future(writing)
                writing = self._submit(part.write, filling)
                filling, spare, filled, total = spare, filling, 0, total + BATCH
                if on_bytes is not None:
                    await on_bytes(total)
        if writing is not None:
            await asyncio.wrap_future(writing)
        await self._run(part.write, filling[:filled])
        if on_bytes is not None and filled:
            await on_bytes(total + filled)

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.wrap_future(self._submit(work, *args, **kwargs))

    def _submit(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        def with_mend() -> T:
            try:
                return work(*args, **kwargs)
            except OSError as error:
                raise _meaning(error, self.root) from error

        return self._threads.submit(with_mend)

    def _path(self, key: str) -> Path:
        names = key.split("/")
        if any(not name or name.startswith(".") or name.endswith(PART) or not name.isprintable() for name in names):
            raise ValueError(f"not a key of the vault: {key!r}")
        return self.root.joinpath(*names)

    def _free(self) -> int:
        disk = os.statvfs(self.root)
        return disk.f_bavail * disk.f_frsize

    def _check(self, needed: int) -> None:
        probe = self.root / f".probe-{os.getpid()}-{threading.get_ident()}"
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600))
        probe.unlink()
        free = self._free()
        if free < needed + MARGIN:
            raise Refused(
                f"The vault's disk has {free / 1e6:,.0f} MB free, and {(needed + MARGIN) / 1e6:,.0f} MB are needed: "
                f"nothing was fetched. {UNCHANGED}",
                f"Free some space on the disk of {self.root}, or move the vault to a larger one.",
            )


class _Part:
    """A file that is being taken in. Its methods run in threads; the lock makes one wait for another."""

    def __init__(self, path: Path, root: Path) -> None:
        for folder in reversed(path.relative_to(root).parents[:-1]):
            (root / folder).mkdir(mode=0o700, exist_ok=True)
        self._path = path
        self._part = path.with_name(path.name + PART)
        # Truncated: a part of an earlier try that was killed is worth nothing without its hash.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(self._part, flags, 0o600), "wb", buffering=0)
        self._hash = hashlib.sha256()
        self._lock = threading.Lock()
        self._begun = 0
        self.size = 0

    def write(self, batch: memoryview) -> None:
        """Append a batch; nothing after the part was discarded."""
        with self._lock:
            if self._file.closed:
                return
            self._hash.update(batch)
            self.size += len(batch)
            while batch:
                batch = batch[self._file.write(batch[:WRITE]) :]
            if self.size - self._begun >= AHEAD:
                _begin_to_store(self._file.fileno(), self._begun, self.size)
                self._begun = self.size

    def keep(self) -> Stored:
        """Make it the whole file, durably: the content first, then the name."""
        with self._lock:
            os.fsync(self._file.fileno())
            self._file.close()
            self._part.replace(self._path)
            _fsync(self._path.parent)
            return Stored(self.size, self._hash.hexdigest())

    def discard(self) -> None:
        with self._lock:
            self._file.close()
            self._part.unlink(missing_ok=True)


def _measure(path: Path) -> Stored | None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            return Stored(file.tell(), digest.hexdigest())
    except FileNotFoundError:
        return None


def _delete(path: Path, root: Path) -> None:
    root.stat()
    path.unlink(missing_ok=True)
    # A process that was killed while it took the file in has left this.
    path.with_name(path.name + PART).unlink(missing_ok=True)
    if path.parent.exists():
        _fsync(path.parent)


def _begin_to_store(file: int, begin: int, end: int) -> None:
    """Have the disk begin with what was written, so that little is left to wait for when the copy is whole.

    Linux makes that of this advice for bytes which the disk does not have yet, and keeps them in memory; other systems
    may not know it. https://man7.org/linux/man-pages/man2/posix_fadvise.2.html
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.posix_fadvise(file, begin, end - begin, os.POSIX_FADV_DONTNEED)


def _fsync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _meaning(error: OSError, root: Path) -> LifeboatError:
    """What the system's refusal means for people. No part stays, whatever the reason."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            problem = "The vault's disk is full"
            mend = f"Free some space on the disk of {root}, or move the vault to a larger one."
        case errno.EROFS:
            problem = "The vault is on a disk that is read-only"
            mend = f"Mount the disk of {root} for writing; a disk with faults turns read-only by itself."
        case errno.EACCES | errno.EPERM:
            problem = "Lifeboat may not write into the vault"
            mend = f"Give the user that Lifeboat runs as the folder {root} and all that is in it."
        case errno.ENOENT:
            problem = "The vault's folder is not there"
            mend = f"Mount the disk of {root}, or make the folder, or start Lifeboat again: it makes it."
        case errno.ENOTDIR | errno.EEXIST | errno.EISDIR | errno.ELOOP:
            problem = "The vault's place is taken by something that is not a folder"
            mend = f"See what stands at {root}, or name another folder for the vault."
        case _:
            reason = os.strerror(error.errno) if error.errno else "no reason given"
            return Outage(
                SERVICE,
                f"The vault's disk failed ({reason}); no copy was kept. {UNCHANGED}",
                f"Look at the disk of {root}: the system's log says more.",
            )
    return Refused(f"{problem}, so no copy was kept. {UNCHANGED}", mend)
