"""Knows how a drill comes by its copies: the one under test, and the target's own state. Knows no import.

The exports are those of `/backup export`, followed to their end; a copy that was chosen is taken as it is.
"""

import hashlib
from typing import Any

from bot.domain import drill_moves
from bot.domain.backups import Backup, BackupId, EnvironmentName, Operation, OperationId, OperationKind, Phase
from bot.domain.drill_events import CopyTaken, DrillWork
from bot.domain.drills import Drill
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.domain.snapshot import Report
from bot.house import House
from bot.operations import drill_progress, drill_tools, tracking
from bot.operations import incidents as acting
from bot.operations.engine import Flow
from bot.operations.live import OPERATION
from bot.operations.looking import Patience
from bot.store import backups, incidents, operations, posts, reports
from bot.store.database import Connection
from bot.views.operation import progress_line

_OURS = "-drill-"


async def take(flow: Flow, house: House, incident: IncidentId) -> str:
    """Take the copy under test, or the one that was chosen; gives what it is."""
    drill = await flow.step("practice", _practice, house, incident)
    await flow.step("tools", drill_tools.note, house, incident)
    if drill["copy_id"] is not None:
        return str(await flow.step("choose", _choose, house, incident, drill["copy_id"]))
    copy_id = await export(flow, house, incident, "snapshot", EnvironmentName(drill["source"]), with_files=False)
    return str(await flow.step("record copy", record, house, incident, copy_id, False, True))


async def export(
    flow: Flow, house: House, incident: IncidentId, what: str, environment: EnvironmentName, *, with_files: bool
) -> BackupId:
    """Export an environment and follow it to its end; gives the copy. Raises Refused with what it failed by.

    It is always one of its own: of an export that runs already nobody knows whether it shows what is there now, and
    its copy is somebody else's to keep. That one is waited for.
    """
    name = f"{flow.work_id}/{what}"
    entered = await flow.step(f"enter {what}", enter, house, incident, environment, name, with_files, preemptible=True)
    ended = await flow.step(f"follow {what}", follow, house, incident, entered, preemptible=True)
    if ended["copy"] is None or ended["phase"] != Phase.DONE:
        raise Refused(
            f"The export of {environment} {ended['phase']}: {ended['problem']}".strip(": "),
            ended["hint"] or "Redo the step once that is mended.",
        )
    return BackupId(ended["copy"])


async def enter(house: House, incident: IncidentId, environment: EnvironmentName, name: str, with_files: bool) -> str:
    """Record an export once under `name`, as soon as no other of that environment runs; gives its id.

    Raises Refused where the plan allows none, or nothing is connected.
    """
    house.deployment(environment)
    if not house.plan.environment(environment).may_export:
        raise Refused(
            f"The plan allows no export of {environment}, so no copy of it was taken.",
            f"Set may_export under [environments.{environment}].",
        )
    # The same name every time this step is run: a process that died in it left its export under that name.
    number = hashlib.sha256(name.encode()).hexdigest()[:8]
    patience = Patience()
    while True:
        new = tracking.entered(
            *(f"{environment}{_OURS}{number}", OperationKind.EXPORT, environment, LIFEBOAT, house.clock.now()),
            with_files=with_files,
        )
        async with house.database.write() as db:
            standing = await operations.get(db, new.id) or await operations.add(db, new)
        if standing.id == new.id:
            await tell(house, incident, standing)
            return standing.id
        await drill_progress.say(house, incident, f"Waiting for the end of the export {standing.id}")
        await patience.rest()


async def with_files(house: House, incident: IncidentId) -> bool:
    """Whether the copy under test has stored files: what is compared with it, and put back, then has them too."""
    _, drill = await of(house, incident)
    if drill.tested is None:
        return False
    async with house.database.read() as db:
        copy = await backups.get(db, drill.tested.copy_id)
    return copy is not None and copy.with_files


def ours(operation: OperationId) -> bool:
    """Whether an export was begun by a drill, and not by somebody who would miss it."""
    return _OURS in operation


async def asked_for(db: Connection, operation: str) -> bool:
    """Whether somebody asked for the same export while a drill took it, and is shown it: then it is theirs, too."""
    return bool(await posts.of(db, OPERATION, operation))


async def record(house: House, incident: IncidentId, copy_id: BackupId, safety: bool, made: bool) -> str:
    """Record a copy once; gives what it is, in words."""
    async with house.database.read() as db:
        copy = await backups.get(db, copy_id)
        report = await reports.get(db, copy_id)
    if copy is None or copy.purged_at is not None:
        raise Refused(f"There is no copy {copy_id} in the vault any more.", "/backup list shows what there is.")
    new = taken(copy, report, safety=safety, made=made)

    def decide(stands: Incident) -> tuple[Body, ...]:
        assert stands.drill is not None
        known = stands.drill.safety if safety else stands.drill.tested
        return () if known == new else (new,)

    await acting.act(house, incident, LIFEBOAT, decide)
    return words_of(copy)


def taken(copy: Backup, report: Report | None, *, safety: bool, made: bool) -> CopyTaken:
    """A copy as a drill records it."""
    rows = {table.name: table.rows for table in report.tables} if report else {}
    return CopyTaken(
        copy_id=copy.id,
        environment=copy.environment,
        safety=safety,
        made=made,
        snapshot_at=copy.snapshot_at,
        size=copy.size,
        sha256=copy.sha256,
        verdict=copy.verdict or "",
        rows=rows,
    )


def words_of(copy: Backup) -> str:
    """A copy, so that an auditor can find it again."""
    rows = f", {copy.rows:,} rows" if copy.rows is not None else ""
    files = "with stored files" if copy.with_files else "without stored files"
    taken_at = f"{copy.snapshot_at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{copy.id} of {taken_at}, {copy.size:,} bytes{rows}, {files}, SHA-256 {copy.sha256}."


async def follow(house: House, incident: IncidentId, operation: str) -> dict[str, Any]:
    """Wait until an operation has ended, and say how far it is; gives how it ended."""
    patience = Patience()
    while True:
        async with house.database.read() as db:
            found = await operations.get(db, OperationId(operation))
        if found is None:
            raise Refused(f"Nothing is recorded of the work {operation} any more.", "Redo the step.")
        if found.phase.ended:
            return {"phase": found.phase, "copy": found.backup, "problem": found.problem, "hint": found.hint}
        if found.retry_at is not None:
            waits = f"{found.message} I try again at {found.retry_at:%H:%M:%S} UTC."
            await drill_progress.say(house, incident, waits)
        else:
            await drill_progress.say(house, incident, progress_line(found), found.done, found.total)
        await patience.rest()


async def of(house: House, incident: IncidentId) -> tuple[Incident, Drill]:
    """A drill as it stands now."""
    async with house.database.read() as db:
        found = await incidents.get(db, incident)
    assert found is not None and found.drill is not None
    return found, found.drill


async def _practice(house: House, incident: IncidentId) -> dict[str, Any]:
    _, drill = await of(house, incident)
    return drill.practice.model_dump(mode="json")


async def _choose(house: House, incident: IncidentId, copy_id: str) -> str:
    return await record(house, incident, BackupId(copy_id), False, False)


async def tell(house: House, incident: IncidentId, operation: Operation) -> None:
    """Record which work a step waits for. It is begun by whoever looks at the drills: a step of work begins none."""

    def decide(stands: Incident) -> tuple[Body, ...]:
        step = next(iter(drill_moves.under_way(stands)), None)
        assert stands.drill is not None
        if step is None or stands.drill.work.get(step.key) == operation.id:
            return ()
        return (DrillWork(step=step.key, operation=operation.id, environment=operation.environment),)

    await acting.act(house, incident, LIFEBOAT, decide)
