"""Knows where the record of a drill ends, so that the next one follows from it. Knows nothing of what is in one."""

import json

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.drill_events import Link
from bot.domain.incident_events import IncidentId, Started
from bot.store.tables import incident_events as events
from bot.store.tables import incidents as table


async def following(db: AsyncConnection, start: Started) -> Started:
    """The start of a drill that follows from the one of its kind which was begun last: a test from a test.

    Part of the transaction in which it is recorded, so that what it follows is what stood there then.
    """
    practice = start.practice
    assert practice is not None
    previous = await _newest(db, rehearsal=practice.rehearsal)
    return start.model_copy(update={"practice": practice.model_copy(update={"previous": previous})})


async def hash_of(db: AsyncConnection, incident: IncidentId, seq: int) -> str | None:
    """The hash that an event is recorded under; None where there is no such event."""
    query = sa.select(events.c.hash).where(events.c.incident == incident, events.c.seq == seq)
    found: str | None = await db.scalar(query)
    return found


async def _newest(db: AsyncConnection, *, rehearsal: bool) -> Link | None:
    """The newest of its kind that none follows: by its time alone it may be another, where two processes that began
    one at once, or a clock that was set back, disagree on which was first. So none is followed by two.
    """
    drills = sa.select(table.c.id, table.c.seq, table.c.hash, table.c.stands).where(table.c.practice == sa.true())
    known: list[Link] = []
    followed: set[str] = set()
    async with db.stream(drills.order_by(table.c.opened_at.desc(), table.c.id.desc())) as newest:
        async for row in newest:
            # Not as an incident: of each, two words are wanted, and all of them are read.
            practice = json.loads(row.stands)["drill"]["practice"]
            if practice["rehearsal"] == rehearsal:
                known.append(Link(id=row.id, seq=row.seq, hash=row.hash))
                followed.add((practice.get("previous") or {}).get("id", ""))
    return next((one for one in known if one.id not in followed), None)
