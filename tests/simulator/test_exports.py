"""An export lives as Convex's do, and holds one moment whatever is written meanwhile."""

import asyncio
import io
import time
import zipfile

import httpx

from bot.simulator.server import Simulator
from tests.simulator.client import Client

LATEST = "_system/cli/exports:getLatest"


async def test_a_request_answers_nothing_and_the_export_is_found_by_query(client: Client) -> None:
    before = time.time() * 1000
    assert await client.query(LATEST) is None

    answer = await client.post("/api/export/request/zip?includeStorage=false")

    assert (answer.status_code, answer.content) == (200, b"")
    done = await client.wait(LATEST, "completed")
    assert done["_creationTime"] >= before - 1
    assert done["requestor"] == "snapshotExport"
    assert done["format"] == {"format": "zip", "include_storage": False}
    assert int(done["expiration_ts"]) - done["_creationTime"] * 1e6 > 13.9 * 86_400e9
    assert int(done["start_ts"]) < int(done["complete_ts"])


async def test_the_download_says_its_length_and_name(client: Client) -> None:
    await client.export()
    done = await client.query(LATEST)

    answer = await client.get(f"/api/export/zip/{done['start_ts']}")

    assert answer.headers["content-length"] == done["size"] == str(len(answer.content))
    assert answer.headers["content-disposition"] == (
        f"attachment; filename=snapshot_brave-otter-412_{done['start_ts']}.zip"
    )


async def test_an_export_holds_one_moment_whatever_is_written_meanwhile(simulator: Simulator, client: Client) -> None:
    simulator.exports.seconds = 0.8
    before = {name: table.count for name, table in simulator.deployment.user_tables.items()}
    await client.post("/api/export/request/zip")
    running = await client.wait(LATEST, "in_progress")
    await asyncio.sleep(0.1)
    simulator.scenarios.play("buggy-migration")

    done = await client.wait(LATEST, "completed")

    assert running["progress_message"].startswith("B")
    assert int(running["start_ts"]) < int(done["start_ts"])
    body = (await client.get(f"/api/export/zip/{done['_id']}")).content
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        counted = {name: archive.read(f"{name}/documents.jsonl").count(b"\n") for name in before}
    assert counted == before
    assert simulator.deployment.tables["users"].count == before["users"] - 312


async def test_rows_written_since_the_start_are_in_their_place(simulator: Simulator, client: Client) -> None:
    deployment = simulator.deployment
    for _ in range(20):
        deployment.commit([deployment.new("likes", {"kind": "wow"})])

    archive = await client.export()

    lines = archive.read("likes/documents.jsonl").splitlines()
    ids = [line.split(b'"_id":"')[1][:32] for line in lines]
    assert len(ids) == deployment.tables["likes"].count
    assert ids == sorted(ids)


async def test_tables_go_from_small_to_large_and_files_last(simulator: Simulator, client: Client) -> None:
    archive = await client.export(files=True)

    tables = [name.split("/")[0] for name in archive.namelist() if name.endswith("/documents.jsonl")]
    counts = simulator.deployment.user_tables
    assert tables == ["_tables", *sorted(counts, key=lambda name: (counts[name].count, name)), "_storage"]
    assert archive.namelist()[-1].startswith("_storage/")
    assert archive.read("_tables/documents.jsonl").startswith(b'{"name":"users","id":10001}\n')
    assert archive.read("users/generated_schema.jsonl") == b'"uniform"\n'


async def test_progress_is_told(simulator: Simulator, client: Client) -> None:
    simulator.exports.seconds = 1.5
    await client.post("/api/export/request/zip")
    told = set()
    while (found := await client.query(LATEST))["state"] != "completed":
        told.add(found.get("progress_message"))
        await asyncio.sleep(0.01)

    assert {"Backing up messages", "Backing up comments"} <= told


async def test_a_second_export_is_refused(simulator: Simulator, client: Client) -> None:
    simulator.exports.hold(endless=True)
    await client.post("/api/export/request/zip")

    answer = await client.post("/api/export/request/zip")

    assert (answer.status_code, answer.json()["code"]) == (400, "ExportInProgress")


async def test_an_endless_export_ends_by_a_cancel(simulator: Simulator, client: Client) -> None:
    simulator.exports.hold(endless=True)
    await client.post("/api/export/request/zip")
    running = await client.wait(LATEST, "in_progress")
    early = await client.get(f"/api/export/zip/{running['_id']}")

    assert (await client.post(f"/api/export/cancel/{running['_id']}")).status_code == 200

    assert (early.status_code, early.json()["code"]) == (400, "ExportNotComplete")
    assert (await client.query(LATEST))["state"] == "canceled"
    simulator.exports.hold(endless=False)
    assert (await client.export()).testzip() is None


async def test_unknown_and_malformed_exports_are_told_apart(client: Client) -> None:
    unknown = await client.get("/api/export/zip/1234567890")
    malformed = await client.get("/api/export/zip/not-an-id")

    assert (unknown.status_code, unknown.json()["code"]) == (404, "ExportNotFound")
    assert (malformed.status_code, malformed.json()["code"]) == (400, "BadSnapshotId")


async def test_an_expiry_is_moved_within_sixty_days(client: Client) -> None:
    await client.export()
    done = await client.query(LATEST)
    path = f"/api/export/set_expiration/{done['_id']}"

    async def moved(days: float) -> httpx.Response:
        return await client.post(path, json={"expirationTsNs": time.time_ns() + int(days * 86_400e9)})

    assert (await moved(30)).status_code == 200
    assert int((await client.query(LATEST))["expiration_ts"]) > time.time_ns() + 29 * 86_400 * 10**9
    assert (await moved(61)).json()["code"] == "SnapshotExpirationTooLarge"
    assert (await moved(-1)).json()["code"] == "SnapshotExpirationInPast"


async def test_the_newest_cloud_backup_is_of_yesterday_and_can_be_downloaded(client: Client) -> None:
    backup = await client.query("_system/frontend/latestExport:latestCloudExport")

    assert backup["requestor"] == "cloudBackup"
    assert 23 < (time.time() * 1000 - backup["_creationTime"]) / 3_600_000 < 49
    body = (await client.get(f"/api/export/zip/{backup['_id']}")).content
    assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None
