"""Staging is put back once: what people write there afterwards is theirs, however often the clean-up is done again."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain.checklist import Move, State
from bot.domain.drill_events import Imported, Result
from bot.domain.errors import Refused
from bot.domain.incident_events import IncidentId
from bot.house import House
from bot.operations import drills
from bot.ports import Counts, Deployment, ImportForgotten
from bot.simulator.deployment import Identity
from bot.simulator.server import Simulator
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, Drilling, drilling
from tests.operations.home import PRODUCTION, STAGING
from tests.waiting import until

pytestmark = pytest.mark.soak

Rows = dict[str, list[bytes]]


class Disturbed:
    """Staging's own deployment, with something that happens before one of its answers."""

    def __init__(self, inner: Deployment) -> None:
        self._inner = inner
        self.before_counts: Callable[[], Awaitable[None]] | None = None
        self.before_state: Callable[[str], Awaitable[None]] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def counts(self, at_ns: int | None = None) -> Counts:
        if self.before_counts is not None:
            await self.before_counts()
        return await self._inner.counts(at_ns)

    async def import_state(self, import_id: str) -> Any:
        if self.before_state is not None:
            await self.before_state(import_id)
        return await self._inner.import_state(import_id)


@pytest.fixture
async def staging(data_sets: Path) -> AsyncIterator[Simulator]:
    async with Simulator(data_sets, size_mb=0.1, identity=Identity("wise-heron-42", type="dev")) as simulator:
        yield simulator


Opened = Callable[[], AbstractAsyncContextManager[tuple[Drilling, Disturbed]]]


@pytest.fixture
def opened(tmp_path: Path, convex: Simulator, staging: Simulator) -> Opened:
    access = {PRODUCTION: (convex.url, convex.key), STAGING: (staging.url, staging.key)}
    made: list[Disturbed] = []

    def furnish(house: House) -> House:
        made.append(Disturbed(house.deployments[STAGING]))
        return replace(house, deployments={**house.deployments, STAGING: made[0]})

    @asynccontextmanager
    async def open_house() -> AsyncIterator[tuple[Drilling, Disturbed]]:
        async with drilling(sqlite_database(tmp_path), tmp_path, access, furnish=furnish) as here:
            yield here, made[0]

    return open_house


def rows(simulator: Simulator) -> Rows:
    tables = simulator.deployment.user_tables.items()
    return {name: [one.line for one in table.view().ordered(newest_first=False)] for name, table in tables}


def performed(simulator: Simulator) -> int:
    return sum(one.state["state"] == "completed" for one in simulator.imports.all)


async def ending(here: Drilling) -> IncidentId:
    """A drill that is cancelled once its copy is in staging, so that the next thing is the clean-up."""
    begun = await here.begun()
    await here.move(begun.id, "queries", Move.CLAIM)
    await drills.agree(here.house, begun.id, await here.until_asked(begun.id), ADA)
    await here.until_step(begun.id, "import", State.DONE)
    await drills.cancel(here.house, begun.id, "No time", ADA)
    return begun.id


async def put_back_events(here: Drilling, drill: IncidentId) -> int:
    return sum(isinstance(one.body, Imported) and one.body.put_back for one in await here.events(drill))


async def test_a_clean_up_that_is_done_again_leaves_what_people_wrote_to_staging_since(
    opened: Opened, staging: Simulator
) -> None:
    async with opened() as (here, deployment):
        deployment.before_counts = _refused_once_performed(staging)
        drill = await ending(here)
        assert "The key was withdrawn" in await here.until_step(drill, "clean-up", State.FAILED)
        staging.scenarios.play("buggy-migration")
        theirs = rows(staging)
        deployment.before_counts = None
        await here.move(drill, "clean-up", Move.REOPEN)
        _, ended = await here.until_closed(drill)
        assert rows(staging) == theirs
        assert performed(staging) == 2, "the test's own import, and one that put staging back"
        assert await put_back_events(here, drill) == 1
        assert ended.cleaned is not None
        assert any("was put back" in line and "has written to it since" in line for line in ended.cleaned), (
            ended.cleaned
        )


async def test_staging_that_somebody_wrote_to_just_after_it_was_put_back_is_left_so_and_that_is_said(
    opened: Opened, staging: Simulator
) -> None:
    async with opened() as (here, deployment):

        async def somebody_writes() -> None:
            if performed(staging) == 2:
                deployment.before_counts = None
                staging.scenarios.play("buggy-migration")

        deployment.before_counts = somebody_writes
        drill = await ending(here)
        _, ended = await here.until_closed(drill)
        assert ended.cleaned is not None
        assert any("has written to it since" in line for line in ended.cleaned), ended.cleaned
        assert performed(staging) == 2


async def test_a_put_back_whose_end_nobody_saw_is_looked_up_and_not_done_again(
    opened: Opened, staging: Simulator
) -> None:
    async with opened() as (here, deployment):
        deployment.before_state = _refused_once_performed(staging)
        drill = await ending(here)
        assert "The key was withdrawn" in await here.until_step(drill, "clean-up", State.FAILED)
        assert await put_back_events(here, drill) == 0
        staging.scenarios.play("buggy-migration")
        theirs = rows(staging)
        deployment.before_state = None
        await here.move(drill, "clean-up", Move.REOPEN)
        await here.until_closed(drill)
        assert rows(staging) == theirs
        assert performed(staging) == 2
        assert await put_back_events(here, drill) == 1


async def test_staging_is_not_put_back_again_where_convex_has_forgotten_whether_it_was(
    opened: Opened, staging: Simulator
) -> None:
    async with opened() as (here, deployment):
        deployment.before_state = _refused_once_performed(staging)
        drill = await ending(here)
        await here.until_step(drill, "clean-up", State.FAILED)
        staging.scenarios.play("buggy-migration")
        theirs = rows(staging)

        async def forgotten(import_id: str) -> None:
            raise ImportForgotten(f"Convex knows no import {import_id}.")

        deployment.before_state = forgotten
        await here.move(drill, "clean-up", Move.REOPEN)
        note = await here.until_step(drill, "clean-up", State.FAILED)
        assert "nobody can tell whether it was" in note
        assert rows(staging) == theirs


def _refused_once_performed(staging: Simulator) -> Callable[..., Awaitable[None]]:
    """Refuses whatever is asked once staging was put back."""

    async def refused(*_: str) -> None:
        if performed(staging) == 2:
            raise Refused("The key was withdrawn.", "Set another one.")

    return refused


async def test_staging_that_is_written_to_during_the_test_fails_it_and_says_so_and_not_that_the_copy_does(
    opened: Opened, staging: Simulator
) -> None:
    async with opened() as (here, _):
        begun = await here.begun()
        await here.move(begun.id, "queries", Move.CLAIM)
        await drills.agree(here.house, begun.id, await here.until_asked(begun.id), ADA)
        await here.until_step(begun.id, "import", State.DONE)
        staging.set_traffic(20)
        table = staging.deployment.tables["messages"].count
        await until(lambda: staging.deployment.tables["messages"].count > table)
        await here.move(begun.id, "queries", Move.HAND_BACK)
        note = await here.until_step(begun.id, "queries", State.FAILED)
        assert "Staging was written to during the test" in note
        assert "messages" in note
        with pytest.raises(Refused, match="no pass"):
            await drills.conclude(here.house, begun.id, Result.PASS, True, "", ADA)

        staging.set_traffic(0)
        await here.move(begun.id, "import", Move.REOPEN)
        await here.move(begun.id, "queries", Move.REOPEN)
        await drills.agree(here.house, begun.id, await here.until_asked(begun.id), ADA)
        await here.until_step(begun.id, "queries", State.DONE)
        _, drill = await here.stands(begun.id)
        assert all(one.ok for one in drill.checks), "done again while nobody wrote, it holds"
