"""What a target holds, held against the copy: nothing may be called the same that is not, or that nobody knows."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import checks, restored
from bot.domain.checks import Result
from bot.domain.plan import Check, CheckKind
from bot.domain.snapshot import Report, StoredFiles, TableReport, Verdict

AT = datetime(2026, 12, 15, 9, tzinfo=UTC)
NONE, FILES = StoredFiles(included=False), StoredFiles(included=True, rows=2, files=2, bytes=90)
USERS = Check(key="users", title="Users: as many as in production", kind=CheckKind.COUNT, table="users")


def table(name: str, rows: int, fingerprint: str = "aa", production: int | None = None) -> TableReport:
    return TableReport(
        name=name,
        component=name.rpartition("/")[0],
        table=name.rpartition("/")[2],
        rows=rows,
        bytes=rows * 50,
        production_rows=production,
        difference=None if production is None else rows - production,
        fingerprint=fingerprint,
    )


def report(*tables: TableReport, storage: StoredFiles = NONE) -> Report:
    return Report(
        file="a.zip",
        size=1,
        sha256="ab",
        snapshot_at=AT,
        snapshot_ns=0,
        started_at=AT,
        finished_at=AT,
        duration=timedelta(),
        verdict=Verdict.SOUND,
        worst=None,
        rows=sum(one.rows for one in tables),
        bytes=1,
        tables=tables,
        storage=storage,
        findings=(),
    )


COPY = report(table("users", 5, production=5), table("posts", 0, "e3", production=0))


def users(copy: Report, target: Report, counted: dict[str, int]) -> checks.Outcome:
    now = restored.rows_now(copy, target, counted)
    return checks.outcomes([USERS], restored.as_then(copy, target, now))[0]


def test_a_target_that_holds_the_copy_and_nothing_else_holds() -> None:
    now = restored.rows_now(COPY, COPY, {"users": 5, "posts": 0})
    assert restored.counts(COPY, now).ok
    assert restored.documents(COPY, COPY).ok
    assert users(COPY, COPY, {"users": 5, "posts": 0}).result is Result.PASSED


def test_a_table_that_the_copy_has_not_and_that_has_rows_still_is_not_the_same() -> None:
    target = report(*COPY.tables, table("leftovers", 3, "bb"))
    found = restored.counts(COPY, restored.rows_now(COPY, target, {"users": 5, "posts": 0, "leftovers": 3}))
    assert not found.ok
    assert found.found == "8 rows; differ: leftovers"
    assert restored.documents(COPY, target).found == "others in: leftovers"


def test_an_empty_table_that_the_copy_has_not_is_nothing_beside_it() -> None:
    target = report(*COPY.tables, table("of the schema", 0, "e3"))
    assert restored.counts(COPY, restored.rows_now(COPY, target, {"users": 5, "posts": 0, "of the schema": 0})).ok
    assert restored.documents(COPY, target).ok


@pytest.mark.parametrize(("then", "now"), [("", ""), ("aa", ""), ("aa", "bb")])
def test_documents_that_could_not_be_read_are_never_the_same(then: str, now: str) -> None:
    assert not restored.documents(report(table("users", 5, then)), report(table("users", 5, now))).ok


def test_a_table_that_is_gone_is_not_the_same_unless_it_was_empty() -> None:
    assert restored.documents(COPY, report(table("users", 5))).ok
    assert restored.documents(COPY, report(table("posts", 0, "e3"))).found == "others in: users"


@pytest.mark.parametrize(("production", "rows"), [(0, 5), (500, 5)])
def test_the_target_is_held_against_production_not_against_the_copy(production: int, rows: int) -> None:
    copy = report(table("users", rows, production=production)).model_copy(
        update={"findings": restored.as_then(COPY, COPY, {"users": 1, "posts": 0}).findings}
    )
    outcome = users(copy, copy, {"users": rows})
    assert outcome.result is Result.FAILED
    assert outcome.expected == f"{production} rows, as in production"


def test_rows_that_the_target_lacks_are_not_explained_by_what_explained_the_copy() -> None:
    assert users(COPY, report(table("users", 4), table("posts", 0, "e3")), {"users": 4}).result is Result.FAILED


def test_where_production_was_not_counted_nobody_knows_whether_the_target_has_as_many() -> None:
    copy = report(table("users", 5))
    assert users(copy, copy, {"users": 5}).result is Result.UNKNOWN


def test_rows_of_components_and_of_stored_files_are_read_from_the_export_of_the_target() -> None:
    copy = report(table("users", 5), table("waitlist/entries", 7), table("_storage", 2), storage=FILES)
    assert restored.counts(copy, restored.rows_now(copy, copy, {"users": 5})).ok
    lacking = report(table("users", 5), table("waitlist/entries", 6), table("_storage", 2), storage=FILES)
    found = restored.counts(copy, restored.rows_now(copy, lacking, {"users": 5}))
    assert found.found == "13 rows; differ: waitlist/entries"


def test_stored_files_are_compared_where_the_copy_has_them() -> None:
    copy = report(table("_storage", 2, "aa"), storage=FILES)
    assert restored.files(COPY, COPY) == ()
    assert [one.ok for one in restored.files(copy, copy)] == [True]
    assert [one.ok for one in restored.files(copy, COPY)] == [None]
    fewer = copy.model_copy(update={"storage": FILES.model_copy(update={"files": 1})})
    assert [one.ok for one in restored.files(copy, fewer)] == [False]
    assert restored.documents(copy, report(table("_storage", 2, "bb"), storage=FILES)).ok


def moments(rows: int, newest_at: datetime) -> TableReport:
    return table("users", rows).model_copy(update={"newest_at": newest_at})


@pytest.mark.parametrize(
    ("newest", "counted", "found"),
    [
        (AT, 5, "none"),
        (AT + timedelta(minutes=1), 5, "none"),
        (AT + timedelta(hours=2), 5, "written to: users; the newest row is of 2026-12-15 11:00:00 UTC"),
        (AT, 6, "written to: users"),
    ],
    ids=["as in the copy", "left from before the import", "since the import", "while it was checked"],
)
def test_what_others_wrote_to_the_target_meanwhile_is_told_apart_from_what_was_not_restored(
    newest: datetime, counted: int, found: str
) -> None:
    copy, target = report(moments(5, AT)), report(moments(5, newest))
    told = restored.written(copy, target, {"users": counted}, AT + timedelta(hours=1))
    assert (told.found, told.ok) == (found, found == "none")


def test_rows_of_a_table_that_the_copy_has_not_are_others_only_where_they_are_newer_than_the_import() -> None:
    target = report(moments(1, AT + timedelta(minutes=30)))
    assert restored.written(report(), target, {"users": 1}, AT + timedelta(hours=1)).ok
    assert not restored.written(report(), target, {"users": 1}, AT).ok
