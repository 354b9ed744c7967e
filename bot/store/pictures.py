"""Knows the pictures that cards show, each in two forms. Knows nothing of what is to be seen.

A picture's id is made of what it holds, so that the same one drawn again is the same row, and an id never changes its
picture. They stand in the database, and not in a folder, because every process that shares it posts them.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store import rows
from bot.store.tables import pictures as table


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture, as points and as lines."""

    png: bytes
    svg: str


async def keep(db: AsyncConnection, picture: Picture, now: datetime) -> str:
    """Keep a picture, or keep it for longer; gives its id."""
    name = hashlib.sha256(picture.png + picture.svg.encode()).hexdigest()[:32]
    await rows.put(db, table, {"id": name, "png": picture.png, "svg": picture.svg, "created_at": now})
    return name


async def get(db: AsyncConnection, name: str) -> Picture | None:
    """A picture."""
    found = (await db.execute(sa.select(table.c.png, table.c.svg).where(table.c.id == name))).first()
    return Picture(found.png, found.svg) if found else None


async def purge(db: AsyncConnection, before: datetime) -> None:
    """Forget pictures that were last kept before a moment."""
    await db.execute(sa.delete(table).where(table.c.created_at < before))
