"""Knows how a site at Vercel is put behind its maintenance page and taken out. Knows nothing of why.

The page itself is the application's: it shows one while the variable has the value. Vercel gives variables to new
deployments only, so the version that runs is deployed again, as "Redeploy" in its dashboard does: "you must redeploy
your project to update the value of any variables". Of a redeployment by `deploymentId`, the reference that comes with
Vercel's own library says that variables are inherited unless overridden, which reads otherwise: a team should see its
maintenance page once, in a drill, before it relies on it.
Sources: https://vercel.com/docs/environment-variables/managing-environment-variables,
https://vercel.com/docs/rest-api/projects and https://vercel.com/docs/rest-api/deployments/create-a-new-deployment.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx

from bot.adapters.rest import Mend, RestClient, Vendor
from bot.adapters.rest import connect as connected
from bot.adapters.vercel.wire import (
    A_PROJECT,
    ATTEMPT,
    DEPLOYMENT,
    DEPLOYMENTS,
    MODE,
    VARIABLE,
    VARIABLES,
    Deployment,
    Project,
    Variable,
    made_with,
)
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
RECENT = 20
"""Production deployments that are looked through, newest first."""


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
                f"Vercel shows nobody what {self._variable} is set to, because it is kept there as a secret. "
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
            if (made := made_with(recent, on=on, since=since if on else None)) is not None:
                return made.rollout()
        return await self._redeploy(on=on)

    async def rollout(self, rollout_id: str) -> Rollout:
        path, doing = f"/v13/deployments/{quote(rollout_id, safe='')}", "looking at the release"
        found = await self._client.get(path, DEPLOYMENT, doing=doing, missing=GONE, parameters=self._scope)
        return found.rollout()

    async def _variables(self) -> list[Variable]:
        """What there is of our variable in production. Values of other variables are not kept."""
        path, doing = f"/v10/projects/{self._project}/env", f"reading the variable {self._variable}"
        found = await self._client.get(path, VARIABLES, doing=doing, missing=PROJECT, parameters=self._scope)
        return [each for each in found.envs if each.key == self._variable and each.in_production]

    async def _value_of(self, variable: Variable) -> str | None:
        """None where Vercel shows it to nobody."""
        if variable.type == "plain":
            return variable.value
        if variable.type != "encrypted":
            return None
        # The list gives it encrypted; alone it comes in the clear.
        path, doing = f"/v1/projects/{self._project}/env/{variable.id}", f"reading {self._variable}"
        shown = await self._client.get(path, VARIABLE, doing=doing, missing=PROJECT, parameters=self._scope)
        return shown.value

    async def _switch_on(self, variables: Sequence[Variable]) -> bool:
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

    async def _switch_off(self, variables: Sequence[Variable]) -> bool:
        """Remove the variable where it has the value, or one that nobody can read; whether there was anything to do."""
        standing = [each for each in variables if await self._value_of(each) in (self._value, None)]
        await self._take_away(standing)
        return bool(standing)

    async def _take_away(self, variables: Sequence[Variable]) -> None:
        """Take the variable out of production; preview and development keep what they have."""
        for variable in variables:
            path, doing = f"/v9/projects/{self._project}/env/{variable.id}", f"removing {self._variable}"
            if variable.elsewhere:
                await self._ask("PATCH", path, {"target": variable.elsewhere}, doing)
            else:
                await self._ask("DELETE", path, None, doing)

    async def _recent(self) -> list[Deployment]:
        parameters = {"projectId": self._name, "target": "production", "limit": RECENT, **self._scope}
        doing = "looking at the latest releases"
        found = await self._client.get(
            "/v6/deployments", DEPLOYMENTS, doing=doing, missing=PROJECT, parameters=parameters
        )
        return sorted(found.deployments, key=lambda each: each.created_at, reverse=True)

    async def _about_project(self) -> Project:
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
                made = None if outage.unsent else await self._made_by(attempt)
                if made is not None:
                    return made.rollout()
                if outage.unsent or last:
                    raise self._unreleased(outage, on=on) from outage
            except Refused as refused:
                raise Refused(f"{refused.problem} {self._stands(on=on)}", refused.hint) from refused
        raise AssertionError("the second attempt returns or raises")

    async def _made_by(self, attempt: str) -> Deployment | None:
        return next((each for each in await self._recent() if each.meta.get(ATTEMPT) == attempt), None)

    def _unreleased(self, outage: Outage, *, on: bool) -> Outage:
        """The variable is as asked, the release is certainly not made."""
        looked = (
            "Vercel gave no answer to the order for a release, and I looked: it has made none. No data was changed."
        )
        problem = outage.problem if outage.unsent else looked
        hint = f"{self._stands(on=on)} Ask again, and only the release is made."
        return Outage(outage.service, problem, hint, retry_at=outage.retry_at, unsent=True)

    def _stands(self, *, on: bool) -> str:
        return f"{self._variable} is {'set' if on else 'removed'} already, for the next release."

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
