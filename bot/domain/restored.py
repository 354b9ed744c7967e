"""Knows how what a target holds is held against the copy that was restored into it. Pure.

Knows nothing of how either was read. Rows that Convex counts live are those of the app's own tables: of a component's
tables, and of stored files, only an export of the target tells.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.domain.drill_events import Checked
from bot.domain.drills import TARGET
from bot.domain.snapshot import Finding, Report, Severity, TableReport

WRITTEN = f"{TARGET}.written"
"""The key of the check that nobody else wrote to the target: where it fails, the others say nothing of the copy."""
_MOST_NAMED = 5
_FILES = "_storage"


def counted_live(table: str) -> bool:
    """Whether Convex counts the rows of a table at any moment."""
    return "/" not in table and not table.startswith("_")


def of_files(table: str) -> bool:
    """Whether a table, by its name, is that of the stored files. Convex counts them apart from rows, and stores them
    anew when it imports them, so the rows about them need not be the same bytes.
    """
    return table.rpartition("/")[2] == _FILES


def rows_now(tested: Report, target: Report, counted: Mapping[str, int]) -> dict[str, int]:
    """What the target holds, by table: of all that it has, and all that the copy has."""
    exported = {one.name: one.rows for one in target.tables}
    names = {*counted, *exported, *(one.name for one in tested.tables)}
    return {name: (counted if counted_live(name) else exported).get(name, 0) for name in sorted(names)}


def differing(then: Mapping[str, int], counted: Mapping[str, int]) -> list[str]:
    """The tables of which Convex counts other rows live than there were then; none of those that it does not count."""
    before = {name: rows for name, rows in then.items() if counted_live(name)}
    return sorted(name for name in {*before, *counted} if before.get(name, 0) != counted.get(name, 0))


def counts(tested: Report, now: Mapping[str, int]) -> Checked:
    """Whether every table has as many rows as the copy, and no other has any."""
    wrong = _beside(tested, now)
    return Checked(
        key=f"{TARGET}.counts",
        title="Every table has as many rows as the copy",
        expected=f"{sum(one.rows for one in tested.tables):,} rows in {len(tested.tables)} tables",
        found=f"{sum(now.values()):,} rows" + (f"; differ: {listed(wrong)}" if wrong else ""),
        ok=not wrong,
    )


def written(tested: Report, target: Report, counted: Mapping[str, int], since: datetime) -> Checked:
    """Whether nobody else wrote to the target: it has no row that is newer than any of the copy's and than the import,
    and as many rows when it was counted as when it was exported. An import keeps each row's moment of creation.
    """
    newest = {one.name: one.newest_at for one in tested.tables}
    newer = {
        one.name: one.newest_at
        for one in target.tables
        if one.newest_at is not None and one.newest_at > max(newest.get(one.name) or since, since)
    }
    exported = {one.name: one.rows for one in target.tables}
    names = sorted({*newer, *differing(exported, counted)})
    last = f"; the newest row is of {max(newer.values()):%Y-%m-%d %H:%M:%S} UTC" if newer else ""
    return Checked(
        key=WRITTEN,
        title="Nobody else wrote to the target meanwhile",
        expected="no row newer than the import",
        found=f"written to: {listed(names)}{last}" if names else "none",
        ok=not names,
    )


def documents(tested: Report, target: Report) -> Checked:
    """Whether every document is the same: by the SHA-256 of each table, of which one that cannot be read has none."""
    then = {one.name: one for one in tested.tables if not of_files(one.name)}
    now = {one.name: one for one in target.tables if not of_files(one.name)}
    others = [name for name, one in then.items() if not _same(one, now.get(name))]
    others += [name for name, one in now.items() if name not in then and one.rows]
    return Checked(
        key=f"{TARGET}.documents",
        title="Every document is the same, byte by byte",
        expected=f"the SHA-256 of each of {len(then)} tables",
        found=f"others in: {listed(sorted(others))}" if others else "the same",
        ok=not others,
    )


def files(tested: Report, target: Report) -> tuple[Checked, ...]:
    """Whether every stored file is there; nothing where the copy was taken without them."""
    if not tested.storage.included:
        return ()
    then, now = tested.storage, target.storage
    return (
        Checked(
            key=f"{TARGET}.files",
            title="Every stored file is there",
            expected=f"{then.files:,} files, {then.bytes:,} bytes",
            found=f"{now.files:,} files, {now.bytes:,} bytes" if now.included else "not exported",
            ok=(then.files, then.bytes) == (now.files, now.bytes) if now.included else None,
        ),
    )


def as_then(tested: Report, target: Report, now: Mapping[str, int]) -> Report:
    """The target's report as if it were of the copy's moment: its rows held against what production had then.

    A difference that was explained for the copy explains none that the target has beside it.
    """
    copied = {one.name: one for one in tested.tables}
    beside = tuple(
        Finding(code="production-differs", severity=Severity.ERROR, table=name, total=1, meaning="")
        for name in _beside(tested, now)
    )
    return target.model_copy(
        update={
            "tables": tuple(_table_then(one, copied.get(one.name), now[one.name]) for one in target.tables),
            "snapshot_at": tested.snapshot_at,
            "findings": (*tested.findings, *beside),
        }
    )


def listed(names: list[str]) -> str:
    """Names, the first few of them."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def _beside(tested: Report, now: Mapping[str, int]) -> list[str]:
    """The tables that have not as many rows as the copy, also those that the copy has not."""
    then = {one.name: one.rows for one in tested.tables}
    return [name for name, rows in now.items() if rows != then.get(name, 0)]


def _table_then(one: TableReport, copied: TableReport | None, rows: int) -> TableReport:
    production = copied.production_rows if copied is not None else None
    return one.model_copy(
        update={
            "rows": rows,
            "production_rows": production,
            "difference": None if production is None else rows - production,
            "explanation": copied.explanation if copied is not None and copied.rows == rows else "",
        }
    )


def _same(copied: TableReport, now: TableReport | None) -> bool:
    if now is None:
        return copied.rows == 0
    return bool(copied.fingerprint) and copied.fingerprint == now.fingerprint
