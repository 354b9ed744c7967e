"""One quarterly test on Slack, Discord and the web page at once, from its start to its evidence: nobody knows an id."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.simulator.deployment import Identity
from bot.simulator.server import Simulator
from bot.simulator.support import SupportDesk
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.journeys.bot import Bot
from tests.journeys.chat import Chat
from tests.journeys.on_discord import DiscordChat
from tests.journeys.on_slack import SlackChat
from tests.journeys.on_web import WebChat
from tests.journeys.recovering import ELSEWHERE, Rows, Scene, posted_twice, up
from tests.journeys.test_faults import assert_no_errors
from tests.journeys.test_incident import Team
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
TOKEN = "a-token-of-ada-alone"
STAGED = Identity("calm-heron-87", type="dev")
TITLE = "PRACTICE · Backup test"
QUESTION = "This is what Convex would do"


@pytest_asyncio.fixture(loop_scope="session")
async def staging(tmp_path: Path) -> AsyncIterator[Simulator]:
    """Where the copy is restored: older, smaller data."""
    async with Simulator(tmp_path / "staging", size_mb=0.2, identity=STAGED, age_days=120) as simulator:
        yield simulator


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Everything around the bot but staging."""
    async with (
        Simulator(tmp_path / "convex", size_mb=0.5) as convex,
        SupportDesk({convex.name: convex.deployment}) as desk,
        SlackEmulator() as slack,
        DiscordEmulator() as discord,
    ):
        yield Scene(convex, desk, slack, discord)


async def test_a_team_on_three_platforms_proves_that_the_backups_restore(
    scene: Scene, staging: Simulator, browser: Browser, tmp_path: Path
) -> None:
    before = _rows(staging)
    async with up(_bot(scene, staging, tmp_path)) as bot, _ada_at_the_page(browser, bot) as page:
        await _a_stranger_begins_none(scene)
        team = await _begun(scene, page)
        strangers = _strangers(scene)
        await _it_is_agreed_to(team, strangers)
        assert _rows(staging) == scene.rows()
        await _it_is_concluded_in_the_page(team, strangers)
        assert _rows(staging) == before
        await _everybody_has_the_same_record(scene, team)
    for shown in _everything_said(scene):
        assert "PRACTICE" in shown.splitlines()[0], shown
    assert posted_twice(scene.slack, scene.discord) == []
    assert_no_errors(bot)


async def _a_stranger_begins_none(scene: Scene) -> None:
    assert scene.slack is not None
    mallory = SlackChat(scene.slack.person("mallory"), "backups")
    await mallory.say("/drill start")
    await mallory.sees("needs the role operator")
    assert not any(one.name.startswith("practice-") for one in scene.slack.world.channels.values())


async def _begun(scene: Scene, page: Page) -> Team:
    """A room on each platform that says practice in its name and its topic; a board, pinned, and what will happen."""
    slack, discord = scene.slack, scene.discord
    assert slack is not None
    assert discord is not None
    await SlackChat(slack.person("ada"), "backups").say("/drill start")
    await until(lambda: _practice(slack) and _practice(discord))
    [room], [other] = _practice(slack), _practice(discord)
    ben = discord.person("ben")
    team = Team(SlackChat(slack.person("ada"), room), DiscordChat(discord, ben, other), WebChat(page))
    await page.get_by_role("link", name=re.compile("practice-.*-drill")).click()
    await team.all_see(TITLE)
    await team.all_see("Nothing real is at stake")
    await until(lambda: slack.world.named(room).topic.startswith("PRACTICE: Backup test"))
    await until(lambda: slack.world.named(room).pins)
    await until(lambda: any(one.pinned for one in discord.posted(other)))
    await expect(page.locator(".topic")).to_contain_text("PRACTICE: Backup test")
    return team


async def _it_is_agreed_to(team: Team, strangers: list[Chat]) -> None:
    await team.all_see(QUESTION)
    await team.all_see("Ada Okafor, Ben Lindqvist or Chloe Tanaka")
    for stranger in strangers:
        await stranger.press("Agree", QUESTION)
        await stranger.sees("needs the role operator")
    await team.ben.press("Agree", QUESTION)
    await team.all_see("The copy is restored")
    await team.all_see("agreed to by Ben Lindqvist")


async def _it_is_concluded_in_the_page(team: Team, strangers: list[Chat]) -> None:
    await team.all_see("By what was found it is a pass.")
    on_slack, on_discord = strangers
    await on_slack.say("/drill conclude All went well")
    await on_slack.say("/drill cancel Enough of it")
    await on_discord.say("/drill conclude 'notes:All went well'")
    await on_discord.say("/drill cancel 'reason:Enough of it'")
    for stranger in strangers:
        await stranger.sees("needs the role operator", times=3)
    await team.chloe.press("Pass, and the procedure proved right…", "By what was found it is a pass.")
    await team.chloe.fill(notes="As written.")
    await team.all_see("The test is a pass")
    await team.all_see("6 of 6 done", within=30)


async def _everybody_has_the_same_record(scene: Scene, team: Team) -> None:
    boards = [await one.sees("6 of 6 done") for one in team]
    steps = [re.findall(r"[✓–] \d+\. .*", board) for board in boards]
    assert len(steps[0]) == 6
    assert steps[0] == steps[1] == steps[2]
    assert scene.slack is not None
    assert scene.discord is not None
    for told in (scene.slack, scene.discord):
        await until(partial(_announced, told))
    await team.ben.press("Evidence", "The test is a pass")
    await team.ben.sees(".zip")
    await team.ada.say("/incident timeline --prove")
    await team.ada.sees("The record is whole.")


def _bot(scene: Scene, staging: Simulator, folder: Path) -> Bot:
    return scene.bot(
        folder,
        LIFEBOAT_CONVEX__STAGING__URL=staging.url,
        LIFEBOAT_CONVEX__STAGING__KEY=staging.key,
        LIFEBOAT_WEB_TOKENS__ADA=TOKEN,
    )


@asynccontextmanager
async def _ada_at_the_page(browser: Browser, bot: Bot) -> AsyncIterator[Page]:
    page = await browser.new_page()
    await page.goto(bot.url)
    await page.locator("[name=token]").fill(TOKEN)
    await page.keyboard.press("Enter")
    await page.locator("#line").wait_for()
    yield page
    await page.close()


def _strangers(scene: Scene) -> list[Chat]:
    """People in the rooms whom the plan does not know."""
    assert scene.slack is not None
    assert scene.discord is not None
    [room], [other] = _practice(scene.slack), _practice(scene.discord)
    on_discord = DiscordChat(scene.discord, scene.discord.person("mallory"), other)
    return [SlackChat(scene.slack.person("mallory"), room), on_discord]


def _practice(emulator: SlackEmulator | DiscordEmulator) -> list[str]:
    """The names of the rooms that are practice."""
    return [one.name for one in emulator.world.channels.values() if one.name.startswith("practice-")]


def _announced(emulator: SlackEmulator | DiscordEmulator) -> bool:
    return any("is over: pass" in one.words for one in emulator.posted(ELSEWHERE))


def _everything_said(scene: Scene) -> Iterator[str]:
    """Every message to all of them in a room of practice, as it is read."""
    assert scene.slack is not None
    assert scene.discord is not None
    for emulator in (scene.slack, scene.discord):
        for room in _practice(emulator):
            yield from (one.words for one in emulator.posted(room))


def _rows(simulator: Simulator) -> Rows:
    tables = simulator.deployment.user_tables.items()
    return {name: [one.line for one in table.view().ordered(newest_first=False)] for name, table in tables}
