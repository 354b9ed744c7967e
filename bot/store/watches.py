"""Knows which incidents' errors are watched, and until when. Knows nothing of who counts them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.automations import Watch
from bot.domain.incident_events import IncidentId
from bot.store import rows
from bot.store.tables import watches as table


async def put(db: AsyncConnection, watch: Watch) -> None:
    """Watch an incident's errors; one that was watched already is watched anew."""
    values = {"incident": watch.incident, "since": watch.since, "until": watch.until, "told_at": watch.told_at}
    await rows.put(db, table, values)


async def get(db: AsyncConnection, incident: IncidentId) -> Watch | None:
    """The watch of an incident."""
    found = (await db.execute(sa.select(table).where(table.c.incident == incident))).mappings().first()
    return Watch(**found) if found else None


async def over(db: AsyncConnection, now: datetime) -> list[Watch]:
    """The watches that are over and about which nothing was said."""
    query = sa.select(table).where(table.c.told_at.is_(None), table.c.until <= now).order_by(table.c.until)
    return [Watch(**row) for row in (await db.execute(query)).mappings()]


async def told(db: AsyncConnection, watch: Watch, now: datetime) -> None:
    """Record that it was said how it went, unless it is watched anew meanwhile."""
    mine = sa.and_(table.c.incident == watch.incident, table.c.until == watch.until)
    await db.execute(sa.update(table).where(mine).values(told_at=now))
