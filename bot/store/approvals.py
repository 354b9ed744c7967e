"""Knows the questions that wait for a second person, and how each was answered. Knows nothing of what is done then."""

import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.automations import Answer, Approval
from bot.domain.people import PersonId
from bot.store.tables import approvals as table


async def put(db: AsyncConnection, asked: Approval) -> None:
    """Keep a question."""
    values = {name: getattr(asked, name) for name in Approval.__slots__}
    values |= {"arguments": json.dumps(dict(asked.arguments), sort_keys=True), "answer": asked.answer.value}
    await db.execute(sa.insert(table).values(values))


async def get(db: AsyncConnection, code: str) -> Approval | None:
    """A question, by its code."""
    found = await _select(db, table.c.code == code)
    return found[0] if found else None


async def waiting(db: AsyncConnection, digest: str, now: datetime) -> Approval | None:
    """The open question about exactly this, if there is one."""
    found = await _select(db, table.c.digest == digest, table.c.answer == Answer.OPEN.value, table.c.expires_at > now)
    return found[0] if found else None


async def settle(
    db: AsyncConnection, code: str, answer: Answer, by: PersonId, name: str, now: datetime, reason: str = ""
) -> bool:
    """Answer a question that is open still. Gives whether it was: of two who answer, one does."""
    still_open = sa.and_(table.c.code == code, table.c.answer == Answer.OPEN.value, table.c.expires_at > now)
    values = {"answer": answer.value, "reason": reason, "answered_by": by, "answered_by_name": name}
    settled = sa.update(table).where(still_open).values(**values, answered_at=now).returning(table.c.code)
    return (await db.execute(settled)).first() is not None


async def expire(db: AsyncConnection, now: datetime) -> list[str]:
    """Close the questions that nobody answered in time; gives their codes."""
    late = sa.and_(table.c.answer == Answer.OPEN.value, table.c.expires_at <= now)
    gone = sa.update(table).where(late).values(answer=Answer.EXPIRED.value, answered_at=now).returning(table.c.code)
    return [row.code for row in await db.execute(gone)]


async def to_begin(db: AsyncConnection) -> list[Approval]:
    """What was agreed to and has not been begun."""
    return await _select(db, table.c.answer.in_((Answer.AGREED.value, Answer.ALONE.value)), table.c.begun_at.is_(None))


async def begun(db: AsyncConnection, code: str, now: datetime) -> None:
    """Say that what was agreed to has been handed to the engine, which sees to it from here on."""
    await db.execute(sa.update(table).where(table.c.code == code).values(begun_at=now))


async def _select(db: AsyncConnection, *where: sa.ColumnElement[bool]) -> list[Approval]:
    query = sa.select(table).where(*where).order_by(table.c.asked_at)
    return [_approval(row) for row in (await db.execute(query)).mappings()]


def _approval(row: sa.RowMapping) -> Approval:
    kept: dict[str, Any] = {**row, "arguments": json.loads(row["arguments"]), "answer": Answer(row["answer"])}
    return Approval(**kept)
