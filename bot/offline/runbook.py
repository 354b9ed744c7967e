"""Knows how the runbook is written, whatever is down. What it needs of the database it does without, and says so."""

import asyncio
import sys
from dataclasses import dataclass

from bot.domain.drills import TestLogRow
from bot.domain.errors import LifeboatError, Refused
from bot.domain.plan import Plan
from bot.operations import test_log
from bot.ports import Clock, SystemClock
from bot.store.database import Database
from bot.views.drill_log import runbook_rows
from bot.views.runbook import document, sections

_LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Known:
    plan: Plan
    database: Database
    clock: Clock


async def runbook(plan: Plan, section: str | None, url: str) -> str:
    """The runbook, or one part of it, as Markdown, with the tests that the database remembers, if it can be read.

    Raises Refused for a part that is not there.
    """
    log = await _tests(plan, url)
    if not section:
        return document(plan, log)
    found = [one for one in sections(plan, log) if one.key == section.lower()]
    if not found:
        known = ", ".join(one.key for one in sections(plan, log))
        raise Refused(f"The runbook has no part “{section}”.", f"There are: {known}.")
    return found[0].markdown()


async def _tests(plan: Plan, url: str) -> tuple[TestLogRow, ...] | None:
    """What is remembered of the tests; None where no database answers: a runbook is read when all is down."""
    try:
        database = Database.open(url)
        if not database.exists():
            return ()
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                return runbook_rows(await test_log.rows(_Known(plan, database, SystemClock())), plan)
        finally:
            await database.close()
    except (LifeboatError, OSError) as error:
        said = error.problem if isinstance(error, LifeboatError) else "The database could not be read."
        print(f"{said} The runbook is written without the tests that were run.", file=sys.stderr)  # noqa: T201 - a command line's own word
        return None
