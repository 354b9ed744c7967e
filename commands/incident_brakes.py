"""What people can say about what is stopped in an incident, and what two people decide. Thin: read, decide, show."""

from enum import StrEnum
from typing import Annotated

from bot.chat.cards import Card, Form, Tone, text
from bot.chat.declare import Help
from bot.domain.errors import Refused
from bot.domain.incident_events import Brake
from bot.domain.incidents import Incident
from bot.domain.people import Role
from bot.house import Context
from bot.operations import approvals, brakes
from bot.operations import incidents as acting
from bot.operations.levers import unreached
from bot.views.actions import STOP
from bot.views.answers import command_form
from bot.views.approvals import approval_card
from bot.views.brakes import outcome_card, resume_card, stop_card, stop_form
from commands.incident_group import Of, real
from commands.incident_group import recovery as group


class Resumed(StrEnum):
    """What is to go on again."""

    ALL = "all"
    PAUSE = "pause"
    KILL_SWITCH = "kill-switch"
    MAINTENANCE = "maintenance"
    WEBHOOKS = "webhooks"


@group.command(needs=Role.OPERATOR)
async def stop(
    ctx: Context,
    what: Annotated[Brake, Help("What to stop")],
    *,
    really: Annotated[str | None, Help("The environment's name, typed to confirm")] = None,
    by_hand: Annotated[bool, Help("Only record it: it was done by hand")] = False,
    note: Annotated[str, Help("What was done by hand, and where")] = "",
    of: Of = None,
) -> Card:
    """Stop what writes: Convex, by the kill switch, the site, or webhooks; it can be undone.

    Without --really it shows what the brake stops and what it does not. It waits for no second person.
    """
    incident = await _open(ctx, of)
    if by_hand:
        stands = await brakes.by_hand(ctx.house, incident, what, ctx.by, note, on=True)
        return Card(
            f"Recorded: {what} was put on by hand.", (text("The board shows it until it is resumed."),), _tone(stands)
        )
    if really is None:
        return stop_card(incident, what, unreached(ctx.house, incident, what))
    if really.strip().casefold() != incident.environment.casefold():
        raise Refused(
            f"{really!r} is not {incident.environment!r}, so nothing was stopped.",
            f"Type {incident.environment}: it is what this would stop.",
            parameter="really",
        )
    return await _pulled(ctx, incident, (what,), on=True)


@group.on(STOP, needs=Role.OPERATOR)
async def ask_to_stop(ctx: Context, incident: str, brake: str) -> Form:
    """Ask for the name of what is about to be stopped."""
    found = await _open(ctx, incident)
    what = Brake(brake)
    return stop_form(command_form(group.commands["stop"], {"what": what, "of": incident}), found, what)


@group.command(needs=Role.OPERATOR)
async def resume(
    ctx: Context,
    what: Annotated[Resumed | None, Help("What is to go on; what is stopped is shown if left out")] = None,
    *,
    by_hand: Annotated[bool, Help("Only record it: it was done by hand")] = False,
    note: Annotated[str, Help("What was done by hand, and where")] = "",
    of: Of = None,
) -> Card:
    """Let things go on that were stopped: one of them, or all in the right order."""
    incident = await _open(ctx, of)
    if what is None:
        return resume_card(incident, {one: unreached(ctx.house, incident, one) for one in Brake})
    stopped = [one for one in brakes.ORDER if any(each.brake is one for each in incident.stopped)]
    if not stopped:
        raise Refused("Nothing is recorded as stopped, so there is nothing to resume.")
    chosen = stopped if what is Resumed.ALL else [Brake(what)]
    if what is Resumed.ALL and not by_hand:
        # What is beyond our levers is let go by hand, and keeps nothing else waiting.
        chosen = [one for one in stopped if not unreached(ctx.house, incident, one)]
    if not chosen:
        shown = f"/recovery resume --of {incident.id}"
        raise Refused("Nothing of it can be let go from here.", f"{shown} shows what to do by hand.", shown)
    if by_hand:
        for one in chosen:
            incident = await brakes.by_hand(ctx.house, incident, one, ctx.by, note, on=False)
        return Card(f"Recorded: {' and '.join(chosen)} goes on, by hand.", (text(brakes.CACHES),), _tone(incident))
    return await _pulled(ctx, incident, chosen, on=False)


@group.command(needs=Role.OPERATOR)
async def cancel_scheduled(
    ctx: Context,
    *,
    break_glass: Annotated[str | None, Help("Why you act without a second person; everybody hears it")] = None,
    of: Of = None,
) -> Card:
    """Cancel every scheduled function of Convex, before it resumes; a second person agrees first."""
    incident = await _open(ctx, of)
    arguments = approvals.cancel_arguments(ctx.house, incident)
    action = approvals.CANCEL_SCHEDULED
    if break_glass is None:
        return approval_card(await approvals.ask(ctx.house, incident, action, arguments, ctx.by), ctx.house.plan)
    done = await approvals.alone(ctx.house, incident, action, arguments, ctx.by, break_glass)
    return approval_card(done, ctx.house.plan)


@group.command()
async def agree(ctx: Context, code: Annotated[str, Help("The code on the card that asks")]) -> Card:
    """Agree to what a card asks a second person for; it is done then."""
    return approval_card(await approvals.agree(ctx.house, code, ctx.by), ctx.house.plan)


@group.command()
async def refuse(ctx: Context, code: Annotated[str, Help("The code on the card that asks")]) -> Card:
    """Refuse what a card asks a second person for; nothing is done."""
    return approval_card(await approvals.refuse(ctx.house, code, ctx.by), ctx.house.plan)


async def _open(ctx: Context, of: str | None) -> Incident:
    incident = await real(ctx, of)
    if incident.closed_at is not None:
        raise Refused(
            f"The incident “{incident.title}” is closed. Nothing was stopped or started.",
            "/incident reopen opens it again, with a reason.",
        )
    return incident


async def _pulled(ctx: Context, incident: Incident, chosen: tuple[Brake, ...] | list[Brake], *, on: bool) -> Card:
    happened = await brakes.pull(ctx.house, incident, chosen, ctx.by, on=on)
    return outcome_card(await acting.here(ctx.house, ctx.place, incident.id), happened)


def _tone(incident: Incident) -> Tone:
    return Tone.WARNING if incident.stopped else Tone.GOOD
