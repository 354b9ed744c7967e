"""Knows how a database is reached, SQLite or PostgreSQL by one URL. Knows nothing of what is kept in it."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.domain.errors import Outage, Refused
from bot.store import sqlite

Connection = AsyncConnection
_BUSY_SECONDS = 30


class Database:
    """One database, open. `open` makes it, `close` gives its connections back."""

    def __init__(self, url: URL, engine: AsyncEngine) -> None:
        self._url = url
        self.engine = engine
        # SQLite lets one writer in at a time while the others sleep and ask again; those of one process can queue.
        self._turn = asyncio.Lock() if self.is_sqlite else nullcontext()
        self._writing: set[asyncio.Task[Any] | None] = set()

    @classmethod
    def open(cls, url: str) -> "Database":
        """Open the database of a `sqlite:///file` or `postgresql://` URL; nothing is connected yet.

        Raises Refused when the URL is neither.
        """
        parsed = _parsed(url)
        if parsed.get_backend_name() != "sqlite":
            return cls(parsed, create_async_engine(parsed, pool_size=10, max_overflow=10, pool_pre_ping=True))
        file = parsed.database or ""
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        # No limit on connections: a task that waits for one while it holds the write lock would stop every writer.
        connect = partial(sqlite.connect, file)
        engine = create_async_engine(parsed, async_creator=connect, pool_size=5, max_overflow=-1)
        sa.event.listen(engine.sync_engine, "connect", _on_connect)
        sa.event.listen(engine.sync_engine, "begin", _on_begin)
        return cls(parsed, engine)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is a file of one process, not a server that several share."""
        return self._url.get_backend_name() == "sqlite"

    @property
    def url(self) -> str:
        """The URL with driver and password: never to be logged or shown."""
        return self._url.render_as_string(hide_password=False)

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return self._url.render_as_string(hide_password=True)

    @property
    def work_url(self) -> str:
        """Where the engine of long work keeps its own records: a second file beside ours, or the same server.

        A second file because the engine asks for a connection of its own while one of our transactions holds
        SQLite's only write lock.
        """
        if not self.is_sqlite:
            return self.url
        file = Path(self._url.database or "")
        return f"sqlite:///{file.with_name(file.stem + '.engine.db')}"

    def work_pool(self) -> sa.Engine | None:
        """The engine's connections to its SQLite file, tuned as ours; None on PostgreSQL, where it makes its own."""
        if not self.is_sqlite:
            return None
        pool = sa.create_engine(self.work_url, pool_size=10, max_overflow=-1)
        sa.event.listen(pool, "connect", _on_work_connect)
        return pool

    def exists(self) -> bool:
        """Whether there is anything to read: SQLite would make an empty file of one that is not there."""
        return not self.is_sqlite or Path(self._url.database or "").is_file()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[Connection]:
        """A connection that sees one moment and changes nothing."""
        async with _said(), self.engine.connect() as connection:
            options: dict[str, Any] = {"read_only": True}
            if not self.is_sqlite:
                options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            await connection.execution_options(**options)
            async with connection.begin():
                yield connection

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[Connection]:
        """A connection in a transaction: committed at the end, rolled back by an exception. Not inside another."""
        async with _said(), self.turn(), self.engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """The turn to write, for who begins a transaction on `engine` by other means than `write`."""
        task = asyncio.current_task()
        if task in self._writing:
            raise RuntimeError("a transaction inside another: they would wait for each other for ever")
        async with self._turn:
            self._writing.add(task)
            try:
                yield
            finally:
                self._writing.discard(task)

    @asynccontextmanager
    async def session(self) -> AsyncGenerator[Connection]:
        """A connection of one's own on which each statement stands for itself: for locks that live as long as it."""
        async with _said(), self.engine.connect() as connection:
            try:
                yield await connection.execution_options(isolation_level="AUTOCOMMIT")
            finally:
                # Not back into the pool: what it locked is freed when it is closed.
                await connection.invalidate()

    async def close(self) -> None:
        """Give every connection back."""
        await self.engine.dispose()


@asynccontextmanager
async def _said() -> AsyncGenerator[None]:
    """Say as an Outage what the driver says when the database is out of reach."""
    try:
        yield
    except DatabaseError as error:
        if "file is not a database" in str(error.orig):
            raise Refused(
                "The database's file is not a database, or is damaged. Nothing was read or changed.",
                "Move it away, to be looked at later: Lifeboat makes a new one. The copies in the vault stay.",
            ) from error
        if _lacks_tables(error):
            raise Refused(
                "The database has not the tables of this version of Lifeboat. Nothing was read or changed.",
                "Start the bot once, which makes them: lifeboat run.",
            ) from error
        if not isinstance(error, OperationalError):
            raise
        raise _out_of_reach() from error
    except (InterfaceError, NoConnectionFree) as error:
        raise _out_of_reach() from error


def _lacks_tables(error: DatabaseError) -> bool:
    told = str(error.orig)
    # PostgreSQL's undefined_table and undefined_column: https://www.postgresql.org/docs/current/errcodes-appendix.html
    named = getattr(error.orig, "sqlstate", None) in ("42P01", "42703")
    return named or told.startswith(("no such table", "no such column"))


def _out_of_reach() -> Outage:
    return Outage(
        "The database",
        "The database did not answer, so nothing was read or changed.",
        "It is tried again by itself; /lifeboat doctor tells how it is.",
    )


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Refused("The database's address cannot be read. Nothing was opened.", _MEND) from None
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
    raise Refused("The database's address is neither a SQLite file nor PostgreSQL. Nothing was opened.", _MEND)


_MEND = "Write sqlite:////folder/lifeboat.db or postgresql://user:password@host/database."


def _on_connect(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: `_on_begin` does, so that a read is inside one too.
    connection.isolation_level = None
    _tune(connection)


def _on_work_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = "IMMEDIATE"
    _tune(connection)


def _tune(connection: Any) -> None:
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _on_begin(connection: sa.Connection) -> None:
    # IMMEDIATE takes the write lock before the first read, so that no two writers read the same state and then
    # overwrite one another.
    reads = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
