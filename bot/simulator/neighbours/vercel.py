"""Knows one project at Vercel: its variables, its deployments, and the site that people see. Knows no real Vercel.

Shapes as in https://vercel.com/docs/rest-api (projects, project variables, deployments), reduced to what clients read.
"""

import secrets
from dataclasses import dataclass, field
from time import time
from typing import Any

from aiohttp import web

TOKEN = "vercel-token-of-the-demo"  # noqa: S105 - opens nothing but the stand-in
PROJECT = "campus-connect"
PROJECT_ID = "prj_CampusConnect000000000000"
TEAM = "team_CampusConnect00000000000"
ABOUT = {
    "id": PROJECT_ID,
    "name": PROJECT,
    "accountId": TEAM,
    "alias": [],
    "directoryListing": False,
    "nodeVersion": "22.x",
    "deploymentExpiration": {},
    "defaultResourceConfig": {"functionDefaultRegions": ["iad1"]},
    "resourceConfig": {"functionDefaultRegions": ["iad1"]},
}
CREATOR = {"uid": "user_CampusConnect0000000000", "username": "campus", "email": "campus@example.edu"}
OPEN = "Campus Connect", "What is on at your campus today."
CLOSED = "Back soon", "We are repairing something. Your posts and messages are kept."
QUEUED_SHARE = 0.2
"""Of the time that a build takes."""


class Clock:
    """Milliseconds since the epoch, never the same twice, as things are ordered by them."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self) -> int:
        self._last = max(self._last + 1, int(time() * 1000))
        return self._last


@dataclass
class Deployment:
    """One deployment: what it was built with, when it is ready, and how it ends."""

    name: str
    created: int
    ready: int
    variables: dict[str, str]
    meta: dict[str, str]
    ends: str = "READY"
    uid: str = field(default_factory=lambda: f"dpl_{secrets.token_hex(12)}")

    def state(self, now: int) -> str:
        if now >= self.ready:
            return self.ends
        return "QUEUED" if now < self.created + (self.ready - self.created) * QUEUED_SHARE else "BUILDING"


class Vercel:
    """The project, and switches: `build_seconds`, and `next_ends` (ERROR, CANCELED) for the next deployment."""

    def __init__(self, build_seconds: float = 4.0) -> None:
        self.build_seconds = build_seconds
        self.next_ends = "READY"
        self.variables: dict[str, dict[str, Any]] = {}
        self._now = Clock()
        created = self._now() - 86_400_000
        self.deployments = [Deployment(PROJECT, created, created + 41_000, {}, {"githubCommitRef": "main"})]

    @property
    def running(self) -> Deployment:
        """What people see: the newest that is ready."""
        now = self._now()
        return next(each for each in reversed(self.deployments) if each.state(now) == "READY")

    def in_maintenance(self, variable: str = "MAINTENANCE_MODE", value: str = "1") -> bool:
        """Whether people see the maintenance page."""
        return self.running.variables.get(variable) == value

    def add_variable(self, key: str, value: str, kind: str, target: list[str]) -> dict[str, Any]:
        """Set a variable as a person at Vercel would; `kind` is plain, encrypted or sensitive."""
        now = self._now()
        name = secrets.token_hex(8)
        made = {"id": name, "key": key, "value": value, "type": kind, "target": target, "securityIssues": []}
        self.variables[name] = {**made, "createdAt": now, "updatedAt": now}
        return self.variables[name]

    def deploy(self, meta: dict[str, str]) -> Deployment:
        """Build what runs with the variables as they are."""
        now, ends, self.next_ends = self._now(), self.next_ends, "READY"
        variables = {each["key"]: each["value"] for each in self.variables.values() if "production" in each["target"]}
        made = Deployment(PROJECT, now, now + int(self.build_seconds * 1000), variables, meta, ends)
        self.deployments.append(made)
        return made

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v9/projects/{project}", self._project),
            web.get("/v10/projects/{project}/env", self._list_variables),
            web.post("/v10/projects/{project}/env", self._create_variable),
            web.get("/v1/projects/{project}/env/{id}", self._one_variable),
            web.patch("/v9/projects/{project}/env/{id}", self._edit_variable),
            web.delete("/v9/projects/{project}/env/{id}", self._remove_variable),
            web.get("/v6/deployments", self._list_deployments),
            web.get("/v7/deployments", self._list_deployments),
            web.post("/v13/deployments", self._create_deployment),
            web.get("/v13/deployments/{id}", self._one_deployment),
        ]

    async def site(self, _request: web.Request) -> web.Response:
        """The page of the application, or its maintenance page with 503."""
        closed = self.in_maintenance()
        title, text = CLOSED if closed else OPEN
        page = f"<!doctype html><title>{title}</title><h1>{title}</h1><p>{text}</p>"
        return web.Response(text=page, content_type="text/html", status=503 if closed else 200)

    def _known(self, request: web.Request) -> None:
        if request.match_info["project"] not in (PROJECT, PROJECT_ID):
            raise _refusal(404, "not_found", "Project not found")

    def _found(self, request: web.Request) -> dict[str, Any]:
        self._known(request)
        try:
            return self.variables[request.match_info["id"]]
        except KeyError:
            raise _refusal(404, "not_found", "The environment variable was not found") from None

    async def _project(self, request: web.Request) -> web.Response:
        self._known(request)
        production = self._shown(self.running)
        return web.json_response({**ABOUT, "targets": {"production": production}})

    async def _list_variables(self, request: web.Request) -> web.Response:
        self._known(request)
        shown = [_listed(each) for each in self.variables.values()]
        return web.json_response({"envs": shown, "hiddenProductionEnvCount": 0})

    async def _one_variable(self, request: web.Request) -> web.Response:
        found = self._found(request)
        shown = {**found, "value": ""} if found["type"] == "sensitive" else {**found, "decrypted": True}
        return web.json_response(shown)

    async def _create_variable(self, request: web.Request) -> web.Response:
        self._known(request)
        given = await request.json()
        overlap = [
            each
            for each in self.variables.values()
            if each["key"] == given["key"] and set(each["target"]) & set(given["target"])
        ]
        if overlap and request.query.get("upsert") != "true":
            raise _refusal(400, "ENV_CONFLICT", f"Another variable {given['key']} exists already for this target")
        for each in overlap:
            del self.variables[each["id"]]
        made = self.add_variable(given["key"], given["value"], given["type"], given["target"])
        return web.json_response({"created": made, "failed": []}, status=201)

    async def _edit_variable(self, request: web.Request) -> web.Response:
        found, given = self._found(request), await request.json()
        if found["type"] == "sensitive" and given.get("type", "sensitive") != "sensitive":
            raise _refusal(400, "bad_request", "A sensitive variable stays one")
        found.update(given, updatedAt=self._now())
        return web.json_response(_listed(found))

    async def _remove_variable(self, request: web.Request) -> web.Response:
        found = self._found(request)
        del self.variables[found["id"]]
        return web.json_response(_listed(found))

    async def _list_deployments(self, request: web.Request) -> web.Response:
        if request.query.get("projectId") not in (PROJECT, PROJECT_ID, None):
            raise _refusal(404, "not_found", "Project not found")
        newest = self.deployments[::-1][: int(request.query.get("limit", 20))]
        pagination = {"count": len(newest), "next": None, "prev": newest[0].created}
        shown = [self._shown(each) for each in newest]
        return web.json_response({"deployments": shown, "pagination": pagination})

    async def _create_deployment(self, request: web.Request) -> web.Response:
        given = await request.json()
        if not any(each.uid == given.get("deploymentId") for each in self.deployments):
            raise _refusal(404, "not_found", "Deployment not found")
        if given.get("target") != "production" or not isinstance(given.get("name"), str):
            raise _refusal(400, "bad_request", "Invalid request: `name` and `target` are expected")
        return web.json_response(self._shown(self.deploy(given.get("meta", {}))))

    async def _one_deployment(self, request: web.Request) -> web.Response:
        wanted = request.match_info["id"]
        for each in self.deployments:
            if each.uid == wanted:
                return web.json_response(self._shown(each))
        raise _refusal(404, "not_found", "Deployment not found")

    def _shown(self, deployment: Deployment) -> dict[str, Any]:
        """As in all three places where Vercel shows one: it is called `id` here, `uid` there."""
        now = self._now()
        state = deployment.state(now)
        shown: dict[str, Any] = {
            "id": deployment.uid,
            "uid": deployment.uid,
            "name": deployment.name,
            "projectId": PROJECT_ID,
            "type": "LAMBDAS",
            "creator": CREATOR,
            "target": "production",
            "createdIn": "iad1",
            "plan": "pro",
            "private": False,
            "deploymentHostname": f"{deployment.name}-{deployment.uid[4:13]}",
            "url": f"{deployment.name}-{deployment.uid[4:13]}.vercel.app",
            "inspectorUrl": f"https://vercel.com/campus/{PROJECT}/{deployment.uid[4:]}",
            "created": deployment.created,
            "createdAt": deployment.created,
            "state": state,
            "readyState": state,
            "aliasAssigned": state == "READY",
            "meta": deployment.meta,
        }
        if state == "ERROR":
            shown |= {"errorCode": "BUILD_FAILED", "errorMessage": 'Command "npm run build" exited with 1'}
        if state == "READY":
            shown["readySubstate"] = "PROMOTED"
        return shown


def _listed(variable: dict[str, Any]) -> dict[str, Any]:
    """A list shows no value in the clear but a plain one."""
    hidden = {"encrypted": "eyJ2IjoidjIiLCJjIjoi…", "sensitive": ""}
    return {**variable, "value": hidden.get(variable["type"], variable["value"])}


def _refusal(status: int, code: str, message: str) -> web.HTTPException:
    kinds: dict[int, type[web.HTTPException]] = {400: web.HTTPBadRequest, 404: web.HTTPNotFound}
    response = web.json_response({"error": {"code": code, "message": message}})
    return kinds[status](text=response.text, content_type="application/json")
