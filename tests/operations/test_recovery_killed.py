"""A process that dies between a vendor and the record leaves what the next one ends: recorded once, as it is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.automations import RunPhase
from bot.domain.incident_events import Acted, Braked, Noted
from bot.simulator.neighbours import Neighbours as StandIns
from bot.simulator.server import Simulator
from bot.store import incidents, suites
from bot.store.database import Database
from tests.marks import first_with
from tests.operations.brake_child import CANCEL, SUITE, Task
from tests.operations.killing import Place, Point, Step, run

CHILD = "tests.operations.brake_child"
BRAKE_POINTS = [
    Point(Step("look", 1), Place.AFTER),
    Point(Step("pull", 1), Place.BEGIN),
    Point(Step("pull", 1), Place.END),
    Point(Step("record", 1), Place.END),
    Point(Step("record", 1), Place.AFTER),
]
SUITE_POINTS = [
    Point(Step("run", 1), Place.END),
    Point(Step("end", 1), Place.END),
    Point(Step("say", 1), Place.END),
]

CANCEL_POINTS = [
    Point(Step("declare", 1), Place.END),
    Point(Step("do", 1), Place.END),
    Point(Step("record", 1), Place.END),
]


async def killed_and_finished(task: Task, at: Point) -> None:
    died = await run(CHILD, task.written(), folder=Path(task.folder), at=at)
    assert died.killed, died.output
    after = await run(CHILD, replace(task, begin=False).written(), folder=Path(task.folder))
    assert after.status == 0, after.output


def few(points: Sequence[Point]) -> list[Any]:
    """All points; those but the one in the middle are left to the slow suites."""
    middle = points[len(points) // 2]
    return [point if point == middle else pytest.param(point, marks=pytest.mark.soak) for point in points]


@first_with("database_url", "postgresql", "sqlite")
@pytest.mark.parametrize("at", few(BRAKE_POINTS), ids=str)
async def test_a_pause_is_recorded_once_wherever_the_process_died(
    database_url: str, tmp_path: Path, convex: Simulator, at: Point
) -> None:
    task = Task(database_url, str(tmp_path), convex.url, convex.key, {}, "pause", begin=True)
    await killed_and_finished(task, at)
    database = Database.open(database_url)
    async with database.read() as db:
        [incident] = await incidents.listed(db)
        happened = await incidents.timeline(db, incident.id)
        assert await incidents.broken_at(db, incident.id) is None
    await database.close()
    assert convex.deployment.paused
    [braked] = [one.body for one in happened if isinstance(one.body, Braked)]
    assert "It stood so already" not in braked.effect, "the process that died did it, and nobody else"


@first_with("database_url", "sqlite", "postgresql")
async def test_every_endpoint_is_recorded_once_where_the_process_died_between_two(
    database_url: str, tmp_path: Path, convex: Simulator
) -> None:
    async with StandIns() as around:
        task = Task(
            database_url, str(tmp_path), convex.url, convex.key, around.described(), "webhooks", begin=True, events=3
        )
        await killed_and_finished(task, Point(Step("pull", 2), Place.END))
        off = [name for name, one in around.svix.endpoints.items() if one["disabled"]]
    database = Database.open(database_url)
    async with database.read() as db:
        [incident] = await incidents.listed(db)
        happened = await incidents.timeline(db, incident.id)
    await database.close()
    assert [one.body.key for one in happened if isinstance(one.body, Braked)] == off


@first_with("database_url", "postgresql", "sqlite")
@pytest.mark.parametrize("at", few(SUITE_POINTS), ids=str)
async def test_a_run_of_the_tests_ends_once_wherever_the_process_died(
    database_url: str, tmp_path: Path, convex: Simulator, at: Point
) -> None:
    (tmp_path / "tests.py").write_text("print('Tests:       41 passed, 41 total')")
    task = Task(database_url, str(tmp_path), convex.url, convex.key, {}, SUITE, begin=True)
    await killed_and_finished(task, at)
    database = Database.open(database_url)
    async with database.read() as db:
        [incident] = await incidents.listed(db)
        happened = await incidents.timeline(db, incident.id)
        [acted] = [one.body for one in happened if isinstance(one.body, Acted)]
        found = await suites.get(db, acted.file.removeprefix("suite/").removesuffix(".txt"))
    await database.close()
    assert acted.ok
    assert found is not None
    assert (found.phase, found.passed) == (RunPhase.PASSED, 41)


@first_with("database_url", "sqlite", "postgresql")
@pytest.mark.parametrize("at", few(CANCEL_POINTS), ids=str)
async def test_what_somebody_did_alone_is_said_and_recorded_once_wherever_the_process_died(
    database_url: str, tmp_path: Path, convex: Simulator, at: Point
) -> None:
    job = convex.instance.scheduler.schedule("users:remove", 3600, lambda: None)
    task = Task(database_url, str(tmp_path), convex.url, convex.key, {}, CANCEL, begin=True)
    await killed_and_finished(task, at)
    database = Database.open(database_url)
    async with database.read() as db:
        [incident] = await incidents.listed(db)
        happened = await incidents.timeline(db, incident.id)
    await database.close()
    assert job.state == "canceled"
    assert [one.body.ok for one in happened if isinstance(one.body, Acted)] == [True]
    assert len([one for one in happened if isinstance(one.body, Noted)]) == 1
