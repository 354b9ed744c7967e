"""Scheduled exports: each begun once, by whichever process, made up for, tried again, and shown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.chat.markdown import to_markdown
from bot.domain import export_schedule
from bot.domain.backups import Operation, Phase
from bot.domain.export_schedule import Slot, SlotState
from bot.domain.people import LIFEBOAT
from bot.domain.plan import Environment
from bot.house import House
from bot.operations import export, live, scheduling
from bot.operations.engine import Engine
from bot.simulator.server import Simulator
from bot.store import export_slots, operations
from bot.store.database import Database
from tests.operations import killing
from tests.operations.conftest import Access
from tests.operations.home import ADA, ALERTS, OPS, PRODUCTION, Home, RealClock, ShiftedClock, home
from tests.operations.scheduled_child import CLAIMED, RECORDED, Task, planned
from tests.waiting import until

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Night:
    """A house with a schedule, and a clock that stands before its slot."""

    def __init__(self, one: Home, clock: ShiftedClock) -> None:
        self.one, self.clock = one, clock
        self.house = one.house
        slot_at = export_schedule.next_at(self.environment, one.house.clock.now())
        assert slot_at is not None
        self.slot_at = slot_at

    @property
    def environment(self) -> Environment:
        return self.house.plan.environments[PRODUCTION]

    async def at(self, moment: datetime) -> None:
        """Move the clock to a moment, and sweep."""
        self.clock.shift = moment - RealClock().now()
        await self.one.sweep.once()

    async def slots(self) -> list[Slot]:
        async with self.house.database.read() as db:
            found = await export_slots.recent(db, PRODUCTION)
        return [one for one in reversed(found) if one.state is not SlotState.PLANNED]

    async def exports(self) -> list[Operation]:
        async with self.house.database.read() as db:
            return list(reversed(await operations.recent(db, PRODUCTION)))

    async def ended(self) -> Operation:
        return await self.one.ended((await self.exports())[-1].id)

    def titles(self, done: str) -> list[str]:
        """What was posted to the announcement channel, or redrawn there."""
        return [title for one, where, _, title in self.one.paper.lines() if (one, where) == (done, ALERTS.channel)]

    async def card(self) -> str:
        [*_, newest] = await self.exports()
        return to_markdown(await live.draw(self.house, live.OPERATION, newest.id))


@asynccontextmanager
async def night(
    url: str, folder: Path, access: Access, *, ago: timedelta = timedelta(), **more: Any
) -> AsyncIterator[Night]:
    clock = ShiftedClock()
    clock.shift = -ago
    plan = planned(clock.now() + 10 * MINUTE, **more)

    def furnish(house: House, _engine: Engine) -> House:
        reached: Any = object()
        return replace(house, plan=plan, hosts={ALERTS.platform: reached})

    async with home(url, folder, access, clock=clock, furnish=furnish) as one:
        found = Night(one, clock)
        await one.sweep.once()
        yield found


@pytest.fixture
async def tonight(database_url: str, tmp_path: Path, access: Access) -> AsyncIterator[Night]:
    async with night(database_url, tmp_path, access) as found:
        yield found


async def test_a_scheduled_export_is_begun_once_by_lifeboat_and_shown_in_the_announcement_channel(
    tonight: Night,
) -> None:
    await tonight.at(tonight.slot_at - MINUTE)
    assert await tonight.exports() == []
    for minutes in (0, 1, 2):
        await tonight.at(tonight.slot_at + minutes * MINUTE)
    done = await tonight.ended()
    assert (done.phase, done.started_by, done.with_files) == (Phase.DONE, LIFEBOAT.id, False)
    await tonight.at(tonight.slot_at + 9 * MINUTE)
    assert [one.state for one in await tonight.slots()] == [SlotState.DONE]
    assert len(await tonight.exports()) == 1
    await tonight.one.drawn()
    assert any(line[:2] == ["post", ALERTS.channel] for line in tonight.one.paper.lines())
    assert "Planned for" in await tonight.card() and "not running" not in await tonight.card()


async def test_two_processes_that_look_at_once_begin_one_export(tonight: Night, database_url: str) -> None:
    other = Database.open(database_url)
    houses = [tonight.house, replace(tonight.house, database=other)]
    for day in range(3):
        tonight.clock.shift = tonight.slot_at + day * DAY - RealClock().now()
        await asyncio.gather(*(scheduling.look(house) for house in houses * 3))
        assert len(await tonight.exports()) == day + 1
        await tonight.ended()
        await asyncio.gather(*(scheduling.look(house) for house in houses * 3))
    await other.close()
    assert [one.state for one in await tonight.slots()] == [SlotState.DONE] * 3


async def test_a_process_that_ends_before_the_export_began_leaves_it_to_the_next_sweep(tonight: Night) -> None:
    class Ended(Exception):
        pass

    class DyingWork:
        async def start(self, *_: object) -> None:
            raise Ended

    dying: Any = DyingWork()
    tonight.clock.shift = tonight.slot_at - RealClock().now()
    with pytest.raises(Ended):
        await scheduling.look(replace(tonight.house, work=dying))
    [claimed] = await tonight.slots()
    assert claimed.state is SlotState.BEGUN and claimed.operation is not None
    assert await tonight.one.engine.status(claimed.operation) is None
    await tonight.at(tonight.slot_at + MINUTE)
    assert (await tonight.ended()).phase is Phase.DONE
    assert len(await tonight.exports()) == 1


@pytest.mark.parametrize("accident", [CLAIMED, pytest.param(RECORDED, marks=pytest.mark.soak)])
async def test_a_process_that_is_killed_while_it_begins_one_leaves_one_to_the_next(
    database_url: str, tmp_path: Path, convex: Simulator, accident: str
) -> None:
    task = Task(database_url, str(tmp_path), convex.url, convex.key, RealClock().now().isoformat())
    died = await killing.run("tests.operations.scheduled_child", task.written(accident), folder=tmp_path)
    assert died.killed, died.output
    lived = await killing.run("tests.operations.scheduled_child", task.written(), folder=tmp_path)
    assert lived.status == 0, lived.output
    database = Database.open(database_url)
    async with database.read() as db:
        slots = [one for one in await export_slots.recent(db, PRODUCTION) if one.state is not SlotState.PLANNED]
        [done] = await operations.recent(db, PRODUCTION)
    await database.close()
    assert done.phase is Phase.DONE
    assert [(one.state, one.operation) for one in slots] == [(SlotState.DONE, done.id)]


async def test_after_a_pause_the_newest_slot_is_made_up_for_and_the_card_says_why(tonight: Night) -> None:
    await tonight.at(tonight.slot_at + 3 * DAY + 7 * 60 * MINUTE)
    assert (await tonight.ended()).phase is Phase.DONE
    assert [one.state for one in await tonight.slots()] == [SlotState.MISSED] * 3 + [SlotState.BEGUN]
    said = await tonight.card()
    assert "because Lifeboat was not running then" in said
    assert "3 planned exports before it did not happen" in said


async def test_what_the_plan_did_not_say_yesterday_is_not_made_up_for(
    database_url: str, tmp_path: Path, access: Access
) -> None:
    async with night(database_url, tmp_path, access) as before:
        await before.at(before.slot_at - MINUTE)
    passed = planned(RealClock().now() - 60 * MINUTE)

    def furnish(house: House, _engine: Engine) -> House:
        return replace(house, plan=passed)

    async with home(database_url, tmp_path, access, clock=ShiftedClock(), furnish=furnish) as one:
        await one.sweep.once()
        async with one.house.database.read() as db:
            assert await operations.recent(db) == []


async def test_an_export_that_runs_already_serves(tonight: Night) -> None:
    tonight.clock.shift = tonight.slot_at - RealClock().now()
    by_hand = await export.begin(tonight.house, PRODUCTION, ADA, OPS, with_files=False)
    await tonight.at(tonight.slot_at)
    await tonight.one.ended(by_hand.id)
    await tonight.at(tonight.slot_at + MINUTE)
    [slot] = await tonight.slots()
    assert (slot.state, slot.operation) == (SlotState.DONE, by_hand.id)
    assert len(await tonight.exports()) == 1
    assert "It serves as the export planned for" in await tonight.card()


async def test_one_with_stored_files_is_asked_for_where_the_plan_says_so(
    database_url: str, tmp_path: Path, access: Access
) -> None:
    async with night(database_url, tmp_path, access, export_with_files=True) as tonight:
        await tonight.at(tonight.slot_at)
        assert (await tonight.ended()).with_files


async def test_a_key_that_stops_working_in_the_night_is_tried_once_more_and_then_given_up(
    database_url: str, tmp_path: Path, convex: Simulator
) -> None:
    key = convex.keys.limit("nightly")
    async with night(database_url, tmp_path, {PRODUCTION: (convex.url, key)}) as tonight:
        convex.keys.revoke(key)
        await tonight.at(tonight.slot_at)
        assert (await tonight.ended()).phase is Phase.FAILED
        await tonight.at(tonight.slot_at + MINUTE)
        [slot] = await tonight.slots()
        assert slot.state is SlotState.RETRY and slot.problem and "I try once more at" in await tonight.card()
        for minutes in (2, 6, 7, 20):
            await tonight.at(tonight.slot_at + minutes * MINUTE)
        assert len(await tonight.exports()) == 1
        for minutes in (32, 33):
            await tonight.at(tonight.slot_at + minutes * MINUTE)
            await tonight.ended()
        await tonight.at(tonight.slot_at + 34 * MINUTE)
        [slot] = await tonight.slots()
        assert (slot.state, slot.attempts) == (SlotState.FAILED, 2)
        assert "That was the second try" in await tonight.card()
        await tonight.at(tonight.slot_at + 5 * 60 * MINUTE)
        assert len(await tonight.exports()) == 2, "no third try before the next night"
        convex.keys.limit("nightly")
        await tonight.at(tonight.slot_at + DAY)
        assert (await tonight.ended()).phase is Phase.DONE
        assert len(await tonight.exports()) == 3
        for minutes in (1, 2):
            await tonight.at(tonight.slot_at + DAY + minutes * MINUTE)
        said = ["A planned export of Production left no copy"] * 2 + ["Planned exports of Production work again"]
        # The newest reminder is redrawn as well: it says that it is over.
        await until(lambda: said[-1] in tonight.titles("post") and said[0] in tonight.titles("edit"))
        assert [one for one in tonight.titles("post") if "lanned export" in one] == said
        assert tonight.titles("edit").count(said[0]) == 1


async def test_a_copy_that_somebody_took_meanwhile_makes_a_second_try_needless(
    database_url: str, tmp_path: Path, convex: Simulator
) -> None:
    key = convex.keys.limit("nightly")
    # The simulator's snapshots are of the real time: by that, this night has passed.
    async with night(database_url, tmp_path, {PRODUCTION: (convex.url, key)}, ago=60 * MINUTE) as tonight:
        convex.keys.revoke(key)
        await tonight.at(tonight.slot_at)
        await tonight.ended()
        await tonight.at(tonight.slot_at + MINUTE)
        convex.keys.limit("nightly")
        await tonight.one.ended((await export.begin(tonight.house, PRODUCTION, ADA, OPS, with_files=False)).id)
        await tonight.at(tonight.slot_at + 32 * MINUTE)
        [slot] = await tonight.slots()
        assert (slot.state, slot.attempts) == (SlotState.DONE, 1)
        assert len(await tonight.exports()) == 2


async def test_what_is_not_connected_is_said_to_have_failed_and_asks_nobody(database_url: str, tmp_path: Path) -> None:
    async with night(database_url, tmp_path, {}) as tonight:
        await tonight.at(tonight.slot_at)
        [slot] = await tonight.slots()
        assert slot.state is SlotState.RETRY and "not connected" in slot.problem
        await tonight.at(tonight.slot_at + 31 * MINUTE)
        [slot] = await tonight.slots()
        assert slot.state is SlotState.FAILED
        assert await tonight.exports() == []
