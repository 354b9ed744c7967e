"""What people can say to read the test log. Thin: read, show."""

from typing import Annotated

from bot.chat.cards import Card
from bot.chat.declare import Help, Unasked
from bot.house import Context
from bot.operations import pictures, test_log
from bot.views.drill_log import log_card
from bot.views.plots.drill_log import log_plot
from commands.drill_group import group


@group.command(private=False)
async def log(
    ctx: Context,
    *,
    rehearsals: Annotated[bool, Help("The rehearsals instead, which prove nothing about real copies")] = False,
    page: Annotated[int, Help("Which page"), Unasked()] = 1,
) -> Card:
    """Show the test log: when, how it ended, how long a recovery took; also as Markdown and CSV."""
    rows = await test_log.rows(ctx.house, rehearsals=rehearsals)
    plot = log_plot(rows)
    shown = await pictures.drawn(ctx.house, plot) if plot is not None and page == 1 else None
    return log_card(rows, ctx.house.plan, shown, page, rehearsals=rehearsals)
