"""Knows what Lifeboat needs from the services around a database while it is got back. Knows no vendor.

Each of them is optional: what is not connected is done by hand, and Lifeboat says so.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.domain.error_rates import ErrorCount as ErrorCount
from bot.domain.mail import Letter as Letter


@dataclass(frozen=True, slots=True)
class Rollout:
    """A release of the site: its id, a page about it, and `building`, `ready` or `failed` (with the `problem`)."""

    id: str
    url: str
    state: str
    problem: str = ""


class Site(Protocol):
    """The application that people open, and its maintenance page."""

    async def in_maintenance(self) -> bool:
        """Whether the next release would show the maintenance page: what the variable says now."""
        ...

    async def set_maintenance(self, on: bool) -> Rollout:
        """Set the variable for production and release the running version again with it."""
        ...

    async def rollout(self, rollout_id: str) -> Rollout:
        """How a release is coming along."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a webhook is delivered."""

    id: str
    url: str
    disabled: bool


class Webhooks(Protocol):
    """The deliveries that other services make into our data."""

    async def endpoints(self) -> Sequence[Endpoint]:
        """Every place that they are made to, switched off or not."""
        ...

    async def set_disabled(self, endpoint_id: str, disabled: bool) -> None:
        """Stop or resume deliveries. What was not delivered meanwhile is replayed by nobody."""
        ...


class ErrorWatch(Protocol):
    """Who counts the application's errors."""

    async def counts(self, since: datetime, until: datetime) -> Sequence[ErrorCount]:
        """Errors between two moments, oldest first, in equal steps that suit the span (a minute for an hour or two)."""
        ...


@dataclass(frozen=True, slots=True)
class SuiteOutcome:
    """How a run of the test suite ended. Counts are None where the runner did not tell them; `url` is a page about it.

    `output` is its text, the middle left out where it is long.
    """

    ok: bool
    seconds: float
    output: str
    passed: int | None = None
    failed: int | None = None
    url: str = ""


class TestSuite(Protocol):
    """The team's own tests."""

    @property
    def describes(self) -> str:
        """What would be run, in words: a command and its folder, or a workflow."""
        ...

    async def run(self, on_output: Callable[[str], Awaitable[None]]) -> SuiteOutcome:
        """Run it to its end, or to its time limit, which is a failure. `on_output` hears each line as it comes.

        Cancelled, it stops what it started.
        """
        ...


class Mail(Protocol):
    """How e-mail is sent."""

    @property
    def sender(self) -> str:
        """The address that letters come from."""
        ...

    async def send(self, letter: Letter) -> None:
        """Hand a letter over, once: it is never tried again by itself.

        Returns when the server took it. Raises Refused and Outage; one that is not `unsent` may have been taken.
        """
        ...


class Charts(Protocol):
    """Draws a chart from its specification (Vega-Lite). Raises Outage where it cannot be drawn."""

    async def png(self, spec: Mapping[str, Any]) -> bytes:
        """As PNG, in twice the specification's size."""
        ...

    async def svg(self, spec: Mapping[str, Any]) -> str:
        """As SVG, its words as text."""
        ...
