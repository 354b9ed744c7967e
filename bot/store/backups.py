"""Knows every copy that was ever stored, also after its file was purged. Knows nothing of the files themselves."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.backups import Backup, BackupId, EnvironmentName
from bot.domain.snapshot import Severity, Verdict
from bot.store import rows
from bot.store.tables import backups as table

_NEWEST_FIRST = sa.select(table).order_by(table.c.snapshot_at.desc(), table.c.id.desc())
_THERE = _NEWEST_FIRST.where(table.c.purged_at.is_(None))


async def add(db: AsyncConnection, backup: Backup) -> None:
    """Record a copy; the same id again changes nothing."""
    await rows.add(db, table, rows.row_of(backup))


async def get(db: AsyncConnection, backup: BackupId) -> Backup | None:
    """One copy."""
    found = await _select(db, sa.select(table).where(table.c.id == backup))
    return found[0] if found else None


async def listed(
    db: AsyncConnection,
    environment: EnvironmentName | None = None,
    *,
    include_purged: bool = False,
    limit: int | None = None,
) -> list[Backup]:
    """Copies, newest snapshot first; of one environment, or of all."""
    query = _NEWEST_FIRST if include_purged else _THERE
    if environment is not None:
        query = query.where(table.c.environment == environment)
    return await _select(db, query.limit(limit) if limit is not None else query)


async def set_verdict(
    db: AsyncConnection,
    backup: BackupId,
    verdict: Verdict,
    at: datetime,
    total_rows: int | None,
    worst: Severity | None,
) -> None:
    """Record what a verification found; `worst` is its gravest finding."""
    found = {"verdict": verdict, "verified_at": at, "rows": total_rows, "worst": worst}
    await _update(db, backup, **rows.plain(found))


async def set_kept(db: AsyncConnection, backup: BackupId, kept: bool) -> None:
    """Keep a copy beyond its retention, or no longer."""
    await _update(db, backup, kept=kept)


async def set_purged(db: AsyncConnection, backup: BackupId, at: datetime, reason: str) -> bool:
    """Record that the file is to be deleted, and why; only then delete it. Gives whether that was recorded.

    Nothing is recorded for a copy that is kept (somebody may have said so a moment ago), and one that was purged before
    keeps its first record.
    """
    purgeable = sa.update(table).where(table.c.id == backup, table.c.purged_at.is_(None), table.c.kept.is_(False))
    done = await db.execute(purgeable.values(purged_at=at, purge_reason=reason))
    return done.rowcount == 1


async def _update(db: AsyncConnection, backup: BackupId, **changes: Any) -> None:
    await db.execute(sa.update(table).where(table.c.id == backup).values(**changes))


async def _select(db: AsyncConnection, query: sa.Select[Any]) -> list[Backup]:
    return [Backup.model_validate(dict(row)) for row in (await db.execute(query)).mappings()]
