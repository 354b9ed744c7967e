"""Knows a deployment's state: tables through time, files, environment variables, pause. Knows nothing of HTTP.

Every change is one commit with one ascending timestamp in nanoseconds, and nothing is overwritten: each document keeps
its revisions, so any moment of the last days can be read, and restored.
"""

import asyncio
import hashlib
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from bot.domain import document_ids
from bot.simulator.audit import AuditLog
from bot.simulator.logs import FunctionLog
from bot.simulator.rows import Rows
from bot.simulator.tables import Revision, Table, View
from bot.simulator.values import Document, decode, export_line

STORAGE = "_storage"
STORAGE_NUMBER = 540
FIRST_USER_NUMBER = 10001
SYSTEM_NUMBERS = {
    "_exports": 531,
    "_snapshot_imports": 533,
    "_environment_variables": 521,
    "_deployment_audit_log": 527,
    "_scheduled_functions": 541,
}
DAY_NS = 86_400_000_000_000
RETENTION_NS = 14 * DAY_NS
"""How far back a moment can be restored: Convex's own default for its log of documents."""
COMMITS_PER_SWEEP = 10_000
PAUSED = (
    "Cannot run functions while this deployment is paused. "
    "Resume the deployment in the dashboard settings to allow functions to run."
)


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


class Restored(NamedTuple):
    """What a restore did: its own timestamp, how many documents it wrote, and the rows per table since then."""

    ts: int
    documents: int
    rows: dict[str, int]


@dataclass
class Identity:
    """Who the deployment says it is."""

    name: str
    kind: Literal["cloud", "selfHosted"] = "cloud"
    type: Literal["prod", "dev"] = "prod"
    project: str = "campus-connect"
    project_id: int = 815


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
        self.audit = AuditLog(self.now_ms, lambda: self.mint_id(SYSTEM_NUMBERS["_deployment_audit_log"]))
        self.restores: list[tuple[int, int]] = []
        """Every restore: when it was done, and to which instant."""
        self._loaded: dict[str, Table] = {}
        self._loaded_at = 0
        self._commits = 0

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
        self._loaded, self._loaded_at = loaded, self.activate(loaded)

    def activate(self, tables: Mapping[str, Table]) -> int:
        """Put another set of tables in force, all at one moment."""
        ts = self.next_ts()
        self._put_in_force(ts, tables)
        self.announce()
        return ts

    def commit(self, writes: Iterable[Write]) -> int:
        """Write documents in one transaction; gives its timestamp."""
        ts = self.next_ts()
        for table, identifier, document in writes:
            created = 0.0 if document is None else float(document["_creationTime"])
            line = None if document is None else export_line(document)
            self.tables[table].write(identifier, Revision(ts, created, line))
        self._forget()
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
        tables = self.tables_at(moment)
        return Snapshot(
            moment,
            {name: table.view(ts) for name, table in tables.items()},
            {name: table.number for name, table in tables.items()},
            dict(self.files),
        )

    def tables_at(self, ts: int) -> dict[str, Table]:
        """The tables that were in force at a moment."""
        return next(mapping for since, mapping in reversed(self._mappings) if since <= ts)

    def restore_to(self, instant: int) -> Restored:
        """Put all tables back exactly as they were at `instant` (nanoseconds since the epoch), as one new commit.

        From before the data was loaded, that is every document created until then. Raises ValueError for a moment
        that is not held.
        """
        if instant > self.ts:
            raise ValueError("it is in the future")
        if instant < self.oldest:
            raise ValueError(f"nothing older than {RETENTION_NS // DAY_NS} days is held")
        before, tables = self.tables, self._restored(instant)
        ts, documents = self.next_ts(), 0
        for name, table in tables.items():
            documents += table.restore(instant, ts)
            if before.get(name) is not table:
                documents += table.count
        if tables != before:
            self._put_in_force(ts, tables)
        self.restores.append((ts, instant))
        self.announce()
        return Restored(ts, documents, {name: table.count for name, table in self.user_tables.items()})

    def stands(self, commit: int, ts: int | None = None) -> bool:
        """Whether what was committed then is (or at `ts` was) still in force: no restore has taken it back."""
        moment = self.ts if ts is None else ts
        last = next((restore for restore in reversed(self.restores) if restore[0] <= moment), None)
        if last is None or last[0] < commit:
            return commit <= moment
        return self.stands(commit, last[1])

    @property
    def oldest(self) -> int:
        """The earliest moment that can be restored."""
        return self.clock() - RETENTION_NS

    def _restored(self, instant: int) -> dict[str, Table]:
        if instant >= self._loaded_at:
            return self.tables_at(instant)
        # The next float, because "created until" includes the moment itself.
        until_ms = math.nextafter(instant / 1_000_000, math.inf)
        return {name: Table(table.number, table.rows.before(until_ms)) for name, table in self._loaded.items()}

    def _put_in_force(self, ts: int, tables: Mapping[str, Table]) -> None:
        self._mappings.append((ts, dict(tables)))
        while len(self._mappings) > 1 and self._mappings[1][0] <= self.oldest:
            del self._mappings[0]

    def _forget(self) -> None:
        """What no moment needs any more costs memory; once in a while is often enough."""
        self._commits += 1
        if self._commits % COMMITS_PER_SWEEP == 0:
            for table in self.tables.values():
                table.forget(self.oldest)


def admin_key(name: str) -> str:
    """The deployment's admin key in the self-hosted form; the same on every start."""
    return f"{name}|{hashlib.sha512(f'simulated {name}'.encode()).hexdigest()[:96]}"
