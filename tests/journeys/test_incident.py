"""One incident on Slack, Discord and the web page at once, from the damage to its end: nobody in it knows an id."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from bot.simulator.neighbours import Neighbours
from bot.simulator.server import Simulator
from bot.simulator.support import SupportDesk
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.journeys.bot import Bot
from tests.journeys.chat import Chat
from tests.journeys.on_discord import DiscordChat
from tests.journeys.on_slack import SlackChat
from tests.journeys.on_web import WebChat
from tests.journeys.recovering import ELSEWHERE, TOKENS, Scene, Visitor, discord_room, posted_twice, slack_room, up
from tests.journeys.test_faults import assert_no_errors
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
BOARD = "Production: Users are gone"
READY_WITHIN = 5.0


@pytest_asyncio.fixture(loop_scope="session")
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """Everything around the bot."""
    async with (
        Simulator(tmp_path / "convex", size_mb=0.5) as convex,
        SupportDesk({convex.name: convex.deployment}) as desk,
        SlackEmulator() as slack,
        DiscordEmulator() as discord,
        Neighbours(build_seconds=0.2, run_seconds=0.5) as near,
    ):
        yield Scene(convex, desk, slack, discord, near)


@asynccontextmanager
async def chloe(browser: Browser, bot: Bot) -> AsyncIterator[Page]:
    """Chloe at the page."""
    page = await browser.new_page()
    await page.goto(bot.url)
    await page.locator("[name=token]").fill(TOKENS["chloe"])
    await page.keyboard.press("Enter")
    await page.locator("#line").wait_for()
    yield page
    await page.close()


async def test_a_team_on_three_platforms_recovers_production(scene: Scene, browser: Browser, tmp_path: Path) -> None:
    async with up(scene.bot(tmp_path)) as bot, chloe(browser, bot) as page:
        target = await _copied_and_broken(scene)
        team = await _begun(scene, page)
        await _the_moment_is_said(team, target)
        await _steps_are_taken(team, target)
        await _what_writes_is_stopped(scene, team)
        await _support_restores(scene, team)
        await _it_is_proved(team)
        await _everything_goes_on(scene, team)
        await _it_is_closed(team)
        await _it_is_reported(team)
    assert posted_twice(scene.slack, scene.discord) == []
    assert len(scene.desk.letters) == 1
    assert_no_errors(bot)


async def test_a_wrong_timestamp_in_the_letter_gives_a_wrong_restore(scene: Scene, tmp_path: Path) -> None:
    session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
    async with up(scene.bot(tmp_path)) as bot, session:
        target = await scene.break_production()
        ben = Visitor(session, bot, "ben")
        await ben.say("/incident start Users are gone")
        await asyncio.sleep(max(0.0, target.timestamp() + 1.1 - time.time()))
        await ben.say(f"/incident point {target + timedelta(seconds=1):%Y-%m-%dT%H:%M:%SZ}")
        await ben.say("/incident email send")
    [answer] = scene.desk.answers
    assert answer.restored is not None, answer.text
    assert len(scene.rows()["users"]) == len(scene.good["users"]) - 312


class Team(NamedTuple):
    """Three people in the rooms of one incident, each on a platform of their own."""

    ada: Chat
    ben: Chat
    chloe: Chat

    async def all_see(self, words: str, within: float = 20) -> None:
        """Wait until everybody does."""
        for one in self:
            await one.sees(words, within)


async def _copied_and_broken(scene: Scene) -> datetime:
    assert scene.slack is not None
    ada = SlackChat(scene.slack.person("ada"), "backups")
    await ada.say("/backup export production")
    await ada.sees("Production: sound", within=30)
    return await scene.break_production()


async def _begun(scene: Scene, page: Page) -> Team:
    """Rooms everywhere within seconds: a board, what to do first, the team invited, others told."""
    slack, discord = scene.slack, scene.discord
    assert slack is not None
    assert discord is not None
    ada, ben, begun = slack.person("ada"), discord.person("ben"), time.monotonic()
    await SlackChat(ada, "backups").say("/incident start --kind buggy-migration Users are gone")
    await until(lambda: any(one.name.startswith("inc-") for one in slack.world.channels.values()))
    await until(lambda: any(one.name.startswith("inc-") for one in discord.world.channels.values()))
    room, other = slack.world.named(slack_room(slack)), discord_room(discord)
    team = Team(SlackChat(ada, room.name), DiscordChat(discord, ben, other), WebChat(page))
    await page.get_by_role("link", name=re.compile("inc-.*users-are-gone")).click()
    await team.all_see(BOARD)
    await team.all_see("Stop the bleeding")
    assert time.monotonic() - begun < READY_WITHIN
    await until(lambda: room.pins)
    await until(lambda: "now: 1. Identify the scope" in room.topic)
    await until(lambda: ada.id in room.members)
    await until(lambda: any(one.pinned for one in discord.posted(other)))
    await expect(page.locator(".topic")).to_contain_text(BOARD)
    for told in (slack.posted(ELSEWHERE), discord.posted(ELSEWHERE)):
        assert sum(BOARD in one.words for one in told) == 1
    return team


async def _the_moment_is_said(team: Team, target: datetime) -> None:
    await team.ben.say(f"/incident point time:{target:%Y-%m-%dT%H:%M:%SZ}")
    await team.all_see(f"The data is to be as it was at {target:%Y-%m-%d %H:%M:%S} UTC")


async def _steps_are_taken(team: Team, target: datetime) -> None:
    await team.ada.say("/incident assign 1 ben")
    await team.chloe.sees("○ 1. Identify the scope of data loss/corruption · Ben Lindqvist")
    await team.ben.press("Begin", BOARD)
    await team.ada.sees("Ben Lindqvist began 1. Identify the scope")
    await team.chloe.sees("▸ 1. Identify the scope of data loss/corruption · Ben Lindqvist")
    await team.ben.press("Done…", BOARD)
    await team.ben.fill(note="users: 312 are missing, their posts point at nobody")
    await team.chloe.press("I take it", "Next: 2. Determine")
    await team.ada.sees("Chloe Tanaka took 2. Determine the last known good timestamp")
    await team.chloe.say(f"/incident done 2 {target:%Y-%m-%dT%H:%M:%SZ}")
    await team.ada.say("/recovery announce Users are missing; please do not write to production.")
    await team.ben.sees("Users are missing; please do not write")
    await team.ada.say("/incident done 3 announced")


async def _what_writes_is_stopped(scene: Scene, team: Team) -> None:
    near = scene.near
    assert near is not None
    await team.ada.press("Pause Convex…", "Stop the bleeding")
    await team.ada.press("Pause Convex…", "Pause Convex: production")
    await team.ada.fill(really="production")
    await until(lambda: scene.convex.deployment.paused)
    await team.ben.say("/recovery stop maintenance --really production")
    await team.ben.say("/recovery stop webhooks --really production")
    for words in ("Convex is paused", "the site is in maintenance mode", "webhooks are off"):
        await team.all_see(f"Stopped: {words}.")
        await team.chloe.sees(f"Still stopped: {words}")
    await until(near.vercel.in_maintenance)
    await team.ben.say("/incident done step:4 'note:everything is stopped'")


async def _support_restores(scene: Scene, team: Team) -> None:
    """What the letter says is what support does: production is as it was just before the damage, to the byte."""
    assert not scene.is_as_before()
    await team.ada.say("/incident email")
    await team.ada.press("Send it", "Draft of the request")
    await team.ada.sees("The mail server took the request")
    [answer] = scene.desk.answers
    assert answer.restored is not None, answer.text
    assert scene.is_as_before()
    await team.chloe.say(f"/incident answer {answer.text.splitlines()[0]}")
    await team.ada.sees("Support has answered.")
    await team.ada.say("/recovery restored everything --source 'Convex support' --how 'in place'")
    await team.ada.say("/incident done 5 everything, by Convex support, in place")


async def _it_is_proved(team: Team) -> None:
    await team.ada.say("/backup export production")
    await team.ada.sees("Production: sound", within=30)
    await team.ada.say("/recovery integrity")
    await team.all_see("Nothing of the last known good copy is missing")
    await team.ada.say("/incident done 6 the same as before")
    await team.ben.say("/recovery test")
    await team.all_see("61 passed")
    await team.ben.say("/incident done step:7 'note:61 passed'")


async def _everything_goes_on(scene: Scene, team: Team) -> None:
    assert scene.near is not None
    await team.ada.say("/recovery resume all")
    await team.all_see("Everything that was stopped goes on again")
    assert not scene.convex.deployment.paused
    assert not scene.near.vercel.in_maintenance()
    await team.ada.say("/incident done 8 all on again")
    await team.all_see("Recovered, paperwork left: Users are gone")


async def _it_is_closed(team: Team) -> None:
    await team.ada.say("/incident close")
    await team.ada.sees("Still open: 9. Write post-mortem report; 10. Update backup procedures if needed.")
    await team.ada.say("/incident done 9 in the wiki")
    await team.ben.say("/incident skip step:10 'reason:nothing to change'")
    await team.ada.say("/incident close")
    await team.all_see("Closed: Users are gone")
    boards = [await one.sees("Closed: Users are gone") for one in team]
    steps = [re.findall(r"[✓–] \d+\. .*", board) for board in boards]
    assert len(steps[0]) == 10
    assert steps[0] == steps[1] == steps[2]
    await team.ada.say("/incident timeline --prove")
    await team.ada.sees("The record is whole.")


async def _it_is_reported(team: Team) -> None:
    """Who was not there reads all of it in one place, with the files to keep."""
    await team.ben.press("Report", "Closed: Users are gone")
    report = await team.ben.sees("within its target: Users are gone")
    for told in ("To recover", "events, whole", "users-are-gone.md", "users-are-gone.html"):
        assert told in report
