"""Knows what the plan expects of an export. Pure."""

from datetime import timedelta

from bot.domain.backups import Backup
from bot.domain.plan import CheckKind, Environment, Plan
from bot.domain.snapshot import Expectations, ExpectedReference, ProductionCounts


def expectations(
    plan: Plan,
    environment: Environment | None = None,
    *,
    backup: Backup | None = None,
    production: ProductionCounts | None = None,
) -> Expectations:
    """What the plan expects of an export: of one from `environment`, or (None) of any.

    How recent documents must be is asked only where the plan wants copies regularly: nobody promises that people
    write to the others.
    """
    tables = plan.tables.values()
    lively = environment is None or environment.expected_interval is not None
    return Expectations(
        tables=tuple(table.name for table in tables),
        not_empty=tuple(table.name for table in tables if table.expect_rows),
        references=tuple(ExpectedReference(table=one.table, field=one.field, target=one.to) for one in plan.references),
        recency=_recency(plan) if lively else {},
        production=production,
        snapshot_ns=backup.snapshot_ns if backup else None,
        sha256=backup.sha256 if backup else None,
    )


def _recency(plan: Plan) -> dict[str, timedelta]:
    allowed = [(table.name, table.newest_within) for table in plan.tables.values()]
    allowed += [(check.table, check.within) for check in plan.checks if check.kind is CheckKind.RECENT]
    strictest: dict[str, timedelta] = {}
    for table, within in allowed:
        if within is not None:
            strictest[table] = min(within, strictest.get(table, within))
    return strictest
