"""Things happen in an incident one after the other, whoever does them and wherever: as a chain that can be proved."""

import asyncio
import json
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.chat.markdown import to_markdown
from bot.domain import incident_moves
from bot.domain.checklist import Move, State
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, IncidentId, Noted, Prompted, RoomOpened, StepMoved
from bot.domain.incidents import Incident, fold
from bot.domain.people import LIFEBOAT, Person, PersonId
from bot.house import Context, House, Place
from bot.operations import incidents as acting
from bot.operations.live import ANNOUNCED, draw
from bot.store import incidents, posts, rooms
from bot.store.database import Database
from bot.store.tables import incident_events
from commands.incident_group import group as incident_group
from tests.routing import FakeClock, house

ADA = Person(PersonId("ada"), "Ada Okafor")
BEN = Person(PersonId("ben"), "Ben Lindqvist")
HERE = Place("terminal", "here")
PEOPLE = 100


async def begun(where: House, title: str = "Users are gone", by: Person = ADA, *, another: bool = False) -> Incident:
    """An incident that somebody has just opened at a place without rooms."""
    at = where.clock.now()
    incident, new = await acting.start(
        *(where, by, HERE),
        title=title,
        what=title,
        cause="accidental-deletion",
        environment=where.plan.environment("production").name,
        noticed_at=at - timedelta(minutes=5),
        another=another,
    )
    assert new
    return incident


@pytest.fixture
def here(database: Database) -> House:
    return house(database, FakeClock(), ())


async def test_an_incident_begins_with_an_owner_for_every_step_and_a_board_where_it_was_begun(here: House) -> None:
    incident = await begun(here, by=BEN)
    assert [incident.steps[one.key].assignee for one in incident.checklist][:3] == ["ada", "ada", "ben"]
    assert incident.breaches_at == incident.opened_at + timedelta(hours=4)
    async with here.database.read() as db:
        board = await posts.get(db, f"incident:{incident.id}:terminal")
        first = await posts.get(db, f"incident_event:{incident.id}/2:terminal")
        assert await rooms.incident_in(db, "terminal", "here") == incident.id
    assert board is not None
    assert first is not None
    assert board.id < first.id


async def test_those_who_read_along_are_told_where_it_is_worked_on_and_what_is_stopped(database: Database) -> None:
    shipped = house(database, FakeClock(), ()).plan
    told = shipped.incidents.model_copy(update={"announce": {"slack": "general"}})
    here = replace(house(database, FakeClock(), ()), plan=shipped.model_copy(update={"incidents": told}))
    incident = await begun(here)
    subject = f"{ANNOUNCED}:{incident.id}:slack"

    async def announced() -> tuple[int, str]:
        async with here.database.read() as db:
            post = await posts.get(db, subject)
        assert post is not None
        return post.wanted_version, to_markdown(await draw(here, post.kind, post.subject))

    before, _ = await announced()
    opened = RoomOpened(platform="slack", channel="C1", name="inc-users", url="https://chat.example/C1")
    await acting.act(here, incident.id, LIFEBOAT, lambda _: (opened,))
    with_room, words = await announced()
    assert with_room > before and "[#inc-users (Slack)](https://chat.example/C1)" in words
    await acting.act(here, incident.id, ADA, lambda _: (Noted(text="nothing that they need to know"),))
    assert await announced() == (with_room, words)


async def test_the_same_incident_begun_twice_is_the_one_that_is_open(here: House) -> None:
    incident = await begun(here)
    again, new = await acting.start(
        *(here, BEN, HERE),
        title="users are GONE",
        what="the same",
        cause="other",
        environment=incident.environment,
        noticed_at=here.clock.now(),
    )
    assert (again.id, new) == (incident.id, False)


async def test_what_two_people_report_in_different_words_is_one_incident_unless_one_says_otherwise(here: House) -> None:
    first = await begun(here)
    report: dict[str, Any] = {
        "title": "The feed is empty",
        "what": "nobody sees anything",
        "cause": "other",
        "environment": first.environment,
        "noticed_at": here.clock.now(),
    }
    same, new = await acting.start(here, BEN, HERE, **report)
    assert (same.id, new) == (first.id, False)
    other, new = await acting.start(here, BEN, HERE, **report, another=True)
    assert (other.id == first.id, new) == (False, True)
    assert isinstance(here.clock, FakeClock)
    here.clock.pass_by(timedelta(minutes=30))
    third, new = await acting.start(here, BEN, HERE, **{**report, "title": "Something else"})
    assert (third.id in (first.id, other.id), new) == (False, True)


@pytest.mark.parametrize(
    ("typed", "cause"),
    [
        ("buggy-migration", "buggy-migration"),
        ("deletion", "accidental-deletion"),
        ("Migration", "buggy-migration"),
        ("deployment", "failed-deployment"),
        ("other", "other"),
    ],
)
async def test_the_kind_of_an_incident_is_said_in_a_word(here: House, typed: str, cause: str) -> None:
    start: Any = incident_group.commands["start"].handler
    await start(Context(here, ADA, HERE, here.clock.now()), what="Users are gone", kind=typed)
    async with here.database.read() as db:
        [incident] = await incidents.listed(db)
    assert incident.cause == cause


async def test_a_kind_that_there_is_not_opens_nothing(here: House) -> None:
    start: Any = incident_group.commands["start"].handler
    with pytest.raises(Refused, match="No incident was opened"):
        await start(Context(here, ADA, HERE, here.clock.now()), what="Users are gone", kind="data")
    async with here.database.read() as db:
        assert await incidents.listed(db) == []


async def test_two_incidents_of_one_title_on_one_day_have_ids_of_their_own(here: House) -> None:
    first = await begun(here)
    await _close(here, first)
    second = await begun(here)
    assert second.id == f"{first.id}-2"


async def test_what_stands_is_what_the_events_add_up_to_and_the_chain_proves_it(here: House) -> None:
    incident = await begun(here)
    for key in ("scope", "timestamp"):
        await _move(here, incident.id, key, Move.START)
        await _move(here, incident.id, key, Move.FINISH, note="found")
    await acting.act(here, incident.id, BEN, lambda stands: (incident_moves.undo(stands),))
    await acting.act(
        here, incident.id, BEN, lambda _: (Noted(text="‘quoted’ — “ünïcode” \u0000".replace("\u0000", "")),)
    )
    async with here.database.read() as db:
        stands = await incidents.get(db, incident.id)
        happened = await incidents.timeline(db, incident.id)
        assert await incidents.broken_at(db, incident.id) is None
    assert stands == fold(happened)
    assert [one.seq for one in happened] == list(range(1, len(happened) + 1))


@pytest.mark.parametrize("harm", ["changed", "left out", "cut off"])
async def test_a_record_that_somebody_tampered_with_is_found_out(here: House, harm: str) -> None:
    incident = await begun(here)
    for text in ("one", "two", "three"):
        await _note(here, incident, text)
    third = sa.and_(incident_events.c.incident == incident.id, incident_events.c.seq == 3)
    async with here.database.write() as db:
        if harm == "changed":
            event = str(await db.scalar(sa.select(incident_events.c.event).where(third)))
            await db.execute(sa.update(incident_events).where(third).values(event=event.replace("one", "ONE")))
        else:
            last = incident_events.c.seq >= (5 if harm == "cut off" else 3)
            after = sa.and_(incident_events.c.incident == incident.id, last, incident_events.c.seq <= 5)
            await db.execute(sa.delete(incident_events).where(third if harm == "left out" else after))
    async with here.database.read() as db:
        assert await incidents.broken_at(db, incident.id) == (5 if harm == "cut off" else 3)


async def test_what_is_refused_leaves_nothing_behind(here: House) -> None:
    incident = await begun(here)
    with pytest.raises(Refused, match="waits for"):
        await _move(here, incident.id, "verify", Move.START)
    async with here.database.read() as db:
        assert await incidents.get(db, incident.id) == incident


async def test_a_silent_owner_is_asked_alone_then_in_the_room_and_never_twice_for_one_look(here: House) -> None:
    incident = await begun(here)
    clock = here.clock
    assert isinstance(clock, FakeClock)
    said = []
    for _ in range(6):
        clock.pass_by(timedelta(minutes=10))
        for _look in range(3):
            async with here.database.read() as db:
                due = await incidents.due(db, clock.now())
            for one in due:
                await acting.remind(here, one)
        async with here.database.read() as db:
            said = [one.body for one in await incidents.timeline(db, incident.id) if isinstance(one.body, Prompted)]
    assert [(one.prompt, one.round) for one in said] == [("nudge", 1), ("nudge", 2), ("overdue", 1)]
    async with here.database.read() as db:
        wanted = [await posts.of(db, "incident_event", f"{incident.id}/{seq}") for seq in (3, 4, 5)]
    assert [one.channel for (one,) in wanted] == ["dm:ada", "here", "here"]


async def test_what_is_due_about_many_is_said_once_of_each_by_however_many_look_at_once(
    here: House, database_url: str
) -> None:
    due = [(await begun(here, f"Disaster {number}", another=True)).id for number in range(8)]
    clock = here.clock
    assert isinstance(clock, FakeClock)
    clock.pass_by(timedelta(minutes=10))
    others = [Database.open(database_url) for _ in range(3)]
    looks = [acting.remind(house(one, clock, ()), *due[turn:], *due[:turn]) for turn, one in enumerate(others)]
    await asyncio.gather(*looks)
    async with here.database.read() as db:
        for name in due:
            happened = await incidents.timeline(db, name)
            (asked,) = (one for one in happened if isinstance(one.body, Prompted))
            assert [one.channel for one in await posts.of(db, "incident_event", f"{name}/{asked.seq}")] == ["dm:ada"]
            assert await incidents.broken_at(db, name) is None
            assert await incidents.get(db, name) == fold(happened)
        assert await incidents.due(db, clock.now()) == []
    for one in others:
        await one.close()


async def test_a_hundred_people_press_at_once_over_two_processes_and_each_step_has_one_winner(
    database: Database,
) -> None:
    where = house(database, FakeClock(), ())
    incident = await begun(where)
    keys = ["scope", "timestamp", "notify", "maintenance"]
    children = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.operations.incident_child", database.url, incident.id, str(half), *keys),
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        for half in range(2)
    ]
    outputs = [(await asyncio.wait_for(child.communicate(), 120))[0].decode() for child in children]
    told = [json.loads(output.rpartition("ANSWERS ")[2]) for output in outputs]
    assert [child.returncode for child in children] == [0, 0]
    answers = [answer for one in told for answer in one]
    assert len(answers) == PEOPLE * len(keys)
    won = [one for one in answers if one["ok"]]
    assert sorted(one["step"] for one in won) == sorted(keys)
    assert {one["title"] for one in answers if not one["ok"]} == {
        f"“{step.title}” is in progress; nothing was changed." for step in incident.checklist if step.key in keys
    }
    async with database.read() as db:
        happened = await incidents.timeline(db, incident.id)
        stands = await incidents.get(db, incident.id)
        assert await incidents.broken_at(db, incident.id) is None
    assert [one.seq for one in happened] == list(range(1, len(happened) + 1))
    assert sorted(one.body.step for one in happened if isinstance(one.body, StepMoved)) == sorted(keys)
    assert stands is not None
    assert {key: stands.steps[key].assignee for key in keys} == {one["step"]: one["by"] for one in won}


async def _move(where: House, incident: IncidentId, key: str, move: Move, note: str = "") -> Incident:
    def decide(stands: Incident) -> tuple[Body, ...]:
        step = stands.step(key)
        assert step is not None
        return incident_moves.move(stands, step, move, ADA, where.clock.now(), note=note)

    return await acting.act(where, incident, ADA, decide)


async def _note(where: House, incident: Incident, text: str) -> None:
    await acting.act(where, incident.id, ADA, lambda _: (Noted(text=text),))


async def _close(where: House, incident: Incident) -> None:
    for step in incident.checklist:
        await _move(where, incident.id, step.key, Move.FINISH, note="as planned")
    stands = await acting.act(where, incident.id, ADA, lambda now: (incident_moves.close(now),))
    assert all(one.state is State.DONE for one in stands.steps.values())
    assert stands.closed_at is not None
