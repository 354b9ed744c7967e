"""The WebSocket on which the command line waits; its ordinary life is held to the real one in tests/conformance."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.simulator.server import HOST, Simulator
from bot.simulator.sync import Session

LATEST = "_system/cli/exports:getLatest"


@pytest.fixture
async def socket(simulator: Simulator) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connection to the deployment whose pings come a hundred times as fast."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        accepted = web.WebSocketResponse()
        await accepted.prepare(request)
        await Session(simulator.instance, accepted, ping_seconds=0.15).serve()
        return accepted

    app = web.Application()
    app.add_routes([web.get("/sync", serve)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    async with aiohttp.ClientSession() as http, http.ws_connect(f"http://{HOST}:{runner.addresses[0][1]}/sync") as ws:
        yield ws
    await runner.cleanup()


async def received(socket: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = await asyncio.wait_for(socket.receive_json(), 5)
        if message["type"] == kind:
            return message


async def subscribe(socket: aiohttp.ClientWebSocketResponse, key: str, path: str) -> dict[str, Any]:
    await socket.send_json({"type": "Authenticate", "tokenType": "Admin", "value": key, "baseVersion": 0})
    await received(socket, "Transition")
    added = {"type": "Add", "queryId": 0, "udfPath": path, "args": [{}]}
    await socket.send_json({"type": "ModifyQuerySet", "baseVersion": 0, "newVersion": 1, "modifications": [added]})
    return await received(socket, "Transition")


async def test_each_transition_begins_where_the_one_before_ended(
    simulator: Simulator, socket: aiohttp.ClientWebSocketResponse
) -> None:
    first = await subscribe(socket, simulator.key, LATEST)
    simulator.exports.request(include_storage=False)
    versions, states = [first], []
    while "completed" not in states:
        versions.append(await received(socket, "Transition"))
        states.append(versions[-1]["modifications"][0]["value"]["state"])

    assert first["modifications"][0]["value"] is None
    assert [one["startVersion"] for one in versions[1:]] == [one["endVersion"] for one in versions[:-1]]


async def test_a_busy_deployment_still_pings_those_whom_nothing_concerns(
    simulator: Simulator, socket: aiohttp.ClientWebSocketResponse
) -> None:
    simulator.set_traffic(100)
    await subscribe(socket, simulator.key, LATEST)

    assert await received(socket, "Ping") == {"type": "Ping"}


async def test_a_query_that_fails_says_why(simulator: Simulator, socket: aiohttp.ClientWebSocketResponse) -> None:
    answer = await subscribe(socket, simulator.key, "_system/cli/nonsense")

    assert answer["modifications"][0]["type"] == "QueryFailed"
    assert "Could not find public function" in answer["modifications"][0]["errorMessage"]


async def test_a_wrong_key_is_an_authentication_error(
    simulator: Simulator, socket: aiohttp.ClientWebSocketResponse
) -> None:
    await socket.send_json({"type": "Authenticate", "tokenType": "Admin", "value": "nobody|00", "baseVersion": 0})

    assert "invalid" in (await received(socket, "AuthError"))["error"]
