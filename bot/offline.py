"""Knows the commands that need no running bot: a line said, a file fetched, verified or checked, the runbook."""

import asyncio
import json
import os
import shutil
import sys
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from bot.adapters.vault import FolderVault
from bot.domain.drills import TestLogRow
from bot.domain.errors import LifeboatError, Refused
from bot.domain.evidence_archive import HTML, Examined, Point, examine, linked
from bot.domain.plan import Plan
from bot.domain.snapshot import Expectations, Progress
from bot.house import Neighbours
from bot.operations import evidence_file, files, replica, test_log
from bot.operations.verify import expectations
from bot.platforms.terminal.listen import LocalSocket
from bot.platforms.terminal.people import local_person
from bot.platforms.terminal.post import TerminalPoster
from bot.platforms.terminal.say import say_here, say_to
from bot.platforms.terminal.screen import Screen, open_console
from bot.ports import Clock, SystemClock
from bot.settings import Settings
from bot.snapshots import runner
from bot.store.database import Database
from bot.views.drill_log import runbook_rows
from bot.views.evidence import rendered
from bot.views.evidence_check import checked_card
from bot.views.report import file_card, progress_card
from bot.views.runbook import document, sections

_LOOK_SECONDS = 5.0
"""How long somebody who says a line waits for a look at things as they are; a vendor's silence must not be ours."""


async def say(settings: Settings, plan: Plan, line: str, *, as_json: bool) -> int:
    """Say a line to the bot that runs on the data folder, or do it here; gives the exit status."""
    screen = Screen(open_console(), as_json=as_json)
    if replica.is_held(settings.data):
        return await say_to(settings.data, line, screen)
    from bot.app import running  # heavy, and not needed beside a running bot

    async with running(settings, plan, sweeping=False) as here:
        poster = TerminalPoster(here.name)
        here.posters[poster.platform] = poster
        # Whoever says something meanwhile is served too: there is never a second engine on a folder.
        local = LocalSocket(here.router, poster, settings.data)
        await local.start()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await here.sweep.once()
            status = await say_here(here.router, poster, line, screen)
            await local.finish()
            return status
        finally:
            await local.close()


@dataclass(frozen=True, slots=True)
class _Known:
    plan: Plan
    database: Database
    clock: Clock


@dataclass(frozen=True, slots=True)
class _Shelf(_Known):
    vault: FolderVault
    neighbours: Neighbours


async def write_file(settings: Settings, plan: Plan, key: str, out: BinaryIO) -> int:
    """Write a report, a copy or the runbook. Nothing is changed, so that a bot may run on the folder meanwhile.

    Raises Refused for what is not there, for whom may not have it, and where it cannot be written.
    """
    database = Database.open(settings.database)
    try:
        if not database.exists():
            raise Refused(f"Nothing is recorded in {database.shown} yet.", "Check LIFEBOAT_DATA and DATABASE_URL.")
        with closing(FolderVault(settings.vault_folder)) as vault:
            shelf = _Shelf(plan, database, SystemClock(), vault, Neighbours())
            file = await files.fetch(shelf, key, local_person(plan, os.getuid()))
    finally:
        await database.close()
    if out.isatty() and not file.media_type.startswith(("text/", "application/json")):
        raise Refused("This file is not for a terminal to show.", f"lifeboat file {key} > {file.name}")
    with file.content.open("rb") if isinstance(file.content, Path) else BytesIO(file.content) as opened:
        try:
            shutil.copyfileobj(opened, out)
            out.flush()
        except BrokenPipeError:
            raise  # whoever reads has read enough
        except OSError as error:
            raise Refused(
                f"Not all of it could be written: {error.strerror}. What is kept here is untouched.",
                "Make room, or write it elsewhere; what was begun there is of no use.",
            ) from error
    return 0


async def verify_file(file: Path, plan: Plan | None, *, as_json: bool) -> int:
    """Check an export on this machine; exit status 0 sound, 1 findings, 2 unreadable."""
    screen = Screen(open_console(), as_json=as_json)

    async def show(progress: Progress) -> None:
        screen.post("verify", progress_card(file.name, progress))

    expected = expectations(plan) if plan else Expectations()
    report = await runner.verify(file, expected, None if as_json else show)
    if as_json:
        print(report.model_dump_json())  # noqa: T201 - the report is what was asked for on standard output
    else:
        screen.post("verify", file_card(report, plan))
        screen.close()
    return report.verdict.exit_status


def check_evidence(file: Path, previous: Path | None, report: Path | None, *, as_json: bool) -> int:
    """Check an archive of evidence on this machine; exit status 0 whole, 1 changed, 2 unreadable.

    A `report` is worded anew from the events of one that is whole.
    """
    try:
        points, examined = _examined(file)
        if previous is not None:
            others, before = _examined(previous)
            points += [Point(f"{previous.name}, {one.of}", one.said, one.ok) for one in others]
            points.append(linked(examined, before))
        whole = all(one.ok for one in points)
        if report is not None and whole and examined.made is not None:
            _write(report, rendered(examined.made)[HTML])
    except Refused as refused:
        if as_json:
            print(json.dumps({"verdict": "unreadable", "problem": refused.problem}))  # noqa: T201 - what was asked for
        else:
            print(refused, file=sys.stderr)  # noqa: T201 - a command line's own word
        return 2
    if as_json:
        listed = [asdict(one) for one in points]
        print(json.dumps({"verdict": "whole" if whole else "changed", "points": listed}))  # noqa: T201 - as above
    else:
        told = examined.made.evidence if examined.made is not None else None
        Screen(open_console()).draw(checked_card(file.name, tuple(points), told))
    return 0 if whole else 1


def _write(file: Path, content: bytes) -> None:
    try:
        with file.open("xb") as opened:
            opened.write(content)
    except OSError as error:
        raise Refused(f"{file.name} cannot be written: {error.strerror}. Nothing was overwritten.") from error


def _examined(file: Path) -> tuple[list[Point], Examined]:
    unpacked = evidence_file.unpack(file)
    examined = examine(unpacked.files, rendered)
    return [*unpacked.problems, *examined.points], examined


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
