"""What people can say about a drill as a whole: begin it, read it, agree, conclude it, end it. Thin."""

from collections.abc import Sequence
from typing import Annotated

from bot.chat.cards import Card, Choice
from bot.chat.declare import Help, Suggest
from bot.domain.backups import EnvironmentName
from bot.domain.drill_events import Practice
from bot.domain.people import Role
from bot.house import Context
from bot.operations import drills
from bot.views.incident import begun_card, board_card
from commands.drill_group import Of, group, meant


async def _environments(ctx: Context, typed: str) -> Sequence[Choice]:
    every = ctx.house.plan.environments.values()
    return [Choice(one.title, one.name) for one in every if typed.lower() in f"{one.title} {one.name}".lower()]


@group.command(needs=Role.OPERATOR)
async def start(
    ctx: Context,
    environment: Annotated[str | None, Help("Which environment is tested"), Suggest(_environments)] = None,
) -> Card:
    """Begin a test: a copy is taken, checked, restored into staging, and compared."""
    plan = ctx.house.plan
    source = plan.environment(environment).name if environment else EnvironmentName(plan.drill.source)
    practice = Practice(source=source, target=EnvironmentName(plan.drill.target), put_back=plan.drill.put_back)
    drill, new = await drills.begin(ctx.house, ctx.by, ctx.place, practice, "Backup test")
    return begun_card(drill, plan, new=new)


@group.command()
async def status(ctx: Context, *, of: Of = None) -> Card:
    """Show the board of a test: what is done, by whom, and what is next."""
    drill, _ = await meant(ctx, of)
    return board_card(drill, ctx.house.plan)
