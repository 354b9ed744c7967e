"""Knows how it is said how far a drill's long work is: on its board, while it goes on. Knows nothing of that work.

It only shows: to lose it, or to say it twice, harms nothing. What decides anything is an event.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from bot.domain.drills import Progress
from bot.domain.errors import Outage
from bot.domain.imports import ImportState
from bot.domain.incident_events import IncidentId
from bot.house import House
from bot.operations.live import BOARD
from bot.store import posts, progress
from bot.views import words

_SAID_EVERY = 1.0
"""Seconds between two sayings of how many bytes are uploaded: each is a write, and boards are redrawn less often."""
_log = structlog.get_logger()


async def say(house: House, drill: IncidentId, told: str, done: float = 0, total: float | None = None) -> None:
    """Say how far it is; the board is redrawn where that is new."""
    said = Progress(words=told, done=done, total=total, at=house.clock.now())
    try:
        # What is asked for often is only read: whoever writes keeps every other writer waiting.
        async with house.database.read() as db:
            before = await progress.get(db, drill)
        if before is not None and before.model_copy(update={"at": said.at}) == said:
            return
        async with house.database.write() as db:
            await progress.put(db, drill, said)
            await posts.changed(db, BOARD, drill)
    except Outage as outage:
        _log.warning("progress_not_said", drill=drill, problem=outage.problem)
        return
    house.wake()


def uploaded(house: House, drill: IncidentId, where: str, size: int) -> Callable[[int], Awaitable[None]]:
    """Says how many bytes of a copy are uploaded, about once a second however often it is called."""
    begun_at, said_at = asyncio.get_running_loop().time(), 0.0

    async def say_bytes(sent: int) -> None:
        nonlocal said_at
        now = asyncio.get_running_loop().time()
        if sent < size and now - said_at < _SAID_EVERY:
            return
        said_at = now
        how_fast = words.speed(sent, size, timedelta(seconds=now - begun_at))
        told = f"Uploading the copy to {where}: {words.size(sent)} of {words.size(size)}{how_fast}"
        await say(house, drill, told, sent, size)

    return say_bytes


async def importing(house: House, drill: IncidentId, state: ImportState) -> None:
    """Say how far Convex is with an import, in its own words."""
    newest = state.progress[-1] if state.progress else state.message
    done, tables = len(state.progress), len(state.plan.changes) if state.plan is not None else 0
    # With every table there it goes on until all are swapped in: nobody knows how long, and it is not over.
    await say(house, drill, f"Convex: {newest}", done, tables if done < tables else None)
