"""What people can say about the steps of an incident: who does them, and how they went. Thin: read, decide, show."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from bot.chat.cards import Buttons, Card, Choice, text
from bot.chat.declare import Help, Rest, Suggest
from bot.domain import incident_moves
from bot.domain.checklist import Move
from bot.domain.errors import Refused
from bot.domain.incident_events import Undone
from bot.domain.incidents import Incident
from bot.domain.named import named
from bot.domain.people import PersonId
from bot.house import Context
from bot.operations import incidents as acting
from bot.views import boards
from bot.views.actions import say
from bot.views.incident_steps import name_of
from commands.choices import matching
from commands.incident_group import Of, group, meant


async def _steps(ctx: Context, typed: str) -> Sequence[Choice]:
    try:
        incident = await meant(ctx, None)
    except Refused:
        return []
    named_ = [(f"{incident.number(one.key)}. {one.title}", one.key) for one in incident.checklist]
    return [Choice(label[:100], key) for label, key in named_ if typed.lower() in label.lower()]


async def people(ctx: Context, typed: str) -> Sequence[Choice]:
    """Everybody of the plan, and its roles."""
    plan = ctx.house.plan
    every = [(one.name, str(one.id)) for one in plan.people.values()]
    every += [(f"{one.title} (role)", one.name) for one in plan.roles.values()]
    return matching(typed.lstrip("@"), every)


StepArgument = Annotated[str, Help("Which step: its number or its name"), Suggest(_steps)]


@group.command()
async def step(ctx: Context, step: StepArgument, *, of: Of = None) -> Card:
    """Show a step: how to do it, who holds it, and what may be done with it."""
    incident = await meant(ctx, of)
    return boards.step(incident, incident_moves.find(incident, step), ctx.house.plan)


@group.command()
async def assign(
    ctx: Context,
    step: StepArgument,
    person: Annotated[str, Help("To whom: a person, a role, or me"), Suggest(people), Rest()],
    *,
    of: Of = None,
) -> Card:
    """Give a step to somebody, or to a role until somebody begins it."""
    to = named(ctx.house.plan, ctx.place.platform, person, ctx.by)
    return await _move(ctx, of, step, Move.ASSIGN, to=to)


@group.command()
async def claim(ctx: Context, step: StepArgument, *, of: Of = None) -> Card:
    """Take a step yourself."""
    return await _move(ctx, of, step, Move.CLAIM)


@group.command()
async def hand_back(ctx: Context, step: StepArgument, *, of: Of = None) -> Card:
    """Give a step back, so that somebody else takes it."""
    return await _move(ctx, of, step, Move.HAND_BACK)


@group.command()
async def begin(ctx: Context, step: StepArgument, *, of: Of = None) -> Card:
    """Begin a step: it is yours, and its time runs."""
    return await _move(ctx, of, step, Move.START)


@group.command()
async def done(
    ctx: Context,
    step: StepArgument,
    note: Annotated[str, Help("What was done, or the evidence that the step asks for"), Rest()],
    *,
    of: Of = None,
) -> Card:
    """Say that a step is done, and how."""
    return await _move(ctx, of, step, Move.FINISH, note=note)


@group.command()
async def fail(
    ctx: Context, step: StepArgument, reason: Annotated[str, Help("Why it did not work"), Rest()], *, of: Of = None
) -> Card:
    """Say that a step did not work, and why."""
    return await _move(ctx, of, step, Move.FAIL, note=reason)


@group.command()
async def skip(
    ctx: Context,
    step: StepArgument,
    reason: Annotated[str, Help("Why it is not needed; it stands in the report"), Rest()],
    *,
    of: Of = None,
) -> Card:
    """Leave a step out, with a reason."""
    return await _move(ctx, of, step, Move.SKIP, note=reason)


@group.command()
async def redo(ctx: Context, step: StepArgument, *, of: Of = None) -> Card:
    """Open a step again that was done, failed or skipped."""
    return await _move(ctx, of, step, Move.REOPEN)


@group.command()
async def undo(ctx: Context, *, of: Of = None) -> Card:
    """Take back the last move of a step."""
    incident = await meant(ctx, of)
    taken: list[Undone] = []

    def decide(stands: Incident) -> tuple[Undone, ...]:
        taken[:] = [incident_moves.undo(stands)]
        return tuple(taken)

    stands = await acting.act(ctx.house, incident.id, ctx.by, decide)
    title = f"{stands.number(taken[0].step)}. {_title(stands, taken[0].step)}"
    return boards.stamp(stands, Card(f"Taken back: {title} is {taken[0].held.state} again."))


@group.command()
async def add(
    ctx: Context,
    title: Annotated[str, Help("What is to be done"), Rest()],
    *,
    role: Annotated[str, Help("The role that does it")] = "operator",
    minutes: Annotated[int, Help("Its time budget in minutes")] = 30,
    of: Of = None,
) -> Card:
    """Add a step that no plan foresaw."""
    incident = await meant(ctx, of)
    within = timedelta(minutes=max(1, min(minutes, 60 * 24)))
    stands = await acting.act(
        ctx.house, incident.id, ctx.by, lambda now: (incident_moves.added(now, title, role, within),)
    )
    new = stands.checklist[-1]
    take = Buttons((say("I take it", f"/incident claim --of {stands.id} {new.key}", "primary"),))
    added = Card(f"Added: {stands.number(new.key)}. {new.title}", (text("Nobody holds it yet."), take))
    return boards.stamp(stands, added)


async def _move(
    ctx: Context, of: str | None, said: str, move: Move, *, to: PersonId | None = None, note: str = ""
) -> Card:
    incident = await meant(ctx, of)
    wanted = incident_moves.find(incident, said)
    stands = await acting.act(
        ctx.house,
        incident.id,
        ctx.by,
        lambda now: incident_moves.move(now, wanted, move, ctx.by, ctx.now, to=to, note=note),
    )
    held, plan = stands.steps[wanted.key], ctx.house.plan
    owner = f", held by {name_of(stands, plan, held.assignee)}" if held.assignee else ", held by nobody"
    title = f"{stands.number(wanted.key)}. {wanted.title}: {held.state}{owner}."
    buttons = [say("Undo", f"/incident undo --of {stands.id}")]
    following = stands.current
    if following is not None and following != wanted:
        label = f"Next: {stands.number(following.key)}. {following.title}"[:75]
        buttons.insert(0, say(label, f"/incident step --of {stands.id} {following.key}", "primary"))
    return boards.stamp(stands, Card(title, (Buttons(tuple(buttons)),)))


def _title(incident: Incident, key: str) -> str:
    found = incident.step(key)
    return found.title if found else key
