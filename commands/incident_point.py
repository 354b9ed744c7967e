"""What people can say about the three moments of an incident: happened, noticed, and the one to go back to. Thin."""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo

from bot.chat.cards import Card
from bot.chat.declare import Help, Rest
from bot.domain.backups import Backup
from bot.domain.brackets import bracket
from bot.domain.errors import LifeboatError, Outage
from bot.domain.incident_events import Point, PointSet
from bot.domain.incidents import Incident
from bot.domain.moments import Ambiguous, Moment
from bot.domain.timepoints import read
from bot.house import Context
from bot.operations import incidents as acting
from bot.ports import ConfigChange, FunctionRun
from bot.store import backups, observations
from bot.views.point import ambiguous_card, point_card
from commands.incident_group import Of, group, meant

_T = TypeVar("_T")
_PATIENCE = 6.0
_BEFORE, _AFTER = timedelta(hours=12), timedelta(hours=2)
"""How far around the moment, or around when it was noticed, what was changed is shown."""


@group.command()
async def point(
    ctx: Context,
    time: Annotated[str | None, Help("10 min ago, 02:41 CEST, 2026-11-22T02:41:00Z, Unix time"), Rest()] = None,
    *,
    kind: Annotated[Point, Help("Which moment: the one to go back to, if left out")] = Point.TARGET,
    of: Of = None,
) -> Card:
    """Say the moment to go back to, and see what brackets it; without a time, see what helps to find it."""
    incident = await meant(ctx, of)
    house = ctx.house
    environment = house.plan.environment(incident.environment)
    zone = ZoneInfo(house.plan.drill.zone)
    async with house.database.read() as db:
        copies = await backups.listed(db, environment.name)
        observed = await observations.get(db, environment.name)
    cloud = observed.cloud_backup if observed else None
    if time is not None:
        try:
            said = read(time, ctx.now, zone, not_before=_reach(copies) if kind is Point.TARGET else None)
        except Ambiguous as problem:
            return ambiguous_card(problem, kind)
        new = PointSet(point=kind, at=said.at, ns=said.ns, said=time.strip())
        incident = await acting.act(house, incident.id, ctx.by, lambda _: (new,))
    target = _moment(incident, Point.TARGET)
    changes, runs = await _helps(ctx, incident)
    return point_card(
        target,
        bracket(target, copies, cloud, environment, ctx.now) if target else None,
        happened=_moment(incident, Point.HAPPENED),
        noticed=_moment(incident, Point.NOTICED),
        zone=zone,
        changes=changes,
        runs=runs,
        now=ctx.now,
    )


def _moment(incident: Incident, point: Point) -> Moment | None:
    held = incident.points.get(point)
    return Moment(held.ns) if held else None


def _reach(copies: Sequence[Backup]) -> datetime | None:
    """How far back any copy goes."""
    return min((one.snapshot_at for one in copies), default=None)


async def _helps(
    ctx: Context, incident: Incident
) -> tuple[Sequence[ConfigChange] | LifeboatError, Sequence[FunctionRun] | LifeboatError]:
    """What the deployment remembers around the time, or why it tells nothing."""
    noticed = incident.points[Point.NOTICED].at
    around = min(held.at for held in incident.points.values())
    try:
        deployment = ctx.house.deployment(incident.environment)
    except LifeboatError as problem:
        return problem, problem
    return await asyncio.gather(
        _or_why(deployment.changes(around - _BEFORE, min(noticed + _AFTER, ctx.now))),
        _or_why(deployment.largest_writes()),
    )


async def _or_why(asked: Awaitable[Sequence[_T]]) -> Sequence[_T] | LifeboatError:
    """What was asked for, or why there is none: whoever looks for a moment is not kept waiting by a dead vendor."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await asked
    except LifeboatError as problem:
        return problem
    except TimeoutError:
        return Outage("Convex", "Convex did not answer in time.", "Ask again in a moment.")
