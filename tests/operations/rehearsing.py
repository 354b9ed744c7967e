"""A house that people train in: one simulated deployment, moved by its own control, and everything else real."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bot.adapters import convex
from bot.domain.backups import Backup, EnvironmentName
from bot.domain.checklist import Move, State
from bot.domain.drills import Drill
from bot.domain.incident_events import IncidentId
from bot.domain.incidents import Incident
from bot.domain.plan_rehearsals import REHEARSAL, rehearsal_environment
from bot.house import House
from bot.operations import drill_work, drills, rehearsals
from bot.operations.drill_work import Drills
from bot.operations.engine import Engine
from bot.ports import Deployment
from bot.simulator.remote import Ground, Remote
from bot.simulator.server import Simulator, rehearsal
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, ROOM, Drilling
from tests.operations.home import PLAN, home
from tests.waiting import until

TRAINED_ON = PLAN.model_copy(update={"environments": {**PLAN.environments, REHEARSAL: rehearsal_environment()}})
Rows = dict[str, list[bytes]]


@dataclass(frozen=True, slots=True)
class Rehearsing:
    """A house with rehearsals, and what they are held on."""

    drilling: Drilling
    house: House
    simulator: Simulator

    async def struck(self, scenario: str) -> IncidentId:
        """A rehearsal that was begun, up to the first thing that people do."""
        begun, new = await rehearsals.begin(self.house, ADA, ROOM, scenario)
        assert new
        await self.drilling.until_step(begun.id, "strike", State.DONE)
        return begun.id

    async def copies(self, name: IncidentId) -> list[Backup]:
        stands, _ = await self.drilling.stands(name)
        return await rehearsals.copies(self.house, stands)

    async def scoped(self, name: IncidentId) -> list[Backup]:
        """Somebody says what is wrong; gives the copies to choose from, oldest first."""
        await self.drilling.move(name, "scope", Move.FINISH, note="Users are gone")
        return (await self.copies(name))[::-1]

    async def restored(self, name: IncidentId, copy: Backup) -> None:
        """A copy is chosen, agreed to, and looked at."""
        await rehearsals.use(self.house, name, copy.id, ADA)
        await self.agreed(name)

    async def agreed(self, name: IncidentId) -> None:
        digest = await self.drilling.until_asked(name)
        await drills.agree(self.house, name, digest, ADA)
        await self.drilling.until_step(name, "queries", State.DONE)

    async def concluded(self, name: IncidentId) -> tuple[Incident, Drill]:
        await drills.conclude(self.house, name, None, True, "Learned something.", ADA)
        return await self.drilling.until_closed(name)

    def rows(self) -> Rows:
        tables = self.simulator.deployment.user_tables.items()
        return {name: [one.line for one in table.view().ordered(newest_first=False)] for name, table in tables}


@asynccontextmanager
async def rehearsing(folder: Path, data_sets: Path) -> AsyncIterator[Rehearsing]:
    """Run such a house."""
    async with AsyncExitStack() as stack:
        simulator = await stack.enter_async_context(rehearsal(data_sets))
        simulator.exports.seconds = 0
        deployments: dict[EnvironmentName, Deployment] = {}

        async def renew(key: str) -> None:
            opened = convex.connect(simulator.url, key, version="0")
            deployments[REHEARSAL] = await stack.enter_async_context(opened)

        await renew(simulator.key)
        looks: list[Drills] = []
        ground = Ground(Remote(simulator.url, simulator.token), renew)

        def furnish(house: House, engine: Engine) -> House:
            def wake() -> None:
                house.wake()
                looking.wake()

            furnished = replace(house, plan=TRAINED_ON, ground=ground, deployments=deployments, wake=wake)
            looking = Drills(furnished)
            looks.append(looking)
            drill_work.register(engine, furnished)
            return furnished

        one = await stack.enter_async_context(home(sqlite_database(folder), folder, {}, furnish=furnish))
        going_on = asyncio.create_task(looks[0].run())
        stack.push_async_callback(_stop, going_on)
        yield Rehearsing(Drilling(one, one.house), one.house, simulator)


async def failed(here: Rehearsing, name: IncidentId, step: str) -> str:
    """Until a step has failed; gives why."""

    async def so() -> bool:
        found, _ = await here.drilling.stands(name)
        return found.steps[step].state is State.FAILED

    await until(so, within=30)
    found, _ = await here.drilling.stands(name)
    return found.steps[step].note


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
