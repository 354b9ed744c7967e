"""Knows the HTTP routes by which a team runs its deployment: pause, variables, scheduled functions, audit log. Knows
nothing of its data.
"""

from collections.abc import Callable

from aiohttp import web

from bot.simulator import environment
from bot.simulator.access import Access, ApiError
from bot.simulator.bodies import json_object
from bot.simulator.instance import Instance

Guard = Callable[[web.Request, str | None], Access]


class Administration:
    """Brakes and records."""

    def __init__(self, instance: Instance, guard: Guard) -> None:
        self._instance, self._deployment, self._guard = instance, instance.deployment, guard

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/v1/pause_deployment", self._pause),
            web.post("/api/v1/unpause_deployment", self._unpause),
            web.post("/api/v1/update_environment_variables", self._update_environment),
            web.post("/api/update_environment_variables", self._update_environment),
            web.get("/api/v1/list_environment_variables", self._list_environment),
            web.post("/api/cancel_all_jobs", self._cancel_all_jobs),
            web.get("/api/v1/list_audit_log_events", self._list_audit_log_events),
        ]

    async def _pause(self, request: web.Request) -> web.Response:
        self._guard(request, "PauseDeployment")
        if not self._deployment.paused:
            self._set_paused(True)
        return web.Response()

    async def _unpause(self, request: web.Request) -> web.Response:
        self._guard(request, "UnpauseDeployment")
        if not self._deployment.paused:
            raise ApiError(400, "UnpauseDeploymentFailed", "Deployment is not currently paused.")
        self._set_paused(False)
        return web.Response()

    def _set_paused(self, paused: bool) -> None:
        self._deployment.paused = paused
        self._deployment.audit.add("pause_deployment" if paused else "unpause_deployment", {})
        self._deployment.announce()

    async def _update_environment(self, request: web.Request) -> web.Response:
        self._guard(request, "WriteEnvironmentVariables")
        environment.change(self._deployment, (await json_object(request))["changes"])
        return web.Response()

    async def _list_environment(self, request: web.Request) -> web.Response:
        self._guard(request, "ViewEnvironmentVariables")
        return web.json_response({"environmentVariables": self._deployment.environment})

    async def _cancel_all_jobs(self, request: web.Request) -> web.Response:
        self._guard(request, "WriteData")
        self._instance.scheduler.cancel_all((await json_object(request)).get("udfPath"))
        self._deployment.audit.add("cancel_all_scheduled_functions", {"component_id": None, "component": None})
        return web.Response()

    async def _list_audit_log_events(self, request: web.Request) -> web.Response:
        self._guard(request, "ViewAuditLog")
        asked = request.query
        if self._deployment.identity.kind == "selfHosted":
            raise ApiError(403, "AuditLogsDisabled", "Audit logs are not available on this deployment.")
        try:
            since, limit = int(asked["from"]), int(asked.get("limit", "15"))
        except (KeyError, ValueError) as problem:
            raise ApiError(400, "BadQueryArgs", f"Failed to deserialize query string: {problem}") from problem
        page, cursor = self._deployment.audit.page(since, limit, asked.get("cursor"))
        pagination = {"hasMore": False} if cursor is None else {"hasMore": True, "nextCursor": cursor}
        return web.json_response({"items": [event.served() for event in page], "pagination": pagination})


def routes(instance: Instance, guard: Guard) -> list[web.RouteDef]:
    """The routes of one deployment's administration."""
    return Administration(instance, guard).routes()
