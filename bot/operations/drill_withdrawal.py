"""Knows how an import at Convex is taken back that is not to be performed. Knows nothing of how one is planned.

Convex says whether it was performed all the same: somebody may have begun it there.
"""

from typing import NamedTuple

import structlog

from bot.domain import drill_moves
from bot.domain.backups import EnvironmentName
from bot.domain.drill_events import Imported, ImportPlanned, ImportRefused
from bot.domain.drills import Drill
from bot.domain.errors import LifeboatError, Refused
from bot.domain.imports import ImportMode, ImportStage, ImportState
from bot.domain.incident_events import Body, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.house import House
from bot.operations import drill_copies
from bot.operations import incidents as acting
from bot.operations.looking import Patience
from bot.ports import ImportForgotten

_log = structlog.get_logger()


class Stands(NamedTuple):
    """What became of a drill's imports: whether the target holds what was tested, and whether one was taken back."""

    changed: bool
    dropped: bool


async def drop(house: House, target: EnvironmentName, import_id: str) -> int | None:
    """Take back an import, and wait until it is over; gives the rows it wrote if it was performed all the same."""
    deployment = house.deployment(target)
    await deployment.cancel_import(import_id)
    patience = Patience()
    while True:
        state = await deployment.import_state(import_id)
        if state.ended:
            return state.rows_written
        await patience.rest()


async def settled(house: House, incident: IncidentId) -> Stands:
    """Take back what is under way, and say how the target stands. That it was put back is recorded, once it was.

    Raises Refused where nobody can know whether it was: what people wrote since would be lost by doing it again.
    """
    _, drill = await drill_copies.of(house, incident)
    changed = drill.imported is not None and drill.put_back is None
    shown = drill.planned
    if shown is None or shown.import_id in _recorded(drill):
        return Stands(changed, dropped=False)
    if not shown.put_back:
        performed = await taken_back(house, incident)
        return Stands(changed or performed, dropped=not performed)
    try:
        rows = await drop(house, drill.practice.target, shown.import_id)
    except ImportForgotten as error:
        raise Refused(
            f"Convex knows the import no more by which {drill.practice.target} was being put back, so nobody can tell "
            "whether it was. It is not done again: what was written there since would be lost.",
            f"If {drill.practice.target} holds the test's data still, import {shown.copy_id} there by hand. Then take "
            "this step, and say what you found.",
        ) from error
    if rows is not None:
        assert drill.planned_at is not None
        done = Imported(import_id=shown.import_id, rows=rows, began_at=drill.planned_at, put_back=True)
        await acting.act(house, incident, LIFEBOAT, lambda stands: () if _known(stands, done) else (done,))
    # Whoever was about to put it back knew that it was changed, recorded or not.
    return Stands(rows is None, dropped=False)


async def taken_back(house: House, incident: IncidentId) -> bool:
    """Take back the import that was shown last; gives whether it changed the target all the same.

    One that Convex knows no more may have, if it was agreed to: then the target is treated as changed. Raises what
    keeps it from asking Convex: then nobody knows.
    """
    _, drill = await drill_copies.of(house, incident)
    if drill.planned is None:
        return False
    try:
        return await drop(house, drill.practice.target, drill.planned.import_id) is not None
    except ImportForgotten:
        return bool(drill.agreed)


async def withdrawn(house: House, incident: IncidentId, why: str) -> bool:
    """Take back the import that was shown and say why; gives whether it changed the target all the same."""
    changed = await taken_back(house, incident)

    def decide(stands: Incident) -> tuple[Body, ...]:
        waits = drill_moves.agreement_open(stands.drill) if stands.drill is not None else None
        return (ImportRefused(digest=waits.digest, reason=why),) if waits is not None else ()

    if not changed:
        await acting.act(house, incident, LIFEBOAT, decide)
    return changed


async def strays(house: House, incident: IncidentId) -> list[str]:
    """Take back what an upload left that came to its end at Convex, though its answer never reached us; gives the ids.

    Convex keeps no mark of whose an import is. What waits there unconfirmed since this drill began, would replace all,
    and would write of each table exactly as many rows as the one that was shown, is of the same copy: at most somebody
    has to upload it again. It only tidies up, so that what goes wrong here is logged.
    """
    stands, drill = await drill_copies.of(house, incident)
    shown = drill.planned
    if shown is None:
        return []
    deployment = house.deployment(drill.practice.target)
    try:
        alike = [
            one.id
            for one in await deployment.recent_imports()
            if one.created_at >= stands.opened_at and _of_the_same_copy(one, shown)
        ]
        for one in alike:
            await deployment.cancel_import(one)
    except LifeboatError as problem:
        _log.warning("strays_not_taken_back", drill=incident, problem=problem.problem)
        return []
    return alike


def _recorded(drill: Drill) -> set[str]:
    return {one.import_id for one in (drill.imported, drill.put_back) if one is not None}


def _known(stands: Incident, done: Imported) -> bool:
    return stands.drill is not None and done.import_id in _recorded(stands.drill)


def _of_the_same_copy(one: ImportState, shown: ImportPlanned) -> bool:
    if one.id == shown.import_id or one.state is not ImportStage.WAITING or one.plan is None:
        return False
    there = {change.table: change.create for change in one.plan.changes if change.create}
    return one.plan.mode is ImportMode.REPLACE_ALL and there == {
        change.table: change.create for change in shown.changes if change.create
    }
