"""The live stream as bytes: what is sent, replayed by id, and ended."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from playwright.async_api import expect

from bot.chat.cards import Card
from bot.platforms.web.listen import Console
from bot.platforms.web.live import MOST_AT_ONCE
from bot.store import console as store
from tests.platforms.console import Desk, another
from tests.routing import START

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def listening(desk: Desk, last: str = "") -> AsyncIterator[aiohttp.StreamReader]:
    """An open stream of the channel, from the event `last`."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(desk.url, cookie_jar=jar) as session:
        async with session.get("/"):
            pass
        headers = {"Last-Event-ID": last} if last else {}
        async with session.get("/events?channel=books&after=0", headers=headers) as answer:
            assert answer.content_type == "text/event-stream"
            yield answer.content


async def event(stream: aiohttp.StreamReader) -> tuple[str, str]:
    """The next event's id and data."""
    name, words = "", []
    async with asyncio.timeout(5):
        while True:
            line = (await stream.readline()).decode().rstrip("\n")
            if line.startswith("id: "):
                name = line[4:]
            elif line.startswith(("data: ", "event: ")):
                words.append(line)
            elif not line and words:
                return name, "\n".join(words)


async def test_a_post_is_sent_at_once_and_numbered(desk: Desk) -> None:
    async with listening(desk) as stream:
        began = time.monotonic()
        await desk.console.post("books", Card("Now"), "now")
        first, words = await event(stream)
        assert time.monotonic() - began < 0.8
        assert "Now" in words
        await desk.console.post("books", Card("Then"), "then")
        second, words = await event(stream)
        assert "Now" not in words
        assert int(second) > int(first)


async def test_what_another_process_posts_comes_within_the_second(desk: Desk) -> None:
    async with listening(desk) as stream:
        async with desk.router.house.database.write() as db:
            await store.post(db, "books", "lifeboat", Card("From afar"), START)
        began = time.monotonic()
        _, words = await event(stream)
        assert "From afar" in words
        assert time.monotonic() - began < 3


async def test_after_an_event_only_what_came_later_is_replayed(desk: Desk) -> None:
    await desk.console.post("books", Card("One"), "1")
    async with listening(desk) as stream:
        last, _ = await event(stream)
    await desk.console.post("books", Card("Two"), "2")
    async with listening(desk, last) as stream:
        _, words = await event(stream)
    assert "Two" in words
    assert "One" not in words


async def test_an_edit_of_what_was_never_seen_comes_as_a_new_message_in_its_place(desk: Desk) -> None:
    first = await desk.console.post("books", Card("One"), "1")
    await desk.console.post("books", Card("Two"), "2")
    await desk.console.edit("books", first, Card("One, edited"))
    async with listening(desk) as stream:
        _, words = await event(stream)
    assert 'hx-swap-oob="outerMorph"' not in words
    assert 0 < words.index("One, edited") < words.index("Two")


async def test_who_was_away_too_long_loads_the_page_anew(desk: Desk) -> None:
    for number in range(MOST_AT_ONCE):
        await desk.console.post("books", Card(str(number)), str(number))
    async with listening(desk) as stream:
        _, words = await event(stream)
    assert words == "event: reload\ndata: now"


async def test_a_stop_ends_every_stream_at_once(desk: Desk) -> None:
    async with listening(desk) as stream:
        await desk.console.post("books", Card("One"), "1")
        await event(stream)
        began = time.monotonic()
        await desk.server.stop()
        assert await stream.read() in (b"", b": alive\n\n")
        assert time.monotonic() - began < 2


async def test_an_open_page_goes_on_by_itself_after_a_restart(desk: Desk) -> None:
    page = await desk.sit()
    await desk.console.post("books", Card("Before the restart"), "before")
    await expect(page.get_by_role("heading", name="Before the restart")).to_be_visible()
    await desk.server.stop()
    await expect(page.locator("#connection")).to_have_text("Reconnecting…")
    async with another(desk, {}, demo=True, port=int(desk.url.rpartition(":")[2])) as (console, _):
        await console.post("books", Card("After the restart"), "after")
        await expect(page.get_by_role("heading", name="After the restart")).to_be_visible(timeout=10_000)
        await page.locator("#line").press_sequentially("/shelf status")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="The shelf stands")).to_be_visible()
        await expect(page.locator("#messages h2")).to_have_count(3)
        await page.close()
    desk.complaints.clear()


async def test_a_console_is_a_poster_that_redraws_every_two_seconds_at_most() -> None:
    assert (Console.platform, Console.pace) == ("web", 2.0)
