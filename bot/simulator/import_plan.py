"""Knows what an import would do to a deployment, and how that is told. Knows nothing of uploads or job states."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bot.domain import document_ids
from bot.simulator.deployment import STORAGE, STORAGE_NUMBER, Deployment, Write
from bot.simulator.import_files import ImportFailed, Parsed, Row
from bot.simulator.rows import Rows
from bot.simulator.tables import Table
from bot.simulator.values import Document, decode, export_line

Mode = Literal["requireEmpty", "append", "replace", "replaceAll"]


@dataclass(frozen=True)
class Change:
    """What happens to one table."""

    table: str
    existing: int
    deleted: int
    written: int
    missing_ids: bool

    def checkpoint(self, done: int) -> Document:
        return {
            "component_path": "",
            "display_table_name": self.table,
            "existing_rows_in_table": self.existing,
            "existing_rows_to_delete": self.deleted,
            "is_missing_id_field": self.missing_ids,
            "num_rows_written": done,
            "tablet_id": None,
            "total_num_rows_to_write": self.written,
        }


def plan(deployment: Deployment, parsed: Parsed, mode: Mode) -> list[Change]:
    """What the import would do, table by table. Raises ImportFailed where it could not be done."""
    changes = []
    for name, rows in sorted(parsed.rows.items()):
        table = deployment.tables.get(name)
        existing = table.count if table else 0
        if existing and mode == "requireEmpty" and (rows or name != STORAGE):
            raise ImportFailed(
                f"Table {name} already exists. Please choose a new table name or use replace/append modes."
            )
        _check_ids(deployment, parsed, name, mode)
        deleted = existing if mode in ("replace", "replaceAll") else 0
        changes.append(Change(name, existing, deleted, len(rows), any(row.id is None for row in rows)))
    if mode == "replaceAll":
        changes += [
            Change(name, table.count, table.count, 0, False)
            for name, table in deployment.user_tables.items()
            if name not in parsed.rows
        ]
    return changes


def message(changes: list[Change]) -> str:
    """The text that `npx convex import` asks people to confirm."""
    lines = ["Import change summary:"] if changes else []
    if changes:
        cells = [("table", "create", "delete")]
        for change in changes:
            unit = " files" if change.table == STORAGE else ""
            cells.append((change.table, f"{change.written:,}", f"{change.deleted:,} of {change.existing:,}{unit}"))
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        drawn = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells]
        lines += [drawn[0], "-" * len(drawn[0]), *drawn[1:]]
    lines.append("Once the import has started, it will run in the background.")
    lines.append("Interrupting `npx convex import` will not cancel it.")
    return "\n".join(lines)


class Prepared(NamedTuple):
    """What `activate` puts in force: whole new tables, and writes into those that are."""

    fresh: dict[str, Table]
    appended: list[Write]


def prepare(deployment: Deployment, parsed: Parsed, mode: Mode) -> Prepared:
    """Build the hidden tables. Long for a large file, and safe in another thread."""
    fresh: dict[str, Table] = {}
    appended: list[Write] = []
    for name, rows in parsed.rows.items():
        number = _number(deployment, parsed, name)
        complete = [_completed(deployment, row, number) for row in rows]
        if mode == "append" and name in deployment.tables:
            appended += [Write(name, row.id or "", decode(row.line)) for row in complete]
        else:
            fresh[name] = Table(number, Rows.of((row.id or "", row.created or 0.0, row.line) for row in complete))
    return Prepared(fresh, appended)


def activate(deployment: Deployment, parsed: Parsed, prepared: Prepared, mode: Mode) -> int:
    """Put all of it in force at one moment, save that `append` is a commit of its own. Gives the rows written."""
    if STORAGE in prepared.fresh:
        # Convex swaps the table of stored files like any other, and leaves it alone where the ZIP has none, whatever
        # the mode: `import_objects` deletes user tables only (crates/application/src/snapshot_import/mod.rs).
        deployment.files.clear()
    deployment.files.update(parsed.files)
    tables = {**deployment.tables, **prepared.fresh}
    if mode == "replaceAll":
        for name in set(deployment.user_tables) - set(parsed.rows):
            if name in deployment.schema:
                tables[name] = Table(deployment.tables[name].number, Rows.of(()))
            else:
                del tables[name]
    if prepared.fresh or mode == "replaceAll":
        deployment.activate(tables)
    if prepared.appended:
        deployment.commit(prepared.appended)
    return sum(len(rows) for name, rows in parsed.rows.items() if name != STORAGE)


def _number(deployment: Deployment, parsed: Parsed, name: str) -> int:
    if name == STORAGE:
        return STORAGE_NUMBER
    if name in parsed.numbers:
        return parsed.numbers[name]
    first = next((row.id for row in parsed.rows[name] if row.id), None)
    if first and (known := document_ids.decode(first)):
        return known.table_number
    if name in deployment.tables:
        return deployment.tables[name].number
    return max(deployment.next_number(), *(number + 1 for number in parsed.numbers.values()), 0)


def _check_ids(deployment: Deployment, parsed: Parsed, name: str, mode: Mode) -> None:
    number, existing = _number(deployment, parsed, name), deployment.tables.get(name)
    if mode == "append" and existing and existing.count and existing.number != number:
        raise ImportFailed(_foreign(next((row.id for row in parsed.rows[name] if row.id), ""), name))
    for other, table in _remaining(deployment, parsed, mode).items():
        if other != name and table.number == number:
            raise ImportFailed(
                f"New table `{name}` has IDs that conflict with existing table `{other}`. "
                "To delete all existing tables, import with `npx convex import --replace-all`."
            )
    seen = set()
    for row in parsed.rows[name]:
        if row.id is None:
            continue
        known = document_ids.decode(row.id)
        if known is None or known.table_number != number:
            raise ImportFailed(_foreign(row.id, name))
        if row.id in seen or (mode == "append" and existing and existing.get(row.id) is not None):
            raise ImportFailed(f"DuplicateId: {row.id} stands in table {name} more than once.")
        seen.add(row.id)


def _foreign(identifier: str, table: str) -> str:
    return (
        f"_id {identifier} cannot be imported into '{table}' because it came from a different deployment and conflict "
        "with preexisting tables in this deployment. Try deleting preexisting tables or importing into an empty "
        "deployment."
    )


def _remaining(deployment: Deployment, parsed: Parsed, mode: Mode) -> Mapping[str, Table]:
    if mode == "replaceAll":
        return {}
    return {name: table for name, table in deployment.user_tables.items() if name not in parsed.rows}


def _completed(deployment: Deployment, row: Row, number: int) -> Row:
    if row.id is not None and row.created is not None:
        return row
    identifier = row.id or deployment.mint_id(number)
    created = deployment.now_ms() if row.created is None else row.created
    return Row(identifier, created, export_line({**decode(row.line), "_id": identifier, "_creationTime": created}))
