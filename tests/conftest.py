"""What every test may ask for."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest
import pytest_asyncio
from playwright.async_api import Browser

from bot.store.database import Database
from tests.chromium import installed, launched
from tests.databases import (
    postgresql_database,
    postgresql_server,
    postgresql_template,
    sqlite_database,
    sqlite_template,
)

hypothesis.settings.register_profile("lifeboat", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("lifeboat")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A running PostgreSQL server, as the URL of its first database."""
    with postgresql_server() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database without tables; each test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield sqlite_database(tmp_path)
        return
    async with postgresql_database(request.getfixturevalue("postgresql")) as url:
        yield url


@pytest.fixture(scope="session")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a database whose tables are made: to copy it is a tenth of the work of making them."""
    return sqlite_template(tmp_path_factory.mktemp("tables"))


@pytest.fixture(scope="session")
def on_postgresql(postgresql: str) -> str:
    """The same on PostgreSQL, by its name."""
    return postgresql_template(postgresql)


@pytest.fixture(params=["sqlite", "postgresql"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a database with its tables; each test runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("on_sqlite"), tmp_path, dirs_exist_ok=True)
        yield sqlite_database(tmp_path)
        return
    template = request.getfixturevalue("on_postgresql")
    async with postgresql_database(request.getfixturevalue("postgresql"), template) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database with its tables; each test runs on SQLite and on PostgreSQL."""
    database = Database.open(database_url)
    yield database
    await database.close()


@pytest.fixture
async def sqlite(on_sqlite: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A SQLite database with its tables, for tests that do not ask the database anything special."""
    shutil.copytree(on_sqlite, tmp_path, dirs_exist_ok=True)
    database = Database.open(sqlite_database(tmp_path))
    yield database
    await database.close()


@pytest.fixture(scope="session")
def node() -> dict[str, str]:
    """Where Node's side of the tests was put by `tests/node/install.py`."""
    return installed()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """A headless Chromium, one for the whole run."""
    async with launched() as opened:
        yield opened
