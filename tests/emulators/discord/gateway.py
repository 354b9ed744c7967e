"""Knows the gateway: sessions, heartbeats, dispatches and their replay. Knows nothing of what is dispatched.

Source: https://discord.com/developers/docs/events/gateway
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from tests.emulators.discord.channel import GUILD_ID
from tests.emulators.discord.world import APPLICATION_ID, BOT

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0,
    1,
    2,
    3,
    6,
    7,
    8,
    9,
    10,
    11,
)
UNKNOWN_OPCODE, BAD_PAYLOAD, NOT_IDENTIFIED, WRONG_TOKEN, IDENTIFIED_TWICE, DISALLOWED = (
    4001,
    4002,
    4003,
    4004,
    4005,
    4014,
)
GUILDS, GUILD_MEMBERS, PRESENCES, MESSAGES, CONTENT = 1 << 0, 1 << 1, 1 << 8, 1 << 9, 1 << 15
PRIVILEGED = GUILD_MEMBERS | PRESENCES | CONTENT
REPLAYED = 1000
"""Missed dispatches that are kept for each session."""


@dataclass
class Session:
    """What Discord remembers of one client, also while it is away."""

    id: str
    intents: int
    sequence: int = 0
    missed: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAYED))
    socket: web.WebSocketResponse | None = None

    def wants(self, event: str) -> bool:
        """Whether this client asked for such events; interactions come to everybody."""
        if event.startswith(("GUILD_", "CHANNEL_", "THREAD_")):
            return bool(self.intents & GUILDS)
        return bool(self.intents & MESSAGES) if event.startswith("MESSAGE_") else True


class Gateway:
    """All sessions. Every dispatch goes to every one of them, because Discord knows no copies of a bot."""

    def __init__(self, token: str, allowed: int, heartbeat_ms: int, guild: Callable[[], dict[str, Any]]) -> None:
        self._token = token
        self._allowed = allowed
        self._heartbeat_ms = heartbeat_ms
        self._guild = guild
        self._sockets: dict[web.WebSocketResponse, asyncio.Transport | None] = {}
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        self.resumed = 0
        self.is_deaf: Callable[[], bool] = lambda: False
        self.stops_acking: Callable[[], bool] = lambda: False

    @property
    def connected(self) -> list[Session]:
        """The sessions with a client at the other end."""
        return [session for session in self.sessions.values() if session.socket]

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One client's socket, from hello to its end."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        self._sockets[socket] = request.transport
        session: Session | None = None
        try:
            await self._say(socket, HELLO, {"heartbeat_interval": self._heartbeat_ms})
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    break
                session = await self._hear(socket, session, message.data)
        finally:
            self._sockets.pop(socket, None)
            if session and session.socket is socket:
                session.socket = None
                # Who closes with 1000 or 1001 says goodbye: that session is over.
                if socket.close_code in (1000, 1001):
                    self.sessions.pop(session.id, None)
        return socket

    async def _hear(self, socket: web.WebSocketResponse, session: Session | None, text: str) -> Session | None:
        try:
            frame = json.loads(text)
            op, given = frame["op"], frame.get("d")
        except (ValueError, KeyError, TypeError):
            await socket.close(code=BAD_PAYLOAD, message=b"Error while decoding payload.")
            return session
        if op == HEARTBEAT:
            if not self.stops_acking():
                await self._say(socket, ACK, None)
        elif op == IDENTIFY:
            return await self._identify(socket, session, given)
        elif op == RESUME:
            return await self._resume(socket, given)
        elif session is None:
            await socket.close(code=NOT_IDENTIFIED, message=b"Not authenticated.")
        elif op not in (PRESENCE, 4, MEMBERS):
            await socket.close(code=UNKNOWN_OPCODE, message=b"Unknown opcode.")
        return session

    async def _identify(
        self, socket: web.WebSocketResponse, session: Session | None, given: dict[str, Any]
    ) -> Session | None:
        if session is not None and session.id in self.sessions:
            await socket.close(code=IDENTIFIED_TWICE, message=b"Already authenticated.")
            return session
        if given.get("token") != self._token:
            await socket.close(code=WRONG_TOKEN, message=b"Authentication failed.")
            return None
        intents = int(given.get("intents") or 0)
        if intents & PRIVILEGED & ~self._allowed:
            await socket.close(code=DISALLOWED, message=b"Disallowed intent(s).")
            return None
        self.identified += 1
        session = Session(f"{self.identified:032x}", intents, socket=socket)
        ready: dict[str, Any] = {
            "v": 10,
            "user": BOT | {"mfa_enabled": True, "verified": True, "email": None},
            "guilds": [{"id": GUILD_ID, "unavailable": True}],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "private_channels": [],
            "relationships": [],
            "application": {"id": APPLICATION_ID, "flags": 0},
        }
        if "shard" in given:
            ready["shard"] = given["shard"]
        await self._dispatch(session, "READY", ready)
        self.sessions[session.id] = session
        if session.intents & GUILDS:
            await self._dispatch(session, "GUILD_CREATE", self._guild())
        return session

    async def _resume(self, socket: web.WebSocketResponse, given: dict[str, Any]) -> Session | None:
        if given.get("token") != self._token:
            await socket.close(code=WRONG_TOKEN, message=b"Authentication failed.")
            return None
        session, last = self.sessions.get(str(given.get("session_id"))), int(given.get("seq") or 0)
        too_old = session and session.missed and session.missed[0][0] > last + 1
        if session is None or too_old or last > session.sequence:
            await self._say(socket, INVALID, False)
            return None
        session.socket = socket
        self.resumed += 1
        for sequence, frame in list(session.missed):
            if sequence > last:
                await socket.send_str(frame)
        await self._dispatch(session, "RESUMED", {})
        return session

    async def _dispatch(self, session: Session, event: str, given: dict[str, Any]) -> None:
        session.sequence += 1
        frame = json.dumps({"op": DISPATCH, "s": session.sequence, "t": event, "d": given}, separators=(",", ":"))
        session.missed.append((session.sequence, frame))
        if session.socket and not self.is_deaf():
            # A client that has just gone gets it when it resumes.
            with suppress(ConnectionError):
                await session.socket.send_str(frame)

    async def dispatch(self, event: str, given: dict[str, Any]) -> None:
        """Send an event to every session that wants it, also to those that are away and may come back."""
        for session in list(self.sessions.values()):
            if session.wants(event):
                await self._dispatch(session, event, given)

    async def _say(self, socket: web.WebSocketResponse, op: int, given: Any) -> None:
        with suppress(ConnectionError):
            await socket.send_str(json.dumps({"op": op, "d": given, "s": None, "t": None}))

    def drop(self) -> None:
        """Cut every socket."""
        for transport in list(self._sockets.values()):
            if transport:
                transport.abort()

    async def tell_all(self, op: int, given: Any) -> None:
        """Send an operation other than a dispatch to every client."""
        if op == INVALID and not given:
            for session in self.connected:
                self.sessions.pop(session.id)
        for socket in list(self._sockets):
            await self._say(socket, op, given)

    async def close(self) -> None:
        """Close every socket, as at the end of a test."""
        for socket in list(self._sockets):
            await socket.close(code=1001)
