"""Several drills at once: what goes wrong with one keeps no other waiting."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.backups import EnvironmentName
from bot.domain.drill_events import Practice
from bot.domain.errors import Outage
from bot.operations import drills
from bot.operations.drill_work import Drills
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, ROOM
from tests.operations.home import PRODUCTION, STAGING, Home, home

DEVELOPMENT = EnvironmentName("development")


class Refusing:
    """Work that cannot be begun for one of its kind, and remembers what was."""

    def __init__(self, broken: str, error: Exception) -> None:
        self._broken, self._error = broken, error
        self.begun: list[str] = []

    async def start(self, workflow: str, work_id: str, arguments: dict[str, Any]) -> None:
        if self._broken in work_id:
            raise self._error
        self.begun.append(work_id)

    async def cancel(self, work_id: str) -> None: ...

    async def status(self, work_id: str) -> str | None:
        return "running"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Home]:
    nowhere = ("http://127.0.0.1:9", "key")
    access = {PRODUCTION: nowhere, STAGING: nowhere, DEVELOPMENT: nowhere}
    async with home(sqlite_database(tmp_path), tmp_path, access) as one:
        yield one


@pytest.mark.parametrize("error", [Outage("Convex", "It did not answer."), KeyError("a mistake")])
async def test_what_goes_wrong_with_one_drill_keeps_no_other_waiting(here: Home, error: Exception) -> None:
    first, _ = await drills.begin(here.house, ADA, ROOM, Practice(source=PRODUCTION, target=STAGING), "One")
    second, _ = await drills.begin(here.house, ADA, ROOM, Practice(source=PRODUCTION, target=DEVELOPMENT), "Two")
    for broken, whole in ((f"{first.id}-snapshot", second.id), (f"{second.id}-snapshot", first.id)):
        work = Refusing(broken, error)
        await Drills(replace(here.house, work=work)).look()
        assert work.begun == [f"drill-{whole}-snapshot-1"]
