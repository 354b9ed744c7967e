"""Knows how every request is taken: its token, body, faults, headers and record. Knows nothing of single routes."""

import asyncio
import json
import re
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.multipart import BodyPartReader

from tests.emulators.discord.clock import Clock
from tests.emulators.discord.errors import DiscordError
from tests.emulators.discord.faults import Faults, matches
from tests.emulators.discord.messages import File

PREFIX = "/api/v10"


@dataclass(frozen=True)
class Call:
    """A request that came, and what it was told."""

    method: str
    route: str
    """As a template: `/channels/{channel}/messages`."""
    path: str
    body: Any
    files: tuple[str, ...]
    query: dict[str, str]
    at: float
    """Seconds of the emulator's clock."""
    status: int
    answer: Any


@dataclass(frozen=True)
class Asked:
    """A request, read."""

    ids: dict[str, str]
    query: dict[str, str]
    body: Any
    files: list[File]
    arrived: float
    """When it came, in seconds of the performance counter."""

    def flag(self, name: str) -> bool:
        """Whether a query parameter is set."""
        return self.query.get(name, "").lower() in ("1", "true")


Handler = Callable[[Asked], Any]
Routes = Iterable[tuple[str, str, Handler]]
OPEN = ("/interactions/", "/webhooks/")
"""Here the token in the path is all that is asked for."""


@dataclass
class Rest:
    """The part of the server that speaks HTTP."""

    clock: Clock
    faults: Faults
    token: str
    record: bool = True
    calls: list[Call] = field(default_factory=list)

    def add(self, app: web.Application, routes: Routes) -> None:
        """Serve these routes."""
        for method, path, handler in routes:
            app.router.add_route(method, PREFIX + path, self._served(path, handler))

    def called(self, route: str) -> list[Call]:
        """The calls of a route such as `POST /channels/{id}/messages`, in their order."""
        return [call for call in self.calls if matches(route, call.method, call.path)]

    def _served(self, template: str, handler: Handler) -> Callable[[web.Request], Any]:
        async def serve(request: web.Request) -> web.StreamResponse:
            arrived = time.perf_counter()
            method, path = request.method, request.path.removeprefix(PREFIX)
            slow = self.faults.take("slow", method, path)
            if slow:
                await asyncio.sleep(slow.seconds)
            if self.faults.is_down or self.faults.take("cut", method, path):
                return _cut(request)
            body: Any = None
            files: list[File] = []
            try:
                body, files = await _read(request)
                status, answer = self._answer(
                    request, path, handler, Asked(dict(request.match_info), dict(request.query), body, files, arrived)
                )
            except DiscordError as error:
                status, answer = error.status, error.body
            if self.record:
                names = tuple(file.name for file in files)
                query = dict(request.query)
                at = self.clock.elapsed
                self.calls.append(Call(method, template, path, body, names, query, at, status, answer))
            if self.faults.take("lose", method, path):
                return _cut(request)
            return self._respond(f"{method} {template}", status, answer)

        return serve

    def _answer(self, request: web.Request, path: str, handler: Handler, asked: Asked) -> tuple[int, Any]:
        failed = self.faults.take("fail", request.method, path)
        if failed:
            return failed.status, failed.body
        if not path.startswith(OPEN) and request.headers.get("Authorization") != f"Bot {self.token}":
            raise DiscordError(401, 0)
        answer = handler(asked)
        return (204 if answer is None else 200), answer

    def _respond(self, route: str, status: int, answer: Any) -> web.Response:
        headers = {
            "X-RateLimit-Limit": "100000",
            "X-RateLimit-Remaining": "99999",
            "X-RateLimit-Reset": f"{self.clock.now + 1:.3f}",
            "X-RateLimit-Reset-After": "1.000",
            "X-RateLimit-Bucket": f"{zlib.crc32(route.encode()):08x}",
            "Via": "1.1 google",
        }
        if status == 429:
            seconds = answer.get("retry_after", 1)
            headers |= {"Retry-After": str(max(1, round(seconds))), "X-RateLimit-Scope": "user"}
            if answer.get("global"):
                headers |= {"X-RateLimit-Global": "true"}
        if answer is None:
            return web.Response(status=status, headers=headers)
        # Never with a charset: discord.py takes such a body for text.
        headers["Content-Type"] = "application/json"
        return web.Response(status=status, headers=headers, body=json.dumps(answer, separators=(",", ":")).encode())


def nowhere(asked: Asked) -> None:
    """What is asked for on a route that is not emulated. Raises DiscordError, as Discord would for nonsense."""
    raise DiscordError(404, 0, message="404: Not Found")


def _cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()


async def _read(request: web.Request) -> tuple[Any, list[File]]:
    kind = request.content_type
    if kind == "multipart/form-data":
        return await _read_parts(request)
    text = await request.read()
    if not text:
        return {}, []
    if kind != "application/json":
        raise DiscordError(400, 50035, {"_errors": [{"code": "CONTENT_TYPE_INVALID", "message": f"Not {kind}."}]})
    return _json(text), []


def _json(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise DiscordError(400, 50109) from None


async def _read_parts(request: web.Request) -> tuple[Any, list[File]]:
    body: Any = {}
    found: dict[int, File] = {}
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        content = bytes(await part.read())
        number = re.fullmatch(r"files\[(\d+)\]", part.name or "")
        if part.name == "payload_json":
            body = _json(content)
        elif number:
            kind = part.headers.get("Content-Type", "application/octet-stream")
            found[int(number[1])] = File(part.filename or "unknown", content, kind)
    return body, [found[number] for number in sorted(found)]
