"""Knows Convex's snapshot exports: asking, following, cancelling, fetching. Knows nothing of where copies are kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from pydantic import Field, TypeAdapter

from bot.adapters.convex.client import ConvexClient, Wire
from bot.adapters.convex.errors import DOCTOR, SERVICE, UNCHANGED, unanswered
from bot.adapters.convex.timestamps import from_ms, from_ns
from bot.domain.backups import CloudBackup
from bot.domain.errors import Outage
from bot.ports import Download, Export

FETCHING = "fetching the export"


class _Format(Wire):
    include_storage: bool = False


class _ExportDocument(Wire):
    """A row of Convex's `_exports`. States it may name: requested, in_progress, completed, failed, canceled."""

    id: str = Field(alias="_id")
    creation_time: float = Field(alias="_creationTime")
    state: str
    format: _Format = _Format()
    progress_message: str | None = None
    start_ts: int | None = None
    size: int | None = None
    expiration_ts: int | None = None


DOCUMENT: TypeAdapter[_ExportDocument | None] = TypeAdapter(_ExportDocument | None)


async def request(client: ConvexClient, *, with_files: bool) -> None:
    """Ask for an export. The reply carries no id.

    After an Outage it may have been asked for all the same: whoever asks again looks at the latest export first.
    """
    await client.post(
        f"/api/export/request/zip?includeStorage={str(with_files).lower()}",
        doing="asking for an export",
        repeatable=False,
    )


async def latest(client: ConvexClient) -> Export | None:
    """The newest export that a key asked for."""
    found = await client.query("_system/cli/exports:getLatest", {}, DOCUMENT, doing="looking at the newest export")
    if found is None:
        return None
    return Export(
        id=found.id,
        created_at=from_ms(found.creation_time),
        state=found.state,
        message=found.progress_message or "",
        snapshot_ns=found.start_ts,
        size=found.size,
        expires_at=None if found.expiration_ts is None else from_ns(found.expiration_ts),
        with_files=found.format.include_storage,
    )


async def latest_cloud_backup(client: ConvexClient) -> CloudBackup | None:
    """Convex's own newest backup."""
    found = await client.query(
        "_system/frontend/latestExport:latestCloudExport", {}, DOCUMENT, doing="looking at Convex's own backups"
    )
    if found is None:
        return None
    return CloudBackup(
        id=found.id,
        state=found.state,
        snapshot_at=None if found.start_ts is None else from_ns(found.start_ts),
        expires_at=None if found.expiration_ts is None else from_ns(found.expiration_ts),
        size=found.size,
    )


async def cancel(client: ConvexClient, export_id: str) -> None:
    """Stop an export that is not complete."""
    await client.post(f"/api/export/cancel/{export_id}", doing="cancelling the export")


@asynccontextmanager
async def download(client: ConvexClient, export: Export) -> AsyncIterator[Download]:
    """An open download. Its bytes raise Outage when the connection breaks or ends before the size it named."""
    async with client.stream(f"/api/export/zip/{export.id}", doing=FETCHING) as response:
        length = response.headers.get("content-length", "")
        size = int(length) if length.isdigit() else export.size
        yield Download(size, _chunks(response, size))


async def _chunks(response: httpx.Response, size: int | None) -> AsyncIterator[bytes]:
    received = 0
    try:
        async for chunk in response.aiter_raw():
            received += len(chunk)
            yield chunk
    except httpx.RequestError as error:
        raise _broken_off(received, size, unanswered(error).reason) from error
    if size is not None and received != size:
        raise _broken_off(received, size, "the answer ended early")


def _broken_off(received: int, size: int | None, reason: str) -> Outage:
    of = "" if size is None else f" of {size:,}"
    return Outage(
        SERVICE,
        f"The download broke off after {received:,}{of} bytes ({reason}). {UNCHANGED}",
        f"The export stays at Convex and can be fetched again. {DOCTOR}",
    )
