"""What a test of the simulator may ask for: a deployment, and a plain HTTP client that holds its key."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from bot.simulator.server import Simulator
from tests.simulator.client import Client


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' data sets are kept, so that each is made once."""
    return tmp_path_factory.mktemp("datasets")


@pytest.fixture
async def simulator(datasets: Path) -> AsyncIterator[Simulator]:
    """Campus Connect, one megabyte of it."""
    async with Simulator(datasets, size_mb=1) as simulator:
        yield simulator


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[Client]:
    """A client that holds the admin key."""
    async with httpx.AsyncClient(base_url=simulator.url, timeout=20) as http:
        yield Client(http, simulator.key)
