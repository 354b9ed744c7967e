"""Knows the WebSocket protocol on which the Convex command line waits for queries. Knows nothing of the queries.

A client adds queries to its set; the server sends a transition whenever a value changed, each beginning exactly where
the one before ended.
"""

import asyncio
import base64
import json
import time
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from bot.simulator.access import Access, ApiError
from bot.simulator.instance import Instance
from bot.simulator.queries import QueryFailed, run
from bot.simulator.values import decode, encode


@dataclass
class Session:
    """One connection: its versions, its queries and what was last sent of each."""

    instance: Instance
    socket: web.WebSocketResponse
    query_set: int = 0
    identity: int = 0
    ts: int = 0
    access: Access | None = None
    queries: dict[int, tuple[str, Any]] = field(default_factory=dict)
    sent: dict[int, Any] = field(default_factory=dict)
    ping_seconds: float = 15.0
    """A client takes a longer silence for a dead connection, however much happens that does not concern it."""
    ping_due: float = 0.0

    async def serve(self) -> None:
        """Speak until the client leaves."""
        self._note_sent()
        incoming, change = asyncio.ensure_future(self.socket.receive()), self.instance.deployment.change
        try:
            while True:
                changed = asyncio.ensure_future(change.wait())
                patience = max(0.0, self.ping_due - time.monotonic())
                done, _ = await asyncio.wait((incoming, changed), timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                if incoming in done:
                    message = incoming.result()
                    if message.type is not WSMsgType.TEXT:
                        return
                    await self._handle(json.loads(message.data))
                    incoming = asyncio.ensure_future(self.socket.receive())
                elif changed in done:
                    change = self.instance.deployment.change
                    await self._transition([])
                if time.monotonic() >= self.ping_due:
                    await self._send({"type": "Ping"})
        finally:
            incoming.cancel()

    def _note_sent(self) -> None:
        self.ping_due = time.monotonic() + self.ping_seconds

    async def _send(self, message: dict[str, Any]) -> None:
        await self.socket.send_json(message)
        self._note_sent()

    async def _handle(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "Authenticate":
                await self._authenticate(message)
            case "ModifyQuerySet":
                removed = []
                for change in message["modifications"]:
                    name = change["queryId"]
                    if change["type"] == "Add":
                        self.queries[name] = (change["udfPath"], decode(json.dumps(change["args"])))
                    else:
                        self.queries.pop(name, None)
                        self.sent.pop(name, None)
                        removed.append({"type": "QueryRemoved", "queryId": name})
                await self._transition(removed, query_set=message["newVersion"])

    async def _authenticate(self, message: dict[str, Any]) -> None:
        try:
            self.access = self.instance.keys.access(None, message.get("value"))
        except ApiError as refusal:
            error = {"type": "AuthError", "error": refusal.message, "baseVersion": message["baseVersion"]}
            await self._send({**error, "authUpdateAttempted": True})
            return
        await self._transition([], identity=message["baseVersion"] + 1)

    async def _transition(
        self, modifications: list[Any], *, query_set: int | None = None, identity: int | None = None
    ) -> None:
        news = [*modifications, *self._updates()]
        if not news and query_set is None and identity is None:
            return
        start = self._version()
        self.query_set = self.query_set if query_set is None else query_set
        self.identity = self.identity if identity is None else identity
        self.ts = max(self.ts, self.instance.deployment.ts)
        end = self._version()
        await self._send({"type": "Transition", "startVersion": start, "endVersion": end, "modifications": news})

    def _updates(self) -> list[dict[str, Any]]:
        updates = []
        for name, (path, arguments) in self.queries.items():
            outcome: dict[str, Any]
            try:
                value = run(self.instance, path, arguments, self.access)
                outcome = {"type": "QueryUpdated", "value": encode(value, "convex_encoded_json")}
            except QueryFailed as failure:
                outcome = {"type": "QueryFailed", "errorMessage": str(failure)}
            if self.sent.get(name) != outcome:
                self.sent[name] = outcome
                updates.append({**outcome, "queryId": name, "logLines": [], "journal": None})
        return updates

    def _version(self) -> dict[str, Any]:
        ts = base64.b64encode(self.ts.to_bytes(8, "little")).decode()
        return {"querySet": self.query_set, "identity": self.identity, "ts": ts}
