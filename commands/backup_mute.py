"""What people can say to hear less of what they know to be wrong. Thin: read, mute, show."""

from typing import Annotated

from bot.chat.cards import Card
from bot.chat.declare import Help, Suggest
from bot.domain.conditions import Kind
from bot.domain.people import Role
from bot.house import Context
from bot.operations import conditions
from bot.views.conditions import muted_card
from commands.backup import environments, group


# For all to see: whoever waits for the reminders learns why none comes.
@group.command(needs=Role.OPERATOR, private=False)
async def mute(
    ctx: Context,
    environment: Annotated[str, Help("Which deployment, by its name in the plan"), Suggest(environments, few=True)],
    what: Annotated[Kind, Help("Which of its reminders")],
    *,
    days: Annotated[int, Help("For how many days, 14 at most; 0 to hear of it again")],
    reason: Annotated[str, Help("Why: it stands in the status and in the reminder")],
) -> Card:
    """Hear no reminders, for some days, of what is known to be wrong; that it gets worse is still said."""
    chosen = ctx.house.plan.environment(environment)
    return muted_card(await conditions.mute(ctx.house, chosen.name, what, days, reason, ctx.by), chosen)
