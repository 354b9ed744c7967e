"""Knows the addresses that answer an interaction later: five uses, thirty minutes. Knows nothing of the interaction."""

import json
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.emulators.slack.arguments import Refusal
from tests.emulators.slack.clock import Clock
from tests.emulators.slack.faults import Faults
from tests.emulators.slack.rules import judge_message
from tests.emulators.slack.web_api import Call, disturbed
from tests.emulators.slack.world import BOT_USER, World

USES = 5
SECONDS = 30 * 60.0


@dataclass
class ResponseUrl:
    """A right to answer one person in one channel."""

    user: str
    channel: str
    message: str | None
    """The message that was acted on."""
    at: float
    uses: int = 0


class ResponseUrls:
    """Every address that was handed out."""

    def __init__(self, clock: Clock, world: World, faults: Faults, models: bool) -> None:
        self._clock = clock
        self._world = world
        self._faults = faults
        self._models = models
        self._all: dict[str, ResponseUrl] = {}
        self.url = ""
        self.calls: list[Call] = []

    def issue(self, user: str, channel: str, message: str | None = None) -> str:
        """A new address."""
        key = f"{self._world.number():06d}"
        self._all[key] = ResponseUrl(user, channel, message, self._clock.elapsed)
        return f"{self.url}/{key}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Take an answer in."""
        try:
            body = json.loads(await request.text())
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        call = Call("response_url", body, self._clock.now)
        self.calls.append(call)
        return await disturbed(request, self._faults, call, lambda: self._answer(request.match_info["key"], call))

    async def _answer(self, key: str, call: Call) -> web.Response:
        found = self._all.get(key)
        try:
            if found is None or found.uses >= USES:
                raise Refusal("used_url")
            if self._clock.elapsed - found.at > SECONDS:
                raise Refusal("expired_url")
            found.uses += 1
            self.apply(found, call.body)
        except Refusal as refusal:
            call.error = refusal.error
            call.status = 404 if refusal.error in ("used_url", "expired_url") else 400
            return web.json_response({"ok": False, "error": refusal.error} | refusal.more, status=call.status)
        return web.json_response({"ok": True})

    def apply(self, url: ResponseUrl, body: dict[str, Any]) -> None:
        """Do what an answer says: remove, replace, or post anew (to the person alone unless it says otherwise)."""
        channel = self._world.channels[url.channel]
        original = channel.messages.get(url.message or "")
        if body.get("delete_original"):
            if original:
                del channel.messages[original.ts]
            return
        judge_message(body.get("text"), body.get("blocks"), body.get("attachments"), models=self._models)
        text, blocks, attachments = body.get("text") or "", body.get("blocks") or [], body.get("attachments") or []
        if body.get("replace_original") and original:
            original.text, original.blocks = text, self._world.with_ids(blocks)
            original.attachments, original.edited = attachments, True
            return
        to = None if body.get("response_type") == "in_channel" else url.user
        thread = body.get("thread_ts")
        self._world.post(channel, BOT_USER, text, blocks=blocks, attachments=attachments, to=to, thread_ts=thread)

    def answer_at_once(self, user: str, channel: str, body: dict[str, Any]) -> None:
        """An answer that came with the acknowledgement of a slash command."""
        self.apply(ResponseUrl(user, channel, None, self._clock.elapsed), body)
