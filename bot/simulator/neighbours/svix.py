"""Knows one application at Svix and the endpoints that it delivers to. Knows no real Svix.

Shapes as in https://api.svix.com/docs#tag/Endpoint.
"""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

TOKEN = "svix-token-of-the-demo.eu"  # noqa: S105 - opens nothing but the stand-in
APP = "app_CampusConnect000000000000000"
ADDRESSES = (
    "https://brave-otter-412.convex.site/clerk-users-webhook",
    "https://brave-otter-412.convex.site/clerk-sessions-webhook",
    "https://campus-connect.example.edu/api/webhooks/clerk",
)


class Svix:
    """The application; `endpoints` by id, oldest first."""

    def __init__(self) -> None:
        self.endpoints = {made["id"]: made for made in (_endpoint(n, url) for n, url in enumerate(ADDRESSES))}

    def add(self, url: str) -> str:
        """Another endpoint, and its id."""
        made = _endpoint(len(self.endpoints), url)
        self.endpoints[made["id"]] = made
        return str(made["id"])

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/app/{app}/endpoint", self._list),
            web.get("/api/v1/app/{app}/endpoint/{id}", self._one),
            web.patch("/api/v1/app/{app}/endpoint/{id}", self._patch),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        _known(request)
        found = list(self.endpoints.values())
        if request.query.get("order") == "descending":
            found.reverse()
        after = request.query.get("iterator")
        first = 0 if after is None else 1 + next(n for n, each in enumerate(found) if each["id"] == after)
        page = found[first : first + int(request.query.get("limit", 50))]
        done = not page or page[-1] is found[-1]
        iterator = page[-1]["id"] if page else None
        return web.json_response({"data": page, "iterator": iterator, "prevIterator": None, "done": done})

    async def _one(self, request: web.Request) -> web.Response:
        return web.json_response(self._found(request))

    async def _patch(self, request: web.Request) -> web.Response:
        found = self._found(request)
        found.update(await request.json(), updatedAt=_now())
        return web.json_response(found)

    def _found(self, request: web.Request) -> dict[str, Any]:
        _known(request)
        try:
            return self.endpoints[request.match_info["id"]]
        except KeyError:
            raise _missing() from None


def _known(request: web.Request) -> None:
    if request.match_info["app"] != APP:
        raise _missing()


def _missing() -> web.HTTPException:
    text = web.json_response({"code": "not_found", "detail": "Entity not found"}).text
    return web.HTTPNotFound(text=text, content_type="application/json")


def _endpoint(number: int, url: str) -> dict[str, Any]:
    now = _now()
    return {
        "id": f"ep_{number:027d}",
        "url": url,
        "description": "",
        "metadata": {},
        "version": 1,
        "disabled": False,
        "eventTypes": None,
        "filterTypes": None,
        "channels": None,
        "throttleRate": None,
        "rateLimit": None,
        "uid": None,
        "createdAt": now,
        "updatedAt": now,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()
