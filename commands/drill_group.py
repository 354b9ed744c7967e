"""Knows the group `/drill` and what its commands share: which drill. Knows no command."""

from collections.abc import Sequence
from typing import Annotated

from bot.chat.cards import Choice
from bot.chat.declare import Group, Help, Suggest, Unasked
from bot.domain.drills import Drill
from bot.domain.errors import Refused
from bot.domain.incidents import Incident
from bot.house import Context
from bot.operations import incidents as acting
from bot.store import incidents

group = Group("drill", "Prove every quarter that the backups restore: reminded, run, kept as evidence.")


async def _drills(ctx: Context, typed: str) -> Sequence[Choice]:
    async with ctx.house.database.read() as db:
        found = await incidents.listed(db, practice=True, limit=25)
    return [Choice(f"{one.title} · {one.id}"[:100], one.id) for one in found if typed.lower() in one.id]


Of = Annotated[str | None, Help("Which drill; that of this room if left out"), Suggest(_drills), Unasked()]


async def meant(ctx: Context, of: str | None) -> tuple[Incident, Drill]:
    """The drill that a command is about. Raises Refused where none or several could be."""
    found = await acting.here(ctx.house, ctx.place, of, practice=True)
    if found.drill is None:
        raise Refused(f"{found.id} is an incident, no drill. Nothing was changed.", "/drill log shows the drills.")
    return found, found.drill
