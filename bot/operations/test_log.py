"""Knows where the test log is read from. Knows nothing of how it is shown."""

from collections.abc import Sequence

from bot.domain import drill_log
from bot.domain.drill_log import Row
from bot.operations import reminding
from bot.store import incidents

_MOST = 1000


async def rows(house: reminding.Known, *, rehearsals: bool = False) -> Sequence[Row]:
    """The whole log, newest first, tests that nobody held included."""
    found = await reminding.year(house)
    async with house.database.read() as db:
        drills = await incidents.listed(db, practice=True, limit=_MOST)
    return drill_log.log(drills, found.occasions, rehearsals=rehearsals)
