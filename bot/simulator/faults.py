"""Knows what may go wrong on the way to a deployment, when told so. Knows nothing of the deployment."""

import asyncio
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from time import time
from typing import Any, Literal, get_args

from aiohttp import web
from aiohttp.typedefs import Handler

Kind = Literal["slow", "status", "drop", "truncate"]
TRUNCATE = web.RequestKey("truncate", bool)
"""Set on a request whose answer is to break off half-way."""


@dataclass
class Fault:
    """One thing that goes wrong for requests whose path begins with `path`, `times` times (None: until cleared)."""

    kind: Kind
    path: str = "/"
    times: int | None = 1
    seconds: float = 1.0
    status: int = 503
    code: str = "ServiceUnavailable"
    retry_after: float | None = None


@dataclass
class Faults:
    """The switches. Everything is off at first."""

    active: list[Fault] = field(default_factory=list)
    clock_skew: float = 0.0
    """Seconds by which the Date header is ahead."""
    bytes_per_second: float | None = None
    """How fast exports can be downloaded."""
    served: int = 0
    """Requests answered or refused so far."""

    def add(self, kind: Kind, **details: Any) -> Fault:
        """Arm a fault, such as `add("status", status=429, retry_after=2, times=3)`."""
        if kind not in get_args(Kind):
            raise ValueError(f"no such fault: {kind}")
        fault = Fault(kind, **details)
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        self.active.clear()
        self.clock_skew, self.bytes_per_second = 0.0, None

    def described(self) -> list[dict[str, Any]]:
        return [asdict(fault) for fault in self.active]

    def _take(self, path: str) -> list[Fault]:
        taken = [fault for fault in self.active if path.startswith(fault.path)]
        for fault in taken:
            if fault.times is not None:
                fault.times -= 1
        self.active = [fault for fault in self.active if fault.times is None or fault.times > 0]
        return taken

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let the armed faults happen before, or instead of, the answer."""
        if request.path.startswith("/simulator/"):
            return await handler(request)
        self.served += 1
        for fault in self._take(request.path):
            match fault.kind:
                case "slow":
                    await asyncio.sleep(fault.seconds)
                case "truncate":
                    request[TRUNCATE] = True
                case "drop":
                    if request.transport is not None:
                        request.transport.abort()
                    return web.Response()
                case "status":
                    return refusal(fault)
        return await handler(request)

    async def stamp(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Set the Date header by the skewed clock."""
        response.headers["Date"] = formatdate(time() + self.clock_skew, usegmt=True)


def refusal(fault: Fault) -> web.Response:
    """The answer of a deployment that is rate limited (429) or overloaded (503)."""
    code = "TooManyConcurrentRequests" if fault.status == 429 else fault.code
    headers = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    body = {
        "code": code,
        "message": "Your request couldn't be completed. Try again later.",
    }
    return web.json_response(body, status=fault.status, headers=headers)
