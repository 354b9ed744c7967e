"""Knows how an uploaded file becomes rows, as strictly as Convex reads it. Knows nothing of a deployment."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from bot.simulator.deployment import STORAGE
from bot.simulator.values import Document, decode, export_line

ENTRY = re.compile(r"^(?:.*/)?(?P<table>[A-Za-z_][A-Za-z0-9_]*)/(?P<file>documents\.jsonl|generated_schema\.jsonl)$")
STORED_FILE = re.compile(r"^(?:.*/)?_storage/(?P<id>[0-9a-z]{31,37})(?:\.[^/]*)?$")
ARRAY_LIMIT = 16 * 1024 * 1024


class ImportFailed(Exception):
    """The text goes into the import's `error_message`."""


class Row(NamedTuple):
    """A document to write; what it lacks is given on import."""

    id: str | None
    created: float | None
    line: bytes


@dataclass
class Parsed:
    """What a file holds: rows per table, table numbers as far as the file says, stored files by id."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)


def parse(path: Path, form: str, table: str | None) -> Parsed:
    """Read an upload of one of the four formats. Raises ImportFailed with the reason."""
    if form == "zip":
        return _archive(path)
    name = table or ""
    body = path.read_bytes()
    if body.startswith(b"\xef\xbb\xbf"):
        raise ImportFailed("UTF-8 BOM is not supported. Please save your file without BOM.")
    if form == "jsonLines":
        return Parsed({name: list(_lines(body, uniform=False))})
    if form == "csv":
        return Parsed({name: list(_csv(body))})
    if len(body) > ARRAY_LIMIT:
        raise ImportFailed(f"JSON array import is limited to {ARRAY_LIMIT} bytes; use JSON lines instead")
    return Parsed({name: list(_array(body))})


def _archive(path: Path) -> Parsed:
    parsed = Parsed()
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [name for name in archive.namelist() if "_components/" not in name]
            matches = [(name, match) for name in entries if (match := ENTRY.match(name))]
            uniform = {
                match["table"]
                for name, match in matches
                if match["file"] == "generated_schema.jsonl" and archive.read(name).strip() == b'"uniform"'
            }
            for name, match in matches:
                if match["file"] != "documents.jsonl":
                    continue
                table = match["table"]
                if table == "_tables":
                    listed = [json.loads(line) for line in archive.read(name).splitlines()]
                    parsed.numbers.update({row["name"]: int(row["id"]) for row in listed})
                elif table == STORAGE or not table.startswith("_"):
                    system = table == STORAGE
                    parsed.rows[table] = list(_lines(archive.read(name), uniform=system or table in uniform))
            parsed.files = {match["id"]: archive.read(name) for name in entries if (match := STORED_FILE.match(name))}
    except (zipfile.BadZipFile, EOFError) as problem:
        raise ImportFailed("invalid zip file") from problem
    for table in parsed.numbers:
        parsed.rows.setdefault(table, [])
    return parsed


def _lines(body: bytes, *, uniform: bool) -> Iterator[Row]:
    if body.startswith(b"\xef\xbb\xbf"):
        raise ImportFailed("UTF-8 BOM is not supported. Please save your file without BOM.")
    for number, line in enumerate(body.split(b"\n")[: -1 if body.endswith(b"\n") else None], 1):
        if body:
            yield _row(_document(line, number, uniform=uniform), number)


def _document(line: bytes, number: int, *, uniform: bool) -> Any:
    try:
        if uniform:
            return decode(line.decode())
        return json.loads(line.decode(), parse_int=float, parse_constant=_never, object_hook=_no_dollar)
    except (ValueError, RecursionError) as problem:
        raise ImportFailed(f"Row {number} wasn't valid JSON: {problem}") from problem


def _array(body: bytes) -> Iterator[Row]:
    found = _document(body, 1, uniform=False)
    if not isinstance(found, list):
        raise ImportFailed("Expected a JSON array")
    for number, document in enumerate(found, 1):
        yield _row(document, number)


def _csv(body: bytes) -> Iterator[Row]:
    for number, fields in enumerate(csv.DictReader(io.StringIO(body.decode())), 1):
        yield _row({key: _cell(text) for key, text in fields.items()}, number)


def _cell(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _row(document: Any, number: int) -> Row:
    if not isinstance(document, dict):
        raise ImportFailed(f"Row {number} wasn't an object")
    identifier, created = document.get("_id"), document.get("_creationTime")
    if identifier is not None and not isinstance(identifier, str):
        raise ImportFailed(f"Row {number}: _id must be a string")
    if created is not None and not isinstance(created, int | float):
        raise ImportFailed(f"Row {number}: _creationTime must be a number")
    if odd := next(
        (key for key in document if key.startswith(("_", "$")) and key not in ("_id", "_creationTime")), None
    ):
        raise ImportFailed(f"Row {number}: Field name {odd} starts with '{odd[0]}', which is reserved.")
    return Row(identifier, None if created is None else float(created), export_line(document))


def _never(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _no_dollar(value: Document) -> Document:
    if odd := next((key for key in value if key.startswith("$")), None):
        raise ValueError(f"field name {odd} starts with '$', which is reserved")
    return value
