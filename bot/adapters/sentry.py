"""Knows how many errors a project had at Sentry, and when. Knows nothing of what they were.

Source: https://docs.sentry.io/api/projects/retrieve-event-counts-for-a-project/. Of the counts that Sentry documents,
this one alone is finer than an hour: `stats_v2` and `sessions` have one hour as their shortest step, and
`events-stats`, which Sentry's own pages draw from, stands in no reference. Its `generated` counts the events that were
kept, at any age; `received` would count those beyond the quota too, but reads a store that has only hours of them
(https://github.com/getsentry/sentry, src/sentry/tsdb/snuba.py). So where an incident exhausts the quota, the figure
stops rising; it is what people can read at Sentry.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from bot.adapters.rest import Mend, RestClient, Vendor
from bot.adapters.rest import connect as connected
from bot.ports import ErrorCount

API = "https://sentry.io"
SENTRY = Vendor(
    "Sentry",
    "Make an internal integration (Settings → Developer Settings) with Project: Read and set LIFEBOAT_SENTRY__TOKEN.",
    "https://status.sentry.io",
)
PROJECT = Mend(
    "the project",
    "Set LIFEBOAT_SENTRY__ORGANIZATION and LIFEBOAT_SENTRY__PROJECT to the slugs in its address, and "
    "LIFEBOAT_SENTRY__API to https://de.sentry.io for an organization in the EU.",
)
STEPS = (
    (timedelta(hours=3), timedelta(minutes=1)),
    (timedelta(hours=8), timedelta(minutes=5)),
    (timedelta(days=7), timedelta(hours=1)),
)
"""How long a span may be for a step; a longer one is counted by the day."""
DAY = timedelta(days=1)
RESOLUTIONS = {timedelta(hours=1): "1h", DAY: "1d"}
FINEST = "10s"
"""What minutes are added up from."""
COUNTS = TypeAdapter(list[tuple[float, int]])


class SentryErrors:
    """A `bot.ports.ErrorWatch`."""

    def __init__(self, client: RestClient, organization: str, project: str) -> None:
        self._client = client
        self._path = f"/api/0/projects/{quote(organization, safe='')}/{quote(project, safe='')}/stats/"

    async def counts(self, since: datetime, until: datetime) -> tuple[ErrorCount, ...]:
        """In steps of a minute up to three hours, five minutes up to eight, an hour up to a week, then a day.

        Steps begin at whole multiples of themselves (UTC): the first and the last reach beyond the span, and are
        counted whole. What Sentry has received but not yet counted is missing from the last minute or two.
        """
        step = next((step for span, step in STEPS if until - since <= span), DAY)
        first, last = _floor(since, step), _floor(until, step)
        parameters = {
            "stat": "generated",
            "resolution": RESOLUTIONS.get(step, FINEST),
            "since": int(first.timestamp()),
            "until": int((last + step).timestamp()) - 1,
        }
        doing = "reading the error counts"
        points = await self._client.get(self._path, COUNTS, doing=doing, missing=PROJECT, parameters=parameters)
        errors: Counter[datetime] = Counter()
        for moment, count in points:
            errors[_floor(datetime.fromtimestamp(moment, UTC), step)] += count
        steps = int((last - first) / step) + 1
        return tuple(ErrorCount(at, errors[at]) for at in (first + step * number for number in range(steps)))


@asynccontextmanager
async def connect(
    token: str,
    organization: str,
    project: str,
    api: str = API,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncIterator[SentryErrors]:
    """A project's errors for as long as the context lasts; nothing is asked of it yet.

    `organization` and `project` are slugs or ids. `transport` and `sleep` are for tests.
    """
    async with connected(SENTRY, api, token, transport=transport, sleep=sleep) as client:
        yield SentryErrors(client, organization.strip(), project.strip())


def _floor(at: datetime, step: timedelta) -> datetime:
    seconds = step.total_seconds()
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, UTC)
