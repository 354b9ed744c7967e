"""A newcomer in the demo, who knows no command, rehearses a disaster by what the room says."""

import re

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.simulator.server import Simulator
from tests.journeys.chat import Chat
from tests.journeys.conftest import WITH_PAGE, NewBot, in_browser
from tests.journeys.test_demo import demo, page
from tests.waiting import until

__all__ = ["demo", "page"]
ROOM = re.compile(r"practice-.*-rehearsal")


async def says(page: Page, words: str, within: float = 30) -> Locator:
    """The newest message that holds these words."""
    found = page.locator("#messages > li", has_text=words).last
    await expect(found).to_be_visible(timeout=within * 1000)
    return found


async def press(page: Page, label: str, words: str, within: float = 30) -> None:
    """Press a button of a message, as its words tell to."""
    button = (await says(page, words, within)).get_by_role("button", name=label, exact=True)
    await button.first.click(timeout=within * 1000)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_newcomer_rehearses_a_disaster_by_what_the_room_says(page: Page) -> None:
    await page.get_by_role("button", name="Rehearse a disaster").click()
    await page.get_by_role("link", name=ROOM).first.click()

    await says(page, "How a rehearsal goes")
    turn = "Next: 3. Find out what is wrong"
    await press(page, "Take a copy and look", turn)
    # Any of the surprises: a copy that is sound, one that is damaged, or none without a key.
    looked = re.compile("do not rely on this copy|a restore would take all|does not accept the key")
    told = page.locator("#messages > li", has_text=turn).locator("xpath=following-sibling::li").filter(has_text=looked)
    await expect(told.first).to_be_visible(timeout=30_000)
    await press(page, "Say the moment…", turn)
    await says(page, "The largest writes that Convex remembers")

    await press(page, "Done…", turn)
    asked = page.get_by_role("dialog")
    await asked.locator("[name='value.note']").fill("Something is missing, since a minute ago")
    await asked.get_by_role("button", name="Send", exact=True).click()

    await press(page, "Choose a copy…", "Next: 4. Choose the copy to restore")
    copies = (await says(page, "Which copy shall be restored?")).locator("select").first
    oldest = len(await copies.locator("option").all()) - 1
    await copies.select_option(index=oldest)
    await (await says(page, "Which copy shall be restored?")).get_by_role("button", name="Restore this one").click()

    answered = re.compile("This is what Convex would do|Failed: Restore it")
    await expect(page.locator("#messages > li", has_text=answered).last).to_be_visible(timeout=30_000)
    if await page.locator("#messages > li", has_text="Failed: Restore it").count():
        await press(page, "A new key", "Failed: Restore it")
        await says(page, "Lifeboat has a new key")
        await press(page, "Try again", "Failed: Restore it")
    dry_run = await says(page, "This is what Convex would do")
    await expect(dry_run).to_contain_text("quiet-ibis-29")
    await press(page, "Agree", "This is what Convex would do")

    ended = await says(page, "Next: 7. Say how it went")
    await ended.get_by_role("button", name="Pass, and the procedure proved right…").click()
    asked = page.get_by_role("dialog")
    await asked.locator("[name='value.notes']").fill("We were quick")
    await asked.get_by_role("button", name="Send", exact=True).click()

    score = await says(page, "points of 100")
    # Whoever does the steps of somebody absent without a word is given ten fewer.
    await expect(score).to_contain_text(re.compile("(100|90) points of 100"))
    await expect(score).to_contain_text("What had happened:")
    await expect(score).to_contain_text("was made before it happened")
    await says(page, "The simulated production is as it was.")

    await page.get_by_role("link", name="backups").first.click()
    await says(page, "The rehearsal is over: ")
    await page.locator("#line").fill("/backup status")
    await page.keyboard.press("Enter")
    status = await says(page, "Production: there is no copy in the vault")
    await expect(status).not_to_contain_text("Rehearsal")


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.soak
async def test_a_bot_with_the_setting_trains_people_and_leaves_production_alone(
    bots: NewBot, convex: Simulator, browser: Browser
) -> None:
    bot = bots(**WITH_PAGE, LIFEBOAT_REHEARSALS="true")
    await bot.start()
    async with in_browser(browser, bot) as chat:
        await chat.say("/drill scenarios")
        await chat.sees("The key person does not answer")
        await chat.say("/drill start --rehearsal --scenario deleted-table")
        await chat.sees("The rehearsal has begun.")
        await chat.sees("practises on a simulated production")
        await until(lambda: _struck(chat), within=30)
        await chat.say("/drill use")
        await chat.sees("Which copy shall be restored?")
        await bot.kill()
        await bot.start()
        await chat.say("/backup export rehearsal")
        told = await chat.sees("do not rely on this copy", within=30)
        assert "messages" in told, "what was struck is struck again by the simulator that began anew"
        await chat.say("/drill cancel Lunch")
        await chat.sees("The rehearsal is over, without points.", within=30)
        await chat.say("/backup list rehearsal")
        await chat.sees("Rehearsal (simulated production) has no copy in the vault.")
    assert [one.requestor for one in convex.exports.all] == ["cloudBackup"], "the one that Convex made by itself"
    assert convex.imports.all == []


async def _struck(chat: Chat) -> bool:
    await chat.say("/drill status")
    return "Next: 3. Find out what is wrong" in await chat.sees("Something happens")
