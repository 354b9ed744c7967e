"""Work that is killed, at exact points and at any time, and then ends as if it had not been."""

import random
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.store.database import Database
from tests.marks import first_with
from tests.operations import killing
from tests.operations.killing import Place, Point, Step
from tests.operations.small_work import NOTES, lines

CHILD = "tests.operations.small_work"
SOME = [
    Point(Step("note began", 1), Place.END),
    Point(Step("ask", 1), Place.END),
    Point(Step("sleep", 1), Place.BEGIN),
    Point(Step("note outage", 1), Place.AFTER),
    Point(Step("note end", 1), Place.END),
]


async def _effects(url: str, outside: Path) -> tuple[list[str], int, list[str]]:
    database = Database.open(url)
    async with database.read() as db:
        notes = list(await db.scalars(sa.text("SELECT note FROM notes")))
        total = await db.scalar(sa.text("SELECT n FROM total"))
    await database.close()
    return notes, total or 0, lines(outside)


ALL = (list(NOTES), len(NOTES), ["asked", "told"])


@first_with("database_url", "sqlite", "postgresql")
async def test_work_killed_at_one_point_after_another_ends_with_every_effect_once(
    database_url: str, tmp_path: Path
) -> None:
    arguments = (database_url, str(tmp_path / "outside"), "w1")
    for point in SOME:
        killed = await killing.run(CHILD, *arguments, folder=tmp_path, at=point)
        assert killed.killed, f"{point}: {killed.output}"
    last = await killing.run(CHILD, *arguments, folder=tmp_path)
    assert last.status == 0, last.output
    assert await _effects(database_url, tmp_path / "outside") == ALL


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_work_killed_at_every_point_in_turn_ends_with_every_effect_once(
    database_url: str, tmp_path: Path
) -> None:
    whole = await killing.run(CHILD, database_url, str(tmp_path / "outside"), "whole", folder=tmp_path)
    assert whole.status == 0, whole.output
    places = killing.points(whole.steps)
    assert len(places) == 9 * len(Place)
    expected = list(NOTES)
    for number, point in enumerate(places):
        outside = tmp_path / f"outside-{number}"
        arguments = (database_url, str(outside), f"w{number}")
        assert (await killing.run(CHILD, *arguments, folder=tmp_path, at=point)).killed, str(point)
        again = await killing.run(CHILD, *arguments, folder=tmp_path)
        assert again.status == 0, f"{point}: {again.output}"
        expected += NOTES
        assert await _effects(database_url, outside) == (expected, len(expected), ALL[2]), str(point)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_work_killed_again_and_again_at_any_time_ends_with_every_effect_once(
    database_url: str, tmp_path: Path
) -> None:
    dice = random.Random(7)
    expected: list[str] = []
    for number in range(8):
        outside = tmp_path / f"outside-{number}"
        arguments = (database_url, str(outside), f"w{number}")
        for _ in range(3):
            await killing.run(CHILD, *arguments, folder=tmp_path, after=dice.uniform(0.5, 3))
        last = await killing.run(CHILD, *arguments, folder=tmp_path)
        assert last.status == 0, last.output
        expected += NOTES
        assert await _effects(database_url, outside) == (expected, len(expected), ALL[2])
