"""A drill sits out that staging is away, in each of its parts: it says so, goes on by itself, and imports once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.checklist import Move, State
from bot.domain.drill_events import Result
from bot.domain.drills import Progress
from bot.domain.errors import Outage
from bot.domain.incident_events import IncidentId
from bot.house import Limits
from bot.operations import drill_outages, drills
from bot.simulator.deployment import Identity
from bot.simulator.faults import Kind
from bot.simulator.server import Simulator
from bot.store import progress
from bot.store.database import Database
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, Drilling, drilling
from tests.operations.home import PRODUCTION, STAGING
from tests.routing import FakeClock, house
from tests.waiting import until

DRILL = IncidentId("2026-12-15-drill")
AWAY = Outage("Convex", "Convex did not answer while looking at the import (503, three tries). No data was changed.")
QUICK = Limits(poll_seconds=0.0001)


async def said(database: Database) -> str:
    async with database.read() as db:
        found = await progress.get(db, DRILL)
    return found.words if found is not None else ""


async def test_it_is_said_that_a_service_is_away_since_when_and_when_it_is_asked_again(sqlite: Database) -> None:
    clock, tries = FakeClock(), 0
    here = replace(house(sqlite, clock, ()), limits=Limits(poll_seconds=0.001))
    begun = clock.now()

    async def answers() -> str:
        nonlocal tries
        tries += 1
        clock.pass_by(timedelta(minutes=2))
        if tries < 6:
            raise AWAY
        return "there"

    assert await drill_outages.sat_out(here, DRILL, answers) == "there"
    words = await said(sqlite)
    assert words.startswith(AWAY.problem)
    assert f"since {begun + timedelta(minutes=2):%H:%M:%S} UTC" in words
    assert f"I ask again at {begun + timedelta(minutes=10):%H:%M}" in words
    assert f"give up at {begun + timedelta(minutes=17):%H:%M}" in words


async def test_it_is_said_when_it_is_given_up_and_since_when_the_service_was_away(sqlite: Database) -> None:
    clock = FakeClock()
    here = replace(house(sqlite, clock, ()), limits=QUICK)
    begun = clock.now()

    async def silent() -> None:
        clock.pass_by(timedelta(minutes=5))
        raise AWAY

    with pytest.raises(Outage) as given_up:
        await drill_outages.sat_out(here, DRILL, silent)
    start, end = begun + timedelta(minutes=5), begun + timedelta(minutes=20)
    assert given_up.value.problem == f"{AWAY.problem} It was so from {start:%H:%M} to {end:%H:%M} UTC, and I gave up."
    assert "Redo the step" in given_up.value.hint


@pytest.fixture
async def staging(data_sets: Path) -> AsyncIterator[Simulator]:
    async with Simulator(data_sets, size_mb=0.1, identity=Identity("wise-heron-42", type="dev")) as simulator:
        yield simulator


@pytest.fixture
async def here(tmp_path: Path, convex: Simulator, staging: Simulator) -> AsyncIterator[Drilling]:
    access = {PRODUCTION: (convex.url, convex.key), STAGING: (staging.url, staging.key)}
    async with drilling(sqlite_database(tmp_path), tmp_path, access) as one:
        yield one


async def shown(here: Drilling, drill: IncidentId) -> Progress | None:
    async with here.house.database.read() as db:
        return await progress.get(db, drill)


async def away(here: Drilling, staging: Simulator, drill: IncidentId, words: str) -> None:
    """Until the board has said that staging is away, more than once; then it answers again."""
    since, seen = here.house.clock.now(), set[str]()

    async def told() -> bool:
        found = await shown(here, drill)
        if found is not None and found.at > since and words in found.words and "gain at" in found.words:
            seen.add(found.words)
        return len(seen) > 1

    await until(told)
    staging.control.clear()
    staging.imports.seconds = 0


def rows(simulator: Simulator) -> dict[str, list[bytes]]:
    tables = simulator.deployment.user_tables.items()
    return {name: [one.line for one in table.view().ordered(newest_first=False)] for name, table in tables}


def performed(simulator: Simulator) -> int:
    return sum(one.state["state"] == "completed" for one in simulator.imports.all)


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["status", "drop"])
async def test_a_drill_goes_on_by_itself_wherever_staging_was_away(
    here: Drilling, convex: Simulator, staging: Simulator, kind: Kind
) -> None:
    before = rows(staging)
    gone = staging.control.add
    gone(kind, path="/", times=None)
    begun = await here.begun()
    await away(here, staging, begun.id, "Convex did not answer")

    gone(kind, path="/api/import/upload_part", times=None)
    await away(here, staging, begun.id, "while uploading the copy")
    digest = await here.until_asked(begun.id)

    gone(kind, path="/api/perform_import", times=None)
    await here.move(begun.id, "queries", Move.CLAIM)
    await drills.agree(here.house, begun.id, digest, ADA)
    await away(here, staging, begun.id, "while beginning the import")

    await here.until_step(begun.id, "import", State.DONE)
    assert rows(staging) == rows(convex)
    gone(kind, path="/", times=None)
    await here.move(begun.id, "queries", Move.HAND_BACK)
    await away(here, staging, begun.id, "while listing the tables")

    await here.until_step(begun.id, "queries", State.DONE)
    gone(kind, path="/api/import", times=None)
    await drills.conclude(here.house, begun.id, None, True, "", ADA)
    await away(here, staging, begun.id, "while uploading the copy")
    _, drill = await here.until_closed(begun.id)
    assert drill.result is Result.PASS
    assert rows(staging) == before
    assert performed(staging) == 2, "the test's own import, and one that put staging back"


@pytest.mark.soak
@pytest.mark.parametrize("kind", ["status", "drop"])
async def test_an_import_that_goes_on_while_staging_is_away_is_followed_to_its_end(
    here: Drilling, staging: Simulator, kind: Kind
) -> None:
    begun = await here.begun()
    digest = await here.until_asked(begun.id)
    staging.imports.seconds = 3
    await drills.agree(here.house, begun.id, digest, ADA)

    async def goes_on() -> bool:
        found = await shown(here, begun.id)
        return found is not None and "Imported" in found.words

    await until(goes_on)
    staging.control.add(kind, path="/", times=None)
    await away(here, staging, begun.id, "An import that was begun goes on at Convex all the same")
    await here.until_step(begun.id, "import", State.DONE)
    assert performed(staging) == 1
    assert len(staging.imports.all) == 1
