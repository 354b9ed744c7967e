"""Into what a drill imports, whatever the settings say; when its import may be answered; and whose exports it takes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.domain import drill_moves
from bot.domain.backups import BackupId, EnvironmentName, OperationId, OperationKind, Phase
from bot.domain.checklist import Move
from bot.domain.drill_events import ImportPlanned, Practice, RowChange
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.domain.plan import MayImport
from bot.house import House
from bot.operations import drill_copies, drill_guard, drills, tracking
from bot.operations import incidents as acting
from bot.ports import Identity
from bot.store import operations
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, BEN, ROOM
from tests.operations.home import PLAN, PRODUCTION, STAGING, Home, home

DEVELOPMENT = EnvironmentName("development")
OF_PRODUCTION = Identity("happy-otter-123", "cloud", "https://happy-otter-123.convex.cloud", "prod")
OF_STAGING = Identity("wise-heron-42", "cloud", "https://wise-heron-42.convex.cloud", "dev")
OF_DEVELOPMENT = Identity("calm-seal-7", "cloud", "https://calm-seal-7.convex.cloud", "dev")


class Named:
    """A deployment that says who it is, and nothing else."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def identity(self) -> Identity:
        return self._identity


def connected(house: House, **there: Identity) -> House:
    every: Any = {PRODUCTION: OF_PRODUCTION, STAGING: OF_STAGING, DEVELOPMENT: OF_DEVELOPMENT, **there}
    return replace(house, deployments={name: Named(one) for name, one in every.items()})  # type: ignore[misc] # a part


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Home]:
    nowhere = ("http://127.0.0.1:9", "key")
    async with home(
        sqlite_database(tmp_path), tmp_path, dict.fromkeys((PRODUCTION, STAGING, DEVELOPMENT), nowhere)
    ) as one:
        yield one


async def begun(house: House, source: EnvironmentName = PRODUCTION, target: EnvironmentName = STAGING) -> IncidentId:
    drill, new = await drills.begin(house, ADA, ROOM, Practice(source=source, target=target), "Backup test")
    assert new
    return drill.id


async def happens(house: House, drill: IncidentId, *bodies: Body) -> Incident:
    return await acting.act(house, drill, LIFEBOAT, lambda _: bodies)


def planned(there: Identity = OF_STAGING) -> ImportPlanned:
    return ImportPlanned(
        import_id="7",
        digest="abc",
        changes=(RowChange(table="users", create=3, delete=2),),
        copy_id=BackupId("production-1"),
        target=STAGING,
        deployment=there.name,
        url=there.url,
    )


# --- what is connected -----------------------------------------------------------------------------------------------


async def test_what_says_that_it_is_another_deployment_than_the_source_is_written_to(here: Home) -> None:
    await drill_guard.guard(connected(here.house), await begun(here.house))


@pytest.mark.parametrize(
    "there",
    [
        pytest.param(replace(OF_PRODUCTION, url="https://db.example.org"), id="its name at another address"),
        pytest.param(replace(OF_PRODUCTION, name="other", url=OF_PRODUCTION.url + "/"), id="its address"),
        pytest.param(
            replace(OF_PRODUCTION, name="other", url="https://x", type="prod"), id="a production of another name"
        ),
    ],
)
async def test_production_in_the_targets_place_is_not_written_to(here: Home, there: Identity) -> None:
    drill = await begun(here.house)
    with pytest.raises(Refused, match="Nothing was imported"):
        await drill_guard.guard(connected(here.house, staging=there), drill)


async def test_a_production_of_ones_own_is_not_written_to_in_a_test_that_has_nothing_to_do_with_it(here: Home) -> None:
    closed = PLAN.environments[PRODUCTION].model_copy(update={"may_import": MayImport.NEVER})
    house = replace(
        here.house, plan=PLAN.model_copy(update={"environments": {**PLAN.environments, PRODUCTION: closed}})
    )
    drill = await begun(house, STAGING, DEVELOPMENT)
    own = Identity("convex-self-hosted", "selfHosted", "http://10.0.0.1:3210")
    with pytest.raises(Refused, match="that is production itself") as refused:
        await drill_guard.guard(connected(house, production=own, development=own), drill)
    assert "INSTANCE_NAME" in refused.value.hint


async def test_nothing_is_imported_while_nobody_can_say_that_the_target_is_not_the_source(here: Home) -> None:
    drill = await begun(here.house)
    house = replace(here.house, deployments={STAGING: Named(OF_STAGING)})  # type: ignore[dict-item] # a part
    with pytest.raises(Refused):
        await drill_guard.guard(house, drill)


async def test_another_deployment_than_the_one_that_was_shown_is_not_written_to(here: Home) -> None:
    drill = await begun(here.house)
    await happens(here.house, drill, planned())
    await drill_guard.as_shown(connected(here.house), drill)
    with pytest.raises(Refused, match="what was shown was wise-heron-42"):
        await drill_guard.as_shown(connected(here.house, staging=OF_DEVELOPMENT), drill)


async def test_no_test_begins_into_what_an_open_incident_is_about(here: Home) -> None:
    told = {"title": "Rows are gone", "what": "", "cause": "", "environment": STAGING}
    await acting.start(here.house, ADA, ROOM, **told, noticed_at=here.house.clock.now())  # type: ignore[arg-type] # texts
    with pytest.raises(Refused, match="would overwrite what it is about"):
        await begun(here.house)
    await begun(here.house, target=DEVELOPMENT)


# --- when an import may be answered ----------------------------------------------------------------------------------


async def asked(house: House) -> IncidentId:
    drill = await begun(house)
    stands = await happens(house, drill)
    step = next(one for one in stands.checklist if one.key == "import")
    await happens(house, drill, *drill_moves.begun(stands, step, house.clock.now()), planned())
    return drill


async def test_an_import_that_was_agreed_to_is_not_refused_afterwards_as_if_nothing_were_imported(here: Home) -> None:
    drill = await asked(here.house)
    await drills.agree(here.house, drill, "abc", ADA)
    with pytest.raises(Refused, match="waits for an answer any more"):
        await drills.refuse(here.house, drill, "Wait", BEN)


async def test_nobody_agrees_to_an_import_whose_step_has_ended(here: Home) -> None:
    drill = await asked(here.house)
    stands = await happens(here.house, drill)
    step = next(one for one in stands.checklist if one.key == "import")
    await happens(here.house, drill, *drill_moves.ended(stands, step, Move.FAIL, "So.", here.house.clock.now()))
    with pytest.raises(Refused, match="waits for an answer any more"):
        await drills.agree(here.house, drill, "abc", ADA)


# --- whose exports it takes ------------------------------------------------------------------------------------------


async def test_a_drill_waits_for_somebody_elses_export_and_then_takes_its_own(here: Home) -> None:
    drill, now = await begun(here.house), here.house.clock.now()
    async with here.house.database.write() as db:
        theirs = await operations.add(db, tracking.entered("theirs", OperationKind.EXPORT, STAGING, BEN, now))
    taking = asyncio.create_task(drill_copies.enter(here.house, drill, STAGING, "work/safety", True))
    await asyncio.sleep(0.2)
    assert not taking.done()
    async with here.house.database.write() as db:
        await tracking.end(db, theirs.id, Phase.DONE, now)
    mine = OperationId(await taking)
    assert mine != theirs.id
    assert drill_copies.ours(mine)
    assert not drill_copies.ours(theirs.id)
    assert (await here.operation(mine)).with_files
    assert await drill_copies.enter(here.house, drill, STAGING, "work/safety", True) == mine, "and one only"
