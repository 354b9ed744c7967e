"""The alternative: a bot that is nothing but Bolt and discord.py, and acknowledges `/backup status` without doing it.

`python -m benchmarks.bare_bot JSON`, with what the emulators printed: {"slack": {…}, "discord": {…}}.
"""

import asyncio
import json
import sys
from typing import Any

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient


async def slack(given: dict[str, Any]) -> None:
    """Acknowledge slash commands over Socket Mode."""
    session = aiohttp.ClientSession()
    client = AsyncWebClient(given["bot_token"], base_url=given["api"], session=session)
    app = AsyncApp(client=client, process_before_response=True)

    @app.command("/backup")
    async def backup(ack: Any) -> None:
        await ack()

    await AsyncSocketModeHandler(app, given["app_token"]).connect_async()  # type: ignore[no-untyped-call] # the library's


async def on_discord(given: dict[str, Any]) -> None:
    """Defer slash commands."""
    Route.BASE = given["api"]
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(given["gateway"])
    client = discord.Client(intents=discord.Intents(guilds=True), guild_ready_timeout=0.1)
    tree = app_commands.CommandTree(client)
    guild = discord.Object(int(given["guild"]))
    group = app_commands.Group(name="backup", description="Backups")

    @group.command(name="status", description="How it stands")
    async def status(interaction: discord.Interaction[discord.Client]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)

    tree.add_command(group, guild=guild)
    await client.login(given["token"])
    await tree.sync(guild=guild)
    await client.connect()


async def main() -> None:
    """Serve until killed."""
    given = json.loads(sys.argv[1])
    await slack(given["slack"])
    await on_discord(given["discord"])


if __name__ == "__main__":
    asyncio.run(main())
