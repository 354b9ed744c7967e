"""Work stops when somebody asks for it, and for no other reason."""

import asyncio

import pytest
import sqlalchemy as sa

from bot.operations.outcome import Cancelled
from bot.operations.stopping import Stopping
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.databases import postgresql_database


async def test_work_stops_when_another_process_asks(database: Database) -> None:
    async def ask() -> None:
        await asyncio.sleep(0.1)
        await Stopping(database).ask("w1")

    asking = asyncio.create_task(ask())
    async with asyncio.timeout(10):
        with pytest.raises(Cancelled):
            await Stopping(database).unless_asked("w1", asyncio.sleep, 60)
    await asking


async def test_work_that_can_no_longer_hear_whether_it_is_to_stop_goes_on(postgresql: str) -> None:
    async with postgresql_database(postgresql) as url:
        database = Database.open(url)
        await migrate(database)

        async def work() -> str:
            async with database.write() as db:
                await db.execute(sa.text("DROP TABLE cancellations"))
            await asyncio.sleep(1.5)
            return "done"

        assert await Stopping(database).unless_asked("w1", work) == "done"
        await database.close()
