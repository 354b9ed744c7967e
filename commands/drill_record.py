"""What people can say of a test that was held without Lifeboat. Thin: read, record, show."""

from datetime import date
from typing import Annotated

from bot.chat.cards import Card
from bot.chat.declare import Help, Suggest
from bot.domain import calendar as rules
from bot.domain.drill_events import Result
from bot.domain.errors import Refused
from bot.domain.people import Role
from bot.house import Context
from bot.operations import drill_by_hand, reminding
from bot.operations.drill_by_hand import Told
from bot.views.drill_log import by_hand_card
from bot.views.evidence_card import sealed_card
from commands.drill_group import group
from commands.drill_schedule import open_ones


# For all to see: the answer is the message that keeps the fingerprint of the record.
@group.command(needs=Role.OPERATOR, private=False)
async def record(
    ctx: Context,
    result: Annotated[Result, Help("How it went: partial at best, since Lifeboat saw nothing of it")],
    *,
    on: Annotated[str, Help("The day on which it was held, such as 2026-12-15")],
    reason: Annotated[str, Help("Why it was held without Lifeboat")],
    notes: Annotated[str, Help("What was tested and found, and where that is written down")],
    test: Annotated[str | None, Help("Which test; the one due now if left out"), Suggest(open_ones)] = None,
) -> Card:
    """Record a test that was held by hand, without Lifeboat: a deviation, with its reason."""
    found = (await reminding.year(ctx.house)).occasions
    due = rules.of_now(found, ctx.now)
    occasion = due if test is None and due is not None else reminding.meant(found, test)
    told = Told(_day(on), result, reason, notes)
    stands, end = await drill_by_hand.record(ctx.house, ctx.by, ctx.place, occasion.key, told)
    return sealed_card(by_hand_card(stands), stands.id, stands.seq, end)


def _day(said: str) -> date:
    try:
        return date.fromisoformat(said.strip())
    except ValueError:
        raise Refused(
            f"{said!r} is no day that I can read. Nothing was recorded.", "Write it like 2026-12-15.", parameter="on"
        ) from None
