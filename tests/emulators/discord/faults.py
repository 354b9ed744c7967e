"""Knows what can go wrong between a bot and Discord, and when. Knows nothing of what the requests mean."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

ENDLESS = 1 << 30


@dataclass
class Fault:
    """What happens to the next requests of a route."""

    route: str
    kind: str
    times: int
    seconds: float = 0
    status: int = 0
    body: dict[str, Any] = field(default_factory=dict)


def matches(route: str, method: str, path: str) -> bool:
    """Whether a request is of a route such as `POST /channels/{id}/messages`; `*` stands for every request."""
    if route == "*":
        return True
    wanted, _, pattern = route.partition(" ")
    parts = re.split(r"\{[^}]*\}", pattern)
    return wanted == method and re.fullmatch("[^/]+".join(map(re.escape, parts)), path) is not None


@dataclass
class Faults:
    """The switches. A route's faults take turns: the one named first is used up first."""

    drop_sockets: Callable[[], None]
    """Cut every gateway socket, without a word."""
    reconnect: Callable[[], None]
    """Ask every client to come back (op 7)."""
    invalidate: Callable[[bool], None]
    """Tell every client that its session is invalid (op 9), resumable or not."""
    deaf: bool = False
    """Nothing reaches the clients any more, though the sockets and heartbeats are well."""
    stop_acking: bool = False
    """Heartbeats are not acknowledged."""
    is_down: bool = False
    planned: list[Fault] = field(default_factory=list)

    def rate_limit(self, route: str, seconds: float, times: int = 1, *, everywhere: bool = False) -> None:
        """Answer 429 and "come back in so many seconds" to the next requests."""
        body = {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere}
        self.planned.append(Fault(route, "fail", times, status=429, body=body))

    def fail(self, route: str, status: int, times: int = 1, *, code: int = 0, message: str = "") -> None:
        """Answer with this status, and do nothing."""
        body = {"message": message or f"{status}: emulated failure", "code": code}
        self.planned.append(Fault(route, "fail", times, status=status, body=body))

    def lose_answer(self, route: str, times: int = 1) -> None:
        """Do what is asked, and cut the connection before it is told."""
        self.planned.append(Fault(route, "lose", times))

    def cut(self, route: str, times: int = 1) -> None:
        """Cut the connection before anything is done."""
        self.planned.append(Fault(route, "cut", times))

    def slow(self, route: str, seconds: float, times: int = ENDLESS) -> None:
        """Let the requests wait first."""
        self.planned.append(Fault(route, "slow", times, seconds=seconds))

    def down(self) -> None:
        """Cut every connection, and every one that comes, until `up`."""
        self.is_down = True
        self.drop_sockets()

    def up(self) -> None:
        """Serve again."""
        self.is_down = False

    def clear(self) -> None:
        """Let everything work again."""
        self.planned.clear()
        self.deaf = self.stop_acking = self.is_down = False

    def take(self, kind: str, method: str, path: str) -> Fault | None:
        """The fault of this kind that hits a request, once less from now on."""
        for fault in self.planned:
            if fault.kind == kind and matches(fault.route, method, path):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                return fault
        return None
