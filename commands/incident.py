"""What people can say about an incident as a whole: begin it, read it, write into it, end it. Thin."""

from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

from bot.chat.cards import Card, Choice
from bot.chat.declare import Help, Rest, Suggest, Unasked
from bot.domain import incident_moves
from bot.domain.errors import Refused
from bot.domain.incident_events import Noted
from bot.domain.timepoints import read
from bot.house import Context
from bot.operations import incidents as acting
from bot.store import incidents
from bot.views.boards import board, stamp
from bot.views.incident import begun_card, incidents_card
from bot.views.incident_record import catchup_card, chain_card, timeline_card
from commands.choices import matching
from commands.incident_group import Of, group, meant

OTHER = "other"
_LONGEST_TITLE = 80


async def _causes(ctx: Context, typed: str) -> Sequence[Choice]:
    return matching(typed, [*((one.title, one.key) for one in ctx.house.plan.causes), ("Something else", OTHER)])


async def _environments(ctx: Context, typed: str) -> Sequence[Choice]:
    return matching(typed, [(one.title, one.name) for one in ctx.house.plan.environments.values()])


@group.command()
async def start(
    ctx: Context,
    what: Annotated[str, Help("What happened, in a few words: it becomes the title"), Rest()],
    *,
    kind: Annotated[
        str, Help("What it is: deletion, migration, deployment, or other"), Suggest(_causes, few=True)
    ] = OTHER,
    noticed: Annotated[str, Help("When it was noticed: now, 10 min ago, 2026-11-22 02:41 UTC")] = "now",
    environment: Annotated[str, Help("Which environment"), Suggest(_environments, few=True)] = "production",
    another: Annotated[bool, Help("It is not the one that was opened within half an hour"), Unasked()] = False,
) -> Card:
    """Open an incident: a room, a clock, a checklist with an owner for every step."""
    plan = ctx.house.plan
    cause = _cause(ctx, kind)
    chosen = plan.environment(environment).name
    try:
        moment = read(noticed, ctx.now, ZoneInfo(plan.drill.zone))
    except Refused as problem:
        raise Refused(f"{problem.problem} No incident was opened.", problem.hint, parameter="noticed") from problem
    title = " ".join(what.split())
    incident, new = await acting.start(
        ctx.house,
        ctx.by,
        ctx.place,
        title=title if len(title) <= _LONGEST_TITLE else title[: _LONGEST_TITLE - 1].rstrip() + "…",
        what=what.strip(),
        cause=cause,
        environment=chosen,
        noticed_at=moment.at,
        another=another,
    )
    return begun_card(incident, plan, new=new)


@group.command()
async def status(ctx: Context, *, page: Annotated[int, Help("Which page of the steps")] = 1, of: Of = None) -> Card:
    """Show the board: what is wrong, how long there is, who holds what."""
    return board(await meant(ctx, of), ctx.house.plan, max(1, page))


@group.command()
async def list_(ctx: Context) -> Card:
    """List the incidents, newest first."""
    async with ctx.house.database.read() as db:
        return incidents_card(await incidents.listed(db))


@group.command()
async def catchup(ctx: Context, *, of: Of = None) -> Card:
    """Ten lines for who has just joined: facts, decisions, open steps, who holds what."""
    incident = await meant(ctx, of)
    async with ctx.house.database.read() as db:
        happened = await incidents.timeline(db, incident.id)
    return stamp(incident, catchup_card(incident, happened, ctx.house.plan, ctx.now))


@group.command()
async def timeline(
    ctx: Context,
    *,
    prove: Annotated[bool, Help("Prove that no event was changed, left out or put in")] = False,
    of: Of = None,
) -> Card:
    """Show everything that happened, newest last; or prove that the record is whole."""
    incident = await meant(ctx, of)
    async with ctx.house.database.read() as db:
        if prove:
            return stamp(incident, chain_card(incident, await incidents.broken_at(db, incident.id)))
        happened = await incidents.timeline(db, incident.id)
    return stamp(incident, timeline_card(incident, happened, ctx.house.plan))


@group.command()
async def note(
    ctx: Context,
    text: Annotated[str, Help("What to write down"), Rest()],
    *,
    decision: Annotated[bool, Help("It was decided: it stands out in the report")] = False,
    of: Of = None,
) -> Card:
    """Write something into the timeline, such as what was decided and why."""
    incident = await meant(ctx, of)
    await acting.act(ctx.house, incident.id, ctx.by, lambda _: (Noted(text=text.strip(), decision=decision),))
    return stamp(incident, Card("Recorded as a decision." if decision else "Written into the timeline."))


@group.command()
async def close(ctx: Context, *, of: Of = None) -> Card:
    """End the incident, once nothing is open and nothing is stopped."""
    incident = await meant(ctx, of)
    stands = await acting.act(ctx.house, incident.id, ctx.by, lambda now: (incident_moves.close(now),))
    return board(stands, ctx.house.plan)


@group.command()
async def reopen(ctx: Context, reason: Annotated[str, Help("Why it is not over"), Rest()], *, of: Of = None) -> Card:
    """Open an incident again that was closed."""
    incident = await meant(ctx, of)
    stands = await acting.act(ctx.house, incident.id, ctx.by, lambda now: (incident_moves.reopened(now, reason),))
    return board(stands, ctx.house.plan)


def _cause(ctx: Context, kind: str) -> str:
    """The key of a cause, by that or by any of its words that only one has: deletion, migration, deployment."""
    known, typed = [*(one.key for one in ctx.house.plan.causes), OTHER], kind.lower()
    meant = [typed] if typed in known else [one for one in known if typed in one.split("-")]
    if len(meant) == 1:
        return meant[0]
    problem = f"There is no kind “{kind}”. No incident was opened."
    raise Refused(problem, f"Known: {', '.join(known)}.", parameter="kind")
