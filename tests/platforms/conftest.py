"""A real browser, and a console to open in it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.platforms.console import Desk, open_console

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def node() -> dict[str, str]:
    """Where Node's side of the tests was put by `tests/node/install.py`."""
    return dict(json.loads((ROOT / ".cache" / "node.json").read_text()))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(node: dict[str, str]) -> AsyncIterator[Browser]:
    """A headless Chromium, one for the whole run."""
    environment: dict[str, Any] = {
        "LD_LIBRARY_PATH": node["libraries"],
        "FONTCONFIG_PATH": node["fonts"],
        "FONTCONFIG_FILE": str(Path(node["fonts"]) / "fonts.conf"),
        "HOME": str(ROOT / ".cache"),
    }
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=node["chromium"],
            args=["--no-sandbox", "--headless=shell", "--disable-gpu", "--disable-dev-shm-usage"],
            env=environment,
        )
        yield opened
        await opened.close()


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
