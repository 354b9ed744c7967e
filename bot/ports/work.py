"""Knows what Lifeboat needs of time, and of work that survives the process. Knows no engine."""

from datetime import UTC, datetime
from typing import Any, Protocol


class Clock(Protocol):
    """The time, so that tests can own it."""

    def now(self) -> datetime:
        """Aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Aware, UTC."""
        return datetime.now(UTC)


class Work(Protocol):
    """Long work that survives the process: see `bot.operations.engine`."""

    async def start(self, workflow: str, work_id: str, arguments: dict[str, Any]) -> None:
        """Start a workflow by name. The same id again attaches to the one that runs or ran."""
        ...

    async def cancel(self, work_id: str) -> None:
        """Ask work to stop; what ends first has simply ended."""
        ...

    async def status(self, work_id: str) -> str | None:
        """`running`, `done`, `failed`, `cancelled`, or None when nobody knows the id."""
        ...
