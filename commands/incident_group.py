"""Knows the groups `/incident` and `/recovery` and what their commands share: which incident. Knows no command."""

from collections.abc import Sequence
from typing import Annotated

from bot.chat.cards import Choice
from bot.chat.declare import Group, Help, Suggest, Unasked
from bot.domain.incidents import Incident
from bot.house import Context
from bot.operations import incidents as acting
from bot.store import incidents

group = Group("incident", "Walk a channel through a recovery: checklist, clock, letter, report.")
recovery = Group("recovery", "Stop what writes, prove what came back, let everything go on again.")


async def _open(ctx: Context, typed: str) -> Sequence[Choice]:
    async with ctx.house.database.read() as db:
        found = await incidents.listed(db, limit=25)
    return [Choice(f"{one.title} · {one.id}"[:100], one.id) for one in found if typed.lower() in one.id]


Of = Annotated[str | None, Help("Which incident; that of this room if left out"), Suggest(_open), Unasked()]


async def meant(ctx: Context, of: str | None) -> Incident:
    """The incident that a command is about. Raises Refused where none or several could be."""
    return await acting.here(ctx.house, ctx.place, of)


async def real(ctx: Context, of: str | None) -> Incident:
    """The same, for what is done to real services. Raises Refused where a drill is meant."""
    return await acting.here(ctx.house, ctx.place, of, practice=False)
