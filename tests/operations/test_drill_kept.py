"""What staging was before comes back: its stored files, and what people wrote while the import waited for an answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.backups import EnvironmentName
from bot.domain.checklist import State
from bot.domain.drill_events import Practice, Result
from bot.operations import drills
from bot.simulator.deployment import Identity
from bot.simulator.server import Simulator
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, Drilling, drilling
from tests.operations.home import PRODUCTION, STAGING
from tests.waiting import until

pytestmark = pytest.mark.soak


@pytest.fixture
async def staging(data_sets: Path) -> AsyncIterator[Simulator]:
    async with Simulator(data_sets, size_mb=0.1, identity=Identity("wise-heron-42", type="dev")) as simulator:
        yield simulator


@pytest.fixture
async def here(tmp_path: Path, convex: Simulator, staging: Simulator) -> AsyncIterator[Drilling]:
    access: dict[EnvironmentName, tuple[str, str]] = {
        PRODUCTION: (convex.url, convex.key),
        STAGING: (staging.url, staging.key),
    }
    async with drilling(sqlite_database(tmp_path), tmp_path, access) as one:
        yield one


def rows(simulator: Simulator) -> dict[str, int]:
    return {name: table.count for name, table in simulator.deployment.tables.items()}


async def test_stored_files_are_restored_compared_and_put_back_with_a_copy_that_has_them(
    here: Drilling, convex: Simulator, staging: Simulator
) -> None:
    # Staging has other files than production, and fewer.
    name = next(iter(staging.deployment.files))
    staging.deployment.files[name] = b"staging's own"
    taken = await here.home.ended(await here.home.export(with_files=True))
    assert taken.backup is not None
    begun = await here.begun(Practice(source=PRODUCTION, target=STAGING, copy_id=taken.backup))
    before = dict(staging.deployment.files)
    digest = await here.until_asked(begun.id)
    await drills.agree(here.house, begun.id, digest, ADA)
    await here.until_step(begun.id, "queries", State.DONE)
    assert staging.deployment.files[name] == convex.deployment.files[name]
    _, drill = await here.stands(begun.id)
    assert [one.ok for one in drill.checks if one.key == "target.files"] == [True]
    await drills.conclude(here.house, begun.id, None, True, "", ADA)
    _, drill = await here.until_closed(begun.id)
    assert drill.result is Result.PASS
    assert staging.deployment.files == before


async def test_what_people_wrote_while_the_import_waited_comes_back_too(here: Drilling, staging: Simulator) -> None:
    begun = await here.begun()
    digest = await here.until_asked(begun.id)
    _, drill = await here.stands(begun.id)
    first = drill.safety
    staging.scenarios.play("buggy-migration")
    written = rows(staging)
    await drills.agree(here.house, begun.id, digest, ADA)
    await here.until_step(begun.id, "queries", State.DONE)
    _, drill = await here.stands(begun.id)
    assert first is not None
    assert drill.safety is not None
    assert drill.safety.copy_id != first.copy_id
    await drills.conclude(here.house, begun.id, None, True, "", ADA)
    await here.until_closed(begun.id)
    assert rows(staging) == written
    assert not await here.in_vault(first.copy_id), "the older one is of no use any more"
    assert await here.in_vault(drill.safety.copy_id)


async def test_a_test_waits_for_an_export_that_runs_and_takes_away_none_but_its_own(
    here: Drilling, convex: Simulator
) -> None:
    convex.exports.seconds = 2
    theirs = await here.home.export()
    begun = await here.begun()
    await here.until_asked(begun.id)
    _, drill = await here.stands(begun.id)
    assert drill.tested is not None
    assert str(drill.tested.copy_id) != theirs
    await drills.cancel(here.house, begun.id, "No time", ADA)
    await here.until_closed(begun.id)
    assert await here.in_vault(theirs)


@pytest.mark.parametrize("cancelled", [False, True], ids=["taken", "under way"])
async def test_an_export_that_somebody_asked_for_while_a_test_took_it_is_theirs_to_keep(
    here: Drilling, staging: Simulator, cancelled: bool
) -> None:
    staging.exports.seconds = 2
    begun = await here.begun()

    async def is_taken() -> bool:
        return "import" in (await here.stands(begun.id))[1].work

    await until(is_taken)
    theirs = await here.home.export(STAGING)
    assert theirs == (await here.stands(begun.id))[1].work["import"], "one export of staging runs at a time"
    if not cancelled:
        # By another one, so that it is not what staging was before.
        await here.until_asked(begun.id)
        staging.scenarios.play("buggy-migration")
        staging.exports.seconds = 0
        _, drill = await here.stands(begun.id)
        assert drill.planned is not None
        await drills.agree(here.house, begun.id, drill.planned.digest, ADA)
        await here.until_step(begun.id, "import", State.DONE)
    await drills.cancel(here.house, begun.id, "No time", ADA)
    _, drill = await here.until_closed(begun.id)
    await here.home.ended(theirs)
    assert await here.in_vault(theirs)
    if not cancelled:
        assert drill.cleaned is not None
        assert any("somebody asked for an export" in line for line in drill.cleaned), drill.cleaned
