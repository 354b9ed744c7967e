"""An export whose process is killed, wherever: it completes after a restart, and nothing is done twice."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.domain.backups import Phase
from bot.simulator.server import Simulator
from bot.store import backups, operations, reports
from bot.store.database import Database
from tests.databases import postgresql_database, sqlite_database
from tests.marks import first_with
from tests.operations import killing
from tests.operations.home import Paper
from tests.operations.killing import Place, Point, Run, Step
from tests.operations.one_export import BEGIN, POST, Task

CHILD = "tests.operations.one_export"
ACCIDENTS = (BEGIN, POST, Phase.EXPORTING.value, Phase.DOWNLOADING.value, Phase.VERIFYING.value)
RANDOM_KILLS = 20

Death = Point | str
"""At a point of a step, or by an accident."""


def at(step: str, place: Place) -> Point:
    return Point(Step(step, 1), place)


SOME: Mapping[str, tuple[Death, ...]] = {
    "sqlite": (BEGIN, at("ask", Place.END), Phase.DOWNLOADING.value, at("record", Place.END)),
    "postgresql": (POST, at("ask", Place.END), at("fetch", Place.END), Phase.VERIFYING.value),
}


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
        return self.phase is Phase.DONE and self.reported

    @property
    def duplicated(self) -> bool:
        return max(self.requested, self.recorded, self.files, self.posts) > 1

    @property
    def lost(self) -> bool:
        return min(self.requested, self.recorded, self.files, self.posts) < 1


ONCE = Outcome(Phase.DONE, requested=1, recorded=1, files=1, posts=1, reported=True)
NOTHING = Outcome(Phase.CANCELLED, requested=1, recorded=0, files=0, posts=1, reported=False)


class Scene:
    """A deployment that lives through everything, and the processes that do one export of it."""

    def __init__(self, url: str, folder: Path, convex: Simulator) -> None:
        self.convex = convex
        self._folder = folder
        self._task = Task(url, str(folder), convex.url, convex.key)

    async def run(
        self, death: Death = "", *, begin: bool = False, cancel: bool = False, after: float | None = None
    ) -> Run:
        """One process, until it ends or dies."""
        accident, point = (death, None) if isinstance(death, str) else ("", death)
        task = replace(self._task, begin=begin, cancel=cancel, accident=accident)
        return await killing.run(CHILD, task.written(), folder=self._folder, at=point, after=after)

    async def dies(self, death: Death, *, begin: bool = False, cancel: bool = False) -> None:
        run = await self.run(death, begin=begin, cancel=cancel)
        assert run.killed, f"{death}: {run.output}"

    async def ends(self, *, begin: bool = False, cancel: bool = False) -> Outcome:
        """Run to the end, and see what stands."""
        run = await self.run(begin=begin, cancel=cancel)
        assert run.status == 0, run.output
        return await self.outcome()

    def states(self) -> list[str]:
        """How the exports that keys asked for stand at the deployment."""
        return [one.state for one in self.convex.exports.all if one.requestor == "snapshotExport"]

    async def outcome(self) -> Outcome:
        database = Database.open(self._task.database)
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


@first_with("kind", "postgresql", "sqlite")
async def test_an_export_killed_four_times_is_done_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with scene(kind, request, tmp_path / "scene") as one:
        for place, death in enumerate(SOME[kind]):
            await one.dies(death, begin=place == 0)
        assert await one.ends() == ONCE


async def test_a_cancelled_export_killed_while_it_ends_leaves_nothing(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with scene("sqlite", request, tmp_path / "scene") as one:
        one.convex.exports.hold(endless=True)
        await one.dies(at("withdraw", Place.END), begin=True, cancel=True)
        assert await one.ends(cancel=True) == NOTHING and one.states() == ["canceled"]


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_an_export_killed_at_any_point_is_done_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with scene(kind, request, tmp_path / "whole") as one:
        steps = (await one.run(begin=True)).steps
    deaths: list[Death] = [*ACCIDENTS, *killing.points(steps)]
    assert {"ask", "fetch", "record", "verify", "keep report"} <= {step.name for step in steps}
    outcomes = {}
    for place, death in enumerate(deaths):
        async with scene(kind, request, tmp_path / str(place)) as one:
            await one.dies(death, begin=True)
            outcomes[str(death)] = await one.ends()
    _tell(f"{kind}, killed at every point", outcomes)
    assert set(outcomes.values()) == {ONCE}, {death: one for death, one in outcomes.items() if one != ONCE}


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_exports_killed_at_random_are_done_once(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    outcomes, chance = {}, random.Random(7)
    for place in range(RANDOM_KILLS):
        async with scene(kind, request, tmp_path / str(place)) as one:
            first = await one.run(begin=True, after=chance.uniform(1.0, 5.0))
            # Killed before it had asked, it asks again; a running export is then simply shown.
            outcomes[f"{place}"] = await one.ends(begin=first.killed and not one.states())
    _tell(f"{kind}, killed at random", outcomes)
    assert set(outcomes.values()) == {ONCE}, {place: one for place, one in outcomes.items() if one != ONCE}


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_cancelled_export_killed_at_any_point_of_its_end_leaves_nothing(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    outcomes = {}
    for number, step in enumerate(("withdraw", "let go", "clear", "end")):
        for place in Place:
            async with scene(kind, request, tmp_path / f"{number}-{place}") as one:
                one.convex.exports.hold(endless=True)
                await one.dies(at(step, place), begin=True, cancel=True)
                outcomes[f"{place} {step}"] = await one.ends(cancel=True)
                assert one.states() == ["canceled"], (step, place)
    assert set(outcomes.values()) == {NOTHING}, outcomes


def _tell(title: str, outcomes: Mapping[str, Outcome]) -> None:
    completed = sum(one.completed for one in outcomes.values())
    duplicated = sum(one.duplicated for one in outcomes.values())
    lost = sum(one.lost for one in outcomes.values())
    print(f"\n{title}: {completed} of {len(outcomes)} completed, {duplicated} duplicated, {lost} lost")
