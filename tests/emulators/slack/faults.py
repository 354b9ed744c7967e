"""Knows what can go wrong between a bot and Slack, and when. Knows nothing of what the calls mean."""

from collections.abc import Callable
from dataclasses import dataclass, field

ENDLESS = 1 << 30


@dataclass
class Fault:
    """What happens to the next calls of a method."""

    method: str
    kind: str
    times: int
    seconds: float = 0
    status: int = 200
    error: str = ""


@dataclass
class Faults:
    """The switches. A method's faults take turns: the one named first is used up first.

    `*` stands for every method, `response_url` and `upload` for the addresses that are no methods.
    """

    cut_sockets: Callable[[], None]
    tell_sockets: Callable[[str], None]
    deaf: bool = False
    """Nothing is delivered any more, though the sockets are open and pings are answered."""
    deliver_twice: bool = False
    """Everything is delivered at least twice, and to every socket."""
    pacing: bool = False
    """Slack's own rate limits hold: see `pacing.py`."""
    cut_after_delivery: int = 0
    """So many of the next envelopes are sent, and their socket is cut right after."""
    down_status: int | None = None
    """None: up. 0: connections are cut. Any other: what every request is answered with."""
    planned: list[Fault] = field(default_factory=list)

    def rate_limit(self, method: str, seconds: float, times: int = 1) -> None:
        """Answer 429 and Retry-After to the next calls."""
        self.planned.append(Fault(method, "fail", times, seconds=seconds, status=429, error="ratelimited"))

    def fail(self, method: str, status: int = 200, times: int = 1, *, error: str = "internal_error") -> None:
        """Answer the next calls with this status (5xx: no JSON) or error, and do nothing."""
        self.planned.append(Fault(method, "fail", times, status=status, error=error))

    def lose_answer(self, method: str, times: int = 1) -> None:
        """Do what is asked, and cut the connection before it is told."""
        self.planned.append(Fault(method, "lose", times))

    def cut(self, method: str, times: int = 1) -> None:
        """Cut the connection before anything is done."""
        self.planned.append(Fault(method, "cut", times))

    def slow(self, method: str, seconds: float, times: int = ENDLESS) -> None:
        """Let the calls wait first."""
        self.planned.append(Fault(method, "slow", times, seconds=seconds))

    def down(self, status: int = 0) -> None:
        """Cut the sockets, and cut every connection or answer it with this status, until `up`."""
        self.down_status = status
        self.cut_sockets()

    def up(self) -> None:
        """Serve again."""
        self.down_status = None

    def drop_sockets(self) -> None:
        """Cut every socket, without a word."""
        self.cut_sockets()

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell every client to come back: warning, refresh_requested or link_disabled."""
        self.tell_sockets(reason)

    def clear(self) -> None:
        """Let everything work again."""
        self.planned.clear()
        self.deaf = self.deliver_twice = self.pacing = False
        self.cut_after_delivery, self.down_status = 0, None

    def take(self, kind: str, method: str) -> Fault | None:
        """The fault of this kind that hits a call, once less from now on."""
        for fault in self.planned:
            if fault.kind == kind and fault.method in ("*", method):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                return fault
        return None
