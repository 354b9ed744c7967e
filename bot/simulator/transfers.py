"""Knows the HTTP routes of exports and imports. Knows nothing of their lives."""

import asyncio
import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from bot.simulator.access import Access, ApiError
from bot.simulator.bodies import CHUNK, json_object, stored
from bot.simulator.exports import Export
from bot.simulator.faults import TRUNCATE
from bot.simulator.instance import Instance

Guard = Callable[[web.Request, str | None], Access]


class Transfers:
    """Exports out, imports in."""

    def __init__(self, instance: Instance, guard: Guard) -> None:
        self._instance, self._guard = instance, guard

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/export/request/zip", self._request),
            web.get("/api/export/zip/{reference}", self._download),
            web.post("/api/export/set_expiration/{reference}", self._set_expiration),
            web.post("/api/export/cancel/{reference}", self._cancel_export),
            web.post("/api/import/start_upload", self._start_upload),
            web.post("/api/import/upload_part", self._upload_part),
            web.post("/api/import/finish_upload", self._finish_upload),
            web.post("/api/perform_import", self._perform),
            web.post("/api/cancel_import", self._cancel_import),
            web.post("/api/import", self._import),
        ]

    async def _request(self, request: web.Request) -> web.Response:
        self._guard(request, "CreateBackups")
        self._instance.exports.request(include_storage=request.query.get("includeStorage") == "true")
        return web.Response()

    async def _set_expiration(self, request: web.Request) -> web.Response:
        self._guard(request, "DeleteBackups")
        expires = int((await json_object(request))["expirationTsNs"])
        self._instance.exports.set_expiration(request.match_info["reference"], expires)
        return web.Response()

    async def _cancel_export(self, request: web.Request) -> web.Response:
        self._guard(request, "ImportBackups")
        self._instance.exports.cancel(request.match_info["reference"])
        return web.Response()

    async def _download(self, request: web.Request) -> web.StreamResponse:
        self._guard(request, "DownloadBackups")
        export = self._instance.exports.downloadable(request.match_info["reference"])
        name = f"snapshot_{self._instance.deployment.identity.name}_{export.start_ts}.zip"
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/zip",
                "Content-Length": str(export.size),
                "Cache-Control": "private, max-age=2592000",
                "Content-Disposition": f"attachment; filename={name}",
            }
        )
        await response.prepare(request)
        # A client that leaves half-way is no trouble of ours.
        with suppress(ConnectionError):
            await self._send(request, response, export)
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, export: Export) -> None:
        size = export.size or 0
        end = size // 2 if TRUNCATE in request else size
        rate = self._instance.faults.bytes_per_second
        step = CHUNK if rate is None else max(1, min(CHUNK, int(rate / 10)))
        with export.path.open("rb") as file:
            while end > 0:
                chunk = file.read(min(step, end))
                end -= len(chunk)
                await response.write(chunk)
                if rate is not None:
                    await asyncio.sleep(len(chunk) / rate)
        if TRUNCATE in request and request.transport is not None:
            await asyncio.sleep(0.05)
            request.transport.close()

    async def _start_upload(self, request: web.Request) -> web.Response:
        self._guard(request, "ImportBackups")
        return web.json_response({"uploadToken": self._instance.imports.start_upload()})

    async def _upload_part(self, request: web.Request) -> web.Response:
        self._guard(request, "ImportBackups")
        body = await request.read()
        return web.json_response(self._instance.imports.add_part(request.query["uploadToken"], body))

    async def _finish_upload(self, request: web.Request) -> web.Response:
        self._guard(request, "ImportBackups")
        asked = await json_object(request)
        wanted = asked["import"]
        job = self._instance.imports.finish_upload(
            asked["uploadToken"], asked["partTokens"], *_wanted(wanted), wanted.get("tableName")
        )
        return web.json_response({"importId": job.id})

    async def _import_id(self, request: web.Request) -> str:
        self._guard(request, "ImportBackups")
        return str((await json_object(request))["importId"])

    async def _perform(self, request: web.Request) -> web.Response:
        self._instance.imports.perform(await self._import_id(request))
        return web.Response()

    async def _cancel_import(self, request: web.Request) -> web.Response:
        self._instance.imports.cancel(await self._import_id(request))
        return web.Response()

    async def _import(self, request: web.Request) -> web.Response:
        self._guard(request, "ImportBackups")
        imports = self._instance.imports
        path = await stored(request, self._instance.exports.folder / f"{uuid.uuid4()}.upload")
        job = imports.add(path, *_wanted(request.query), request.query.get("tableName"))
        await imports.settled(job, ("waiting_for_confirmation", "failed"))
        imports.perform(job.id)
        state = await imports.settled(job, ("completed", "failed"))
        if state["state"] == "failed":
            raise ApiError(400, "ImportFailed", str(state["error_message"]))
        return web.json_response({"numWritten": state["num_rows_written"]})


def _wanted(given: Any) -> tuple[str, str]:
    if given.get("componentPath"):
        raise ApiError(400, "ComponentNotFound", f"Component {given['componentPath']} not found")
    return _text(given.get("format") or "zip"), _text(given.get("mode") or "requireEmpty")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def routes(instance: Instance, guard: Guard) -> list[web.RouteDef]:
    """The routes of one deployment's exports and imports."""
    return Transfers(instance, guard).routes()
