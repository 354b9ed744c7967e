"""What people can say about copies of the data: `/backup …`. Thin: read, decide, show."""

from collections.abc import Sequence
from typing import Annotated

from bot.chat.cards import Card, Choice
from bot.chat.declare import Group, Help, Suggest
from bot.domain import health
from bot.domain.backups import Backup, BackupId, EnvironmentName, OperationId
from bot.domain.errors import Refused
from bot.domain.people import Role
from bot.domain.plan_parts import Environment
from bot.house import Context
from bot.operations import conditions, overview, reminding
from bot.operations import export as exporting
from bot.operations import verify as verifying
from bot.store import backups, operations, reports, service_status
from bot.views.calendar import owed_words
from bot.views.copies import kept_card, list_card
from bot.views.operation import running_card
from bot.views.report import report_card
from bot.views.schedule import watched_lines
from bot.views.status import status_card
from commands.choices import copies

group = Group("backup", "Back up, verify and show the copies of the database.")


async def environments(ctx: Context, typed: str) -> Sequence[Choice]:
    """The deployments that the plan knows."""
    known = ctx.house.plan.environments.values()
    return [Choice(one.title, one.name) for one in known if one.name.startswith(typed.lower())]


async def _running(ctx: Context, typed: str) -> Sequence[Choice]:
    async with ctx.house.database.read() as db:
        found = await operations.unended(db)
    return [Choice(f"{one.kind} of {one.environment}", one.id) for one in found if typed in one.id]


EnvironmentArgument = Annotated[
    str | None, Help("Which deployment, by its name in the plan"), Suggest(environments, few=True)
]
CopyArgument = Annotated[str | None, Help("Which copy; the newest of production if left out"), Suggest(copies)]


@group.command()
async def status(ctx: Context, environment: EnvironmentArgument = None) -> Card:
    """Am I safe? The newest verified copy of each environment, and what expires when.

    It answers from Lifeboat's own records, which are checked once a minute, so that it still answers when Convex
    does not.
    """
    plan = ctx.house.plan
    chosen = [plan.environment(environment)] if environment else list(plan.real)
    async with ctx.house.database.read() as db:
        watched = await conditions.watched(db, ctx.house, chosen, ctx.now)
        failures = await overview.last_failures(db, chosen)
        service = await service_status.get(db, ctx.house.status_page.url)
        unended = await operations.unended(db)
        year = await reminding.year_of(db, plan, ctx.now)
    running = [f"{one.kind} of {one.environment}: {one.phase} ({one.id})" for one in unended]
    lines = {
        one.health.environment.name: watched_lines(one.health.environment, one.slots, one.lasting(ctx.now), ctx.now)
        for one in watched
    }
    judged = [one.health for one in watched]
    owed = owed_words(year.occasions, reminding.unheard(ctx.house))
    return status_card(judged, plan.project, service, running, ctx.now, failures, lines, owed)


@group.command(needs=Role.OPERATOR, private=False)
async def export(
    ctx: Context,
    environment: EnvironmentArgument = None,
    files: Annotated[bool, Help("Include the stored files")] = False,
) -> Card | None:
    """Take a snapshot export now, verify it and post the result.

    One export of an environment runs at a time: asking again shows the one that runs. Convex bills an export as
    database bandwidth. No data is changed.
    """
    chosen = _environment(ctx, environment)
    if not chosen.may_export:
        raise Refused(
            f"The plan takes no copies of {chosen.title.lower()}. Nothing was asked of Convex.",
            f"Set may_export = true under [environments.{chosen.name}] in the plan if it should.",
        )
    running = await exporting.standing(ctx.house, chosen.name, ctx.place)
    if running is not None:
        return running_card(running, ctx.house.plan, ctx.now)
    await exporting.begin(ctx.house, chosen.name, ctx.by, ctx.place, with_files=files)
    return None


@group.command(needs=Role.OPERATOR, private=False)
async def verify(ctx: Context, backup: CopyArgument = None) -> None:
    """Check a copy in the vault again, byte by byte, and post the result."""
    found = await _copy(ctx, backup)
    await verifying.begin(ctx.house, found.id, ctx.by, ctx.place)


@group.command()
async def report(ctx: Context, backup: CopyArgument = None) -> Card:
    """Show what the last check of a copy found."""
    found = await _copy(ctx, backup)
    async with ctx.house.database.read() as db:
        stored = await reports.get(db, found.id)
    if stored is None:
        verifying_it = f"/backup verify {found.id}"
        raise Refused(f"{found.id} has not been verified yet.", f"Type {verifying_it}.", verifying_it)
    return report_card(found, stored, ctx.house.plan)


@group.command()
async def list_(ctx: Context, environment: EnvironmentArgument = None) -> Card:
    """List the copies in the vault, newest first, with how size and rows went."""
    chosen = _environment(ctx, environment)
    async with ctx.house.database.read() as db:
        every = await backups.listed(db, chosen.name, include_purged=True)
    there = [one for one in every if one.purged_at is None]
    return list_card(chosen, there, len(every) - len(there), ctx.now)


@group.command(needs=Role.OPERATOR)
async def keep(
    ctx: Context,
    backup: Annotated[str, Help("Which copy"), Suggest(copies)],
    undo: Annotated[bool, Help("Let retention take it again")] = False,
) -> Card:
    """Keep a copy beyond its retention, until you say otherwise."""
    found = await _copy(ctx, backup)
    async with ctx.house.database.write() as db:
        await backups.set_kept(db, found.id, not undo)
        copies = await backups.listed(db, found.environment)
    if all(one.id != found.id for one in copies):
        raise Refused(
            f"{found.id} was purged a moment ago; it cannot be kept any more.",
            "/backup list shows the rest.",
            f"/backup list {found.environment}",
        )
    environment = ctx.house.plan.environment(found.environment)
    now_kept = found.model_copy(update={"kept": not undo})
    return kept_card(now_kept, environment, health.expires_at(environment, copies, now_kept))


@group.command(needs=Role.OPERATOR)
async def cancel(
    ctx: Context,
    operation: Annotated[str | None, Help("Which work; the only one running if left out"), Suggest(_running)] = None,
) -> Card | None:
    """Stop an export or a check that is running. Nothing of it is kept."""
    async with ctx.house.database.read() as db:
        unended = await operations.unended(db)
    if operation is None:
        if len(unended) != 1:
            which = ", ".join(one.id for one in unended)
            raise Refused(
                "Several things are running; nothing was stopped." if unended else "Nothing is running.",
                f"Name one: {which}." if unended else "/backup status shows how things stand.",
                "" if unended else "/backup status",
            )
        operation = unended[0].id
    await exporting.cancel(ctx.house, OperationId(operation), ctx.by)
    return Card("Stopping it. The card of the work says when it has stopped.")


def _environment(ctx: Context, name: str | None) -> Environment:
    plan = ctx.house.plan
    return plan.environment(name) if name else plan.environments[EnvironmentName(plan.drill.source)]


async def _copy(ctx: Context, name: str | None) -> Backup:
    source = _environment(ctx, None)
    async with ctx.house.database.read() as db:
        if name:
            found = await backups.get(db, BackupId(name))
        else:
            found = next(iter(await backups.listed(db, source.name, limit=1)), None)
    if found is None:
        raise Refused(
            f"There is no copy {name}." if name else f"There is no copy of {source.title.lower()} in the vault.",
            "/backup list shows what is in the vault." if name else "Take one: /backup export.",
            "/backup list" if name else "/backup export",
            parameter="backup",
        )
    if found.purged_at is not None:
        purged = f"{found.id} was purged at {found.purged_at:%Y-%m-%d %H:%M} UTC."
        raise Refused(purged, found.purge_reason, f"/backup list {found.environment}", parameter="backup")
    return found
