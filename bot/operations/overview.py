"""Knows how an environment's state is gathered from the records. Knows nothing of who asks, and asks no vendor."""

from datetime import datetime

from bot.domain import health
from bot.domain.health import Health
from bot.domain.plan import Environment
from bot.house import House
from bot.store import backups, observations, reports
from bot.store.database import Connection


async def judge(db: Connection, house: House, environment: Environment, now: datetime) -> Health:
    """One environment, judged from our own records alone, so that it works when everything else does not."""
    copies = await backups.listed(db, environment.name)
    newest = health.newest_verified(copies)
    report = await reports.get(db, newest.id) if newest else None
    return health.judge(
        environment,
        copies,
        await observations.get(db, environment.name),
        {table.name: table.rows for table in report.tables if not table.component} if report else None,
        now,
        connected=environment.name in house.deployments,
    )
