"""Two copies differ where something is missing in the later one; that people went on writing is no concern."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.domain.differences import Differences, TableDifference, differences
from bot.domain.snapshot import Report, Severity, StoredFiles, TableReport, Verdict

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def table(name: str, rows: int, **more: Any) -> TableReport:
    return TableReport(name=name, table=name, rows=rows, bytes=rows * 100, **{"fingerprint": f"{name}{rows}", **more})


def report(*tables: TableReport, **more: Any) -> Report:
    usual: dict[str, Any] = {"verdict": Verdict.SOUND, "worst": None, "storage": StoredFiles(included=False)}
    return Report(
        file="a.zip",
        size=1,
        sha256="",
        snapshot_at=NOW,
        snapshot_ns=1,
        started_at=NOW,
        finished_at=NOW,
        duration=timedelta(0),
        rows=sum(one.rows for one in tables),
        bytes=1,
        tables=tables,
        findings=(),
        **{**usual, **more},
    )


def only(found: Differences) -> TableDifference:
    [one] = found.tables
    return one


def test_the_same_bytes_are_the_same() -> None:
    found = differences(report(table("users", 10)), report(table("users", 10)))
    assert (only(found).same, only(found).change, found.ok) == (True, 0, True)


def test_more_rows_are_no_concern() -> None:
    found = differences(report(table("posts", 10)), report(table("posts", 12)))
    assert (only(found).same, only(found).change, found.ok) == (False, 2, True)


def test_a_new_table_is_no_concern() -> None:
    found = differences(report(), report(table("polls", 3)))
    assert found.ok
    assert only(found).rows == (None, 3)


@pytest.mark.parametrize(
    ("before", "after", "concern"),
    [
        (table("users", 1200), table("users", 0), "empty"),
        (table("users", 1200), table("users", 1), "1,199 rows fewer"),
        (table("users", 5), None, "the table is gone"),
        (table("posts", 5), table("posts", 6, orphans=2), "2 orphans more"),
        (
            table("posts", 5, newest_at=NOW),
            table("posts", 6, newest_at=NOW - timedelta(hours=1)),
            "its newest row is older",
        ),
    ],
)
def test_what_is_missing_is_named(before: TableReport, after: TableReport | None, concern: str) -> None:
    found = differences(report(before), report(*([after] if after else [])))
    assert only(found).concern == concern
    assert not found.ok


def test_what_is_of_concern_comes_first() -> None:
    good = report(table("a", 1), table("b", 5), table("c", 2))
    found = differences(good, report(table("a", 1), table("b", 4), table("c", 3)))
    assert [one.name for one in found.tables] == ["b", "c", "a"]


def test_a_copy_that_cannot_be_relied_on_is_a_concern_by_itself() -> None:
    sound = report(table("a", 1))
    assert differences(sound, report(verdict=Verdict.UNREADABLE)).concerns == ("the copy cannot be read",)
    broken = report(table("a", 1), verdict=Verdict.FINDINGS, worst=Severity.ERROR)
    assert differences(sound, broken).concerns == ("its own check found errors",)


def test_stored_files_that_are_missing_are_a_concern_where_both_copies_hold_them() -> None:
    with_files = report(storage=StoredFiles(included=True, files=7))
    assert differences(with_files, report(storage=StoredFiles(included=True, files=5))).concerns == (
        "2 stored files fewer",
    )
    assert differences(with_files, report()).ok


def test_a_table_whose_documents_could_not_be_read_is_never_called_the_same() -> None:
    unread = table("a", 1, fingerprint="")
    assert not only(differences(report(unread), report(unread))).same
