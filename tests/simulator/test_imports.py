"""Imports wait for a yes, say what they would do, and refuse what Convex refuses."""

import io
import json
import zipfile
from typing import Any

import pytest

from bot.simulator.server import Simulator
from tests.simulator.client import Client

JOB = "_system/cli/queryImport"


def archive(entries: dict[str, str]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name, body in entries.items():
            opened.writestr(name, body)
    return file.getvalue()


async def failure(client: Client, body: bytes, **options: Any) -> str:
    job = await client.wait(JOB, "failed", importId=await client.start_import(body, **options))
    return str(job["state"]["error_message"])


async def test_an_import_waits_and_says_what_it_would_do(simulator: Simulator, client: Client) -> None:
    likes = simulator.deployment.tables["likes"].count
    job = await client.start_import(b'{"kind":"wow"}\n', form="jsonLines", mode="replace", table="likes")

    waiting = await client.wait(JOB, "waiting_for_confirmation", importId=job)

    assert waiting["mode"] == "Replace"
    assert waiting["format"] == {"format": "jsonl", "table": "likes"}
    assert waiting["state"]["require_manual_confirmation"] is True
    assert waiting["state"]["message_to_confirm"].splitlines() == [
        "Import change summary:",
        "table | create | delete     |",
        "-----------------------------",
        f"likes | 1      | {likes} of {likes} |",
        "Once the import has started, it will run in the background.",
        "Interrupting `npx convex import` will not cancel it.",
    ]
    (checkpoint,) = waiting["checkpoints"]
    assert checkpoint["existing_rows_to_delete"] == str(likes)
    assert checkpoint["total_num_rows_to_write"] == "1"
    assert checkpoint["is_missing_id_field"] is True
    assert simulator.deployment.tables["likes"].count == likes


async def test_a_canceled_import_changes_nothing(simulator: Simulator, client: Client) -> None:
    likes = simulator.deployment.tables["likes"].count
    job = await client.start_import(b'{"kind":"wow"}\n', form="jsonLines", mode="replace", table="likes")
    await client.wait(JOB, "waiting_for_confirmation", importId=job)

    await client.post("/api/cancel_import", json={"importId": job})
    await client.post("/api/perform_import", json={"importId": job})

    assert (await client.query(JOB, importId=job))["state"] == {"state": "failed", "error_message": "Import canceled"}
    assert simulator.deployment.tables["likes"].count == likes
    again = await client.post("/api/cancel_import", json={"importId": job})
    assert (again.status_code, again.json()["code"]) == (400, "CannotCancelImport")


async def test_a_performed_import_reports_its_rows(client: Client) -> None:
    job = await client.start_import(b'{"a":1}\n{"a":2}\n', form="jsonLines", mode="requireEmpty", table="clubs")
    await client.wait(JOB, "waiting_for_confirmation", importId=job)

    assert (await client.post("/api/perform_import", json={"importId": job})).content == b""

    done = await client.wait(JOB, "completed", importId=job)
    assert done["state"]["num_rows_written"] == "2"
    assert done["checkpoints"][0]["num_rows_written"] == "2"
    assert (await client.query(f"{JOB}:list"))[0]["_id"] == job
    assert await client.query("_system/cli/tableSize", tableName="clubs") == 2


async def test_an_import_works_while_the_deployment_is_paused(client: Client) -> None:
    await client.post("/api/v1/pause_deployment")

    answer = await client.post("/api/import?format=jsonLines&tableName=clubs", content=b'{"a":1}\n')

    assert answer.json() == {"numWritten": 1}


async def test_json_arrays_and_csv_are_read(client: Client) -> None:
    await client.post("/api/import?format=jsonArray&tableName=clubs", content=b'[{"a":1},{"a":2}]')
    await client.post("/api/import?format=csv&tableName=rooms", content=b"name,seats\nB-204,30\n")

    assert await client.query("_system/cli/tableSize", tableName="clubs") == 2
    options = {"numItems": 5, "cursor": None}
    page = await client.query("_system/cli/tableData", table="rooms", order="asc", paginationOpts=options)
    assert [(row["name"], row["seats"]) for row in page["page"]] == [("B-204", 30.0)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a":1}\n{"a":\n', "Row 2 wasn't valid JSON"),
        (b'{"a":1}\n\n{"a":2}\n', "Row 2 wasn't valid JSON"),
        (b'{"a":NaN}\n', "Row 1 wasn't valid JSON"),
        (b'{"a":{"$integer":"BQAAAAAAAAA="}}\n', "Row 1 wasn't valid JSON"),
        (b"[1]\n", "Row 1 wasn't an object"),
        (b"\xef\xbb\xbf{}\n", "UTF-8 BOM is not supported"),
        (b'{"a":"\xff"}\n', "Row 1 wasn't valid JSON"),
    ],
)
async def test_rows_are_read_strictly(client: Client, body: bytes, reason: str) -> None:
    message = await failure(client, body, form="jsonLines", mode="append", table="clubs")

    assert message.startswith(f"Hit an error while importing:\n{reason}")


async def test_what_is_no_zip_is_refused(client: Client) -> None:
    assert await failure(client, b"<html>", mode="replace") == "Hit an error while importing:\ninvalid zip file"


async def test_ids_of_another_table_are_refused(simulator: Simulator, client: Client) -> None:
    user = bytes(simulator.deployment.tables["users"].rows.ids[0]).decode()
    entries = {
        "_tables/documents.jsonl": '{"name":"posts","id":10002}\n',
        "posts/documents.jsonl": f'{{"_id":"{user}"}}\n',
    }

    assert "came from a different deployment" in await failure(client, archive(entries), mode="replace")


async def test_a_number_that_another_table_has_is_refused(client: Client) -> None:
    entries = {"_tables/documents.jsonl": '{"name":"clubs","id":10002}\n', "clubs/documents.jsonl": ""}

    assert "conflict with existing table `posts`" in await failure(client, archive(entries), mode="replace")


async def test_a_duplicate_id_is_refused(simulator: Simulator, client: Client) -> None:
    like = simulator.deployment.tables["likes"].rows.line(0).decode() + "\n"

    assert "DuplicateId" in await failure(client, archive({"likes/documents.jsonl": like * 2}), mode="replace")


async def test_a_folder_around_everything_does_no_harm(simulator: Simulator, client: Client) -> None:
    like = simulator.deployment.tables["likes"].rows.line(0).decode() + "\n"
    body = archive({"backup/likes/documents.jsonl": like, "backup/likes/generated_schema.jsonl": '"uniform"\n'})

    assert (await client.post("/api/import?format=zip&mode=replace", content=body)).json() == {"numWritten": 1}
    assert simulator.deployment.tables["likes"].count == 1


async def test_what_is_stored_is_restored(simulator: Simulator, client: Client) -> None:
    exported = await client.export(files=True)
    before = dict(simulator.deployment.files)
    simulator.deployment.files.clear()
    assert isinstance(exported.fp, io.BytesIO)

    answer = await client.post("/api/import?format=zip&mode=replaceAll", content=exported.fp.getvalue())

    assert answer.status_code == 200, answer.text
    assert simulator.deployment.files == before


async def test_stored_files_are_replaced_by_those_of_the_file_and_stay_where_it_has_none(
    simulator: Simulator, client: Client
) -> None:
    with_files, without = await client.export(files=True), await client.export()
    assert isinstance(with_files.fp, io.BytesIO)
    assert isinstance(without.fp, io.BytesIO)
    then = dict(simulator.deployment.files)
    simulator.deployment.files["kg2" + "a" * 29] = b"stored since"
    since = dict(simulator.deployment.files)

    job = await client.start_import(without.fp.getvalue(), mode="replaceAll")
    shown = (await client.wait(JOB, "waiting_for_confirmation", importId=job))["checkpoints"]
    assert "_storage" not in {one["display_table_name"] for one in shown}
    await client.post("/api/import?format=zip&mode=replaceAll", content=without.fp.getvalue())
    assert simulator.deployment.files == since
    assert simulator.deployment.tables["_storage"].count == len(then)

    await client.post("/api/import?format=zip&mode=replaceAll", content=with_files.fp.getvalue())
    assert simulator.deployment.files == then


async def test_unknown_and_malformed_imports_are_told_apart(simulator: Simulator, client: Client) -> None:
    nobody = simulator.deployment.mint_id(533)

    unknown = await client.post("/api/perform_import", json={"importId": nobody})
    malformed = await client.post("/api/perform_import", json={"importId": "nonsense"})

    assert (unknown.status_code, unknown.json()["code"]) == (404, "ImportNotFound")
    assert (malformed.status_code, malformed.json()["code"]) == (400, "InvalidImport")
    assert json.loads(malformed.content).keys() == {"code", "message"}
