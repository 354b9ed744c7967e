"""What people can say to have the evidence of a drill. Thin: read, show."""

from bot.chat.cards import Card
from bot.domain.errors import Refused
from bot.domain.incident_events import IncidentId
from bot.house import Context
from bot.operations import evidence as gathering
from bot.views.evidence_card import evidence_card
from commands.drill_group import Of, group, meant


# For all to see: the last hash then stands in the channel, and Slack hands a file to nobody privately.
@group.command(private=False)
async def evidence(ctx: Context, of: Of = None) -> Card:
    """Hand over the evidence of a test: one archive that an auditor can check without this bot."""
    gathered = await gathering.gather(ctx.house, await _which(ctx, of))
    return evidence_card(gathered.made, gathered.name, len(gathered.packed))


async def _which(ctx: Context, of: str | None) -> IncidentId:
    try:
        return (await meant(ctx, of))[0].id
    except Refused:
        if of is not None:
            raise
        # Nobody is in a drill's room, and none is open: the last one is meant.
        return await gathering.newest(ctx.house)
