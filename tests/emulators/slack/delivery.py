"""Knows how long the bot has to acknowledge, and what is sent again when it does not. Knows no payload's meaning."""

import asyncio
import copy
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.emulators.slack.clock import Clock
from tests.emulators.slack.faults import Faults

ACK_SECONDS = 3.0
RETRY_AFTER = (0.0, 60.0, 300.0)
"""Seconds before each repetition of an event that was not acknowledged."""


@dataclass(frozen=True)
class Ack:
    """An acknowledgement as it came."""

    kind: str
    """slash_commands, events_api, or the type of what was done: block_actions, view_submission, block_suggestion."""
    seconds: float
    payload: dict[str, Any] | None
    late: bool


@dataclass(eq=False)
class Delivery:
    """One thing that is told to the bot once: an attempt or a copy."""

    id: str
    kind: str
    payload: dict[str, Any]
    accepts: bool
    """Whether the acknowledgement may carry an answer."""
    at: float
    attempt: int = 0
    why: str = ""
    """Why it is told again."""
    failure: str = ""
    """What became of it, where nobody acknowledged in time."""
    acked: "asyncio.Future[Ack]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    failed: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    @property
    def envelope(self) -> str:
        """The type of the envelope that carries it."""
        return self.kind if self.kind in ("slash_commands", "events_api") else "interactive"

    def fail(self, why: str) -> None:
        """Say that no acknowledgement can come any more."""
        self.failure = self.failure or why
        if not self.failed.done():
            self.failed.set_result(None)


class Carrier(Protocol):
    """A way to the bot."""

    async def carry(self, delivery: Delivery, copy: int) -> None:
        """Bring something to the bot; what it answers goes to `Post.acknowledge`."""
        ...


class Post:
    """Delivers, counts the seconds, repeats."""

    def __init__(self, clock: Clock, faults: Faults, carrier: Callable[[], Carrier], copies: Callable[[], int]) -> None:
        self._clock = clock
        self._faults = faults
        self._carrier = carrier
        self._copies = copies
        self._tasks: set[asyncio.Task[Any]] = set()
        self._sent = 0
        self.resting = 0
        """Events that wait to be told again."""
        self.waiting: dict[str, Delivery] = {}
        self.acks: list[Ack] = []
        self.timeouts: list[Delivery] = []
        self.complaints: list[str] = []
        """What the bot did that Slack would ignore, or show people as its failure."""

    async def deliver(
        self, kind: str, payload: dict[str, Any], *, accepts: bool, attempt: int = 0, why: str = ""
    ) -> Delivery:
        """Tell the bot, and wait until it acknowledged or is too late: `acked` says which."""
        copies = self._copies() if self._faults.deliver_twice else 1
        made = [self._make(kind, payload, accepts, attempt, why) for _ in range(copies)]
        for number, one in enumerate(made):
            self.start(self._carry(one, number))
        await asyncio.gather(*(self._settled(one) for one in made))
        return next((one for one in made if one.acked.done()), made[0])

    def tell(self, payload: dict[str, Any]) -> None:
        """Tell the bot of an event, again and again if need be."""
        self.start(self._insist(payload))

    def acknowledge(self, delivery_id: str, payload: dict[str, Any] | None) -> None:
        """Note the acknowledgement of a delivery."""
        delivery = self.waiting.get(delivery_id)
        if delivery is None:
            self.complaints.append(f"acknowledged an unknown envelope: {delivery_id}")
            return
        seconds = self._clock.elapsed - delivery.at
        ack = Ack(delivery.kind, seconds, payload, late=bool(delivery.failure))
        self.acks.append(ack)
        if payload and not delivery.accepts:
            self.complaints.append(f"{delivery.kind} was acknowledged with a payload, which Slack ignores")
        if delivery.acked.done():
            self.complaints.append(f"{delivery.kind} was acknowledged twice")
        elif not ack.late:
            delivery.acked.set_result(ack)

    @property
    def is_busy(self) -> bool:
        """Whether anything waits for its acknowledgement."""
        return any(not one.acked.done() and not one.failure for one in self.waiting.values())

    async def close(self) -> None:
        """End all that is still going on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def start(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do this beside everything else, until the end."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _make(self, kind: str, payload: dict[str, Any], accepts: bool, attempt: int, why: str) -> Delivery:
        self._sent += 1
        delivery_id = f"e0000000-0000-4000-8000-{self._sent:012d}"
        made = Delivery(delivery_id, kind, copy.deepcopy(payload), accepts, self._clock.elapsed, attempt, why)
        self.waiting[delivery_id] = made
        return made

    async def _carry(self, delivery: Delivery, number: int) -> None:
        if self._faults.deaf or self._faults.down_status is not None:
            return
        await self._carrier().carry(delivery, number)

    async def _settled(self, delivery: Delivery) -> None:
        either = asyncio.ensure_future(
            asyncio.wait((delivery.acked, delivery.failed), return_when=asyncio.FIRST_COMPLETED)
        )
        await self._clock.within(ACK_SECONDS - (self._clock.elapsed - delivery.at), either)
        either.cancel()
        if not delivery.acked.done():
            delivery.fail("timeout")
            self.timeouts.append(delivery)

    async def _insist(self, payload: dict[str, Any]) -> None:
        told = await self.deliver("events_api", payload, accepts=False)
        for attempt, pause in enumerate(RETRY_AFTER, start=1):
            if told.acked.done() or told.failure == "no_retry":
                return
            self.resting += 1
            await self._clock.sleep(pause)
            self.resting -= 1
            told = await self.deliver("events_api", payload, accepts=False, attempt=attempt, why=told.failure)
