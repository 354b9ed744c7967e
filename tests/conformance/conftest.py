"""What a test of the real command line may ask for: a deployment, and the command line pointed at it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.simulator.server import Simulator
from tests.conformance.cli import ConvexCli


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tests' data sets are kept, so that each is made once."""
    return tmp_path_factory.mktemp("datasets")


@pytest.fixture
async def deployment(datasets: Path) -> AsyncIterator[Simulator]:
    """Campus Connect, one megabyte of it."""
    async with Simulator(datasets, size_mb=1) as simulator:
        yield simulator


@pytest.fixture
def convex(deployment: Simulator, tmp_path: Path) -> ConvexCli:
    """The Convex command line, pointed at the deployment."""
    return ConvexCli.in_project(tmp_path, deployment.url, deployment.key)
