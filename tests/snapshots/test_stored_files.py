from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.snapshot import Severity, StoredFiles
from tests.snapshots.conftest import Check
from tests.snapshots.hostile import Export, storage_row, with_files


def first(export: Export) -> tuple[str, bytes]:
    return next(iter(export.stored.items()))


def lost(export: Export) -> None:
    del export.stored[first(export)[0]]


def unlisted(export: Export) -> None:
    del export.tables["_storage"][0]


def exchanged(export: Export) -> None:
    name, body = first(export)
    export.stored[name] = body[::-1]


def shortened(export: Export) -> None:
    name, body = first(export)
    export.stored[name] = body[:-1]


def without_hash(export: Export) -> None:
    name, body = first(export)
    export.tables["_storage"][0] = storage_row(name, body, sha256="?")


CASES: dict[str, tuple[Callable[[Export], None], str, Severity]] = {
    "a file is lost": (lost, "stored-file-missing", Severity.ERROR),
    "a file has no row": (unlisted, "stored-file-unlisted", Severity.WARNING),
    "a file has other content": (exchanged, "stored-file-hash", Severity.ERROR),
    "a file is too short": (shortened, "stored-file-size", Severity.ERROR),
    "a row has no hash": (without_hash, "stored-row-broken", Severity.ERROR),
}


@pytest.mark.parametrize("case", CASES)
def test_stored_files_must_match_their_rows(case: str, tmp_path: Path, check: Check) -> None:
    change, code, severity = CASES[case]
    export = with_files()
    name = first(export)[0]
    change(export)

    checked = check(export.write(tmp_path / "export.zip"))

    finding = checked.finding(code)
    assert (checked.status, finding.severity, finding.table) == (1, severity, "_storage")
    assert (finding.total, finding.samples[0].id) == (1, name.partition(".")[0])


def test_stored_files_that_match_are_sound(tmp_path: Path, check: Check) -> None:
    export = with_files(6)

    report = check(export.write(tmp_path / "export.zip")).report

    assert report.findings == ()
    size = sum(map(len, export.stored.values()))
    assert report.storage == StoredFiles(included=True, rows=6, files=6, bytes=size)


def test_sizes_as_text_are_read_as_in_exports_of_2025(tmp_path: Path, check: Check) -> None:
    export = with_files(1)
    name, body = first(export)
    export.tables["_storage"] = [storage_row(name.partition(".")[0], body, size=str(len(body)))]

    assert check(export.write(tmp_path / "export.zip")).status == 0
