"""Knows the newest verification report of each copy. Knows nothing of how it was made."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.backups import BackupId
from bot.domain.snapshot import Report
from bot.store import rows
from bot.store.tables import reports as table


async def put(db: AsyncConnection, backup: BackupId, report: Report) -> None:
    """Keep a copy's report, in place of an earlier one."""
    await rows.put(db, table, {"backup": backup, "report": report.model_dump_json()})


async def get(db: AsyncConnection, backup: BackupId) -> Report | None:
    """A copy's report."""
    kept = await db.scalar(sa.select(table.c.report).where(table.c.backup == backup))
    return Report.model_validate_json(kept) if kept is not None else None


async def of(db: AsyncConnection, wanted: Collection[BackupId]) -> dict[BackupId, Report]:
    """The reports of copies, of those that have one."""
    if not wanted:
        return {}
    found = await db.execute(sa.select(table).where(table.c.backup.in_(wanted)))
    return {row.backup: Report.model_validate_json(row.report) for row in found}
