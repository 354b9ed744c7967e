"""How fast a test of the backups restores, how late the loop is meanwhile, and where the time of a whole test goes.

Against: the real `convex import` of the same ZIP into the same simulated deployment, in turns; a plain streamed POST of
the same bytes to the same server; the same loop idle. The simulator is a process of its own throughout.
"""

import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import structlog
from pydantic import SecretStr

from benchmarks import drill_parts, uploads
from benchmarks.exports import CACHE
from bot.access import ConvexAccess
from bot.adapters.convex import connect
from bot.app import Running, running
from bot.domain.backups import BackupId, EnvironmentName
from bot.domain.checklist import State
from bot.domain.drill_events import Practice
from bot.domain.drills import Drill
from bot.domain.imports import ImportMode
from bot.domain.incident_events import IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import Person, PersonId, Role
from bot.domain.plan import load
from bot.house import House, Place
from bot.operations import drills
from bot.run import keep_apart_what_stays
from bot.settings import GivenSettings
from bot.simulated import simulator
from bot.store import backups, incidents
from tests.conformance.cli import ConvexCli
from tests.waiting import until

MEGABYTES = 50
ROUNDS = 3
WHOLE = (50, 500)
IDLE_SECONDS, TICK = 5, 0.005
LONGEST_SECONDS = 120
ADA = Person(PersonId("ada"), "Ada Okafor", frozenset({Role.RESPONDER, Role.OPERATOR, Role.APPROVER}))
PRODUCTION, STAGING = EnvironmentName("production"), EnvironmentName("staging")
PLAN = Path(__file__).parent.parent / "bot" / "plan.toml"
CLI, OURS, BARE, NODE = (
    "`convex import --replace-all -y`",
    "**a drill's import**",
    "adapter alone",
    "`convex --version`",
)


def main() -> str:
    """The tables, as Markdown."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    CACHE.mkdir(parents=True, exist_ok=True)
    return "\n\n".join((asyncio.run(_imports()), uploads.main(), *(drill_parts.main(size) for size in WHOLE)))


class _Tick(NamedTuple):
    """How much later than asked for a tick of the loop came, and how much the loop's thread had computed until then."""

    late: float
    computed: float


@dataclass
class _Measured:
    seconds: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in (CLI, OURS, BARE, NODE)})
    idle: list[_Tick] = field(default_factory=list)
    busy: list[_Tick] = field(default_factory=list)


async def _imports() -> str:
    measured = _Measured()
    async with _there() as (here, access, folder):
        measured.idle = await _ticks(asyncio.sleep(IDLE_SECONDS))
        cli = ConvexCli.in_project(folder, access.url, access.key.get_secret_value())
        for number in range(ROUNDS + 1):
            # The first round brings staging to what each of the others finds, and is not counted.
            seconds = await _round(here.house, access, cli, measured)
            for name, taken in seconds.items() if number else ():
                measured.seconds[name].append(taken)
    return _table(measured)


async def _round(house: House, access: ConvexAccess, cli: ConvexCli, measured: _Measured) -> dict[str, float]:
    drilled: list[Drill] = []

    async def drill() -> None:
        drilled.append(await _drill(house))

    measured.busy += await _ticks(drill())
    [done] = drilled
    assert done.imported is not None
    assert done.planned_at is not None
    assert done.tested is not None
    waited = done.agreed[-1].at - done.planned_at
    ours = done.imported.ended_at - done.imported.began_at - waited
    async with house.database.read() as db:
        copy = await backups.get(db, BackupId(done.tested.copy_id))
    assert copy is not None
    async with house.vault.local(copy.file) as path:
        return {
            OURS: ours.total_seconds(),
            CLI: await _timed(lambda: _run(cli, "import", "--replace-all", "-y", str(path))),
            NODE: await _timed(lambda: _run(cli, "--version")),
            BARE: await _timed(lambda: _bare(access, path)),
        }


async def _ticks(work: Coroutine[None, None, None]) -> list[_Tick]:
    """The ticks of the loop until some work is done."""
    task, ticks = asyncio.ensure_future(work), list[_Tick]()
    while not task.done():
        begun, computed = time.perf_counter(), time.thread_time()
        await asyncio.sleep(TICK)
        ticks.append(_Tick(time.perf_counter() - begun - TICK, time.thread_time() - computed))
    await task
    return ticks


async def _drill(house: House) -> Drill:
    """A drill in which the answer comes at once."""
    practice = Practice(source=PRODUCTION, target=STAGING, put_back=False)
    begun, _ = await drills.begin(house, ADA, Place("web", "bench"), practice, "Backup test")

    async def stands() -> tuple[Incident, Drill]:
        return await _stands(house, begun.id)

    async def planned() -> bool:
        return (await stands())[1].planned is not None

    async def asked() -> bool:
        return (await stands())[0].steps["queries"].state is State.DONE

    async def closed() -> bool:
        return (await stands())[0].closed_at is not None

    await until(planned, within=LONGEST_SECONDS)
    await drills.agree(house, begun.id, "", ADA)
    await until(asked, within=LONGEST_SECONDS)
    await drills.conclude(house, begun.id, None, True, "", ADA)
    await until(closed, within=LONGEST_SECONDS)
    return (await stands())[1]


async def _stands(house: House, name: IncidentId) -> tuple[Incident, Drill]:
    async with house.database.read() as db:
        found = await incidents.get(db, name)
    assert found is not None
    assert found.drill is not None
    return found, found.drill


async def _run(cli: ConvexCli, *arguments: str) -> None:
    outcome = await cli(*arguments)
    assert outcome.status == 0, outcome.err


async def _bare(access: ConvexAccess, path: Path) -> None:
    """The same calls of Convex with nothing around them, asked after at once: what the simulator itself takes."""
    async with connect(access.url, access.key.get_secret_value(), version="0") as deployment:
        import_id = await deployment.upload_import(path, ImportMode.REPLACE_ALL)

        async def is_planned() -> bool:
            return (await deployment.import_state(import_id)).plan is not None

        async def is_over() -> bool:
            return (await deployment.import_state(import_id)).ended

        await until(is_planned, within=LONGEST_SECONDS)
        await deployment.perform_import(import_id)
        await until(is_over, within=LONGEST_SECONDS)


async def _timed(work: Callable[[], Awaitable[None]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


@asynccontextmanager
async def _there() -> AsyncIterator[tuple[Running, ConvexAccess, Path]]:
    """A house with production and staging, the access to staging, and a folder."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        async with simulator(CACHE / "convex", "--size-mb", str(MEGABYTES)) as ready:
            told = await ready()
            access = {
                name: ConvexAccess(url=told[name]["url"], key=SecretStr(told[name]["key"]))
                for name in (PRODUCTION, STAGING)
            }
            settings = GivenSettings(data=Path(folder) / "data", convex=dict(access))
            async with running(settings, load(PLAN.read_text("utf-8")), sweeping=False) as here:
                keep_apart_what_stays()
                yield here, access[STAGING], Path(folder)


def _table(measured: _Measured) -> str:
    base = statistics.median(measured.seconds[CLI])
    lines = [
        f"### An import of {MEGABYTES} MB of JSON, {ROUNDS} rounds in turns",
        "",
        "| way | median s | range s | against the CLI |",
        "|---|---:|---:|---:|",
    ]
    for name, seconds in measured.seconds.items():
        median = statistics.median(seconds)
        lines.append(f"| {name} | {median:.2f} | {min(seconds):.2f}–{max(seconds):.2f} | {median / base:.2f} |")
    lines += ["", "| how late the loop is | p50 ms | p99 ms | longest ms | longest that it computed itself ms |"]
    lines.append("|---|---:|---:|---:|---:|")
    for name, ticks in (("idle", measured.idle), ("a whole drill", measured.busy)):
        late = [one.late * 1000 for one in ticks]
        p50, p99, own = (
            statistics.median(late),
            statistics.quantiles(late, n=100)[98],
            max(one.computed for one in ticks),
        )
        lines.append(f"| {name} | {p50:.2f} | {p99:.2f} | {max(late):.1f} | {own * 1000:.1f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())
