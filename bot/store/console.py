"""Knows the web console's messages, in the one order that every reader sees. Knows nothing of browsers.

Each insert and each edit takes the next `seq`, under a lock that is held until the commit: whoever has read up to a
`seq` will never find a smaller one that was not there before.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.chat.cards import Card, from_json, to_json
from bot.store.tables import console as table
from bot.store.tables import console_clock as clock
from bot.store.tables import console_rooms as rooms

_DIRECT = "dm:"


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `private_to` is a person's id, or '' for everybody; `version` counts its edits from 1."""

    id: int
    seq: int
    channel: str
    author: str
    card: Card
    key: str | None
    private_to: str
    version: int
    created_at: datetime
    edited_at: datetime | None


def direct(person: str) -> str:
    """The channel of what is for one person alone."""
    return f"{_DIRECT}{person}"


def reader_of(channel: str) -> str:
    """The one person that a channel is for, or ''."""
    return channel.removeprefix(_DIRECT) if channel.startswith(_DIRECT) else ""


async def post(
    db: AsyncConnection,
    channel: str,
    author: str,
    card: Card,
    at: datetime,
    *,
    key: str | None = None,
    private_to: str = "",
) -> int:
    """Add a message and give its id. With a `key` that the channel has already, it is that message's id."""
    seq = await tick(db)
    if key is not None and (there := await find(db, channel, key)) is not None:
        return there
    await db.execute(
        sa.insert(table).values(
            id=seq,
            seq=seq,
            channel=channel,
            author=author,
            key=key,
            private_to=private_to,
            card=json.dumps(to_json(card)),
            version=1,
            created_at=at,
        )
    )
    return seq


async def edit(db: AsyncConnection, message: int, card: Card, at: datetime) -> bool:
    """Show another card in a message's place. False when there is no such message."""
    seq = await tick(db)
    changed = sa.update(table).where(table.c.id == message)
    values = {"seq": seq, "card": json.dumps(to_json(card)), "version": table.c.version + 1, "edited_at": at}
    return (await db.execute(changed.values(**values))).rowcount == 1


async def find(db: AsyncConnection, channel: str, key: str) -> int | None:
    """The id of the message that was posted with `key`."""
    return await db.scalar(sa.select(table.c.id).where(table.c.channel == channel, table.c.key == key))


async def get(db: AsyncConnection, message: int, person: str) -> Message | None:
    """One message, if `person` may see it."""
    found = await _select(db, _visible(person).where(table.c.id == message))
    return found[0] if found else None


async def after(db: AsyncConnection, seq: int, channel: str, person: str, limit: int = 500) -> list[Message]:
    """What was posted or edited since `seq` and `person` reads in a channel, by `seq`."""
    query = _read_in(channel, person).where(table.c.seq > seq)
    return await _select(db, query.order_by(table.c.seq).limit(limit))


async def latest(
    db: AsyncConnection, channel: str, person: str, limit: int = 50, *, before: int | None = None
) -> list[Message]:
    """The newest messages (with smaller ids than `before`) that `person` reads in a channel, oldest of them first."""
    query = _read_in(channel, person)
    if before is not None:
        query = query.where(table.c.id < before)
    return (await _select(db, query.order_by(table.c.id.desc()).limit(limit)))[::-1]


async def newest_seq(db: AsyncConnection) -> int:
    """The `seq` of the newest insert or edit of all, 0 before the first."""
    return await db.scalar(sa.select(clock.c.seq)) or 0


async def purge(db: AsyncConnection, before: datetime) -> None:
    """Forget messages neither posted nor edited since a moment."""
    stale = sa.func.coalesce(table.c.edited_at, table.c.created_at) < before
    await db.execute(sa.delete(table).where(stale))


async def tick(db: AsyncConnection) -> int:
    """Take the next `seq`, and hold the order until the commit."""
    ticked = await db.execute(sa.update(clock).values(seq=clock.c.seq + 1).returning(clock.c.seq))
    return int(ticked.scalar_one())


def _visible(person: str) -> sa.Select[Any]:
    return sa.select(table).where(table.c.private_to.in_(["", person]))


def _read_in(channel: str, person: str) -> sa.Select[Any]:
    """Messages of a channel, and those to that person alone: these stand wherever they read, but in no newer room."""
    newer = sa.exists().where(rooms.c.name == channel, rooms.c.opened_at > table.c.created_at)
    here = sa.or_(table.c.channel == channel, sa.and_(table.c.channel == direct(person), ~newer))
    return _visible(person).where(here)


async def _select(db: AsyncConnection, query: sa.Select[Any]) -> list[Message]:
    return [_message(row) for row in (await db.execute(query)).mappings()]


def _message(row: sa.RowMapping) -> Message:
    card = from_json(json.loads(row["card"]))
    assert isinstance(card, Card)
    return Message(**{**row, "card": card})
