"""What people can say about Lifeboat itself: `/lifeboat …`. Thin: read, decide, show."""

from collections.abc import Sequence
from typing import Annotated

from bot.chat.cards import Card, Choice
from bot.chat.declare import Group, Help, Rest, Suggest
from bot.chat.parse import closest
from bot.domain.errors import Refused
from bot.house import Context
from bot.operations import doctor as examining
from bot.operations import overview, reminding, test_log
from bot.store import incidents, operations
from bot.views import help as helping
from bot.views import runbook as runbooks
from bot.views.doctor import doctor_card
from bot.views.drill_log import runbook_rows
from bot.views.home import home_card
from commands.choices import matching

group = Group("lifeboat", "Help, the recovery runbook, and how Lifeboat itself is doing.")


async def _commands(ctx: Context, typed: str) -> Sequence[Choice]:
    every = [command for group in ctx.house.groups for command in group.commands.values()]
    words = typed.removeprefix("/").lower()
    return [Choice(f"{one.line} · {one.help}"[:100], f"{one.group} {one.name}") for one in every if words in one.line]


async def _sections(ctx: Context, typed: str) -> Sequence[Choice]:
    sections = runbooks.sections(ctx.house.plan, ())
    return matching(typed, [(one.title, one.key) for one in sections])


@group.command()
async def home(ctx: Context) -> Card:
    """Show how things stand, and buttons for what you can do now."""
    plan = ctx.house.plan
    async with ctx.house.database.read() as db:
        judged = await overview.judge(db, ctx.house, plan.real, ctx.now)
        running = await operations.unended(db)
        open_ones = await incidents.listed(db, open_only=True, limit=3)
        year = await reminding.year_of(db, plan, ctx.now)
    return home_card(judged, running, plan, ctx.by, ctx.now, open_ones, year.occasions, reminding.unheard(ctx.house))


@group.command()
async def help_(
    ctx: Context,
    command: Annotated[str | None, Help("Which command, like backup export"), Suggest(_commands), Rest()] = None,
) -> Card:
    """Show every command, or one of them in full."""
    if not command:
        return helping.help_card(ctx.house.groups)
    every = {f"{one.group} {one.name}": one for group in ctx.house.groups for one in group.commands.values()}
    wanted = command.strip().strip("/").lower()
    wanted = next((name for name in every if name.split()[1] == wanted), wanted)
    if wanted not in every:
        meant = closest(wanted, every)
        hint = f"Did you mean /lifeboat help {meant}?" if meant else "/lifeboat help shows them all."
        raise Refused(f"There is no command /{wanted}.", hint, f"/lifeboat help {meant or ''}".rstrip())
    return helping.command_card(every[wanted])


@group.command()
async def runbook(
    ctx: Context,
    section: Annotated[str | None, Help("Which part; the list of parts if left out"), Suggest(_sections)] = None,
) -> Card:
    """Read the recovery runbook, corrected and filled in from the plan.

    It needs no service to be up. `lifeboat runbook > RUNBOOK.md` in a terminal writes it whole, to print or to keep.
    """
    if not section:
        return runbooks.index_card(ctx.house.plan)
    log = runbook_rows(await test_log.rows(ctx.house), ctx.house.plan)
    sections = {one.key: one for one in runbooks.sections(ctx.house.plan, log)}
    found = sections.get(section.lower())
    if found is None:
        meant = closest(section.lower(), sections)
        hint = f"Did you mean /lifeboat runbook {meant}?" if meant else f"There are: {', '.join(sections)}."
        line = f"/lifeboat runbook {meant or ''}".rstrip()
        raise Refused(f"The runbook has no part “{section}”.", hint, line)
    return runbooks.section_card(found, tuple(sections.values()))


@group.command()
async def doctor(ctx: Context) -> Card:
    """Examine Lifeboat itself: keys, database, vault, clocks; each with the mend."""
    return doctor_card(await examining.examine(ctx.house))
