"""An incident gets its rooms, once, whatever fails on the way; what fails beside the point is only noted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest

from bot.domain import incident_moves
from bot.domain.checklist import Move
from bot.domain.drill_events import Practice
from bot.domain.errors import Outage, Refused
from bot.domain.incident_events import Body, IncidentId, RoomOpened, SideCallFailed, Started
from bot.domain.incidents import Incident
from bot.domain.people import PersonId
from bot.domain.plan_rehearsals import REHEARSAL
from bot.house import House, Place
from bot.operations import incidents as acting
from bot.operations.rooms import Rooms
from bot.ports import Gone
from bot.ports.chat import Room
from bot.store import incidents, posts, rooms
from bot.store.database import Database
from tests.operations.test_incidents import ADA
from tests.routing import FakeClock, house
from tests.waiting import until

HERE = Place("slack", "C1")


@dataclass
class Workspace:
    """A platform with rooms, and what goes wrong there: `trouble` by the name of the call, once for each error."""

    rooms: bool = True
    opened: dict[str, str] = field(default_factory=dict)
    topics: list[str] = field(default_factory=list)
    invited: list[PersonId] = field(default_factory=list)
    unknown: frozenset[PersonId] = frozenset()
    pinned: list[str] = field(default_factory=list)
    trouble: dict[str, list[Exception]] = field(default_factory=dict)
    answers_lost: int = 0
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """What happens once, while a topic is being set."""

    async def open_room(self, name: str, key: str) -> Room:
        self._fails("open")
        made = self.opened.setdefault(key, f"C{len(self.opened) + 100}")
        if self.answers_lost:
            self.answers_lost -= 1
            raise Outage("Slack", "The answer got lost.")
        return Room(made, name, f"https://slack.example/{made}")

    async def invite(self, channel: str, people: Sequence[PersonId]) -> Sequence[PersonId]:
        self._fails("invite")
        self.invited += people
        return [one for one in people if one in self.unknown]

    async def set_topic(self, channel: str, words: str) -> None:
        self._fails("topic")
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            await happens()
        self.topics.append(words)

    async def pin(self, channel: str, message: str) -> None:
        self._fails("pin")
        self.pinned.append(message)

    def _fails(self, call: str) -> None:
        if self.trouble.get(call):
            raise self.trouble[call].pop(0)


@dataclass
class Scene:
    """A house with one platform, and an incident that was opened in one of its channels."""

    house: House
    clock: FakeClock
    slack: Workspace
    incident: IncidentId
    working: Sequence[Rooms]

    async def passes(self, length: timedelta = timedelta(minutes=3)) -> None:
        """Let so much time pass, and the rooms be looked at once more."""
        self.turn(length)
        await asyncio.sleep(0.1)

    def turn(self, length: timedelta = timedelta(minutes=3)) -> None:
        """The same, without waiting until they are."""
        self.clock.pass_by(length)
        for one in self.working:
            one.wake()

    async def happened(self, kind: type) -> list[object]:
        """What happened of that kind."""
        async with self.house.database.read() as db:
            return [one.body for one in await incidents.timeline(db, self.incident) if isinstance(one.body, kind)]

    async def post_board(self) -> None:
        """Do what the sender does: the board has a message."""
        async with self.house.database.write() as db:
            board = await posts.get(db, f"incident:{self.incident}:slack")
            assert board is not None
            await posts.drawn(db, board, "m1", self.clock.now())

    async def post_board_once_wanted(self) -> None:
        """The same, as soon as the room is open."""
        await until(lambda: self.slack.topics)
        await self.post_board()
        await until(lambda: self.pins("m1"))

    async def finish(self, step: str) -> None:
        """End a step."""

        def decide(stands: Incident) -> tuple[Body, ...]:
            found = incident_moves.find(stands, step)
            return incident_moves.move(stands, found, Move.FINISH, ADA, self.clock.now(), note="done")

        await acting.act(self.house, self.incident, ADA, decide)

    async def told(self, words: str) -> bool:
        """Whether the topic says so, after some time."""
        await self.passes(timedelta(seconds=2))
        return words in self.slack.topics[-1]

    async def pins(self, message: str) -> bool:
        """Whether that message alone is pinned, after some time."""
        await self.passes(timedelta(seconds=2))
        return self.slack.pinned == [message]

    async def is_done(self) -> bool:
        """Whether nothing is left to do for the room."""
        async with self.house.database.read() as db:
            return not await rooms.any_due(db, self.clock.now() + timedelta(days=1))


@asynccontextmanager
async def scene(database: Database, slack: Workspace, processes: int = 1) -> AsyncIterator[Scene]:
    """The rooms at work, in so many processes."""
    clock = FakeClock()
    here = house(database, clock, ())
    here.hosts["slack"] = slack
    incident, _ = await acting.start(
        *(here, ADA, HERE),
        title="Users are gone",
        what="Users are gone",
        cause="other",
        environment=here.plan.environment("production").name,
        noticed_at=clock.now(),
    )
    working = [Rooms(here, f"p{number}") for number in range(processes)]
    tasks = [asyncio.create_task(one.run()) for one in working]
    try:
        yield Scene(here, clock, slack, incident.id, working)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_training_calls_nobody_but_whoever_trains(database: Database) -> None:
    async with scene(database, Workspace()) as here:
        await until(lambda: here.slack.invited)
        here.slack.invited.clear()
        practice = Practice(source=REHEARSAL, target=REHEARSAL, rehearsal=True)
        start = Started(
            title="Rehearsal",
            what="",
            cause="",
            environment=REHEARSAL,
            noticed_at=here.clock.now(),
            recover_within=None,
            checklist=(),
            platform="slack",
            channel="C1",
            practice=practice,
        )
        async with here.house.database.write() as db:
            await acting.enter(db, here.house, "rehearsal", start, ADA, here.clock.now())
        await until(lambda: here.slack.invited)
        assert here.slack.invited == ["ada"]


async def test_a_room_is_opened_and_set_up_and_its_board_pinned_once_it_is_there(database: Database) -> None:
    async with scene(database, Workspace()) as here:
        await until(lambda: here.slack.topics)
        [opened] = await here.happened(RoomOpened)
        assert isinstance(opened, RoomOpened)
        assert (opened.name, opened.own) == (f"inc-{here.incident}", True)
        assert here.slack.invited == ["ada", "ben", "chloe"]
        assert "Users are gone" in here.slack.topics[0]
        assert here.slack.pinned == []
        await here.post_board()
        await until(lambda: here.pins("m1"))
        await until(here.is_done)
        assert len(here.slack.topics) == 1
        assert await here.happened(SideCallFailed) == []


async def test_a_step_that_ends_while_the_topic_is_set_is_in_the_topic_all_the_same(database: Database) -> None:
    async with scene(database, Workspace()) as here:
        await here.post_board_once_wanted()
        await until(here.is_done)

        here.slack.meanwhile = partial(here.finish, "2")
        await here.finish("1")
        await here.passes(timedelta(seconds=2))
        await until(lambda: here.told("now: 3."))


async def test_a_topic_waits_as_long_as_the_platform_asks_however_often_it_becomes_another(database: Database) -> None:
    async with scene(database, Workspace()) as here:
        await here.post_board_once_wanted()
        await until(here.is_done)
        retry_at = here.clock.now() + timedelta(minutes=10)
        here.slack.trouble = {"topic": [Outage("Slack", "It asks for a pause.", retry_at=retry_at)]}
        await here.finish("1")
        await until(lambda: not here.slack.trouble["topic"])
        for step in ("2", "3"):
            await here.passes(timedelta(minutes=2))
            await here.finish(step)
        await here.passes(timedelta(minutes=2))
        assert len(here.slack.topics) == 1
        await here.passes(timedelta(minutes=5))
        await until(lambda: here.told("now: 4."))
        assert len(here.slack.topics) == 2


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_lost_answer_and_two_processes_make_one_room(database: Database, processes: int) -> None:
    async with scene(database, Workspace(answers_lost=2), processes) as here:

        async def has_topic() -> bool:
            await here.passes()
            return bool(here.slack.topics)

        await until(has_topic)
        assert len(here.slack.opened) == 1
        assert len(await here.happened(RoomOpened)) == 1


async def test_where_no_room_may_be_opened_it_is_worked_on_where_it_was_begun(database: Database) -> None:
    slack = Workspace(trouble={"open": [Refused("Only administrators open channels.")]})
    async with scene(database, slack) as here:

        async def is_here() -> bool:
            async with here.house.database.read() as db:
                return await rooms.incident_in(db, "slack", "C1") == here.incident

        await until(is_here)
        [opened] = await here.happened(RoomOpened)
        assert isinstance(opened, RoomOpened)
        assert (opened.channel, opened.own) == ("C1", False)
        [failed] = await here.happened(SideCallFailed)
        assert isinstance(failed, SideCallFailed)
        assert (failed.what, failed.problem) == ("room", "Only administrators open channels.")


async def test_a_platform_that_is_away_for_hours_gets_its_room_afterwards(database: Database) -> None:
    slack = Workspace(trouble={"open": [Outage("Slack", "It is down.") for _ in range(40)]})
    async with scene(database, slack) as here:

        def is_opened() -> bool:
            here.turn()
            return bool(here.slack.opened)

        await until(is_opened, within=60)
        assert here.slack.trouble["open"] == []
        assert await here.happened(SideCallFailed) == []


async def test_what_fails_beside_the_point_is_noted_and_the_rest_goes_on(database: Database) -> None:
    slack = Workspace(trouble={"invite": [Refused("Nobody may be invited.")], "topic": [Gone("no such channel")]})
    async with scene(database, slack) as here:
        await until(lambda: _has_board(here))
        await here.post_board()
        await until(lambda: here.pins("m1"))
        noted = [
            (one.what, one.problem) for one in await here.happened(SideCallFailed) if isinstance(one, SideCallFailed)
        ]
        assert noted == [("invite", "Nobody may be invited."), ("topic", "no such channel")]


async def test_somebody_without_an_account_there_is_no_failure(database: Database) -> None:
    async with scene(database, Workspace(unknown=frozenset({PersonId("ben")}))) as here:
        await until(lambda: here.slack.topics)
        assert await here.happened(SideCallFailed) == []


async def _has_board(here: Scene) -> bool:
    async with here.house.database.read() as db:
        return await posts.get(db, f"incident:{here.incident}:slack") is not None
