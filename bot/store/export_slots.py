"""Knows each slot of the scheduled exports, and how it went. Knows nothing of when one is due."""

from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.backups import EnvironmentName, OperationId
from bot.domain.export_schedule import Slot, SlotState
from bot.store import rows
from bot.store.tables import export_slots as table


async def add(db: AsyncConnection, slot: Slot) -> bool:
    """Record a slot. False where it is recorded already: of all that try, one does it."""
    return await rows.add(db, table, _row(slot))


async def change(db: AsyncConnection, before: Slot, after: Slot) -> bool:
    """Record how a slot stands now. False where it does not stand any more as it did: somebody else was first."""
    stands = sa.and_(
        *(table.c.environment == before.environment, table.c.at == before.at),
        *(table.c.state == before.state.value, table.c.attempts == before.attempts),
    )
    return (await db.execute(sa.update(table).where(stands).values(**_row(after)))).rowcount == 1


async def recent(db: AsyncConnection, environment: EnvironmentName, limit: int = 40) -> list[Slot]:
    """The newest slots, newest first."""
    query = sa.select(table).where(table.c.environment == environment).order_by(table.c.at.desc()).limit(limit)
    return [_slot(row) for row in (await db.execute(query)).mappings()]


async def of_operation(db: AsyncConnection, operation: OperationId) -> Slot | None:
    """The slot that an export is made for, if it is made for one."""
    query = sa.select(table).where(table.c.operation == operation).order_by(table.c.at.desc()).limit(1)
    found = (await db.execute(query)).mappings().first()
    return _slot(found) if found else None


async def missed_before(db: AsyncConnection, slot: Slot) -> list[Slot]:
    """The slots right before one at which nothing was begun, oldest first."""
    earlier = sa.and_(table.c.environment == slot.environment, table.c.at < slot.at)
    other = sa.select(sa.func.max(table.c.at)).where(earlier, table.c.state != SlotState.MISSED.value)
    last = await db.scalar(other)
    query = sa.select(table).where(earlier, table.c.at > last if last else sa.true()).order_by(table.c.at)
    return [_slot(row) for row in (await db.execute(query)).mappings()]


def _row(slot: Slot) -> dict[str, Any]:
    return rows.plain(asdict(slot))


def _slot(row: sa.RowMapping) -> Slot:
    return Slot(**{**row, "state": SlotState(row["state"])})
