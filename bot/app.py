"""The composition root: the only file that knows every concrete class. Knows no command and no rule.

Start order: the folder's lock, the tables, the vendors' clients, the engine, the sweep, the sender, then the doors
through which people come in. The end is the same order backwards.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version

from bot.access import ConvexAccess
from bot.adapters import convex, statuspage
from bot.adapters.vault import FolderVault
from bot.chat.cards import Card
from bot.chat.declare import Group
from bot.domain.backups import EnvironmentName
from bot.domain.plan import Plan
from bot.domain.plan_rehearsals import REHEARSAL
from bot.house import House, Limits
from bot.neighbours import neighbours
from bot.operations import (
    announcing,
    approvals,
    brakes,
    drill_work,
    export,
    live,
    rehearsal_work,
    replica,
    suites,
    verify,
)
from bot.operations.drill_work import Drills
from bot.operations.engine import Engine
from bot.operations.rooms import Rooms
from bot.operations.sender import Sender
from bot.operations.sweep import Sweep
from bot.ports import Deployment, Poster, SystemClock
from bot.router import Router
from bot.server import Check
from bot.settings import Settings
from bot.simulated import Training
from bot.simulator.remote import Ground, Remote
from bot.store import observations
from bot.store.database import Database
from bot.store.migrate import migrate
from commands import GROUPS

VERSION = version("lifeboat")
_SWEEP_LATE = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Running:
    """A house whose engine, sweep and sender work. A platform takes part once its poster is among `posters`.

    `name` tells this process from others on the same database.
    `tasks` never end by themselves: a process in which one has must not go on (its slot may be another's by now).
    """

    name: str
    house: House
    router: Router
    sweep: Sweep
    posters: dict[str, Poster]
    checks: Mapping[str, Check]
    tasks: Mapping[str, asyncio.Task[None]]


@asynccontextmanager
async def running(
    settings: Settings,
    plan: Plan,
    *,
    groups: Sequence[Group] = GROUPS,
    sweeping: bool = True,
    training: Training | None = None,
) -> AsyncIterator[Running]:
    """Everything but the doors. Raises Refused where it cannot run: a held folder, a newer database, a bad address."""

    async def draw(kind: str, subject: str) -> Card:
        return await live.draw(house, kind, subject)

    def wake() -> None:
        sender.wake()
        rooms.wake()
        drills.wake()

    async with AsyncExitStack() as stack:
        lock = await asyncio.to_thread(replica.hold, settings.data)
        stack.callback(lock.release)
        database = Database.open(settings.database)
        stack.push_async_callback(database.close)
        await migrate(database)
        name = "lifeboat"
        if not database.is_sqlite:
            slot = await stack.enter_async_context(replica.slot(database))
            name = slot.name
        vault = FolderVault(settings.vault_folder)
        stack.callback(vault.close)
        await vault.prepare()
        engine = Engine(database, name)
        clock = SystemClock()
        posters: dict[str, Poster] = {}
        sender = Sender(database, clock, posters, draw, name)
        access: dict[str, ConvexAccess] = dict(settings.convex)
        if training is not None:
            access[REHEARSAL] = training.access
        deployments = await _deployments(access, plan, stack)
        house = House(
            plan=plan,
            database=database,
            clock=clock,
            vault=vault,
            deployments=deployments,
            unconnected=_unconnected(access, plan),
            status_page=await stack.enter_async_context(statuspage.connect(plan.project.status_page, clock)),
            work=engine,
            wake=wake,
            groups=tuple(groups),
            neighbours=await neighbours(settings, clock, stack),
            public_url=settings.public_url,
            limits=Limits(export_deadline=settings.export_deadline_minutes * 60),
            ground=_ground(training, deployments, stack),
        )
        for work in (export, verify, suites, brakes, approvals, announcing, drill_work):
            work.register(engine, house)
        rooms, drills = Rooms(house, name), Drills(house)
        sweep = Sweep(house, engine)
        if training is not None:
            await rehearsal_work.resume(house)
        await engine.launch()
        stack.push_async_callback(engine.close)
        tasks = {
            "sender": asyncio.create_task(sender.run()),
            "rooms": asyncio.create_task(rooms.run()),
            "drills": asyncio.create_task(drills.run()),
        }
        if sweeping:
            tasks["sweep"] = asyncio.create_task(sweep.run())
        if not database.is_sqlite:
            tasks["slot"] = asyncio.create_task(slot.watch(engine.adopt))
        for task in tasks.values():
            stack.push_async_callback(_stop, task)
        checks = {"database": _database_check(database), "sweep": _sweep_check(sweep, clock), "work": _alive(tasks)}
        yield Running(name, house, Router(house, groups), sweep, posters, checks, tasks)


async def _deployments(
    access: Mapping[str, ConvexAccess], plan: Plan, stack: AsyncExitStack
) -> dict[EnvironmentName, Deployment]:
    found: dict[EnvironmentName, Deployment] = {}
    for name, one in access.items():
        environment = plan.environment(name).name
        opened = convex.connect(one.url, one.key.get_secret_value(), version=VERSION)
        found[environment] = await stack.enter_async_context(opened)
    return found


def _ground(
    training: Training | None, deployments: dict[EnvironmentName, Deployment], stack: AsyncExitStack
) -> Ground | None:
    if training is None:
        return None
    url = training.access.url

    async def renew(key: str) -> None:
        deployments[REHEARSAL] = await stack.enter_async_context(convex.connect(url, key, version=VERSION))

    return Ground(Remote(url, training.token.get_secret_value()), renew)


def _unconnected(access: Mapping[str, ConvexAccess], plan: Plan) -> dict[EnvironmentName, str]:
    missing = [name for name in plan.environments if name not in access]
    return {
        name: f"Set LIFEBOAT_CONVEX__{name.upper()}__URL and LIFEBOAT_CONVEX__{name.upper()}__KEY." for name in missing
    }


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    # Its own end, if it had one before, was said when it came: here it would hide how everything else ends.
    await asyncio.gather(task, return_exceptions=True)


def _database_check(database: Database) -> Check:
    async def check() -> str:
        async with database.read() as db:
            await observations.every(db)
        return ""

    return check


def _sweep_check(sweep: Sweep, clock: SystemClock) -> Check:
    async def check() -> str:
        ran = sweep.last_run_at
        late = ran is None or clock.now() - ran > _SWEEP_LATE
        return "has not run within three minutes" if late else ""

    return check


def _alive(tasks: Mapping[str, asyncio.Task[None]]) -> Check:
    async def check() -> str:
        ended = [name for name, task in tasks.items() if task.done()]
        return f"{', '.join(ended)} ended" if ended else ""

    return check
