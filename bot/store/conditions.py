"""Knows what is, or was, lastingly wrong with the copies of environments. Knows nothing of when people hear of it."""

from dataclasses import asdict, replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.backups import EnvironmentName
from bot.domain.conditions import Condition, ConditionId, Kind
from bot.store import rows
from bot.store.tables import conditions as table

_LASTING = sa.select(table).where(table.c.ended_at.is_(None)).order_by(table.c.since, table.c.id)


async def open_(db: AsyncConnection, condition: Condition) -> bool:
    """Record that something is wrong. False where that is recorded already: of all that try, one does it."""
    return await rows.add(db, table, rows.plain(asdict(condition)))


async def told(db: AsyncConnection, before: Condition, stage: int, now: datetime) -> Condition | None:
    """Record one more reminder; gives how it stands then. None where somebody else was first, or it is over."""
    after = replace(before, round=before.round + 1, told_at=now, told_stage=max(stage, before.told_stage))
    values = {"round": after.round, "told_at": now, "told_stage": after.told_stage}
    stands = sa.and_(table.c.id == before.id, table.c.round == before.round, table.c.ended_at.is_(None))
    done = await db.execute(sa.update(table).where(stands).values(**values))
    return after if done.rowcount == 1 else None


async def mute(
    db: AsyncConnection, before: Condition, until: datetime | None, by: str, reason: str
) -> Condition | None:
    """Record that people are not to be reminded of it until then; gives how it stands. None where it is over."""
    values = {"muted_until": until, "muted_by": by, "muted_reason": reason}
    stands = sa.and_(table.c.id == before.id, table.c.ended_at.is_(None))
    done = await db.execute(sa.update(table).where(stands).values(**values))
    return await get(db, before.id) if done.rowcount == 1 else None


async def end(db: AsyncConnection, condition: Condition, now: datetime) -> bool:
    """Record that it is over; what nobody was told of is forgotten.

    False where that is recorded already, or somebody was reminded of it just now.
    """
    lasting = sa.and_(table.c.id == condition.id, table.c.round == condition.round, table.c.ended_at.is_(None))
    ending = sa.update(table).values(ended_at=now) if condition.round else sa.delete(table)
    return (await db.execute(ending.where(lasting))).rowcount == 1


async def lasting(db: AsyncConnection, environment: EnvironmentName | None = None) -> list[Condition]:
    """What is wrong and not over, oldest first; of one environment, or of all."""
    query = _LASTING if environment is None else _LASTING.where(table.c.environment == environment)
    return [_condition(row) for row in (await db.execute(query)).mappings()]


async def get(db: AsyncConnection, condition: ConditionId) -> Condition | None:
    """One of them, over or not."""
    found = (await db.execute(sa.select(table).where(table.c.id == condition))).mappings().first()
    return _condition(found) if found else None


def _condition(row: sa.RowMapping) -> Condition:
    return Condition(**{**row, "kind": Kind(row["kind"])})
