"""Knows the runs of the test suite: how far each is, and what it printed. Knows nothing of how tests are run."""

from dataclasses import fields
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.automations import RunPhase, SuiteRun
from bot.domain.incident_events import IncidentId
from bot.store import rows
from bot.store.tables import suite_runs as table

_COLUMNS = [table.c[one.name] for one in fields(SuiteRun)]


async def add(db: AsyncConnection, run: SuiteRun) -> SuiteRun:
    """Record a run that is about to begin, and give the one that stands: of an incident, one runs at a time."""
    values = {one.name: getattr(run, one.name) for one in fields(SuiteRun)}
    while not await rows.add(db, table, {**values, "phase": run.phase.value, "output": ""}):
        # What stood in the way may end between the two statements.
        standing = await running(db, run.incident)
        if standing is not None:
            return standing
    return run


async def get(db: AsyncConnection, run: str) -> SuiteRun | None:
    """A run."""
    found = await _select(db, table.c.id == run)
    return found[0] if found else None


async def running(db: AsyncConnection, incident: IncidentId) -> SuiteRun | None:
    """The run of an incident that has not ended."""
    found = await _select(db, table.c.incident == incident, table.c.ended_at.is_(None))
    return found[0] if found else None


async def unended(db: AsyncConnection) -> list[SuiteRun]:
    """Every run that has not ended."""
    return await _select(db, table.c.ended_at.is_(None))


async def update(db: AsyncConnection, run: str, **changes: Any) -> bool:
    """Change fields of a run that has not ended, by name. Gives whether it had not."""
    mine = sa.update(table).where(table.c.id == run, table.c.ended_at.is_(None)).returning(table.c.id)
    return (await db.execute(mine.values(**changes))).first() is not None


async def output(db: AsyncConnection, run: str) -> str | None:
    """All that a run printed, as far as it is kept; None for a run that is not there or has not ended."""
    query = sa.select(table.c.output).where(table.c.id == run, table.c.ended_at.is_not(None))
    return (await db.execute(query)).scalar_one_or_none()


async def _select(db: AsyncConnection, *where: sa.ColumnElement[bool]) -> list[SuiteRun]:
    query = sa.select(*_COLUMNS).where(*where).order_by(table.c.started_at)
    return [SuiteRun(**{**row, "phase": RunPhase(row["phase"])}) for row in (await db.execute(query)).mappings()]
