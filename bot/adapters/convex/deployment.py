"""Knows what one deployment can do for us, in the words of the port. Knows nothing of requests or replies."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpcore
import httpx

from bot.adapters import certificates
from bot.adapters.convex import brakes, counts, exports, history, identity, imports
from bot.adapters.convex.client import ConvexClient
from bot.adapters.convex.errors import NEW_KEY
from bot.domain.backups import CloudBackup
from bot.domain.errors import Refused
from bot.domain.imports import ImportMode, ImportState
from bot.ports import ConfigChange, Counts, Download, Export, FunctionRun, Identity, KeyScope

TIMEOUT = httpx.Timeout(30, connect=10)
"""Seconds per step of a call (no answer, no next bytes), not for a whole download."""

READ = 256 * 1024
"""Bytes taken from the socket at a time. httpcore's 64 KiB cost a download a quarter more CPU than this; it has no
setting for it but the attribute that `connect` sets, and works the same without it."""


class ConvexDeployment:
    """A `bot.ports.Deployment` over HTTP."""

    def __init__(self, url: str, client: ConvexClient) -> None:
        self.url = url
        self._client = client

    async def identity(self) -> Identity:
        return await identity.identity(self._client, self.url)

    async def scope(self) -> KeyScope:
        return await identity.scope(self._client)

    async def state(self) -> str:
        return await identity.state(self._client)

    async def clock_skew(self) -> float:
        return await identity.clock_skew(self._client)

    async def tables(self) -> tuple[str, ...]:
        return await counts.tables(self._client)

    async def counts(self, at_ns: int | None = None) -> Counts:
        return await (counts.counts(self._client) if at_ns is None else counts.counts_at(self._client, at_ns))

    async def recent(self, table: str, limit: int = 10) -> list[dict[str, Any]]:
        return await counts.recent(self._client, table, limit)

    async def upload_import(
        self, path: Path, mode: ImportMode, on_bytes: Callable[[int], Awaitable[None]] | None = None
    ) -> str:
        return await imports.upload(self._client, path, mode, on_bytes)

    async def import_state(self, import_id: str) -> ImportState:
        return await imports.state(self._client, import_id)

    async def recent_imports(self) -> tuple[ImportState, ...]:
        return await imports.recent(self._client)

    async def perform_import(self, import_id: str) -> None:
        await imports.perform(self._client, import_id)

    async def cancel_import(self, import_id: str) -> None:
        await imports.cancel(self._client, import_id)

    async def request_export(self, *, with_files: bool) -> None:
        await exports.request(self._client, with_files=with_files)

    async def latest_export(self) -> Export | None:
        return await exports.latest(self._client)

    async def cancel_export(self, export_id: str) -> None:
        await exports.cancel(self._client, export_id)

    def download(self, export: Export) -> AbstractAsyncContextManager[Download]:
        return exports.download(self._client, export)

    async def latest_cloud_backup(self) -> CloudBackup | None:
        return await exports.latest_cloud_backup(self._client)

    async def pause(self) -> None:
        await brakes.pause(self._client)

    async def resume(self) -> None:
        await brakes.resume(self._client)

    async def cancel_scheduled(self) -> None:
        await brakes.cancel_scheduled(self._client)

    async def variable(self, name: str) -> str | None:
        return await brakes.variable(self._client, name)

    async def set_variable(self, name: str, value: str | None) -> None:
        await brakes.set_variable(self._client, name, value)

    async def changes(self, since: datetime, until: datetime) -> Sequence[ConfigChange]:
        return await history.changes(self._client, since, until)

    async def largest_writes(self, limit: int = 10) -> Sequence[FunctionRun]:
        return await history.largest_writes(self._client, limit)


@asynccontextmanager
async def connect(
    url: str,
    key: str,
    *,
    version: str,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[ConvexDeployment]:
    """A deployment for as long as the context lasts; nothing is asked of it yet.

    `url` is the deployment's own (`https://….convex.cloud`, or a self-hosted one), `version` Lifeboat's. Proxy
    variables of the environment count, except for a deployment on this machine. `transport` and `sleep` (between
    tries) are for tests. Raises Refused for an address or a key that cannot be one.
    """
    address = _address(url)
    httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = READ
    http = httpx.AsyncClient(
        base_url=address,
        headers={"Authorization": f"Convex {_key(key)}", "Convex-Client": f"lifeboat-{version}"},
        timeout=TIMEOUT,
        trust_env=not _on_this_machine(address.host),
        verify=certificates.trusted(),
        transport=transport,
    )
    async with http:
        yield ConvexDeployment(url.strip().rstrip("/"), ConvexClient(http, sleep))


def _address(url: str) -> httpx.URL:
    try:
        address = httpx.URL(url.strip())
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise Refused(
            f"{url!r} is not the address of a deployment, so nothing was asked of it.",
            "Set the deployment's URL, such as https://happy-otter-123.convex.cloud.",
        )
    return address


def _key(key: str) -> str:
    """The key without the white space that copying adds. The problem never shows it."""
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise Refused("The deployment's key is not a Convex key, so nothing was asked of the deployment.", NEW_KEY)
    return key


def _on_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
