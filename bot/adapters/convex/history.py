"""Knows what Convex remembers of changes to a deployment and of its functions' runs. Knows nothing of what went wrong.

Audit log: `crates/local_backend/src/deployment_audit_log.rs` of the open backend; function log: `logs.rs` beside it.
"""

import math
from collections.abc import Iterator
from datetime import datetime
from heapq import nlargest
from typing import Any
from urllib.parse import urlencode

from pydantic import Field, TypeAdapter

from bot.adapters.convex.client import CamelWire, ConvexClient, Wire
from bot.adapters.convex.errors import UNCHANGED, NoAuditLog, NotConvex, NotPermitted, one_line
from bot.adapters.convex.timestamps import EPOCH, from_ms
from bot.domain.errors import Refused
from bot.ports import ConfigChange, FunctionRun

READING_CHANGES = "reading the audit log"
PAGE = 100
PAGES = 50
PATIENCE = 5.0
"""Seconds. Convex holds the function log back for a minute while it is empty; what it remembers comes at once."""


class _Actor(Wire):
    kind: str = "system"
    member_id: str | None = None

    def __str__(self) -> str:
        member = f"member {self.member_id}" if self.member_id else ""
        if self.kind == "token":
            return f"a key of {member}" if member else "a key"
        return member or "Convex"


class _Event(CamelWire):
    actor: _Actor
    action: str
    create_time: float
    metadata: dict[str, Any] = {}


class _Pagination(CamelWire):
    has_more: bool = False
    next_cursor: str | None = None


class _Events(CamelWire):
    items: list[_Event]
    pagination: _Pagination


class _EventDocument(Wire):
    """The same event as a row of Convex's own table."""

    creation_time: float = Field(alias="_creationTime")
    action: str
    member_id: str | None = None
    token_id: str | None = None
    metadata: dict[str, Any] = {}


class _Usage(CamelWire):
    database_write_documents: int = 0
    database_write_bytes: int = 0


class _Run(CamelWire):
    kind: str
    udf_type: str = ""
    component_path: str | None = None
    identifier: str = ""
    timestamp: float
    execution_timestamp: float | None = None
    error: str | None = None
    usage_stats: _Usage = _Usage()


class _Runs(Wire):
    entries: list[_Run]


EVENTS = TypeAdapter(_Events)
EVENT_DOCUMENTS = TypeAdapter(list[_EventDocument])
RUNS = TypeAdapter(_Runs)


async def changes(client: ConvexClient, since: datetime, until: datetime) -> tuple[ConfigChange, ...]:
    """The audit log from `since` to `until`, oldest first.

    A deployment that serves none (a self-hosted one, or one of before there was this call) still keeps about a day of
    it in a table of its own; that is read instead where the key may. Raises Refused with the reason otherwise, and
    for a span with too many events.
    """
    try:
        found = await _served(client, since, until)
    except (NoAuditLog, NotConvex) as none:
        try:
            found = await _kept(client, since)
        except NotPermitted:
            raise
        except Refused:
            raise none from None
    return tuple(change for change in found if since <= change.at <= until)


async def largest_writes(client: ConvexClient, limit: int, patience: float = PATIENCE) -> tuple[FunctionRun, ...]:
    """The runs that wrote most, largest first. `at` is when each began: nothing that it wrote is older."""
    doing = "reading the function log"
    found = await client.poll("/api/stream_function_logs?cursor=0", RUNS, doing=doing, patience=patience)
    runs = [_run(entry) for entry in found.entries if entry.kind == "Completion"] if found else []
    wrote = (run for run in runs if run.documents_written or run.bytes_written)
    return tuple(nlargest(limit, wrote, key=lambda run: (run.documents_written, run.bytes_written)))


async def _served(client: ConvexClient, since: datetime, until: datetime) -> list[ConfigChange]:
    # Rounded down: what happened in the same millisecond belongs to it.
    asked = {"from": str(math.floor((since - EPOCH).total_seconds() * 1000)), "limit": str(PAGE)}
    found: list[ConfigChange] = []
    for _ in range(PAGES):
        path = f"/api/v1/list_audit_log_events?{urlencode(asked)}"
        page = await client.get(path, EVENTS, doing=READING_CHANGES)
        found += [_change(event.create_time, event.action, event.actor, event.metadata) for event in page.items]
        cursor = page.pagination.next_cursor
        if not page.pagination.has_more or cursor is None or (found and found[-1].at > until):
            return found
        asked["cursor"] = cursor
    raise Refused(
        f"The audit log holds more than {PAGE * PAGES:,} events since then, too many to read here. {UNCHANGED}",
        "Ask for a shorter time.",
    )


async def _kept(client: ConvexClient, since: datetime) -> list[ConfigChange]:
    rows = await client.query(
        "_system/frontend/listDeploymentEventsFromTime",
        {"fromTimestamp": (since - EPOCH).total_seconds() * 1000},
        EVENT_DOCUMENTS,
        doing=READING_CHANGES,
    )
    return [
        _change(
            row.creation_time,
            row.action,
            _Actor(kind="token" if row.token_id else "member", member_id=row.member_id),
            row.metadata,
        )
        for row in rows
    ]


def _change(at_ms: float, action: str, actor: _Actor, metadata: dict[str, Any]) -> ConfigChange:
    return ConfigChange(from_ms(at_ms), action, str(actor), one_line(_detail(metadata)))


def _detail(metadata: dict[str, Any]) -> str:
    """What an event's metadata says, in a few words; never a variable's value, which is not in it."""
    match metadata:
        case {"variable_name": str(name)}:
            return name
        case {"message": str(message)} if message:
            return message
        case {"component_diffs": list(components)}:
            return _modules(components)
        case {"import_mode": mode, "table_names": list(parts)}:
            return f"{mode}: {', '.join(_tables(parts))}"
        case {"table": str(table), "document_ids": list(documents)}:
            return f"{table}: {len(documents):,}"
        case {"table_names": list(tables)}:
            return ", ".join(map(str, tables))
        case {"function_path": str(word)} | {"table": str(word)} | {"format": str(word)}:
            return word
    return ""


def _modules(components: list[Any]) -> str:
    """The modules that a push added or removed; Convex does not say which it changed."""
    told: list[str] = []
    for component in components:
        match component:
            case {"component_diff": {"moduleDiff": {"added": list(added), "removed": list(removed)}}}:
                told += [f"+{name}" for name in added] + [f"-{name}" for name in removed]
    return ", ".join(told)


def _tables(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        match part:
            case {"table_names": list(names)}:
                yield from map(str, names)


def _run(entry: _Run) -> FunctionRun:
    component = f"{entry.component_path}/" if entry.component_path else ""
    began = entry.timestamp if entry.execution_timestamp is None else entry.execution_timestamp
    return FunctionRun(
        at=from_ms(began * 1000),
        name=component + entry.identifier,
        kind=entry.udf_type,
        documents_written=entry.usage_stats.database_write_documents,
        bytes_written=entry.usage_stats.database_write_bytes,
        success=entry.error is None,
        error=one_line(entry.error or ""),
    )
