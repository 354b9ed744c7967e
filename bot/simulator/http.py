"""Knows a deployment's HTTP interface as its clients speak it. Knows nothing of what the answers rest on.

Sources: https://docs.convex.dev/deployment-platform-api and the open-source backend.
"""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.simulator import administration
from bot.simulator.access import Access, ApiError
from bot.simulator.bodies import json_object
from bot.simulator.deployment import PAUSED
from bot.simulator.instance import Instance
from bot.simulator.queries import HELD_NS, QueryFailed, run
from bot.simulator.sync import Session
from bot.simulator.transfers import routes as transfer_routes
from bot.simulator.values import FORMATS, decode, encode

VERSION = "simulated-1.48.0"
LONGEST_POLL_SECONDS = 60.0
BODY_LIMIT = 128 * 1024 * 1024


@web.middleware
async def _worded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a refusal with the body that Convex gives."""
    try:
        return await handler(request)
    except ApiError as refusal:
        return web.json_response({"code": refusal.code, "message": refusal.message}, status=refusal.status)
    except (json.JSONDecodeError, UnicodeDecodeError) as problem:
        return web.json_response({"code": "BadJsonBody", "message": f"Invalid JSON: {problem}"}, status=400)
    except KeyError as missing:
        return web.json_response({"code": "BadJsonBody", "message": f"missing field {missing}"}, status=400)


class Api:
    """The routes of one deployment."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._deployment = instance.deployment

    def access(self, request: web.Request, operation: str | None = None) -> Access:
        """Who asks. Raises ApiError when the key is missing, unknown, or may not do the operation."""
        access = self._instance.keys.access(request.headers.get("Authorization"), request.query.get("adminKey"))
        if operation:
            access.require(operation)
        return access

    def routes(self) -> list[web.RouteDef]:
        get, post = web.get, web.post
        return [
            get("/", self._text("This Convex deployment is running. See https://docs.convex.dev/.")),
            get("/instance_name", self._text(self._deployment.identity.name)),
            get("/instance_version", self._text(VERSION)),
            get("/api/check_admin_key", self._check_admin_key),
            get("/api/v1/deployment_info", self._deployment_info),
            post("/api/query", self._query),
            post("/api/query_batch", self._query_batch),
            post("/api/query_ts", self._query_ts),
            post("/api/query_at_ts", self._query_at_ts),
            get("/api/v2/status.json", self._status_page),
            post("/api/mutation", self._app_function),
            post("/api/action", self._app_function),
            get("/api/stream_function_logs", self._logs),
            get("/api/stream_udf_execution", self._logs),
            get("/api/{version}/sync", self._sync),
        ]

    @staticmethod
    def _text(text: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(text=text)

        return answer

    async def _check_admin_key(self, request: web.Request) -> web.Response:
        access = self.access(request)
        allowed = sorted(access.operations)
        return web.json_response({"success": True, "allowedOps": allowed, "isReadOnly": access.read_only})

    async def _deployment_info(self, request: web.Request) -> web.Response:
        self.access(request, "ViewData")
        identity = self._deployment.identity
        if identity.kind == "selfHosted":
            return web.json_response({"kind": "selfHosted"})
        return web.json_response(
            {
                "kind": "cloud",
                "teamId": 4711,
                "projectId": identity.project_id,
                "projectName": identity.project.replace("-", " ").title(),
                "projectSlug": identity.project,
                "id": 1000 + sum(map(ord, identity.name)),
                "deploymentType": identity.type,
                "reference": identity.name,
            }
        )

    def _answer(self, asked: dict[str, Any], access: Access | None, ts: int | None = None) -> dict[str, Any]:
        form = asked.get("format") or "json"
        if form not in FORMATS:
            raise ApiError(400, "BadFormat", f"unknown format {form}")
        try:
            value = run(self._instance, asked["path"], decode(json.dumps(asked["args"])), access, ts)
        except QueryFailed as failure:
            return _failed(str(failure))
        return {"status": "success", "value": encode(value, form)}

    def _maybe_access(self, request: web.Request) -> Access | None:
        if "Authorization" not in request.headers and "adminKey" not in request.query:
            return None
        return self.access(request)

    async def _query(self, request: web.Request) -> web.Response:
        return web.json_response(self._answer(await json_object(request), self._maybe_access(request)))

    async def _query_batch(self, request: web.Request) -> web.Response:
        access, asked = self._maybe_access(request), await json_object(request)
        return web.json_response({"results": [self._answer(query, access) for query in asked["queries"]]})

    async def _query_ts(self, _request: web.Request) -> web.Response:
        ts = self._deployment.ts.to_bytes(8, "little")
        return web.json_response({"ts": base64.b64encode(ts).decode()})

    async def _query_at_ts(self, request: web.Request) -> web.Response:
        asked = await json_object(request)
        ts = int.from_bytes(base64.b64decode(asked["ts"]), "little")
        if self._deployment.ts - ts > HELD_NS:
            raise ApiError(503, "SnapshotOutOfRetention", "The moment asked for is no longer held.")
        return web.json_response(self._answer(asked, self._maybe_access(request), ts))

    async def _status_page(self, _request: web.Request) -> web.Response:
        """Not a deployment's: what https://status.convex.dev answers, for a demo that must not leave the machine."""
        return web.json_response({"status": {"indicator": "none", "description": "All Systems Operational"}})

    async def _app_function(self, request: web.Request) -> web.Response:
        path = (await json_object(request))["path"]
        problem = PAUSED if self._deployment.paused else f"Could not find public function for '{path}'."
        return web.json_response(_failed(problem))

    async def _logs(self, request: web.Request) -> web.Response:
        self.access(request, "ViewLogs")
        cursor = float(request.query.get("cursor", "0"))
        entries, new_cursor = await self._deployment.log.after(cursor, LONGEST_POLL_SECONDS)
        if not request.headers.get("Convex-Client", "").startswith(("npm-cli-", "dashboard-")):
            return web.json_response({"entries": entries, "newCursor": new_cursor})
        structured = [
            {**entry, "logLines": [_structured(entry, line) for line in entry["logLines"]]} for entry in entries
        ]
        return web.json_response({"entries": structured, "newCursor": new_cursor})

    async def _sync(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=BODY_LIMIT)
        await socket.prepare(request)
        await Session(self._instance, socket).serve()
        return socket


def _failed(problem: str) -> dict[str, Any]:
    return {"status": "error", "errorMessage": f"[Request ID: 5170] Server Error\n{problem}"}


def _structured(entry: dict[str, Any], line: str) -> dict[str, Any]:
    level, _, text = line.partition("] ")
    return {
        "messages": [text],
        "level": level.strip("["),
        "timestamp": entry["timestamp"] * 1000,
        "isTruncated": False,
        "systemMetadata": None,
    }


def application(instance: Instance) -> web.Application:
    """The deployment as an aiohttp application."""
    app = web.Application(middlewares=[instance.faults.middleware, _worded], client_max_size=BODY_LIMIT)
    app.on_response_prepare.append(instance.faults.stamp)
    api = Api(instance)
    app.add_routes(
        [*api.routes(), *administration.routes(instance, api.access), *transfer_routes(instance, api.access)]
    )
    return app
