"""What a drill takes back at Convex: what an upload of its own has left there, and nothing of anybody else's."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.drill_events import Imported, Practice
from bot.domain.errors import Refused
from bot.domain.imports import ImportMode, ImportPlan, ImportStage, ImportState, TableChange
from bot.house import House
from bot.operations import drill_withdrawal, drills
from bot.store import incidents
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, ROOM
from tests.operations.home import PRODUCTION, STAGING, home
from tests.operations.test_drill_guard import happens, planned

NOWHERE = ("http://127.0.0.1:9", "key")


class Waiting:
    """A deployment at which imports wait, and are taken back."""

    def __init__(self, *imports: ImportState) -> None:
        self.imports = imports
        self.taken_back: list[str] = []

    async def recent_imports(self) -> tuple[ImportState, ...]:
        return self.imports

    async def import_state(self, import_id: str) -> ImportState:
        return next(one for one in self.imports if one.id == import_id)

    async def cancel_import(self, import_id: str) -> None:
        self.taken_back.append(import_id)


def waits(house: House, name: str, rows: int = 3, *, mode: ImportMode = ImportMode.REPLACE_ALL) -> ImportState:
    changes = (
        TableChange(table="users", create=rows, delete=9, existing=9),
        TableChange(table="left", create=0, delete=1, existing=1),
    )
    return ImportState(
        id=name,
        created_at=house.clock.now(),
        state=ImportStage.WAITING,
        plan=ImportPlan(id=name, mode=mode, changes=changes),
    )


async def test_what_an_upload_of_the_same_copy_left_is_taken_back_and_nothing_else(tmp_path: Path) -> None:
    async with home(sqlite_database(tmp_path), tmp_path, {PRODUCTION: NOWHERE, STAGING: NOWHERE}) as here:
        house = here.house
        before = waits(house, "from before").model_copy(update={"created_at": house.clock.now() - timedelta(hours=1)})
        drill, _ = await drills.begin(house, ADA, ROOM, Practice(source=PRODUCTION, target=STAGING), "Backup test")
        await happens(house, drill.id, planned())
        done = waits(house, "performed").model_copy(update={"state": ImportStage.IN_PROGRESS})
        convex = Waiting(
            *(waits(house, "7"), waits(house, "stray"), before, done, waits(house, "of another copy", 4)),
            waits(house, "to be added", mode=ImportMode.APPEND),
        )
        house = replace(house, deployments={STAGING: convex})  # type: ignore[dict-item] # a part of one
        assert await drill_withdrawal.strays(house, drill.id) == ["stray"]
        assert convex.taken_back == ["stray"]


async def test_an_import_is_not_said_to_be_taken_back_while_convex_does_not_let_us_ask(tmp_path: Path) -> None:
    async with home(sqlite_database(tmp_path), tmp_path, {PRODUCTION: NOWHERE, STAGING: NOWHERE}) as here:
        drill, _ = await drills.begin(here.house, ADA, ROOM, Practice(source=PRODUCTION, target=STAGING), "Backup test")
        await happens(here.house, drill.id, planned())
        with pytest.raises(Refused, match="not connected"):
            await drill_withdrawal.taken_back(replace(here.house, deployments={}), drill.id)


@pytest.mark.parametrize("recorded", [True, False])
async def test_a_target_that_was_put_back_counts_as_unchanged_and_is_put_back_no_second_time(
    tmp_path: Path, recorded: bool
) -> None:
    async with home(sqlite_database(tmp_path), tmp_path, {PRODUCTION: NOWHERE, STAGING: NOWHERE}) as here:
        house = here.house
        drill, _ = await drills.begin(house, ADA, ROOM, Practice(source=PRODUCTION, target=STAGING), "Backup test")
        performed = [
            Imported(import_id=name, rows=3, began_at=house.clock.now(), put_back=name == "8") for name in "78"
        ]
        back = planned().model_copy(update={"import_id": "8", "put_back": True})
        await happens(house, drill.id, planned(), performed[0], back, *(performed[1:] if recorded else ()))
        done = waits(house, "8").model_copy(update={"state": ImportStage.COMPLETED, "rows_written": 3})
        house = replace(house, deployments={STAGING: Waiting(done)})  # type: ignore[dict-item] # a part of one
        for _ in range(2):
            assert await drill_withdrawal.settled(house, drill.id) == (False, False)
        async with house.database.read() as db:
            happened = [one.body for one in await incidents.timeline(db, drill.id)]
        assert sum(isinstance(one, Imported) and one.put_back for one in happened) == 1
