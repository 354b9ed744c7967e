"""Drills from end to end: real database, engine, vault and adapter, around two simulated deployments."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.backups import EnvironmentName
from bot.domain.checklist import Move, State
from bot.domain.drill_events import Result
from bot.domain.errors import Refused
from bot.domain.plan import MayImport
from bot.operations import drills
from bot.simulator.deployment import Identity
from bot.simulator.server import Simulator
from bot.store import incidents
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, BEN, Drilling, drilling
from tests.operations.home import PLAN, PRODUCTION, STAGING

STAGED = Identity("wise-heron-42", type="dev")
Rows = dict[str, list[bytes]]
Access = dict[EnvironmentName, tuple[str, str]]


@pytest.fixture
async def staging(data_sets: Path) -> AsyncIterator[Simulator]:
    """Another deployment, with other data."""
    async with Simulator(data_sets, size_mb=0.1, identity=STAGED) as simulator:
        yield simulator


@pytest.fixture
def both(convex: Simulator, staging: Simulator) -> Access:
    return {PRODUCTION: (convex.url, convex.key), STAGING: (staging.url, staging.key)}


@pytest.fixture
async def here(database_url: str, tmp_path: Path, both: Access) -> AsyncIterator[Drilling]:
    async with drilling(database_url, tmp_path, both) as one:
        yield one


@pytest.fixture
async def small(tmp_path: Path, both: Access) -> AsyncIterator[Drilling]:
    async with drilling(sqlite_database(tmp_path), tmp_path, both) as one:
        yield one


def rows(simulator: Simulator) -> Rows:
    tables = simulator.deployment.user_tables.items()
    return {name: [one.line for one in table.view().ordered(newest_first=False)] for name, table in tables}


async def test_a_drill_restores_the_copy_proves_it_and_puts_staging_back(
    here: Drilling, convex: Simulator, staging: Simulator
) -> None:
    before, production = rows(staging), rows(convex)
    begun = await here.begun()
    digest = await here.until_asked(begun.id)
    assert rows(staging) == before, "nothing is written before somebody agrees"
    await drills.agree(here.house, begun.id, digest, ADA)
    await here.until_step(begun.id, "queries", State.DONE)
    assert rows(staging) == production
    _, drill = await here.stands(begun.id)
    assert [one.title for one in drill.checks if one.ok is not True] == []
    assert {one.key.partition(".")[0] for one in drill.checks} == {"copy", "target"}
    await drills.conclude(here.house, begun.id, None, True, "As written.", ADA)
    found, drill = await here.until_closed(begun.id)
    assert drill.result is Result.PASS
    assert rows(staging) == before
    assert all(one.state is State.DONE for one in found.steps.values())
    assert drill.tested is not None
    assert await here.in_vault(drill.tested.copy_id), "it is the newest verified copy of production"
    async with here.house.database.read() as db:
        assert await incidents.broken_at(db, begun.id) is None


async def test_the_dry_run_says_what_convex_would_create_and_delete(
    small: Drilling, convex: Simulator, staging: Simulator
) -> None:
    begun = await small.begun()
    await small.until_asked(begun.id)
    _, drill = await small.stands(begun.id)
    assert drill.planned is not None
    shown = {one.table: (one.create, one.delete) for one in drill.planned.changes}
    wanted, standing = rows(convex), rows(staging)
    assert {name: (len(wanted[name]), len(standing[name])) for name in wanted} == {name: shown[name] for name in wanted}
    assert drill.planned.url.rstrip("/") == staging.url.rstrip("/")


async def test_a_refused_import_writes_nothing_and_can_be_tried_again(small: Drilling, staging: Simulator) -> None:
    before = rows(staging)
    begun = await small.begun()
    await small.until_asked(begun.id)
    await drills.refuse(small.house, begun.id, "Somebody works on staging", ADA)
    note = await small.until_step(begun.id, "import", State.FAILED)
    assert "Somebody works on staging" in note
    assert rows(staging) == before


async def test_two_people_agree_where_the_plan_wants_two(tmp_path: Path, both: Access, staging: Simulator) -> None:
    target = PLAN.environments[STAGING].model_copy(update={"may_import": MayImport.TWO_PEOPLE})
    plan = PLAN.model_copy(update={"environments": {**PLAN.environments, STAGING: target}})
    before = rows(staging)
    async with drilling(sqlite_database(tmp_path), tmp_path, both, plan=plan) as here:
        begun = await here.begun()
        digest = await here.until_asked(begun.id)
        await drills.agree(here.house, begun.id, digest, ADA)
        with pytest.raises(Refused, match="second person"):
            await drills.agree(here.house, begun.id, digest, ADA)
        assert rows(staging) == before
        await drills.agree(here.house, begun.id, digest, BEN)
        await here.until_step(begun.id, "queries", State.DONE)
        assert rows(staging) != before


async def test_nothing_is_imported_into_what_says_that_it_is_production(
    tmp_path: Path, convex: Simulator, staging: Simulator
) -> None:
    before = rows(convex)
    wrong = {PRODUCTION: (convex.url, convex.key), STAGING: (convex.url.replace("127.0.0.1", "localhost"), convex.key)}
    async with drilling(sqlite_database(tmp_path), tmp_path, wrong) as here:
        begun = await here.begun()
        note = await here.until_step(begun.id, "import", State.FAILED)
    assert "production itself" in note
    assert rows(convex) == before


async def test_nothing_is_imported_into_a_deployment_of_another_name_than_the_plans(
    tmp_path: Path, both: Access, staging: Simulator
) -> None:
    target = PLAN.environments[STAGING].model_copy(update={"deployment": "happy-otter-123"})
    plan = PLAN.model_copy(update={"environments": {**PLAN.environments, STAGING: target}})
    before = rows(staging)
    async with drilling(sqlite_database(tmp_path), tmp_path, both, plan=plan) as here:
        begun = await here.begun()
        note = await here.until_step(begun.id, "import", State.FAILED)
    assert "happy-otter-123" in note
    assert rows(staging) == before


@pytest.mark.parametrize("at", ["before the import", "while it waits", "after the import"])
async def test_a_cancelled_drill_leaves_staging_as_it_was(small: Drilling, staging: Simulator, at: str) -> None:
    before = rows(staging)
    begun = await small.begun()
    if at != "before the import":
        digest = await small.until_asked(begun.id)
        if at == "after the import":
            await drills.agree(small.house, begun.id, digest, ADA)
            await small.until_step(begun.id, "import", State.DONE)
    await drills.cancel(small.house, begun.id, "No time", ADA)
    found, drill = await small.until_closed(begun.id)
    assert rows(staging) == before
    assert drill.cleaned
    assert drill.result is None
    assert found.steps["clean-up"].state is State.DONE


async def test_a_table_that_is_missing_after_the_import_fails_the_test_and_opens_follow_ups(
    small: Drilling, staging: Simulator
) -> None:
    begun = await small.begun()
    digest = await small.until_asked(begun.id)
    await small.move(begun.id, "queries", Move.CLAIM)
    await drills.agree(small.house, begun.id, digest, ADA)
    await small.until_step(begun.id, "import", State.DONE)
    staging.scenarios.play("buggy-migration")
    await small.move(begun.id, "queries", Move.HAND_BACK)
    await small.until_step(begun.id, "queries", State.FAILED)
    with pytest.raises(Refused, match="no pass"):
        await drills.conclude(small.house, begun.id, Result.PASS, True, "", ADA)
    await drills.conclude(small.house, begun.id, None, False, "Say how users are counted", ADA)
    found, drill = await small.until_closed(begun.id)
    assert drill.result is Result.FAIL
    assert any("Say how users are counted" in one.text for one in found.follow_ups)
    assert all(one.owner == "ada" and one.due_at is not None for one in found.follow_ups)
    following = await small.begun(title="The next one")
    assert "Still open from earlier tests:" in following.what
    assert "Say how users are counted" in following.what


async def test_whoever_takes_an_automatic_step_does_it_by_hand(small: Drilling) -> None:
    begun = await small.begun()
    await small.move(begun.id, "import", Move.CLAIM)
    await small.until_step(begun.id, "integrity", State.DONE)
    found, drill = await small.stands(begun.id)
    assert found.steps["import"].state is State.TODO
    assert drill.planned is None
