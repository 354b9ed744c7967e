"""Knows the questions that wait for a person's yes. Knows nothing of what happens then."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.tables import asks as table


async def put(db: AsyncConnection, token: str, payload: Mapping[str, Any], person: str, expires_at: datetime) -> None:
    """Keep a question that `person` may answer until `expires_at`. `payload` is any JSON."""
    values = {"token": token, "payload": json.dumps(payload), "person": person, "expires_at": expires_at}
    await db.execute(sa.insert(table).values(values))


async def take(db: AsyncConnection, token: str, person: str, now: datetime) -> dict[str, Any] | None:
    """The payload of a question, once. None when it was taken, is too old, is another person's, or never was."""
    mine = sa.delete(table).where(table.c.token == token, table.c.person == person, table.c.expires_at > now)
    payload = (await db.execute(mine.returning(table.c.payload))).scalar()
    return None if payload is None else dict(json.loads(payload))


async def look(db: AsyncConnection, token: str, person: str, now: datetime) -> dict[str, Any] | None:
    """The payload of a question that stays open. None when it is too old, another person's, or never was."""
    mine = sa.and_(table.c.token == token, table.c.person == person, table.c.expires_at > now)
    payload = (await db.execute(sa.select(table.c.payload).where(mine))).scalar()
    return None if payload is None else dict(json.loads(payload))


async def purge(db: AsyncConnection, now: datetime) -> None:
    """Forget questions that nobody may answer any more."""
    await db.execute(sa.delete(table).where(table.c.expires_at <= now))
