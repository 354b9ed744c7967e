"""A process that looks after reminders until it is killed: `python -m tests.operations.reminded_child URL`.

Each look is made an hour after the last that was recorded, whoever made it: that of a process that was killed is made
again, and two processes look at the same moment.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from bot.operations import reminding
from bot.store.database import Database
from bot.store.tables import calendars
from tests.routing import FakeClock
from tests.two_years import house_of, plan_in

FIRST, LAST = datetime(2026, 2, 27, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC)


async def looked_at(database: Database) -> datetime:
    """When somebody looked last."""
    async with database.read() as db:
        return await db.scalar(sa.select(calendars.c.looked_at)) or FIRST


async def main(url: str) -> None:
    database, clock = Database.open(url), FakeClock(FIRST)
    house = house_of(database, clock, plan_in("UTC"))
    while (last := await looked_at(database)) < LAST:
        clock.pass_by(last + timedelta(hours=1) - clock.now())
        await reminding.look(house)
        print("looked", flush=True)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
