"""Knows how messages are put into the console's channels and rooms, and who waits. Knows nothing of HTML or HTTP."""

import asyncio
import re
from collections.abc import Sequence
from urllib.parse import quote

from bot.chat.cards import Card
from bot.domain.errors import Refused
from bot.domain.people import LIFEBOAT, PersonId
from bot.ports import Clock, Gone, Room
from bot.store import console, console_rooms
from bot.store.database import Database

LONGEST_NAME = 60
LONGEST_TOPIC = 250
_SAME_NAME = 50


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
    """The console's side of the `Poster` and `Host` ports: all is rows, so a post is there once it is committed.

    `channels` are those that stand from the first; rooms are opened beside them. What is private to somebody
    (`dm:<person>`) stands in every channel that they read.
    """

    platform = "web"
    pace = 2.0
    threads = False
    rooms = True

    def __init__(self, database: Database, clock: Clock, channels: Sequence[str], public_url: str = "") -> None:
        self.bell = Bell()
        self._database = database
        self._clock = clock
        self._channels = tuple(channels)
        self._public_url = public_url.rstrip("/")

    async def post(self, channel: str, card: Card, key: str, _under: str | None = None) -> str:
        """Post as Lifeboat, for everybody or one person; the same key again is the same message."""
        private_to = console.reader_of(channel)
        return str(await self.say(channel, LIFEBOAT.id, card, key=f"post:{key}", private_to=private_to))

    async def edit(self, channel: str, message: str, card: Card) -> str:
        """Replace a message's card in place. Raises Gone when it is not in the channel any more."""
        async with self._database.write() as db:
            changed = message.isdecimal() and await console.edit(db, int(message), card, self._clock.now())
            if changed:
                await console_rooms.redrawn(db, int(message), card.tone)
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

    # --- rooms ------------------------------------------------------------------------------------------------------

    async def open_room(self, name: str, key: str) -> Room:
        """Open a room; the same key again is the same room. Raises Refused where fifty have the name already."""
        fitted = re.sub(r"[\W_]+", "-", name.lower()).strip("-")[:LONGEST_NAME].strip("-") or "room"
        names = [fitted, *(f"{fitted}-{number}" for number in range(2, _SAME_NAME))]
        async with self._database.write() as db:
            free = [one for one in names if one not in self._channels]
            opened = await console_rooms.open_room(db, free, key, self._clock.now())
        if opened is None:
            raise Refused(f"Too many rooms of the console are called {fitted!r}. No further one was opened.")
        self.bell.ring()
        url = f"{self._public_url}/c/{quote(opened)}" if self._public_url else ""
        return Room(opened, opened, url)

    async def invite(self, _channel: str, _people: Sequence[PersonId]) -> Sequence[PersonId]:
        """Nothing is to be done: everybody who is let in reads every room."""
        return ()

    async def set_topic(self, channel: str, words: str) -> None:
        """Set what stands under a room's name. Raises Gone."""
        line = " ".join(words.split())
        topic = line if len(line) <= LONGEST_TOPIC else f"{line[: LONGEST_TOPIC - 1].rstrip()}…"
        async with self._database.write() as db:
            standing = await console_rooms.set_topic(db, channel, topic)
        if not standing:
            raise Gone(channel)
        self.bell.ring()

    async def pin(self, channel: str, message: str) -> None:
        """Let a message be reached from the top of its room, instead of another. Raises Gone."""
        async with self._database.write() as db:
            standing = message.isdecimal() and await console_rooms.pin(db, channel, int(message))
        if not standing:
            raise Gone(f"{channel}: {message}")
        self.bell.ring()
