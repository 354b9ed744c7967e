"""Knows how a record becomes a row, and an insert that may find its row there. Knows no table."""

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def row_of(record: BaseModel) -> dict[str, Any]:
    """A flat record's columns."""
    return plain(dict(record))


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with each enumeration's member as its word."""
    return {name: value.value if isinstance(value, Enum) else value for name, value in values.items()}


async def add(db: AsyncConnection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one that is unique stands in its way. Gives whether it was inserted."""
    return (await db.execute(_adding(db.dialect.name, table), dict(values))).first() is not None


async def add_all(db: AsyncConnection, table: sa.Table, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns, each unless one that is unique stands in its way."""
    if values:
        await db.execute(_insert(db.dialect.name, table).on_conflict_do_nothing(), values)


async def put(db: AsyncConnection, table: sa.Table, values: Mapping[str, Any]) -> None:
    """Insert a row, or overwrite the one with the same primary key."""
    keys = [column.name for column in table.primary_key.columns]
    changed = {name: value for name, value in values.items() if name not in keys}
    insert = _insert(db.dialect.name, table).values(values)
    await db.execute(insert.on_conflict_do_update(index_elements=keys, set_=changed))


@cache
def _adding(dialect: str, table: sa.Table) -> sa.Executable:
    """Built once: every delivery is claimed by it, and building it takes longer than carrying it out."""
    return _insert(dialect, table).on_conflict_do_nothing().returning(*table.primary_key.columns)


def _insert(dialect: str, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    # The two dialects spell ON CONFLICT alike; SQLAlchemy's neutral insert knows neither.
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)
