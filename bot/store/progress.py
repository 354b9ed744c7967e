"""Knows how far what a drill waits for was last said to be. Knows nothing of what that is."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.drills import Progress
from bot.domain.incident_events import IncidentId
from bot.store import rows
from bot.store.tables import progress as table


async def put(db: AsyncConnection, drill: IncidentId, said: Progress) -> None:
    """Say it, in place of what was said before."""
    await rows.put(db, table, {"incident": drill, **said.model_dump()})


async def get(db: AsyncConnection, drill: IncidentId) -> Progress | None:
    """What was said last; the step that it was said of may be over."""
    query = sa.select(table.c.words, table.c.done, table.c.total, table.c.at).where(table.c.incident == drill)
    found = (await db.execute(query)).mappings().first()
    return Progress.model_validate(dict(found)) if found else None
