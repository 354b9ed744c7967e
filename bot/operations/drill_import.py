"""Knows how a copy is restored into a target: guarded, dry-run first, agreed to, performed once, followed to its end.

Knows nothing of what is checked afterwards. An import at Convex is atomic: until it completes, nothing has changed.
"""

import asyncio
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
from bot.domain.plan import MayImport
from bot.house import House
from bot.operations import drill_copies, drill_progress
from bot.operations import incidents as acting
from bot.operations.engine import Flow
from bot.ports import Identity
from bot.store import backups

_LOOK_SECONDS = 1.0
_AGREED_WITHIN = timedelta(days=6)
"""Convex forgets an import that waits for a week."""
_RETRIES = 5


async def run(flow: Flow, house: House, incident: IncidentId) -> str:
    """Restore the copy under test into the target, once somebody has agreed; gives what was done."""
    given = await flow.step("look", _look, house, incident)
    target = EnvironmentName(given["target"])
    await flow.step("guard", guard, house, incident, retries=_RETRIES)
    if given["put_back"] and not await flow.step("earlier", _earlier, house, incident, retries=_RETRIES):
        copy_id = await drill_copies.export(flow, house, incident, "safety", target)
        await flow.step("record copy", drill_copies.record, house, incident, copy_id, True, True)
    planned = await plan(flow, house, incident, target, BackupId(given["copy"]), put_back=False)
    answer = await flow.step("agreed", _agreed, house, incident, planned["digest"], preemptible=True)
    if answer:
        if await flow.step("drop", taken_back, house, incident):
            raise Refused(
                f"{answer} But Convex performed the import: somebody began it there.", "/drill cancel cleans up."
            )
        raise Refused(f"{answer} Nothing was imported.", "Redo the step to look at a new dry run.")
    await flow.step("guard", guard, house, incident, retries=_RETRIES)
    rows = await perform(flow, house, incident, target, planned, put_back=False)
    return f"{rows:,} rows of {given['copy']} were imported into {target}."


async def plan(
    flow: Flow, house: House, incident: IncidentId, target: EnvironmentName, copy_id: BackupId, *, put_back: bool
) -> dict[str, Any]:
    """Upload a copy and let Convex say what it would do with it; gives that, with the moment it began."""
    began_at = await flow.step("now", _now, house)
    import_id = await flow.step("upload", _upload, house, incident, target, copy_id, retries=_RETRIES, preemptible=True)
    try:
        shown = await flow.step(
            "dry run", _dry_run, house, incident, target, import_id, retries=_RETRIES, preemptible=True
        )
        await flow.step("show", _show, house, incident, target, copy_id, shown, put_back)
    except LifeboatError:
        # Nothing records it yet, so nobody but us would take it back.
        with suppress(LifeboatError):
            await flow.step("drop", drop, house, target, import_id)
        raise
    return {"began_at": began_at, "import_id": import_id, "digest": shown["digest"]}


async def perform(
    flow: Flow, house: House, incident: IncidentId, target: EnvironmentName, planned: dict[str, Any], *, put_back: bool
) -> int:
    """Perform what was shown, follow it and record it; gives the rows written, by Convex's count."""
    await flow.step("perform", _perform, house, incident, target, planned["import_id"], retries=_RETRIES)
    rows = await flow.step(
        "follow", _follow, house, incident, target, planned["import_id"], retries=_RETRIES, preemptible=True
    )
    await flow.step("record import", _record, house, incident, planned, rows, put_back)
    return int(rows)


async def guard(house: House, incident: IncidentId) -> None:
    """Raise Refused unless the target is surely what the plan means, as the server itself says: never the source.

    Asked of the deployments, not of the settings: a URL or a key pasted into the wrong place is found here.
    """
    _, drill = await drill_copies.of(house, incident)
    source, target = drill.practice.source, house.plan.environment(drill.practice.target)
    if target.may_import is MayImport.NEVER:
        raise Refused(
            f"The plan allows no import into {target.title}. Nothing was imported.",
            f"Set may_import under [environments.{target.name}].",
        )
    there = await house.deployment(target.name).identity()
    if drill.practice.rehearsal:
        return
    if source in house.deployments:
        here = await house.deployment(source).identity()
        if _same(here, there):
            raise Refused(
                f"What is connected as {target.name} says that it is {there.name}: that is {source} itself."
                " Nothing was imported.",
                f"Correct LIFEBOAT_CONVEX__{target.name.upper()}__URL and its key.",
            )
    if target.deployment and there.name != target.deployment:
        raise Refused(
            f"What is connected as {target.name} says that it is {there.name or 'nobody'}, and the plan says"
            f" {target.deployment}. Nothing was imported.",
            f"Correct the connection, or deployment under [environments.{target.name}] in the plan.",
        )
    if there.type == "prod" and not target.deployment:
        raise Refused(
            f"{there.name} says that it is a production deployment, and the plan does not name it as {target.name}."
            " Nothing was imported.",
            f'If it is meant, write deployment = "{there.name}" under [environments.{target.name}] in the plan.',
        )


async def drop(house: House, target: EnvironmentName, import_id: str) -> bool:
    """Take back an import, and wait until it is over; gives whether it was performed all the same."""
    deployment = house.deployment(target)
    await deployment.cancel_import(import_id)
    while True:
        state = await deployment.import_state(import_id)
        if state.ended:
            return state.rows_written is not None
        await asyncio.sleep(_LOOK_SECONDS)


async def taken_back(house: House, incident: IncidentId) -> bool:
    """Take back the import that was shown last; gives whether it changed the target all the same.

    One that Convex knows no more may have, if it was agreed to: then the target is treated as changed.
    """
    _, drill = await drill_copies.of(house, incident)
    if drill.planned is None:
        return False
    try:
        return await drop(house, drill.practice.target, drill.planned.import_id)
    except Refused:
        return bool(drill.agreed)


async def _earlier(house: House, incident: IncidentId) -> bool:
    """Whether an earlier run of this step has changed the target: the copy of what it was before is then kept.

    A copy that is taken now would be of the test's own data, and putting it back would put nothing back.
    """
    _, drill = await drill_copies.of(house, incident)
    return drill.safety is not None and (drill.imported is not None or await taken_back(house, incident))


def _same(one: Identity, other: Identity) -> bool:
    return one.url.rstrip("/") == other.url.rstrip("/") or (bool(one.name) and one.name == other.name)


async def _now(house: House) -> str:
    return house.clock.now().isoformat()


async def _look(house: House, incident: IncidentId) -> dict[str, Any]:
    _, drill = await drill_copies.of(house, incident)
    if drill.tested is None:
        raise Refused("No copy was chosen yet, so nothing was imported.", "Redo the step that takes one.")
    return {"target": drill.practice.target, "put_back": drill.practice.put_back, "copy": drill.tested.copy_id}


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
    while True:
        state = await house.deployment(target).import_state(import_id)
        if state.plan is not None and not state.ended:
            return {"digest": state.plan.digest, "changes": _changes(state.plan), "import_id": import_id}
        if state.ended:
            raise Refused(f"Convex refused the copy: {state.message}. Nothing was imported.", state.mend)
        await asyncio.sleep(_LOOK_SECONDS)


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


async def _agreed(house: House, incident: IncidentId, digest: str) -> str:
    """Wait for the answer; '' when enough people have agreed to exactly this, else why not."""
    while True:
        stands, drill = await drill_copies.of(house, incident)
        if drill.refused:
            return f"It was refused: {drill.refused}."
        if drill.cancelled_at is not None:
            return "The drill was cancelled."
        agreed = [one for one in drill.agreed if one.digest == digest]
        if len(agreed) >= needed(house, drill.practice.target):
            return ""
        if drill.planned_at is not None and house.clock.now() - drill.planned_at > _AGREED_WITHIN:
            return "Nobody agreed within six days."
        if drill_moves.agreement_open(drill) is None or stands.closed_at is not None:
            return "The dry run is over."
        await asyncio.sleep(_LOOK_SECONDS)


def needed(house: House, target: EnvironmentName) -> int:
    """How many people have to agree to an import."""
    return drill_moves.agreements_needed(house.plan, target)


async def _perform(house: House, incident: IncidentId, target: EnvironmentName, import_id: str) -> None:
    # What was said last is from before somebody agreed.
    await drill_progress.say(house, incident, "Convex begins the import")
    await house.deployment(target).perform_import(import_id)


async def _follow(house: House, incident: IncidentId, target: EnvironmentName, import_id: str) -> int:
    while True:
        state = await house.deployment(target).import_state(import_id)
        if state.ended:
            return _written(state)
        await drill_progress.importing(house, incident, state)
        await asyncio.sleep(_LOOK_SECONDS)


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
