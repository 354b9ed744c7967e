"""Knows how an environment's state is gathered from the records. Knows nothing of who asks, and asks no vendor."""

from datetime import datetime

from bot.domain import health
from bot.domain.backups import EnvironmentName, Operation, OperationKind, Phase
from bot.domain.health import Health
from bot.domain.plan import Environment
from bot.domain.snapshot import Report
from bot.house import House
from bot.store import backups, observations, operations, reports
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
        _rows(report) if report else None,
        now,
        connected=environment.name in house.deployments,
    )


async def last_failure(db: Connection, environment: EnvironmentName) -> Operation | None:
    """The newest export of an environment, if it failed."""
    exports = [one for one in await operations.recent(db, environment) if one.kind is OperationKind.EXPORT]
    ended = next((one for one in exports if one.phase.ended), None)
    return ended if ended is not None and ended.phase is Phase.FAILED else None


def _rows(report: Report) -> dict[str, int]:
    """Rows of the tables that production's counts have too: those of the root component, without the system's own."""
    return {table.name: table.rows for table in report.tables if not table.component and not table.name.startswith("_")}


async def gauges(house: House) -> dict[str, float]:
    """Numbers for a monitoring system, by Prometheus series: age of the newest verified copy, how many copies."""
    now = house.clock.now()
    numbers: dict[str, float] = {}
    async with house.database.read() as db:
        for environment in house.plan.real:
            found = await judge(db, house, environment, now)
            series = f'{{environment="{environment.name}"}}'
            numbers[f"lifeboat_copies{series}"] = found.copies
            if found.age is not None:
                numbers[f"lifeboat_verified_copy_age_seconds{series}"] = found.age.total_seconds()
    return numbers
