"""A router over declared groups and a real SQLite file, for tests of what comes before a command is called."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bot
from bot.chat.declare import Group
from bot.domain import plan
from bot.house import House
from bot.router import Router
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.databases import sqlite_database

PLAN = plan.load((Path(bot.__file__).parent / "plan.toml").read_text())
START = datetime(2026, 9, 1, 14, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def pass_by(self, length: timedelta) -> None:
        self._now += length


class Absent:
    """A service that these tests have no use for: whoever touches it fails."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked of a service that is not there")


def house(database: Database, clock: FakeClock, groups: Sequence[Group]) -> House:
    """A house with a plan, a database and a clock, and nothing else."""
    absent: Any = Absent()
    return House(
        plan=PLAN,
        database=database,
        clock=clock,
        vault=absent,
        deployments={},
        unconnected={},
        status_page=absent,
        work=absent,
        wake=lambda: None,
        groups=tuple(groups),
    )


@asynccontextmanager
async def routing(folder: Path, *groups: Group, clock: FakeClock | None = None) -> AsyncIterator[Router]:
    """A router over these groups, with its database in a folder."""
    if not _empty:
        _empty.append(await _migrated())
    _begin_with(folder / "lifeboat.db", _empty[0])
    database = Database.open(sqlite_database(folder))
    try:
        yield Router(house(database, clock or FakeClock(), groups), groups)
    finally:
        await database.close()


_empty: list[bytes] = []
"""A database with its tables and nothing in them, made once: making one takes longer than most tests."""


async def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        database = Database.open(sqlite_database(Path(folder)))
        await migrate(database)
        await database.close()
        return (Path(folder) / "lifeboat.db").read_bytes()


def _begin_with(file: Path, content: bytes) -> None:
    if not file.exists():
        file.write_bytes(content)
