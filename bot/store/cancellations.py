"""Knows which work was asked to stop. Knows nothing of what stopping means."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import rows
from bot.store.tables import cancellations as table


async def add(db: AsyncConnection, work: str, at: datetime) -> None:
    """Ask work to stop; asking again changes nothing."""
    await rows.add(db, table, {"work_id": work, "asked_at": at})


async def among(db: AsyncConnection, works: Collection[str]) -> set[str]:
    """Which of these were asked to stop."""
    return set(await db.scalars(sa.select(table.c.work_id).where(table.c.work_id.in_(works))))


async def purge(db: AsyncConnection, before: datetime) -> None:
    """Forget what was asked before a moment."""
    await db.execute(sa.delete(table).where(table.c.asked_at < before))
