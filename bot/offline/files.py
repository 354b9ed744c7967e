"""Knows how a report, a copy or the runbook is fetched from the data folder, whether a bot runs on it or not."""

import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from bot.adapters.vault import FolderVault
from bot.domain.errors import Refused
from bot.domain.plan import Plan
from bot.house import Neighbours
from bot.operations import files
from bot.platforms.terminal.people import local_person
from bot.ports import Clock, SystemClock
from bot.settings import Settings
from bot.store.database import Database


@dataclass(frozen=True, slots=True)
class _Shelf:
    plan: Plan
    database: Database
    clock: Clock
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
