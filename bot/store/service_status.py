"""Knows what a vendor's status page last said. Knows no vendor."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.backups import ServiceStatus
from bot.store import rows
from bot.store.tables import service_status as table

_LAST = sa.select(table.c.indicator, table.c.description, table.c.seen_at).where(
    table.c.service == sa.bindparam("service")
)


async def put(db: AsyncConnection, service: str, status: ServiceStatus) -> None:
    """Keep what a service's page said, in place of what it said before."""
    await rows.put(db, table, {"service": service, **rows.row_of(status)})


async def get(db: AsyncConnection, service: str) -> ServiceStatus | None:
    """What a service's page last said; None before the first look."""
    found = (await db.execute(_LAST, {"service": service})).mappings().first()
    return ServiceStatus.model_validate(dict(found)) if found else None
