"""A drill whose process dies anywhere ends the same: one import, staging put back, nothing said twice."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.checklist import State
from bot.domain.drill_events import Imported, Result
from bot.simulator.deployment import Identity
from bot.simulator.server import Simulator
from bot.store import incidents
from bot.store.database import Database
from tests.databases import sqlite_database
from tests.operations.drill_child import Task
from tests.operations.home import Paper
from tests.operations.killing import Place, Point, Run, Step, run

CHILD = "tests.operations.drill_child"
HARDEST = [
    Point(Step("upload", 1), Place.END),
    Point(Step("perform", 1), Place.END),
    Point(Step("record import", 1), Place.END),
    Point(Step("perform", 2), Place.END),
]
"""Done at Convex and not recorded here."""
NAMES = (
    "enter snapshot",
    "follow snapshot",
    "record copy",
    "check copy",
    "guard",
    "dry run",
    "show",
    "agreed",
    "finish",
)


@pytest.fixture
async def staging(data_sets: Path) -> AsyncIterator[Simulator]:
    async with Simulator(data_sets, size_mb=0.1, identity=Identity("wise-heron-42", type="dev")) as simulator:
        yield simulator


def rows(simulator: Simulator) -> dict[str, list[bytes]]:
    tables = simulator.deployment.user_tables.items()
    return {name: [one.line for one in table.view().ordered(newest_first=False)] for name, table in tables}


def performed(simulator: Simulator) -> int:
    return sum(one.state["state"] == "completed" for one in simulator.imports.all)


def task(url: str, folder: Path, convex: Simulator, staging: Simulator, *, cancel: bool = False) -> Task:
    return Task(url, str(folder), (convex.url, convex.key), (staging.url, staging.key), cancel)


async def killed_and_finished(given: Task, at: Point) -> Run:
    died = await run(CHILD, given.written(), folder=Path(given.folder), at=at)
    assert died.killed, died.output
    after = await run(CHILD, given.written(), folder=Path(given.folder))
    assert after.status == 0, after.output
    return after


async def ended_as_promised(url: str, folder: Path, staging: Simulator, before: dict[str, list[bytes]]) -> None:
    database = Database.open(url)
    try:
        async with database.read() as db:
            [drill] = await incidents.listed(db, practice=True)
            happened = await incidents.timeline(db, drill.id)
            assert await incidents.broken_at(db, drill.id) is None
    finally:
        await database.close()
    assert drill.drill is not None
    assert drill.drill.result is Result.PASS, drill.steps
    assert all(one.state is State.DONE for one in drill.steps.values())
    assert [one.body.put_back for one in happened if isinstance(one.body, Imported)] == [False, True]
    assert performed(staging) == 2
    assert rows(staging) == before
    posted = Counter(key for kind, _, key, _ in Paper(folder / "paper.txt").lines() if kind == "post")
    assert {key for key, times in posted.items() if times > 1} == set()


@pytest.mark.parametrize(
    "at",
    [HARDEST[1], *(pytest.param(one, marks=pytest.mark.soak) for one in (HARDEST[0], *HARDEST[2:]))],
    ids=str,
)
async def test_a_drill_imports_once_wherever_the_process_died(
    tmp_path: Path, convex: Simulator, staging: Simulator, at: Point
) -> None:
    url, before = sqlite_database(tmp_path), rows(staging)
    await killed_and_finished(task(url, tmp_path, convex, staging), at)
    await ended_as_promised(url, tmp_path, staging, before)


@pytest.mark.soak
@pytest.mark.parametrize("place", [Place.BEFORE, Place.END])
async def test_a_drill_survives_at_every_step(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, convex: Simulator, staging: Simulator, place: Place
) -> None:
    """Killed once in every kind of step, one after the other, in one and the same drill."""
    folder = tmp_path_factory.mktemp("drill")
    before = rows(staging)
    given = task(database_url, folder, convex, staging)
    for name in (*NAMES, *(one.step.name for one in HARDEST[:3])):
        died = await run(CHILD, given.written(), folder=folder, at=Point(Step(name, 1), place))
        # A step that is recorded already is not begun again, so that the child may come to its end.
        assert died.killed or died.status == 0, died.output
        if died.status == 0:
            break
    after = await run(CHILD, given.written(), folder=folder)
    assert after.status == 0, after.output
    await ended_as_promised(database_url, folder, staging, before)


@pytest.mark.soak
@pytest.mark.parametrize("name", ["drop", "look", "remove", "record", "finish", "fail"])
async def test_a_cancelled_drill_leaves_staging_as_it_was_wherever_the_process_died(
    tmp_path: Path, convex: Simulator, staging: Simulator, name: str
) -> None:
    url, before = sqlite_database(tmp_path), rows(staging)
    given = task(url, tmp_path, convex, staging, cancel=True)
    died = await run(CHILD, given.written(), folder=tmp_path, at=Point(Step(name, 1), Place.END))
    assert died.killed or died.status == 0, died.output
    after = await run(CHILD, given.written(), folder=tmp_path)
    assert after.status == 0, after.output
    assert rows(staging) == before
    assert performed(staging) == 0
