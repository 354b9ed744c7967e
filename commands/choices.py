"""Knows what is offered while somebody types an argument that several commands take. Knows no command."""

from collections.abc import Iterable, Sequence

from bot.chat.cards import Choice
from bot.house import Context
from bot.store import backups
from bot.views.copies import label


def matching(typed: str, named: Iterable[tuple[str, str]]) -> list[Choice]:
    """Those of some labels and values in which what was typed stands, in capitals or not."""
    return [Choice(title, value) for title, value in named if typed.lower() in f"{title} {value}".lower()]


async def copies(ctx: Context, typed: str) -> Sequence[Choice]:
    """The copies in the vault, newest first."""
    async with ctx.house.database.read() as db:
        found = await backups.listed(db)
    return matching(typed, [(label(one, ctx.now), one.id) for one in found])
