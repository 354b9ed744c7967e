"""Knows how a copy is restored into a target: guarded, dry-run first, agreed to, performed once, followed to its end.

Knows nothing of what is checked afterwards. An import at Convex is atomic: until it completes, nothing has changed.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from bot.domain import drill_moves
from bot.domain.backups import BackupId, EnvironmentName
from bot.domain.drill_events import Imported, ImportPlanned, RowChange
from bot.domain.errors import LifeboatError, Refused
from bot.domain.imports import ImportMode, ImportPlan, ImportState
from bot.domain.incident_events import Body, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.domain.restored import differing
from bot.house import House
from bot.operations import drill_copies, drill_guard, drill_outages, drill_progress, drill_withdrawal
from bot.operations import incidents as acting
from bot.operations.engine import Flow
from bot.operations.looking import Patience
from bot.store import backups

_AGREED_WITHIN = timedelta(days=6)
"""Convex forgets an import that waits for a week."""
_RETRIES = 5
_FRESH = timedelta(minutes=10)
"""How old the copy of the target's own state may be when the target is overwritten."""
_NOTHING = " Nothing was imported."


async def run(flow: Flow, house: House, incident: IncidentId) -> str:
    """Restore the copy under test into the target, once somebody has agreed; gives what was done."""
    given = await flow.step("look", _look, house, incident)
    target = EnvironmentName(given["target"])
    await drill_outages.step(flow, "guard", drill_guard.guard, house, incident)
    changed = await drill_outages.step(flow, "earlier", _earlier, house, incident)
    keeps = bool(given["put_back"]) and not changed
    if keeps:
        copy_id = await drill_copies.export(flow, house, incident, "safety", target, with_files=given["with_files"])
        await flow.step("record copy", drill_copies.record, house, incident, copy_id, True, True)
    planned = await plan(flow, house, incident, target, BackupId(given["copy"]), put_back=False)
    try:
        await flow.step("agreed", _agreed, house, incident, planned["digest"], preemptible=True)
        if keeps and await drill_outages.step(flow, "stale", _stale, house, incident, target):
            await _keep_again(flow, house, incident, target, planned["import_id"], with_files=given["with_files"])
        await drill_outages.step(flow, "guard", drill_guard.guard, house, incident)
        await drill_outages.step(flow, "as shown", drill_guard.as_shown, house, incident)
    except LifeboatError as error:
        why, changed = error.problem.removesuffix(_NOTHING).strip(), False
        # Whatever keeps us from Convex now, the clean-up meets again: what is said is why the step failed.
        with suppress(LifeboatError):
            changed = await flow.step("drop", drill_withdrawal.withdrawn, house, incident, why, retries=_RETRIES)
        if changed:
            raise Refused(
                f"{why} But Convex performed the import: somebody began it there.", "/drill cancel cleans up."
            ) from error
        raise
    rows = await perform(flow, house, incident, target, planned, put_back=False)
    return f"{rows:,} rows of {given['copy']} were imported into {target}."


async def _keep_again(
    flow: Flow, house: House, incident: IncidentId, target: EnvironmentName, import_id: str, *, with_files: bool
) -> None:
    """Copy the target once more, since people may have written to it while the import waited."""
    copy_id = await drill_copies.export(flow, house, incident, "safety again", target, with_files=with_files)
    if await drill_outages.step(flow, "untouched", _untouched, house, incident, target, import_id):
        await flow.step("record copy", drill_copies.record, house, incident, copy_id, True, True)


async def plan(
    flow: Flow, house: House, incident: IncidentId, target: EnvironmentName, copy_id: BackupId, *, put_back: bool
) -> dict[str, Any]:
    """Upload a copy and let Convex say what it would do with it; gives that, with the moment it began."""
    began_at = await flow.step("now", _now, house)
    import_id = await drill_outages.step(flow, "upload", _upload, house, incident, target, copy_id)
    try:
        shown = await flow.step("dry run", _dry_run, house, incident, target, import_id, preemptible=True)
        await drill_outages.step(flow, "show", _show, house, incident, target, copy_id, shown, put_back)
        await flow.step("strays", drill_withdrawal.strays, house, incident)
    except LifeboatError:
        # Nothing records it yet, so nobody but us would take it back.
        with suppress(LifeboatError):
            await flow.step("drop", drill_withdrawal.drop, house, target, import_id)
        raise
    return {"began_at": began_at, "import_id": import_id, "digest": shown["digest"]}


async def perform(
    flow: Flow, house: House, incident: IncidentId, target: EnvironmentName, planned: dict[str, Any], *, put_back: bool
) -> int:
    """Perform what was shown, follow it and record it; gives the rows written, by Convex's count."""
    await drill_outages.step(flow, "perform", _perform, house, incident, target, planned["import_id"], put_back)
    rows = await flow.step("follow", _follow, house, incident, target, planned["import_id"], preemptible=True)
    await flow.step("record import", _record, house, incident, planned, rows, put_back)
    return int(rows)


async def _earlier(house: House, incident: IncidentId) -> bool:
    """Take back what an earlier run of this step left waiting; gives whether one has changed the target, and it was
    not put back since: the copy of what it was before is then kept.

    A copy that is taken now would be of the test's own data, and putting it back would put nothing back.
    """
    return (await drill_withdrawal.settled(house, incident)).changed


async def _stale(house: House, incident: IncidentId, target: EnvironmentName) -> bool:
    """Whether people may have written to the target since it was copied: it has other rows, or time has gone by."""
    _, drill = await drill_copies.of(house, incident)
    assert drill.safety is not None
    if house.clock.now() - drill.safety.snapshot_at > _FRESH:
        return True
    return bool(differing(drill.safety.rows, (await house.deployment(target).counts()).rows))


async def _untouched(house: House, _: IncidentId, target: EnvironmentName, import_id: str) -> bool:
    """Whether nobody performed the import at Convex: else what was copied meanwhile may be the test's own data."""
    return not (await house.deployment(target).import_state(import_id)).begun


async def _now(house: House) -> str:
    return house.clock.now().isoformat()


async def _look(house: House, incident: IncidentId) -> dict[str, Any]:
    _, drill = await drill_copies.of(house, incident)
    if drill.tested is None:
        raise Refused("No copy was chosen yet, so nothing was imported.", "Redo the step that takes one.")
    return {
        "target": drill.practice.target,
        "put_back": drill.practice.put_back,
        "copy": drill.tested.copy_id,
        "with_files": await drill_copies.with_files(house, incident),
    }


async def _upload(house: House, incident: IncidentId, target: EnvironmentName, copy_id: BackupId) -> str:
    async with house.database.read() as db:
        copy = await backups.get(db, copy_id)
    if copy is None or copy.purged_at is not None:
        raise Refused(f"There is no copy {copy_id} in the vault any more. Nothing was imported.", "Take another.")
    async with house.vault.local(copy.file) as path:
        told = drill_progress.uploaded(house, incident, target, copy.size)
        return await house.deployment(target).upload_import(path, ImportMode.REPLACE_ALL, told)


async def _dry_run(house: House, incident: IncidentId, target: EnvironmentName, import_id: str) -> dict[str, Any]:
    await drill_progress.say(house, incident, "Convex looks at what the import would do")
    patience, ask = Patience(), house.deployment(target).import_state
    while True:
        state = await drill_outages.sat_out(house, incident, ask, import_id)
        if state.plan is not None and not state.ended:
            return {"digest": state.plan.digest, "changes": _changes(state.plan), "import_id": import_id}
        if state.ended:
            raise Refused(f"Convex refused the copy: {state.message}. Nothing was imported.", state.mend)
        await patience.rest()


def _changes(shown: ImportPlan) -> list[dict[str, Any]]:
    return [{"table": one.table, "create": one.create, "delete": one.delete} for one in shown.changes]


async def _show(
    house: House,
    incident: IncidentId,
    target: EnvironmentName,
    copy_id: BackupId,
    shown: dict[str, Any],
    put_back: bool,
) -> None:
    there = await house.deployment(target).identity()
    planned = ImportPlanned(
        import_id=shown["import_id"],
        digest=shown["digest"],
        changes=tuple(RowChange(**one) for one in shown["changes"]),
        copy_id=copy_id,
        target=target,
        deployment=there.name,
        url=there.url,
        put_back=put_back,
    )

    def decide(stands: Incident) -> tuple[Body, ...]:
        assert stands.drill is not None
        return () if stands.drill.planned == planned else (planned,)

    await acting.act(house, incident, LIFEBOAT, decide)


async def _agreed(house: House, incident: IncidentId, digest: str) -> None:
    """Wait until enough people have agreed to exactly this. Raises Refused with why they have not."""
    patience = Patience()
    while True:
        if await drill_outages.sat_out(house, incident, _answered, house, incident, digest):
            return
        await patience.rest()


async def _answered(house: House, incident: IncidentId, digest: str) -> bool:
    stands, drill = await drill_copies.of(house, incident)
    why = ""
    if drill.refused:
        why = f"It was refused: {drill.refused.rstrip('.')}."
    elif drill.cancelled_at is not None:
        why = "The drill was cancelled."
    elif len([one for one in drill.agreed if one.digest == digest]) >= needed(house, drill.practice.target):
        return True
    elif drill.planned_at is not None and house.clock.now() - drill.planned_at > _AGREED_WITHIN:
        why = "Nobody agreed within six days."
    elif drill_moves.agreement_open(drill) is None or stands.closed_at is not None:
        why = "The dry run is over."
    if why:
        raise Refused(f"{why}{_NOTHING}", "Redo the step to look at a new dry run.")
    return False


def needed(house: House, target: EnvironmentName) -> int:
    """How many people have to agree to an import."""
    return drill_moves.agreements_needed(house.plan, target)


async def _perform(house: House, incident: IncidentId, target: EnvironmentName, import_id: str, put_back: bool) -> None:
    _, drill = await drill_copies.of(house, incident)
    if drill.cancelled_at is not None and not put_back:
        raise Refused("The drill was cancelled. What became of the import, the clean-up says.")
    # What was said last is from before somebody agreed.
    await drill_progress.say(house, incident, "Convex begins the import")
    await house.deployment(target).perform_import(import_id)


async def _follow(house: House, incident: IncidentId, target: EnvironmentName, import_id: str) -> int:
    # What was begun goes on at Convex, so that it is worth more patience than what was not.
    patience, ask = Patience(), house.deployment(target).import_state
    within = timedelta(seconds=house.limits.export_deadline)
    while True:
        state = await drill_outages.sat_out(house, incident, ask, import_id, within=within)
        if state.ended:
            return _written(state)
        await drill_progress.importing(house, incident, state)
        await patience.rest()


def _written(state: ImportState) -> int:
    if state.rows_written is None:
        told = f"Convex gave the import up: {state.message}. The target is as it was before."
        raise Refused(told, state.mend or "Redo the step.")
    return state.rows_written


async def _record(house: House, incident: IncidentId, planned: dict[str, Any], rows: int, put_back: bool) -> None:
    began_at = datetime.fromisoformat(planned["began_at"])
    done = Imported(import_id=planned["import_id"], rows=rows, began_at=began_at, put_back=put_back)

    def decide(stands: Incident) -> tuple[Body, ...]:
        assert stands.drill is not None
        known = stands.drill.put_back if put_back else stands.drill.imported
        return () if known is not None and known.import_id == done.import_id else (done,)

    await acting.act(house, incident, LIFEBOAT, decide)
