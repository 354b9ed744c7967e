"""Knows how work that was asked to stop hears of it within a second. Knows nothing of what the work is."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog

from bot.domain.errors import Outage
from bot.operations.outcome import Cancelled
from bot.store import cancellations
from bot.store.database import Database

_POLL_SECONDS = 0.5
_log = structlog.get_logger()


class Stopping:
    """Takes the request to stop, and brings it to whoever does the work, in this process or another."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: dict[str, asyncio.Event] = {}

    async def ask(self, work_id: str) -> None:
        """Ask work to stop."""
        async with self._database.write() as db:
            await cancellations.add(db, work_id, datetime.now(UTC))
        if (asked := self._asked.get(work_id)) is not None:
            asked.set()

    async def unless_asked(self, work_id: str, fn: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """What `fn(*args)` gives. Raises Cancelled, with `fn` cancelled or never begun, once somebody asks for it."""
        if await self._is_asked(work_id):
            raise Cancelled
        doing = asyncio.ensure_future(fn(*args))
        hearing = asyncio.ensure_future(self._hear(work_id))
        try:
            await asyncio.wait({doing, hearing}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                if (mistake := hearing.exception()) is None:
                    raise Cancelled
                # Nobody asked. The work goes on, and hears again from its next step on.
                _log.error("bug", work=work_id, exc_info=mistake)
            return await doing
        finally:
            for task in (doing, hearing):
                task.cancel()
            await asyncio.gather(doing, hearing, return_exceptions=True)

    async def _hear(self, work_id: str) -> None:
        # The event is quick; the row is what another process asks.
        asked = self._asked.setdefault(work_id, asyncio.Event())
        try:
            while not (asked.is_set() or await self._is_asked(work_id)):
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_SECONDS):
                        await asked.wait()
        finally:
            self._asked.pop(work_id, None)

    async def _is_asked(self, work_id: str) -> bool:
        # Work does not fail because the database, asked twice a second, was away for one of them.
        with suppress(Outage):
            async with self._database.read() as db:
                return work_id in await cancellations.among(db, [work_id])
        return False
