"""Knows how an environment's state is gathered from the records. Knows nothing of who asks, and asks no vendor."""

from collections.abc import Sequence
from datetime import datetime

from bot.domain import health
from bot.domain.backups import Operation, Phase
from bot.domain.health import Health
from bot.domain.plan import Environment
from bot.domain.snapshot import Report
from bot.house import House
from bot.store import backups, observations, operations, reports
from bot.store.database import Connection


async def judge(db: Connection, house: House, environments: Sequence[Environment], now: datetime) -> list[Health]:
    """Environments, judged from our own records alone, so that it works when everything else does not."""
    kept, seen = await backups.listed(db), await observations.every(db)
    copies = {one.name: [copy for copy in kept if copy.environment == one.name] for one in environments}
    newest = {name: copy.id for name, own in copies.items() if (copy := health.newest_verified(own)) is not None}
    found = await reports.of(db, newest.values())
    rows = {name: _rows(found[copy_id]) for name, copy_id in newest.items() if copy_id in found}
    return [
        health.judge(
            one, copies[one.name], seen.get(one.name), rows.get(one.name), now, connected=one.name in house.deployments
        )
        for one in environments
    ]


async def last_failures(db: Connection, environments: Sequence[Environment]) -> list[Operation]:
    """The newest exports of environments, of those where it failed."""
    last = await operations.last_exports(db)
    newest = [last[one.name] for one in environments if one.name in last]
    return [one for one in newest if one.phase is Phase.FAILED]


def _rows(report: Report) -> dict[str, int]:
    """Rows of the tables that production's counts have too: those of the root component, without the system's own."""
    return {table.name: table.rows for table in report.tables if not table.component and not table.name.startswith("_")}


async def gauges(house: House) -> dict[str, float]:
    """Numbers for a monitoring system, by Prometheus series: age of the newest verified copy, how many copies."""
    now = house.clock.now()
    numbers: dict[str, float] = {}
    async with house.database.read() as db:
        for found in await judge(db, house, house.plan.real, now):
            series = f'{{environment="{found.environment.name}"}}'
            numbers[f"lifeboat_copies{series}"] = found.copies
            if found.age is not None:
                numbers[f"lifeboat_verified_copy_age_seconds{series}"] = found.age.total_seconds()
    return numbers
