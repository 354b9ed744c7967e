"""Knows Socket Mode: tickets, sockets, frames. Knows nothing of what the envelopes hold."""

import asyncio
import itertools
import json
from typing import Any

from aiohttp import WSMsgType, web

from tests.emulators.slack.arguments import Arguments, Refusal
from tests.emulators.slack.clock import Clock
from tests.emulators.slack.delivery import ACK_SECONDS, Delivery, Post
from tests.emulators.slack.faults import Faults
from tests.emulators.slack.web_api import Method
from tests.emulators.slack.world import APP_ID

MOST_SOCKETS = 10
LEAVING_SECONDS = 10.0
"""How long a socket lives on after it was told to go."""


class Socket:
    """One connection of one process."""

    def __init__(self, number: int, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        self.number = number
        self.ws = ws
        self.leaving = False
        self._transport = transport

    async def send(self, frame: dict[str, Any]) -> None:
        """Send a frame; a connection that is just going away swallows it."""
        try:
            await self.ws.send_str(json.dumps(frame))
        except ConnectionError:
            self.leaving = True

    def cut(self) -> None:
        """End the connection without a closing handshake, after what was sent."""
        self.leaving = True
        if self._transport:
            self._transport.close()


class SocketMode:
    """All sockets of the app."""

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._tickets: set[str] = set()
        self._numbers = itertools.count(1)
        self._turn = 0
        self._came: asyncio.Future[None] | None = None
        self.url = ""
        self.disabled = False
        """Socket Mode was switched off for the app (`link_disabled`)."""
        self.sockets: list[Socket] = []
        self.opened = 0
        """How many sockets there have been."""
        self.post: Post

    def methods(self) -> dict[str, Method]:
        """apps.connections.open."""
        return {"apps.connections.open": Method(self._open, app=True)}

    async def _open(self, arguments: Arguments) -> dict[str, Any]:
        if self.disabled:
            raise Refusal("access_denied")
        ticket = f"{next(self._numbers):08x}"
        self._tickets.add(ticket)
        return {"url": f"{self.url}?ticket={ticket}&app_id={APP_ID}"}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket until it goes."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401)
        self._tickets.discard(ticket)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        transport = request.transport
        socket = Socket(next(self._numbers), ws, transport)
        if len(self.sockets) >= MOST_SOCKETS:
            await socket.send(self._goodbye("too_many_websockets"))
            await ws.close()
            return ws
        self.opened += 1
        await socket.send(self._hello())
        self.sockets.append(socket)
        if self._came and not self._came.done():
            self._came.set_result(None)
        try:
            async for frame in ws:
                if frame.type is WSMsgType.TEXT:
                    self._heard(frame.data)
        finally:
            self.sockets.remove(socket)
        return ws

    def _heard(self, text: str) -> None:
        try:
            frame = json.loads(text)
            envelope_id, payload = frame["envelope_id"], frame.get("payload")
        except (ValueError, KeyError, TypeError):
            self.post.complaints.append(f"sent a frame that is no acknowledgement: {text[:200]}")
            return
        self.post.acknowledge(envelope_id, payload)

    async def carry(self, delivery: Delivery, copy: int) -> None:
        """Send an envelope to any one socket, each in its turn; copies go to different ones."""
        socket = await self._next(delivery)
        if socket is None or delivery.acked.done():
            return
        frame = {
            "envelope_id": delivery.id,
            "type": delivery.envelope,
            "payload": delivery.payload,
            "accepts_response_payload": delivery.accepts,
        }
        if delivery.envelope == "events_api":
            frame |= {"retry_attempt": delivery.attempt, "retry_reason": delivery.why}
        await socket.send(frame)
        if self._faults.cut_after_delivery > 0:
            self._faults.cut_after_delivery -= 1
            socket.cut()

    async def _next(self, delivery: Delivery) -> Socket | None:
        """The socket whose turn it is; a moment without any is waited out while there is time for an answer."""
        while not (open_ones := [one for one in self.sockets if not one.leaving and not one.ws.closed]):
            if self._came is None or self._came.done():
                self._came = asyncio.get_running_loop().create_future()
            left = ACK_SECONDS - (self._clock.elapsed - delivery.at)
            if not await self._clock.within(left, self._came):
                return None
        self._turn += 1
        return open_ones[self._turn % len(open_ones)]

    def cut(self) -> None:
        """Cut all sockets."""
        for socket in self.sockets:
            socket.cut()

    async def disconnect(self, reason: str) -> None:
        """Tell all sockets to go."""
        self.disabled = reason == "link_disabled"
        leaving = [one for one in self.sockets if not one.leaving]
        for socket in leaving:
            socket.leaving = True
            await socket.send(self._goodbye(reason))
        await self._clock.sleep(0 if self.disabled else LEAVING_SECONDS)
        for socket in leaving:
            await socket.ws.close()

    async def close(self) -> None:
        """Close all sockets, politely."""
        await asyncio.gather(*(socket.ws.close() for socket in [*self.sockets]), return_exceptions=True)

    def _hello(self) -> dict[str, Any]:
        return {
            "type": "hello",
            "num_connections": len(self.sockets) + 1,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "applink-emulated-1", "build_number": 1, "approximate_connection_time": 18060},
        }

    def _goodbye(self, reason: str) -> dict[str, Any]:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-emulated-1"}}
