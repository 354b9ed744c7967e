"""What people can say about a rehearsal: what can be practised, which copy to restore, a hint, the points. Thin."""

from collections.abc import Sequence
from typing import Annotated

from bot.chat.cards import Buttons, Card, Choice, Tone, text
from bot.chat.declare import Help, Suggest
from bot.domain.backups import BackupId
from bot.domain.errors import Refused
from bot.domain.people import Role
from bot.house import Context
from bot.operations import rehearsals
from bot.store import incidents
from bot.views.actions import say
from bot.views.copies import label
from bot.views.rehearsal import choose_card, chosen_card, hint_card, scenarios_card, score_card
from commands.drill_group import Of, group, meant


async def _copies(ctx: Context, typed: str) -> Sequence[Choice]:
    standing = await rehearsals.running(ctx.house)
    found = await rehearsals.copies(ctx.house, standing) if standing is not None else []
    return [Choice(label(one, ctx.now), one.id) for one in found if typed in one.id]


@group.command()
async def scenarios(ctx: Context) -> Card:
    """Show what can be rehearsed on a simulated production, with the best points so far."""
    plan = rehearsals.rules(ctx.house)
    async with ctx.house.database.read() as db:
        known = await incidents.listed(db, practice=True, limit=200)
    scores = [one.drill.score for one in known if one.drill is not None and one.drill.score is not None]
    best = {key: max(one.total for one in scores if one.scenario == key) for key in {one.scenario for one in scores}}
    return scenarios_card(plan, best)


@group.command(needs=Role.OPERATOR)
async def use(
    ctx: Context,
    copy: Annotated[str | None, Help("Which copy; shows them if left out"), Suggest(_copies)] = None,
    *,
    of: Of = None,
) -> Card:
    """Choose the copy that a rehearsal restores; without one, see which there are."""
    drill, _ = await meant(ctx, of)
    if copy is None:
        return choose_card(await rehearsals.copies(ctx.house, drill), drill.id, ctx.now)
    return chosen_card(await rehearsals.use(ctx.house, drill.id, BackupId(copy), ctx.by))


@group.command()
async def hint(ctx: Context, *, of: Of = None) -> Card:
    """Get a hint for the present step of a rehearsal; it costs points."""
    drill, _ = await meant(ctx, of)
    given = await rehearsals.hint(ctx.house, drill.id, ctx.by)
    return hint_card(given, rehearsals.rules(ctx.house).hint_costs)


@group.command(needs=Role.OPERATOR)
async def new_key(ctx: Context, *, of: Of = None) -> Card:
    """In a rehearsal, make Lifeboat a new key for the simulated production."""
    drill, _ = await meant(ctx, of)
    stands = await rehearsals.new_key(ctx.house, drill.id, ctx.by)
    shown = say("Show the board", f"/drill status --of {stands.id}", "primary")
    told = text("In earnest it is made in Convex's dashboard, put into the settings, and Lifeboat started again.")
    return Card("Lifeboat has a new key, and uses it.", (told, Buttons((shown,))), Tone.GOOD)


@group.command()
async def score(ctx: Context, *, of: Of = None) -> Card:
    """Show the points of a rehearsal, or of the last one: what cost time, and what had happened."""
    if of is None and await rehearsals.running(ctx.house) is None:
        async with ctx.house.database.read() as db:
            known = await incidents.listed(db, practice=True)
        drill = next((one.drill for one in known if one.drill is not None and one.drill.score is not None), None)
    else:
        _, drill = await meant(ctx, of)
    if drill is None or drill.score is None:
        raise Refused(
            "No points were counted yet: they are once somebody has said how it went.",
            "/drill start --rehearsal begins a rehearsal.",
            "/drill start --rehearsal",
        )
    return score_card(drill.score)
