"""Knows whether everything that is recorded of incidents and drills is as it was written. Knows nothing of mending it.

It only reads, one record after the other, so that nobody who writes has to wait.
"""

import asyncio
from dataclasses import dataclass

from bot.domain.incident_events import IncidentId
from bot.domain.incidents import fold
from bot.store import incidents
from bot.store.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found: how many records and events were read, and of how many records time was `left` for none.

    `broken` is the first event of each chain that does not follow from the one before. `strayed` are those whose
    events are whole, but do not add up to how they are shown to stand.
    """

    records: int
    events: int
    left: int
    broken: dict[IncidentId, int]
    strayed: tuple[IncidentId, ...]


async def examine(database: Database, seconds: float) -> Examination:
    """Read every record, newest first, for about so long: each takes a moment of its own, however many there are."""
    now = asyncio.get_running_loop().time
    until = now() + seconds
    async with database.read() as db:
        known = await incidents.chains(db)
    broken: dict[IncidentId, int] = {}
    strayed: list[IncidentId] = []
    done = events = 0
    for name, length in known:
        if now() > until:
            break
        async with database.read() as db:
            first = await incidents.broken_at(db, name)
            if first is not None:
                broken[name] = first
            elif not await _adds_up(db, name):
                strayed.append(name)
        done, events = done + 1, events + length
    return Examination(done, events, len(known) - done, broken, tuple(strayed))


async def _adds_up(db: Connection, name: IncidentId) -> bool:
    stands, happened = await incidents.get(db, name), await incidents.timeline(db, name)
    return stands == await asyncio.to_thread(fold, happened)
