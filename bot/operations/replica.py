"""Knows how processes share, or refuse to share, one database: a lock on the data folder, or a slot each on PostgreSQL.

Knows nothing of the work that they do.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from bot.domain.errors import Refused
from bot.store import slots
from bot.store.database import Connection, Database

_LOOK_SECONDS = 2.0
_PROBED_SECONDS = 1.0
"""Who asks `is_held` has the lock for a moment, which must not keep a Lifeboat from starting."""
_TRIED_SECONDS = 5.0
_AGAIN_SECONDS = 0.1


def hold(folder: Path) -> FileLock:
    """Lock a data folder until the lock's `release`, or until the process ends, however it ends.

    Raises Refused while another process has it: two engines on one SQLite file would take each other's work. Also
    where there can be no such folder.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(
            f"The data folder {folder} cannot be used ({error.strerror}). Nothing was started or changed.",
            "Set LIFEBOAT_DATA to a folder that Lifeboat may write.",
        ) from error
    # Not bound to a thread: who takes it in one may release it in another.
    lock = FileLock(folder / "lifeboat.lock", thread_local=False)
    try:
        lock.acquire(timeout=_PROBED_SECONDS)
    except Timeout:
        raise Refused(
            f"Another Lifeboat runs on the data folder {folder} (process {holder(folder) or 'unknown'}). "
            "Nothing was started or changed.",
            "Stop that one first, or give this one a folder of its own with LIFEBOAT_DATA.",
        ) from None
    # In a file of its own: whoever asks for the lock empties the lock's file.
    (folder / "lifeboat.pid").write_text(f"{os.getpid()}\n")
    return lock


def is_held(folder: Path) -> bool:
    """Whether a process has the data folder now."""
    if not (folder / "lifeboat.lock").exists():
        return False
    probe = FileLock(folder / "lifeboat.lock", thread_local=False)
    try:
        probe.acquire(timeout=0)
    except Timeout:
        return True
    probe.release()
    return False


def holder(folder: Path) -> int | None:
    """The process that locked a data folder last; None when nobody did."""
    try:
        return int((folder / "lifeboat.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None


class Slot:
    """This process's place among those that share a PostgreSQL."""

    def __init__(self, connection: Connection, number: int) -> None:
        self._connection = connection
        self._number = number

    @property
    def name(self) -> str:
        """What the engine and the sender of this process are called."""
        return _name(self._number)

    async def watch(self, adopt: Callable[[list[str]], Awaitable[int]]) -> None:
        """Every two seconds, have the work of processes that died adopted.

        Raises Outage when the server no longer answers on our own connection: the slot may be another's by now, so
        the process has to end.
        """
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            free = await slots.take_free(self._connection, self._number)
            try:
                await adopt([_name(number) for number in free])
            finally:
                await slots.give_back(self._connection, free)


@asynccontextmanager
async def slot(database: Database) -> AsyncGenerator[Slot]:
    """A slot of our own on a PostgreSQL. Raises Refused when all are taken, and stay so for five seconds."""
    async with database.session() as connection:
        yield Slot(connection, await _taken(connection))


async def _taken(connection: Connection) -> int:
    # Whoever looks for work of the dead has every free slot for a moment, which must not keep a Lifeboat from starting.
    for again in range(round(_TRIED_SECONDS / _AGAIN_SECONDS)):
        await asyncio.sleep(_AGAIN_SECONDS if again else 0)
        for number in range(1, slots.SLOTS + 1):
            if await slots.take(connection, number):
                return number
    raise Refused(
        f"{slots.SLOTS} Lifeboats run on this database already. Nothing was started or changed.", "Stop one of them."
    )


def _name(number: int) -> str:
    return f"slot-{number}"
