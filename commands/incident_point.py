"""What people can say about the three moments of an incident: happened, noticed, and the one to go back to. Thin."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from bot.chat.cards import Card
from bot.chat.declare import Help, Rest
from bot.domain.backups import Backup
from bot.domain.brackets import bracket
from bot.domain.incident_events import Point, PointSet
from bot.domain.incidents import Incident
from bot.domain.moments import Ambiguous, Moment
from bot.domain.timepoints import read
from bot.house import Context
from bot.operations import clues
from bot.operations import incidents as acting
from bot.store import backups, observations
from bot.views.point import ambiguous_card, point_card
from commands.incident_group import Of, group, meant


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
    changes, runs = await clues.around(house, incident, ctx.now)
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
