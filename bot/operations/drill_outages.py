"""Knows how a drill sits out that a service is away: the board says so, and it is asked again. Knows nothing of what.

While it waits nothing is lost: whatever is asked again looks first at what an earlier try did.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from bot.domain.errors import Outage
from bot.domain.incident_events import IncidentId
from bot.house import House
from bot.operations import drill_progress
from bot.operations.engine import Flow

GIVES_UP = timedelta(minutes=15)
"""How long a service may be away before the step fails: as long as an export waits for it."""
_PATIENT_POLLS = 15
"""How long, in polls, until it is asked again."""


async def step(
    flow: Flow, name: str, fn: Callable[..., Awaitable[Any]], house: House, incident: IncidentId, *args: Any
) -> Any:
    """A step, `fn(house, incident, *args)`, in which outages are sat out. Cancelling the drill ends the waiting."""
    return await flow.step(name, sat_out, house, incident, fn, house, incident, *args, preemptible=True)


async def sat_out(
    house: House,
    incident: IncidentId,
    fn: Callable[..., Awaitable[Any]],
    *args: Any,
    within: timedelta = GIVES_UP,
) -> Any:
    """What `fn(*args)` gives, tried again while it meets an Outage. In the end raises it, with since when."""
    since: datetime | None = None
    while True:
        try:
            return await fn(*args)
        except Outage as outage:
            now = house.clock.now()
            since = since or now
            if now - since >= within:
                raise Outage(
                    outage.service,
                    f"{outage.problem} It was so from {since:%H:%M} to {now:%H:%M} UTC, and I gave up.",
                    "Redo the step once that is mended.",
                ) from outage
            wait = _PATIENT_POLLS * house.limits.poll_seconds
            again = now + timedelta(seconds=wait)
            told = (
                f"{outage.problem} It is so since {since:%H:%M:%S} UTC. I ask again at {again:%H:%M:%S}, and give up "
                f"at {since + within:%H:%M}."
            )
            await drill_progress.say(house, incident, told)
            await asyncio.sleep(wait)
