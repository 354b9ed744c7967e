"""Knows how the console is put together, and is what its sender posts through. Knows no page and no address."""

import asyncio
from collections.abc import Mapping, Sequence

from aiohttp import web

from bot.chat.cards import Card
from bot.domain.people import PersonId
from bot.house import House
from bot.platforms.web.gate import Gate
from bot.platforms.web.listen import Pages
from bot.platforms.web.post import Bell, Channels
from bot.platforms.web.sign_in import Door
from bot.router import Router


class Console:
    """The web console; also the `Poster` of its channels.

    `tokens` say who may sign in. In a demonstration (`demo`) nobody needs one, and anybody may be anybody of the team.
    `public_url` is the address that browsers use, where a proxy stands before the server.
    """

    platform = "web"
    pace = 2.0

    def __init__(
        self,
        *,
        tokens: Mapping[str, PersonId] | None = None,
        demo: bool = False,
        public_url: str = "",
        channels: Sequence[str] = ("backups",),
    ) -> None:
        if not tokens and not demo:
            raise ValueError("a console with neither tokens nor a demonstration would let nobody in")
        self._tokens = dict(tokens or {})
        self._demo = demo
        self._public_url = public_url
        self._names = tuple(channels)
        self._channels: Channels | None = None
        self._mounted = asyncio.Event()

    def mount(self, app: web.Application, router: Router, house: House) -> None:
        """Add the pages of a house to an application, before that starts."""
        self._channels = Channels(house.database, house.clock, Bell())
        door = Door(house, self._tokens, demo=self._demo, public_url=self._public_url)
        gate = Gate(door, house.plan, self._channels.bell)
        Pages(router, house, self._channels, self._names, gate).mount(app)
        self._mounted.set()

    async def post(self, channel: str, card: Card, key: str) -> str:
        """Post a card for everybody; the same key again is the same message."""
        return await (await self._open()).post(channel, card, key)

    async def edit(self, channel: str, message: str, card: Card) -> None:
        """Replace a message's card in place. Raises Gone when it is not there any more."""
        await (await self._open()).edit(channel, message, card)

    async def find(self, channel: str, key: str) -> str | None:
        """The message that was posted with `key`."""
        return await (await self._open()).find(channel, key)

    async def _open(self) -> Channels:
        # The sender works before there are pages: what it has left over from the last run waits for them.
        await self._mounted.wait()
        assert self._channels is not None
        return self._channels
