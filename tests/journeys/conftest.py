"""The real bot, a simulated Convex, and every platform to meet it on."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.simulator.server import Simulator
from tests.emulators.discord import DiscordEmulator
from tests.journeys.bot import Bot
from tests.journeys.chat import Chat
from tests.journeys.on_discord import DiscordChat

PLAN = (Path(__file__).parents[2] / "bot" / "plan.toml").read_text("utf-8")


@pytest.fixture
async def convex(tmp_path: Path) -> AsyncIterator[Simulator]:
    """A small deployment."""
    async with Simulator(tmp_path / "convex", size_mb=0.5) as simulator:
        yield simulator


@pytest.fixture
async def bot(chat_and_bot: tuple[Chat, Bot]) -> Bot:
    """The bot that serves the chat."""
    return chat_and_bot[1]


@pytest.fixture
async def chat(chat_and_bot: tuple[Chat, Bot]) -> Chat:
    """Ada, an operator, somewhere."""
    return chat_and_bot[0]


@pytest.fixture(params=["discord"])
async def chat_and_bot(
    request: pytest.FixtureRequest, tmp_path: Path, convex: Simulator
) -> AsyncIterator[tuple[Chat, Bot]]:
    """Each platform in turn."""
    places = {"discord": _on_discord}
    async with places[request.param](tmp_path, convex) as (chat, bot):
        await bot.start()
        try:
            yield chat, bot
        finally:
            await bot.stop()


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
        yield DiscordChat(discord, ada, "backups"), _bot(folder, convex, settings, f'discord = "{ada.id}"')


def _bot(folder: Path, convex: Simulator, settings: Mapping[str, str], ada: str) -> Bot:
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
