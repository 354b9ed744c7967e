"""Knows how a database is brought to this version of Lifeboat. Knows nothing of what its tables mean."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.domain.errors import Refused
from bot.store.database import Database
from bot.store.tables import metadata

_LOCK = 0x4C424D47
_OF_THE_ENGINE = ("datasource_outputs", "dbos_datasource_migrations")


async def migrate(database: Database) -> None:
    """Create or upgrade the tables. Raises Refused when a newer Lifeboat has been here."""
    async with database.write() as db:
        await db.run_sync(_upgrade)


def _upgrade(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    script = ScriptDirectory.from_config(config)
    _refuse_a_newer_one(connection, script)

    def steps(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs("head", revision)  # what alembic.command.upgrade itself passes

    with EnvironmentContext(config, script, fn=steps) as environment:
        environment.configure(connection=connection, target_metadata=metadata, include_name=include_name)
        environment.run_migrations()


def _refuse_a_newer_one(connection: sa.Connection, script: ScriptDirectory) -> None:
    here = MigrationContext.configure(connection).get_current_heads()
    known = {revision.revision for revision in script.walk_revisions()}
    if unknown := set(here) - known:
        raise Refused(
            f"The database was written by a newer Lifeboat (its tables are at {', '.join(sorted(unknown))}, "
            "which this one does not know). Nothing was read or changed.",
            "Install that Lifeboat again, or point DATABASE_URL to a copy from before the upgrade.",
        )


def include_name(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a thing found in the database is ours: in SQLite, two of the engine's tables stand among them."""
    return kind != "table" or name not in _OF_THE_ENGINE
