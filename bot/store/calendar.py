"""Knows which reminders were said, how tests were put off, and the calendar's secret. Knows nothing of what is due."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.calendar import Postponement
from bot.domain.people import PersonId
from bot.store import rows
from bot.store.tables import calendars, postponements, reminders

_ONLY = "tests"
_MINE = calendars.c.name == _ONLY
_SINCE = sa.select(calendars.c.since).where(_MINE)
_POSTPONED = sa.select(postponements).order_by(postponements.c.at)


@dataclass(frozen=True, slots=True)
class Told:
    """A reminder that was said. `away`: nobody looked from when it was due until it was said."""

    key: str
    occasion: str
    due_at: datetime
    told_at: datetime
    away: bool


async def begin(db: AsyncConnection, now: datetime) -> None:
    """Watch the tests from now on; where they are watched already, nothing changes."""
    await rows.add(db, calendars, {"name": _ONLY, "since": now, "secret": secrets.token_urlsafe(24)})


async def since(db: AsyncConnection) -> datetime | None:
    """Since when tests are watched; None before the first look."""
    found: datetime | None = await db.scalar(_SINCE)
    return found


async def looked(db: AsyncConnection, now: datetime) -> datetime | None:
    """Record that somebody looks; gives when somebody did before."""
    before: datetime | None = await db.scalar(sa.select(calendars.c.looked_at).where(_MINE).with_for_update())
    await db.execute(sa.update(calendars).where(_MINE).values(looked_at=max(now, before or now)))
    return before


async def secret(db: AsyncConnection) -> str:
    """What the calendar's address ends with; '' before the first look."""
    return await db.scalar(sa.select(calendars.c.secret).where(_MINE)) or ""


async def renew(db: AsyncConnection) -> str:
    """Another secret: whoever has the old one reads the calendar no more."""
    new = secrets.token_urlsafe(24)
    await db.execute(sa.update(calendars).where(_MINE).values(secret=new))
    return new


async def tell(db: AsyncConnection, told: Told, person: str) -> bool:
    """Record that somebody is reminded. False where they were already: of all that try, one does it."""
    values = {name: getattr(told, name) for name in Told.__slots__}
    return await rows.add(db, reminders, {**values, "person": person})


async def told(db: AsyncConnection, key: str) -> Told | None:
    """A reminder by its key."""
    row = (await db.execute(sa.select(reminders).where(reminders.c.key == key))).first()
    return _told(row) if row else None


async def every(db: AsyncConnection) -> list[Told]:
    """Every reminder that was said, by when it was due."""
    found = await db.execute(sa.select(reminders).order_by(reminders.c.due_at, reminders.c.key))
    return [_told(row) for row in found]


async def postpone(db: AsyncConnection, postponement: Postponement, number: int) -> bool:
    """Put a test off, as the `number`th time. False where somebody did so at the same moment."""
    names = Postponement.__slots__
    return await rows.add(db, postponements, {name: getattr(postponement, name) for name in names} | {"number": number})


async def postponed(db: AsyncConnection) -> list[Postponement]:
    """Every time a test was put off, in order."""
    found = await db.execute(_POSTPONED)
    return [
        Postponement(row.occasion, row.from_at, row.to_at, PersonId(row.by), row.by_name, row.at, row.reason)
        for row in found
    ]


def _told(row: sa.Row[Any]) -> Told:
    return Told(row.key, row.occasion, row.due_at, row.told_at, row.away)
