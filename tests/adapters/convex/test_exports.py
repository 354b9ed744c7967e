import asyncio
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import httpx
import pytest

from bot.adapters.convex import ConvexDeployment
from bot.domain.errors import Outage, Refused
from bot.ports import Export, ExportRunning
from bot.simulator.server import Simulator
from tests.adapters.convex.conftest import Connect, Naps, Scripted, value

DOCUMENT = {"_id": "a1", "_creationTime": 1760000000000.5, "state": "completed"}
NOW = datetime(2026, 9, 15, 9, tzinfo=UTC)


async def exported(deployment: ConvexDeployment, *, with_files: bool = False) -> Export:
    await deployment.request_export(with_files=with_files)
    for _ in range(200):
        export = await deployment.latest_export()
        if export is not None and export.state == "completed":
            return export
        await asyncio.sleep(0.02)
    raise AssertionError("the export never completed")


async def fetched(deployment: ConvexDeployment, export: Export) -> bytes:
    async with deployment.download(export) as download:
        return b"".join([chunk async for chunk in download.chunks])


def body(content: bytes, length: str) -> httpx.Response:
    async def streamed() -> AsyncIterator[bytes]:
        yield content

    return httpx.Response(200, content=streamed(), headers={"content-length": length})


async def test_an_export_is_asked_for_followed_and_fetched(deployment: ConvexDeployment) -> None:
    export = await exported(deployment)
    body = await fetched(deployment, export)
    assert len(body) == export.size
    assert "users/documents.jsonl" in zipfile.ZipFile(BytesIO(body)).namelist()


async def test_a_completed_export_says_when_it_was_taken_and_when_it_expires(deployment: ConvexDeployment) -> None:
    export = await exported(deployment)
    assert export.snapshot_ns is not None and export.expires_at is not None
    assert abs(export.snapshot_ns / 1e9 - export.created_at.timestamp()) < 60
    assert abs(export.expires_at - export.created_at - timedelta(days=14)) < timedelta(seconds=1)


async def test_stored_files_come_along_when_asked_for(deployment: ConvexDeployment) -> None:
    export = await exported(deployment, with_files=True)
    names = zipfile.ZipFile(BytesIO(await fetched(deployment, export))).namelist()
    assert export.with_files
    assert any(name.startswith("_storage/") and name != "_storage/documents.jsonl" for name in names)


async def test_the_download_says_its_size_before_its_bytes(deployment: ConvexDeployment) -> None:
    export = await exported(deployment)
    async with deployment.download(export) as download:
        assert download.size == export.size


async def test_a_deployment_that_never_exported_has_no_newest_export(deployment: ConvexDeployment) -> None:
    assert await deployment.latest_export() is None


async def test_a_second_export_is_told_that_one_runs(simulator: Simulator, deployment: ConvexDeployment) -> None:
    simulator.exports.hold(endless=True)
    await deployment.request_export(with_files=False)
    with pytest.raises(ExportRunning) as refused:
        await deployment.request_export(with_files=False)
    assert "one at a time" in refused.value.problem


async def test_an_export_that_never_ends_can_be_cancelled(simulator: Simulator, deployment: ConvexDeployment) -> None:
    simulator.exports.hold(endless=True)
    await deployment.request_export(with_files=False)
    running = await deployment.latest_export()
    assert running is not None
    await deployment.cancel_export(running.id)
    cancelled = await deployment.latest_export()
    assert cancelled is not None and cancelled.state == "canceled"
    await deployment.request_export(with_files=False)


async def test_an_export_is_not_asked_for_twice_when_the_answer_is_lost(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    simulator.control.add("drop", path="/api/export/request")
    with pytest.raises(Outage) as outage:
        await deployment.request_export(with_files=False)
    assert "one try" in outage.value.problem
    assert "not known whether" in outage.value.problem


async def test_an_export_is_asked_for_again_when_it_was_certainly_not_started(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    simulator.control.add("status", status=429, path="/api/export/request", times=2)
    await deployment.request_export(with_files=False)
    assert await deployment.latest_export() is not None


async def test_convexs_own_newest_backup_is_seen(deployment: ConvexDeployment) -> None:
    backup = await deployment.latest_cloud_backup()
    assert backup is not None and backup.state == "completed"
    assert backup.snapshot_at is not None and backup.expires_at is not None and backup.size


async def test_a_truncated_download_is_an_outage_that_says_how_far_it_came(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    export = await exported(deployment)
    simulator.control.add("truncate", path="/api/export/zip")
    with pytest.raises(Outage) as outage:
        await fetched(deployment, export)
    assert f"of {export.size:,} bytes" in outage.value.problem
    assert "No data was changed" in outage.value.problem


async def test_an_expired_export_is_refused_with_what_to_type(deployment: ConvexDeployment) -> None:
    gone = Export(id="kg27rxfv99gzp01wmph0gvt92d6hnvy6", created_at=(await exported(deployment)).created_at, state="")
    with pytest.raises(Refused) as refused:
        await fetched(deployment, gone)
    assert "/backup export" in refused.value.hint


async def test_opening_a_download_is_tried_again(simulator: Simulator, deployment: ConvexDeployment) -> None:
    export = await exported(deployment)
    simulator.control.add("status", status=503, path="/api/export/zip", times=2)
    assert len(await fetched(deployment, export)) == export.size


async def test_a_key_that_may_not_export_is_told_which_permission_it_lacks(
    simulator: Simulator, connected: Connect
) -> None:
    viewer = await connected(simulator.url, simulator.keys.limit("viewer", ["ViewData", "ViewBackups"]))
    with pytest.raises(Refused) as refused:
        await viewer.request_export(with_files=False)
    assert "deployment:backups:create" in refused.value.problem
    assert "npx convex deployment token create" in refused.value.hint


async def test_a_state_that_nobody_knows_yet_is_passed_on(scripted: Scripted) -> None:
    deployment, _ = await scripted(value({**DOCUMENT, "state": "postponed", "postponed_ts": "1"}))
    export = await deployment.latest_export()
    assert export is not None and export.state == "postponed"


async def test_numbers_may_come_as_text_or_as_numbers(scripted: Scripted) -> None:
    as_text = value({**DOCUMENT, "start_ts": "1760000000000000007", "size": "12"})
    as_numbers = value({**DOCUMENT, "start_ts": 1760000000000000007, "size": 12.0})
    deployment, _ = await scripted(as_text, as_numbers)
    first, second = await deployment.latest_export(), await deployment.latest_export()
    assert first == second
    assert first is not None and first.snapshot_ns == 1760000000000000007 and first.size == 12


async def test_an_export_in_an_unknown_shape_is_an_outage(scripted: Scripted) -> None:
    deployment, _ = await scripted(value({"id": "a1"}))
    with pytest.raises(Outage, match="not understood"):
        await deployment.latest_export()


async def test_a_download_asks_for_the_bytes_as_they_are(scripted: Scripted) -> None:
    deployment, script = await scripted(body(b"PK", "2"))
    export = Export(id="a1", created_at=NOW, state="completed")
    async with deployment.download(export) as download:
        assert [chunk async for chunk in download.chunks] == [b"PK"]
    assert script.asked[0].headers["accept-encoding"] == "identity"


async def test_a_download_shorter_than_it_said_is_an_outage(scripted: Scripted, naps: Naps) -> None:
    deployment, _ = await scripted(body(b"PK", "3"))
    with pytest.raises(Outage, match="2 of 3 bytes"):
        await fetched(deployment, Export(id="a1", created_at=NOW, state="completed"))
    assert naps.taken == []
