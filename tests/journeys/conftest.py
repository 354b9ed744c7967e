"""The real bot, a simulated Convex, and every platform to meet it on."""

import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from bot.simulator.server import Simulator
from tests.databases import postgresql_database
from tests.emulators.discord import DiscordEmulator
from tests.emulators.slack import SlackEmulator
from tests.journeys.bot import Bot
from tests.journeys.chat import Chat
from tests.journeys.emulated import Emulated, OnDiscord, OnSlack
from tests.journeys.on_web import WebChat

PLAN = (Path(__file__).parents[2] / "bot" / "plan.toml").read_text("utf-8")
TOKEN = "a-token-of-ada-alone"
WITH_PAGE = {"LIFEBOAT_WEB_TOKENS__ADA": TOKEN}
NewBot = Callable[..., Bot]
"""Makes a bot with access to some platforms, and further settings by their names."""


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
    opened_by: dict[str, Callable[[Path, Simulator], AbstractAsyncContextManager[tuple[Chat, Bot]]]] = {
        "slack": _on_slack,
        "slack-http": partial(_on_slack, by_http=True),
        "discord": _on_discord,
        "web": partial(_on_web, browser),
    }
    async with opened_by[request.param](tmp_path, convex) as opened:
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
    async with _up(_bot(folder, convex, WITH_PAGE)) as bot, in_browser(browser, bot) as chat:
        yield chat, bot


@asynccontextmanager
async def in_browser(browser: Browser, bot: Bot) -> AsyncIterator[Chat]:
    """Ada at the page of a bot that knows her token."""
    page = await browser.new_page()
    await page.goto(bot.url)
    await page.locator("[name=token]").fill(TOKEN)
    await page.keyboard.press("Enter")
    await page.locator("#line").wait_for()
    yield WebChat(page)
    await page.close()


@asynccontextmanager
async def _on_slack(folder: Path, convex: Simulator, *, by_http: bool = False) -> AsyncIterator[tuple[Chat, Bot]]:
    async with SlackEmulator() as slack:
        place = OnSlack(slack, by_http=by_http)
        bot = _bot(folder, convex, place.settings, place.in_plan)
        slack.http.url = f"{bot.url}/slack/events" if by_http else ""
        async with _up(bot):
            yield place.chat, bot
        assert slack.complaints == []


@asynccontextmanager
async def _on_discord(folder: Path, convex: Simulator) -> AsyncIterator[tuple[Chat, Bot]]:
    async with DiscordEmulator() as discord:
        place = OnDiscord(discord)
        async with _up(_bot(folder, convex, place.settings, place.in_plan)) as bot:
            yield place.chat, bot


# --- for what goes wrong ----------------------------------------------------------------------------------------------


@pytest_asyncio.fixture(loop_scope="session")
async def places() -> AsyncIterator[dict[str, Emulated]]:
    """Slack and Discord, by their names, each with Ada in it."""
    async with SlackEmulator() as slack, DiscordEmulator() as discord:
        yield {"slack": OnSlack(slack), "discord": OnDiscord(discord)}


@pytest.fixture(params=["slack", "discord"])
def place(request: pytest.FixtureRequest, places: dict[str, Emulated]) -> Emulated:
    """Each of them in turn."""
    return places[request.param]


@pytest_asyncio.fixture(loop_scope="session")
async def bots(places: dict[str, Emulated], tmp_path: Path, convex: Simulator) -> AsyncIterator[NewBot]:
    """Makes bots, each with a data folder of its own but for the vault; they end with the test."""
    ada = "\n".join(one.in_plan for one in places.values())
    # A copy is checked by whichever bot is asked, so those that share a database must share a disk for it.
    vault = tmp_path / "vault"
    vault.mkdir(mode=0o700)

    def make(*at: Emulated, **settings: str) -> Bot:
        folder = Path(tempfile.mkdtemp(prefix="bot-", dir=tmp_path))
        access = {name: value for one in at for name, value in one.settings.items()}
        bot = _bot(folder, convex, {**access, "LIFEBOAT_VAULT": str(vault), **settings}, ada)
        ends.push_async_callback(bot.stop)
        return bot

    async with AsyncExitStack() as ends:
        yield make


@pytest_asyncio.fixture(loop_scope="session")
async def shared(postgresql: str) -> AsyncIterator[str]:
    """The URL of an empty PostgreSQL database."""
    async with postgresql_database(postgresql) as url:
        yield url


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
