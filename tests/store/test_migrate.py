import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bot.domain.errors import Refused
from bot.operations.engine import Engine
from bot.store.database import Database
from bot.store.migrate import include_name, migrate
from bot.store.tables import metadata


def _differences(connection: sa.Connection) -> Any:
    context = MigrationContext.configure(connection, opts={"include_name": include_name, "compare_type": True})
    return compare_metadata(context, metadata)


async def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    async with database.write() as db:
        assert await db.run_sync(_differences) == []


async def test_the_engines_tables_are_not_taken_for_leftovers(database: Database) -> None:
    engine = Engine(database)
    await engine.launch()
    await engine.close()
    await migrate(database)
    async with database.write() as db:
        assert await db.run_sync(_differences) == []


async def test_a_column_that_no_migration_makes_would_be_noticed(database: Database) -> None:
    async with database.write() as db:
        await db.execute(sa.text("ALTER TABLE asks ADD COLUMN forgotten TEXT"))
        assert await db.run_sync(_differences) != []


async def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    databases = [Database.open(empty_database_url) for _ in range(4)]
    await asyncio.gather(*(migrate(one) for one in databases))
    async with databases[0].read() as db:
        assert await db.scalar(sa.text("SELECT count(*) FROM console_clock")) == 1
    for one in databases:
        await one.close()


async def test_a_database_of_a_newer_lifeboat_is_refused_and_left_alone(database: Database) -> None:
    async with database.write() as db:
        await db.execute(sa.text("UPDATE alembic_version SET version_num = '0099'"))
    with pytest.raises(Refused) as refused:
        await migrate(database)
    assert "0099" in refused.value.problem
    assert "newer" in refused.value.problem
    async with database.read() as db:
        assert await db.scalar(sa.text("SELECT version_num FROM alembic_version")) == "0099"
