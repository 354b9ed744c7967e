"""The runbook written without a bot: with the tests that are recorded, and whatever state the database is in."""

import asyncio
import csv
import io
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.offline.runbook import runbook
from bot.operations import files, test_log
from bot.store import calendar, incidents
from bot.store.database import Database
from tests.operations.home import PLAN
from tests.routing import FakeClock, house
from tests.views import drill_stages

AFTER = datetime(2026, 12, 20, 9, tzinfo=UTC)


async def _recorded(database: Database) -> None:
    """A test that passed, in a bot that has run since the summer before it: the one in between was missed."""
    course = drill_stages.passed()
    first, *rest = course.events
    async with database.write() as db:
        await calendar.begin(db, datetime(2026, 8, 1, tzinfo=UTC))
        assert await incidents.begin(db, first, None) is not None
        kept = await incidents.take(db, course.id)
        assert kept is not None
        await incidents.append(db, kept, rest, course.stands, None)


async def test_the_runbook_shows_what_is_recorded_though_no_bot_runs(database: Database) -> None:
    await _recorded(database)
    written = await runbook(PLAN, "test-log", database.url)
    assert "| 2026-12-15 | pass |" in written
    assert "Ada Okafor" in written
    assert "First quarterly test" not in written


async def test_a_missed_test_is_in_every_form_of_the_log(database: Database) -> None:
    await _recorded(database)
    shelf = house(database, FakeClock(AFTER), ())
    rows = await test_log.rows(shelf)
    assert [(one.occasion, one.status) for one in rows] == [("2026-Q4", "pass"), ("2026-Q3", "missed")]
    by = drill_stages.ADA
    table = bytes((await files.fetch(shelf, "drill-log/tests.csv", by)).content).decode()
    assert [one["status"] for one in csv.DictReader(io.StringIO(table))] == ["pass", "missed"]
    for key in ("drill-log/tests.md", "runbook.md"):
        shown = bytes((await files.fetch(shelf, key, by)).content).decode()
        assert "| missed |" in shown and "| pass |" in shown


async def test_a_database_that_no_bot_has_used_yet_leaves_the_runbook_readable(
    empty_database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = await runbook(PLAN, "test-log", empty_database_url)
    assert ("First quarterly test" in nothing) is empty_database_url.startswith("sqlite")
    assert ("could not be read" in nothing) is not empty_database_url.startswith("sqlite")
    assert ("has not the tables" in capsys.readouterr().err) is not empty_database_url.startswith("sqlite")


async def test_a_file_that_is_no_database_leaves_the_runbook_readable(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"nothing of the kind" * 500)
    assert "could not be read" in await runbook(PLAN, "test-log", f"sqlite:///{tmp_path / 'broken.db'}")


async def test_a_database_server_that_does_not_answer_is_not_waited_for_long() -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    began = time.monotonic()
    try:
        written = await asyncio.wait_for(runbook(PLAN, None, f"postgresql://a:b@127.0.0.1:{port}/c"), 20)
    finally:
        server.close()
    assert "could not be read" in written and "support@convex.dev" in written
    assert timedelta(seconds=time.monotonic() - began) < timedelta(seconds=15)
