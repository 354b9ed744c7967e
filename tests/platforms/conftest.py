"""A console to open in a real browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser

from tests.platforms.console import Desk, open_console


@pytest_asyncio.fixture(loop_scope="session")
async def desk(tmp_path: Path, browser: Browser) -> AsyncIterator[Desk]:
    """A console with a few test commands, on a real server and a real SQLite file, in a demonstration."""
    async with open_console(tmp_path, browser, demo=True) as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="session")
async def locked(tmp_path: Path, browser: Browser) -> AsyncIterator[Desk]:
    """The same, with a token for everybody."""
    async with open_console(tmp_path, browser, demo=False) as opened:
        yield opened
