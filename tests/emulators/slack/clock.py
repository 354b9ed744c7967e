"""Knows the emulated time. Knows nothing of what waits for it."""

import asyncio
import time
from typing import Any


class Clock:
    """The time that Slack believes it is.

    Without a start it follows the wall clock; with one (Unix seconds) it stands still, so that every id is the same in
    every run. `advance` moves both, and ends at once what has waited long enough by then.
    """

    def __init__(self, start: float | None = None) -> None:
        self._start = start
        self._advanced = 0.0
        self._last = 0
        self._moved: asyncio.Future[None] | None = None

    @property
    def now(self) -> float:
        """Unix seconds."""
        return (time.time() if self._start is None else self._start) + self._advanced

    @property
    def elapsed(self) -> float:
        """Seconds since any moment, for deadlines: real time goes on here even where the clock stands still."""
        return time.monotonic() + self._advanced

    def advance(self, seconds: float) -> None:
        """Let this much time pass at once."""
        self._advanced += seconds
        moved, self._moved = self._moved, None
        if moved and not moved.done():
            moved.set_result(None)

    async def within(self, seconds: float, awaited: "asyncio.Future[Any]") -> bool:
        """Wait for a future, in emulated seconds. Gives whether it is done."""
        until = self.elapsed + seconds
        while not awaited.done() and (left := until - self.elapsed) > 0:
            if self._moved is None:
                self._moved = asyncio.get_running_loop().create_future()
            await asyncio.wait((awaited, self._moved), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        return awaited.done()

    async def sleep(self, seconds: float) -> None:
        """Wait so many emulated seconds."""
        await self.within(seconds, asyncio.get_running_loop().create_future())

    def ts(self) -> str:
        """A new message timestamp, above all earlier ones."""
        self._last = max(self._last + 1, int(self.now * 1_000_000))
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"
