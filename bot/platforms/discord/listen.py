"""Knows how the bot is connected to Discord, and stays so. Knows nothing of what people ask there."""

import asyncio
import logging
import time
from datetime import timedelta
from typing import Any

import aiohttp
import discord
import structlog
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.domain.errors import Outage
from bot.house import House
from bot.platforms.discord import commands
from bot.platforms.discord.answer import Answering
from bot.platforms.discord.permissions import INTENTS, PERMISSIONS
from bot.platforms.discord.post import Posting
from bot.platforms.discord.send import Stationery
from bot.ports import Symptom
from bot.router import Router

API = "https://discord.com/api/v10"
GATEWAY = "wss://gateway.discord.gg/"
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 300.0
"""Seconds between two attempts to log in."""
LONGEST_SILENCE = timedelta(seconds=90)
_AT_ONCE = 32
"""Interactions that are worked on at a time; more wait their turn, and Discord lets each wait three seconds."""
_log = structlog.get_logger()


class Discord(Posting):
    """The door to Discord. With `guild` the commands are that server's alone, and there at once."""

    def __init__(
        self,
        router: Router,
        house: House,
        *,
        token: str,
        guild: int | None = None,
        api: str = API,
        gateway: str = GATEWAY,
        prefix: str = "",
    ) -> None:
        stationery = Stationery(house, prefix)
        super().__init__(stationery, house.clock, self._connected)
        self._answering = Answering(router, stationery, prefix)
        self._declared = commands.declared(router.groups, prefix)
        self._token = token
        self._guild = guild
        self._current: _Client | None = None
        self._trouble = Symptom("Connecting.", "Wait a moment, then look again.")
        self._unsynced = ""
        self._task: asyncio.Task[None] | None = None
        self._answers: set[asyncio.Task[None]] = set()
        self._turns = asyncio.Semaphore(_AT_ONCE)
        _point_to(api, gateway)

    # --- from start to end ------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to connect, and go on trying."""
        self._task = asyncio.create_task(self._stay())

    async def close(self) -> None:
        """Leave, and let what is being answered end."""
        if self._answers:
            await asyncio.wait(set(self._answers), timeout=5)
        if self._current is not None:
            await self._current.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _stay(self) -> None:
        wait = SHORTEST_WAIT
        while True:
            begun = time.monotonic()
            client = self._current = _Client(self)
            try:
                await client.start(self._token)
                self._trouble = Symptom("The connection was closed.", "It is opened again by itself.", broken=True)
            except discord.LoginFailure:
                mend = "Copy the token anew: developer portal, Bot, Reset Token; set LIFEBOAT_DISCORD__TOKEN."
                self._trouble = Symptom("Discord does not know the bot's token.", mend, broken=True)
            except discord.PrivilegedIntentsRequired:
                mend = "Lifeboat asks for no privileged intent; look whether another bot uses its token."
                self._trouble = Symptom("Discord refuses the intents.", mend, broken=True)
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                mend = "It is tried again by itself; see discordstatus.com."
                self._trouble = Symptom(f"Discord could not be reached ({type(error).__name__}).", mend, broken=True)
            except Exception:  # noqa: BLE001 - a platform's start: another one must go on whatever happens here
                _log.exception("bug", platform=self.platform)
                self._trouble = Symptom("Lifeboat made a mistake while connecting.", "See its log.", broken=True)
            finally:
                await client.close()
            if time.monotonic() - begun > LONGEST_WAIT:
                wait = SHORTEST_WAIT
            _log.warning("discord_disconnected", problem=self._trouble.found, again_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    # --- how it is --------------------------------------------------------------------------------------------------

    async def symptoms(self) -> list[Symptom]:
        """Connected as whom and where, or why not; what it may not do, and what became of its commands."""
        client = self._current
        if client is None or not client.is_ready():
            return [self._trouble]
        names = ", ".join(guild.name for guild in client.guilds)
        found = [Symptom(f"Connected as {client.user} in {names or 'no server'}.", "" if names else _invite(client))]
        if self._guild is not None and client.get_guild(self._guild) is None:
            found.append(Symptom(f"It is not in the server {self._guild}.", _invite(client), broken=True))
        for guild in client.guilds:
            allowed = dict(guild.me.guild_permissions)
            lacking = [name for name in PERMISSIONS if not allowed.get(name)]
            if lacking:
                said = ", ".join(f"{name.replace('_', ' ')} ({PERMISSIONS[name]})" for name in lacking)
                found.append(Symptom(f"In {guild.name} it may not {said}.", _invite(client)))
        if self._unsynced:
            found.append(Symptom(f"Its commands are not up to date: {self._unsynced}.", _invite(client), broken=True))
        return found

    async def deaf(self) -> str:
        """Why it hears nothing: not connected, or nothing was answered for long."""
        client = self._current
        if client is None or not client.is_ready():
            return self._trouble.found
        return "" if client.silence < LONGEST_SILENCE.total_seconds() else "the gateway does not answer"

    def _connected(self) -> discord.Client:
        if self._current is None or not self._current.is_ready():
            raise Outage("Discord", f"Discord is not connected: {self._trouble.found}")
        return self._current

    # --- what the client tells --------------------------------------------------------------------------------------

    async def sync(self, client: discord.Client) -> None:
        """Give Discord the commands, if it has others: it takes few such calls a day."""
        app, http = client.application_id, client.http
        assert app is not None
        try:
            if self._guild is None:
                if not commands.same(await http.get_global_commands(app), self._declared):
                    await http.bulk_upsert_global_commands(app, self._declared)
                    _log.info("discord_commands_synced", where="everywhere")
                return
            if not commands.same(await http.get_guild_commands(app, self._guild), self._declared):
                await http.bulk_upsert_guild_commands(app, self._guild, self._declared)
                _log.info("discord_commands_synced", where=self._guild)
            # The same command would stand there twice.
            if await http.get_global_commands(app):
                await http.bulk_upsert_global_commands(app, [])
            self._unsynced = ""
        except discord.HTTPException as error:
            self._unsynced = f"Discord says {error.text or error.status}"
            _log.error("discord_commands_not_synced", status=error.status, code=error.code, said=error.text)

    def answer(self, interaction: discord.Interaction[discord.Client]) -> None:
        """Answer in a task of its own."""
        task = asyncio.create_task(self._answer(interaction))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer(self, interaction: discord.Interaction[discord.Client]) -> None:
        async with self._turns:
            try:
                await self._answering.answer(interaction)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                _log.warning("discord_answer_lost", interaction=interaction.id, problem=repr(error))
            except Exception:  # noqa: BLE001 - the platform's edge: one interaction must not end another
                _log.exception("bug", platform=self.platform, interaction=interaction.id)


class _Client(discord.Client):
    """discord.py's client, which tells its events to the door."""

    def __init__(self, door: Discord) -> None:
        super().__init__(
            intents=INTENTS,
            allowed_mentions=discord.AllowedMentions.none(),
            # The shortest that discord.py allows: what takes longer is for the sender to wait out.
            max_ratelimit_timeout=30,
            # Every guild's members would be waited for, and nobody needs them.
            guild_ready_timeout=0.1,
            max_messages=None,
            heartbeat_timeout=LONGEST_SILENCE.total_seconds(),
        )
        self._door = door

    @property
    def silence(self) -> float:
        """Seconds since the gateway last answered a heartbeat."""
        pulse: Any = getattr(self.ws, "_keep_alive", None)
        return time.perf_counter() - pulse._last_ack if pulse is not None else float("inf")

    async def setup_hook(self) -> None:
        await self._door.sync(self)

    async def on_ready(self) -> None:
        _log.info("discord_connected", bot=str(self.user), servers=len(self.guilds))

    async def on_interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        self._door.answer(interaction)

    async def on_error(self, event_method: str, /, *_args: Any, **_named: Any) -> None:
        _log.exception("bug", platform="discord", event=event_method)


def _point_to(api: str, gateway: str) -> None:
    # discord.py keeps these for the whole process; a Discord of one's own is the only one there then.
    logging.getLogger("discord").setLevel(logging.WARNING)
    discord.VoiceClient.warn_nacl = False
    if api != Route.BASE:
        Route.BASE = api
    if gateway != str(DiscordWebSocket.DEFAULT_GATEWAY):
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)


def _invite(client: discord.Client) -> str:
    return f"Invite it anew by the link of: lifeboat manifest discord {client.application_id}"
