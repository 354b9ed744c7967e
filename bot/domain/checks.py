"""Knows how the plan's verification checks come out for a report. Knows nothing of how a copy is read, or shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from bot.domain.durations import duration_words
from bot.domain.plan_parts import Check, CheckKind
from bot.domain.snapshot import Report, TableReport

_COUNT_FINDINGS = {"production-differs", "production-far-off", "production-has-rows"}


class Result(StrEnum):
    """How a check came out. UNKNOWN: the report cannot tell, which is never called passed."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A check with what was expected and what was found, in words."""

    check: Check
    result: Result
    expected: str
    found: str


def outcomes(checks: Iterable[Check], report: Report) -> tuple[Outcome, ...]:
    """Each check, in the plan's order, held against what the report found."""
    judges = {CheckKind.COUNT: _count, CheckKind.RECENT: _recent, CheckKind.REFERENCES: _references}
    tables = {table.name: table for table in report.tables}
    return tuple(judges[check.kind](check, tables, report) for check in checks)


def _count(check: Check, tables: dict[str, TableReport], report: Report) -> Outcome:
    table = tables.get(check.table)
    if table is None:
        return Outcome(check, Result.FAILED, "as many rows as production", f"no table {check.table}")
    if table.production_rows is None or table.difference is None:
        return Outcome(
            check, Result.UNKNOWN, "as many rows as production", f"{table.rows:,}; production was not counted"
        )
    # A difference that writing since the snapshot explains is no finding, and no failure.
    far_off = any(one.code in _COUNT_FINDINGS and one.table == table.name for one in report.findings)
    passed = abs(table.difference) <= check.tolerance or not far_off
    found = f"{table.rows:,}" + (f"; {table.explanation}" if table.difference and table.explanation else "")
    return Outcome(check, _result(passed), f"{table.production_rows:,} rows, as in production", found)


def _recent(check: Check, tables: dict[str, TableReport], report: Report) -> Outcome:
    table, within = tables.get(check.table), check.within
    expected = f"newest no older than {duration_words(within)}" if within else "recent documents"
    if table is None:
        return Outcome(check, Result.FAILED, expected, f"no table {check.table}")
    if table.newest_at is None:
        return Outcome(check, Result.FAILED, expected, "no documents")
    if report.snapshot_at is None or within is None:
        return Outcome(check, Result.UNKNOWN, expected, "the moment of the copy is not known")
    age = max(report.snapshot_at - table.newest_at, timedelta())
    return Outcome(check, _result(age <= within), expected, f"newest is {duration_words(age)} older than the copy")


def _references(check: Check, tables: dict[str, TableReport], _report: Report) -> Outcome:
    allowed = f"at most {check.tolerance:,} orphans" if check.tolerance else "no orphans"
    seen = {f"{table.name}.{one.field}": one for table in tables.values() for one in table.references}
    missing = [name for name in check.references if name not in seen]
    followed = [seen[name] for name in check.references if name in seen]
    orphans, checked = sum(one.orphans for one in followed), sum(one.checked for one in followed)
    found = f"{orphans:,} of {checked:,} ids lead nowhere"
    if orphans > check.tolerance:
        return Outcome(check, Result.FAILED, allowed, found)
    if missing:
        return Outcome(check, Result.UNKNOWN, allowed, f"{found}; not followed: {', '.join(missing)}")
    return Outcome(check, Result.PASSED, allowed, found)


def _result(passed: bool) -> Result:
    return Result.PASSED if passed else Result.FAILED
