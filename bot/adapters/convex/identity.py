"""Knows who a deployment is, what its key may do, and whether it runs. Knows nothing of its data."""

import time
from email.utils import parsedate_to_datetime

import httpx
from pydantic import TypeAdapter

from bot.adapters.convex.client import CamelWire, ConvexClient, Wire
from bot.adapters.convex.errors import BAD_KEY, UNCHANGED, NotPermitted
from bot.domain.errors import Refused
from bot.ports import Identity, KeyScope

DATE_RESOLUTION = 1.0
"""Seconds: an HTTP `Date` names whole ones."""


class _KeyCheck(CamelWire):
    success: bool
    allowed_ops: list[str] = []
    is_read_only: bool = False


class _DeploymentInfo(CamelWire):
    kind: str = ""
    deployment_type: str | None = None
    project_id: str | None = None
    project_name: str | None = None


class _BackendState(Wire):
    system: str = "none"
    usage_limit: str = "none"
    user: str = "none"


KEY_CHECK = TypeAdapter(_KeyCheck)
DEPLOYMENT_INFO = TypeAdapter(_DeploymentInfo)
BACKEND_STATE = TypeAdapter(_BackendState)


async def identity(client: ConvexClient, url: str) -> Identity:
    """Who the deployment says it is. What the key may not see stays empty."""
    doing = "asking the deployment who it is"
    try:
        info = await client.get("/api/v1/deployment_info", DEPLOYMENT_INFO, doing=doing)
    except NotPermitted:
        info = _DeploymentInfo()
    return Identity(
        name=await _text(client, "/instance_name") or httpx.URL(url).host.split(".")[0],
        kind=info.kind,
        url=url,
        type=info.deployment_type or "",
        project_id=info.project_id or "",
        project_name=info.project_name or "",
        version=await _text(client, "/instance_version"),
    )


async def scope(client: ConvexClient) -> KeyScope:
    """What the key may do."""
    found = await client.get("/api/check_admin_key", KEY_CHECK, doing="checking the key")
    if not found.success:
        raise Refused(f"{BAD_KEY.problem} {UNCHANGED}", BAD_KEY.hint)
    return KeyScope(frozenset(found.allowed_ops), found.is_read_only)


async def state(client: ConvexClient) -> str:
    """`suspended` and `disabled` (by Convex, or for usage beyond the plan) before `paused` (by the team)."""
    found = await client.query(
        "_system/frontend/backendState:backendState", {}, BACKEND_STATE, doing="asking whether the deployment runs"
    )
    return next((state for state in (found.system, found.usage_limit, found.user) if state != "none"), "running")


async def clock_skew(client: ConvexClient) -> float:
    """Seconds by which the server's clock is ahead, from its `Date`; 0.0 where that cannot tell them apart.

    Convex's own timestamps are no clock: they stand still while nothing is written.
    """
    before = time.time()
    response = await client.head("/instance_version", doing="asking the deployment's clock")
    after = time.time()
    try:
        theirs = parsedate_to_datetime(response.headers["date"]).timestamp() + DATE_RESOLUTION / 2
    except (KeyError, ValueError) as error:
        raise Refused(
            f"The deployment does not tell its time, so the clocks were not compared. {UNCHANGED}",
            "A proxy in front of it may have removed the Date header.",
        ) from error
    ahead = theirs - (before + after) / 2
    return 0.0 if abs(ahead) <= (DATE_RESOLUTION + after - before) / 2 else round(ahead, 1)


async def _text(client: ConvexClient, path: str) -> str:
    """A short plain text, or nothing where the deployment does not have it: these two are never worth a failure."""
    try:
        response = await client.head(path, doing="asking the deployment who it is")
    except Refused:
        return ""
    text = response.text.strip()
    return text if text.isprintable() and len(text) <= 100 and "<" not in text else ""
