"""Reminders of the quarterly tests: real databases, simulated time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.chat.markdown import to_markdown
from bot.domain.calendar import Standing
from bot.domain.errors import Refused
from bot.domain.people import Person, PersonId, Role
from bot.operations import reminding
from bot.store import calendar, posts
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.databases import postgresql_database, sqlite_database
from tests.routing import FakeClock
from tests.two_years import ZONES, Told, house_of, plan_in, two_years

ADA = Person(PersonId("ada"), "Ada Okafor", frozenset({Role.RESPONDER, Role.OPERATOR}))


def owes_nothing(told: Told) -> None:
    assert told.due, "otherwise this proves nothing"
    assert (told.missing, told.doubled, told.unasked) == (set(), set(), set())


async def test_every_reminder_of_a_year_is_said_once_whoever_was_down_when(tmp_path: Path) -> None:
    url, until = sqlite_database(tmp_path), datetime(2026, 12, 1, tzinfo=UTC)
    told = await two_years([url, url], ZONES[0], every_minute=False, until=until)
    owes_nothing(told)
    assert told.late == told.away > 0, "some came due while nobody was there"


async def test_two_processes_on_one_postgresql_remind_once(postgresql: str) -> None:
    until = datetime(2026, 4, 10, tzinfo=UTC)
    async with postgresql_database(postgresql) as url:
        owes_nothing(await two_years([url] * 2, ZONES[2], every_minute=False, until=until))


@pytest.mark.soak
@pytest.mark.parametrize("zone", ZONES)
async def test_two_years_in_every_zone(tmp_path: Path, zone: str) -> None:
    owes_nothing(await two_years([sqlite_database(tmp_path)] * 2, zone))


@pytest.mark.soak
async def test_two_years_on_postgresql(postgresql: str) -> None:
    async with postgresql_database(postgresql) as url:
        owes_nothing(await two_years([url] * 2, ZONES[1]))


async def test_a_reminder_that_was_slept_through_says_so(tmp_path: Path) -> None:
    database = Database.open(sqlite_database(tmp_path))
    try:
        await migrate(database)
        clock = FakeClock(datetime(2026, 3, 1, tzinfo=UTC))
        house = house_of(database, clock, plan_in("UTC"))
        await reminding.look(house)
        clock.pass_by(datetime(2026, 3, 15, 11, 12, tzinfo=UTC) - clock.now())
        await reminding.look(house)
        async with database.read() as db:
            (key,) = [one.key for one in await calendar.every(db) if ":+0:" in one.key]
            (post,) = await posts.of(db, reminding.KIND, key)
        assert (post.platform, post.channel) == ("paper", "dm:ada")
        card = await reminding.drawn(house, key)
        assert card is not None
        assert "is today" in card.title
        assert "was due 2026-03-15 09:00 UTC, and was sent 2026-03-15 11:12 UTC" in to_markdown(card)
        assert "because Lifeboat was not running" in to_markdown(card)
    finally:
        await database.close()


async def test_a_test_is_put_off_once_however_often_it_is_pressed_and_the_third_time_is_refused(tmp_path: Path) -> None:
    database = Database.open(sqlite_database(tmp_path))
    try:
        await migrate(database)
        clock = FakeClock(datetime(2026, 3, 1, tzinfo=UTC))
        house = house_of(database, clock, plan_in("UTC"))
        await reminding.year(house)
        for days in (5, 5):
            due_at = reminding.meant((await reminding.year(house)).occasions, None).due_at
            moved = await reminding.postpone(house, (due_at + timedelta(days=days)).date(), "Ada is away", ADA)
        assert (moved.due_at.day, moved.planned_at.day, moved.standing) == (25, 15, Standing.COMING)
        with pytest.raises(Refused, match="2 times"):
            await reminding.postpone(house, (moved.due_at + timedelta(days=1)).date(), "Again", ADA)
        async with database.read() as db:
            assert [one.reason for one in await calendar.postponed(db)] == ["Ada is away"] * 2
    finally:
        await database.close()
