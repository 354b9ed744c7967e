"""Knows discord.py's client as Lifeboat uses it: what it asks for, its patience, its pulse. Knows no answer."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.platforms.discord.permissions import INTENTS

API = "https://discord.com/api/v10"
GATEWAY = "wss://gateway.discord.gg/"
_BETWEEN_SESSIONS = 5.0
"""Seconds that Discord wants between the beginnings of two sessions."""
_log = structlog.get_logger()

Interaction = discord.Interaction[discord.Client]


class Client(discord.Client):
    """One connection to Discord, that hands on what comes. `patience`: seconds without a heartbeat's answer."""

    def __init__(
        self,
        on_login: Callable[["Client"], Any],
        on_asked: Callable[[Interaction], None],
        *,
        patience: float,
    ) -> None:
        super().__init__(
            intents=INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            # The shortest that discord.py allows: what takes longer is for the sender to wait out.
            max_ratelimit_timeout=30,
            # Every guild's members would be waited for, and nobody needs them.
            guild_ready_timeout=0.1,
            max_messages=None,
            heartbeat_timeout=patience,
        )
        self._on_login = on_login
        self._on_asked = on_asked
        self._patience = patience
        self._identified = float("-inf")

    @property
    def silence(self) -> float:
        """Seconds since the gateway last answered a heartbeat; endless while there is no connection."""
        # discord.py publishes how long an answer took, not when the last one came.
        pulse: Any = getattr(self.ws, "_keep_alive", None)
        return time.perf_counter() - pulse._last_ack if pulse is not None else float("inf")

    async def watch(self) -> None:
        """Begin the connection anew when heartbeats are not answered any more, as long as this is awaited.

        discord.py does so only when nothing comes at all: a half-dead gateway would keep it waiting.
        """
        while True:
            await asyncio.sleep(self._patience / 10)
            if self.ws is not None and self.ws.open and self.silence > self._patience:
                _log.warning("discord_deaf", seconds=round(self.silence))
                await self.ws.close(code=4000)

    async def setup_hook(self) -> None:
        await self._on_login(self)

    async def before_identify_hook(self, _shard_id: int | None, *, initial: bool = False) -> None:  # noqa: ARG002 - passed by keyword
        # discord.py waits the whole time even when the last session began long ago.
        await asyncio.sleep(max(0.0, self._identified + _BETWEEN_SESSIONS - time.monotonic()))
        self._identified = time.monotonic()

    async def on_ready(self) -> None:
        _log.info("discord_connected", bot=str(self.user), servers=len(self.guilds))

    async def on_resumed(self) -> None:
        _log.info("discord_resumed")
        await self._catch_up()

    async def on_guild_join(self, _guild: discord.Guild) -> None:
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Offer again what was refused before: the bot was not there yet, or had changed too much that day."""
        try:
            await self._on_login(self)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            _log.warning("discord_commands_not_looked_at", problem=repr(error))

    async def on_interaction(self, interaction: Interaction) -> None:
        self._on_asked(interaction)

    async def on_error(self, event_method: str, /, *_args: Any, **_named: Any) -> None:
        _log.exception("bug", platform="discord", event=event_method)


class _Lines(logging.Handler):
    """What discord.py has to say, as log lines of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        _log.warning("discord_library", said=record.getMessage())


def prepare(api: str, gateway: str) -> None:
    """Set what discord.py keeps for the whole process: where Discord is (a Discord of one's own), and its log."""
    if api != Route.BASE:
        Route.BASE = api
    if gateway != str(DiscordWebSocket.DEFAULT_GATEWAY):
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    library = logging.getLogger("discord")
    library.setLevel(logging.WARNING)
    library.propagate = False
    if not library.handlers:
        library.addHandler(_Lines())
