"""What people can say about a drill as a whole: begin it, read it, agree, conclude it, end it. Thin."""

from collections.abc import Sequence
from typing import Annotated

from bot.chat.cards import Card, Choice
from bot.chat.declare import Help, Rest, Suggest, Unasked
from bot.domain import drill_moves
from bot.domain.drill_events import Result
from bot.domain.people import Role
from bot.domain.plan_rehearsals import SURPRISE
from bot.house import Context
from bot.operations import drills, rehearsals
from bot.store import backups, progress
from bot.views.boards import board
from bot.views.copies import label
from bot.views.drill import answer_card, begun_drill_card, stamped
from bot.views.rehearsal import begun_rehearsal_card
from commands.choices import matching
from commands.drill_group import Of, group, meant


async def _environments(ctx: Context, typed: str) -> Sequence[Choice]:
    return matching(typed, [(one.title, one.name) for one in ctx.house.plan.real])


async def _copies(ctx: Context, typed: str) -> Sequence[Choice]:
    async with ctx.house.database.read() as db:
        found = [one for one in await backups.listed(db) if one.restorable]
    return matching(
        typed, [("Any of them, by chance", drills.RANDOM), *((label(one, ctx.now), one.id) for one in found)]
    )


async def _scenarios(ctx: Context, typed: str) -> Sequence[Choice]:
    known = ctx.house.plan.rehearsal
    named = [(one.title, one.key) for one in known.scenarios] if known is not None else []
    return matching(typed, [("Any of them, as a surprise", SURPRISE), *named])


@group.command(needs=Role.OPERATOR)
async def start(
    ctx: Context,
    environment: Annotated[str | None, Help("Which environment is tested"), Suggest(_environments, few=True)] = None,
    *,
    into: Annotated[
        str | None, Help("Where it is restored; the plan's target if left out"), Suggest(_environments, few=True)
    ] = None,
    copy: Annotated[str | None, Help("An existing copy, or random; a fresh one if left out"), Suggest(_copies)] = None,
    rehearsal: Annotated[bool, Help("Train on a simulated production, where something goes wrong")] = False,
    scenario: Annotated[str, Help("What goes wrong in a rehearsal"), Suggest(_scenarios, few=True)] = SURPRISE,
) -> Card:
    """Begin a test: a copy is taken, checked, restored into staging, and compared."""
    if rehearsal:
        drill, new = await rehearsals.begin(ctx.house, ctx.by, ctx.place, scenario)
        return stamped(begun_rehearsal_card(drill, new=new))
    practice = await drills.wished(ctx.house, environment, into, copy)
    drill, new = await drills.begin(ctx.house, ctx.by, ctx.place, practice, f"Backup test {practice.occasion}".strip())
    return begun_drill_card(drill, ctx.house.plan, new=new)


@group.command()
async def status(
    ctx: Context, *, page: Annotated[int, Help("Which page of the steps"), Unasked()] = 1, of: Of = None
) -> Card:
    """Show the board of a test: what is done, by whom, and what is next."""
    drill, _ = await meant(ctx, of)
    async with ctx.house.database.read() as db:
        far = await progress.get(db, drill.id)
    return board(drill, ctx.house.plan, max(1, page), progress=far)


@group.command()
async def agree(
    ctx: Context,
    digest: Annotated[str, Help("The beginning of the dry run's digest, as its button has it")] = "",
    *,
    of: Of = None,
) -> Card:
    """Agree, as operator or approver, to the import that is shown: it replaces what the target holds."""
    drill, _ = await meant(ctx, of)
    stands = await drills.agree(ctx.house, drill.id, digest, ctx.by)
    assert stands.drill is not None
    waits = drill_moves.agreement_awaited(stands.drill, ctx.house.plan)
    return answer_card(stands, "Agreed; a second person has to as well." if waits else "Agreed. The import begins.")


@group.command(needs=Role.OPERATOR)
async def refuse(ctx: Context, reason: Annotated[str, Help("Why not"), Rest()], *, of: Of = None) -> Card:
    """Refuse the import that is shown: nothing is written."""
    drill, _ = await meant(ctx, of)
    stands = await drills.refuse(ctx.house, drill.id, reason, ctx.by)
    return answer_card(stands, "Refused. Nothing is imported.")


@group.command(needs=Role.OPERATOR)
async def conclude(
    ctx: Context,
    notes: Annotated[str, Help("What was seen, or what must change in the plan"), Rest()],
    *,
    result: Annotated[Result | None, Help("How it went; by what was found, if left out")] = None,
    plan_must_change: Annotated[bool, Help("The procedure did not prove right: a follow-up")] = False,
    of: Of = None,
) -> Card:
    """Say how the test went, and whether the procedure proved right; then Lifeboat cleans up."""
    drill, _ = await meant(ctx, of)
    stands = await drills.conclude(ctx.house, drill.id, result, not plan_must_change, notes, ctx.by)
    assert stands.drill is not None
    return answer_card(stands, f"Concluded: {stands.drill.result}. Lifeboat cleans up now.")


@group.command(needs=Role.OPERATOR)
async def deviate(
    ctx: Context,
    what: Annotated[str, Help("What was done otherwise than the procedure says")],
    *,
    reason: Annotated[str, Help("Why")],
    of: Of = None,
) -> Card:
    """Write down a deviation from the procedure, with its reason: it stands in the evidence."""
    drill, _ = await meant(ctx, of)
    stands = await drills.deviate(ctx.house, drill.id, what, reason, ctx.by)
    return answer_card(stands, "Written down: it stands in the evidence.")


@group.command(needs=Role.OPERATOR)
async def cancel(ctx: Context, reason: Annotated[str, Help("Why"), Rest()], *, of: Of = None) -> Card:
    """End a test before its time: what was begun is cleaned up, and the target put back."""
    drill, _ = await meant(ctx, of)
    stands = await drills.cancel(ctx.house, drill.id, reason, ctx.by)
    return answer_card(stands, "Cancelled. Lifeboat ends what it has begun, and cleans up.")
