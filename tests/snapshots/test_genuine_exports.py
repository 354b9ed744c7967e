import io
import struct
import subprocess
import zipfile
from pathlib import Path

import pytest

from bot.domain.snapshot import Expectations
from bot.simulator.dataset import write_export
from bot.simulator.zip_writer import ZipWriter
from tests.snapshots.conftest import Check
from tests.snapshots.hostile import FIRST_CREATED, POSTS, Export, ids, line, sound


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Campus Connect, written byte by byte as Convex writes it."""
    folder = tmp_path_factory.mktemp("campus")
    write_export(folder / "snapshot_demo_1760000000000000000.zip", 3, folder=folder)
    return folder / "snapshot_demo_1760000000000000000.zip"


def test_the_genuine_layout_is_sound(campus: Path, check: Check) -> None:
    checked = check(campus)

    assert checked.status == 0, checked.report.findings
    tables = {table.name: table for table in checked.report.tables}
    assert {"users", "posts", "comments", "messages", "conversations", "follows", "likes", "_storage"} <= set(tables)
    assert checked.report.storage.files == checked.report.storage.rows > 0
    for table in tables.values():
        assert table.ascending and table.fingerprint and table.orphans == 0
    found = {(table.name, found.field) for table in tables.values() for found in table.references}
    assert {("posts", "authorId"), ("comments", "postId"), ("conversations", "participantIds")} <= found


def test_reading_line_by_line_says_the_same(campus: Path, check: Check) -> None:
    quick, exact = check(campus).report, check(campus, Expectations(every_line=True)).report

    assert quick.tables == exact.tables
    assert quick.findings == exact.findings


def rewritten(campus: Path, change: dict[str, bytes]) -> bytes:
    """The same export through Convex's own writer, with some members replaced."""
    out = io.BytesIO()
    writer = ZipWriter(out, genuine=True)
    with zipfile.ZipFile(campus) as source:
        for info in source.infolist():
            writer.add(info.filename, [change.get(info.filename, source.read(info))])
    writer.close()
    return out.getvalue()


def test_a_deleted_user_shows_as_orphans_in_every_table_that_names_them(
    campus: Path, tmp_path: Path, check: Check
) -> None:
    with zipfile.ZipFile(campus) as source:
        users = source.read("users/documents.jsonl").splitlines(keepends=True)
    path = tmp_path / "export.zip"
    path.write_bytes(rewritten(campus, {"users/documents.jsonl": b"".join(users[len(users) // 4 :])}))

    checked = check(path)

    orphans = {(finding.table, finding.field) for finding in checked.report.findings}
    assert checked.status == 1
    assert {("posts", "authorId"), ("messages", "senderId"), ("follows", "followerId")} <= orphans
    assert {finding.code for finding in checked.report.findings} == {"orphans"}


def test_the_directory_is_believed_and_not_the_descriptors(campus: Path) -> None:
    """What makes genuine exports special, so that the test above means something."""
    raw = campus.read_bytes()
    flags, _, date, _, compressed = struct.unpack_from("<2H2H4xL", raw, 6)[0:5]
    assert (flags, date, compressed) == (0x808, 0, 0xFFFFFFFF)
    assert subprocess.run(["unzip", "-tq", campus], check=False, capture_output=True).returncode == 0


def of_2025() -> Export:
    """As exports were before March 2026: shapes in the sidecar, a line for each exception, int64 as text."""
    export = sound()
    export.tables["posts"] = [
        line({"_id": post, "_creationTime": FIRST_CREATED + at, "likes": str(at), "authorId": None})
        for at, post in enumerate(ids(POSTS, 50))
    ]
    export.tables["empty"], export.numbers["empty"] = [], 10_009
    export.sidecar = (
        b'"{\\"_id\\": Id<\\"posts\\">, \\"_creationTime\\": field_name, \\"likes\\": int64}"\n'
        b'{"_id":"' + ids(POSTS, 50)[3].encode() + b'","likes":"int64"}\n'
    )
    return export


def test_an_export_of_2025_is_accepted(tmp_path: Path, check: Check) -> None:
    checked = check(of_2025().write(tmp_path / "export.zip"))

    assert checked.status == 0, checked.report.findings
    assert {finding.code for finding in checked.report.findings} == {"table-empty"}


def test_an_empty_deployment_gives_a_sound_export(tmp_path: Path, check: Check) -> None:
    export = Export(tables={}, numbers={})

    assert check(export.write(tmp_path / "export.zip")).status == 0
