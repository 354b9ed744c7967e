"""Lifeboat examines itself: everything a recovery needs, looked at before it is needed."""

import asyncio
import shutil
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.domain.drill_events import Link, Practice
from bot.domain.incident_events import IncidentId, Noted, Started
from bot.operations import incidents as acting
from bot.operations import records
from bot.operations.doctor import examine
from bot.simulator.server import Simulator
from bot.store import incidents, tables
from bot.views.doctor import Examined, Finding, doctor_card
from tests.databases import sqlite_database
from tests.operations.home import ADA, PRODUCTION, STAGING, Home, home
from tests.views import drill_stages


async def found(at: Home) -> dict[str, Examined]:
    return {one.what: one for one in await examine(at.house)}


async def test_where_all_is_well_only_what_is_not_set_up_is_a_warning(on_either: Home) -> None:
    await on_either.sweep.once()
    looked = await found(on_either)
    assert looked["Database"].finding is Finding.OK
    assert looked["Vault"].finding is Finding.OK
    assert looked["Sweep"].finding is Finding.OK
    assert looked["Messages"].finding is Finding.OK
    assert looked["Production"].finding is Finding.OK
    assert looked["Production: key"].finding is Finding.OK
    assert looked["Staging"].finding is Finding.WARNING
    assert looked["Convex status page"].finding is Finding.WARNING
    assert "brave-otter" in looked["Production"].found


async def test_a_key_that_may_only_look_is_broken_and_says_what_it_may_not(convex: Simulator, tmp_path: Path) -> None:
    narrow = convex.keys.limit("looking", ("ViewData", "ViewBackups"), read_only=False)
    async with home(sqlite_database(tmp_path), tmp_path, {PRODUCTION: (convex.url, narrow)}) as at:
        looked = await found(at)
    assert looked["Production: key"].finding is Finding.BROKEN
    assert "take copies" in looked["Production: key"].found
    assert "download copies" in looked["Production: key"].found
    assert "count rows" not in looked["Production: key"].found
    assert looked["Production: key"].mend


async def test_a_dead_deployment_does_not_hide_the_rest(convex: Simulator, at_home: Home) -> None:
    await convex.stop_listening()
    looked = await found(at_home)
    assert looked["Production"].finding is Finding.BROKEN
    assert "Database" in looked
    assert doctor_card(list(looked.values())).title.startswith("Broken: Production")


async def test_a_clock_that_is_wrong_is_said(convex: Simulator, at_home: Home) -> None:
    convex.control.clock_skew = 300
    looked = await found(at_home)
    assert looked["Production: clock"].finding is Finding.WARNING
    assert "away from Convex" in looked["Production: clock"].found


async def test_a_paused_deployment_is_said(convex: Simulator, at_home: Home) -> None:
    convex.deployment.paused = True
    assert (await found(at_home))["Production"].finding is Finding.WARNING


async def test_a_vault_that_is_gone_is_broken(at_home: Home) -> None:
    vault: Any = at_home.house.vault
    shutil.rmtree(vault.root)
    looked = await found(at_home)
    assert looked["Vault"].finding is Finding.BROKEN
    assert looked["Vault"].mend


async def test_a_sweep_that_never_ran_is_said(at_home: Home) -> None:
    assert (await found(at_home))["Sweep"].finding is Finding.WARNING


async def test_where_copies_are_expected_somebody_or_a_schedule_must_take_them(at_home: Home) -> None:
    without = (await found(at_home))["Production: copies"]
    assert without.finding is Finding.WARNING and "none is scheduled" in without.found
    assert "/backup export production" in without.mend and "export_at" in without.mend
    assert "Staging: copies" not in await found(at_home)
    await at_home.ended(await at_home.export())
    by_hand = (await found(at_home))["Production: copies"]
    assert by_hand.finding is Finding.OK and "by hand" in by_hand.found


async def test_copies_on_schedule_are_said_to_come_by_themselves(at_home: Home) -> None:
    plan = at_home.house.plan
    nightly = plan.environments[PRODUCTION].model_copy(update={"export_at": time(2)})
    house = replace(at_home.house, plan=plan.model_copy(update={"environments": {PRODUCTION: nightly}}))
    looked = {one.what: one for one in await examine(house)}
    assert looked["Production: copies"].found == "One is taken daily at 02:00 UTC."


async def test_every_record_of_incidents_and_tests_is_proved_from_its_first_event_on(on_either: Home) -> None:
    real, drill = await _recorded(on_either)
    count = await _count(on_either)
    looked = (await found(on_either))["Records"]
    assert looked.finding is Finding.OK
    assert looked.found == f"{count} events in 2 records of incidents and drills: every chain is whole."
    await _spoil(on_either, drill, 2)
    await _spoil(on_either, real, 3)
    spoilt = await found(on_either)
    assert spoilt["Records"].finding is Finding.BROKEN and "2 records do not hold" in spoilt["Records"].found
    assert "event 2." in spoilt[f"Record of {drill}"].found and "event 3." in spoilt[f"Record of {real}"].found
    assert spoilt[f"Record of {drill}"].mend


async def test_a_record_taken_away_from_under_its_events_is_missed(on_either: Home) -> None:
    _, drill = await _recorded(on_either)
    async with on_either.house.database.write() as db:
        await db.execute(sa.delete(tables.incidents).where(tables.incidents.c.id == drill))
    assert (await found(on_either))[f"Record of {drill}"].finding is Finding.BROKEN


async def test_a_result_that_was_written_over_beside_its_events_is_found(on_either: Home) -> None:
    _, drill = await _recorded(on_either)
    async with on_either.house.database.write() as db:
        here = tables.incidents.c.id == drill
        stands = await db.scalar(sa.select(tables.incidents.c.stands).where(here))
        changed = str(stands).replace("Backup test", "Better test")
        await db.execute(sa.update(tables.incidents).where(here).values(stands=changed))
    looked = await found(on_either)
    assert looked[f"Record of {drill}"].finding is Finding.WARNING
    assert "does not follow" in looked[f"Record of {drill}"].found


async def test_a_drill_whose_predecessor_was_written_anew_with_all_its_hashes_says_so(on_either: Home) -> None:
    _, drill = await _recorded(on_either)
    later = drill_stages.Q4 + timedelta(days=91)
    begun = drill_stages.passed(later, "2027-Q1", previous=Link(id=drill, seq=2, hash="0" * 64)).events[0]
    async with on_either.house.database.write() as db:
        await incidents.begin(db, begun, None)
    looked = (await found(on_either))[f"Record of {begun.incident}"]
    assert looked.finding is Finding.BROKEN
    assert looked.found.startswith(f"It follows event 2 of {drill}, which is not there any more")


async def test_thousands_of_events_are_proved_while_others_write(at_home: Home) -> None:
    real, _ = await _recorded(at_home)
    many = tuple(Noted(text=f"{number}: what was seen") for number in range(3000))
    await acting.act(at_home.house, real, ADA, lambda _: many)
    proving = asyncio.create_task(records.examine(at_home.house.database, 30))
    written = 0
    while not proving.done():
        await acting.act(at_home.house, real, ADA, lambda _: (Noted(text="meanwhile"),))
        written += 1
    seen = await proving
    assert written > 1
    assert (seen.records, seen.left, seen.broken, seen.strayed) == (2, 0, {}, ())
    assert seen.events > 3000


async def test_what_there_was_no_time_for_is_said_to_be_left(at_home: Home) -> None:
    await _recorded(at_home)
    seen = await records.examine(at_home.house.database, -1)
    assert (seen.records, seen.left) == (0, 2)


async def _recorded(at: Home) -> tuple[IncidentId, IncidentId]:
    """An incident and a drill that have just begun."""
    practice = Practice(occasion="2026-Q4", source=PRODUCTION, target=STAGING)
    begun = drill_stages.Course(practice).events[0].body
    assert isinstance(begun, Started)
    now = at.house.clock.now()
    async with at.house.database.write() as db:
        drill = await acting.enter(db, at.house, "2026-12-15-drill", begun, ADA, now)
        lost = begun.model_copy(update={"practice": None, "title": "Users are gone"})
        real = await acting.enter(db, at.house, "2026-12-15-users", lost, ADA, now)
    await acting.act(at.house, real.id, ADA, lambda _: (Noted(text="ada saw it"),))
    return real.id, drill.id


async def _count(at: Home) -> int:
    async with at.house.database.read() as db:
        return await db.scalar(sa.select(sa.func.count()).select_from(tables.incident_events)) or 0


async def _spoil(at: Home, name: IncidentId, seq: int) -> None:
    """Somebody with access to the database changes what happened."""
    event = sa.and_(tables.incident_events.c.incident == name, tables.incident_events.c.seq == seq)
    async with at.house.database.write() as db:
        text = str(await db.scalar(sa.select(tables.incident_events.c.event).where(event)))
        await db.execute(sa.update(tables.incident_events).where(event).values(event=text + " "))
