"""The simulated Campus Connect is the same every time, and sound."""

import json
import zipfile
from pathlib import Path

import pytest

from bot.domain import document_ids
from bot.domain.snapshot import Expectations, Verdict
from bot.simulator.archive import write_archive
from bot.simulator.campus import DAY_MS, NUMBERS
from bot.simulator.dataset import Dataset, campus_connect, write_export
from bot.simulator.values import decode, export_line
from bot.snapshots.runner import verify

NOW = 1_795_000_000_000.0
REFERENCES = {
    "users": {"avatar": "_storage"},
    "posts": {"authorId": "users"},
    "comments": {"authorId": "users", "postId": "posts"},
    "messages": {"senderId": "users", "conversationId": "conversations"},
    "follows": {"followerId": "users", "followingId": "users"},
    "likes": {"userId": "users", "postId": "posts"},
    "notifications": {"userId": "users", "actorId": "users", "postId": "posts"},
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return campus_connect(tmp_path_factory.mktemp("dataset"), 1, now_ms=NOW)


def test_it_has_about_the_size_that_was_asked_for(tmp_path: Path) -> None:
    dataset = campus_connect(tmp_path, 4, now_ms=NOW)

    size = sum(int(rows.starts[-1]) for _, rows in dataset.tables.values())
    assert 3.6e6 < size < 4.4e6


def test_it_is_the_same_every_time(tmp_path: Path, dataset: Dataset) -> None:
    again = campus_connect(tmp_path, 1, now_ms=NOW)

    assert again.files == dataset.files
    for name, (_, rows) in dataset.tables.items():
        assert rows.lines[:] == again.tables[name][1].lines[:], name


def test_rows_are_written_exactly_as_an_export_writes_them(dataset: Dataset) -> None:
    for name, (_, rows) in dataset.tables.items():
        for line in rows.lines[:].splitlines():
            assert export_line(decode(line)) == line, name


def test_ids_are_valid_and_in_order(dataset: Dataset) -> None:
    for name, number in NUMBERS.items():
        ids = [bytes(identifier).decode() for identifier in dataset.tables[name][1].ids]
        assert ids == sorted(set(ids))
        for identifier in ids:
            known = document_ids.decode(identifier)
            assert known is not None
            assert known.table_number == number


def test_a_reference_points_at_something_older(dataset: Dataset) -> None:
    born = {
        table: dict(zip(rows.ids.tolist(), rows.times.tolist(), strict=True))
        for table, (_, rows) in dataset.tables.items()
    }
    for table, fields in REFERENCES.items():
        for line in dataset.tables[table][1].lines[:].splitlines():
            row = json.loads(line)
            for field, target in fields.items():
                if field == "avatar" and field not in row:
                    continue
                assert born[target][row[field].encode()] <= row["_creationTime"], (table, field)


def test_every_table_has_rows_of_the_last_hours(dataset: Dataset) -> None:
    for name in NUMBERS:
        times = dataset.tables[name][1].times
        assert NOW - 3 * 3_600_000 < times.max() <= NOW
        assert times.min() > NOW - 740 * DAY_MS


def test_an_older_copy_is_smaller_and_still_whole(dataset: Dataset) -> None:
    older = dataset.before(NOW - 120 * DAY_MS)

    for name, (_, rows) in older.tables.items():
        whole = dataset.tables[name][1]
        assert 0 < len(rows) < len(whole)
        assert rows.times.max() < NOW - 120 * DAY_MS
        assert [rows.line(place) for place in range(len(rows))] == [
            whole.line(place) for place in range(len(whole)) if whole.times[place] < NOW - 120 * DAY_MS
        ]


async def test_an_export_of_an_older_copy_is_sound(tmp_path: Path, dataset: Dataset) -> None:
    older = dataset.before(NOW - 120 * DAY_MS)

    write_archive(tmp_path / "older.zip", older.snapshot(), include_storage=True)

    report = await verify(tmp_path / "older.zip", Expectations())
    assert report.verdict is Verdict.SOUND, report.findings


def test_it_is_kept_for_a_day_and_then_made_anew(tmp_path: Path) -> None:
    campus_connect(tmp_path, 1, now_ms=NOW)
    about = tmp_path / "campus-1mb" / "about.json"
    first = about.stat().st_mtime_ns

    campus_connect(tmp_path, 1, now_ms=NOW + DAY_MS - 1)
    assert about.stat().st_mtime_ns == first

    assert campus_connect(tmp_path, 1, now_ms=NOW + DAY_MS).now_ms == NOW + DAY_MS
    assert [path.name for path in tmp_path.iterdir()] == ["campus-1mb"]


@pytest.mark.parametrize("genuine", [True, False])
async def test_an_export_file_is_sound(tmp_path: Path, genuine: bool) -> None:
    size = write_export(tmp_path / "export.zip", 1, folder=tmp_path, genuine=genuine)

    assert size == (tmp_path / "export.zip").stat().st_size
    report = await verify(tmp_path / "export.zip", Expectations())
    assert report.verdict is Verdict.SOUND, report.findings
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert archive.getinfo("README.md").file_size == 420
        assert archive.namelist()[2].endswith("/documents.jsonl")
