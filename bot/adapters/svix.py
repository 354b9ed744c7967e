"""Knows the endpoints that an application of Svix delivers to, and how they are switched off and on.

Knows nothing of what is delivered. Clerk sends its webhooks by Svix, and so do others.
Sources: https://api.svix.com/docs#tag/Endpoint and https://docs.svix.com/retries: to a disabled endpoint nothing is
delivered; what was sent meanwhile can be recovered at Svix afterwards.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import quote

import httpx
from pydantic import BaseModel, TypeAdapter

from bot.adapters.rest import Mend, RestClient, Vendor
from bot.adapters.rest import connect as connected
from bot.domain.errors import Outage
from bot.ports import Endpoint

API = "https://api.svix.com"
REGIONS = ("us", "eu", "in", "ca", "au")
"""A token ends with its region; each has an API of its own, as Svix's own libraries know."""
PAGE = 100
MOST_PAGES = 20
SVIX = Vendor(
    "Svix",
    "Make an API key for the environment in Svix's dashboard (API Access) and set LIFEBOAT_SVIX__TOKEN. Clerk gives "
    "none for the application that it keeps at Svix: there, use Configure → Webhooks in its dashboard.",
    "https://status.svix.com",
)
APPLICATION = Mend("the application", "Set LIFEBOAT_SVIX__APP to its id (app_…) or uid, as Svix's dashboard shows it.")
GONE = Mend("that endpoint (any more), or the application", "Svix's dashboard lists the application's endpoints.")


class _Endpoint(BaseModel):
    id: str
    url: str
    disabled: bool | None = None


class _Page(BaseModel):
    data: list[_Endpoint]
    iterator: str | None = None
    done: bool


PAGES = TypeAdapter(_Page)


class SvixWebhooks:
    """A `bot.ports.Webhooks`."""

    def __init__(self, client: RestClient, app: str) -> None:
        self._client = client
        self._path = f"/api/v1/app/{quote(app, safe='')}/endpoint"

    async def endpoints(self) -> tuple[Endpoint, ...]:
        """All of them, oldest first. Raises Outage if their list does not end."""
        found: list[Endpoint] = []
        iterator: str | None = None
        for _ in range(MOST_PAGES):
            parameters = {"limit": PAGE, "order": "ascending"} | ({"iterator": iterator} if iterator else {})
            doing = "listing the webhook endpoints"
            page = await self._client.get(self._path, PAGES, doing=doing, missing=APPLICATION, parameters=parameters)
            found += [Endpoint(each.id, each.url, bool(each.disabled)) for each in page.data]
            iterator = page.iterator
            if page.done or not iterator:
                return tuple(found)
        raise Outage(
            SVIX.name,
            f"Svix's list of endpoints goes on after {len(found)}. No data was changed.",
            "Switch the endpoints off and on in Svix's dashboard.",
        )

    async def set_disabled(self, endpoint_id: str, disabled: bool) -> None:
        doing = f"switching a webhook endpoint {'off' if disabled else 'on'}"
        path = f"{self._path}/{quote(endpoint_id, safe='')}"
        await self._client.ask("PATCH", path, {"disabled": disabled}, doing=doing, missing=GONE)


@asynccontextmanager
async def connect(
    token: str,
    app: str,
    api: str = "",
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[SvixWebhooks]:
    """An application's webhooks for as long as the context lasts; nothing is asked of it yet.

    Without `api`, it is that of the token's region. `transport` and `sleep` are for tests.
    """
    async with connected(SVIX, api or _api_of(token), token, transport=transport, sleep=sleep) as client:
        yield SvixWebhooks(client, app.strip())


def _api_of(token: str) -> str:
    region = token.strip().rpartition(".")[2]
    return f"https://api.{region}.svix.com" if region in REGIONS else API
