"""Knows how messages are put into the console's channels and who waits for them. Knows nothing of HTML or HTTP."""

import asyncio

from bot.chat.cards import Card
from bot.domain.people import LIFEBOAT
from bot.ports import Clock, Gone
from bot.store import console
from bot.store.database import Database


class Bell:
    """Wakes everybody who waits for the next message. Only quicker than looking: nobody relies on it."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """What the next ring sets. Take it before looking, so that no ring falls between the look and the wait."""
        return self._next

    def ring(self) -> None:
        """Wake them."""
        rung, self._next = self._next, asyncio.Event()
        rung.set()


class Channels:
    """The console's side of the `Poster` port: channels are rows, so a post is there once it is committed."""

    platform = "web"
    pace = 2.0
    threads = False

    def __init__(self, database: Database, clock: Clock) -> None:
        self.bell = Bell()
        self._database = database
        self._clock = clock

    async def post(self, channel: str, card: Card, key: str, _under: str | None = None) -> str:
        """Post as Lifeboat, for everybody; the same key again is the same message."""
        return str(await self.say(channel, LIFEBOAT.id, card, key=f"post:{key}"))

    async def edit(self, channel: str, message: str, card: Card) -> str:
        """Replace a message's card in place. Raises Gone when it is not in the channel any more."""
        async with self._database.write() as db:
            changed = message.isdecimal() and await console.edit(db, int(message), card, self._clock.now())
        if not changed:
            raise Gone(f"{channel}: {message}")
        self.bell.ring()
        return message

    async def find(self, channel: str, key: str, _under: str | None = None) -> str | None:
        """The message that was posted with `key`."""
        async with self._database.read() as db:
            found = await console.find(db, channel, f"post:{key}")
        return None if found is None else str(found)

    async def say(self, channel: str, author: str, card: Card, *, key: str, private_to: str = "") -> int:
        """Add a message by anybody, for everybody or one person; the same key again is the same message."""
        async with self._database.write() as db:
            now = self._clock.now()
            message = await console.post(db, channel, author, card, now, key=key, private_to=private_to)
        self.bell.ring()
        return message
