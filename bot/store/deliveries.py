"""Knows which deliveries were taken, so that each is carried out once. Knows nothing of what they say."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import rows
from bot.store.tables import deliveries as table


async def claim(db: AsyncConnection, delivery: str, at: datetime) -> bool:
    """Take a delivery. True for exactly one of all that ask."""
    return await rows.add(db, table, {"id": delivery, "claimed_at": at})


async def purge(db: AsyncConnection, before: datetime) -> None:
    """Forget deliveries taken before a moment."""
    await db.execute(sa.delete(table).where(table.c.claimed_at < before))
