"""Knows whether everything that is recorded of incidents and drills is as it was written. Knows nothing of mending it.

It only reads, one record after the other, so that nobody who writes has to wait.
"""

import asyncio
from dataclasses import dataclass

from bot.domain.drill_events import Link
from bot.domain.incident_events import IncidentId
from bot.domain.incidents import Incident, fold
from bot.store import drill_links, incidents
from bot.store.database import Connection, Database


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found: how many records and events were read, and of how many records time was `left` for none.

    `broken` is the first event of each chain that does not follow from the one before. `strayed` are those whose
    events are whole, but do not add up to how they are shown to stand. `unlinked` are the drills whose events are
    whole, and who follow a place in another record that is not there any more as it was.
    """

    records: int
    events: int
    left: int
    broken: dict[IncidentId, int]
    strayed: tuple[IncidentId, ...]
    unlinked: dict[IncidentId, Link]


async def examine(database: Database, seconds: float) -> Examination:
    """Read every record, newest first, for about so long: each takes a moment of its own, however many there are."""
    now = asyncio.get_running_loop().time
    until = now() + seconds
    async with database.read() as db:
        known = await incidents.chains(db)
    broken: dict[IncidentId, int] = {}
    strayed: list[IncidentId] = []
    unlinked: dict[IncidentId, Link] = {}
    done = events = 0
    for name, length in known:
        if now() > until:
            break
        async with database.read() as db:
            first = await incidents.broken_at(db, name)
            if first is not None:
                broken[name] = first
            else:
                stands, adds_up = await _folded(db, name)
                lost = await _lost(db, stands)
                if not adds_up:
                    strayed.append(name)
                if lost is not None:
                    unlinked[name] = lost
        done, events = done + 1, events + length
    return Examination(done, events, len(known) - done, broken, tuple(strayed), unlinked)


async def _folded(db: Connection, name: IncidentId) -> tuple[Incident, bool]:
    """What the events of one add up to, and whether it is shown so."""
    stands, happened = await incidents.get(db, name), await incidents.timeline(db, name)
    folded = await asyncio.to_thread(fold, happened)
    return folded, stands == folded


async def _lost(db: Connection, stands: Incident) -> Link | None:
    """What a drill follows from, where that is not there any more as it was."""
    link = stands.drill.practice.previous if stands.drill is not None else None
    if link is None or await drill_links.hash_of(db, IncidentId(link.id), link.seq) == link.hash:
        return None
    return link
