"""Knows which reminders were said, how tests were put off, and the calendar's secret. Knows nothing of what is due."""

import secrets
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.calendar import Postponement
from bot.domain.people import PersonId
from bot.store import rows
from bot.store.calendar_tables import calendars, postponements, reminders

_ONLY = "tests"


async def since(db: AsyncConnection, now: datetime) -> datetime:
    """Since when tests are watched: from the first call on, which every process is given alike."""
    found: datetime | None = await db.scalar(sa.select(calendars.c.since).where(calendars.c.name == _ONLY))
    if found is not None:
        return found
    await rows.add(db, calendars, {"name": _ONLY, "since": now, "secret": secrets.token_urlsafe(24)})
    kept: datetime | None = await db.scalar(sa.select(calendars.c.since).where(calendars.c.name == _ONLY))
    assert kept is not None
    return kept


async def secret(db: AsyncConnection) -> str:
    """What the calendar's address ends with; '' before the first look."""
    return await db.scalar(sa.select(calendars.c.secret).where(calendars.c.name == _ONLY)) or ""


async def renew(db: AsyncConnection) -> str:
    """Another secret: whoever has the old one reads the calendar no more."""
    new = secrets.token_urlsafe(24)
    await db.execute(sa.update(calendars).where(calendars.c.name == _ONLY).values(secret=new))
    return new


async def tell(db: AsyncConnection, key: str, occasion: str, person: str, due_at: datetime, now: datetime) -> bool:
    """Record that somebody is reminded. False where they were already: of all that try, one does it."""
    values = {"key": key, "occasion": occasion, "person": person, "due_at": due_at, "told_at": now}
    return await rows.add(db, reminders, values)


async def told(db: AsyncConnection, key: str) -> tuple[str, datetime, datetime] | None:
    """A reminder by its key: of which occasion, when it was due and when it was said."""
    row = (await db.execute(sa.select(reminders).where(reminders.c.key == key))).first()
    return (row.occasion, row.due_at, row.told_at) if row else None


async def every(db: AsyncConnection) -> list[tuple[str, datetime, datetime]]:
    """Every reminder that was said: its key, when it was due and when it was said, in that order."""
    found = await db.execute(sa.select(reminders).order_by(reminders.c.due_at, reminders.c.key))
    return [(row.key, row.due_at, row.told_at) for row in found]


async def postpone(db: AsyncConnection, postponement: Postponement, number: int) -> bool:
    """Put a test off, as the `number`th time. False where somebody did so at the same moment."""
    names = Postponement.__slots__
    return await rows.add(db, postponements, {name: getattr(postponement, name) for name in names} | {"number": number})


async def postponed(db: AsyncConnection) -> list[Postponement]:
    """Every time a test was put off, in order."""
    found = await db.execute(sa.select(postponements).order_by(postponements.c.at))
    return [
        Postponement(row.occasion, row.from_at, row.to_at, PersonId(row.by), row.by_name, row.at, row.reason)
        for row in found
    ]
