"""Knows how any Web API call is let in, refused, disturbed and answered. Knows no method."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.emulators.slack.arguments import Arguments, Refusal, merged
from tests.emulators.slack.clock import Clock
from tests.emulators.slack.faults import Fault, Faults
from tests.emulators.slack.pacing import Pacing

BOT_TOKEN = "xoxb-emulated-bot-token-of-no-use-elsewhere"
APP_TOKEN = "xapp-emulated-app-token-of-no-use-elsewhere"

Handler = Callable[[Arguments], Awaitable[dict[str, Any]]]


@dataclass(frozen=True)
class Method:
    """What a Web API method does, and the scopes of which it needs one; the app's own token for `app`."""

    handler: Handler
    scopes: tuple[str, ...] = ()
    app: bool = False


@dataclass
class Call:
    """A call as it came, and how it was answered: "" for ok, else Slack's error."""

    method: str
    body: dict[str, Any]
    at: float
    status: int = 200
    error: str = ""


class WebApi:
    """`/api/<method>` for every method that was added."""

    def __init__(self, clock: Clock, faults: Faults, scopes: Iterable[str], record: bool) -> None:
        self._clock = clock
        self._faults = faults
        self._pacing = Pacing(clock)
        self._record = record
        self._methods: dict[str, Method] = {}
        self.scopes = frozenset(scopes)
        self.calls: list[Call] = []

    def add(self, methods: dict[str, Method]) -> None:
        """Serve these methods too."""
        self._methods |= methods

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer a call."""
        name = request.match_info["method"]
        try:
            given = await merged(request)
        except Refusal as refusal:
            return self._refused(Call(name, {}, self._clock.now), refusal)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or given.pop("token", "")
        call = Call(name, given, self._clock.now)
        if self._record:
            self.calls.append(call)
        return await disturbed(request, self._faults, call, lambda: self._answer(call, token))

    async def _answer(self, call: Call, token: str) -> web.Response:
        try:
            method = self._admit(call, token)
            if self._faults.pacing and (wait := self._pacing.wait(call.method, str(call.body.get("channel", "")))):
                return refused_for_now(call, wait)
            arguments = Arguments(call.body, self.scopes)
            if method.scopes:
                arguments.need(*method.scopes)
            return self._json({"ok": True} | await method.handler(arguments), method)
        except Refusal as refusal:
            return self._refused(call, refusal)

    def _admit(self, call: Call, token: str) -> Method:
        method = self._methods.get(call.method)
        if method is None:
            raise Refusal("unknown_method", req_method=call.method)
        if not token:
            raise Refusal("not_authed")
        if token not in (BOT_TOKEN, APP_TOKEN):
            raise Refusal("invalid_auth")
        if token != (APP_TOKEN if method.app else BOT_TOKEN):
            raise Refusal("not_allowed_token_type")
        return method

    def _refused(self, call: Call, refusal: Refusal) -> web.Response:
        call.error = refusal.error
        return self._json({"ok": False, "error": refusal.error} | refusal.more, self._methods.get(call.method))

    def _json(self, body: dict[str, Any], method: Method | None) -> web.Response:
        headers = {"x-oauth-scopes": ",".join(sorted(self.scopes))}
        if method and method.scopes:
            headers["x-accepted-oauth-scopes"] = ",".join(method.scopes)
        return web.json_response(body, headers=headers)


async def disturbed(
    request: web.Request, faults: Faults, call: Call, answer: Callable[[], Awaitable[web.Response]]
) -> web.Response:
    """Answer, unless a fault has it otherwise."""
    if faults.down_status is not None:
        return cut_off(request) if faults.down_status == 0 else failed(call, faults.down_status)
    if slow := faults.take("slow", call.method):
        await asyncio.sleep(slow.seconds)
    if faults.take("cut", call.method):
        return cut_off(request)
    if fault := faults.take("fail", call.method):
        return _as_planned(call, fault)
    answered = await answer()
    return cut_off(request) if faults.take("lose", call.method) else answered


def _as_planned(call: Call, fault: Fault) -> web.Response:
    if fault.status == 429:
        return refused_for_now(call, fault.seconds)
    if fault.status != 200:
        return failed(call, fault.status)
    call.error = fault.error
    return web.json_response({"ok": False, "error": fault.error})


def refused_for_now(call: Call, seconds: float) -> web.Response:
    """429, to come again after so many whole seconds."""
    call.status, call.error = 429, "ratelimited"
    headers = {"Retry-After": str(math.ceil(seconds))}
    return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)


def failed(call: Call, status: int) -> web.Response:
    """A page of Slack's own trouble, no JSON."""
    call.status, call.error = status, "server_error"
    return web.Response(status=status, text="<html><body>Server Error</body></html>", content_type="text/html")


def cut_off(request: web.Request) -> web.Response:
    """Cut the connection; nothing of the answer arrives."""
    if request.transport:
        request.transport.abort()
    return web.Response()
