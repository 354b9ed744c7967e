"""What people can say about the dates of the tests: read them, put one off, subscribe to them. Thin."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated

from bot.chat.cards import Card, Choice
from bot.chat.declare import Help, Suggest
from bot.domain import calendar as rules
from bot.domain.errors import Refused
from bot.domain.people import Role
from bot.house import Context
from bot.operations import reminding
from bot.store import calendar
from bot.views.calendar import calendar_card, postponed_card, schedule_card
from commands.drill_group import group


async def open_ones(ctx: Context, typed: str) -> Sequence[Choice]:
    """The tests that nobody has begun."""
    found = await reminding.year(ctx.house)
    near = [one for one in found.occasions if one.test is None]
    return [Choice(f"{one.key} · {one.due_at:%-d %B %Y}", one.key) for one in near if typed.lower() in one.key.lower()]


@group.command()
async def schedule(ctx: Context, year: Annotated[int | None, Help("Which year; this one if left out")] = None) -> Card:
    """Show the tests of the year: when, how each stands, and what was missed."""
    found = await reminding.year(ctx.house)
    this = rules.day_of(ctx.house.plan.drill, ctx.now).year
    return schedule_card(found.occasions, ctx.house.plan, year or this, ctx.now)


@group.command()
async def postpone(
    ctx: Context,
    to: Annotated[str, Help("Until when: a day such as 2026-12-20, or a number of days")],
    *,
    reason: Annotated[str, Help("Why: it stands in the log")],
    test: Annotated[str | None, Help("Which test; the next one if left out"), Suggest(open_ones)] = None,
) -> Card:
    """Put a test off, as often and as far as the plan allows; the reason is kept."""
    plan = ctx.house.plan
    allowed = {one.id for role in (plan.drill.responsible, plan.drill.deputy) for one in plan.holders(role)}
    if ctx.by.id not in allowed and not ctx.by.may(Role.OPERATOR):
        raise Refused(
            "Only who is responsible for the test, their deputy or an operator puts it off. Nothing was changed.",
            f"Ask the {plan.roles[plan.drill.responsible].title}.",
        )
    found = reminding.meant((await reminding.year(ctx.house)).occasions, test)
    day = _day(to, from_=rules.day_of(plan.drill, max(found.due_at, ctx.now)))
    return postponed_card(await reminding.postpone(ctx.house, day, reason, ctx.by, found.key), plan)


@group.command()
async def calendar_(
    ctx: Context, *, renew: Annotated[bool, Help("Make the old address invalid, and give a new one")] = False
) -> Card:
    """Get the dates of the tests as a calendar file, and the address to subscribe to."""
    if renew and not ctx.by.may(Role.OPERATOR):
        raise Refused("Only an operator makes the address invalid. Nothing was changed.", "Ask one of them to do it.")
    async with ctx.house.database.write() as db:
        await calendar.begin(db, ctx.now)
        secret = await (calendar.renew(db) if renew else calendar.secret(db))
    url = ctx.house.public_url
    return calendar_card(f"{url.rstrip('/')}/calendar/{secret}.ics" if url else "")


def _day(said: str, from_: date) -> date:
    """A day that somebody named, or so many days from one."""
    try:
        return from_ + timedelta(days=int(said)) if said.strip().isdecimal() else date.fromisoformat(said.strip())
    except (ValueError, OverflowError):
        raise Refused(
            f"{said!r} is no day that I can read. Nothing was changed.",
            "Write it like 2026-12-20, or as a number of days.",
            parameter="to",
        ) from None
