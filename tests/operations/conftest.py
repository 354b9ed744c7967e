"""What tests of long work may ask for."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.backups import EnvironmentName
from bot.simulator.server import Simulator
from tests.databases import sqlite_database
from tests.operations.home import PRODUCTION, Home, home

Access = dict[EnvironmentName, tuple[str, str]]


@pytest.fixture(scope="session")
def data_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where simulators keep their data between tests."""
    return tmp_path_factory.mktemp("data-sets")


@pytest.fixture
async def convex(data_sets: Path) -> AsyncIterator[Simulator]:
    """A small deployment."""
    async with Simulator(data_sets, size_mb=0.2) as simulator:
        yield simulator


@pytest.fixture
def access(convex: Simulator) -> Access:
    """How that deployment is reached, as production."""
    return {PRODUCTION: (convex.url, convex.key)}


@pytest.fixture
async def on_either(database_url: str, tmp_path: Path, access: Access) -> AsyncIterator[Home]:
    """A house around that deployment; each test runs on SQLite and on PostgreSQL."""
    async with home(database_url, tmp_path, access) as one:
        yield one


@pytest.fixture
async def at_home(tmp_path: Path, access: Access) -> AsyncIterator[Home]:
    """The same on SQLite, for tests that ask the database nothing special."""
    async with home(sqlite_database(tmp_path), tmp_path, access) as one:
        yield one
