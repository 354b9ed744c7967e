"""The simulator is good enough when the real Convex command line (1.48.0) cannot tell the difference."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path

from bot.domain.snapshot import Expectations, Verdict
from bot.simulator.server import Simulator
from bot.simulator.values import Document, decode, export_line
from bot.snapshots.runner import verify
from tests.conformance.cli import ConvexCli


def lines(archive: Path, table: str) -> list[bytes]:
    with zipfile.ZipFile(archive) as opened:
        return opened.read(f"{table}/documents.jsonl").split(b"\n")[:-1]


def rows(archive: Path, table: str) -> list[Document]:
    return [decode(line) for line in lines(archive, table)]


def counts(deployment: Simulator) -> dict[str, int]:
    return {name: table.count for name, table in deployment.deployment.user_tables.items()}


def in_order(deployment: Simulator, table: str) -> list[Document]:
    view = deployment.deployment.tables[table].view()
    return [decode(row.line) for row in view.ordered(newest_first=False)]


def rebuilt(path: Path, source: Path, tables: dict[str, list[Document]]) -> Path:
    """An archive with these tables alone, numbered as in `source`."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        numbers = {row["name"]: row["id"] for row in rows(source, "_tables")}
        listed = [json.dumps({"name": name, "id": numbers[name]}) + "\n" for name in tables if name in numbers]
        archive.writestr("_tables/documents.jsonl", "".join(listed))
        for name, documents in tables.items():
            archive.writestr(f"{name}/documents.jsonl", b"".join(export_line(row) + b"\n" for row in documents))
            archive.writestr(f"{name}/generated_schema.jsonl", '"uniform"\n')
    return path


async def exported(convex: ConvexCli, name: str, *options: str) -> Path:
    outcome = await convex("export", "--path", name, *options)
    assert outcome.status == 0, outcome.err
    return convex.folder / name


async def test_an_export_holds_every_row_of_every_table(deployment: Simulator, convex: ConvexCli) -> None:
    archive = await exported(convex, "plain.zip")

    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        assert not [name for name in opened.namelist() if name.startswith("_storage")]
        assert opened.namelist()[:2] == ["README.md", "_tables/documents.jsonl"]
    assert {name: len(rows(archive, name)) for name in counts(deployment)} == counts(deployment)


async def test_an_export_with_files_holds_each_file_as_its_row_describes_it(
    deployment: Simulator, convex: ConvexCli
) -> None:
    archive = await exported(convex, "files.zip", "--include-file-storage")

    with zipfile.ZipFile(archive) as opened:
        bodies = {Path(name).stem: opened.read(name) for name in opened.namelist() if name.startswith("_storage/")}
    stored = rows(archive, "_storage")
    assert len(stored) == len(deployment.deployment.files) > 0
    for row in stored:
        assert len(bodies[row["_id"]]) == row["size"]
        assert base64.b64encode(hashlib.sha256(bodies[row["_id"]]).digest()).decode() == row["sha256"]


async def test_what_the_command_line_exports_is_sound_to_our_reader(convex: ConvexCli) -> None:
    archive = await exported(convex, "checked.zip", "--include-file-storage")

    report = await verify(archive, Expectations())

    assert report.verdict is Verdict.SOUND, report.findings


async def test_a_second_export_is_refused_while_one_runs(deployment: Simulator, convex: ConvexCli) -> None:
    deployment.exports.hold(endless=True)
    deployment.exports.request(include_storage=False)

    outcome = await convex("export", "--path", "second.zip")

    assert outcome.status == 1
    assert "A snapshot export is already requested or in progress" in outcome.err


async def test_an_export_is_waited_for_while_it_shows_progress(deployment: Simulator, convex: ConvexCli) -> None:
    deployment.exports.seconds = 1.5

    archive = await exported(convex, "slow.zip")

    assert zipfile.is_zipfile(archive)


async def test_import_refuses_a_table_that_has_rows(deployment: Simulator, convex: ConvexCli) -> None:
    before = counts(deployment)
    archive = await exported(convex, "all.zip")

    outcome = await convex("import", archive.name)

    assert outcome.status == 1
    assert "already exists. Please choose a new table name or use replace/append modes." in outcome.err
    assert counts(deployment) == before


async def test_import_fills_a_new_table_from_json_lines(deployment: Simulator, convex: ConvexCli) -> None:
    (convex.folder / "clubs.jsonl").write_text('{"name":"Chess","members":12}\n{"name":"Été 数","members":3}\n')

    outcome = await convex("import", "--table", "clubs", "clubs.jsonl")

    assert outcome.status == 0, outcome.err
    clubs = in_order(deployment, "clubs")
    assert [(club["name"], club["members"]) for club in clubs] == [("Chess", 12.0), ("Été 数", 3.0)]
    assert all(isinstance(club["members"], float) for club in clubs)


async def test_import_of_an_archive_fills_an_empty_deployment(datasets: Path, convex: ConvexCli) -> None:
    archive = await exported(convex, "all.zip", "--include-file-storage")
    async with Simulator(datasets, size_mb=0) as empty:
        outcome = await ConvexCli(convex.folder, empty.url, empty.key)("import", archive.name)

        assert outcome.status == 0, outcome.err
        again = await exported(ConvexCli(convex.folder, empty.url, empty.key), "again.zip", "--include-file-storage")
        for table in ("users", "posts", "_storage"):
            assert lines(again, table) == lines(archive, table)


async def test_replacing_brings_back_the_users_that_a_migration_deleted(
    deployment: Simulator, convex: ConvexCli
) -> None:
    archive, before = await exported(convex, "before.zip"), counts(deployment)
    deployment.scenarios.play("buggy-migration")
    assert counts(deployment)["users"] == before["users"] - 312
    users = rebuilt(convex.folder / "users.zip", archive, {"users": rows(archive, "users")})
    deployment.deployment.commit([deployment.deployment.new("likes", {"kind": "like"})])

    outcome = await convex("import", "--replace", "-y", users.name)

    assert outcome.status == 0, outcome.err
    assert "Import change summary:" in outcome.err
    assert counts(deployment) == {**before, "likes": before["likes"] + 1}
    assert rows(await exported(convex, "after.zip"), "users") == rows(archive, "users")


async def test_replacing_asks_first_and_does_nothing_without_an_answer(
    deployment: Simulator, convex: ConvexCli
) -> None:
    (convex.folder / "likes.jsonl").write_text('{"kind":"like"}\n')
    before = counts(deployment)

    outcome = await convex("import", "--table", "likes", "--replace", "likes.jsonl")

    assert outcome.status == 1
    assert f"likes | 1      | {before['likes']} of {before['likes']} |" in outcome.err
    assert counts(deployment) == before


async def test_replacing_one_table_from_json_lines_leaves_the_others(deployment: Simulator, convex: ConvexCli) -> None:
    (convex.folder / "likes.jsonl").write_text('{"kind":"wow"}\n')
    before = counts(deployment)

    outcome = await convex("import", "--table", "likes", "--replace", "-y", "likes.jsonl")

    assert outcome.status == 0, outcome.err
    assert counts(deployment) == {**before, "likes": 1}


async def test_replacing_with_a_listed_table_that_has_no_rows_empties_it(
    deployment: Simulator, convex: ConvexCli
) -> None:
    archive, before = await exported(convex, "all.zip"), counts(deployment)
    posts = rebuilt(convex.folder / "posts.zip", archive, {"posts": rows(archive, "posts"), "likes": []})

    outcome = await convex("import", "--replace", "-y", posts.name)

    assert outcome.status == 0, outcome.err
    assert counts(deployment) == {**before, "likes": 0}


async def test_replacing_all_drops_what_the_archive_does_not_hold(deployment: Simulator, convex: ConvexCli) -> None:
    archive, before = await exported(convex, "all.zip"), counts(deployment)
    (convex.folder / "clubs.jsonl").write_text('{"name":"Chess"}\n')
    assert (await convex("import", "--table", "clubs", "clubs.jsonl")).status == 0

    outcome = await convex("import", "--replace-all", "-y", archive.name)

    assert outcome.status == 0, outcome.err
    assert counts(deployment) == before


async def test_appending_json_lines_adds_to_what_is_there(deployment: Simulator, convex: ConvexCli) -> None:
    (convex.folder / "likes.jsonl").write_text('{"kind":"wow"}\n{"kind":"like"}\n')
    before = counts(deployment)

    outcome = await convex("import", "--table", "likes", "--append", "likes.jsonl")

    assert outcome.status == 0, outcome.err
    assert counts(deployment) == {**before, "likes": before["likes"] + 2}
    assert [like["kind"] for like in in_order(deployment, "likes")[-2:]] == ["wow", "like"]


async def test_appending_an_archive_keeps_whole_numbers_whole(deployment: Simulator, convex: ConvexCli) -> None:
    archive, before = await exported(convex, "all.zip"), counts(deployment)
    posts = rebuilt(convex.folder / "posts.zip", archive, {"posts": [{"title": "New", "views": 7, "likesCount": 7.0}]})

    outcome = await convex("import", "--append", posts.name)

    assert outcome.status == 0, outcome.err
    assert counts(deployment) == {**before, "posts": before["posts"] + 1}
    newest = in_order(deployment, "posts")[-1]
    assert isinstance(newest["views"], int)
    assert isinstance(newest["likesCount"], float)


async def test_an_upload_in_many_parts_arrives_whole(deployment: Simulator, convex: ConvexCli) -> None:
    archive, before = await exported(convex, "all.zip"), counts(deployment)
    deployment.scenarios.play("buggy-migration")

    outcome = await convex("import", "--replace", "-y", archive.name, CONVEX_IMPORT_CHUNK_SIZE="100000")

    assert outcome.status == 0, outcome.err
    assert counts(deployment) == before


async def test_data_lists_the_tables(deployment: Simulator, convex: ConvexCli) -> None:
    outcome = await convex("data")

    assert outcome.status == 0, outcome.err
    assert outcome.out.split() == sorted(counts(deployment))


async def test_data_shows_the_newest_documents_first(deployment: Simulator, convex: ConvexCli) -> None:
    outcome = await convex("data", "comments", "--limit", "3", "--format", "jsonLines")

    assert outcome.status == 0, outcome.err
    shown = [json.loads(line)["_id"] for line in outcome.out.splitlines()]
    assert shown == [comment["_id"] for comment in in_order(deployment, "comments")[:-4:-1]]


async def test_environment_variables_are_set_read_listed_and_removed(deployment: Simulator, convex: ConvexCli) -> None:
    assert (await convex("env", "set", "FEATURE_POSTING", "off")).status == 0
    assert deployment.deployment.environment["FEATURE_POSTING"] == "off"

    assert (await convex("env", "get", "FEATURE_POSTING")).out.strip() == "off"
    assert "FEATURE_POSTING=off" in (await convex("env", "list")).out.splitlines()

    assert (await convex("env", "remove", "FEATURE_POSTING")).status == 0
    assert "FEATURE_POSTING" not in deployment.deployment.environment


async def test_logs_show_what_was_and_follow_what_happens(deployment: Simulator, convex: ConvexCli) -> None:
    deployment.scenarios.play("buggy-migration")

    async with convex.following("logs", "--history", "10", "--jsonl") as next_line:
        earlier = json.loads(await next_line())
        deployment.scenarios.play("webhook-delete")
        live = json.loads(await next_line())

    assert earlier["identifier"] == "migrations:mergeDuplicateUsers"
    assert earlier["usageStats"]["databaseWriteDocuments"] == 312
    assert live["identifier"] == "clerk:handleUserDeleted"


async def test_logs_are_drawn_for_people(deployment: Simulator, convex: ConvexCli) -> None:
    deployment.scenarios.play("buggy-migration")

    async with convex.following("logs", "--history", "10") as next_line:
        drawn = await next_line()

    assert "[CONVEX M(migrations:mergeDuplicateUsers)]" in drawn
    assert "removed 312 duplicates" in drawn


async def test_a_wrong_key_is_refused(deployment: Simulator, convex: ConvexCli) -> None:
    outcome = await ConvexCli(convex.folder, deployment.url, "brave-otter-412|00")("export", "--path", "no.zip")

    assert outcome.status == 1
    assert "BadAdminKey" in outcome.err
    assert not (convex.folder / "no.zip").exists()
