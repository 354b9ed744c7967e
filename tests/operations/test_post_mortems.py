"""After an incident: the report from the record alone, as card and files, and what is still to be done, as typed."""

import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.adapters.charts import VegaCharts
from bot.chat.cards import Attachment, Button, Buttons, Card, Image, Pick
from bot.chat.markdown import to_markdown
from bot.domain.errors import Outage, Refused
from bot.domain.incidents import Incident
from bot.domain.people import Person, PersonId
from bot.house import House, Neighbours
from bot.operations import incidents as acting
from bot.operations import post_mortems
from bot.operations.files import fetch
from bot.request import Pressed, Reply, Request, Said
from bot.router import Router
from bot.store import incidents
from bot.store.tables import incident_events
from commands import GROUPS
from tests.chat.pages import Page
from tests.operations.test_incidents import ADA, BEN, HERE, begun
from tests.routing import FakeClock, routing

EVE = Person(PersonId("eve"), "Eve")


class Room:
    """A house with an incident, and people who type in its room."""

    def __init__(self, router: Router, clock: FakeClock, incident: Incident) -> None:
        self._router, self._numbers = router, itertools.count()
        self.house, self.clock, self.incident = router.house, clock, incident

    async def say(self, line: str, by: Person = ADA) -> Reply:
        return await self._router.handle(Request(str(next(self._numbers)), by, HERE, Said(line)))

    async def press(self, press: str, by: Person = ADA, picked: str = "") -> Reply:
        return await self._router.handle(Request(str(next(self._numbers)), by, HERE, Pressed(press, picked=picked)))

    async def stands(self) -> Incident:
        async with self.house.database.read() as db:
            found = await incidents.get(db, self.incident.id)
        assert found is not None
        return found


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    clock = FakeClock()
    async with routing(tmp_path, *GROUPS, clock=clock) as router:
        yield Room(router, clock, await begun(router.house))


def card(reply: Reply) -> Card:
    assert isinstance(reply.shown, Card)
    return reply.shown


def shown(reply: Reply) -> str:
    return f"{card(reply).title}\n{to_markdown(card(reply))}"


async def recovered(room: Room) -> None:
    """Every step over that counts, in half an hour."""
    room.clock.pass_by(timedelta(minutes=30))
    for number in range(1, 9):
        assert (await room.say(f"/incident done {number} as planned")).ok


async def test_a_report_is_posted_for_all_with_its_documents_and_no_step_is_recorded_by_it(room: Room) -> None:
    await recovered(room)
    before = await room.stands()
    reply = await room.say("/incident report", EVE)
    assert (reply.ok, reply.private) == (True, False)
    assert card(reply).title == "Recovered in 30 min, within its target: Users are gone"
    assert await room.stands() == before
    for one in card(reply).blocks:
        if isinstance(one, Attachment):
            file = await fetch(room.house, one.file, EVE)
            assert "30 min 00 s" in bytes(file.content).decode()
            assert file.name == one.name


async def test_its_button_finishes_the_step_with_where_the_report_is(room: Room) -> None:
    await recovered(room)
    first = next(one for one in card(await room.say("/incident report")).blocks if isinstance(one, Buttons)).buttons[0]
    assert isinstance(first, Button)
    assert (await room.press(first.press)).ok
    assert "report" in (await room.stands()).steps["post-mortem"].note


async def test_the_page_and_the_card_show_the_timeline_drawn_where_charts_are(room: Room) -> None:
    await recovered(room)
    house = replace(room.house, neighbours=Neighbours(charts=VegaCharts()))
    picture = next(one for one in (await post_mortems.card(house, room.incident.id)).blocks if isinstance(one, Image))
    assert bytes((await fetch(house, picture.file, EVE)).content).startswith(b"\x89PNG")
    file = await fetch(house, f"incident/{room.incident.id}.html", EVE)
    assert file.media_type == "text/html; charset=utf-8"
    assert "<figure><svg" in bytes(file.content).decode()


async def test_without_charts_or_when_they_fail_the_page_says_it_in_words(room: Room) -> None:
    class Failing:
        async def png(self, _: object) -> bytes:
            raise Outage("charts", "no")

        async def svg(self, _: object) -> str:
            raise Outage("charts", "no")

    for near in (Neighbours(), Neighbours(charts=Failing())):
        house: House = replace(room.house, neighbours=near)
        written = await post_mortems.page(house, room.incident.id)
        assert "<svg" not in written
        assert "Timeline of" in Page(written).words


async def test_a_record_that_was_tampered_with_says_so_in_its_report(room: Room) -> None:
    await room.say("/incident note all well")
    async with room.house.database.write() as db:
        words = sa.func.replace(incident_events.c.event, "all well", "all bad")
        await db.execute(sa.update(incident_events).where(incident_events.c.seq == 3).values(event=words))
    assert "broken at event 3" in shown(await room.say("/incident report"))


@pytest.mark.parametrize("key", ["incident/nothing.md", "incident/nothing.html", "incident/nothing.pdf"])
async def test_there_is_no_report_on_an_incident_that_is_not_there(room: Room, key: str) -> None:
    with pytest.raises(Refused, match="There is no"):
        await fetch(room.house, key, EVE)


# --- follow-ups ----------------------------------------------------------------------------------------------------


async def test_a_follow_up_has_an_owner_and_a_date_and_its_owner_is_reminded_until_it_is_done(room: Room) -> None:
    reply = await room.say('/incident follow-up --owner ben --due "in 3 days" Write a test for the migration', EVE)
    assert card(reply).title == "Follow-up 1: Write a test for the migration"
    assert "Ben Lindqvist does it, until 2026-09-04 14:00 UTC" in shown(reply)
    room.clock.pass_by(timedelta(days=3))
    for _ in range(2):
        await acting.remind(room.house, room.incident.id)
    assert (await room.stands()).follow_ups[0].reminded == 1
    assert "1 follow-up is open, 1 late." in shown(await room.say("/incident followed-up"))
    assert "It was the last one." in shown(await room.say("/incident followed-up 1", BEN))
    room.clock.pass_by(timedelta(days=3))
    await acting.remind(room.house, room.incident.id)
    assert (await room.stands()).follow_ups[0].reminded == 1
    assert "No follow-up is open." in shown(await room.say("/incident followed-up"))


async def test_one_of_another_incident_is_picked_from_the_list(room: Room) -> None:
    room.clock.pass_by(timedelta(hours=2))
    other = await begun(room.house, "Posts are gone")
    assert (await room.say(f"/incident follow-up --of {other.id} Ask Convex for their report")).ok
    assert (await room.say(f"/incident follow-up --of {room.incident.id} --due tomorrow Tell users")).ok
    listed = card(await room.say("/incident followed-up"))
    pick = next(one for one in listed.blocks if isinstance(one, Pick))
    assert [one.value for one in pick.choices] == [f"{room.incident.id}/1", f"{other.id}/1"]
    done = await room.press(pick.press, picked=f"{other.id}/1")
    assert card(done).title == "Done: Ask Convex for their report"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("/incident follow-up --owner nobody Write a test", "names nobody"),
        ("/incident follow-up --due 2020-01-01 Write a test", "is past"),
        ("/incident follow-up --due soon Write a test", "no date that I can read"),
        ("/incident followed-up 7", "no follow-up"),
        ("/incident followed-up nothing/1", "There is no incident"),
    ],
)
async def test_what_cannot_be_added_or_found_is_refused_and_changes_nothing(
    room: Room, line: str, problem: str
) -> None:
    before = await room.stands()
    reply = await room.say(line)
    assert not reply.ok
    shown_ = reply.shown
    told = shown(reply) if isinstance(shown_, Card) else str(shown_)
    assert problem in told
    assert await room.stands() == before


async def test_a_closed_incident_may_still_have_something_to_be_done(room: Room) -> None:
    await recovered(room)
    for number in (9, 10):
        assert (await room.say(f"/incident done {number} in the wiki")).ok
    assert "Closed" in card(await room.say("/incident close")).title
    assert (await room.say("/incident follow-up --of " + room.incident.id + " Write a test")).ok


async def test_a_step_that_no_plan_foresaw_is_added_as_typed(room: Room) -> None:
    assert card(await room.say("/incident add --minutes 5 Call the host")).title == "Added: 11. Call the host"
