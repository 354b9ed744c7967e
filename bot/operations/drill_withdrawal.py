"""Knows how an import at Convex is taken back that is not to be performed. Knows nothing of how one is planned.

Convex says whether it was performed all the same: somebody may have begun it there.
"""

import structlog

from bot.domain import drill_moves
from bot.domain.backups import EnvironmentName
from bot.domain.drill_events import ImportPlanned, ImportRefused
from bot.domain.errors import LifeboatError
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


async def drop(house: House, target: EnvironmentName, import_id: str) -> bool:
    """Take back an import, and wait until it is over; gives whether it was performed all the same."""
    deployment = house.deployment(target)
    await deployment.cancel_import(import_id)
    patience = Patience()
    while True:
        state = await deployment.import_state(import_id)
        if state.ended:
            return state.rows_written is not None
        await patience.rest()


async def taken_back(house: House, incident: IncidentId) -> bool:
    """Take back the import that was shown last; gives whether it changed the target all the same.

    One that Convex knows no more may have, if it was agreed to: then the target is treated as changed. Raises what
    keeps it from asking Convex: then nobody knows.
    """
    _, drill = await drill_copies.of(house, incident)
    if drill.planned is None:
        return False
    try:
        return await drop(house, drill.practice.target, drill.planned.import_id)
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


def _of_the_same_copy(one: ImportState, shown: ImportPlanned) -> bool:
    if one.id == shown.import_id or one.state is not ImportStage.WAITING or one.plan is None:
        return False
    there = {change.table: change.create for change in one.plan.changes if change.create}
    return one.plan.mode is ImportMode.REPLACE_ALL and there == {
        change.table: change.create for change in shown.changes if change.create
    }
