"""A small bot made with the real discord.py, for the emulator to be tried against. Knows nothing of Lifeboat."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import discord
import yarl
from discord import app_commands, ui
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.emulators.discord import DiscordEmulator


class Form(ui.Modal, title="Restore"):
    """Two questions."""

    reason: ui.Label[ui.Modal] = ui.Label(text="Why", component=ui.TextInput(custom_id="reason", max_length=20))
    target: ui.Label[ui.Modal] = ui.Label(
        text="Where",
        component=ui.Select(
            custom_id="target",
            options=[discord.SelectOption(label="Staging", value="staging"), discord.SelectOption(label="Elsewhere")],
        ),
    )

    async def on_submit(self, interaction: discord.Interaction) -> None:
        reason, target = self.reason.component, self.target.component
        assert isinstance(reason, ui.TextInput)
        assert isinstance(target, ui.Select)
        await interaction.response.send_message(f"Because of {reason.value} into {target.values[0]}", ephemeral=True)


class Card(ui.LayoutView):
    """A card with a button and a menu, that says what was done."""

    def __init__(self, words: str = "Everything is fine") -> None:
        super().__init__(timeout=None)
        row: ui.ActionRow[Card] = ui.ActionRow(ui.Button(label="Again", custom_id="again"))
        row.add_item(ui.Button(label="Ask", custom_id="ask", style=discord.ButtonStyle.primary))
        row.add_item(ui.Button(label="Manual", url="https://example.org/manual"))
        options = [discord.SelectOption(label="First", value="1"), discord.SelectOption(label="Second", value="2")]
        menu: ui.ActionRow[Card] = ui.ActionRow(ui.Select(custom_id="menu", options=options))
        # The first person who comes to the emulated guild.
        text: ui.TextDisplay[Card] = ui.TextDisplay(f"**{words}** for <@1200000000000000302>")
        line: ui.Separator[Card] = ui.Separator()
        self.add_item(ui.Container(text, line, row, menu, accent_colour=0x00AA00))


class Bot(discord.Client):
    """Answers in every way that Discord knows."""

    def __init__(self, guild: str, heartbeat_timeout: float = 60) -> None:
        super().__init__(
            intents=discord.Intents(guilds=True),
            guild_ready_timeout=0.02,
            max_ratelimit_timeout=30,
            heartbeat_timeout=heartbeat_timeout,
        )
        self.tree = app_commands.CommandTree(self)
        self.home = discord.Object(int(guild))
        self.seen: list[discord.Interaction] = []
        self.errors: list[BaseException] = []
        declare(self)

    async def setup_hook(self) -> None:
        await self.tree.sync(guild=self.home)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Not the five seconds that a second identification is spaced by: nobody else identifies here."""

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        self.seen.append(interaction)
        if interaction.type is not discord.InteractionType.component or not interaction.data:
            return
        if interaction.data.get("custom_id") == "ask":
            await interaction.response.send_modal(Form())
        elif interaction.data.get("custom_id") == "again":
            await interaction.response.edit_message(view=Card("Looked again"))
        elif interaction.data.get("custom_id") == "menu":
            await interaction.response.defer()
            await interaction.edit_original_response(view=Card(f"Picked {interaction.data.get('values')}"))


def declare(bot: Bot) -> None:
    """Give the bot its commands."""
    group = app_commands.Group(name="backup", description="Backups")

    @group.command(name="status", description="How it stands")
    async def status(interaction: discord.Interaction) -> None:
        await interaction.response.send_message(view=Card(), ephemeral=True)

    @group.command(name="export", description="Take one")
    @app_commands.describe(environment="Which", files="Files too", count="How many")
    async def export(interaction: discord.Interaction, environment: str, files: bool = False, count: int = 1) -> None:
        await interaction.response.defer(ephemeral=environment == "quietly", thinking=True)
        await interaction.followup.send(f"Exported {environment} files={files} count={count}")

    @export.autocomplete("environment")
    async def environments(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        every = ("production", "staging", "practice")
        return [app_commands.Choice(name=one.capitalize(), value=one) for one in every if one.startswith(typed)]

    @group.command(name="twice", description="Answers twice")
    async def twice(interaction: discord.Interaction) -> None:
        await interaction.response.send_message("Once")
        with suppress(discord.InteractionResponded):
            # The library itself would not let a second answer out.
            interaction.response._response_type = None
            try:
                await interaction.response.send_message("Twice")
            except discord.HTTPException as error:
                bot.errors.append(error)

    @group.command(name="silent", description="Never answers")
    async def silent(interaction: discord.Interaction) -> None:
        pass

    bot.tree.add_command(group, guild=bot.home)


@asynccontextmanager
async def pointed_at(emulator: DiscordEmulator) -> AsyncIterator[None]:
    """Let discord.py talk to the emulator; both addresses are class attributes, put back at the end."""
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = emulator.api, yarl.URL(emulator.gateway)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@asynccontextmanager
async def running(emulator: DiscordEmulator, heartbeat_timeout: float = 60) -> AsyncIterator[Bot]:
    """A bot that is ready."""
    async with pointed_at(emulator), Bot(emulator.guild_id, heartbeat_timeout) as bot:
        task = asyncio.create_task(bot.start(emulator.token))
        waiting = asyncio.create_task(bot.wait_until_ready())
        done, _ = await asyncio.wait((task, waiting), timeout=10, return_when=asyncio.FIRST_COMPLETED)
        if waiting not in done:
            waiting.cancel()
            await task
        try:
            yield bot
        finally:
            await bot.close()
            await asyncio.gather(task, return_exceptions=True)
