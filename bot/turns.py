"""Knows when what people asked is worked on: after what still comes in was acknowledged, and not all of it at once.

Knows nothing of what is asked, or where.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

AT_ONCE = 32
LULL = 0.01
"""Seconds without anything new after which work begins. Nobody notices them in an answer, but a platform that is
acknowledged late shows people a failure."""
APART = 0.005
"""Seconds between two beginnings: about what most work takes, so that little of it is under way when more comes in."""
PATIENCE = 1.0
"""Seconds after which work begins whatever still comes in: what opens a form has three in all."""


class Turns:
    """The turns of a process. All platforms share its loop, so what comes from one waits for the work of another."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(AT_ONCE)
        self._beginning = asyncio.Lock()
        self._came_at = 0.0

    @asynccontextmanager
    async def next(self) -> AsyncIterator[None]:
        """A turn to work on what has just been acknowledged."""
        self._came_at = asyncio.get_running_loop().time()
        latest = self._came_at + PATIENCE
        async with self._free:
            async with self._beginning:
                await self._lull(latest)
            yield

    async def _lull(self, latest: float) -> None:
        time = asyncio.get_running_loop().time
        await asyncio.sleep(APART)
        while (silent := time() - self._came_at) < LULL:
            await asyncio.sleep(LULL - silent)
            if time() >= latest:
                return
