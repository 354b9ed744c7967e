"""Knows who is signed in to the web console, by the hash of their token. Knows no token and no cookie."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import sessions as table


@dataclass(frozen=True, slots=True)
class Session:
    """One browser's session. `csrf` is what its forms must carry."""

    token_hash: str
    person: str
    csrf: str
    created_at: datetime
    expires_at: datetime


async def add(db: AsyncConnection, session: Session) -> None:
    """Sign somebody in."""
    values = {name: getattr(session, name) for name in Session.__slots__}
    await db.execute(sa.insert(table).values(values))


async def get(db: AsyncConnection, token_hash: str, now: datetime) -> Session | None:
    """The session with that token, unless it has expired."""
    query = sa.select(table).where(table.c.token_hash == token_hash, table.c.expires_at > now)
    found = (await db.execute(query)).mappings().first()
    return Session(**found) if found else None


async def end(db: AsyncConnection, token_hash: str) -> None:
    """Sign somebody out."""
    await db.execute(sa.delete(table).where(table.c.token_hash == token_hash))


async def purge(db: AsyncConnection, now: datetime) -> None:
    """Forget sessions that have expired."""
    await db.execute(sa.delete(table).where(table.c.expires_at <= now))
