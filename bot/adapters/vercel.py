"""Knows how a site at Vercel is put behind its maintenance page and taken out. Knows nothing of why.

The page itself is the application's: it shows one while the variable has the value. Vercel gives variables to new
deployments only, so the version that runs is deployed again, as its dashboard's "Redeploy" does.
Sources: https://vercel.com/docs/rest-api/projects, https://vercel.com/docs/environment-variables ("changes … only apply
to new deployments"), https://vercel.com/docs/rest-api/deployments/create-a-new-deployment ("a deployment id can be
specified to redeploy a previous deployment").
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import AliasChoices, BaseModel, Field, TypeAdapter

from bot.adapters.rest import Mend, RestClient, Vendor
from bot.adapters.rest import connect as connected
from bot.domain.errors import Outage, Refused
from bot.ports import Rollout

API = "https://api.vercel.com"
VERCEL = Vendor(
    "Vercel",
    "Make a token of the team at https://vercel.com/account/settings/tokens and set LIFEBOAT_VERCEL__TOKEN; for a "
    "team's project set LIFEBOAT_VERCEL__TEAM too.",
    "https://www.vercel-status.com",
)
PROJECT = Mend(
    "the project", "Set LIFEBOAT_VERCEL__PROJECT to its id or name, and LIFEBOAT_VERCEL__TEAM to the team's id or slug."
)
GONE = Mend("that deployment (any more)", "The project's page at Vercel lists its deployments.")
MODE = "lifeboatMaintenance"
ATTEMPT = "lifeboatAttempt"
"""What a deployment of ours bears in its `meta`: whether it was made with the variable, and which attempt made it."""
PROBLEMS = {
    "ERROR": "the build failed",
    "CANCELED": "somebody cancelled it",
    "BLOCKED": "Vercel blocked it",
    "DELETED": "it was deleted",
}
RECENT = 20
"""Production deployments that are looked through, newest first."""


class _Variable(BaseModel):
    id: str
    key: str
    value: str = ""
    type: str
    target: list[str] | str = []
    updated_at: int = Field(default=0, alias="updatedAt")

    @property
    def elsewhere(self) -> list[str]:
        """The targets that it has beside production."""
        targets = [self.target] if isinstance(self.target, str) else self.target
        return [target for target in targets if target != "production"]

    @property
    def in_production(self) -> bool:
        return "production" in self.target


class _Deployment(BaseModel):
    id: str = Field(validation_alias=AliasChoices("id", "uid"))
    name: str = ""
    url: str | None = None
    inspector: str | None = Field(default=None, alias="inspectorUrl")
    state: str = Field(default="", validation_alias=AliasChoices("readyState", "state"))
    substate: str | None = Field(default=None, alias="readySubstate")
    problem: str | None = Field(default=None, alias="errorMessage")
    created_at: int = Field(default=0, validation_alias=AliasChoices("createdAt", "created"))
    meta: dict[str, str] = {}

    def rollout(self) -> Rollout:
        page = self.inspector or (f"https://{self.url}" if self.url else "https://vercel.com/dashboard")
        if self.state in PROBLEMS:
            told = " ".join((self.problem or "").split())[:200]
            return Rollout(self.id, page, "failed", f"{PROBLEMS[self.state]}: {told}" if told else PROBLEMS[self.state])
        if self.state == "READY" and self.substate == "STAGED":
            # After an instant rollback, or by the project's setting, the domains stay where they are.
            return Rollout(self.id, page, "failed", "it is built, but people do not see it until it is promoted")
        return Rollout(self.id, page, "ready" if self.state == "READY" else "building")


class _Variables(BaseModel):
    envs: list[_Variable]


class _Deployments(BaseModel):
    deployments: list[_Deployment]


class _Running(BaseModel):
    id: str


class _Targets(BaseModel):
    production: _Running | None = None


class _Project(BaseModel):
    id: str
    name: str
    targets: _Targets | None = None


VARIABLE = TypeAdapter(_Variable)
VARIABLES = TypeAdapter(_Variables)
DEPLOYMENT = TypeAdapter(_Deployment)
DEPLOYMENTS = TypeAdapter(_Deployments)
A_PROJECT = TypeAdapter(_Project)


class VercelSite:
    """A `bot.ports.Site`."""

    def __init__(self, client: RestClient, project: str, team: str, variable: str, value: str) -> None:
        self._client, self._name, self._project = client, project, quote(project, safe="")
        self._scope = {"teamId" if team.startswith("team_") else "slug": team} if team else {}
        self._variable, self._value = variable, value

    async def in_maintenance(self) -> bool:
        """Raises Refused where the variable is of a type that Vercel shows nobody."""
        values = [await self._value_of(variable) for variable in await self._variables()]
        if None in values:
            raise Refused(
                f"Vercel shows nobody what {self._variable} is set to, because it is a sensitive variable. "
                "Nothing was changed.",
                f"Switch maintenance on or off here, and {self._variable} is replaced by a plain one; or look at the "
                "site itself.",
            )
        return self._value in values

    async def set_maintenance(self, on: bool) -> Rollout:
        """Where the variable says so already, this gives the release that was made with it, or makes it."""
        variables = await self._variables()
        changed = await (self._switch_on(variables) if on else self._switch_off(variables))
        if not changed:
            recent = await self._recent()
            since = max((variable.updated_at for variable in variables), default=None)
            if (made := _made_with(recent, on=on, since=since if on else None)) is not None:
                return made.rollout()
        return await self._redeploy(on=on)

    async def rollout(self, rollout_id: str) -> Rollout:
        path, doing = f"/v13/deployments/{quote(rollout_id, safe='')}", "looking at the release"
        found = await self._client.get(path, DEPLOYMENT, doing=doing, missing=GONE, parameters=self._scope)
        return found.rollout()

    async def _variables(self) -> list[_Variable]:
        """What there is of our variable in production. Values of other variables are not kept."""
        path, doing = f"/v10/projects/{self._project}/env", f"reading the variable {self._variable}"
        found = await self._client.get(path, VARIABLES, doing=doing, missing=PROJECT, parameters=self._scope)
        return [each for each in found.envs if each.key == self._variable and each.in_production]

    async def _value_of(self, variable: _Variable) -> str | None:
        """None where Vercel shows it to nobody."""
        if variable.type == "plain":
            return variable.value
        if variable.type != "encrypted":
            return None
        # The list gives it encrypted; alone it comes in the clear.
        path, doing = f"/v1/projects/{self._project}/env/{variable.id}", f"reading {self._variable}"
        shown = await self._client.get(path, VARIABLE, doing=doing, missing=PROJECT, parameters=self._scope)
        return shown.value

    async def _switch_on(self, variables: Sequence[_Variable]) -> bool:
        """Set the variable for production alone; whether there was anything to do."""
        if [await self._value_of(variable) for variable in variables] == [self._value]:
            return False
        await self._take_away(variables)
        body = {
            "key": self._variable,
            "value": self._value,
            "type": "plain",
            "target": ["production"],
            "comment": "The maintenance page is on. Set by Lifeboat, which removes it again.",
        }
        await self._ask("POST", f"/v10/projects/{self._project}/env", body, f"setting {self._variable}", upsert="true")
        return True

    async def _switch_off(self, variables: Sequence[_Variable]) -> bool:
        """Remove the variable where it has the value, or one that nobody can read; whether there was anything to do."""
        standing = [each for each in variables if await self._value_of(each) in (self._value, None)]
        await self._take_away(standing)
        return bool(standing)

    async def _take_away(self, variables: Sequence[_Variable]) -> None:
        """Take the variable out of production; preview and development keep what they have."""
        for variable in variables:
            path, doing = f"/v9/projects/{self._project}/env/{variable.id}", f"removing {self._variable}"
            if variable.elsewhere:
                await self._ask("PATCH", path, {"target": variable.elsewhere}, doing)
            else:
                await self._ask("DELETE", path, None, doing)

    async def _recent(self) -> list[_Deployment]:
        parameters = {"projectId": self._name, "target": "production", "limit": RECENT, **self._scope}
        doing = "looking at the latest releases"
        found = await self._client.get(
            "/v6/deployments", DEPLOYMENTS, doing=doing, missing=PROJECT, parameters=parameters
        )
        return sorted(found.deployments, key=lambda each: each.created_at, reverse=True)

    async def _about_project(self) -> _Project:
        path, doing = f"/v9/projects/{self._project}", "looking at the project"
        return await self._client.get(path, A_PROJECT, doing=doing, missing=PROJECT, parameters=self._scope)

    async def _redeploy(self, *, on: bool) -> Rollout:
        """Build what runs in production once more. After a lost answer, it looks for it before it asks again."""
        project = await self._about_project()
        running = None if project.targets is None else project.targets.production
        if running is None:
            raise Refused(
                f"{self._variable} is {'set' if on else 'removed'}, but {project.name} has no production deployment "
                "that could be released again. Nothing changed for the people who use it.",
                "Deploy it at Vercel: the new release has the variable as it is now.",
            )
        attempt = uuid.uuid4().hex
        body = {
            "name": project.name,
            "deploymentId": running.id,
            "target": "production",
            "meta": {"action": "redeploy", MODE: "on" if on else "off", ATTEMPT: attempt},
        }
        for last in (False, True):
            try:
                reply = await self._ask("POST", "/v13/deployments", body, "releasing the running version", forceNew="1")
                return self._client.understand(DEPLOYMENT, reply).rollout()
            except Outage as outage:
                if not outage.unsent:
                    made = next((each for each in await self._recent() if each.meta.get(ATTEMPT) == attempt), None)
                    if made is not None:
                        return made.rollout()
                if outage.unsent or last:
                    hint = f"{self._variable} is {'set' if on else 'removed'} already: ask again for the release alone."
                    raise Outage(
                        outage.service, outage.problem, hint, retry_at=outage.retry_at, unsent=outage.unsent
                    ) from outage
        raise AssertionError("the second attempt returns or raises")

    async def _ask(self, method: str, path: str, body: Any, doing: str, **parameters: str) -> httpx.Response:
        return await self._client.ask(
            method,
            path,
            body,
            doing=doing,
            missing=PROJECT,
            parameters=self._scope | parameters,
            repeatable=path != "/v13/deployments",
        )


def _made_with(recent: Sequence[_Deployment], *, on: bool, since: int | None) -> _Deployment | None:
    """The release that shows what the variable says, if one does: the newest, unless it failed.

    Ours bear what they were made with, and every later one has it too. One made by hand counts when it is younger
    than the variable. Where Lifeboat never released anything, nothing was ever switched on by it: what runs is right.
    """
    standing = [each for each in recent if each.rollout().state != "failed"]
    ours = next((each for each in standing if MODE in each.meta), None)
    if ours is not None and ours.meta[MODE] == ("on" if on else "off"):
        return standing[0]
    if since is not None:
        return standing[0] if standing and standing[0].created_at > since else None
    return standing[0] if standing and ours is None and not on else None


@asynccontextmanager
async def connect(
    token: str,
    project: str,
    team: str = "",
    variable: str = "MAINTENANCE_MODE",
    value: str = "1",
    api: str = API,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[VercelSite]:
    """A site for as long as the context lasts; nothing is asked of it yet.

    `project` is its id or name, `team` the team's id or slug (empty for a personal account's project); the site is in
    maintenance while `variable` has exactly this `value` in production. `transport` and `sleep` are for tests.
    """
    async with connected(VERCEL, api, token, transport=transport, sleep=sleep) as client:
        yield VercelSite(client, project.strip(), team.strip(), variable, value)
