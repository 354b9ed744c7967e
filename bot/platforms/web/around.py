"""Knows what stands around a channel's messages: other channels, rooms, topic, pin. Knows nothing of messages."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.store import console_rooms
from bot.store.console_rooms import ConsoleRoom
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class Around:
    """What the page of one channel shows beside its messages."""

    channel: str
    channels: tuple[str, ...]
    rooms: tuple[ConsoleRoom, ...]
    room: ConsoleRoom | None

    @property
    def mark(self) -> str:
        """The same for the same, by which a page says what it shows already."""
        return hashlib.sha256(repr(self).encode()).hexdigest()[:12]

    def new_rooms(self, before: "Around") -> list[str]:
        """Rooms that were not there before."""
        known = {room.name for room in before.rooms}
        return [room.name for room in self.rooms if room.name not in known]


class Surroundings:
    """Looks at what stands around a channel. `channels` are those that stand from the first."""

    def __init__(self, database: Database, channels: Sequence[str]) -> None:
        self._database = database
        self._channels = tuple(channels)

    async def of(self, channel: str) -> Around | None:
        """What stands around a channel; None where there is none of that name."""
        async with self._database.read() as db:
            rooms = await console_rooms.every(db)
            room = next((one for one in rooms if one.name == channel), None)
            if room is None and channel not in self._channels:
                room = await console_rooms.get(db, channel)
        if room is None and channel not in self._channels:
            return None
        return Around(channel, self._channels, tuple(rooms), room)
