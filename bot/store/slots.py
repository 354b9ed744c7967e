"""Knows how several processes on one PostgreSQL tell who lives, by locks that the server frees when one dies.

Knows nothing of the work they do. The locks belong to a session, so a pooler that shares sessions breaks them.
"""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

SLOTS = 16
_CLASS = 0x4C42  # the first half of each lock's key, so that they meet no other program's


async def take(connection: AsyncConnection, slot: int) -> bool:
    """Take a slot for as long as this connection lives. False when another process has it."""
    return bool(await connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_CLASS, slot))))


async def take_free(connection: AsyncConnection, mine: int) -> list[int]:
    """Take, for a moment, every slot whose process has died or never was."""
    numbers = sa.func.generate_series(1, SLOTS).column_valued("number")
    query = sa.select(numbers).where(numbers != mine, sa.func.pg_try_advisory_lock(_CLASS, numbers))
    return list(await connection.scalars(query))


async def give_back(connection: AsyncConnection, taken: list[int]) -> None:
    """Give slots back that this connection took."""
    numbers = sa.func.unnest(sa.literal(taken, ARRAY(sa.Integer))).column_valued("number")
    await connection.execute(sa.select(sa.func.pg_advisory_unlock(_CLASS, numbers)))
