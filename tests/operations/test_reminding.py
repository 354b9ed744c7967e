"""Reminders of the quarterly tests: real databases, simulated time."""

import asyncio
import random
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.chat.cards import Card
from bot.chat.markdown import to_markdown
from bot.domain.calendar import Standing
from bot.domain.drill_events import DrillCancelled, DrillConcluded, Practice, Result
from bot.domain.errors import Refused
from bot.domain.incident_events import Closed, FollowUpAdded
from bot.domain.people import LIFEBOAT, Person, PersonId, Role
from bot.domain.plan import Plan
from bot.domain.plan_incidents import IncidentPlan
from bot.house import House, Place
from bot.operations import doctor, drills, reminding
from bot.operations import incidents as acting
from bot.store import calendar, posts, tables
from bot.store.calendar import Told as Said
from bot.store.database import Database
from tests.databases import postgresql_database, sqlite_database
from tests.marks import first_with
from tests.operations.home import PRODUCTION, STAGING
from tests.operations.reminded_child import LAST, looked_at
from tests.routing import FakeClock
from tests.two_years import STANDS, ZONES, Told, house_of, plan_in, two_years

ADA = Person(PersonId("ada"), "Ada Okafor", frozenset({Role.RESPONDER, Role.OPERATOR}))
ROOT = Path(__file__).resolve().parents[2]
DAY = timedelta(days=1)
DUE = datetime(2026, 3, 15, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(DUE - 14 * DAY - timedelta(hours=9))


@pytest.fixture
async def house(database: Database, clock: FakeClock) -> House:
    """A house on either database, with a paper that everybody reads; it has looked once, two weeks before the test."""
    one = house_of(database, clock, plan_in("UTC"))
    await reminding.look(one)
    return one


async def said(house: House) -> list[Said]:
    async with house.database.read() as db:
        return await calendar.every(db)


async def looks(house: House, at: datetime) -> list[str]:
    """Whom a look at a moment reminded, and of what."""
    clock: Any = house.clock
    before = {one.key for one in await said(house)}
    clock.pass_by(at - clock.now())
    await reminding.look(house)
    return [one.key for one in await said(house) if one.key not in before]


async def places(house: House, key: str) -> set[tuple[str, str]]:
    async with house.database.read() as db:
        return {(one.platform, one.channel) for one in await posts.of(db, reminding.KIND, key)}


async def drawn(house: House, key: str) -> str:
    card = await reminding.drawn(house, key)
    assert card is not None
    return to_markdown(card)


async def hold(house: House, occasion: str, result: Result = Result.PASS, *, left: str = "") -> None:
    """Begin and conclude the test of an occasion."""
    practice = Practice(occasion=occasion, source=PRODUCTION, target=STAGING)
    drill, _ = await drills.begin(house, ADA, Place("paper", "all-hands"), practice, f"Backup test {occasion}")
    bodies = [FollowUpAdded(key="1", text=left, owner=ADA.id, due_at=None)] if left else []
    concluded = DrillConcluded(result=result, proved=not left, notes="Messages were missing")
    await acting.act(house, drill.id, LIFEBOAT, lambda _: (concluded, *bodies, Closed()))


# --- over the years --------------------------------------------------------------------------------------------------


def owes_nothing(told: Told) -> None:
    assert told.due, "otherwise this proves nothing"
    assert (told.missing, told.doubled, told.unasked) == (set(), set(), set())


async def test_every_reminder_of_a_year_is_said_once_whoever_was_down_when(tmp_path: Path) -> None:
    url, until = sqlite_database(tmp_path), datetime(2026, 12, 20, tzinfo=UTC)
    told = await two_years([url, url], ZONES[0], every_minute=False, until=until)
    owes_nothing(told)
    assert told.late >= told.away > 0, "some came due while nobody looked"
    shown = {key: told.stands[key] for key in STANDS if key.startswith("2026")}
    assert shown == {key: STANDS[key] for key in shown}


async def test_two_processes_on_one_postgresql_remind_once(postgresql: str) -> None:
    until = datetime(2026, 7, 10, tzinfo=UTC)
    async with postgresql_database(postgresql) as url:
        owes_nothing(await two_years([url] * 2, ZONES[2], every_minute=False, until=until))


@pytest.mark.soak
@pytest.mark.parametrize("zone", ZONES)
async def test_two_years_in_every_zone(tmp_path: Path, zone: str) -> None:
    told = await two_years([sqlite_database(tmp_path)] * 2, zone)
    owes_nothing(told)
    assert {key: told.stands[key] for key in STANDS} == STANDS


@pytest.mark.soak
async def test_two_years_on_postgresql(postgresql: str) -> None:
    async with postgresql_database(postgresql) as url:
        owes_nothing(await two_years([url] * 2, ZONES[1]))


# --- one reminder ----------------------------------------------------------------------------------------------------


async def test_many_who_look_at_once_remind_once(house: House, clock: FakeClock) -> None:
    clock.pass_by(DUE + 3 * DAY - clock.now())
    await asyncio.gather(*(reminding.look(house) for _ in range(8)))
    assert [one.key.rpartition(":")[2] for one in await said(house)] == ["ada", "ben", "everybody"]


@first_with("database_url", "postgresql", "sqlite")
async def test_processes_that_are_killed_at_any_moment_remind_of_everything_once(
    database: Database, database_url: str
) -> None:
    chance, killed = random.Random(7), 0
    children = [await _child(database_url) for _ in range(2)]
    while await looked_at(database) < LAST:
        await asyncio.sleep(chance.uniform(0.02, 0.3))
        oldest = children.pop(0)
        if oldest.returncode is None:
            oldest.kill()
            killed += 1
        await oldest.communicate()
        children.append(await _child(database_url))
    for child in children:
        await child.communicate()
    assert killed >= 2, "otherwise this proves nothing"
    whom = {n: ("ada", "ben", "everybody") if n >= 3 else ("ada",) for n in (-14, -7, -1, *range(14))}
    house = house_of(database, FakeClock(LAST), plan_in("UTC"))
    told = await said(house)
    assert {one.key for one in told} == {
        f"2026-Q1:2026-03-15:{n:+d}:{person}" for n, people in whom.items() for person in people
    }
    for one in told:
        assert len(await places(house, one.key)) == 1
    async with database.read() as db:
        assert await db.scalar(sa.select(sa.func.count()).select_from(tables.posts)) == len(told)


async def _child(url: str) -> Process:
    """A process that has looked once, or found nothing left to look at."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.operations.reminded_child", url),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert child.stdout is not None
    async with asyncio.timeout(30):
        await child.stdout.readline()
    return child


async def test_a_reminder_that_was_slept_through_says_so(house: House) -> None:
    [key] = await looks(house, DUE + timedelta(hours=2, minutes=12))
    assert await places(house, key) == {("paper", "dm:ada")}
    words = await drawn(house, key)
    assert "The backup test 2026-Q1 is today" in words
    assert "was due 2026-03-15 09:00 UTC, and was sent 2026-03-15 11:12 UTC because Lifeboat was not running" in words


async def test_a_reminder_that_was_sent_in_time_says_nothing_of_being_late(house: House) -> None:
    [key] = await looks(house, DUE + timedelta(minutes=1))
    assert "was sent" not in await drawn(house, key)


async def test_who_becomes_responsible_later_is_reminded_and_not_told_that_nobody_was_there(house: House) -> None:
    await looks(house, DUE + timedelta(minutes=1))
    await looks(house, DUE + timedelta(hours=5))
    lead = house.plan.roles[house.plan.drill.responsible]
    roles = {**house.plan.roles, house.plan.drill.responsible: lead.model_copy(update={"people": ("chloe",)})}
    other = replace(house, plan=house.plan.model_copy(update={"roles": roles}))
    [key] = await looks(other, DUE + timedelta(hours=6))
    words = await drawn(other, key)
    assert key.endswith(":chloe")
    assert "was sent" not in words


async def test_a_test_that_is_cancelled_is_overdue_again_at_once(house: House) -> None:
    await looks(house, DUE + DAY)
    practice = Practice(occasion="2026-Q1", source=PRODUCTION, target=STAGING)
    drill, _ = await drills.begin(house, ADA, Place("paper", "all-hands"), practice, "Backup test 2026-Q1")
    assert await looks(house, DUE + 2 * DAY) == [], "it runs"
    await acting.act(house, drill.id, LIFEBOAT, lambda _: (DrillCancelled(reason="Ada is called away"), Closed()))
    [key] = await looks(house, DUE + 2 * DAY + timedelta(hours=3))
    words = await drawn(house, key)
    assert "is overdue since 15 March" in words
    assert "was sent" not in words, "Lifeboat was running all the time"


async def test_a_reminder_says_how_the_last_test_went_and_what_it_left_to_be_done(house: House) -> None:
    await looks(house, DUE)
    await hold(house, "2026-Q1", Result.PARTIAL, left="Say how messages are counted")
    [key] = await looks(house, datetime(2026, 6, 14, 9, tzinfo=UTC))
    words = await drawn(house, key)
    assert "partial, 2026-03-15 09:00 UTC: Messages were missing" in words
    assert "Say how messages are counted" in words


async def test_a_reminder_that_was_kept_waiting_says_so_when_the_test_was_held_meanwhile(house: House) -> None:
    [key] = await looks(house, DUE)
    await hold(house, "2026-Q1")
    assert "The backup test 2026-Q1 was held: pass" in await drawn(house, key)
    assert await looks(house, DUE + DAY) == []


async def test_a_test_in_between_is_none_of_the_year(house: House) -> None:
    await hold(house, "")
    assert len(await looks(house, DUE)) == 1
    await hold(house, "2026-Q1")
    found = {one.key: one.standing for one in (await reminding.year(house)).occasions}
    assert found["2026-Q1"] is Standing.HELD


# --- whom ------------------------------------------------------------------------------------------------------------


def with_plan(house: House, people: Sequence[str], announce: dict[str, str]) -> House:
    """The house, with others responsible, and other channels in which everybody reads."""
    plan: Plan = house.plan
    role = plan.roles[plan.drill.responsible].model_copy(update={"people": tuple(people)})
    deputy = plan.roles[plan.drill.deputy].model_copy(update={"people": ()})
    roles = {**plan.roles, plan.drill.deputy: deputy, plan.drill.responsible: role}
    incidents = IncidentPlan.model_validate({"announce": announce})
    return replace(house, plan=plan.model_copy(update={"roles": roles, "incidents": incidents}))


async def test_a_role_that_nobody_holds_is_called_where_everybody_reads(house: House) -> None:
    nobody = with_plan(house, (), {"paper": "all-hands"})
    [key] = await looks(nobody, DUE - 7 * DAY)
    assert await places(house, key) == {("paper", "all-hands")}
    assert "Lead Developer" in await drawn(nobody, key)


async def test_who_has_no_account_where_the_team_talks_is_called_there_and_written_to_in_the_console(
    house: House,
) -> None:
    talking: Any = {"slack": object()}
    elsewhere = replace(with_plan(house, ("ada",), {"slack": "C1"}), doors=talking, hosts={**house.hosts, **talking})
    keys = await looks(elsewhere, DUE - 7 * DAY)
    assert [await places(house, key) for key in keys] == [{("paper", "dm:ada")}, {("slack", "C1")}]


async def test_where_nobody_can_be_reminded_no_reminder_is_spent_and_it_is_said_what_to_set(house: House) -> None:
    silent = replace(with_plan(house, (), {}), hosts={})
    assert await looks(silent, DUE - DAY) == []
    assert "Run the bot with Slack, Discord or the web console" in reminding.unheard(silent)
    unnamed = with_plan(house, (), {})
    assert "Give the Lead Developer an account" in reminding.unheard(unnamed)
    assert reminding.unheard(house) == ""
    assert len(await looks(house, DUE - DAY + timedelta(minutes=1))) == 1, "it was not spent before"


async def test_the_examination_says_when_nobody_can_be_reminded(house: House) -> None:
    async def found(one: House) -> str:
        return next(f"{it.finding}: {it.found} {it.mend}" for it in await doctor.examine(one) if it.what == "Reminders")

    silent = with_plan(house, (), {})
    assert "warning: Nobody can be reminded" in await found(_examined(silent))
    assert "ok: The Lead Developer is reminded" in await found(_examined(house))


def _examined(house: House) -> House:
    absent: Any = _Refusing()
    return replace(house, vault=absent, status_page=absent, deployments={})


class _Refusing:
    url = "https://status.example.org"

    async def _refuse(self) -> Any:
        raise Refused("Not here.")

    check = status = _refuse


# --- putting off -----------------------------------------------------------------------------------------------------


async def test_a_test_is_put_off_as_often_as_the_plan_allows(house: House) -> None:
    for days in (5, 5):
        due_at = reminding.meant((await reminding.year(house)).occasions, None).due_at
        moved = await reminding.postpone(house, (due_at + days * DAY).date(), "Ada is away", ADA)
    assert (moved.due_at.day, moved.planned_at.day, moved.standing) == (25, 15, Standing.COMING)
    with pytest.raises(Refused, match="2 times"):
        await reminding.postpone(house, (moved.due_at + DAY).date(), "Again", ADA)
    async with house.database.read() as db:
        assert [one.reason for one in await calendar.postponed(db)] == ["Ada is away"] * 2
    told = await looks(house, DUE) + await looks(house, moved.due_at)
    assert [key.split(":")[1:3] for key in told] == [["2026-03-25", "-14"], ["2026-03-25", "+0"]]
    assert "postponed from 15 March by Ada Okafor: Ada is away" in await drawn(house, told[-1])


async def test_of_two_who_put_it_off_at_once_to_the_same_day_one_does(house: House) -> None:
    asked = [reminding.postpone(house, (DUE + 5 * DAY).date(), "Ada is away", ADA) for _ in range(2)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == ["Occasion", "Refused"]
    async with house.database.read() as db:
        assert len(await calendar.postponed(db)) == 1


# --- the calendar ----------------------------------------------------------------------------------------------------


async def test_the_calendar_is_given_to_whoever_knows_its_present_secret_alone(house: House) -> None:
    async with house.database.read() as db:
        first = await calendar.secret(db)
    assert len(first) >= 32
    assert b"BEGIN:VCALENDAR" in (await reminding.published(house, first) or b"")
    for wrong in ("", first[:-1], first + "x", "café"):
        assert await reminding.published(house, wrong) is None
    async with house.database.write() as db:
        second = await calendar.renew(db)
    assert await reminding.published(house, first) is None
    assert await reminding.published(house, second) is not None


async def test_since_when_tests_count_is_decided_once_over_all_processes(database: Database, clock: FakeClock) -> None:
    async with database.write() as db:
        await calendar.begin(db, clock.now())
        await calendar.begin(db, clock.now() + DAY)
    async with database.read() as db:
        assert await calendar.since(db) == clock.now()


async def test_what_is_not_recorded_any_more_is_no_card(house: House) -> None:
    gone: Card | None = await reminding.drawn(house, "2026-Q1:2026-03-15:+0:nobody")
    assert gone is None
