"""What is looked at once a minute: the environments as they are, what is due to go."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from structlog.testing import capture_logs

from bot.domain.backups import Observation, OperationKind
from bot.domain.incident_events import IncidentId, Prompted
from bot.domain.snapshot import Severity, Verdict
from bot.operations import incidents as acting
from bot.operations import tracking
from bot.operations.sweep import Sweep
from bot.simulator.server import Simulator
from bot.store import asks, backups, deliveries, incidents, observations, operations, service_status, slots
from bot.store.tables import incidents as incident_rows
from tests.databases import sqlite_database
from tests.operations.conftest import Access
from tests.operations.home import ADA, OPS, PRODUCTION, STAGING, Home, ShiftedClock, home
from tests.store.records import backup

SOUND: dict[str, Any] = {"verdict": Verdict.SOUND}
BROKEN: dict[str, Any] = {"verdict": Verdict.FINDINGS, "worst": Severity.ERROR}


async def seen(one: Home) -> Observation:
    async with one.house.database.read() as db:
        found = await observations.get(db, PRODUCTION)
    assert found is not None
    return found


async def keep_copies(one: Home, folder: Path, **ages: dict[str, Any]) -> None:
    """Copies with files: each name with its age in days and what else is so."""
    now = one.house.clock.now()
    for name, given in ages.items():
        record = {"environment": "production", **given}
        at = now - timedelta(days=record.pop("days"))
        copy = backup(
            name, **{"stored_at": at, "snapshot_at": at, "snapshot_ns": int(at.timestamp() * 1e9), "size": 4, **record}
        )
        file = folder / "vault" / copy.file
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"copy")
        async with one.house.database.write() as db:
            await backups.add(db, copy)


async def purged(one: Home) -> list[str]:
    return sorted(copy.id for copy in await one.backups() if copy.purged_at is not None)


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
async def swept(tmp_path: Path, access: Access, clock: ShiftedClock) -> AsyncIterator[Home]:
    async with home(sqlite_database(tmp_path), tmp_path, access, clock=clock) as one:
        yield one


# --- what is seen ---


async def test_an_environment_is_seen_as_it_is(swept: Home, convex: Simulator) -> None:
    await swept.sweep.once()
    found = await seen(swept)
    assert (found.problem, found.name, found.state) == ("", convex.name, "running")
    assert found.rows["users"] == 420 and found.rows_at is not None
    assert found.cloud_backup_visible and found.cloud_backup is not None and found.cloud_backup.state == "completed"
    assert swept.sweep.last_run_at is not None


async def test_what_was_seen_stays_when_nothing_answers(swept: Home, convex: Simulator, clock: ShiftedClock) -> None:
    await swept.sweep.once()
    before = await seen(swept)
    convex.control.add("drop", times=None)
    clock.shift = timedelta(minutes=5)
    await swept.sweep.once()
    after = await seen(swept)
    assert "did not answer" in after.problem and after.tried_at > before.tried_at
    assert after.seen_at == before.seen_at and after.rows == before.rows
    convex.control.clear()
    await swept.sweep.once()
    assert (await seen(swept)).problem == ""


async def test_a_key_that_may_see_little_is_asked_for_no_more(tmp_path: Path, convex: Simulator) -> None:
    key = convex.keys.limit("small", ["PauseDeployment"])
    async with home(sqlite_database(tmp_path), tmp_path, {PRODUCTION: (convex.url, key)}) as one:
        await one.sweep.once()
        found = await seen(one)
    assert found.problem == "" and found.state == "running" and found.may
    assert not found.cloud_backup_visible and found.rows == {} and found.rows_at is None


async def test_a_dead_environment_does_not_hide_the_other(tmp_path: Path, convex: Simulator) -> None:
    access = {STAGING: ("http://127.0.0.1:9", "calm-heron-87|00"), PRODUCTION: (convex.url, convex.key)}
    async with home(sqlite_database(tmp_path), tmp_path, access) as one:
        await one.sweep.once()
        async with one.house.database.read() as db:
            found = await observations.every(db)
    assert found[STAGING].problem and not found[PRODUCTION].problem


async def test_the_status_page_is_read(tmp_path: Path, access: Access) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response({"status": {"indicator": "major", "description": "Elevated errors"}})

    app = web.Application()
    app.add_routes([web.get("/api/v2/status.json", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with home(sqlite_database(tmp_path), tmp_path, access, status_page=address) as one:
            await one.sweep.once()
            async with one.house.database.read() as db:
                found = await service_status.get(db, address)
    finally:
        await runner.cleanup()
    assert found is not None and (found.indicator, found.description) == ("major", "Elevated errors")


# --- what is due to go ---


async def test_copies_older_than_the_plan_keeps_them_go_and_that_is_recorded(swept: Home, tmp_path: Path) -> None:
    await keep_copies(swept, tmp_path, new={"days": 1, **SOUND}, old={"days": 31, **SOUND}, due={"days": 30, **BROKEN})
    await swept.sweep.once()
    assert await purged(swept) == ["due", "old"]
    assert swept.in_vault() == ["production/new.zip"]
    gone = await swept.backup("old")
    assert gone is not None and "30 days" in gone.purge_reason


async def test_each_environment_has_a_retention_of_its_own(swept: Home, tmp_path: Path) -> None:
    await keep_copies(
        swept,
        tmp_path,
        p1={"days": 8, **SOUND},
        p2={"days": 9, **SOUND},
        s1={"days": 8, **SOUND, "environment": "staging"},
        s2={"days": 9, **SOUND, "environment": "staging"},
    )
    await swept.sweep.once()
    assert await purged(swept) == ["s2"]


async def test_the_newest_verified_copy_stays_however_old_it_is(
    swept: Home, tmp_path: Path, clock: ShiftedClock
) -> None:
    await keep_copies(
        swept,
        tmp_path,
        verified={"days": 50, **SOUND},
        older={"days": 60, **SOUND},
        broken={"days": 40, **BROKEN},
        unverified={"days": 35},
    )
    await swept.sweep.once()
    assert await purged(swept) == ["broken", "older", "unverified"]
    clock.shift = timedelta(days=1000)
    await swept.sweep.once()
    assert swept.in_vault() == ["production/verified.zip"]


async def test_where_nothing_is_verified_the_newest_copy_stays(swept: Home, tmp_path: Path) -> None:
    await keep_copies(swept, tmp_path, newest={"days": 40}, older={"days": 50, **BROKEN})
    await swept.sweep.once()
    assert swept.in_vault() == ["production/newest.zip"]


async def test_a_copy_that_is_kept_stays(swept: Home, tmp_path: Path) -> None:
    await keep_copies(swept, tmp_path, new={"days": 1, **SOUND}, kept={"days": 99, "kept": True, **SOUND})
    await swept.sweep.once()
    assert await purged(swept) == []
    assert swept.in_vault() == ["production/kept.zip", "production/new.zip"]


async def test_a_file_that_a_crash_left_after_its_record_is_deleted(swept: Home, tmp_path: Path) -> None:
    now = swept.house.clock.now()
    await keep_copies(swept, tmp_path, new={"days": 1, **SOUND}, gone={"days": 31, "purged_at": now, **SOUND})
    await swept.sweep.once()
    assert swept.in_vault() == ["production/new.zip"]


async def test_a_file_that_could_not_be_deleted_is_deleted_later(swept: Home, tmp_path: Path) -> None:
    await keep_copies(swept, tmp_path, new={"days": 1, **SOUND}, old={"days": 31, **SOUND})
    (tmp_path / "vault").rename(tmp_path / "unmounted")
    await swept.sweep.once()
    assert await purged(swept) == ["old"]
    (tmp_path / "unmounted").rename(tmp_path / "vault")
    await swept.sweep.once()
    assert swept.in_vault() == ["production/new.zip"]


async def test_a_copy_that_is_being_checked_is_not_taken_away(swept: Home, tmp_path: Path) -> None:
    await keep_copies(swept, tmp_path, new={"days": 1, **SOUND}, old={"days": 31, **SOUND})
    now = swept.house.clock.now()
    check = tracking.entered("verify-1", OperationKind.VERIFY, PRODUCTION, ADA, now, backup="old")
    async with swept.house.database.write() as db:
        await operations.add(db, check)
    await swept.sweep.once()
    assert await purged(swept) == []
    await swept.ended(check.id)
    await swept.sweep.once()
    assert await purged(swept) == ["old"]


# --- that it never ends ---


async def test_old_claims_and_questions_are_forgotten(swept: Home, clock: ShiftedClock) -> None:
    now = swept.house.clock.now()
    async with swept.house.database.write() as db:
        assert await deliveries.claim(db, "d1", now)
        await asks.put(db, "t1", {}, "ada", now + timedelta(minutes=10))
    await swept.sweep.once()
    async with swept.house.database.write() as db:
        assert not await deliveries.claim(db, "d1", now)
    clock.shift = timedelta(days=3)
    await swept.sweep.once()
    async with swept.house.database.write() as db:
        assert await deliveries.claim(db, "d1", now)
        assert await asks.take(db, "t1", "ada", now) is None


async def test_what_fails_in_one_part_stops_no_other(swept: Home, tmp_path: Path) -> None:
    await keep_copies(swept, tmp_path, new={"days": 1, **SOUND}, old={"days": 31, "file": "../escapes.zip", **SOUND})
    await swept.sweep.once()
    assert (await seen(swept)).problem == "" and swept.sweep.last_run_at is not None


async def test_a_sweep_that_cannot_write_down_what_it_saw_has_not_run(swept: Home) -> None:
    async with swept.house.database.write() as db:
        await db.execute(sa.text("ALTER TABLE observations RENAME TO elsewhere"))
    await swept.sweep.once()
    assert swept.sweep.last_run_at is None
    async with swept.house.database.write() as db:
        await db.execute(sa.text("ALTER TABLE elsewhere RENAME TO observations"))
    await swept.sweep.once()
    assert swept.sweep.last_run_at is not None


async def test_vendors_that_keep_it_waiting_cut_nothing_else(tmp_path: Path, convex: Simulator) -> None:
    silent = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(60), "127.0.0.1", 0)
    address = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    access = {STAGING: (address, "calm-heron-87|00"), PRODUCTION: (convex.url, convex.key)}
    async with silent, home(sqlite_database(tmp_path), tmp_path, access, status_page=address) as one:
        sweep = Sweep(one.house, one.engine, patience=2.0)
        await sweep.once()
        assert sweep.last_run_at is not None
        async with one.house.database.read() as db:
            found = await observations.every(db)
    assert "in time" in found[STAGING].problem and found[PRODUCTION].problem == ""


async def test_one_process_sweeps_at_a_time(on_either: Home) -> None:
    if on_either.house.database.is_sqlite:
        return
    async with on_either.house.database.session() as connection:
        assert await slots.take(connection, 0)
        await on_either.sweep.once()
        async with on_either.house.database.read() as db:
            assert await observations.get(db, PRODUCTION) is None
        assert on_either.sweep.last_run_at is not None
        await slots.give_back(connection, [0])
    await on_either.sweep.once()
    assert (await seen(on_either)).problem == ""


# --- what is due to be said ---


async def test_an_incident_whose_record_is_spoiled_keeps_no_other_from_its_reminder(
    swept: Home, clock: ShiftedClock
) -> None:
    began = [await _incident(swept, number) for number in range(4)]
    clock.shift = timedelta(minutes=11)
    spoiled = incident_rows.c.id == began[1]
    async with swept.house.database.write() as db:
        stood = await db.scalar(sa.select(incident_rows.c.stands).where(spoiled))
        await db.execute(sa.update(incident_rows).where(spoiled).values(stands="{}"))
    with capture_logs() as logs:
        await swept.sweep.once()
    assert f"incident {began[1]}" in [one.get("part") for one in logs if one["event"] == "bug"]
    assert await _reminded(swept, began) == [1, 0, 1, 1]
    async with swept.house.database.write() as db:
        await db.execute(sa.update(incident_rows).where(spoiled).values(stands=stood))
    await swept.sweep.once()
    assert await _reminded(swept, began) == [1, 1, 1, 1]


async def _incident(one: Home, number: int) -> IncidentId:
    begun, _ = await acting.start(
        *(one.house, ADA, OPS),
        title=f"Disaster {number}",
        what="Users are gone",
        cause="other",
        environment=PRODUCTION,
        noticed_at=one.house.clock.now(),
        another=True,
    )
    return begun.id


async def _reminded(one: Home, about: list[IncidentId]) -> list[int]:
    async with one.house.database.read() as db:
        timelines = [await incidents.timeline(db, name) for name in about]
    return [sum(isinstance(event.body, Prompted) for event in events) for events in timelines]
