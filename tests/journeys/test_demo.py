"""The demo, as a newcomer meets it: the real process, a real browser, the keyboard alone."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

LAST = "#messages > li:last-child"


@pytest_asyncio.fixture(loop_scope="session")
async def demo(tmp_path: Path) -> AsyncIterator[str]:
    """The address that `lifeboat demo` prints."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--folder", str(tmp_path / "demo"), "--size-mb", "1", "--port", "0"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(90):
            while not (found := re.search(rb"http://127\.0\.0\.1:\d+", await process.stdout.readline())):
                pass
        yield found[0].decode()
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0


@pytest_asyncio.fixture(loop_scope="session")
async def page(demo: str, browser: Browser) -> AsyncIterator[Page]:
    """The page, with everything it complains of collected and expected to be nothing."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await page.goto(demo)
    yield page
    assert complaints == []
    await context.close()


async def say(page: Page, line: str) -> None:
    """Type a line and send it, as somebody without a mouse does."""
    await page.keyboard.type(line)
    await page.keyboard.press("Enter")


@pytest.mark.asyncio(loop_scope="session")
async def test_a_newcomer_backs_up_breaks_production_and_sees_what_was_lost(page: Page) -> None:
    last = page.locator(LAST)
    await expect(page.locator("#line")).to_be_focused()

    await say(page, "/backup status")
    await expect(last).to_contain_text("Not safe. Production: there is no copy in the vault")

    await say(page, "/backup export --files")
    await expect(last.locator("progress")).to_be_visible(timeout=15_000)
    await expect(last).to_contain_text("Production: sound, a restore would take all", timeout=60_000)
    await expect(last).to_contain_text("Messages table: conversation threads are intact")

    await say(page, "/backup status production")
    await expect(last).to_contain_text("Safe: the newest verified copy is fresh")

    await say(page, "/simulator break")
    await expect(last).to_contain_text("312 documents changed")

    await say(page, "/backup export")
    await expect(last).to_contain_text("do not rely on this copy", timeout=60_000)
    await expect(last).to_contain_text("senderId: orphans")

    await say(page, "/backup status production")
    await expect(last).to_contain_text("a newer copy did not pass its check")
    await expect(last).to_contain_text("The last good copy stays")

    await say(page, "/backup list")
    await expect(last.locator("table tbody tr")).to_have_count(2)

    await say(page, "/lifeboat runbook checklist")
    await expect(last).to_contain_text("Determine the last known good timestamp")
    await say(page, "/lifeboat doctor")
    await expect(last).to_contain_text("Everything works", timeout=20_000)
    for fault, told in (
        ("slow", "three seconds each"),
        ("truncated-download", "breaks off"),
        ("none", "behaves again"),
    ):
        await say(page, f"/simulator fault {fault}")
        await expect(last).to_contain_text(told, timeout=20_000)
    await say(page, "/lifeboat hlep")
    await expect(last).to_contain_text("Did you mean /lifeboat help?")


@pytest.mark.asyncio(loop_scope="session")
async def test_an_export_that_never_ends_is_cancelled_by_its_button(page: Page) -> None:
    last = page.locator(LAST)
    await say(page, "/simulator fault endless-export")
    await expect(last).to_contain_text("never complete")
    await say(page, "/backup export")
    await expect(last.locator("progress")).to_be_visible(timeout=15_000)
    card = page.locator("#messages > li").filter(has=page.locator("progress"))

    await card.get_by_role("button", name="Cancel").click()

    await expect(page.locator("#messages")).to_contain_text("The export of production was cancelled", timeout=20_000)
    await expect(page.locator("#line")).to_be_focused()
    await say(page, "/simulator fault none")
    await say(page, "/backup export")
    await expect(last).to_contain_text("Production: sound", timeout=60_000)
