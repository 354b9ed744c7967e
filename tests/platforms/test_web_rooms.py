"""Rooms of the web console in a real browser: opened, named, pinned, live in the sidebar; private words; pictures."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from playwright.async_api import Page, expect

from bot.adapters.charts import VegaCharts
from bot.chat.cards import Button, Buttons, Card, Image, Tone, text
from bot.domain.people import PersonId
from bot.ports import Gone
from bot.store import pictures
from bot.store.pictures import Picture
from bot.views.plots import error_rate, on_dark_pages_too
from tests.platforms.console import COUNT, NOTE, TURN, Desk, another
from tests.platforms.test_web_console import type_line, violations
from tests.views.test_plots import BEFORE, DURING
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

NAME, TOPIC = "inc-2026-11-22-users-deleted", "Production: users deleted · since 02:47 UTC · now: 1. Define the scope"


async def opened(desk: Desk, name: str = NAME, tone: Tone = Tone.BAD) -> str:
    """A room as an incident has one: a topic, and a pinned board."""
    room = await desk.console.open_room(name, f"key of {name}")
    board = await desk.console.post(room.channel, Card(f"Board of {name}", (text("Step 1 of 10"),), tone), "board")
    await desk.console.set_topic(room.channel, TOPIC)
    await desk.console.pin(room.channel, board)
    return board


async def enter(desk: Desk, channel: str, **options: Any) -> Page:
    """Sit down in a channel."""
    page = await desk.sit(**options)
    await page.goto(f"{desk.url}/c/{channel}")
    await expect(page.locator("#line")).to_be_visible()
    return page


def places(page: Page) -> Any:
    return page.locator("#places a .place")


async def picture(desk: Desk) -> str:
    """A plot of errors, kept."""
    plot = error_rate(BEFORE, DURING, ())
    png, svg = await VegaCharts().png(plot.spec), on_dark_pages_too(await VegaCharts().svg(plot.spec))
    async with desk.router.house.database.write() as db:
        return await pictures.keep(db, Picture(png, svg), desk.clock.now())


# --- rooms -----------------------------------------------------------------------------------------------------------


async def test_a_new_room_appears_in_every_open_page_with_its_state_and_is_told(desk: Desk) -> None:
    page = await desk.sit()
    await expect(places(page)).to_have_text(["books", "papers"])
    await desk.console.open_room(NAME, "one")
    await expect(page.locator("#announce")).to_have_text(f"New room: {NAME}")
    await opened(desk, "other")
    await expect(places(page)).to_have_text(["other", NAME, "books", "papers"])
    await expect(page.get_by_role("link", name="Problem: other")).to_be_visible()


async def test_a_room_shows_its_topic_and_has_no_greeting(desk: Desk) -> None:
    await opened(desk)
    page = await enter(desk, NAME)
    await expect(page.locator(".topic")).to_have_text(TOPIC)
    await expect(page.get_by_role("heading", name="Welcome to the shelf")).to_have_count(0)
    await desk.console.set_topic(NAME, "Closed:  users\ndeleted " + "x" * 300)
    await expect(page.locator(".topic")).to_contain_text("Closed: users deleted xxx")
    await expect(page.locator(".topic")).to_have_text(re.compile("^.{249}…$"))


async def test_a_command_in_a_room_is_answered_there(desk: Desk) -> None:
    await opened(desk)
    page = await enter(desk, NAME)
    await type_line(page, "/shelf show atlas")
    await expect(page.locator(".card", has_text="Book atlas")).to_be_visible()
    await page.goto(f"{desk.url}/c/books")
    await expect(page.locator(".card", has_text="Book atlas")).to_have_count(0)


async def test_unsettled_rooms_stand_first_and_a_room_settles_with_its_board(desk: Desk) -> None:
    board = await opened(desk, "first")
    await opened(desk, "second", Tone.WORKING)
    page = await desk.sit()
    await expect(places(page)).to_have_text(["first", "second", "books", "papers"])
    await desk.console.edit("first", board, Card("Closed", tone=Tone.GOOD))
    await expect(places(page)).to_have_text(["second", "first", "books", "papers"])
    await expect(page.get_by_role("link", name="first", exact=True)).to_be_visible()


async def test_the_same_key_is_the_same_room_and_a_taken_name_gets_a_number(desk: Desk) -> None:
    console = desk.console
    rooms = [await console.open_room("Users deleted!", key) for key in ("one", "two", "one")]
    assert [room.channel for room in rooms] == ["users-deleted", "users-deleted-2", "users-deleted"]
    assert (await console.open_room("books", "three")).channel == "books-2"
    assert (await console.open_room("../:?&#", "four")).channel == "room"
    assert (await console.open_room("größer " * 20, "five")).channel.startswith("größer-größer")
    assert await console.invite("users-deleted", [PersonId("ada")]) == ()


async def test_a_room_has_a_link_where_the_page_has_a_public_address(desk: Desk) -> None:
    async with another(desk, {}, demo=True, public_url="https://lifeboat.example/") as (console, _):
        assert (await console.open_room(NAME, "one")).url == f"https://lifeboat.example/c/{NAME}"
    assert (await desk.console.open_room(NAME, "one")).url == ""


async def test_what_is_not_there_is_gone(desk: Desk) -> None:
    await desk.console.open_room(NAME, "one")
    elsewhere = await desk.console.post("books", Card("x"), "x")
    for call in (
        desk.console.set_topic("none", "x"),
        desk.console.pin(NAME, "999"),
        desk.console.pin(NAME, "x"),
        desk.console.pin(NAME, elsewhere),
    ):
        with pytest.raises(Gone):
            await call


async def test_an_unknown_room_is_not_found(desk: Desk) -> None:
    async with ClientSession(desk.url, cookie_jar=CookieJar(unsafe=True)) as session:
        async with session.get("/") as answer:
            assert answer.status == 200
        for address in ("/c/none", "/c/none/earlier", "/events?channel=none", "/c/dm:ada", "/events?channel=dm:ada"):
            async with session.get(address) as answer:
                assert answer.status == 404, address


async def test_a_room_that_another_process_opens_appears_here_too(desk: Desk) -> None:
    page = await desk.sit()
    async with another(desk, {}, demo=True) as (console, _):
        await console.open_room(NAME, "one")
    await expect(places(page)).to_have_text([NAME, "books", "papers"], timeout=4000)


async def test_a_page_that_was_cut_off_shows_the_rooms_that_were_opened_meanwhile(desk: Desk) -> None:
    page = await desk.sit()
    await page.route("**/events*", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("#connection")).to_have_text("Reconnecting…")
    await desk.console.open_room(NAME, "one")
    await page.unroute("**/events*")
    await expect(places(page)).to_have_text([NAME, "books", "papers"], timeout=10_000)
    desk.complaints.clear()


# --- what is pinned --------------------------------------------------------------------------------------------------


async def test_the_pinned_message_is_reached_from_the_top_however_long_ago_it_was_posted(desk: Desk) -> None:
    board = await opened(desk)
    for number in range(120):
        await desk.console.post(NAME, Card(f"News {number}"), f"news {number}")
    page = await enter(desk, NAME)
    await expect(page.get_by_role("heading", name="News 119")).to_be_in_viewport()
    await page.get_by_role("link", name="Pinned").click()
    await expect(page.get_by_role("heading", name="Board of")).to_be_in_viewport()
    await desk.console.edit(NAME, board, Card("The board, redrawn", tone=Tone.WORKING))
    await expect(page.get_by_role("heading", name="The board, redrawn")).to_be_in_viewport()
    for _ in range(2):
        await page.get_by_role("button", name="Earlier messages").click()
    await expect(page.get_by_role("heading", name="News 0", exact=True)).to_have_count(1)
    await expect(page.locator(f"#m-{board}")).to_have_count(1)


async def test_a_link_to_a_message_leads_to_it(desk: Desk) -> None:
    board = await opened(desk)
    for number in range(30):
        await desk.console.post(NAME, Card(f"News {number}"), f"news {number}")
    page = await enter(desk, f"{NAME}#m-{board}")
    await expect(page.get_by_role("heading", name="Board of")).to_be_in_viewport()
    await expect(page.get_by_role("heading", name="News 29")).not_to_be_in_viewport()


async def test_a_message_is_pinned_while_the_page_is_open(desk: Desk) -> None:
    await desk.console.open_room(NAME, "one")
    page = await enter(desk, NAME)
    await expect(page.get_by_role("link", name="Pinned")).to_have_count(0)
    board = await desk.console.post(NAME, Card("Board"), "board")
    await desk.console.pin(NAME, board)
    await expect(page.get_by_role("link", name="Pinned")).to_have_attribute("href", f"#m-{board}")
    await desk.console.pin(NAME, board)


# --- what is private -------------------------------------------------------------------------------------------------


async def test_what_is_private_to_somebody_reaches_them_wherever_they_read_and_nobody_else(locked: Desk) -> None:
    desk = locked
    await opened(desk)
    ada, ben = await desk.sit("ada"), await desk.sit("ben")
    await ada.goto(f"{desk.url}/c/{NAME}")
    await ben.goto(f"{desk.url}/c/{NAME}")
    await expect(ben.locator("#line")).to_be_focused()
    nudge = Card("Step 1 waits for you", (Buttons((Button("Count", COUNT()),)),), Tone.WARNING)
    message = await desk.console.post("dm:ada", nudge, "nudge")
    assert await desk.console.find("dm:ada", "nudge") == message
    mine = ada.locator(".message.private", has_text="Step 1 waits for you")
    await expect(mine.locator(".only")).to_have_text("Only you see this")
    await mine.get_by_role("button", name="Count").click()
    # What comes of it is for everybody, where it was pressed.
    await expect(ben.locator(".card", has_text="Counted 1")).to_be_visible()
    await expect(ben.locator(".card", has_text="Step 1 waits for you")).to_have_count(0)
    await ada.goto(f"{desk.url}/c/papers")
    await expect(mine).to_be_visible()
    await desk.console.edit("dm:ada", message, Card("Step 1 is yours"))
    await expect(ada.locator(".message.private", has_text="Step 1 is yours")).to_be_visible()


async def test_a_private_message_can_be_replaced_by_a_press(desk: Desk) -> None:
    page = await enter(desk, "papers")
    card = Card("Turned 0 times", (Buttons((Button("Turn", TURN("1")), Button("Note", NOTE()))),))
    await desk.console.post("dm:ada", card, "turn")
    await page.get_by_role("button", name="Turn").click()
    await expect(page.get_by_role("heading", name="Turned 1 times")).to_be_visible()
    await expect(page.get_by_role("heading", name="Turned 0 times")).to_have_count(0)


# --- pictures --------------------------------------------------------------------------------------------------------


async def test_a_picture_is_shown_in_lines_and_said_in_words(desk: Desk) -> None:
    name = await picture(desk)
    page = await desk.sit()
    await desk.console.post("books", Card("Errors", (Image("Errors rose to 40 a minute", f"picture/{name}.png"),)), "p")
    shown = page.get_by_role("img", name="Errors rose to 40 a minute")
    await expect(shown).to_be_visible()
    drawn = await shown.evaluate("image => image.decode().then(() => [image.naturalWidth, image.currentSrc])")
    assert drawn[0] > 500 and drawn[1].endswith(f"picture%2F{name}.svg")


async def test_a_picture_is_served_as_what_it_is_and_can_do_nothing(desk: Desk) -> None:
    async with desk.router.house.database.write() as db:
        hostile = "<svg xmlns='http://www.w3.org/2000/svg'><script>document.title='owned'</script></svg>"
        name = await pictures.keep(db, Picture(b"\x89PNG", hostile), desk.clock.now())
    page = await desk.sit()
    for suffix, kind in (("svg", "image/svg+xml"), ("png", "image/png")):
        answer = await page.request.get(f"{desk.url}/files/picture/{name}.{suffix}")
        assert answer.headers["content-type"] == kind
        assert answer.headers["content-disposition"].startswith("inline")
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "sandbox" in policy and "script" not in policy
    await page.goto(f"{desk.url}/files/picture/{name}.svg")
    assert await page.title() != "owned"
    # That it was not run is what the browser complains of.
    assert desk.complaints and all("script" in one.lower() for one in desk.complaints)
    desk.complaints.clear()


async def test_a_picture_that_is_not_kept_any_more_leaves_its_words(desk: Desk) -> None:
    page = await desk.sit()
    await desk.console.post("books", Card("Errors", (Image("Errors rose", "picture/none.png"),)), "p")
    await expect(page.get_by_role("img", name="Errors rose")).to_be_attached()
    # The browser complains of it once, in its own time.
    await until(lambda: desk.complaints)
    assert [one for one in desk.complaints if "400" not in one] == []
    desk.complaints.clear()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_to_mend_in_a_room(desk: Desk, node: dict[str, str], scheme: Any, width: int) -> None:
    await opened(desk)
    await opened(desk, "other", Tone.WORKING)
    await opened(desk, "settled", Tone.GOOD)
    shown = Image("Errors rose to 40 a minute", f"picture/{await picture(desk)}.png")
    await desk.console.post(NAME, Card("Errors", (shown,)), "p")
    page = await enter(desk, NAME, viewport={"width": width, "height": 900}, color_scheme=scheme)
    axe = await asyncio.to_thread(Path(node["axe"]).read_text)
    assert await violations(page, axe) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width < 800:
        await page.get_by_role("button", name="Channels").click()
        await expect(places(page).first).to_be_visible()
        assert await violations(page, axe) == []
