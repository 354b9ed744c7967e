"""What is lastingly wrong with the copies: noticed, reminded of once by any number of processes, called over."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bot.chat.cards import Card
from bot.chat.markdown import to_markdown
from bot.domain.backups import EnvironmentName, Observation
from bot.domain.conditions import GRACE, Condition, Kind
from bot.domain.errors import Refused
from bot.domain.export_schedule import Slot, SlotState
from bot.domain.people import Person, PersonId, Role
from bot.domain.plan import Plan
from bot.domain.snapshot import Verdict
from bot.house import Context, House, Place
from bot.operations import conditions, live
from bot.router import Request, Router, Said
from bot.store import backups, export_slots, observations, posts
from bot.store import conditions as kept
from bot.store.database import Database
from bot.store.posts import Post
from bot.views.actions import SAY
from commands import GROUPS
from tests.routing import PLAN, FakeClock, house
from tests.store.records import backup
from tests.views.test_buttons import presses

PRODUCTION = EnvironmentName("production")
ADA = Person(PersonId("ada"), "Ada Okafor")
CHANNEL, BOTH = "C1", ["dm:ada", "dm:ben"]
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 10, 12, 6, 0, tzinfo=UTC)
BERLIN = "Europe/Berlin"
"""Its clocks are set back on 25 October, in the middle of the month."""


def nightly(plan: Plan = PLAN, *, announce: Mapping[str, str]) -> Plan:
    """Production alone, exported each night at 02:00 in Berlin."""
    scheduled = {"export_at": time(2), "export_zone": BERLIN}
    production = plan.environments[PRODUCTION].model_copy(update=scheduled)
    incidents = plan.incidents.model_copy(update={"announce": announce})
    return plan.model_copy(update={"environments": {PRODUCTION: production}, "incidents": incidents})


def unscheduled(plan: Plan) -> Plan:
    production = plan.environments[PRODUCTION].model_copy(update={"export_at": None})
    return plan.model_copy(update={"environments": {PRODUCTION: production}})


class World:
    """Records as the sweep keeps them, and several processes that look at them."""

    def __init__(self, *databases: Database, announce: Mapping[str, str] | None = None) -> None:
        self.clock = FakeClock(START)
        plan = nightly(announce={"slack": CHANNEL} if announce is None else announce)
        one = house(databases[0], self.clock, ())
        there: Any = object()
        known = replace(one, plan=plan, deployments={PRODUCTION: there}, doors={"slack": there}, hosts={"web": there})
        self.houses: list[House] = [replace(known, database=database) for database in databases]

    @property
    def now(self) -> datetime:
        return self.clock.now()

    async def copied(self, at: datetime) -> None:
        async with self.houses[0].database.write() as db:
            moment = {"stored_at": at, "snapshot_at": at, "snapshot_ns": int(at.timestamp() * 1e9)}
            name = f"production-{at:%Y%m%d-%H%M}"
            await backups.add(db, backup(name, verdict=Verdict.SOUND, verified_at=at, rows=1, **moment))

    async def seen(self, problem: str = "") -> None:
        async with self.houses[0].database.write() as db:
            before = await observations.get(db, PRODUCTION) or Observation(environment=PRODUCTION, tried_at=self.now)
            seen = {"seen_at": before.seen_at if problem else self.now, "tried_at": self.now, "problem": problem}
            await observations.put(db, before.model_copy(update=seen))

    async def slot(self, at: datetime, state: SlotState, attempts: int = 1) -> None:
        async with self.houses[0].database.write() as db:
            found = Slot(PRODUCTION, at, f"02:00 {BERLIN}", state, begun_at=at, attempts=attempts, problem="No key.")
            if not await export_slots.add(db, found):
                [before] = [one for one in await export_slots.recent(db, PRODUCTION) if one.at == at]
                await export_slots.change(db, before, found)

    async def look(self) -> None:
        await asyncio.gather(*(conditions.look(one) for one in self.houses))

    async def until(self, end: datetime, step: timedelta = 5 * MINUTE, problem: str = "") -> None:
        """Let time pass, with a look at the deployment and at all there is after each step."""
        while self.now < end:
            self.clock.pass_by(min(step, end - self.now))
            await self.seen(problem)
            await self.look()

    async def lasting(self) -> list[Condition]:
        async with self.houses[0].database.read() as db:
            return await kept.lasting(db)

    async def said(self) -> list[Post]:
        """Every post, in order."""
        async with self.houses[0].database.read() as db:
            every = [await posts.of(db, conditions.KIND, subject) for subject in await self._subjects(db)]
        return sorted((post for found in every for post in found), key=lambda post: post.id)

    async def _subjects(self, db: Any) -> list[str]:
        found = await db.exec_driver_sql("SELECT DISTINCT subject FROM posts WHERE kind = 'condition'")
        return [row[0] for row in found]

    async def titles(self) -> list[str]:
        return [(await live.draw(self.houses[0], post.kind, post.subject)).title for post in await self.said()]


@pytest.fixture
async def world(database: Database, database_url: str) -> AsyncIterator[World]:
    other = Database.open(database_url)
    found = World(database, other)
    await found.copied(START - 4 * HOUR)
    await found.seen()
    yield found
    await other.close()


def told(said: list[Post], kind: Kind) -> list[tuple[str, str, datetime]]:
    """Round, channel and moment of what was said about a kind."""
    mine = [post for post in said if f"-{kind}-" in post.subject]
    return [(post.subject.partition("/")[2], post.channel, post.created_at) for post in mine]


@pytest.mark.soak
async def test_over_a_month_everything_is_said_once_whoever_looks(world: World) -> None:
    nights = [datetime(2026, 10, 13 + day, 0, 0, tzinfo=UTC) for day in range(13)]
    nights += [datetime(2026, 10, 25 + day, 1, 0, tzinfo=UTC) for day in range(1, 6)]
    failing = range(5, 8)
    for number, night in enumerate(nights):
        if number == 10:
            # Nobody looks for two days and a half: the newest of three is made up for.
            world.clock.pass_by(night + 2 * DAY + 9 * HOUR - world.now)
            for missed in range(2):
                await world.slot(night + missed * DAY, SlotState.MISSED)
            await world.look()
            await world.copied(world.now + MINUTE)
            await world.slot(night + 2 * DAY, SlotState.DONE)
        if number in (10, 11, 12):
            continue
        if number == 3:
            # A blip, and then two days out of sight.
            await world.until(night - 4 * HOUR, 2 * HOUR)
            await world.until(night - 4 * HOUR + 30 * MINUTE, problem="Convex did not answer.")
        out = "Convex did not answer." if number in (15, 16) else ""
        await world.until(night, 2 * HOUR, problem=out)
        if number in failing:
            await world.until(night + 3 * MINUTE, MINUTE)
            await world.slot(night, SlotState.RETRY)
            await world.until(night + 33 * MINUTE, 3 * MINUTE)
            await world.slot(night, SlotState.BEGUN, 2)
            await world.until(night + 36 * MINUTE, MINUTE)
            await world.slot(night, SlotState.FAILED, 2)
        else:
            await world.until(night + 4 * MINUTE, MINUTE, problem=out)
            await world.copied(night)
            await world.slot(night, SlotState.DONE)
        await world.until(night + 3 * HOUR, 15 * MINUTE, problem=out)
    await world.until(nights[-1] + DAY - HOUR, 2 * HOUR)

    said = await world.said()
    assert max(Counter((post.subject, post.platform, post.channel) for post in said).values()) == 1
    assert await world.lasting() == []

    lost = nights[5]
    schedule = told(said, Kind.SCHEDULE)
    assert [(number, channel) for number, channel, _ in schedule] == [
        *(("1", CHANNEL), ("2", CHANNEL)),
        *((number, channel) for number in ("3", "4") for channel in (CHANNEL, *BOTH)),
        *(("over", channel) for channel in (CHANNEL, *BOTH)),
    ]
    assert schedule[0][2] - lost <= 12 * MINUTE, "the first failure, and that it is tried again"
    assert schedule[1][2] - lost <= 51 * MINUTE, "and that the second try failed too"
    assert timedelta() <= schedule[-1][2] - nights[8] <= 20 * MINUTE

    copies = told(said, Kind.NO_FRESH_COPY)
    assert [number for number, channel, _ in copies if channel == CHANNEL] == ["1", "2", "3", "over"]
    assert 90 * MINUTE <= copies[0][2] - lost <= 110 * MINUTE

    sight = told(said, Kind.UNSEEN)
    assert {number for number, _, _ in sight} == {"1", "2", "over"}
    assert Counter(channel for _, channel, _ in sight) == {CHANNEL: 3, **dict.fromkeys(BOTH, 2)}
    assert len(said) == len(schedule) + len(copies) + len(sight), "the blip and the pause told nobody"


async def test_it_is_told_when_it_opens_daily_while_it_lasts_and_when_it_is_over(world: World) -> None:
    await world.until(START + 20 * HOUR, HOUR)
    await world.until(START + 21 * HOUR + 25 * MINUTE)
    [condition] = await world.lasting()
    assert (condition.kind, condition.since) == (Kind.NO_FRESH_COPY, START + 20 * HOUR)
    assert await world.said() == [], "within the slack that a schedule has"
    await world.until(START + 3 * DAY, 30 * MINUTE)
    rounds = [post.subject.partition("/")[2] for post in await world.said() if post.channel == CHANNEL]
    assert rounds == ["1", "2", "3"]
    card = await live.draw(world.houses[0], conditions.KIND, f"{condition.id}/3")
    assert "**Since** 2026-10-13 02:00" in to_markdown(card) and "Reminder 3" in to_markdown(card)
    assert presses(card) == [
        SAY("/backup export production"),
        SAY("/backup status production"),
        SAY("/backup mute production no-fresh-copy"),
    ]
    await world.copied(world.now)
    await world.until(world.now + 5 * MINUTE)
    assert (await world.titles())[-1] == "Production has a fresh verified copy again"
    over = to_markdown(await live.draw(world.houses[0], conditions.KIND, f"{condition.id}/over"))
    assert "It lasted **2 d 4 h**" in over
    card = await live.draw(world.houses[0], conditions.KIND, f"{condition.id}/3")
    assert "It is over" in to_markdown(card) and presses(card) == []


async def test_the_last_reminder_is_redrawn_when_it_is_over(world: World) -> None:
    await world.until(START + 23 * HOUR, 30 * MINUTE)
    [reminder] = await world.said()
    await world.copied(world.now)
    await world.until(world.now + 5 * MINUTE)
    redrawn = [post for post in await world.said() if post.id == reminder.id]
    assert redrawn[0].wanted_version == 2


async def test_without_an_announcement_channel_the_operators_hear_of_it_at_once(database: Database) -> None:
    world = World(database, announce={})
    await world.until(START + 95 * MINUTE)
    assert [(post.platform, post.channel) for post in await world.said()] == [("web", "dm:ada"), ("web", "dm:ben")]


async def test_an_operator_is_written_to_on_one_platform_that_the_plan_knows_them_on(database: Database) -> None:
    world = World(database, announce={})
    plan = world.houses[0].plan
    ada = plan.people[PersonId("ada")].model_copy(update={"slack": "U024BE7LH", "discord": "80351110224678912"})
    people = {**plan.people, PersonId("ada"): ada}
    door: Any = object()
    changed: dict[str, Any] = {
        "plan": plan.model_copy(update={"people": people}),
        "doors": {"slack": door, "discord": door},
    }
    world.houses = [replace(world.houses[0], **changed)]
    await world.until(START + 95 * MINUTE)
    assert [(post.platform, post.channel) for post in await world.said()] == [("slack", "dm:ada"), ("web", "dm:ben")]


async def test_a_channel_of_a_platform_that_is_not_connected_is_as_good_as_none(database: Database) -> None:
    world = World(database)
    world.houses = [replace(world.houses[0], doors={})]
    await world.until(START + 95 * MINUTE)
    assert [(post.platform, post.channel) for post in await world.said()] == [("web", "dm:ada"), ("web", "dm:ben")]


async def test_while_no_platform_is_open_yet_no_reminder_is_spent(database: Database) -> None:
    world = World(database)
    opened = world.houses
    world.houses = [replace(world.houses[0], doors={}, hosts={})]
    await world.until(START + 2 * HOUR)
    assert await world.said() == [] and [one.round for one in await world.lasting()] == [0]
    world.houses = opened
    await world.look()
    assert [post.channel for post in await world.said()] == [CHANNEL]


async def test_where_nothing_is_scheduled_any_more_no_planned_export_is_missing(world: World) -> None:
    await world.slot(START - HOUR, SlotState.FAILED, 2)
    await world.until(START + 10 * MINUTE)
    assert [one.kind for one in await world.lasting()] == [Kind.SCHEDULE]
    world.houses = [replace(one, plan=unscheduled(one.plan)) for one in world.houses]
    await world.look()
    assert await world.lasting() == []


async def test_the_status_shows_the_schedule_and_since_when_something_lasts(sqlite: Database) -> None:
    world = World(sqlite)
    await world.copied(START - 4 * HOUR)
    await world.slot(START - 4 * HOUR, SlotState.DONE)
    await world.until(START + 22 * HOUR, HOUR)
    shown = await _status(world)
    assert "**Exports:** daily at 02:00 Europe/Berlin; next 2026-10-14 00:00 UTC" in shown
    assert "last 2026-10-12 02:00 UTC: it left a copy" in shown
    assert "**Lasting:** no fresh verified copy, since 2026-10-13 02:00 UTC." in shown


async def test_the_status_shows_nothing_as_lasting_that_is_over_though_no_sweep_came_since(sqlite: Database) -> None:
    world = World(sqlite)
    await world.copied(START - 4 * HOUR)
    await world.until(START + 22 * HOUR, HOUR)
    await world.copied(world.now)
    assert "Lasting" not in await _status(world) and await world.lasting()


async def test_the_status_calls_nothing_lasting_that_the_first_look_found(sqlite: Database) -> None:
    world = World(sqlite)
    await world.look()
    assert "Lasting" not in await _status(world) and await world.lasting()
    world.clock.pass_by(GRACE)
    assert "Lasting" in await _status(world)


async def _status(world: World) -> str:
    place, by = Place("slack", CHANNEL), Person(PersonId("ada"), "Ada Okafor")
    page: Any = SimpleNamespace(url="http://127.0.0.1:9")
    here = replace(world.houses[0], status_page=page)
    status: Any = GROUPS[0].commands["status"].handler
    return to_markdown(await status(Context(here, by, place, world.now)))


async def test_what_the_plan_no_longer_has_is_not_reminded_of_for_ever(world: World) -> None:
    await world.until(START + 23 * HOUR, 30 * MINUTE)
    gone = world.houses[0].plan.model_copy(update={"environments": {}})
    world.houses = [replace(one, plan=gone) for one in world.houses]
    await world.look()
    assert await world.lasting() == []
    assert (await world.titles())[-1] == "The plan has no production any more: Lifeboat no longer watches it."


async def test_reminders_are_muted_for_some_days_with_a_reason_and_come_back_by_themselves(world: World) -> None:
    await world.until(START + 23 * HOUR, HOUR)
    [condition] = await world.lasting()
    assert condition.round == 1
    await conditions.mute(world.houses[0], PRODUCTION, Kind.NO_FRESH_COPY, 3, "We move. ", ADA)
    [reminder] = await world.said()
    assert reminder.wanted_version == 2, "the reminder says so where it stands"
    card = await live.draw(world.houses[0], conditions.KIND, f"{condition.id}/1")
    assert "**Muted** until 2026-10-16 05:00 UTC by Ada Okafor: We move" in to_markdown(card)
    assert presses(card)[-1] == SAY("/backup mute production no-fresh-copy --days 0 --reason 'to hear of it again'")
    await world.until(START + 23 * HOUR + 3 * DAY - HOUR, 6 * HOUR)
    assert len(await world.said()) == 1
    await world.until(START + 23 * HOUR + 3 * DAY + HOUR, HOUR)
    assert (await world.lasting())[0].round == 2


async def test_muted_or_not_people_hear_that_it_is_over_and_of_the_next_time(world: World) -> None:
    await world.until(START + 23 * HOUR, HOUR)
    await conditions.mute(world.houses[0], PRODUCTION, Kind.NO_FRESH_COPY, 14, "We move", ADA)
    await world.copied(world.now)
    await world.until(world.now + 5 * MINUTE)
    assert (await world.titles())[-1] == "Production has a fresh verified copy again"
    await world.until(world.now + 27 * HOUR, HOUR)
    [again] = await world.lasting()
    assert (again.muted_until, again.round) == (None, 1)


async def test_nothing_is_muted_for_too_long_or_where_nothing_is_wrong(sqlite: Database) -> None:
    world = World(sqlite)
    await world.until(START + 95 * MINUTE)
    for days, kind, why in (
        (15, Kind.NO_FRESH_COPY, "14 days at most"),
        (-1, Kind.NO_FRESH_COPY, "14 days at most"),
        (3, Kind.UNSEEN, "Nothing of that kind is wrong with production"),
    ):
        with pytest.raises(Refused, match=why):
            await conditions.mute(world.houses[0], PRODUCTION, kind, days, "We move", ADA)


async def test_it_is_muted_by_what_somebody_says_shown_in_the_status_and_heard_of_again(sqlite: Database) -> None:
    world = World(sqlite)
    await world.until(START + 95 * MINUTE)
    page: Any = SimpleNamespace(url="http://127.0.0.1:9")
    router = Router(replace(world.houses[0], status_page=page), GROUPS)
    operator = Person(ADA.id, ADA.name, frozenset({Role.OPERATOR}))

    async def say(line: str, by: Person = operator) -> str:
        reply = await router.handle(Request(f"{by.id}:{line}", by, Place("slack", CHANNEL), Said(line)))
        assert isinstance(reply.shown, Card)
        return to_markdown(reply.shown)

    mute = "/backup mute production no-fresh-copy --days"
    assert "needs the role operator" in await say(f"{mute} 3 --reason moving", Person(PersonId("eve"), "Eve"))
    assert "Its reminders are muted" in await say(f"{mute} 3 --reason moving")
    assert "**Muted** until 2026-10-15" in await say("/backup status production")
    assert "You hear of it again" in await say(f"{mute} 0 --reason moved")
    assert "Muted" not in await say("/backup status  production")
