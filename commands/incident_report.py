"""What people can say after an incident: its report, and what is still to be done. Thin: read, decide, show."""

from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from bot.chat.cards import Card, Choice
from bot.chat.declare import Help, Rest, Suggest
from bot.domain import follow_ups as following
from bot.domain.errors import Refused
from bot.domain.named import named
from bot.house import Context
from bot.operations import incidents as acting
from bot.operations import post_mortems
from bot.store import incidents
from bot.views.boards import stamp
from bot.views.follow_ups import follow_up_card, follow_ups_card, followed_up_card, spoken
from commands.incident_group import Of, group, meant
from commands.incident_steps import people

_INCIDENTS = 1000


async def _every(ctx: Context, typed: str) -> Sequence[Choice]:
    async with ctx.house.database.read() as db:
        found = await incidents.listed(db, limit=_INCIDENTS)
    every = [(f"{one.text} · {incident.title}", spoken(incident, one)) for incident, one in following.of_all(found)]
    return [Choice(label[:100], value) for label, value in every if typed.lower() in f"{label} {value}".lower()]


@group.command(private=False)
async def report(ctx: Context, *, of: Of = None) -> Card:
    """Post the report: measured times, the timeline, and the whole of it as Markdown and HTML."""
    incident = await meant(ctx, of)
    if incident.drill is not None:
        evidence = f"/drill evidence --of {incident.id}"
        raise Refused("This is practice: what it leaves is its evidence, no report.", f"{evidence} makes it.", evidence)
    return await post_mortems.card(ctx.house, incident.id)


@group.command()
async def follow_up(
    ctx: Context,
    text: Annotated[str, Help("What is to be done"), Rest()],
    *,
    owner: Annotated[str | None, Help("Who does it: a person, a role, or me"), Suggest(people)] = None,
    due: Annotated[str | None, Help("Until when: in 3 days, tomorrow, 2026-12-01")] = None,
    of: Of = None,
) -> Card:
    """Add something that is to be done after the incident; its owner is reminded until it is."""
    incident, plan = await meant(ctx, of), ctx.house.plan
    by = named(plan, ctx.place.platform, owner, ctx.by) if owner else None
    due_at = following.read_due(due, ctx.now, ZoneInfo(plan.drill.zone)) if due else None
    stands = await acting.act(ctx.house, incident.id, ctx.by, lambda now: (following.added(now, text, by, due_at),))
    return stamp(stands, follow_up_card(stands, stands.follow_ups[-1], plan))


@group.command()
async def followed_up(
    ctx: Context,
    key: Annotated[
        str | None, Help("Which one: its number, or <incident>/<number>; all are shown if left out"), Suggest(_every)
    ] = None,
    *,
    of: Of = None,
) -> Card:
    """Say that a follow-up is done; or show what is still to be done after all incidents."""
    if not key:
        async with ctx.house.database.read() as db:
            found = await incidents.listed(db, limit=_INCIDENTS)
        return follow_ups_card(following.of_all(found), ctx.house.plan, ctx.now)
    named_by, _, number = key.strip().rpartition("/")
    incident = await meant(ctx, named_by or of)
    stands = await acting.act(ctx.house, incident.id, ctx.by, lambda now: (following.done(now, number),))
    return stamp(stands, followed_up_card(stands, following.find(stands, number)))
