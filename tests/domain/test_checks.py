"""The plan's verification checks, held against what a report found."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.chat.cards import Table
from bot.domain.checks import Outcome, Result, outcomes
from bot.domain.plan import Check, CheckKind, load
from bot.domain.snapshot import Finding, ReferenceReport, Report, Severity, StoredFiles, TableReport, Verdict
from bot.views.checks import check_blocks

NOW = datetime(2026, 2, 20, 14, 30, tzinfo=UTC)
PLAN = load((Path(__file__).parents[2] / "bot" / "plan.toml").read_text("utf-8"))
COUNT = Check(key="count", title="Users", kind=CheckKind.COUNT, table="users", tolerance=2)
RECENT = Check.model_validate(
    {"key": "recent", "title": "Posts", "kind": "recent", "table": "posts", "within": "2 days"}
)
FOLLOWS = Check(
    key="follows", title="Follows", kind=CheckKind.REFERENCES, references=("follows.followerId", "follows.followingId")
)


def table(name: str, rows: int = 10, production: int | None = None, **more: object) -> TableReport:
    counted = {} if production is None else {"production_rows": production, "difference": rows - production}
    return TableReport.model_validate(
        {"name": name, "table": name, "rows": rows, "bytes": 1, "fingerprint": "", **counted, **more}
    )


def report(*tables: TableReport, findings: tuple[Finding, ...] = (), at: datetime | None = NOW) -> Report:
    return Report(
        file="a.zip",
        size=1,
        sha256="",
        snapshot_at=at,
        snapshot_ns=None,
        started_at=NOW,
        finished_at=NOW,
        duration=timedelta(),
        verdict=Verdict.SOUND,
        worst=None,
        rows=0,
        bytes=0,
        tables=tables,
        storage=StoredFiles(included=False),
        findings=findings,
    )


def follows(orphans: int, *fields: str) -> TableReport:
    references = [
        ReferenceReport(field=field, targets=("users",), configured=True, checked=50, orphans=orphans)
        for field in fields or ("followerId", "followingId")
    ]
    return table("follows", references=references)


def judged(check: Check, found: Report) -> Outcome:
    (outcome,) = outcomes([check], found)
    return outcome


def test_a_count_like_that_of_production_passes() -> None:
    outcome = judged(COUNT, report(table("users", 10, 10)))
    assert (outcome.result, outcome.expected, outcome.found) == (Result.PASSED, "10 rows, as in production", "10")


def test_a_count_that_is_off_fails_unless_the_tolerance_or_later_writing_explains_it() -> None:
    differs = Finding(code="production-differs", severity=Severity.ERROR, table="users", total=1, meaning="")
    assert judged(COUNT, report(table("users", 5, 10), findings=(differs,))).result is Result.FAILED
    assert judged(COUNT, report(table("users", 8, 10), findings=(differs,))).result is Result.PASSED
    explained = judged(COUNT, report(table("users", 5, 10, explanation="5 more written since would explain it")))
    assert explained.result is Result.PASSED
    assert explained.found == "5; 5 more written since would explain it"


def test_a_count_that_production_was_not_asked_for_is_not_known_and_a_missing_table_fails() -> None:
    assert judged(COUNT, report(table("users", 10))).result is Result.UNKNOWN
    assert judged(COUNT, report()).result is Result.FAILED


def test_recent_documents_are_measured_from_the_moment_of_the_copy() -> None:
    assert judged(RECENT, report(table("posts", newest_at=NOW - timedelta(days=2)))).result is Result.PASSED
    old = judged(RECENT, report(table("posts", newest_at=NOW - timedelta(days=2, hours=1))))
    assert (old.result, old.found) == (Result.FAILED, "newest is 2 days 1 hour older than the copy")
    assert old.expected == "newest no older than 2 days"
    assert judged(RECENT, report(table("posts", rows=0))).result is Result.FAILED
    assert judged(RECENT, report(table("posts", newest_at=NOW), at=None)).result is Result.UNKNOWN
    assert judged(RECENT, report()).result is Result.FAILED


def test_orphans_fail_a_check_of_references_and_what_was_not_followed_is_not_called_intact() -> None:
    assert judged(FOLLOWS, report(follows(0))).result is Result.PASSED
    broken = judged(FOLLOWS, report(follows(3)))
    assert (broken.result, broken.expected, broken.found) == (
        Result.FAILED,
        "no orphans",
        "6 of 100 ids lead nowhere",
    )
    half = judged(FOLLOWS, report(follows(0, "followerId")))
    assert half.result is Result.UNKNOWN
    assert half.found.endswith("not followed: follows.followingId")


def test_all_checks_of_the_shipped_plan_are_judged_in_its_order_and_shown_in_a_table() -> None:
    found = outcomes(PLAN.checks, report(table("users", 10, 10, newest_at=NOW)))
    assert [one.check.key for one in found] == [check.key for check in PLAN.checks]
    _, shown = check_blocks(found)
    assert isinstance(shown, Table)
    assert [cells[0] for cells in shown.rows] == [(check.title,) for check in PLAN.checks]
    assert check_blocks(()) == ()
