from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.snapshot import Expectations, ProductionCounts, Severity, TableReport
from tests.snapshots.conftest import Check, Checked
from tests.snapshots.hostile import sound

CREATED = datetime.fromtimestamp(1_760_000_000, UTC)
SNAPSHOT_NS = 1_760_000_060_000_000_000
READ_AT = CREATED + timedelta(minutes=6)


def expecting(tmp_path: Path, check: Check, expectations: Expectations) -> Checked:
    export = sound(users=30, posts=90)
    export.tables["likes"], export.numbers["likes"] = [], 10003
    return check(export.write(tmp_path / f"snapshot_happy-otter-123_{SNAPSHOT_NS}.zip"), expectations)


def production(exact: bool = False, **rows: int) -> Expectations:
    return Expectations(production=ProductionCounts(rows=rows, read_at=READ_AT, exact=exact))


def posts(checked: Checked) -> TableReport:
    return next(table for table in checked.report.tables if table.name == "posts")


@pytest.mark.parametrize(
    ("expectations", "code", "severity"),
    [
        (Expectations(tables=("users", "messages")), "expected-table-missing", Severity.ERROR),
        (Expectations(not_empty=("users", "likes")), "expected-rows-missing", Severity.ERROR),
        (Expectations(recency={"posts": timedelta(seconds=30)}), "stale", Severity.WARNING),
        (Expectations(recency={"likes": timedelta(days=30)}), "stale", Severity.WARNING),
        (production(users=30, messages=4), "production-table-missing", Severity.ERROR),
        (production(users=30, likes=4), "production-has-rows", Severity.ERROR),
        (production(posts=91, exact=True), "production-differs", Severity.ERROR),
        (production(posts=900), "production-far-off", Severity.WARNING),
        (production(posts=9), "production-far-off", Severity.WARNING),
    ],
)
def test_what_the_plan_expects_is_checked(
    expectations: Expectations, code: str, severity: Severity, tmp_path: Path, check: Check
) -> None:
    checked = expecting(tmp_path, check, expectations)

    assert (checked.status, checked.finding(code).severity) == (1, severity)


def test_an_export_that_meets_every_expectation_is_sound(tmp_path: Path, check: Check) -> None:
    expectations = Expectations(
        tables=("users", "posts", "likes"),
        not_empty=("users", "posts"),
        recency={"posts": timedelta(minutes=2)},
        production=ProductionCounts(rows={"users": 30, "posts": 90, "likes": 0}, read_at=READ_AT, exact=True),
    )

    checked = expecting(tmp_path, check, expectations)

    assert checked.status == 0, checked.report.findings
    assert (posts(checked).production_rows, posts(checked).difference) == (90, 0)


def test_a_small_difference_is_explained_by_the_time_between(tmp_path: Path, check: Check) -> None:
    checked = expecting(tmp_path, check, production(posts=93))

    assert checked.status == 0
    assert posts(checked).difference == -3
    assert posts(checked).explanation == (
        "production was counted 5 min after the snapshot; 3 more written since would explain it"
    )


def test_what_was_written_between_an_earlier_count_and_the_snapshot_explains_more(tmp_path: Path, check: Check) -> None:
    counts = ProductionCounts(rows={"users": 30, "posts": 88, "likes": 0}, read_at=READ_AT - timedelta(minutes=10))

    checked = expecting(tmp_path, check, Expectations(production=counts))

    assert posts(checked).explanation == (
        "production was counted 5 min before the snapshot; 2 more written until then would explain it"
    )


def test_the_moment_of_the_snapshot_is_taken_from_the_file_name(tmp_path: Path, check: Check) -> None:
    report = expecting(tmp_path, check, Expectations()).report

    assert (report.snapshot_ns, report.snapshot_at) == (SNAPSHOT_NS, CREATED + timedelta(minutes=1))


def test_findings_are_sorted_worst_first(tmp_path: Path, check: Check) -> None:
    expectations = Expectations(recency={"posts": timedelta(0)}, tables=("messages",))

    severities = [finding.severity for finding in expecting(tmp_path, check, expectations).report.findings]

    assert severities == [Severity.ERROR, Severity.WARNING, Severity.INFORMATION]
