"""A drill whose process dies anywhere ends the same: one import, staging put back, nothing said twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.domain.checklist import State
from bot.domain.drill_events import Imported, Result
from bot.simulator.deployment import Identity
from bot.simulator.faults import Fault
from bot.simulator.server import Simulator
from bot.store import backups, incidents
from bot.store.database import Database
from tests.databases import postgresql_database, sqlite_database
from tests.operations.drill_child import Task
from tests.operations.home import Paper
from tests.operations.killing import Place, Point, Run, Step, Turn, run, run_in_turn

CHILD = "tests.operations.drill_child"
HARDEST = [
    Point(Step("upload", 1), Place.END),
    Point(Step("perform", 1), Place.END),
    Point(Step("record import", 1), Place.END),
    Point(Step("perform", 2), Place.END),
]
"""Done at Convex and not recorded here."""
EACH = frozenset(
    {"begin", "practice", "enter snapshot", "follow snapshot", "record copy", "check copy", "guard", "earlier"}
    | {"enter safety", "upload", "dry run", "show", "agreed", "as shown", "perform", "follow", "record import"}
    | {"count", "enter queries", "check target", "let go", "look", "remove", "record", "finish"}
)
"""Some of the steps in which it dies, by name: that none is passed over."""

MANY_PARTS_MB = 40.0
"""Megabytes of data whose copy goes to Convex in more than one part."""


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


@dataclass(frozen=True, slots=True)
class Left:
    """What stands when a drill is over: how it ended, what it recorded in order, and what was said twice."""

    result: Result | None
    steps: tuple[tuple[str, State], ...]
    events: tuple[str, ...]
    imports: tuple[bool, ...]
    checks: tuple[tuple[str, bool | None], ...]
    copies: int
    twice: frozenset[str]


async def left(url: str, folder: Path) -> Left:
    """What stands of the only drill in a database, whose chain of hashes is whole."""
    database = Database.open(url)
    try:
        async with database.read() as db:
            [drill] = await incidents.listed(db, practice=True)
            happened = await incidents.timeline(db, drill.id)
            copies = await backups.listed(db)
            assert await incidents.broken_at(db, drill.id) is None
    finally:
        await database.close()
    assert drill.drill is not None
    posted = Counter(key for kind, _, key, _ in Paper(folder / "paper.txt").lines() if kind == "post")
    return Left(
        result=drill.drill.result,
        steps=tuple((key, one.state) for key, one in drill.steps.items()),
        events=tuple(f"{one.body.type} {getattr(one.body, 'step', '')}".strip() for one in happened),
        imports=tuple(one.body.put_back for one in happened if isinstance(one.body, Imported)),
        checks=tuple((one.key, one.ok) for one in drill.drill.checks),
        copies=len(copies),
        twice=frozenset(key for key, times in posted.items() if times > 1),
    )


async def ended_as_promised(url: str, folder: Path, staging: Simulator, before: dict[str, list[bytes]]) -> None:
    stands = await left(url, folder)
    assert stands.result is Result.PASS, stands.steps
    assert {state for _, state in stands.steps} == {State.DONE}
    assert stands.imports == (False, True)
    assert stands.twice == frozenset()
    assert performed(staging) == 2
    assert rows(staging) == before


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
@pytest.mark.parametrize("imports", [0, 1], ids=["of the test", "that puts back"])
@pytest.mark.parametrize("path", ["upload_part", "finish_upload"])
async def test_a_drill_killed_in_the_middle_of_an_upload_uploads_again_and_leaves_no_other_import(
    tmp_path: Path, data_sets: Path, path: str, imports: int
) -> None:
    size = MANY_PARTS_MB if path == "upload_part" else 0.1
    async with (
        Simulator(data_sets, size_mb=size) as convex,
        Simulator(data_sets, size_mb=size, identity=Identity("wise-heron-42", type="dev")) as staging,
    ):
        given, before = task(sqlite_database(tmp_path), tmp_path, convex, staging), rows(staging)
        armed: list[Fault] = []

        def is_under_way() -> bool:
            if not armed and performed(staging) == imports:
                slow = staging.control.add("slow", path=f"/api/import/{path}", seconds=0.3)
                slow.times = 2 if path == "upload_part" else 1
                armed.append(slow)
            return bool(armed) and not staging.control.active

        died = await run(CHILD, given.written(), folder=tmp_path, once=is_under_way)
        assert died.killed, died.output
        after = await run(CHILD, given.written(), folder=tmp_path)
        assert after.status == 0, after.output
        await ended_as_promised(given.database, tmp_path, staging, before)
        assert {one.state["state"] for one in staging.imports.all} <= {"completed", "failed"}, "none waits there"


@pytest.mark.soak
@pytest.mark.parametrize("imports", [0, 1], ids=["of the test", "that puts back"])
async def test_a_drill_killed_in_the_middle_of_an_import_follows_it_and_performs_no_other(
    tmp_path: Path, convex: Simulator, staging: Simulator, imports: int
) -> None:
    given, before = task(sqlite_database(tmp_path), tmp_path, convex, staging), rows(staging)
    staging.imports.seconds = 1.0

    def half_way() -> bool:
        told = [one.state.get("checkpoint_messages", ()) for one in staging.imports.all]
        return performed(staging) == imports and any(len(one) > 2 for one in told)

    died = await run(CHILD, given.written(), folder=tmp_path, once=half_way)
    assert died.killed, died.output
    after = await run(CHILD, given.written(), folder=tmp_path)
    assert after.status == 0, after.output
    await ended_as_promised(given.database, tmp_path, staging, before)
    assert len(staging.imports.all) == 2


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("place", [Place.BEFORE, Place.END, Place.AFTER])
async def test_a_drill_killed_in_every_step_in_turn_ends_as_if_it_had_not_been(
    database_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    convex: Simulator,
    staging: Simulator,
    place: Place,
) -> None:
    undisturbed, folder = tmp_path_factory.mktemp("undisturbed"), tmp_path_factory.mktemp("killed")
    before = rows(staging)
    calm = task(sqlite_database(undisturbed), undisturbed, convex, staging)
    assert (await run(CHILD, calm.written(), folder=undisturbed)).status == 0
    assert performed(staging) == 2
    given = task(database_url, folder, convex, staging)
    died = await run_in_turn(CHILD, given.written(), folder=folder, workflow="drill", place=place)
    assert {one.rpartition(": ")[2].rpartition(" ")[0] for one in died} >= EACH
    assert performed(staging) == 4, "two of the first drill, and two of this one"
    assert rows(staging) == before
    assert await left(database_url, folder) == await left(calm.database, undisturbed)
    _tell(f"{database_url.partition(':')[0]}, {place}", died)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("place", [Place.BEFORE, Place.END, Place.AFTER])
async def test_a_cancelled_drill_killed_in_every_step_in_turn_leaves_staging_as_it_was(
    database_url: str, tmp_path_factory: pytest.TempPathFactory, convex: Simulator, staging: Simulator, place: Place
) -> None:
    folder, before = tmp_path_factory.mktemp("killed"), rows(staging)
    given = task(database_url, folder, convex, staging, cancel=True)
    died = await run_in_turn(CHILD, given.written(), folder=folder, workflow="drill", place=place)
    assert {one.rpartition(": ")[2].rpartition(" ")[0] for one in died} >= {
        "show",
        "drop",
        "remove",
        "record",
        "finish",
    }
    assert rows(staging) == before
    assert performed(staging) == 0
    stands = await left(database_url, folder)
    assert stands.result is None and stands.twice == frozenset()
    assert stands.copies == 2, "the newest of production, and that of staging before"
    _tell(f"{database_url.partition(':')[0]}, cancelled, {place}", died)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_two_processes_that_die_in_turn_leave_a_drill_as_one_that_lives(
    postgresql: str, tmp_path_factory: pytest.TempPathFactory, convex: Simulator, staging: Simulator
) -> None:
    undisturbed, folder = tmp_path_factory.mktemp("undisturbed"), tmp_path_factory.mktemp("shared")
    before = rows(staging)
    calm = task(sqlite_database(undisturbed), undisturbed, convex, staging)
    assert (await run(CHILD, calm.written(), folder=undisturbed)).status == 0
    deaths = folder / "deaths.txt"
    deaths.write_text("")
    async with postgresql_database(postgresql) as url:
        given = replace(task(url, folder, convex, staging), shared=True)

        async def one_after_another() -> int:
            died = 0
            while True:
                one = await run(CHILD, given.written(), folder=folder, turn=Turn("drill", Place.END, str(deaths)))
                if not one.killed:
                    assert one.status == 0, one.output
                    return died
                died += 1

        died = await asyncio.gather(one_after_another(), one_after_another())
        assert min(died) > 0, "both have died, and gone on with what the other left"
        assert {one.rpartition(": ")[2].rpartition(" ")[0] for one in deaths.read_text().splitlines()} >= EACH
        assert performed(staging) == 4, "two of the first drill, and two of this one"
        assert rows(staging) == before
        assert await left(url, folder) == await left(calm.database, undisturbed)


def _tell(what: str, died: list[str]) -> None:
    print(f"{what}: died {len(died)} times, once in each step; came to the end, nothing doubled, nothing lost")
