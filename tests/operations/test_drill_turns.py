"""Several drills at once: what goes wrong with one keeps no other waiting."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain import incident_moves
from bot.domain.backups import EnvironmentName
from bot.domain.checklist import Move
from bot.domain.drill_events import Practice
from bot.domain.errors import Outage, Refused
from bot.domain.incident_events import Body, Closed
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.operations import drills
from bot.operations import incidents as acting
from bot.operations.drill_work import Drills
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, ROOM
from tests.operations.home import PRODUCTION, STAGING, Home, ShiftedClock, home

DEVELOPMENT = EnvironmentName("development")


class Refusing:
    """Work that cannot be begun for one of its kind, and remembers what was."""

    def __init__(self, broken: str, error: Exception, status: str | None = "running") -> None:
        self._broken, self._error, self._status = broken, error, status
        self.begun: list[str] = []

    async def start(self, workflow: str, work_id: str, arguments: dict[str, Any]) -> None:
        if self._broken in work_id:
            raise self._error
        self.begun.append(work_id)

    async def cancel(self, work_id: str) -> None: ...

    async def status(self, work_id: str) -> str | None:
        return self._status


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


async def test_a_step_is_lifeboats_before_its_work_begins_so_that_nobody_takes_it_in_between(here: Home) -> None:
    drill, _ = await drills.begin(here.house, ADA, ROOM, Practice(source=PRODUCTION, target=STAGING), "One")
    await Drills(replace(here.house, work=Refusing("nothing", KeyError()))).look()
    with pytest.raises(Refused, match="Lifeboat is doing"):
        await acting.act(here.house, drill.id, ADA, lambda stands: _claimed(stands, here))


async def test_a_drill_cancelled_before_the_work_of_its_step_began_is_cleaned_up_all_the_same(here: Home) -> None:
    drill, _ = await drills.begin(here.house, ADA, ROOM, Practice(source=PRODUCTION, target=STAGING), "One")
    await Drills(replace(here.house, work=Refusing("snapshot", Outage("Engine", "It did not answer.")))).look()
    await drills.cancel(here.house, drill.id, "No time", ADA)
    work = Refusing("nothing", KeyError(), status=None)
    looking = Drills(replace(here.house, work=work))
    await looking.look()
    await looking.look()
    assert work.begun == [f"drill-{drill.id}-clean-up-1"]


def _claimed(stands: Incident, here: Home) -> tuple[Body, ...]:
    return incident_moves.move(stands, stands.checklist[0], Move.CLAIM, ADA, here.house.clock.now())


async def test_of_people_who_begin_a_test_at_once_one_does(database_url: str, tmp_path: Path) -> None:
    nowhere = ("http://127.0.0.1:9", "key")
    async with home(database_url, tmp_path, {PRODUCTION: nowhere, STAGING: nowhere}) as here:
        wanted = Practice(source=PRODUCTION, target=STAGING)
        begun = await asyncio.gather(*(drills.begin(here.house, ADA, ROOM, wanted, "Test") for _ in range(5)))
    assert len({drill.id for drill, _ in begun}) == 1
    assert [new for _, new in begun].count(True) == 1


async def test_of_tests_that_are_begun_at_once_each_follows_another_whatever_their_clocks_say(
    database_url: str, tmp_path: Path
) -> None:
    nowhere = ("http://127.0.0.1:9", "key")
    async with home(database_url, tmp_path, dict.fromkeys((PRODUCTION, STAGING, DEVELOPMENT), nowhere)) as here:

        async def begun(target: EnvironmentName, minutes: int) -> Incident:
            clock = ShiftedClock()
            clock.shift = timedelta(minutes=minutes)
            house = replace(here.house, clock=clock)
            drill, new = await drills.begin(house, ADA, ROOM, Practice(source=PRODUCTION, target=target), "Test")
            assert new
            await acting.act(here.house, drill.id, LIFEBOAT, lambda _: (Closed(),))
            return drill

        made = [await begun(STAGING, 10), await begun(DEVELOPMENT, 0)]
        for _ in range(3):
            made += await asyncio.gather(begun(STAGING, 5), begun(DEVELOPMENT, 7))
    follows = [one.drill.practice.previous for one in made if one.drill is not None]
    before = [one.id for one in follows if one is not None]
    assert len(before) == len(made) - 1, "the first alone follows none"
    assert len(set(before)) == len(before), "none is followed by two"
