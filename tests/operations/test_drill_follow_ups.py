"""What a drill leaves to be done is reminded of like what an incident does, also after the drill is over."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.backups import EnvironmentName
from bot.domain.drill_events import Practice
from bot.domain.incident_events import Closed, FollowUpAdded, FollowUpReminded
from bot.domain.people import LIFEBOAT, Person, PersonId
from bot.house import Place
from bot.operations import drills
from bot.operations import incidents as acting
from bot.store import incidents
from bot.store.database import Database
from tests.routing import FakeClock, house

ADA = Person(PersonId("ada"), "Ada Okafor")
PRODUCTION, STAGING = EnvironmentName("production"), EnvironmentName("staging")
DAY = timedelta(days=1)


async def test_a_drills_follow_up_is_reminded_of_when_its_date_is_past(sqlite: Database) -> None:
    clock, there = FakeClock(), object()
    connected: Any = {PRODUCTION: there, STAGING: there}
    here = replace(house(sqlite, clock, ()), deployments=connected)
    practice = Practice(occasion="2026-Q3", source=PRODUCTION, target=STAGING)
    drill, _ = await drills.begin(here, ADA, Place("slack", "C1"), practice, "Backup test 2026-Q3")
    due_at = clock.now() + 3 * DAY
    todo = FollowUpAdded(key="1", text="Say how users are counted", owner=ADA.id, due_at=due_at)
    await acting.act(here, drill.id, LIFEBOAT, lambda _: (todo, Closed()))

    async def reminded() -> list[int]:
        async with sqlite.read() as db:
            due = await incidents.due(db, clock.now())
        for one in due:
            await acting.remind(here, one)
        async with sqlite.read() as db:
            happened = await incidents.timeline(db, drill.id)
        return [event.body.round for event in happened if isinstance(event.body, FollowUpReminded)]

    assert await reminded() == []
    clock.pass_by(3 * DAY)
    assert await reminded() == await reminded() == [1]
    clock.pass_by(DAY)
    assert await reminded() == [1, 2]
