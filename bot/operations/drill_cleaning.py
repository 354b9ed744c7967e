"""Knows what a drill leaves, and what it takes away again: also one that was cancelled anywhere. Knows no check."""

from typing import Any

from bot.domain import health
from bot.domain.backups import BackupId, EnvironmentName
from bot.domain.drill_events import CleanedUp
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.domain.restored import counted_live, listed
from bot.house import House
from bot.operations import drill_copies, drill_import
from bot.operations import incidents as acting
from bot.operations.engine import Flow
from bot.store import backups

_RETRIES = 5


async def run(flow: Flow, house: House, incident: IncidentId) -> str:
    """Put the target back and remove what was taken for the drill alone; gives what was done, and what stands."""
    given = await flow.step("look", _look, house, incident, retries=_RETRIES)
    lines = []
    if given["dropped"]:
        lines.append("The import that was not performed was taken back at Convex.")
    if given["imported"] and given["safety"]:
        lines.append(await _put_back(flow, house, incident, given))
    elif given["imported"]:
        lines.append(f"{given['target'].capitalize()} keeps what was restored, as the plan says.")
    else:
        lines.append(f"{given['target'].capitalize()} was not changed.")
    lines += await flow.step("remove", _remove, house, incident)
    await flow.step("record", _record, house, incident, lines, bool(given["imported"] and given["safety"]))
    return " ".join(lines)


async def _put_back(flow: Flow, house: House, incident: IncidentId, given: dict[str, Any]) -> str:
    target = EnvironmentName(given["target"])
    await flow.step("guard", drill_import.guard, house, incident, retries=_RETRIES)
    planned = await drill_import.plan(flow, house, incident, target, BackupId(given["safety"]), put_back=True)
    rows = await drill_import.perform(flow, house, incident, target, planned, put_back=True)
    await flow.step("count", _as_before, house, incident, target, retries=_RETRIES)
    return f"{target.capitalize()} was put back to what it was before: {rows:,} rows of {given['safety']}."


async def _look(house: House, incident: IncidentId) -> dict[str, Any]:
    """What there is to clean up. An import that is under way is taken back, unless it completes: Convex says which."""
    _, drill = await drill_copies.of(house, incident)
    target, planned = drill.practice.target, drill.planned
    # Whoever was about to put it back knew that it was changed, recorded or not.
    imported = drill.imported is not None or (planned is not None and planned.put_back)
    dropped = False
    if planned is not None and (planned.put_back or not imported):
        imported = await drill_import.taken_back(house, incident) or imported
        dropped = not imported
    safety = drill.safety.copy_id if drill.safety is not None and drill.practice.put_back else ""
    return {"target": target, "dropped": dropped, "imported": imported, "safety": safety}


async def _as_before(house: House, incident: IncidentId, target: EnvironmentName) -> None:
    _, drill = await drill_copies.of(house, incident)
    assert drill.safety is not None
    now = (await house.deployment(target).counts()).rows
    before = {name: rows for name, rows in drill.safety.rows.items() if counted_live(name)}
    differ = sorted(name for name in {*now, *before} if now.get(name, 0) != before.get(name, 0))
    if differ:
        raise Refused(
            f"{target.capitalize()} is not as it was before: the rows of {listed(differ)} differ.",
            f"Its state from before is the copy {drill.safety.copy_id}. Redo the step.",
        )


async def _remove(house: House, incident: IncidentId) -> list[str]:
    """Take the test's copy away, unless it is the newest that a restore would take, or somebody keeps it."""
    _, drill = await drill_copies.of(house, incident)
    tested, now = drill.tested, house.clock.now()
    if tested is None:
        return ["No copy was taken."]
    if not tested.made:
        return [f"The copy {tested.copy_id} stays: it was not taken for this test."]
    async with house.database.write() as db:
        copies = await backups.listed(db, tested.environment)
        copy = next((one for one in copies if one.id == tested.copy_id), None)
        if copy is None:
            return [f"The copy {tested.copy_id} is removed."]
        if copy.id in health.protected(copies):
            return [f"The copy {copy.id} stays: it is the newest verified one of {copy.environment}."]
        removed = await backups.set_purged(db, copy.id, now, f"It was taken for the drill {incident} alone.")
    if not removed:
        return [f"The copy {copy.id} stays: somebody asked to keep it."]
    return [f"The copy {copy.id} is removed; its report and its SHA-256 stay."]


async def _record(house: House, incident: IncidentId, lines: list[str], put_back: bool) -> None:
    done = CleanedUp(lines=tuple(lines), put_back=put_back)

    def decide(stands: Incident) -> tuple[Body, ...]:
        assert stands.drill is not None
        return () if stands.drill.cleaned == done.lines else (done,)

    await acting.act(house, incident, LIFEBOAT, decide)
