"""A house that people train in: one simulated deployment, moved by its own control, and everything else real."""

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
from bot.operations import drills, rehearsals
from bot.ports import Deployment
from bot.simulator.remote import Ground, Remote
from bot.simulator.server import Simulator, rehearsal
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, ROOM, Drilling, drilling
from tests.operations.home import PLAN
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
        ground = Ground(Remote(simulator.url, simulator.token), renew)

        def trained(house: House) -> House:
            return replace(house, ground=ground, deployments=deployments)

        opened = drilling(sqlite_database(folder), folder, {}, plan=TRAINED_ON, furnish=trained)
        here = await stack.enter_async_context(opened)
        yield Rehearsing(here, here.house, simulator)


async def failed(here: Rehearsing, name: IncidentId, step: str) -> str:
    """Until a step has failed; gives why."""

    async def so() -> bool:
        found, _ = await here.drilling.stands(name)
        return found.steps[step].state is State.FAILED

    await until(so, within=30)
    found, _ = await here.drilling.stands(name)
    return found.steps[step].note
