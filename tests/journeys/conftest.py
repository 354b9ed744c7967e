"""The real bot, a simulated Convex, and every platform to meet it on."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from bot.simulator.server import Simulator
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.journeys.bot import Bot
from tests.journeys.chat import Chat
from tests.journeys.on_discord import DiscordChat
from tests.journeys.on_slack import SlackChat
from tests.journeys.on_web import WebChat

PLAN = (Path(__file__).parents[2] / "bot" / "plan.toml").read_text("utf-8")
TOKEN = "a-token-of-ada-alone"


@pytest_asyncio.fixture(loop_scope="session")
async def convex(tmp_path: Path) -> AsyncIterator[Simulator]:
    """A small deployment."""
    async with Simulator(tmp_path / "convex", size_mb=0.5) as simulator:
        yield simulator


@pytest_asyncio.fixture(loop_scope="session")
async def bot(chat_and_bot: tuple[Chat, Bot]) -> Bot:
    """The bot that serves the chat."""
    return chat_and_bot[1]


@pytest_asyncio.fixture(loop_scope="session")
async def chat(chat_and_bot: tuple[Chat, Bot]) -> Chat:
    """Ada, an operator, somewhere."""
    return chat_and_bot[0]


@pytest_asyncio.fixture(loop_scope="session", params=["slack", "slack-http", "discord", "web"])
async def chat_and_bot(
    request: pytest.FixtureRequest, tmp_path: Path, convex: Simulator, browser: Browser
) -> AsyncIterator[tuple[Chat, Bot]]:
    """Each platform in turn; the bot is up."""
    places = {
        "slack": _on_slack,
        "slack-http": partial(_on_slack, by_http=True),
        "discord": _on_discord,
        "web": partial(_on_web, browser),
    }
    async with places[request.param](tmp_path, convex) as opened:
        yield opened


@asynccontextmanager
async def _up(bot: Bot) -> AsyncIterator[Bot]:
    await bot.start()
    try:
        yield bot
    finally:
        await bot.stop()


@asynccontextmanager
async def _on_web(browser: Browser, folder: Path, convex: Simulator) -> AsyncIterator[tuple[Chat, Bot]]:
    async with _up(_bot(folder, convex, {"LIFEBOAT_WEB_TOKENS__ADA": TOKEN})) as bot:
        page = await browser.new_page()
        await page.goto(bot.url)
        await page.locator("[name=token]").fill(TOKEN)
        await page.keyboard.press("Enter")
        await page.locator("#line").wait_for()
        yield WebChat(page), bot
        await page.close()


@asynccontextmanager
async def _on_slack(folder: Path, convex: Simulator, *, by_http: bool = False) -> AsyncIterator[tuple[Chat, Bot]]:
    async with SlackEmulator() as slack:
        ada = slack.person("ada")
        settings = {"LIFEBOAT_SLACK__BOT_TOKEN": slack.bot_token, "LIFEBOAT_SLACK__API": slack.api}
        if by_http:
            settings["LIFEBOAT_SLACK__SIGNING_SECRET"] = slack.signing_secret
        else:
            settings["LIFEBOAT_SLACK__APP_TOKEN"] = slack.app_token
        bot = _bot(folder, convex, settings, f'slack = "{ada.id}"')
        slack.http.url = f"{bot.url}/slack/events" if by_http else ""
        async with _up(bot):
            yield SlackChat(slack, ada, "backups"), bot
        assert slack.complaints == []


@asynccontextmanager
async def _on_discord(folder: Path, convex: Simulator) -> AsyncIterator[tuple[Chat, Bot]]:
    async with DiscordEmulator() as discord:
        ada = discord.person("ada")
        settings = {
            "LIFEBOAT_DISCORD__TOKEN": discord.token,
            "LIFEBOAT_DISCORD__GUILD": discord.guild_id,
            "LIFEBOAT_DISCORD__API": discord.api,
            "LIFEBOAT_DISCORD__GATEWAY": discord.gateway,
        }
        async with _up(_bot(folder, convex, settings, f'discord = "{ada.id}"')) as bot:
            yield DiscordChat(discord, ada, "backups"), bot


def _bot(folder: Path, convex: Simulator, settings: Mapping[str, str], ada: str = "") -> Bot:
    plan = folder / "plan.toml"
    plan.write_text(PLAN.replace("[people.ada]\n", f"[people.ada]\n{ada}\n"), "utf-8")
    access = {
        "LIFEBOAT_PLAN": str(plan),
        "LIFEBOAT_CONVEX__PRODUCTION__URL": convex.url,
        "LIFEBOAT_CONVEX__PRODUCTION__KEY": convex.key,
    }
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Bot(folder, port, {**access, **settings})
