"""Whatever may go wrong on the way can be made to, and stops when it was told to."""

import asyncio
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from bot.simulator.server import Simulator
from tests.simulator.client import Client

PATH = "/instance_name"


async def test_a_rate_limit_lasts_as_long_as_it_was_told(simulator: Simulator, client: Client) -> None:
    simulator.control.add("status", status=429, retry_after=2, times=2)

    answers = [await client.get(PATH) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "2"
    assert answers[0].json().keys() == {"code", "message"}


async def test_a_fault_can_be_for_one_path_alone(simulator: Simulator, client: Client) -> None:
    simulator.control.add("status", status=503, path="/api/query")

    assert (await client.get(PATH)).status_code == 200
    assert (await client.post("/api/query", json={"path": "x", "args": {}})).status_code == 503
    assert (await client.post("/api/query", json={"path": "x", "args": {}})).status_code == 200


async def test_a_connection_can_be_dropped(simulator: Simulator, client: Client) -> None:
    simulator.control.add("drop")

    with pytest.raises(httpx.TransportError):
        await client.get(PATH)
    assert (await client.get(PATH)).status_code == 200


async def test_answers_can_be_slow(simulator: Simulator, client: Client) -> None:
    simulator.control.add("slow", seconds=0.3)
    begun = time.monotonic()

    await client.get(PATH)

    assert time.monotonic() - begun >= 0.3


async def test_a_download_can_break_off_half_way(simulator: Simulator, client: Client) -> None:
    await client.export()
    done = await client.query("_system/cli/exports:getLatest")
    simulator.control.add("truncate", path="/api/export/zip")

    with pytest.raises(httpx.RemoteProtocolError):
        await client.get(f"/api/export/zip/{done['_id']}")
    assert len((await client.get(f"/api/export/zip/{done['_id']}")).content) == int(done["size"])


async def test_a_download_can_be_slow(simulator: Simulator, client: Client) -> None:
    await client.export()
    done = await client.query("_system/cli/exports:getLatest")
    simulator.control.bytes_per_second = int(done["size"]) * 3
    begun = time.monotonic()

    await client.get(f"/api/export/zip/{done['_id']}")

    assert time.monotonic() - begun > 0.25


async def test_the_clock_can_be_wrong(simulator: Simulator, client: Client) -> None:
    simulator.control.clock_skew = 3600

    skewed = parsedate_to_datetime((await client.get(PATH)).headers["date"])

    assert 3590 < skewed.timestamp() - time.time() < 3610


async def test_a_dead_deployment_refuses_and_comes_back_where_it_was(simulator: Simulator, client: Client) -> None:
    url = simulator.url
    await simulator.stop_listening()
    async with httpx.AsyncClient(base_url=url) as fresh:
        with pytest.raises(httpx.ConnectError):
            await fresh.get(PATH)
        await simulator.listen()
        assert simulator.url == url
        assert (await fresh.get(PATH)).text == simulator.name


async def test_everything_is_cleared_at_once(simulator: Simulator, client: Client) -> None:
    simulator.control.add("status", times=None)
    simulator.control.clock_skew = 99
    simulator.control.clear()

    assert (await client.get(PATH)).status_code == 200
    assert simulator.control.clock_skew == 0


async def test_counts_can_be_unavailable_as_right_after_a_start(simulator: Simulator, client: Client) -> None:
    simulator.control.add("status", code="TableSummariesUnavailable", path="/api/query")

    answer = await client.post("/api/query", json={"path": "_system/cli/tableSize", "args": {"tableName": "users"}})

    assert (answer.status_code, answer.json()["code"]) == (503, "TableSummariesUnavailable")


@pytest.mark.parametrize("body", [{"kind": "flood"}, {"kind": "slow", "colour": "red"}, {}])
async def test_an_unknown_fault_is_refused(simulator: Simulator, client: Client, body: dict[str, str]) -> None:
    answer = await client.http.post("/simulator/fault", json=body, headers={"Simulator-Token": simulator.token})

    assert answer.status_code == 400
    assert not simulator.control.active


async def test_a_client_that_leaves_a_download_harms_nobody(
    simulator: Simulator, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    backup = await client.query("_system/frontend/latestExport:latestCloudExport")
    simulator.control.bytes_per_second = 100_000
    headers = {"Authorization": f"Convex {client.key}"}
    async with client.http.stream("GET", f"/api/export/zip/{backup['_id']}", headers=headers) as answer:
        async for _ in answer.aiter_raw():
            break
    await asyncio.sleep(0.3)

    assert (await client.get(PATH)).status_code == 200
    assert not caplog.records
