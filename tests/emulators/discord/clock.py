"""Knows the emulated time and the ids made from it. Knows nothing of what the ids name."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

DISCORD_EPOCH_MS = 1_420_070_400_000


class Clock:
    """The time that Discord believes it is.

    Without a start it follows the wall clock; with one (Unix seconds) it stands still, so that every id is the same in
    every run. `advance` moves both; nobody waits for it.
    """

    def __init__(self, start: float | None = None) -> None:
        self._start = start
        self._advanced = 0.0
        self._last = 0
        self.moved: list[Callable[[], None]] = []
        """Called after every `advance`."""

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
        for call in self.moved:
            call()

    def snowflake(self) -> str:
        """A new id, above all earlier ones, that carries the present moment."""
        self._last = max(self._last + 1, (int(self.now * 1000) - DISCORD_EPOCH_MS) << 22)
        return str(self._last)

    def stamp(self) -> str:
        """The present moment as Discord writes it."""
        return iso(self.now)


def iso(at: float) -> str:
    """Unix seconds as Discord writes them, in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def made_at(snowflake: str) -> float:
    """Unix seconds of the moment that an id carries."""
    return ((int(snowflake) >> 22) + DISCORD_EPOCH_MS) / 1000
