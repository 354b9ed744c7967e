"""What people say about the dates of the tests, over the whole way from a line to a card."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import vobject  # type: ignore[import-untyped] # it tells no types
from aiohttp import ClientSession

from bot.chat.markdown import to_markdown
from bot.domain.people import Person, PersonId, Role
from bot.house import House, Place
from bot.operations import reminding
from bot.operations.files import fetch
from bot.router import Reply, Request, Router, Said
from bot.server import Server
from commands import GROUPS
from tests.routing import FakeClock, routing

OPERATOR = Person(PersonId("ada"), "Ada Okafor", frozenset({Role.RESPONDER, Role.OPERATOR}))
RESPONDER = frozenset({Role.RESPONDER})
EVE = Person(PersonId("eve"), "Eve", RESPONDER)
HERE = Place("paper", "backups")
DUE = datetime(2026, 9, 15, 9, tzinfo=UTC)
DAY = timedelta(days=1)


class Desk:
    """A router, and a clock that stands two weeks before the test of the third quarter."""

    def __init__(self, router: Router, clock: FakeClock) -> None:
        self.house, self.router, self.clock = router.house, router, clock
        self._number = 0

    async def ask(self, line: str, as_: Person = OPERATOR) -> Reply:
        self._number += 1
        return await self.router.handle(Request(f"paper:{self._number}", as_, HERE, Said(line)))

    async def say(self, line: str, as_: Person = OPERATOR) -> str:
        """The answer's words, with its footer."""
        shown = (await self.ask(line, as_)).shown
        assert shown is not None and shown.kind == "card"
        return to_markdown(shown)

    def at(self, moment: datetime) -> None:
        self.clock.pass_by(moment - self.clock.now())


class Elsewhere:
    """What is known by its name alone."""

    url = "https://status.example.org"

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked of a service that is not there")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FakeClock(DUE - 13 * DAY)
    async with routing(tmp_path, *GROUPS, clock=clock) as bare:
        page, paper = Elsewhere(), Elsewhere()
        address = "https://lifeboat.example.org/"
        house = replace(bare.house, public_url=address, hosts={"paper": paper}, status_page=page)
        await reminding.look(house)
        yield Desk(Router(house, bare.groups), clock)


async def test_the_year_is_shown_with_how_each_test_stands(desk: Desk) -> None:
    words = await desk.say("/drill schedule", EVE)
    assert "The next test is 2026-Q3, in 13 d. Lead Developer holds it." in words
    assert "2026-Q4" in words and "2026-Q2" not in words, "of which Lifeboat knows nothing"
    desk.at(DUE + 4 * DAY)
    assert "The test 2026-Q3 is overdue since 15 September 2026 (4 d)." in await desk.say("/drill schedule")


async def test_a_missed_test_stays_in_sight_in_every_later_year(desk: Desk) -> None:
    desk.at(DUE + 480 * DAY)
    for line in ("/drill schedule", "/drill schedule 2031"):
        assert "2026-Q3, 2026-Q4, 2027-Q1" in await desk.say(line)


async def test_home_and_status_say_which_test_is_owed(desk: Desk) -> None:
    assert "overdue" not in await desk.say("/lifeboat home")
    assert "Quarterly test" not in await desk.say("/backup status")
    desk.at(DUE + 4 * DAY)
    assert "2026-Q3 is overdue since" in await desk.say("/lifeboat home")
    assert "Quarterly test: 2026-Q3 is overdue since 15 September." in await desk.say("/backup status")
    desk.at(DUE + 95 * DAY)
    assert "missed: 2026-Q3" in await desk.say("/lifeboat home")
    assert "2026-Q3 was missed" in await desk.say("/backup status")


async def test_who_is_responsible_their_deputy_and_operators_put_a_test_off_and_nobody_else(desk: Desk) -> None:
    drill = desk.house.plan.drill
    deputy = Person(desk.house.plan.holders(drill.deputy)[0].id, "Ben", RESPONDER)
    assert "Only who is responsible" in await desk.say("/drill postpone 3 --reason ill", EVE)
    assert "2026-Q3 is postponed" in await desk.say("/drill postpone 3 --reason ill", deputy)
    assert "2026-09-20 09:00" in await desk.say("/drill postpone 2026-09-20 --reason away", OPERATOR)
    assert "2 times, which is all that the plan allows" in await desk.say("/drill postpone 3 --reason away")
    assert "postponed from 15 September by Ada Okafor: away" in await desk.say("/drill schedule")


@pytest.mark.parametrize("said", ["yesterday", "99999999999", "2026-02-30", "9999-12-31", "0001-01-01", "0", "٣٠"])
async def test_a_day_that_cannot_be_is_refused_in_words(desk: Desk, said: str) -> None:
    words = await desk.say(f"/drill postpone {said} --reason away")
    assert "Nothing was changed." in words


async def test_the_calendar_is_a_file_and_an_address_for_whoever_asked_alone(desk: Desk) -> None:
    reply = await desk.ask("/drill calendar", EVE)
    assert reply.private
    words = await desk.say("/drill calendar", EVE)
    secret = words.partition("https://lifeboat.example.org/calendar/")[2].partition(".ics")[0]
    published = await reminding.published(desk.house, secret)
    assert published is not None
    assert (await fetch(desk.house, "calendar/tests.ics", EVE)).content == published
    assert "Only an operator" in await desk.say("/drill calendar --renew", EVE)
    assert secret not in await desk.say("/drill calendar --renew")
    assert await reminding.published(desk.house, secret) is None


async def test_a_calendar_program_reads_the_address_until_it_is_renewed(desk: Desk) -> None:
    async def gauges() -> dict[str, float]:
        return {}

    server = Server({}, gauges)
    server.publish_calendar(partial(reminding.published, desk.house))
    served: House = replace(desk.house, public_url=await server.start())
    here = Desk(Router(served, desk.router.groups), desk.clock)
    try:
        url = (await here.say("/drill calendar")).partition("`")[2].partition("`")[0]
        async with ClientSession() as session:
            async with session.get(url) as answer:
                assert (answer.status, answer.headers["Cache-Control"]) == (200, "private, max-age=900")
                tag, first = answer.headers["ETag"], await answer.text()
            async with session.get(url, headers={"If-None-Match": tag}) as answer:
                assert (answer.status, answer.headers["ETag"], await answer.text()) == (304, tag, "")
            await here.say("/drill postpone 5 --reason away")
            async with session.get(url, headers={"If-None-Match": tag}) as answer:
                moved = await answer.text()
                assert answer.status == 200
            assert (sequence(first), sequence(moved)) == (0, 1)
            await here.say("/drill calendar --renew")
            async with session.get(url) as answer:
                assert answer.status == 404
    finally:
        await server.stop()


def sequence(content: str) -> int:
    """The sequence of the test of the third quarter, as a calendar program reads it."""
    events = vobject.readOne(content).vevent_list
    return int(next(one.sequence.value for one in events if one.uid.value.startswith("2026-Q3@")))


async def test_without_an_address_of_its_own_lifeboat_says_what_to_set(desk: Desk) -> None:
    inside: House = replace(desk.house, public_url="")
    assert "LIFEBOAT_PUBLIC_URL" in await Desk(Router(inside, desk.router.groups), desk.clock).say("/drill calendar")
