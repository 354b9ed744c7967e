import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import create_async_engine

from bot.domain.errors import Outage, Refused
from bot.store.database import Database
from bot.store.tables import console_clock


async def test_writers_that_read_first_lose_no_update_though_they_are_of_two_processes(database: Database) -> None:
    async def add_one(database: Database) -> None:
        async with database.write() as db:
            seen = (await db.scalars(sa.select(console_clock.c.seq).with_for_update())).one()
            await asyncio.sleep(0.001)
            await db.execute(sa.update(console_clock).values(seq=seen + 1))

    other = Database.open(database.url)
    await asyncio.gather(*(add_one(one) for one in (database, other) for _ in range(15)))
    async with database.read() as db:
        assert await db.scalar(sa.select(console_clock.c.seq)) == 30
    await other.close()


async def test_a_reader_sees_one_moment_and_waits_for_no_writer(database: Database) -> None:
    count = sa.select(console_clock.c.seq)
    async with database.read() as reading:
        before = await reading.scalar(count)
        async with database.write() as writing:
            await writing.execute(sa.update(console_clock).values(seq=7))
            assert await reading.scalar(count) == before
        assert await reading.scalar(count) == before
    async with database.read() as again:
        assert await again.scalar(count) == 7


async def test_a_reader_cannot_write_and_the_next_writer_can(database: Database) -> None:
    with pytest.raises((sa.exc.DBAPIError, Outage)):
        async with database.read() as db:
            await db.execute(sa.update(console_clock).values(seq=7))
    async with database.write() as db:
        await db.execute(sa.update(console_clock).values(seq=8))


async def test_an_exception_takes_back_the_whole_transaction(database: Database) -> None:
    with pytest.raises(Refused):
        async with database.write() as db:
            await db.execute(sa.update(console_clock).values(seq=7))
            raise Refused("no")
    async with database.read() as db:
        assert await db.scalar(sa.select(console_clock.c.seq)) == 0


async def test_sqlite_keeps_what_was_committed_through_a_power_cut(sqlite: Database) -> None:
    async with sqlite.read() as db:
        assert await db.scalar(sa.text("PRAGMA journal_mode")) == "wal"
        assert await db.scalar(sa.text("PRAGMA synchronous")) == 2  # FULL
        assert await db.scalar(sa.text("PRAGMA foreign_keys")) == 1
        assert await db.scalar(sa.text("PRAGMA busy_timeout")) == 30_000


async def test_the_engine_has_a_file_of_its_own_beside_ours(sqlite: Database) -> None:
    assert sqlite.work_url.endswith("/lifeboat.engine.db")
    pool = sqlite.work_pool()
    assert pool is not None
    with pool.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    pool.dispose()


async def test_the_engine_has_the_same_server_on_postgresql() -> None:
    database = Database.open("postgresql://ada:secret@db.example/lifeboat")
    assert database.work_url == database.url
    assert database.work_pool() is None


async def test_a_password_is_never_shown() -> None:
    assert "secret" not in Database.open("postgres://ada:secret@db.example/lifeboat").shown


@pytest.mark.parametrize("url", ["mysql://host/x", "sqlite://", "sqlite:///:memory:", "no url at all", ""])
async def test_any_other_address_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Refused) as refused:
        Database.open(url)
    assert "postgresql://" in refused.value.hint


async def test_a_database_out_of_reach_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "lifeboat.db").mkdir()
    for url in (f"sqlite:///{tmp_path / 'lifeboat.db'}", "postgresql://ada@127.0.0.1:1/lifeboat"):
        database = Database.open(url)
        with pytest.raises(Outage) as outage:
            async with database.write() as db:
                await db.execute(sa.text("SELECT 1"))
        assert "nothing was read or changed" in outage.value.problem
        await database.close()
    await asyncio.sleep(0.2)  # the driver's thread for a connection that failed ends a moment later


async def test_a_database_whose_connections_are_all_taken_is_an_outage(postgresql: str) -> None:
    url = make_url(postgresql).set(drivername="postgresql+psycopg")
    database = Database(url, create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=0.1))
    async with database.read():
        with pytest.raises(Outage):
            async with database.read():
                pass
    await database.close()


async def test_a_transaction_inside_another_is_a_mistake_and_not_a_standstill(database: Database) -> None:
    with pytest.raises(RuntimeError, match="inside another"):
        async with database.write(), database.write():
            pass
    async with database.write() as db:
        await db.execute(sa.text("SELECT 1"))
