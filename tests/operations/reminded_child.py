"""A process that looks after reminders until it is killed: `python -m tests.operations.reminded_child URL BEGAN`.

Every process reads the same quick clock, on which a day passes in seventy milliseconds.
"""

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta

from bot.operations import reminding
from bot.store.database import Database
from tests.two_years import house_of, plan_in

FIRST = datetime(2026, 2, 20, tzinfo=UTC)
LAST = datetime(2026, 6, 10, tzinfo=UTC)
_DAY = 0.07


class QuickClock:
    """The time since `began` in seconds of the epoch, made quick; never past the end."""

    def __init__(self, began: float) -> None:
        self._began = began

    def now(self) -> datetime:
        return min(LAST, FIRST + timedelta(days=(time.time() - self._began) / _DAY))


async def main(url: str, began: float) -> None:
    database, clock = Database.open(url), QuickClock(began)
    house = house_of(database, clock, plan_in("UTC"))
    while clock.now() < LAST:
        await reminding.look(house)
        print("looked", flush=True)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
