"""Knows the long work that was asked for and where it stands. Knows nothing of how it is done.

At most one export of an environment has not ended, which the database itself sees to.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.backups import EnvironmentName, Operation, OperationId, OperationKind
from bot.store import rows
from bot.store.tables import operations as table

# Built once, as other questions of every status are: building one takes longer than answering it.
_UNENDED = sa.select(table).where(table.c.ended_at.is_(None)).order_by(table.c.started_at)
_ENDED = sa.and_(table.c.kind == OperationKind.EXPORT.value, table.c.ended_at.is_not(None))
_BEGUN = sa.select(table.c.environment, sa.func.max(table.c.started_at)).where(_ENDED).group_by(table.c.environment)
_LAST = sa.tuple_(table.c.environment, table.c.started_at).in_(_BEGUN)
_LAST_EXPORTS = sa.select(table).where(_ENDED, _LAST).order_by(table.c.id)


async def add(db: AsyncConnection, operation: Operation) -> Operation:
    """Record work that is about to start, and give the work that stands.

    That is the operation given, unless its id is there already, or another export of its environment has not ended:
    then it is that one, so that a second asker can be shown the first one's work.
    """
    while not await rows.add(db, table, rows.row_of(operation)):
        # What stood in the way may end between the two statements: then this one can be added after all.
        standing = await get(db, operation.id) or await running(db, operation.environment, operation.kind)
        if standing is not None:
            return standing
    return operation


async def get(db: AsyncConnection, operation: OperationId) -> Operation | None:
    """One operation."""
    found = (await db.execute(sa.select(table).where(table.c.id == operation))).mappings().first()
    return Operation.model_validate(dict(found)) if found else None


async def update(db: AsyncConnection, operation: OperationId, **changes: Any) -> None:
    """Change fields of an operation, by their names in the record."""
    await db.execute(sa.update(table).where(table.c.id == operation).values(rows.plain(changes)))


async def running(
    db: AsyncConnection, environment: EnvironmentName, kind: OperationKind = OperationKind.EXPORT
) -> Operation | None:
    """The oldest operation of an environment and kind that has not ended."""
    found = await _select(
        db,
        sa.select(table)
        .where(table.c.environment == environment, table.c.kind == kind.value, table.c.ended_at.is_(None))
        .order_by(table.c.started_at)
        .limit(1),
    )
    return found[0] if found else None


async def unended(db: AsyncConnection) -> list[Operation]:
    """Everything that has not ended, oldest first."""
    return await _select(db, _UNENDED)


async def last_exports(db: AsyncConnection) -> dict[EnvironmentName, Operation]:
    """The export of each environment that was begun last, of those that have ended."""
    return {one.environment: one for one in await _select(db, _LAST_EXPORTS)}


async def recent(db: AsyncConnection, environment: EnvironmentName | None = None, limit: int = 20) -> list[Operation]:
    """The newest operations, newest first; of one environment, or of all."""
    query = sa.select(table).order_by(table.c.started_at.desc(), table.c.id.desc()).limit(limit)
    return await _select(db, query.where(table.c.environment == environment) if environment else query)


async def _select(db: AsyncConnection, query: sa.Select[Any]) -> list[Operation]:
    return [Operation.model_validate(dict(row)) for row in (await db.execute(query)).mappings()]
