"""Knows how the team's tests are run as work that survives the process, and how far a run is. Knows no test runner.

A process that dies leaves the run to be begun again by the next: tests that ran half tell nothing.
"""

import asyncio
import secrets
from collections import deque
from contextlib import suppress
from datetime import timedelta
from typing import Any

from bot.domain.automations import RunPhase, SuiteRun
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.incidents import Incident
from bot.domain.people import Person
from bot.house import House, Place
from bot.operations import recording
from bot.operations.engine import Engine, Flow
from bot.operations.live import SUITE
from bot.operations.outcome import Cancelled
from bot.ports import SuiteOutcome, TestSuite
from bot.store import posts, suites
from bot.store.database import Connection
from bot.views import words
from bot.views.suites import counts_words

WORKFLOW = "suite"
ACTION = "Test suite"
_SAID_EVERY = 1.0
_TAIL = 8
_LONGEST_LINE = 160
_LONGEST_OUTPUT = 200_000


def register(engine: Engine, house: House) -> None:
    """Let the engine know how the tests are run."""
    work = _Running(house)
    engine.workflow(WORKFLOW, work.run, work.ended)


async def begin(house: House, incident: Incident, by: Person, place: Place) -> SuiteRun:
    """Run the tests and show the run at a place; of an incident one runs at a time, and is shown instead.

    Raises Refused, with what to set, where no tests are connected.
    """
    describes, now = _suite(house).describes, house.clock.now()
    new = SuiteRun(
        f"tests-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}",
        incident.id,
        describes,
        RunPhase.RUNNING,
        by.id,
        by.name,
        now,
        incident.seq,
    )
    async with house.database.write() as db:
        run = await suites.add(db, new)
        key = f"{SUITE}:{run.id}:{place.platform}:{place.channel}"
        await posts.want(db, key, place.platform, place.channel, SUITE, run.id, now)
    await _start(house, run)
    return run


async def cancel(house: House, incident: Incident, by: Person) -> SuiteRun:
    """Ask the run of an incident to stop; its card says when it has."""
    async with house.database.write() as db:
        run = await suites.running(db, incident.id)
        if run is None:
            raise Refused("No tests are running; nothing was stopped.", "", f"/recovery test --of {incident.id}")
        if run.cancel_by is None:
            await suites.update(db, run.id, cancel_by=by.id)
            await posts.changed(db, SUITE, run.id)
    await house.work.cancel(run.id)
    house.wake()
    return run


async def look(house: House) -> None:
    """Begin what was recorded and never begun, and stop what was asked to: part of every sweep."""
    async with house.database.read() as db:
        unended = await suites.unended(db)
    for run in unended:
        status = await house.work.status(run.id)
        if status is None:
            await _start(house, run)
        elif status != "running":
            problem = "Lifeboat's engine gave this run up before it ended. Run the tests again."
            async with house.database.write() as db:
                changes = {"phase": RunPhase.BROKEN.value, "problem": problem, "ended_at": house.clock.now()}
                await suites.update(db, run.id, **changes)
                await posts.changed(db, SUITE, run.id)
        elif run.cancel_by is not None:
            await house.work.cancel(run.id)


def file_of(run_id: str) -> str:
    """The key of a run's output as a file."""
    return f"suite/{run_id}.txt"


async def _start(house: House, run: SuiteRun) -> None:
    who = {"by": run.started_by, "by_name": run.started_by_name}
    await house.work.start(WORKFLOW, run.id, {"incident": run.incident, "after": run.after, **who})
    house.wake()


def _suite(house: House) -> TestSuite:
    if house.neighbours.test_suite is None:
        missing = house.neighbours.unconnected.get("test_suite", "")
        raise Refused(
            "No test suite is connected, so nothing was run.",
            f"{missing} Meanwhile run it yourself, and say how it went: /incident done tests <result>.".strip(),
        )
    return house.neighbours.test_suite


class _Running:
    """The workflow: run the tests, keep what they printed, say how they went."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self, flow: Flow, given: dict[str, Any]) -> None:
        ran = await flow.step("run", self._run, flow.work_id, preemptible=True)
        phase = RunPhase.PASSED if ran["ok"] else RunPhase.FAILED
        await flow.tx("end", self._end, flow.work_id, phase, ran, "")
        took = words.span(timedelta(seconds=round(ran["seconds"])))
        told = f"{counts_words(ran['passed'], ran['failed'])} after {took}."
        effect = f"{told} {ran['suite']} {ran['url']}".strip()
        await flow.step("say", self._say, flow.work_id, given, bool(ran["ok"]), effect)

    async def _run(self, run_id: str) -> dict[str, Any]:
        teller = _Teller(self._house, run_id)
        await teller.begin()
        suite = _suite(self._house)
        outcome = await suite.run(teller.hear)
        await teller.say()
        return {**_kept(outcome), "suite": suite.describes, "lines": teller.lines}

    async def _end(
        self, db: Connection, run_id: str, phase: RunPhase, ran: dict[str, Any] | None, problem: str
    ) -> None:
        changes: dict[str, Any] = {"phase": str(phase), "problem": problem, "ended_at": self._house.clock.now()}
        if ran is not None:
            changes |= {name: ran[name] for name in ("passed", "failed", "url", "output", "lines")}
        if await suites.update(db, run_id, **changes):
            await posts.changed(db, SUITE, run_id)

    async def _say(self, run_id: str, given: dict[str, Any], ok: bool, effect: str) -> None:
        await recording.acted(self._house, given, ACTION, ok=ok, effect=effect, file=file_of(run_id))
        self._house.wake()

    async def ended(self, flow: Flow, given: dict[str, Any], error: LifeboatError) -> None:
        """Say that it was stopped, or could not be run; what it printed until then is kept."""
        cancelled = isinstance(error, Cancelled)
        problem = error.problem if cancelled else f"{error.problem} {error.hint}".strip()
        phase = RunPhase.CANCELLED if cancelled else RunPhase.BROKEN
        await flow.tx("end", self._end, flow.work_id, phase, None, problem)
        effect = "It was stopped before its end, so it says nothing." if cancelled else problem
        await flow.step("say", self._unran, given, effect)

    async def _unran(self, given: dict[str, Any], effect: str) -> None:
        await recording.acted(self._house, given, ACTION, ok=False, effect=effect)
        self._house.wake()


def _kept(outcome: SuiteOutcome) -> dict[str, Any]:
    output, half = outcome.output, _LONGEST_OUTPUT // 2
    if len(output) > _LONGEST_OUTPUT:
        left_out = len(output) - 2 * half
        output = f"{output[:half]}\n… {left_out:,} characters left out …\n{output[-half:]}"
    return {
        "ok": outcome.ok,
        "seconds": outcome.seconds,
        "passed": outcome.passed,
        "failed": outcome.failed,
        "url": outcome.url,
        # PostgreSQL keeps no such character in a text.
        "output": output.replace("\0", ""),
    }


class _Teller:
    """Shows what a run prints, about once a second: it only shows, so that losing it harms nothing."""

    def __init__(self, house: House, run_id: str) -> None:
        self._house, self._id = house, run_id
        self._tail: deque[str] = deque(maxlen=_TAIL)
        self._said_at = 0.0
        self.lines = 0

    async def begin(self) -> None:
        """Say that it begins; once more, where a process died in it."""
        with suppress(Outage):
            async with self._house.database.write() as db:
                run = await suites.get(db, self._id)
                if run is not None:
                    changes = {"attempts": run.attempts + 1, "lines": 0, "tail": ""}
                    await suites.update(db, self._id, **changes)
                    await posts.changed(db, SUITE, self._id)
        self._house.wake()

    async def hear(self, line: str) -> None:
        self.lines += 1
        self._tail.append(line.replace("\0", "")[:_LONGEST_LINE])
        if asyncio.get_running_loop().time() - self._said_at >= _SAID_EVERY:
            await self.say()

    async def say(self) -> None:
        self._said_at = asyncio.get_running_loop().time()
        with suppress(Outage):
            async with self._house.database.write() as db:
                await suites.update(db, self._id, lines=self.lines, tail="\n".join(self._tail))
                await posts.changed(db, SUITE, self._id)
        self._house.wake()
