"""Knows what a deployment remembers that helps to find the moment of a disaster. Knows nothing of how it is shown."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from bot.domain.errors import LifeboatError, Outage
from bot.domain.incident_events import Point
from bot.domain.incidents import Incident
from bot.house import House
from bot.ports import ConfigChange, FunctionRun

_T = TypeVar("_T")
_PATIENCE = 6.0
"""Seconds: whoever looks for a moment is not kept waiting by a dead vendor."""
_BEFORE, _AFTER = timedelta(hours=12), timedelta(hours=2)
"""How far around the moments of an incident it is asked what was changed."""


async def around(
    house: House, incident: Incident, now: datetime
) -> tuple[Sequence[ConfigChange] | LifeboatError, Sequence[FunctionRun] | LifeboatError]:
    """What was changed around the time, and what wrote most; or of either, why the deployment does not tell it."""
    noticed = incident.points[Point.NOTICED].at
    earliest = min(held.at for held in incident.points.values())
    try:
        deployment = house.deployment(incident.environment)
    except LifeboatError as problem:
        return problem, problem
    return await asyncio.gather(
        _or_why(deployment.changes(earliest - _BEFORE, min(noticed + _AFTER, now))),
        _or_why(deployment.largest_writes()),
    )


async def _or_why(asked: Awaitable[Sequence[_T]]) -> Sequence[_T] | LifeboatError:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await asked
    except LifeboatError as problem:
        return problem
    except TimeoutError:
        return Outage("Convex", "Convex did not answer in time.", "Ask again in a moment.")
