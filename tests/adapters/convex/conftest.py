"""A simulated deployment on a real socket, the adapter connected to it, and a deployment that says what it is told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.adapters.convex import ConvexDeployment, connect
from bot.simulator.server import Simulator

VERSION = "0.1.0"
KEY = "prod:happy-otter-123|0123456789abcdef"


class Naps:
    """Waiting without waiting: how long each wait would have been."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture(scope="session")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulator keeps its data set, so that it is made once."""
    return tmp_path_factory.mktemp("campus")


@pytest.fixture
async def simulator(campus: Path) -> AsyncIterator[Simulator]:
    async with Simulator(campus, size_mb=0.3) as simulator:
        yield simulator


Connect = Callable[..., Awaitable[ConvexDeployment]]


@pytest.fixture
async def connected(naps: Naps) -> AsyncIterator[Connect]:
    """Connect to any address, for as long as the test lasts."""
    async with AsyncExitStack() as stack:

        async def to(url: str, key: str = KEY, transport: httpx.AsyncBaseTransport | None = None) -> ConvexDeployment:
            return await stack.enter_async_context(connect(url, key, version=VERSION, transport=transport, sleep=naps))

        yield to


@pytest.fixture
async def deployment(simulator: Simulator, connected: Connect) -> ConvexDeployment:
    return await connected(simulator.url, simulator.key)


@dataclass
class Script:
    """A deployment that gives its replies in turn, the last one for ever, and remembers what it was asked."""

    replies: list[httpx.Response | Exception]
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        reply = self.replies[min(len(self.asked), len(self.replies)) - 1]
        if isinstance(reply, Exception):
            raise reply
        return reply


def value(of: Any) -> httpx.Response:
    """A system query's value, as `/api/query` gives it."""
    return httpx.Response(200, json={"status": "success", "value": of, "logLines": []})


def error(status: int, code: str, message: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": message}, headers=headers)


Scripted = Callable[..., Awaitable[tuple[ConvexDeployment, Script]]]


@pytest.fixture
def scripted(connected: Connect) -> Scripted:
    """A deployment that answers with exactly these replies."""

    async def play(*replies: httpx.Response | Exception) -> tuple[ConvexDeployment, Script]:
        script = Script(list(replies))
        return await connected("https://happy-otter-123.convex.cloud", transport=httpx.MockTransport(script)), script

    return play
