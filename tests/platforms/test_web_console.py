"""The web console in a real browser: typing, pressing, forms, live messages, phones, readers, hostile words."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.chat.cards import Buttons, Card, Progress, Table, text
from bot.views.actions import say
from tests.platforms.console import Desk, everything_card

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    " {{ 7*7 }} <hx-partial hx-target=body>x</hx-partial> @everyone"
)


async def type_line(page: Page, line: str) -> None:
    """Type a line into the command box as a person does, and send it."""
    await page.locator("#line").press_sequentially(line)
    await page.keyboard.press("Enter")


async def test_what_one_types_is_echoed_and_answered_for_their_eyes_only(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf status")
    await expect(page.locator(".said")).to_have_text("/shelf status")
    answer = page.locator(".message .card", has_text="The shelf stands")
    await expect(answer).to_be_visible()
    await expect(page.locator(".message.private .only").last).to_have_text("Only you see this")
    await expect(page.locator("#line")).to_have_value("")
    await expect(page.locator("#line")).to_be_focused()


async def test_the_tone_of_a_card_is_a_word_too(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf status")
    await expect(page.get_by_role("heading", name="Good: The shelf stands")).to_be_visible()


async def test_a_command_is_completed_and_sent_by_keyboard_alone(desk: Desk) -> None:
    page = await desk.sit()
    await page.keyboard.type("/sh")
    await expect(page.get_by_role("option")).to_have_count(7)
    await expect(page.locator("#line")).to_have_attribute("aria-expanded", "true")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("option", selected=True)).to_contain_text("/shelf show")
    await page.keyboard.press("Tab")
    await expect(page.locator("#line")).to_have_value("/shelf show ")
    await expect(page.get_by_role("option").first).to_contain_text("atlas")
    await page.keyboard.type("al")
    await expect(page.get_by_role("option")).to_have_count(1)
    await page.keyboard.press("Tab")
    await expect(page.locator("#line")).to_have_value("/shelf show almanac ")
    await expect(page.get_by_role("option").first).to_contain_text("small")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("option")).to_have_count(0)
    await page.keyboard.press("Enter")
    await expect(page.locator(".card", has_text="Book almanac")).to_be_visible()


async def test_a_completion_with_spaces_is_quoted(desk: Desk) -> None:
    page = await desk.sit()
    await page.keyboard.type("/shelf show two")
    await page.get_by_role("option").first.click()
    await expect(page.locator("#line")).to_have_value('/shelf show "two words" ')


async def test_what_was_typed_comes_back_with_the_up_key(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf status")
    await type_line(page, "/shelf show atlas")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#line")).to_have_value("/shelf show atlas")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#line")).to_have_value("/shelf status")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#line")).to_have_value("/shelf show atlas")


async def test_a_button_is_pressed_with_the_keyboard(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf status")
    await page.get_by_role("button", name="Count").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator(".card", has_text="Counted 1")).to_contain_text("@Ada Okafor")


async def test_a_double_click_is_one_press_and_a_later_click_is_another(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf status")
    button = page.get_by_role("button", name="Count")
    await button.dblclick()
    await expect(page.locator(".card", has_text="Counted 1")).to_be_visible()
    # So slow that the first click is answered before the second comes.
    await button.click(click_count=1)
    await expect(page.locator(".card", has_text="Counted 2")).to_be_visible()
    box = await button.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 5, box["y"] + 5)
    await page.mouse.down(click_count=2)
    await page.mouse.up(click_count=2)
    await asyncio.sleep(0.5)
    assert desk.world.counted == 2
    await button.click()
    await expect(page.locator(".card", has_text="Counted 3")).to_be_visible()


async def test_a_page_that_could_not_connect_at_first_does_so_later(desk: Desk) -> None:
    page = await desk.sit()
    await page.route("**/events*", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("#connection")).to_have_text("Reconnecting…")
    await desk.console.post("books", Card("Meanwhile"), "meanwhile")
    await page.unroute("**/events*")
    await expect(page.get_by_role("heading", name="Meanwhile")).to_be_visible(timeout=10_000)
    await expect(page.locator("#connection")).to_have_text("")
    desk.complaints.clear()


async def test_a_press_whose_answer_was_lost_is_done_once_however_often_it_is_tried(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf status")
    lost = 0

    async def lose(route) -> None:  # type: ignore[no-untyped-def]  # playwright's handlers are awkward to type
        nonlocal lost
        lost += 1
        await route.fetch()
        await route.abort()

    await page.route("**/press", lose)
    await page.get_by_role("button", name="Count").click()
    unanswered = page.get_by_role("alert").filter(has_text="did not answer")
    await expect(unanswered).to_be_visible()
    await page.evaluate("document.querySelector('#problem').textContent = ''")
    await page.get_by_role("button", name="Count").click()
    await expect(unanswered).to_be_visible()
    await expect(page.locator(".card", has_text="Counted 1")).to_be_visible()
    await page.unroute("**/press")
    await page.get_by_role("button", name="Count").click()
    await asyncio.sleep(0.3)
    assert lost == 2
    assert desk.world.counted == 1
    desk.complaints.clear()


async def test_a_press_replaces_its_card_in_place(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf counter")
    turned = page.locator(".message", has_text="times")
    name = await turned.last.get_attribute("id")
    for times in ("1", "2"):
        await page.get_by_role("button", name="Turn").click()
        await expect(page.get_by_role("heading", name=f"Turned {times} times")).to_be_visible()
    await expect(turned).to_have_count(1)
    assert await turned.get_attribute("id") == name
    await expect(page.get_by_role("button", name="Turn")).to_be_focused()


async def test_a_missing_argument_opens_a_form_that_completes_and_says_what_is_wrong(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf borrow")
    dialog = page.get_by_role("dialog", name="/shelf borrow")
    await expect(dialog).to_be_visible()
    await expect(page.get_by_label("Title")).to_be_focused()
    await expect(page.locator("datalist option").first).to_have_attribute("value", "atlas")
    await page.keyboard.type("bestiary")
    await page.keyboard.press("Tab")
    await page.keyboard.type("many")
    await page.keyboard.press("Enter")
    await expect(dialog.locator(".error")).to_contain_text("a whole number")
    await expect(page.get_by_label("Copies")).to_be_focused()
    await expect(page.get_by_label("Copies")).to_have_attribute("aria-invalid", "true")
    await expect(page.get_by_label("Title")).to_have_value("bestiary")
    await page.get_by_label("Copies").fill("2")
    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("alert")).to_contain_text("never lent")
    await page.get_by_label("Title").fill("atlas")
    await page.keyboard.press("Enter")
    await expect(dialog).to_have_count(0)
    await expect(page.locator(".card", has_text="Ada Okafor borrowed atlas")).to_be_visible()
    assert desk.world.notes == ["atlas x2"]
    await expect(page.locator("#line")).to_be_focused()


async def test_a_field_that_is_wrong_says_so_beside_it(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf counter")
    await page.get_by_role("button", name="Note").click()
    await page.get_by_label("Your note").fill("no")
    await page.get_by_role("button", name="Leave it").click()
    wrong = page.get_by_label("Your note")
    await expect(wrong).to_have_attribute("aria-invalid", "true")
    await expect(wrong).to_have_accessible_description(re.compile("at least five letters"))
    await expect(wrong).to_be_focused()
    await wrong.fill("no more")
    await page.get_by_role("button", name="Leave it").click()
    await expect(page.locator(".card", has_text="Noted: no more")).to_be_visible()


async def test_escape_closes_a_form_and_nothing_is_done(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf borrow")
    await page.get_by_label("Title").fill("atlas")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog", name="/shelf borrow")).to_have_count(0)
    await expect(page.locator("#line")).to_be_focused()
    assert desk.world.notes == []


async def test_what_is_not_allowed_is_said_and_not_done(desk: Desk) -> None:
    page = await desk.sit()
    await be(page, "Chloe Tanaka")
    await type_line(page, "/shelf burn")
    await expect(page.locator(".card", has_text="needs the role operator")).to_be_visible()
    assert desk.world.counted == 0


async def be(page: Page, name: str) -> None:
    """Be somebody else, in a demonstration."""
    await page.locator(".me .person").click()
    async with page.expect_navigation():
        await page.get_by_role("button", name=re.compile(f"^{name}")).last.click()
    await expect(page.locator(".me strong")).to_have_text(name)


async def test_another_person_sees_at_once_what_is_public_and_never_what_is_private(desk: Desk) -> None:
    ada, ben = await desk.sit(), await desk.sit()
    await be(ben, "Ben Lindqvist")
    await type_line(ada, "/shelf status")
    await expect(ada.locator(".card", has_text="The shelf stands")).to_be_visible()
    await type_line(ada, "/shelf show atlas")
    await expect(ben.locator(".card", has_text="Book atlas")).to_be_visible(timeout=1000)
    await expect(ben.locator(".message", has_text="/shelf show atlas")).to_contain_text("Ada Okafor")
    await expect(ben.get_by_text("The shelf stands")).to_have_count(0)
    await ben.reload()
    await expect(ben.locator(".card", has_text="Book atlas")).to_be_visible()
    await expect(ben.get_by_text("The shelf stands")).to_have_count(0)


async def test_what_happened_while_the_connection_was_cut_is_there_once_after_it_returns(desk: Desk) -> None:
    page = await desk.sit()
    await desk.console.post("books", Card("Before"), "before")
    await expect(page.get_by_role("heading", name="Before")).to_be_visible()
    await page.context.set_offline(True)
    seen = [request async for request in _cut(desk, page)]
    message = await desk.console.post("books", Card("First"), "first")
    await desk.console.post("books", Card("Second"), "second")
    await desk.console.edit("books", message, Card("First, edited"))
    await expect(page.locator("#connection")).to_have_text("Reconnecting…")
    await page.context.set_offline(False)
    await expect(page.get_by_role("heading", name="Second")).to_be_visible()
    titles = await page.locator("#messages h2").all_inner_texts()
    assert [title.strip() for title in titles] == ["Before", "First, edited", "Second"]
    await expect(page.locator("#connection")).to_have_text("")
    assert seen == []
    desk.complaints.clear()


async def _cut(desk: Desk, page: Page):  # type: ignore[no-untyped-def]  # an empty async generator
    """Break the stream where it stands: the browser's own network is off, so the server's end must go as well."""
    await page.evaluate("document.querySelector('#live')._htmx.sse.reader.cancel()")
    for _ in ():
        yield None


async def test_a_redraw_moves_neither_the_reader_nor_the_focus(desk: Desk) -> None:
    page = await desk.sit()
    for number in range(12):
        await desk.console.post("books", Card(f"Number {number}", (text("words"),)), str(number))
    buttons = Buttons((say("Look", "/shelf status"),))
    working = await desk.console.post("books", Card("Working", (Progress("half", 1, 2), buttons)), "working")
    await expect(page.get_by_role("progressbar")).to_be_visible()
    await page.get_by_role("button", name="Look").focus()
    await page.evaluate("document.querySelector('#history').scrollTop = 40")
    await asyncio.sleep(0.1)
    at = await page.evaluate("document.querySelector('#history').scrollTop")
    await desk.console.edit("books", working, Card("Working", (Progress("most", 3, 4), buttons)))
    await expect(page.get_by_role("progressbar", name="most")).to_have_attribute("value", "75")
    assert await page.evaluate("document.querySelector('#history').scrollTop") == at
    await expect(page.get_by_role("button", name="Look")).to_be_focused()
    await desk.console.post("books", Card("News"), "news")
    await expect(page.get_by_role("button", name="New messages")).to_be_visible()
    await page.get_by_role("button", name="New messages").click()
    await expect(page.get_by_role("heading", name="News")).to_be_in_viewport()


async def test_a_button_that_another_takes_the_place_of_hands_its_focus_to_the_command_box(desk: Desk) -> None:
    page = await desk.sit()
    working = await desk.console.post("books", Card("Working", (Buttons((say("Stop", "/shelf status"),)),)), "working")
    await page.get_by_role("button", name="Stop").focus()
    await desk.console.edit("books", working, Card("Stopped", (Buttons((say("Begin again", "/shelf status --all"),)),)))
    await expect(page.get_by_role("button", name="Begin again")).to_be_visible()
    await expect(page.locator("#line")).to_be_focused()


async def test_a_new_message_is_told_to_screen_readers_and_a_redraw_only_when_its_title_changes(desk: Desk) -> None:
    page = await desk.sit()
    told = page.locator("#announce")
    working = await desk.console.post("books", Card("Copying"), "copy")
    await expect(told).to_have_text("Lifeboat: Copying")
    await desk.console.post("books", Card("Something else"), "else")
    await expect(told).to_have_text("Lifeboat: Something else")
    await desk.console.edit("books", working, Card("Copying", (Progress("half", 1, 2),)))
    await expect(page.get_by_role("progressbar")).to_be_visible()
    await expect(told).to_have_text("Lifeboat: Something else")
    await desk.console.edit("books", working, Card("Copied"))
    await expect(told).to_have_text("Lifeboat: Copied")


async def test_the_same_key_posts_once(desk: Desk) -> None:
    page = await desk.sit()
    first = await desk.console.post("books", Card("Once"), "key")
    assert await desk.console.post("books", Card("Once"), "key") == first
    assert await desk.console.find("books", "key") == first
    assert await desk.console.find("books", "another") is None
    await desk.console.post("books", Card("After"), "after")
    await expect(page.get_by_role("heading", name="After")).to_be_visible()
    await expect(page.get_by_role("heading", name="Once")).to_have_count(1)


async def test_earlier_messages_are_a_press_away(desk: Desk) -> None:
    for number in range(70):
        await desk.console.post("papers", Card(f"Paper {number}"), str(number))
    page = await desk.sit()
    await page.goto(desk.url + "/c/papers")
    await expect(page.get_by_role("heading", name="Paper 69")).to_be_in_viewport()
    await expect(page.locator(".message")).to_have_count(50)
    await page.get_by_role("button", name="Earlier messages").click()
    await expect(page.get_by_role("heading", name="Paper 0", exact=True)).to_be_attached()
    titles = await page.locator("#messages h2").all_inner_texts()
    assert [title.strip() for title in titles] == [f"Paper {number}" for number in range(70)]
    await expect(page.get_by_role("button", name="Earlier messages")).to_have_count(0)


async def test_hostile_words_are_shown_as_words_wherever_they_stand(desk: Desk) -> None:
    page = await desk.sit()
    await type_line(page, "/shelf echo " + HOSTILE.replace('"', "'"))
    await expect(page.locator(".card", has_text="@everyone").first).to_be_visible()
    await page.reload()
    await expect(page.locator(".card h2", has_text="{{ 7*7 }}")).to_be_visible()
    assert await page.title() == "books · Lifeboat · Campus Connect"
    assert await page.locator("#messages script, #messages img").count() == 0


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", " JaVaScRiPt:alert(1)", "data:text/html,x", "//x.invalid", "vbscript:x"]
)
async def test_an_address_that_is_neither_web_nor_mail_is_no_link(desk: Desk, address: str) -> None:
    page = await desk.sit()
    await type_line(page, f"/shelf echo {address}")
    await expect(page.locator(".card", has_text="is not one that can be opened").first).to_be_visible()
    links = await page.locator("#messages a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
    assert all(link.startswith("/files/") for link in links)


async def test_times_are_utc_with_the_readers_own_beside_them(desk: Desk) -> None:
    page = await desk.sit(timezone_id="Asia/Tokyo")
    await desk.console.post("books", everything_card(), "times")
    time = page.locator(".card time").first
    await expect(time).to_contain_text("2026-09-01 11:00 UTC (20:00 your time")
    await expect(time).to_have_attribute("datetime", "2026-09-01T11:00:00Z")


async def test_a_picked_value_is_sent_with_its_press(desk: Desk) -> None:
    page = await desk.sit()
    await desk.console.post("books", everything_card(), "pick")
    await page.get_by_label("Another copy").first.select_option("almanac")
    await page.get_by_role("button", name="Choose Another copy").click()
    await expect(page.locator(".card", has_text="Book almanac")).to_be_visible()


async def test_a_long_table_says_how_much_it_leaves_out(desk: Desk) -> None:
    page = await desk.sit()
    rows = tuple(((str(number),),) for number in range(312))
    await desk.console.post("books", Card("Long", (Table(("n",), rows),)), "long")
    await expect(page.get_by_text("… and 12 more rows")).to_be_attached()


async def test_nothing_is_wider_than_a_phone(desk: Desk) -> None:
    page = await desk.sit(viewport={"width": 390, "height": 844}, has_touch=True)
    await desk.console.post("books", everything_card(), "wide")
    await desk.console.post("books", Card("x" * 300, (text("y" * 300),)), "words")
    await expect(page.locator(".card")).to_have_count(3)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    assert await page.evaluate("document.querySelector('#history').scrollWidth") == 390
    await expect(page.get_by_role("navigation", name="Channels")).to_be_hidden()
    await page.get_by_role("button", name="Channels").tap()
    await page.get_by_role("link", name="papers").tap()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("papers")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_axe_finds_nothing_to_mend(desk: Desk, node: dict[str, str], scheme: str, width: int) -> None:
    page = await desk.sit(viewport={"width": width, "height": 900}, color_scheme=scheme)
    await desk.console.post("books", everything_card(), "everything")
    await type_line(page, "/shelf show atlas")
    await expect(page.locator(".card", has_text="Book atlas")).to_be_visible()
    axe = await asyncio.to_thread(Path(node["axe"]).read_text)
    assert await violations(page, axe) == []
    await page.keyboard.type("/shelf ")
    await expect(page.locator("#option-0")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    assert await violations(page, axe) == []
    await page.keyboard.press("Escape")
    await type_line(page, "borrow")
    await expect(page.get_by_role("dialog", name="/shelf borrow")).to_be_visible()
    await page.get_by_label("Title").fill("atlas")
    await page.get_by_label("Copies").fill("x")
    await page.keyboard.press("Enter")
    await expect(page.locator("#form .error")).to_contain_text("a whole number")
    assert await violations(page, axe) == []


async def violations(page: Page, axe: str) -> list[str]:
    """What axe finds, each with the elements."""
    await page.evaluate(axe)
    found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [f"{one['id']}: {[node['html'][:120] for node in one['nodes'][:3]]}" for one in found["violations"]]
