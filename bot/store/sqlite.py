"""Knows how a statement reaches a SQLite file: by one message to its connection's thread, where the driver sends four.

Each message costs two switches between threads, far more than SQLite needs for a row. Knows nothing of what is kept.
"""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

import aiosqlite

# How many rows the driver fetches at a time where one iterates over its own cursors, which nobody does here.
_CHUNK = 64


async def connect(file: str) -> aiosqlite.Connection:
    """A connection to a file. Raises sqlite3.Error where there can be none."""
    connection = _Connection(lambda: sqlite3.connect(file, check_same_thread=False), _CHUNK)
    # One that is left open must not keep the process from ending; SQLAlchemy sees to that in those it makes itself.
    connection._thread.daemon = True
    return await connection


class _Cursor:
    """What SQLAlchemy uses of a cursor. The whole result comes with the statement, so a stream is read whole too."""

    arraysize = 1

    def __init__(self, connection: "_Connection") -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> "_Cursor":
        return self

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        await self._connection.call(self._run, sqlite3.Cursor.execute, statement, parameters)

    async def executemany(self, statement: str, parameters: Any) -> None:
        await self._connection.call(self._run, sqlite3.Cursor.executemany, statement, parameters)

    async def fetchall(self) -> Sequence[Any]:
        return await self.fetchmany(len(self._rows))

    async def fetchmany(self, size: int = arraysize) -> Sequence[Any]:
        rows, self._rows = self._rows[:size], self._rows[size:]
        return rows

    async def fetchone(self) -> Any:
        return next(iter(await self.fetchmany(1)), None)

    async def close(self) -> None:
        self._rows = []

    def _run(self, execute: Callable[..., Any], statement: str, parameters: Any) -> None:
        """In the connection's thread: carry out a statement and take what it gives."""
        cursor = self._connection.open.cursor()
        try:
            execute(cursor, statement, parameters)
            # Before it is fetched to its end, nobody knows how many rows a statement that returns them has changed.
            self._rows = cursor.fetchall()
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


class _Connection(aiosqlite.Connection):
    """A connection of the driver, with cursors of ours."""

    @property
    def open(self) -> sqlite3.Connection:
        """The connection itself, for its thread."""
        return self._conn

    async def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Have something done in the connection's thread."""
        await self._execute(function, *arguments)  # type: ignore[no-untyped-call]  # the driver types it not

    def cursor(self) -> _Cursor:  # type: ignore[override]  # SQLAlchemy asks no more of it than what stands above
        return _Cursor(self)
