"""Knows how cards reach the terminals that wait for them. Knows nothing of sockets, and nothing of how cards look."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bot.chat.cards import Card, Tone
from bot.house import Place


@dataclass(frozen=True, slots=True)
class Posted:
    """A message as it looks now; the same `message` again is a redraw."""

    message: str
    card: Card


class Channel:
    """What one terminal is to be shown. Of a message that is redrawn faster than it is read, only the newest is."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.standing: dict[str, Card] = {}
        self._unread: dict[str, Card] = {}
        self._arrived = asyncio.Event()

    def put(self, message: str, card: Card) -> None:
        """Show a message, or show it differently."""
        self.standing[message] = card
        self._unread[message] = card
        self._arrived.set()

    async def posts(self, patience: float) -> AsyncIterator[Posted]:
        """What is shown, until something was and none of it is at work any more.

        Ends empty when nothing at all was shown within `patience` seconds.
        """
        while not self.standing or self._unread or any(card.tone is Tone.WORKING for card in self.standing.values()):
            try:
                async with asyncio.timeout(None if self.standing else patience):
                    await self._arrived.wait()
            except TimeoutError:
                return
            self._arrived.clear()
            while self._unread:
                message = next(iter(self._unread))
                yield Posted(message, self._unread.pop(message))


class TerminalPoster:
    """A `Poster` for the terminals that are connected. A channel lives as long as its terminal does.

    It bears the name of its process: where several share a database, another's sender leaves these channels alone.
    """

    pace = 1.0
    threads = False

    def __init__(self, process: str = "lifeboat") -> None:
        self.platform = f"terminal of {process}"
        self._channels: dict[str, Channel] = {}

    @contextmanager
    def open(self) -> Iterator[Channel]:
        """A channel of its own for one terminal. Its name is never used again, not even by a later process."""
        name = secrets.token_urlsafe(12)
        self._channels[name] = Channel(Place(self.platform, name))
        try:
            yield self._channels[name]
        finally:
            del self._channels[name]

    async def post(self, channel: str, card: Card, key: str, _under: str | None = None) -> str:
        """Show a card, if its terminal is still there: nobody misses what one that left was to be shown.

        Its key is the message's id.
        """
        await self.edit(channel, key, card)
        return key

    async def edit(self, channel: str, message: str, card: Card) -> str:
        """Show a card differently, if its terminal is still there: what was printed stays as it was."""
        if channel in self._channels:
            self._channels[channel].put(message, card)
        return message

    async def find(self, channel: str, key: str, _under: str | None = None) -> str | None:
        """The message of that key, if its terminal was shown it."""
        found = self._channels.get(channel)
        return key if found and key in found.standing else None
