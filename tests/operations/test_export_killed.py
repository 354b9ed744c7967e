"""An export whose process is killed, wherever: it completes after a restart, and nothing is done twice."""

import asyncio
import json
import random
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.domain.backups import Phase
from bot.simulator.server import Simulator
from bot.store import backups, operations, reports
from bot.store.database import Database
from tests.databases import postgresql_database, sqlite_database
from tests.operations.home import Paper

KILLED = -9
STEPS = {
    **dict.fromkeys(("look", "ask", "count"), ("before", "start", "end", "after")),
    **dict.fromkeys(("follow", "fetch", "verify"), ("before", "start", "middle", "end", "after")),
    **dict.fromkeys(("record", "keep report"), ("before", "start", "end", "after")),
    "post": ("start", "end"),
    "begin": ("",),
}
POINTS = [f"{step}:{when}".removesuffix(":") for step, whens in STEPS.items() for when in whens]
IN_A_ROW = {
    "sqlite": ("begin", "ask:end", "fetch:middle", "record:end"),
    "postgresql": ("post:end", "ask:end", "follow:middle", "verify:middle"),
}
ENDS = [
    f"{step}:{when}" for step in ("withdraw", "let go", "clear", "end") for when in ("before", "start", "end", "after")
]
RANDOM_KILLS = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """What stands in the end."""

    phase: Phase
    requested: int
    recorded: int
    files: int
    posts: int
    reported: bool

    @property
    def completed(self) -> bool:
        return self.phase is Phase.DONE and self.recorded >= 1 and self.files >= 1 and self.reported

    @property
    def duplicated(self) -> bool:
        return max(self.requested, self.recorded, self.files, self.posts) > 1

    @property
    def lost(self) -> bool:
        return min(self.requested, self.recorded, self.files, self.posts) < 1


ONCE = Outcome(Phase.DONE, requested=1, recorded=1, files=1, posts=1, reported=True)


class Scene:
    """A deployment that lives through everything, and the processes that do one export of it."""

    def __init__(self, url: str, folder: Path, convex: Simulator) -> None:
        self._url, self._folder, self._convex = url, folder, convex

    async def start(self, point: str = "", *, begin: bool, cancel: bool = False) -> asyncio.subprocess.Process:
        access = {"production": (self._convex.url, self._convex.key)}
        task = {
            "url": self._url,
            "folder": str(self._folder),
            "access": access,
            "point": point,
            "begin": begin,
            "cancel": cancel,
        }
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.operations.doomed", json.dumps(task)), stdout=asyncio.subprocess.DEVNULL
        )

    async def run(self, point: str = "", *, begin: bool = False, cancel: bool = False) -> int:
        """Run a process to its end, however it ends."""
        process = await self.start(point, begin=begin, cancel=cancel)
        try:
            async with asyncio.timeout(90):
                return await process.wait()
        finally:
            if process.returncode is None:
                process.kill()

    def make_endless(self) -> None:
        """Let exports never complete."""
        self._convex.exports.hold(endless=True)

    def states(self) -> list[str]:
        """How the exports that keys asked for stand at the deployment."""
        return [one.state for one in self._convex.exports.all if one.requestor == "snapshotExport"]

    async def outcome(self) -> Outcome:
        database = Database.open(self._url)
        try:
            async with database.read() as db:
                (operation,) = await operations.recent(db)
                recorded = await backups.listed(db, include_purged=True)
                reported = operation.backup is not None and await reports.get(db, operation.backup) is not None
        finally:
            await database.close()
        return Outcome(
            operation.phase,
            requested=len(self.states()),
            recorded=len(recorded),
            files=sum(path.is_file() for path in (self._folder / "vault").rglob("*")),
            posts=sum(line[0] == "post" for line in Paper(self._folder / "paper.txt").lines()),
            reported=reported,
        )


@asynccontextmanager
async def scene(kind: str, request: pytest.FixtureRequest, folder: Path) -> AsyncIterator[Scene]:
    """A scene on a fresh database of either kind, with an export slow enough to be killed in its middle."""
    await asyncio.to_thread(folder.mkdir)
    async with AsyncExitStack() as stack:
        url = sqlite_database(folder)
        if kind == "postgresql":
            url = await stack.enter_async_context(postgresql_database(request.getfixturevalue("postgresql")))
        data = request.getfixturevalue("data_sets")
        convex = await stack.enter_async_context(Simulator(data, size_mb=2, export_seconds=0.4))
        convex.control.bytes_per_second = 1_500_000
        yield Scene(url, folder, convex)


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    """Which database."""
    return str(request.param)


async def test_an_export_killed_four_times_is_done_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with scene(kind, request, tmp_path / "scene") as one:
        for place, point in enumerate(IN_A_ROW[kind]):
            assert await one.run(point, begin=place == 0) == KILLED, point
        assert await one.run() == 0
        assert await one.outcome() == ONCE


async def test_a_cancelled_export_killed_while_it_ends_leaves_nothing(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with scene("sqlite", request, tmp_path / "scene") as one:
        await _assert_nothing_is_left(one, "withdraw:end")


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_an_export_killed_at_any_point_is_done_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    outcomes = {}
    for place, point in enumerate(POINTS):
        async with scene(kind, request, tmp_path / str(place)) as one:
            assert await one.run(point, begin=True) == KILLED, point
            assert await one.run() == 0, point
            outcomes[point] = await one.outcome()
    _tell(f"{kind}, killed at {len(POINTS)} points", outcomes)
    assert set(outcomes.values()) == {ONCE}, {point: one for point, one in outcomes.items() if one != ONCE}


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_exports_killed_at_random_are_done_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    outcomes, killed, chance = {}, 0, random.Random(7)
    for place in range(RANDOM_KILLS):
        async with scene(kind, request, tmp_path / str(place)) as one:
            process = await one.start(begin=True)
            await asyncio.sleep(chance.uniform(1.0, 5.0))
            if process.returncode is None:
                process.kill()
                killed += 1
            await process.wait()
            begun = (tmp_path / str(place) / "paper.txt").exists()
            assert await one.run(begin=not begun) == 0
            outcomes[str(place)] = await one.outcome()
    _tell(f"{kind}, {killed} killed at random", outcomes)
    assert set(outcomes.values()) == {ONCE}


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_cancelled_export_killed_at_any_point_of_its_end_leaves_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for place, point in enumerate(ENDS):
        async with scene(kind, request, tmp_path / str(place)) as one:
            await _assert_nothing_is_left(one, point)


async def _assert_nothing_is_left(one: Scene, point: str) -> None:
    one.make_endless()
    assert await one.run(point, begin=True, cancel=True) == KILLED, point
    assert await one.run(cancel=True) == 0, point
    outcome = await one.outcome()
    assert outcome == Outcome(Phase.CANCELLED, requested=1, recorded=0, files=0, posts=1, reported=False), point
    assert one.states() == ["canceled"], point


def _tell(title: str, outcomes: dict[str, Outcome]) -> None:
    completed = sum(one.completed for one in outcomes.values())
    duplicated = sum(one.duplicated for one in outcomes.values())
    lost = sum(one.lost for one in outcomes.values())
    print(f"\n{title}: {completed} of {len(outcomes)} completed, {duplicated} duplicated, {lost} lost")
