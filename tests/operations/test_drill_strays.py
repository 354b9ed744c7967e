"""A drill whose import goes another way than it was led: begun by hand at Convex, forgotten there, or given up here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from dbos import DBOS

from bot.domain.checklist import Move, State
from bot.operations import drills
from bot.simulator.deployment import Identity
from bot.simulator.server import Simulator
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, Drilling, drilling
from tests.operations.home import PRODUCTION, STAGING
from tests.waiting import until


@pytest.fixture
async def staging(data_sets: Path) -> AsyncIterator[Simulator]:
    async with Simulator(data_sets, size_mb=0.1, identity=Identity("wise-heron-42", type="dev")) as simulator:
        yield simulator


@pytest.fixture
async def here(tmp_path: Path, convex: Simulator, staging: Simulator) -> AsyncIterator[Drilling]:
    access = {PRODUCTION: (convex.url, convex.key), STAGING: (staging.url, staging.key)}
    async with drilling(sqlite_database(tmp_path), tmp_path, access) as one:
        yield one


def rows(simulator: Simulator) -> dict[str, list[bytes]]:
    tables = simulator.deployment.user_tables.items()
    return {name: [one.line for one in table.view().ordered(newest_first=False)] for name, table in tables}


async def test_staging_is_put_back_to_what_it_was_before_the_first_import_however_often_the_step_is_done_again(
    here: Drilling, staging: Simulator
) -> None:
    before = rows(staging)
    begun = await here.begun()
    await here.until_asked(begun.id)
    [job] = staging.imports.all
    staging.imports.perform(job.id)
    await staging.imports.settled(job, ("completed",))
    await drills.refuse(here.house, begun.id, "Not today", ADA)
    assert "Convex performed the import" in await here.until_step(begun.id, "import", State.FAILED)
    assert rows(staging) != before
    _, drill = await here.stands(begun.id)

    await here.move(begun.id, "import", Move.REOPEN)
    digest = await here.until_asked(begun.id)
    _, again = await here.stands(begun.id)
    assert again.safety == drill.safety
    await drills.agree(here.house, begun.id, digest, ADA)
    await here.until_step(begun.id, "queries", State.DONE)
    await drills.conclude(here.house, begun.id, None, True, "", ADA)
    await here.until_closed(begun.id)
    assert rows(staging) == before


@pytest.mark.parametrize(
    "agreed", [pytest.param(False, marks=pytest.mark.soak, id="waiting"), pytest.param(True, id="agreed to")]
)
async def test_a_drill_is_cleaned_up_though_convex_knows_its_import_no_more(
    here: Drilling, staging: Simulator, agreed: bool
) -> None:
    before = rows(staging)
    begun = await here.begun()
    digest = await here.until_asked(begun.id)
    if agreed:
        staging.imports.seconds = 60
        await drills.agree(here.house, begun.id, digest, ADA)
        [job] = staging.imports.all
        await staging.imports.settled(job, ("in_progress",))
        staging.imports.seconds = 0
        staging.imports.cancel(job.id)
    staging.imports.all.clear()
    if agreed:
        assert "knows no import" in await here.until_step(begun.id, "import", State.FAILED)
    await drills.cancel(here.house, begun.id, "Staging was made anew", ADA)
    _, drill = await here.until_closed(begun.id)
    assert rows(staging) == before
    assert drill.cleaned is not None
    assert any(("put back" if agreed else "was not changed") in line for line in drill.cleaned), drill.cleaned


@pytest.mark.parametrize(
    "cancelled", [pytest.param(False, id="open"), pytest.param(True, marks=pytest.mark.soak, id="cancelled")]
)
async def test_a_step_whose_work_the_engine_gave_up_fails_and_can_be_done_again(
    here: Drilling, staging: Simulator, cancelled: bool
) -> None:
    before = rows(staging)
    begun = await here.begun()
    await here.until_asked(begun.id)
    work_id = f"drill-{begun.id}-import-1"
    await DBOS.cancel_workflow_async(work_id)
    if cancelled:
        await drills.cancel(here.house, begun.id, "No time", ADA)
        await here.until_closed(begun.id)
    else:
        assert "engine gave this step up" in await here.until_step(begun.id, "import", State.FAILED)
        await here.move(begun.id, "import", Move.REOPEN)

        async def asked_again() -> bool:
            return (await here.stands(begun.id))[1].rounds["import"] == 2

        await until(asked_again, within=10)
        await here.until_asked(begun.id)
        assert sum(one.document()["state"]["state"] != "failed" for one in staging.imports.all) == 1
    assert rows(staging) == before
