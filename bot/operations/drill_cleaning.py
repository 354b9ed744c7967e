"""Knows what a drill leaves, and what it takes away again: also one that was cancelled anywhere. Knows no check."""

from typing import Any

from bot.domain import health
from bot.domain.backups import BackupId, EnvironmentName
from bot.domain.drill_events import CleanedUp, DrillWork
from bot.domain.errors import Outage, Refused
from bot.domain.incident_events import Body, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.domain.restored import WRITTEN, differing, listed, of_files
from bot.house import House
from bot.operations import drill_copies, drill_guard, drill_import, drill_outages, drill_withdrawal
from bot.operations import incidents as acting
from bot.operations.engine import Flow
from bot.store import backups, incidents
from bot.store.database import Connection


async def run(flow: Flow, house: House, incident: IncidentId) -> str:
    """Put the target back and remove what was taken for the drill alone; gives what was done, and what stands.

    The target is put back once, however often this step is done again: from then on it is people's to write to.
    """
    given = await drill_outages.step(flow, "look", _look, house, incident)
    lines = []
    if given["dropped"]:
        lines.append("The import that was not performed was taken back at Convex.")
    if given["imported"] and given["safety"]:
        await _put_back(flow, house, incident, given)
    back = given["safety"] and (given["imported"] or given.get("back", False))
    if back:
        lines.append(await drill_outages.step(flow, "count", _as_before, house, incident))
    elif given["imported"]:
        lines.append(f"{given['target'].capitalize()} keeps what was restored, as the plan says.")
    else:
        lines.append(f"{given['target'].capitalize()} was not changed.")
    lines += await flow.step("remove", _remove, house, incident)
    await flow.step("record", _record, house, incident, lines, bool(back))
    return " ".join(lines)


async def _put_back(flow: Flow, house: House, incident: IncidentId, given: dict[str, Any]) -> None:
    target = EnvironmentName(given["target"])
    try:
        await drill_outages.step(flow, "guard", drill_guard.as_shown, house, incident)
        planned = await drill_import.plan(flow, house, incident, target, BackupId(given["safety"]), put_back=True)
        await drill_import.perform(flow, house, incident, target, planned, put_back=True)
    except Outage as outage:
        stands = f"{target.capitalize()} may hold the test's data still; what it was before is {given['safety']}."
        raise Outage(outage.service, f"{outage.problem} {stands}", outage.hint) from outage


async def _look(house: House, incident: IncidentId) -> dict[str, Any]:
    """What there is to clean up. An import that is under way is taken back, unless it completes: Convex says which."""
    stands = await drill_withdrawal.settled(house, incident)
    _, drill = await drill_copies.of(house, incident)
    safety = drill.safety.copy_id if drill.safety is not None and drill.practice.put_back else ""
    back = drill.put_back is not None and not stands.changed
    return {
        "target": drill.practice.target,
        "dropped": stands.dropped,
        "imported": stands.changed,
        "back": back,
        "safety": safety,
    }


async def _as_before(house: House, incident: IncidentId) -> str:
    """Say that the target was put back, and what is not as it was before: people go on there from that moment.

    Raises Refused where Convex itself wrote other rows than the copy has.
    """
    _, drill = await drill_copies.of(house, incident)
    assert drill.safety is not None
    assert drill.put_back is not None
    target, wrote = drill.practice.target, drill.put_back.rows
    copy_id = drill.put_back.copy_id or drill.safety.copy_id
    differ = differing(drill.safety.rows, (await house.deployment(target).counts()).rows)
    held = sum(rows for table, rows in drill.safety.rows.items() if not of_files(table))
    if differ and wrote != held and copy_id == drill.safety.copy_id:
        raise Refused(
            f"{target.capitalize()} is not as it was before: Convex wrote {wrote:,} rows of {copy_id}, which has "
            f"{held:,}. The rows of {listed(differ)} differ. It is not put back again by itself.",
            f"Look at {target}, import {copy_id} there by hand if it is needed, then take this step and say so.",
        )
    told = f"{target.capitalize()} was put back to what it was before: {wrote:,} rows of {copy_id}."
    if lost := next((one.found for one in drill.checks if one.key == WRITTEN and one.ok is False), ""):
        told += f" What others wrote there during the test went with the test's data ({lost})."
    if not differ:
        return told
    return f"{told} Somebody, or a scheduled function, has written to it since: to {listed(differ)}. That stays."


async def _remove(house: House, incident: IncidentId) -> list[str]:
    """Take away what was copied for the drill alone: not the newest that a restore would take, nor what somebody
    keeps, nor what the target was before.
    """
    _, drill = await drill_copies.of(house, incident)
    tested, safety, source, now = drill.tested, drill.safety, drill.practice.source, house.clock.now()
    lines = []
    if tested is not None and not tested.made:
        lines.append(f"The copy {tested.copy_id} stays: it was not taken for this test.")
    async with house.database.write() as db:
        known = {one.id: one for one in await backups.listed(db, include_purged=True)}
        standing = [one for one in known.values() if one.environment == source and one.purged_at is None]
        newest = health.protected(standing)
        for copy in filter(None, map(known.get, await _made(db, incident))):
            if copy.id in newest:
                lines.append(f"The copy {copy.id} stays: it is the newest verified one of {source}.")
            elif safety is not None and copy.id == safety.copy_id:
                lines.append(f"The copy {copy.id} stays: it is what {safety.environment} was before.")
            elif copy.purged_at is None and await drill_copies.asked_for(db, copy.id):
                lines.append(f"The copy {copy.id} stays: somebody asked for an export while it was taken.")
            elif copy.purged_at or await backups.set_purged(db, copy.id, now, _reason(incident)):
                lines.append(f"The copy {copy.id} is removed; its report and its SHA-256 stay.")
            else:
                lines.append(f"The copy {copy.id} stays: somebody asked to keep it.")
    return lines or ["No copy is left of it."]


def _reason(incident: IncidentId) -> str:
    return f"It was taken for the drill {incident} alone."


async def _made(db: Connection, incident: IncidentId) -> list[BackupId]:
    """The copies that the drill's own exports made, in their order: each bears the name of its export."""
    happened = [one.body for one in await incidents.timeline(db, incident)]
    work = [one.operation for one in happened if isinstance(one, DrillWork) and drill_copies.ours(one.operation)]
    return [BackupId(one) for one in dict.fromkeys(work)]


async def _record(house: House, incident: IncidentId, lines: list[str], put_back: bool) -> None:
    done = CleanedUp(lines=tuple(lines), put_back=put_back)

    def decide(stands: Incident) -> tuple[Body, ...]:
        assert stands.drill is not None
        return () if stands.drill.cleaned == done.lines else (done,)

    await acting.act(house, incident, LIFEBOAT, decide)
