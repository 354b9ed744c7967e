"""Knows the rooms of the web console: their names, topics and pinned messages. Knows not what they were opened for.

Each change takes the next place in the order of the console's messages, by which every process hears of it.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards import Tone
from bot.store import console, rows
from bot.store.tables import console as messages
from bot.store.tables import console_rooms as table

_UNSETTLED = (Tone.BAD, Tone.WARNING, Tone.WORKING)
MOST_SETTLED = 20


@dataclass(frozen=True, slots=True)
class ConsoleRoom:
    """A room. `tone` is that of its pinned message, by which it stands as unsettled or not."""

    name: str
    topic: str
    pinned: int | None
    tone: Tone

    @property
    def unsettled(self) -> bool:
        """Whether what is pinned there still asks for somebody."""
        return self.tone in _UNSETTLED


async def open_room(db: AsyncConnection, names: list[str], key: str, now: datetime) -> str | None:
    """Open a room by the first of these names that is free, and give it; that of the room with the key, if it stands.

    None where every name is taken.
    """
    await console.tick(db)
    if (there := await db.scalar(sa.select(table.c.name).where(table.c.key == key))) is not None:
        return str(there)
    for name in names:
        values = {"name": name, "key": key, "topic": "", "pinned": None, "tone": Tone.NEUTRAL, "opened_at": now}
        if await rows.add(db, table, rows.plain(values)):
            return name
    return None


async def get(db: AsyncConnection, name: str) -> ConsoleRoom | None:
    """One room."""
    found = (await db.execute(_rooms().where(table.c.name == name))).first()
    return _room(found) if found else None


async def every(db: AsyncConnection) -> list[ConsoleRoom]:
    """The unsettled rooms, newest first, then the newest of the others."""
    newest_first = _rooms().order_by(table.c.opened_at.desc(), table.c.name)
    found = [_room(row) for row in await db.execute(newest_first)]
    settled = [room for room in found if not room.unsettled]
    return [*(room for room in found if room.unsettled), *settled[:MOST_SETTLED]]


async def set_topic(db: AsyncConnection, name: str, topic: str) -> bool:
    """Say what a room says about itself. False when there is no such room."""
    await console.tick(db)
    return (await db.execute(sa.update(table).where(table.c.name == name).values(topic=topic))).rowcount == 1


async def pin(db: AsyncConnection, name: str, message: int) -> bool:
    """Pin a message of the room, instead of another. False when there is no such room or message in it."""
    await console.tick(db)
    found = await console.get(db, message, "")
    if found is None or found.channel != name:
        return False
    values = {"pinned": message, "tone": found.card.tone.value}
    return (await db.execute(sa.update(table).where(table.c.name == name).values(values))).rowcount == 1


async def redrawn(db: AsyncConnection, message: int, tone: Tone) -> None:
    """Note how a message looks now, where it is pinned."""
    await db.execute(sa.update(table).where(table.c.pinned == message).values(tone=tone.value))


async def purge(db: AsyncConnection, before: datetime) -> None:
    """Forget rooms that were opened before a moment and have no message any more."""
    said = sa.exists().where(messages.c.channel == table.c.name)
    await db.execute(sa.delete(table).where(table.c.opened_at < before, ~said))


def _rooms() -> sa.Select[tuple[str, str, int | None, str]]:
    return sa.select(table.c.name, table.c.topic, table.c.pinned, table.c.tone)


def _room(row: sa.Row[tuple[str, str, int | None, str]]) -> ConsoleRoom:
    return ConsoleRoom(row.name, row.topic, row.pinned, Tone(row.tone))
