import logging

import pytest
import sqlalchemy as sa

from bot.store.database import Database
from bot.store.tables import console_clock, deliveries
from tests.store.records import NOW


def _rows(n: int) -> list[dict[str, object]]:
    return [{"id": f"d{number}", "claimed_at": NOW} for number in range(n)]


async def test_a_statement_and_all_its_rows_take_one_message_to_the_connections_thread(
    sqlite: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with sqlite.write() as db:
        await db.execute(sa.insert(deliveries), _rows(100))
    async with sqlite.read() as db:
        await db.execute(sa.select(console_clock))
        with caplog.at_level(logging.DEBUG, "aiosqlite"):
            found = (await db.execute(sa.select(deliveries))).all()
    messages = [record for record in caplog.records if record.msg.startswith("executing")]
    assert (len(found), len(messages)) == (100, 1)


async def test_a_stream_gives_every_row_in_order(sqlite: Database) -> None:
    async with sqlite.write() as db:
        await db.execute(sa.insert(deliveries), _rows(2000))
    async with sqlite.read() as db, db.stream(sa.select(deliveries.c.id).order_by(sa.text("rowid"))) as streamed:
        assert [row.id async for row in streamed] == [row["id"] for row in _rows(2000)]


async def test_a_statement_that_gives_rows_knows_how_many_it_changed(sqlite: Database) -> None:
    async with sqlite.write() as db:
        await db.execute(sa.insert(deliveries), _rows(3))
        gone = await db.execute(sa.delete(deliveries).where(deliveries.c.id != "d1").returning(deliveries.c.id))
        assert sorted(row.id for row in gone) == ["d0", "d2"]
        assert gone.rowcount == 2
        assert (await db.execute(sa.update(deliveries).values(claimed_at=NOW))).rowcount == 1


async def test_what_a_statement_does_wrong_is_said_and_the_next_one_goes_on(sqlite: Database) -> None:
    async with sqlite.write() as db:
        await db.execute(sa.insert(deliveries), _rows(1))
        with pytest.raises(sa.exc.IntegrityError):
            await db.execute(sa.insert(deliveries), _rows(1))
        assert await db.scalar(sa.select(sa.func.count()).select_from(deliveries)) == 1
