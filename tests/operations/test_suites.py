"""The tests are run once at a time, told line by line, stopped when asked, and end with what they said."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot.adapters.test_command import CommandSuite
from bot.domain.automations import RunPhase, SuiteRun
from bot.domain.errors import Refused
from bot.operations import files, suites
from bot.ports import SuiteOutcome
from bot.store import suites as kept
from tests.operations.conftest import Access
from tests.operations.recovery import ADA, BEN, ROOM, Recovery, recovery
from tests.waiting import until

PASSES = "for n in range(3): print('ok', n)\nprint('Tests:       1 skipped, 41 passed, 42 total')"
FAILS = "print('Tests:       2 failed, 40 passed, 42 total')\nraise SystemExit(1)"
HANGS = "import time\nprint('begun', flush=True)\ntime.sleep(60)"
With = Callable[[str], AbstractAsyncContextManager[Recovery]]


@pytest.fixture
def running(database_url: str, tmp_path: Path, access: Access) -> With:
    """A house whose tests are a small program."""

    @asynccontextmanager
    async def house(program: str) -> AsyncIterator[Recovery]:
        (tmp_path / "tests.py").write_text(program)
        suite = CommandSuite(f"{sys.executable} -u tests.py", tmp_path)
        async with recovery(database_url, tmp_path, access, suite=suite) as one:
            yield one

    return house


async def ended(here: Recovery, run: SuiteRun) -> SuiteRun:
    found: list[SuiteRun] = []

    async def has_ended() -> bool:
        async with here.house.database.read() as db:
            one = await kept.get(db, run.id)
        assert one is not None
        found.append(one)
        return one.ended_at is not None

    await until(has_ended, within=20)
    return found[-1]


async def test_a_run_ends_with_its_counts_and_its_whole_output(running: With) -> None:
    async with running(PASSES) as here:
        incident = await here.begun()
        run = await suites.begin(here.house, incident, ADA, ROOM)
        done = await ended(here, run)
        assert (done.phase, done.passed, done.failed, done.lines) == (RunPhase.PASSED, 41, 0, 4)
        acted = await here.until_acted(incident, "Test suite")
        assert acted.ok
        assert acted.effect.startswith("41 passed after under a second")
        handed = await files.fetch(here.house, acted.file, ADA)
        assert isinstance(handed.content, bytes)
        assert handed.content.decode().splitlines()[:2] == ["ok 0", "ok 1"]
        assert (await here.card("suite", run.id)).startswith("The tests passed")


async def test_tests_that_fail_say_how_many(running: With) -> None:
    async with running(FAILS) as here:
        incident = await here.begun()
        run = await suites.begin(here.house, incident, ADA, ROOM)
        done = await ended(here, run)
        assert (done.phase, done.passed, done.failed) == (RunPhase.FAILED, 40, 2)
        acted = await here.until_acted(incident, "Test suite")
        assert not acted.ok
        assert "40 passed, 2 failed" in acted.effect


async def test_what_it_prints_stands_on_the_card_while_it_runs(running: With) -> None:
    async with running(HANGS) as here:
        incident = await here.begun()
        run = await suites.begin(here.house, incident, ADA, ROOM)

        async def shown() -> bool:
            return "begun" in await here.card("suite", run.id)

        await until(shown)
        assert (await here.card("suite", run.id)).startswith("The tests are running")
        assert (await suites.begin(here.house, incident, BEN, ROOM)).id == run.id, "one runs at a time"
        await suites.cancel(here.house, incident, BEN)
        assert (await ended(here, run)).phase is RunPhase.CANCELLED
        acted = await here.until_acted(incident, "Test suite")
        assert "stopped before its end" in acted.effect


async def test_a_run_that_was_recorded_and_never_begun_is_begun_by_the_sweep(running: With) -> None:
    async with running(PASSES) as here:
        incident = await here.begun()
        now = here.house.clock.now()
        left = SuiteRun("tests-1", incident.id, "it", RunPhase.RUNNING, ADA.id, ADA.name, now, incident.seq)
        async with here.house.database.write() as db:
            await kept.add(db, left)
        await suites.look(here.house)
        assert (await ended(here, left)).phase is RunPhase.PASSED


async def test_two_who_begin_at_once_get_the_same_run(running: With) -> None:
    async with running(HANGS) as here:
        incident = await here.begun()
        both = await asyncio.gather(*(suites.begin(here.house, incident, who, ROOM) for who in (ADA, BEN)))
        assert len({one.id for one in both}) == 1
        await suites.cancel(here.house, incident, ADA)
        await ended(here, both[0])


async def test_without_a_suite_it_says_what_to_set(tmp_path: Path, access: Access) -> None:
    async with recovery(f"sqlite:///{tmp_path / 'lifeboat.db'}", tmp_path, access) as here:
        with pytest.raises(Refused, match="No test suite is connected"):
            await suites.begin(here.house, await here.begun(), ADA, ROOM)


class Chatty:
    """A suite that prints far more than is kept."""

    describes = "a chatty suite"

    async def run(self, on_output: Callable[[str], Awaitable[None]]) -> SuiteOutcome:
        await on_output("x" * 10_000)
        return SuiteOutcome(True, 1.0, "a" * 400_000 + "\0end", 1, 0)


async def test_output_without_end_is_kept_with_its_middle_left_out(tmp_path: Path, access: Access) -> None:
    async with recovery(f"sqlite:///{tmp_path / 'lifeboat.db'}", tmp_path, access, suite=Chatty()) as here:
        run = await suites.begin(here.house, await here.begun(), ADA, ROOM)
        done = await ended(here, run)
        assert len(done.tail) < 200
        async with here.house.database.read() as db:
            output = await kept.output(db, run.id)
        assert output is not None
        assert len(output) < 201_000
        assert output.endswith("end")
        assert "characters left out" in output
