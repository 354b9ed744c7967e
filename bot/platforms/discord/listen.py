"""Knows how the bot is connected to Discord, and stays so. Knows nothing of what people ask there."""

import asyncio
import time

import discord
import structlog

from bot.domain.errors import Outage
from bot.house import House
from bot.platforms.discord import commands, symptoms
from bot.platforms.discord.answer import Answering
from bot.platforms.discord.client import API, GATEWAY, Client, Interaction, prepare
from bot.platforms.discord.register import register
from bot.platforms.discord.rooms import Rooms
from bot.platforms.discord.send import Stationery
from bot.ports import Symptom
from bot.router import Router

SHORTEST_WAIT, LONGEST_WAIT = 1.0, 90.0
"""Seconds between two attempts to connect; Discord allows a thousand sessions a day."""
PATIENCE = 90.0
"""Seconds without an answer to a heartbeat, of which two were sent by then."""
_LAST_ANSWERS = 5.0
"""Seconds that what is being answered has to end."""
_log = structlog.get_logger()


class Discord(Rooms):
    """The door to Discord. With `guild` the commands are that server's alone, and there at once.

    `patience`: seconds without a sign of life after which the connection is begun anew. Incidents get a channel of
    their own (in the `category`), or with `rooms_in` a thread in that channel.
    """

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
        patience: float = PATIENCE,
        rooms_in: int | None = None,
        category: int | None = None,
    ) -> None:
        stationery = Stationery(house, prefix)
        super().__init__(stationery, house, self._connected, guild=guild, rooms_in=rooms_in, category=category)
        self._answering = Answering(router, stationery, prefix)
        self._declared = commands.declared(router.groups, prefix)
        self._token = token
        self._guild = guild
        self._patience = patience
        self._current: Client | None = None
        self._trouble = symptoms.CONNECTING
        self._refused: Symptom | None = None
        self._task: asyncio.Task[None] | None = None
        self._answers: set[asyncio.Task[None]] = set()
        prepare(api, gateway)

    # --- from start to end ------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to connect, and go on trying."""
        self._task = asyncio.create_task(self._stay())

    async def close(self) -> None:
        """Leave, and let what is being answered end."""
        if self._answers:
            await asyncio.wait(set(self._answers), timeout=_LAST_ANSWERS)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _stay(self) -> None:
        wait = SHORTEST_WAIT
        while True:
            begun = time.monotonic()
            self._trouble = await self._visit()
            wait = SHORTEST_WAIT if time.monotonic() - begun > LONGEST_WAIT else wait
            _log.warning("discord_disconnected", problem=self._trouble.found, again_in=wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _visit(self) -> Symptom:
        """Connect, and stay as long as it lasts; why it ended.

        discord.py goes on with a session that broke off by itself. It is not asked to try again where that fails,
        because the pauses that it makes grow to a quarter of an hour.
        """
        client = self._current = Client(self._register, self._answer, patience=self._patience)
        watching = asyncio.create_task(client.watch())
        try:
            await client.start(self._token, reconnect=False)
        except Exception as error:  # noqa: BLE001 - a platform's start: others go on whatever happens here
            return symptoms.of_failure(error)
        finally:
            watching.cancel()
            await client.close()
        return symptoms.CLOSED

    # --- how it is --------------------------------------------------------------------------------------------------

    async def symptoms(self) -> list[Symptom]:
        """Connected as whom and where, or why not; what it may not do, and what became of its commands."""
        client = self._current
        if client is None or not client.is_ready():
            return [self._trouble]
        if silent := await self.deaf():
            return [symptoms.of_silence(silent)]
        return symptoms.of_connection(
            client, self._guild, self._answering.channels, self._refused, self.hindrance(client)
        )

    async def deaf(self) -> str:
        """Why it hears nothing: not connected, or nothing was answered for long."""
        client = self._current
        if client is None or not client.is_ready():
            return self._trouble.found
        return "" if client.silence < self._patience else "the gateway does not answer"

    def _connected(self) -> discord.Client:
        if self._current is None or not self._current.is_ready():
            raise Outage("Discord", f"Discord is not connected: {self._trouble.found}", unsent=True)
        return self._current

    # --- what the client tells --------------------------------------------------------------------------------------

    async def _register(self, client: discord.Client) -> None:
        self._refused = await register(client, self._guild, self._declared)

    def _answer(self, interaction: Interaction) -> None:
        task = asyncio.create_task(self._answering.answer(interaction))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)
