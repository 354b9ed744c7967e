"""A house with drills: production and staging simulated, everything else real, and somebody who presses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bot.domain import drill_moves, incident_moves
from bot.domain.backups import BackupId, EnvironmentName
from bot.domain.checklist import Move, State
from bot.domain.drill_events import Practice
from bot.domain.drills import Drill
from bot.domain.incident_events import Body, Event, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import Person, PersonId, Role
from bot.domain.plan import Plan
from bot.house import House, Place
from bot.operations import drill_work, drills
from bot.operations import incidents as acting
from bot.operations.drill_work import Drills
from bot.operations.engine import Engine
from bot.ports import Clock
from bot.store import incidents
from tests.operations.home import PLAN, PRODUCTION, STAGING, Home, home
from tests.waiting import until

ADA = Person(PersonId("ada"), "Ada Okafor", frozenset({Role.RESPONDER, Role.OPERATOR, Role.APPROVER}))
BEN = Person(PersonId("ben"), "Ben Lindqvist", frozenset({Role.RESPONDER, Role.OPERATOR, Role.APPROVER}))
ROOM = Place("paper", "ops")
QUARTERLY = Practice(occasion="2026-Q4", source=PRODUCTION, target=STAGING)


@dataclass(frozen=True, slots=True)
class Drilling:
    """A house, and how its drills stand."""

    home: Home
    house: House

    async def begun(self, practice: Practice = QUARTERLY, title: str = "Backup test 2026-Q4") -> Incident:
        drill, new = await drills.begin(self.house, ADA, ROOM, practice, title)
        assert new
        return drill

    async def stands(self, name: IncidentId) -> tuple[Incident, Drill]:
        async with self.house.database.read() as db:
            found = await incidents.get(db, name)
        assert found is not None
        assert found.drill is not None
        return found, found.drill

    async def events(self, name: IncidentId) -> list[Event]:
        async with self.house.database.read() as db:
            return await incidents.timeline(db, name)

    async def until_asked(self, name: IncidentId, seconds: float = 60) -> str:
        """Until the import waits for somebody; gives its digest."""

        async def waits() -> bool:
            found, drill = await self.stands(name)
            assert not any(one.state is State.FAILED for one in found.steps.values()), found.steps
            return drill_moves.agreement_open(drill) is not None

        await until(waits, within=seconds)
        _, drill = await self.stands(name)
        assert drill.planned is not None
        return drill.planned.digest

    async def until_step(self, name: IncidentId, step: str, state: State, seconds: float = 60) -> str:
        """Until a step stands so; gives what was said of it."""

        async def so() -> bool:
            found, _ = await self.stands(name)
            return found.steps[step].state is state

        await until(so, within=seconds)
        return (await self.stands(name))[0].steps[step].note

    async def until_closed(self, name: IncidentId, seconds: float = 60) -> tuple[Incident, Drill]:
        async def closed() -> bool:
            return (await self.stands(name))[0].closed_at is not None

        await until(closed, within=seconds)
        return await self.stands(name)

    async def move(self, name: IncidentId, step: str, wanted: Move, by: Person = ADA, note: str = "") -> None:
        now = self.house.clock.now()

        def decide(stands: Incident) -> tuple[Body, ...]:
            return incident_moves.move(stands, incident_moves.find(stands, step), wanted, by, now, note=note)

        await acting.act(self.house, name, by, decide)

    async def through(self, practice: Practice = QUARTERLY) -> tuple[Incident, Drill]:
        """A whole drill in which everybody agrees."""
        begun = await self.begun(practice)
        digest = await self.until_asked(begun.id)
        await drills.agree(self.house, begun.id, digest, ADA)
        await self.until_step(begun.id, "queries", State.DONE)
        await drills.conclude(self.house, begun.id, None, True, "", ADA)
        return await self.until_closed(begun.id)

    async def in_vault(self, copy: str) -> bool:
        found = await self.home.backup(BackupId(copy))
        return found is not None and found.purged_at is None


@asynccontextmanager
async def drilling(
    url: str,
    folder: Path,
    access: Mapping[EnvironmentName, tuple[str, str]],
    *,
    plan: Plan = PLAN,
    engine_class: type[Engine] = Engine,
    clock: Clock | None = None,
    shared: bool = False,
    furnish: Callable[[House], House] = lambda house: house,
) -> AsyncIterator[Drilling]:
    """Run a house that goes on with its drills by itself, and is woken for it as the app is."""
    looking: list[Drills] = []

    def furnished(house: House, engine: Engine) -> House:
        def wake() -> None:
            house.wake()
            looking[0].wake()

        made = furnish(replace(house, plan=plan, wake=wake))
        looking.append(Drills(made))
        drill_work.register(engine, made)
        return made

    async with AsyncExitStack() as stack:
        opened = home(url, folder, access, engine_class=engine_class, furnish=furnished, clock=clock, shared=shared)
        one = await stack.enter_async_context(opened)
        going_on = asyncio.create_task(looking[0].run())
        stack.push_async_callback(_stop, going_on)
        yield Drilling(one, one.house)


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
