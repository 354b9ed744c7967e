from datetime import timedelta

from bot.domain.backups import Backup
from bot.domain.snapshot import Severity, Verdict
from bot.store import backups
from bot.store.database import Database
from tests.store.records import NOW, ago, backup

PRODUCTION = backup().environment


async def _keep(database: Database, *kept: Backup) -> None:
    async with database.write() as db:
        for one in kept:
            await backups.add(db, one)


async def test_a_copy_comes_back_as_it_was_kept_to_the_nanosecond(database: Database) -> None:
    kept = backup(snapshot_at=NOW + timedelta(microseconds=1), convex_id="x", convex_expires_at=NOW, rows=7)
    await _keep(database, kept, kept.model_copy(update={"size": 1}))
    async with database.read() as db:
        assert await backups.get(db, kept.id) == kept


async def test_copies_are_listed_newest_snapshot_first(database: Database) -> None:
    await _keep(
        database,
        *(backup(f"b{days}", snapshot_at=ago(days=days)) for days in (1, 3, 2)),
        backup("s", environment="staging"),
    )
    async with database.read() as db:
        assert [one.id for one in await backups.listed(db, PRODUCTION)] == ["b1", "b2", "b3"]
        assert [one.id for one in await backups.listed(db)] == ["s", "b1", "b2", "b3"]
        assert [one.id for one in await backups.listed(db, PRODUCTION, limit=1)] == ["b1"]


async def test_a_purged_copy_is_listed_only_when_asked_for_and_says_when_and_why(database: Database) -> None:
    await _keep(database, backup("b1"), backup("b2"))
    async with database.write() as db:
        assert await backups.set_purged(db, backup("b1").id, NOW, "older than 30 days")
        assert not await backups.set_purged(db, backup("b1").id, NOW + timedelta(days=1), "again")
        assert [one.id for one in await backups.listed(db, PRODUCTION)] == ["b2"]
        both = await backups.listed(db, PRODUCTION, include_purged=True)
    assert [(one.purged_at, one.purge_reason) for one in both] == [(None, ""), (NOW, "older than 30 days")]


async def test_a_copy_that_is_kept_is_never_purged_even_when_both_happen_at_once(database: Database) -> None:
    await _keep(database, backup("b1"))
    async with database.write() as db:
        await backups.set_kept(db, backup("b1").id, True)
        assert not await backups.set_purged(db, backup("b1").id, NOW, "older than 30 days")
        assert [one.purged_at for one in await backups.listed(db, PRODUCTION)] == [None]


async def test_a_verdict_and_the_wish_to_keep_are_recorded(database: Database) -> None:
    await _keep(database, backup())
    async with database.write() as db:
        await backups.set_verdict(db, backup().id, Verdict.FINDINGS, NOW, 123, Severity.ERROR)
        await backups.set_kept(db, backup().id, True)
        found = await backups.get(db, backup().id)
    assert found == backup(
        verdict=Verdict.FINDINGS,
        worst=Severity.ERROR,
        verified_at=NOW,
        rows=123,
        kept=True,
    )
