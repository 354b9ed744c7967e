"""Knows which rooms an incident wants, and how far each is set up. Knows no platform.

`done` names the side calls that were made, or given up: what is in it is not tried again.
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident_events import IncidentId
from bot.store import rows
from bot.store.tables import incidents
from bot.store.tables import rooms as table

WANTED, OPEN, NONE = "wanted", "open", "none"
"""To be opened; opened; never to be, because the platform refuses."""


@dataclass(frozen=True, slots=True)
class RoomRow:
    """One room: None for its channel until it is open, `attempts` since the last success."""

    incident: IncidentId
    platform: str
    state: str
    channel: str | None
    done: frozenset[str]
    attempts: int


async def want(db: AsyncConnection, incident: IncidentId, platform: str, now: datetime) -> None:
    """Want a room on a platform."""
    values = {"state": WANTED, "done": "", "attempts": 0, "due_at": now, "held_by": ""}
    await rows.add(db, table, {"incident": incident, "platform": platform, **values})


async def have(db: AsyncConnection, incident: IncidentId, platform: str, channel: str, now: datetime) -> None:
    """Say that a room is open, and that it is to be set up."""
    values = {"state": OPEN, "channel": channel, "done": "", "attempts": 0, "due_at": now, "held_by": ""}
    await rows.put(db, table, {"incident": incident, "platform": platform, **values})


async def any_due(db: AsyncConnection, now: datetime) -> bool:
    """Whether a room is to be opened or set up further."""
    return await db.scalar(sa.select(table.c.incident).where(table.c.due_at <= now).limit(1)) is not None


async def hold(db: AsyncConnection, holder: str, now: datetime, until: datetime) -> RoomRow | None:
    """Take one room that is due, until a moment at the latest: nobody else does it meanwhile."""
    due = sa.select(table.c.incident, table.c.platform).where(table.c.due_at <= now).order_by(table.c.due_at).limit(1)
    found = (await db.execute(due.with_for_update(skip_locked=True))).first()
    if found is None:
        return None
    mine = sa.update(table).where(_is(found.incident, found.platform))
    row = (await db.execute(mine.values(held_by=holder, due_at=until).returning(table))).mappings().one()
    return _room(row)


async def let_go(db: AsyncConnection, holder: str, now: datetime) -> None:
    """Make due at once what somebody of this name held when they ended."""
    await db.execute(sa.update(table).where(table.c.held_by == holder).values(held_by="", due_at=now))


async def settle(
    db: AsyncConnection,
    room: RoomRow,
    *,
    due_at: datetime | None,
    state: str | None = None,
    done: frozenset[str] | None = None,
    failed: bool = False,
) -> None:
    """Say how far a room is, and when it is looked at again: None when there is nothing left to do."""
    values = {
        "state": state or room.state,
        "done": " ".join(sorted(room.done if done is None else done)),
        "attempts": room.attempts + 1 if failed else 0,
        "due_at": due_at,
        "held_by": "",
    }
    await db.execute(sa.update(table).where(_is(room.incident, room.platform)).values(**values))


async def retopic(db: AsyncConnection, incident: IncidentId, now: datetime) -> None:
    """Say that what the rooms of an incident say about themselves is to be set again.

    A room that waits because its platform asked for it waits on: Discord lets a topic be set twice in ten minutes.
    """
    for room in await of(db, incident):
        if room.state != OPEN:
            continue
        done = room.done - {"topic"}
        if room.attempts:
            values = {"done": " ".join(sorted(done))}
            await db.execute(sa.update(table).where(_is(room.incident, room.platform)).values(**values))
        else:
            await settle(db, room, due_at=now, done=done)


async def of(db: AsyncConnection, incident: IncidentId) -> list[RoomRow]:
    """The rooms of an incident."""
    query = sa.select(table).where(table.c.incident == incident).order_by(table.c.platform)
    return [_room(row) for row in (await db.execute(query)).mappings()]


async def incident_in(db: AsyncConnection, platform: str, channel: str) -> IncidentId | None:
    """The newest incident that is worked on in a channel: an open one, if there is one."""
    here = sa.and_(table.c.platform == platform, table.c.channel == channel)
    query = sa.select(table.c.incident).join(incidents, incidents.c.id == table.c.incident).where(here)
    newest = query.order_by(incidents.c.closed_at.is_not(None), incidents.c.opened_at.desc()).limit(1)
    found = await db.scalar(newest)
    return IncidentId(found) if found else None


def _is(incident: str, platform: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.incident == incident, table.c.platform == platform)


def _room(row: sa.RowMapping) -> RoomRow:
    done = frozenset(row["done"].split())
    return RoomRow(row["incident"], row["platform"], row["state"], row["channel"], done, row["attempts"])
