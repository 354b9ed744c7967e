"""Knows how a drill goes on by itself: whose turn it is, and each automatic step as work that survives the process.

Knows nothing of what such a step does: see the parts in `PARTS`. Level-triggered: it asks what is recorded, again and
again, and hands each turn to the engine under an id of its own, so that none is done twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog

from bot.domain import drill_moves, incident_moves
from bot.domain.backups import OperationId
from bot.domain.checklist import Move, State
from bot.domain.drill_moves import Turn
from bot.domain.drills import Drill
from bot.domain.errors import LifeboatError, Refused
from bot.domain.incident_events import Body, Closed, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.domain.plan import Automation, Step
from bot.house import House
from bot.operations import drill_checks, drill_copies, drill_import, rehearsal_work, tracking
from bot.operations import incidents as acting
from bot.operations.engine import Engine, Flow
from bot.operations.outcome import Cancelled
from bot.store import incidents, operations

WORKFLOW = "drill"
Part = Callable[[Flow, House, IncidentId], Awaitable[str]]
"""What an automatic step does; gives its evidence, in words."""
PARTS: Mapping[Automation, Part] = {
    Automation.EXPORT: drill_copies.take,
    Automation.VERIFY: drill_checks.integrity,
    Automation.IMPORT: drill_import.run,
    Automation.QUERIES: drill_checks.queries,
    Automation.CLEAN_UP: rehearsal_work.clean_up,
    Automation.STRIKE: rehearsal_work.strike,
}
_POLL_SECONDS = 1.0
_log = structlog.get_logger()


class Drills:
    """Looks whose turn it is in the open drills. One in each process."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._awake = asyncio.Event()
        self._begun: set[str] = set()

    def wake(self) -> None:
        """Look at once; otherwise it takes up to a second."""
        self._awake.set()

    async def run(self) -> None:
        """Look, until cancelled."""
        while True:
            self._awake.clear()
            try:
                await self.look()
            except LifeboatError as problem:
                # Our own database may be what is away: what is due now is due the next time.
                _log.warning("drills_not_looked_at", problem=problem.problem)
            except Exception:  # noqa: BLE001 - what cannot be read now may be the next time
                _log.exception("bug", part="drills")
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._awake.wait()

    async def look(self) -> None:
        """Hand over whatever is Lifeboat's turn now."""
        async with self._house.database.read() as db:
            open_ones = await incidents.listed(db, open_only=True, practice=True)
        for drill in open_ones:
            try:
                await self._further(drill)
            except LifeboatError as problem:
                _log.warning("drill_not_looked_at", drill=drill.id, problem=problem.problem)
            except Exception:  # noqa: BLE001 - a mistake about one drill must not stop the others; it is due again
                _log.exception("bug", part="drills", drill=drill.id)

    async def _further(self, incident: Incident) -> None:
        turn = drill_moves.turn(incident)
        assert incident.drill is not None
        if incident.drill.ending:
            await self._stop(incident, incident.drill)
        else:
            for operation in incident.drill.work.values():
                await self._start(OperationId(operation))
        if turn is None:
            return
        work_id = f"{WORKFLOW}-{incident.id}-{turn.step.key}-{turn.round}"
        if work_id in self._begun:
            await self._lost(incident, turn.step, turn.round)
            return
        if not await self._taken_up(incident, turn):
            return
        given = {"incident": incident.id, "step": turn.step.key, "automation": turn.automation, "round": turn.round}
        await self._house.work.start(WORKFLOW, work_id, given)
        self._begun.add(work_id)

    async def _taken_up(self, incident: Incident, turn: Turn) -> bool:
        """Record that Lifeboat has begun a step, before its work is: so each round has work of its own, whatever
        people do in between. Whether the step is Lifeboat's.
        """
        now, lifeboats = self._house.clock.now(), True

        def decide(stands: Incident) -> tuple[Body, ...]:
            nonlocal lifeboats
            lifeboats = drill_moves.turn(stands) == turn
            if not lifeboats or stands.steps[turn.step.key].state is State.DOING:
                return ()
            return drill_moves.begun(stands, turn.step, now)

        if incident.steps[turn.step.key].state is not State.DOING:
            await acting.act(self._house, incident.id, LIFEBOAT, decide)
        return lifeboats

    async def _start(self, work_id: OperationId) -> None:
        """Have an export or a check done that a step has recorded and waits for."""
        if work_id in self._begun:
            return
        async with self._house.database.read() as db:
            operation = await operations.get(db, work_id)
        if operation is not None and not operation.phase.ended:
            await tracking.start(self._house, operation)
        self._begun.add(work_id)

    async def _stop(self, incident: Incident, drill: Drill) -> None:
        """End what a drill that is ending still has under way; an export that somebody else asked for goes on."""
        for step in drill_moves.under_way(incident):
            operation = OperationId(drill.work.get(step.key, ""))
            async with self._house.database.read() as db:
                theirs = await drill_copies.asked_for(db, operation)
            if drill_copies.ours(operation) and not theirs:
                with suppress(Refused):
                    await tracking.cancel(self._house, operation, LIFEBOAT)
            await self._house.work.cancel(f"{WORKFLOW}-{incident.id}-{step.key}-{drill.rounds[step.key]}")
            await self._lost(incident, step, drill.rounds[step.key])

    async def _lost(self, incident: Incident, step: Step, number: int) -> None:
        """Fail a step whose work has ended without it, or never began: nobody else would ever say so."""
        work_id = f"{WORKFLOW}-{incident.id}-{step.key}-{number}"
        if await self._house.work.status(work_id) == "running":
            return
        now = self._house.clock.now()
        note = "Lifeboat's engine gave this step up before it was done. What it did until then stands. Redo the step."

        def decide(stands: Incident) -> tuple[Body, ...]:
            assert stands.drill is not None
            if stands.closed_at is not None or stands.drill.rounds.get(step.key) != number:
                return ()
            return drill_moves.ended(stands, step, Move.FAIL, note, now)

        await acting.act(self._house, incident.id, LIFEBOAT, decide)


def register(engine: Engine, house: House) -> None:
    """Let the engine know how an automatic step is done."""
    work = _Working(house)
    engine.workflow(WORKFLOW, work.run, work.ended)


class _Working:
    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self, flow: Flow, given: dict[str, Any]) -> None:
        if not await flow.step("begin", self._begin, given):
            return
        self._house.wake()
        drill = IncidentId(given["incident"])
        evidence = await PARTS[Automation(given["automation"])](flow, self._house, drill)
        await flow.step("finish", self._finish, given, evidence)
        self._house.wake()

    async def ended(self, flow: Flow, given: dict[str, Any], error: LifeboatError) -> None:
        await flow.step("fail", self._fail, given, error.problem, "" if isinstance(error, Cancelled) else error.hint)
        self._house.wake()

    async def _begin(self, given: dict[str, Any]) -> bool:
        """Whether the step is Lifeboat's still: nobody ended the drill in the meantime."""
        async with self._house.database.read() as db:
            stands = await incidents.get(db, IncidentId(given["incident"]))
        turn = drill_moves.turn(stands) if stands is not None else None
        return turn is not None and (turn.step.key, turn.round) == (given["step"], given["round"])

    async def _finish(self, given: dict[str, Any], evidence: str) -> None:
        await self._end(given, Move.FINISH, evidence or "Done.")

    async def _fail(self, given: dict[str, Any], problem: str, hint: str) -> None:
        await self._end(given, Move.FAIL, problem, hint)

    async def _end(self, given: dict[str, Any], move: Move, note: str, hint: str = "") -> None:
        now = self._house.clock.now()

        def decide(stands: Incident) -> tuple[Body, ...]:
            step = stands.step(given["step"])
            if step is None or stands.drill is None or stands.closed_at is not None:
                return ()
            # Of settings and keys that a hint speaks of a rehearsal has none: its step and its buttons say what helps.
            told = note if stands.drill.practice.rehearsal else f"{note} {hint}".strip()
            bodies = drill_moves.ended(stands, step, move, told, now)
            if move is not Move.FINISH:
                return bodies
            return (*bodies, *incident_moves.follows(stands, bodies), *_closing(stands, given["automation"]))

        await acting.act(self._house, IncidentId(given["incident"]), LIFEBOAT, decide)


def _closing(stands: Incident, automation: str) -> tuple[Body, ...]:
    """A drill is over once it is cleaned up."""
    assert stands.drill is not None
    if automation != Automation.CLEAN_UP or stands.drill.cleaned is None:
        return ()
    return (Closed(reason=f"Cancelled: {stands.drill.cancelled}" if stands.drill.cancelled_at else ""),)
