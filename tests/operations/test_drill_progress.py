"""How far a drill's long work is stands on its board, is written seldom, and decides nothing."""

import asyncio
import re
from datetime import UTC, datetime

from bot.domain.imports import ImportMode, ImportPlan, ImportStage, ImportState, TableChange
from bot.domain.incident_events import IncidentId
from bot.house import House
from bot.operations import drill_progress
from bot.operations.live import BOARD
from bot.store import posts, progress
from bot.store.database import Database
from tests.routing import FakeClock, house

DRILL = IncidentId("2026-12-15-drill")
KEY = f"{BOARD}:{DRILL}:slack"


async def _with_board(database: Database) -> House:
    here = house(database, FakeClock(), ())
    async with database.write() as db:
        await posts.want(db, KEY, "slack", "C9", BOARD, DRILL, here.clock.now())
    return here


async def _wanted(database: Database) -> int:
    async with database.read() as db:
        board = await posts.get(db, KEY)
    assert board is not None
    return board.wanted_version


async def test_what_is_new_redraws_the_board_and_what_is_known_does_not(database: Database) -> None:
    here = await _with_board(database)
    for _ in range(3):
        await drill_progress.say(here, DRILL, "Verifying the copy of staging: 1 MB of 2 MB", 1, 2)
    assert await _wanted(database) == 2
    await drill_progress.say(here, DRILL, "Verifying the copy of staging: 2 MB of 2 MB", 2, 2)
    assert await _wanted(database) == 3


async def test_an_upload_of_a_hundred_parts_is_said_at_its_begin_and_its_end(database: Database) -> None:
    here = await _with_board(database)
    told = drill_progress.uploaded(here, DRILL, "staging", 500)
    for sent in range(5, 501, 5):
        await told(sent)
    assert await _wanted(database) < 10
    async with database.read() as db:
        said = await progress.get(db, DRILL)
    assert said is not None
    assert (said.words, said.done, said.total) == ("Uploading the copy to staging: 500 bytes of 500 bytes", 500, 500)


async def test_an_upload_tells_how_fast_it_is_and_how_long_still(database: Database) -> None:
    here = await _with_board(database)
    told = drill_progress.uploaded(here, DRILL, "staging", 400_000_000)
    await asyncio.sleep(0.6)
    await told(100_000_000)
    async with database.read() as db:
        said = await progress.get(db, DRILL)
    assert said is not None
    assert re.search(r"100 MB of 400 MB · 1\d\d MB/s · (1|2) s left$", said.words), said.words


async def test_an_import_is_told_in_convexs_own_words(database: Database) -> None:
    here = await _with_board(database)
    changes = tuple(TableChange(table=name, create=2, delete=1, existing=1) for name in ("posts", "users"))
    state = ImportState(
        id="i1",
        created_at=datetime(2026, 12, 15, tzinfo=UTC),
        state=ImportStage.IN_PROGRESS,
        message="Importing",
        progress=('Imported "posts" (2 documents)',),
        plan=ImportPlan(id="i1", mode=ImportMode.REPLACE_ALL, changes=changes),
    )
    await drill_progress.importing(here, DRILL, state)
    async with database.read() as db:
        said = await progress.get(db, DRILL)
    assert said is not None
    assert (said.words, said.done, said.total) == ('Convex: Imported "posts" (2 documents)', 1, 2)
    every = (*state.progress, 'Imported "users" (2 documents)')
    await drill_progress.importing(here, DRILL, state.model_copy(update={"progress": every}))
    async with database.read() as db:
        said = await progress.get(db, DRILL)
    assert said is not None
    assert said.total is None
