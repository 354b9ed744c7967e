"""Knows the system queries that tools ask a deployment. Knows nothing of HTTP or WebSockets.

Arguments and values are as `bot.simulator.values` decodes them.
"""

import json
from collections.abc import Callable
from typing import Any

from bot.simulator.access import Access, ApiError
from bot.simulator.audit import DAY_MS
from bot.simulator.deployment import PAUSED
from bot.simulator.instance import Instance
from bot.simulator.rows import Rows
from bot.simulator.tables import Row, View
from bot.simulator.values import Document, decode, export_line

PAGE_ROWS = 10_000
PAGE_BYTES = 5_000_000
HELD_NS = 4 * 60 * 1_000_000_000
"""How long past moments can be asked for: the index retention that a backend has unless told otherwise."""

Query = Callable[[Instance, Document], Any]


class QueryFailed(Exception):
    """The text goes into `errorMessage`; the HTTP status stays 200."""


def run(instance: Instance, path: str, arguments: Any, access: Access | None, ts: int | None = None) -> Any:
    """A query's value, now or as of `ts` (row counts alone). Raises QueryFailed with the text that a client shows."""
    given = arguments[0] if isinstance(arguments, list) else arguments
    module, _, function = path.partition(":")
    operation, query = QUERIES.get(f"{module}:{function or 'default'}", (None, None))
    if query is None or access is None:
        if instance.deployment.paused and not path.startswith("_system/"):
            raise QueryFailed(PAUSED)
        raise QueryFailed(f"Could not find public function for '{path}'. Did you forget to run `npx convex dev`?")
    try:
        if operation:
            access.require(operation)
        past = None if ts is None else count_at(instance, path, given or {}, ts)
        return query(instance, given or {}) if past is None else past
    except ApiError as refusal:
        raise QueryFailed(refusal.message) from refusal
    except KeyError as missing:
        raise QueryFailed(f"ArgumentValidationError: Object is missing the required field {missing}.") from missing


def _import(instance: Instance, arguments: Document) -> Document | None:
    job = instance.imports.find(arguments["importId"])
    return None if job is None else job.document()


def _imports(instance: Instance, _arguments: Document) -> list[Document]:
    return [job.document() for job in reversed(instance.imports.all[-20:])]


def _tables(instance: Instance, _arguments: Document) -> Document:
    names = [{"name": name} for name in instance.deployment.user_tables]
    return {"page": names, "isDone": True, "continueCursor": "end"}


def _count(instance: Instance, name: str) -> float:
    table = instance.deployment.tables.get(name)
    return float(table.count) if table else 0.0


def count_at(instance: Instance, path: str, arguments: Document, ts: int) -> float | None:
    """The rows of a table at a past moment; None for any other query, which answers as of now."""
    if path.partition(":")[0] not in ("_system/cli/tableSize", "_system/frontend/tableSize"):
        return None
    table = instance.deployment.tables_at(ts).get(arguments["tableName"])
    return float(len(table.view(ts))) if table else 0.0


def _all_counts(instance: Instance, _arguments: Document) -> float:
    return float(sum(table.count for table in instance.deployment.user_tables.values()))


def _view(instance: Instance, name: str) -> View | None:
    if name == "_scheduled_functions":
        jobs = instance.scheduler.jobs
        return View(Rows.of((job.id, job.created_ms, export_line(job.document())) for job in jobs), [])
    table = instance.deployment.tables.get(name)
    return table.view() if table else None


def _page(instance: Instance, arguments: Document, *, newest_first: bool) -> Document:
    options, view = arguments["paginationOpts"], _view(instance, arguments["table"])
    cursor = options.get("cursor")
    after = None if cursor is None else tuple(json.loads(cursor))
    rows: list[Row] = []
    size, done = 0, True
    for row in view.ordered(newest_first=newest_first, after=after) if view and cursor != "[]" else ():
        if len(rows) >= min(int(options["numItems"]), PAGE_ROWS) or size > PAGE_BYTES:
            done = False
            break
        rows.append(row)
        size += len(row.line)
    last = json.dumps(rows[-1][:2] if rows else [])
    return {"page": [decode(row.line) for row in rows], "isDone": done, "continueCursor": last}


def _mapping(instance: Instance, _arguments: Document) -> Document:
    return {str(table.number): name for name, table in instance.deployment.tables.items()}


def _backend_state(instance: Instance, _arguments: Document) -> Document:
    user = "paused" if instance.deployment.paused else "none"
    return {"system": "none", "usage_limit": "none", "user": user}


def _deployment_state(instance: Instance, _arguments: Document) -> Document:
    return {"state": "paused" if instance.deployment.paused else "running"}


def _events(instance: Instance, arguments: Document) -> list[Document]:
    audit, since = instance.deployment.audit, float(arguments["fromTimestamp"])
    days = audit.days if instance.deployment.identity.kind == "cloud" else 0
    if days is not None:
        # A day more than the plan keeps, and so one day without any plan.
        since = max(since, instance.deployment.now_ms() - (days + 1) * DAY_MS)
    return [event.document() for event in audit.since(since)]


def _variables(instance: Instance, _arguments: Document) -> list[Document]:
    return [{"name": name, "value": value} for name, value in sorted(instance.deployment.environment.items())]


def _variable(instance: Instance, arguments: Document) -> Document | None:
    value = instance.deployment.environment.get(arguments["name"])
    return None if value is None else {"name": arguments["name"], "value": value}


QUERIES: dict[str, tuple[str | None, Query]] = {
    "_system/cli/exports:getLatest": ("ViewBackups", lambda it, _: it.exports.latest("snapshotExport")),
    "_system/frontend/latestExport:latestCloudExport": ("ViewBackups", lambda it, _: it.exports.latest("cloudBackup")),
    "_system/cli/queryImport:default": ("ViewBackups", _import),
    "_system/cli/queryImport:list": ("ViewBackups", _imports),
    "_system/cli/tables:default": ("ViewData", _tables),
    "_system/cli/tableData:default": (
        "ViewData",
        lambda it, given: _page(it, given, newest_first=given["order"] == "desc"),
    ),
    "_system/cli/tableSize:default": ("ViewData", lambda it, given: _count(it, given["tableName"])),
    "_system/frontend/tableSize:default": ("ViewData", lambda it, given: _count(it, given["tableName"])),
    "_system/frontend/tableSize:sizeOfAllTables": ("ViewData", _all_counts),
    "_system/frontend/paginatedTableDocuments:default": (
        "ViewData",
        lambda it, given: _page(it, given, newest_first=True),
    ),
    "_system/frontend/getTableMapping:default": ("ViewData", _mapping),
    "_system/frontend/backendState:backendState": (None, _backend_state),
    "_system/frontend/deploymentState:deploymentState": (None, _deployment_state),
    "_system/frontend/components:list": ("ViewData", lambda _it, _given: []),
    "_system/frontend/listDeploymentEventsFromTime:default": ("ViewAuditLog", _events),
    "_system/cli/queryEnvironmentVariables:default": ("ViewEnvironmentVariables", _variables),
    "_system/cli/queryEnvironmentVariables:get": ("ViewEnvironmentVariables", _variable),
}
"""Per query: the operation it needs, and what gives its value."""
