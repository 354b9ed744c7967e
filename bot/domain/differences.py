"""Knows how two copies of the same data differ, by their reports alone. Knows nothing of where the copies are.

Rows are counted, not compared one by one: a table whose documents are the same bytes has the same fingerprint.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.domain.snapshot import Report, Severity, TableReport, Verdict


@dataclass(frozen=True, slots=True)
class TableDifference:
    """One table in the good copy and in the one held against it; None where it is not in one of them.

    `same` means that not a byte of its documents differs; `concern` is what a person has to look at, or ''.
    """

    name: str
    rows: tuple[int | None, int | None]
    newest: tuple[datetime | None, datetime | None]
    orphans: tuple[int, int]
    same: bool
    concern: str

    @property
    def change(self) -> int:
        """Rows more, or fewer."""
        return (self.rows[1] or 0) - (self.rows[0] or 0)


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs, table by table, those of concern first; `concerns` are about the copy as a whole."""

    tables: tuple[TableDifference, ...]
    concerns: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is missing in the copy that was in the good one."""
        return not self.concerns and not any(one.concern for one in self.tables)


def differences(good: Report, now: Report) -> Differences:
    """How a copy differs from one that is known to be good.

    More rows, or newer ones, are no concern: people go on writing. Fewer rows, a table that is gone, older newest
    rows and more orphans are.
    """
    before, after = ({one.name: one for one in report.tables} for report in (good, now))
    tables = [_table(name, before.get(name), after.get(name)) for name in sorted({*before, *after})]
    tables.sort(key=lambda one: (not one.concern, one.same))
    return Differences(tuple(tables), tuple(_concerns(good, now)))


def _concerns(good: Report, now: Report) -> Iterator[str]:
    if now.verdict is Verdict.UNREADABLE:
        yield "the copy cannot be read"
    elif now.worst is Severity.ERROR:
        yield "its own check found errors"
    if good.verdict is Verdict.UNREADABLE:
        yield "the copy that it is held against cannot be read"
    if good.storage.included and now.storage.included and now.storage.files < good.storage.files:
        yield f"{good.storage.files - now.storage.files} stored files fewer"


def _table(name: str, before: TableReport | None, after: TableReport | None) -> TableDifference:
    rows = (before.rows if before else None, after.rows if after else None)
    newest = (before.newest_at if before else None, after.newest_at if after else None)
    orphans = (before.orphans if before else 0, after.orphans if after else 0)
    same = bool(before and after and before.fingerprint and before.fingerprint == after.fingerprint)
    return TableDifference(name, rows, newest, orphans, same, "" if same else _concern(rows, newest, orphans))


def _concern(
    rows: tuple[int | None, int | None], newest: tuple[datetime | None, datetime | None], orphans: tuple[int, int]
) -> str:
    if rows[0] is None:
        return ""
    if rows[1] is None:
        return "the table is gone"
    if rows[1] < rows[0]:
        return "empty" if rows[1] == 0 else f"{rows[0] - rows[1]:,} rows fewer"
    if orphans[1] > orphans[0]:
        return f"{orphans[1] - orphans[0]:,} orphans more"
    if newest[0] and newest[1] and newest[1] < newest[0]:
        return "its newest row is older"
    return ""
