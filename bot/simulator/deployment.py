"""Knows a deployment's state: tables through time, files, environment variables, pause. Knows nothing of HTTP.

Every change is one commit with one ascending timestamp in nanoseconds; nothing is ever overwritten, so any past moment
can be read, and a scenario can be taken back.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bot.domain import document_ids
from bot.simulator.logs import FunctionLog
from bot.simulator.rows import Rows
from bot.simulator.tables import Revision, Table, View
from bot.simulator.values import Document, decode, export_line

STORAGE = "_storage"
STORAGE_NUMBER = 540
FIRST_USER_NUMBER = 10001
SYSTEM_NUMBERS = {"_exports": 531, "_snapshot_imports": 533, "_environment_variables": 521}


class Write(NamedTuple):
    """One document's change: None deletes it."""

    table: str
    id: str
    document: Document | None


class Snapshot(NamedTuple):
    """Every table, all as of one moment; safe to read from another thread."""

    ts: int
    views: dict[str, View]
    numbers: dict[str, int]
    files: Mapping[str, bytes]


@dataclass
class Identity:
    """Who the deployment says it is."""

    name: str
    kind: Literal["cloud", "selfHosted"] = "cloud"
    type: Literal["prod", "dev"] = "prod"
    project: str = "campus-connect"


@dataclass
class Deployment:
    """One deployment. All methods run on the event loop; snapshots may be read anywhere."""

    identity: Identity
    clock: Callable[[], int] = time.time_ns
    environment: dict[str, str] = field(default_factory=dict)
    paused: bool = False
    log: FunctionLog = field(default_factory=FunctionLog)

    def __post_init__(self) -> None:
        self._last_ts = 0
        self._mappings: list[tuple[int, dict[str, Table]]] = [(0, {})]
        self.files: dict[str, bytes] = {}
        self.schema: frozenset[str] = frozenset()
        self.change = asyncio.Event()

    @property
    def tables(self) -> dict[str, Table]:
        """The tables as of now, `_storage` among them. Read only: change them by `commit` and `activate`."""
        return self._mappings[-1][1]

    @property
    def user_tables(self) -> dict[str, Table]:
        return {name: table for name, table in sorted(self.tables.items()) if not name.startswith("_")}

    @property
    def ts(self) -> int:
        """The newest moment that can be read: nothing will be committed at or before it."""
        self._last_ts = max(self._last_ts, self.clock())
        return self._last_ts

    def next_ts(self) -> int:
        self._last_ts = max(self._last_ts + 1, self.clock())
        return self._last_ts

    def now_ms(self) -> float:
        return self.clock() // 1000 / 1000

    def announce(self) -> None:
        """Wake everybody who waits for a change."""
        changed, self.change = self.change, asyncio.Event()
        changed.set()

    def mint_id(self, number: int) -> str:
        day = self.clock() // 86_400_000_000_000
        return document_ids.encode(number, os.urandom(14) + day.to_bytes(2, "big"))

    def next_number(self) -> int:
        known = (table.number for _, mapping in self._mappings for table in mapping.values())
        return max((FIRST_USER_NUMBER - 1, *known)) + 1

    def load(self, tables: Mapping[str, tuple[int, Rows]], files: Mapping[str, bytes]) -> None:
        """Begin with these tables (number and rows) and stored files (by `_storage` id)."""
        self.files.update(files)
        loaded = {name: Table(number, rows) for name, (number, rows) in tables.items()}
        loaded.setdefault(STORAGE, Table(STORAGE_NUMBER, Rows.of(())))
        self.schema = frozenset(name for name in tables if not name.startswith("_"))
        self.activate(loaded)

    def activate(self, tables: Mapping[str, Table]) -> int:
        """Put another set of tables in force, all at one moment."""
        ts = self.next_ts()
        self._mappings.append((ts, dict(tables)))
        self.announce()
        return ts

    def commit(self, writes: Iterable[Write]) -> int:
        """Write documents in one transaction; gives its timestamp."""
        ts = self.next_ts()
        for table, identifier, document in writes:
            created = 0.0 if document is None else float(document["_creationTime"])
            line = None if document is None else export_line(document)
            self.tables[table].write(identifier, Revision(ts, created, line))
        self.announce()
        return ts

    def new(self, table: str, fields: Document) -> Write:
        """An insert with a fresh id and the present creation time."""
        identifier = self.mint_id(self.tables[table].number)
        return Write(table, identifier, {**fields, "_id": identifier, "_creationTime": self.now_ms()})

    def get(self, table: str, identifier: str) -> Document | None:
        line = self.tables[table].get(identifier)
        document: Document | None = None if line is None else decode(line)
        return document

    def snapshot(self, ts: int | None = None) -> Snapshot:
        """Everything as of `ts`, or as of now."""
        moment = self.ts if ts is None else ts
        tables = next(mapping for since, mapping in reversed(self._mappings) if since <= moment)
        return Snapshot(
            moment,
            {name: table.view(ts) for name, table in tables.items()},
            {name: table.number for name, table in tables.items()},
            dict(self.files),
        )

    def rewind(self, ts: int) -> int:
        """Put everything back as it was at `ts`, as a new commit; gives the number of documents written."""
        tables = next(mapping for since, mapping in reversed(self._mappings) if since <= ts)
        if tables is not self.tables:
            self.activate(tables)
        now, written = self.next_ts(), 0
        for table in tables.values():
            for identifier, history in table.revisions.items():
                if history[-1].ts <= ts:
                    continue
                earlier = [revision for revision in history if revision.ts <= ts]
                table.write(
                    identifier, earlier[-1]._replace(ts=now) if earlier else self._loaded(table, identifier, now)
                )
                written += 1
        self.announce()
        return written

    @staticmethod
    def _loaded(table: Table, identifier: str, now: int) -> Revision:
        place = table.rows.find(identifier.encode())
        if place is None:
            return Revision(now, 0.0, None)
        return Revision(now, float(table.rows.times[place]), table.rows.line(place))


def admin_key(name: str) -> str:
    """The deployment's admin key in the self-hosted form; the same on every start."""
    return f"{name}|{hashlib.sha512(f'simulated {name}'.encode()).hexdigest()[:96]}"
