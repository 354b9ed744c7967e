"""Knows how to list, count and sample tables. Knows nothing of what the numbers should be."""

import asyncio
from typing import Any

from pydantic import TypeAdapter

from bot.adapters.convex.client import CamelWire, ConvexClient
from bot.adapters.convex.errors import UNCHANGED, Unanswered, not_understood
from bot.adapters.convex.timestamps import from_ns
from bot.domain.errors import Refused
from bot.ports import Counts

COUNTING = "reading the row counts"
LISTING = "listing the tables"
PAGE = 1000
PAGES = 100
AT_ONCE = 4
"""Queries in flight at a time where each count is a call of its own."""


class _Table(CamelWire):
    name: str


class _Tables(CamelWire):
    page: list[_Table]
    is_done: bool
    continue_cursor: str | None = None


class _Documents(CamelWire):
    page: list[dict[str, Any]]
    is_done: bool
    continue_cursor: str | None = None


TABLES = TypeAdapter(_Tables)
DOCUMENTS = TypeAdapter(_Documents)
COUNT = TypeAdapter(int)


async def tables(client: ConvexClient) -> tuple[str, ...]:
    """The user tables of the root component, sorted by name."""
    names: list[str] = []
    cursor: str | None = None
    for _ in range(PAGES):
        found = await client.query("_system/cli/tables", {"paginationOpts": _page(cursor)}, TABLES, doing=LISTING)
        names.extend(table.name for table in found.page)
        if found.is_done:
            return tuple(sorted(names))
        cursor = found.continue_cursor
    raise not_understood(LISTING)


async def counts(client: ConvexClient) -> Counts:
    """Rows per table now, all at one moment.

    A batch does not say at which moment it was read. `at` is therefore the newest commit just before it: the rows
    are those of that moment or of the instants after, until the batch was answered.
    """
    names = await tables(client)
    ts = await client.latest_ts(doing=COUNTING)
    rows = await client.query_batch(
        "_system/cli/tableSize", [{"tableName": name} for name in names], COUNT, doing=COUNTING
    )
    return Counts(dict(zip(names, rows, strict=True)), from_ns(ts), ts)


async def counts_at(client: ConvexClient, ts: int) -> Counts:
    """Rows per table at exactly one past moment (nanoseconds since the epoch).

    A backend holds past moments for seconds, up to ten or so of them with writes; then this raises Refused.
    """
    slots = asyncio.Semaphore(AT_ONCE)

    async def count(name: str) -> int:
        async with slots:
            return await client.query_at(ts, "_system/cli/tableSize", {"tableName": name}, COUNT, doing=COUNTING)

    try:
        found = await client.query_at(ts, "_system/cli/tables", {"paginationOpts": _page(None)}, TABLES, doing=LISTING)
        names = sorted(table.name for table in found.page)
        rows = await asyncio.gather(*map(count, names))
    except Unanswered as error:
        raise Refused(
            f"Convex does not give row counts of {from_ns(ts):%H:%M:%S} UTC any more ({error.reason}). {UNCHANGED}",
            "Compare with the counts of now, and expect what was written since to differ.",
        ) from error
    return Counts(dict(zip(names, rows, strict=True)), from_ns(ts), ts)


async def recent(client: ConvexClient, table: str, limit: int) -> list[dict[str, Any]]:
    """The newest documents of a table, newest first. A page may be short, so pages are read until there are enough."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(PAGES):
        page = await client.query(
            "_system/cli/tableData",
            {"table": table, "order": "desc", "paginationOpts": _page(cursor, limit - len(found))},
            DOCUMENTS,
            doing=f"reading the newest documents of {table}",
        )
        found.extend(page.page)
        if page.is_done or len(found) >= limit:
            break
        cursor = page.continue_cursor
    return found[:limit]


def _page(cursor: str | None, items: int = PAGE) -> dict[str, Any]:
    return {"numItems": items, "cursor": cursor}
