"""The headless Chromium that `tests/node/install.py` has put there."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, async_playwright

ROOT = Path(__file__).resolve().parent.parent


def installed() -> dict[str, str]:
    """Where Node's side of the tests is, by what it is."""
    return dict(json.loads((ROOT / ".cache" / "node.json").read_text()))


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    """The browser, as long as the block lasts."""
    there = installed()
    environment: dict[str, Any] = {
        "LD_LIBRARY_PATH": there["libraries"],
        "FONTCONFIG_PATH": there["fonts"],
        "FONTCONFIG_FILE": str(Path(there["fonts"]) / "fonts.conf"),
        "HOME": str(ROOT / ".cache"),
    }
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=there["chromium"],
            args=["--no-sandbox", "--headless=shell", "--disable-gpu", "--disable-dev-shm-usage"],
            env=environment,
        )
        yield opened
        await opened.close()
