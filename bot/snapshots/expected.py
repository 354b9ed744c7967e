"""Knows how an export is held against what the caller expects. Knows nothing of files or plans."""

from datetime import datetime, timedelta

from bot.domain.snapshot import Expectations, ProductionCounts, TableReport
from bot.snapshots.findings import Findings

# Between the snapshot and the counting the application goes on writing; beyond this it needs an explanation.
DRIFT_SHARE = 0.05
DRIFT_ROWS = 10


def compare(
    tables: tuple[TableReport, ...], expectations: Expectations, snapshot_at: datetime | None, findings: Findings
) -> tuple[TableReport, ...]:
    """The same tables with production's counts beside them; what is missing, empty, far off or stale is a finding."""
    here = {table.name: table for table in tables}
    for name in expectations.tables:
        if name not in here:
            findings.add("expected-table-missing", name)
    for name in expectations.not_empty:
        if name in here and not here[name].rows:
            findings.add("expected-rows-missing", name)
    _check_recency(here, expectations.recency, snapshot_at, findings)
    if expectations.production is None:
        return tables
    for name, rows in expectations.production.rows.items():
        if name not in here and name not in expectations.tables:
            findings.add("production-table-missing", name, detail=f"{rows:,} documents in production")
    return tuple(_beside(table, expectations.production, snapshot_at, findings) for table in tables)


def _check_recency(
    here: dict[str, TableReport], recency: dict[str, timedelta], snapshot_at: datetime | None, findings: Findings
) -> None:
    newest = [table.newest_at for table in here.values() if table.newest_at is not None]
    # Without the snapshot's own time, the newest document anywhere is the latest moment it is known to hold.
    reference = snapshot_at or max(newest, default=None)
    for name, allowed in recency.items():
        table = here.get(name)
        if table is None or reference is None:
            continue
        if table.newest_at is None:
            findings.add("stale", name, detail="it has no documents")
        elif reference - table.newest_at > allowed:
            detail = f"the newest is {reference - table.newest_at} older than the snapshot, {allowed} are expected"
            findings.add("stale", name, detail=detail)


def _beside(
    table: TableReport, production: ProductionCounts, snapshot_at: datetime | None, findings: Findings
) -> TableReport:
    rows = production.rows.get(table.name)
    if rows is None:
        return table
    difference = table.rows - rows
    if rows and not table.rows:
        findings.add("production-has-rows", table.name, detail=f"{rows:,} documents in production")
    elif difference and production.exact:
        findings.add("production-differs", table.name, detail=f"{table.rows:,} here, {rows:,} in production")
    elif abs(difference) > max(DRIFT_ROWS, DRIFT_SHARE * rows):
        findings.add("production-far-off", table.name, detail=f"{table.rows:,} here, {rows:,} in production")
    explanation = _explain(difference, production, snapshot_at)
    return table.model_copy(update={"production_rows": rows, "difference": difference, "explanation": explanation})


def _explain(difference: int, production: ProductionCounts, snapshot_at: datetime | None) -> str:
    if production.exact:
        return "counted at the snapshot's own moment" if not difference else "differs at the snapshot's own moment"
    if not difference:
        return ""
    later = production.read_at - snapshot_at if snapshot_at else None
    before = later is not None and later < timedelta()
    counted = f"{_span(later) if later is not None else 'some time'} {'before' if before else 'after'}"
    change = "written" if (difference > 0) == before else "deleted"
    until = "until then" if before else "since"
    return f"production was counted {counted} the snapshot; {abs(difference):,} more {change} {until} would explain it"


def _span(span: timedelta) -> str:
    seconds = round(abs(span).total_seconds())
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"
