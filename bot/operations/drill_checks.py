"""Knows which verification queries a drill asks, of the copy and of the target. Knows nothing of how they are shown.

What is found is held against what the copy holds, at the copy's own moment: time goes on while a drill is run.
"""

from typing import Any

from bot.domain import checks, drill_moves, restored
from bot.domain.backups import BackupId, EnvironmentName
from bot.domain.drill_events import Checked
from bot.domain.drills import COPY, TARGET
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.domain.plan import CheckKind, Plan
from bot.domain.restored import listed
from bot.domain.snapshot import Report
from bot.house import House
from bot.operations import drill_copies, drill_outages, verify
from bot.operations import incidents as acting
from bot.operations.engine import Flow
from bot.store import backups, reports


async def integrity(flow: Flow, house: House, incident: IncidentId) -> str:
    """Check the copy under test: tables, every line, counts against production. Raises Refused for a damaged one."""
    chosen = await flow.step("look", _chosen, house, incident)
    if not chosen["made"]:
        # A copy that has lain for a while is read again: what was sound may have rotted.
        work = await flow.step("enter check", _enter_check, house, incident, chosen["copy"])
        ended = await flow.step("follow check", drill_copies.follow, house, incident, work, preemptible=True)
        if ended["problem"]:
            raise Refused(ended["problem"], ended["hint"])
        await flow.step("record copy", drill_copies.record, house, incident, chosen["copy"], False, False)
    found = await flow.step("check copy", _of_copy, house, incident)
    return str(await _judged(found, "The copy"))


async def queries(flow: Flow, house: House, incident: IncidentId) -> str:
    """Ask the target what it holds: live counts, and an export of it, read like any copy."""
    given = await flow.step("target", _target, house, incident)
    target = EnvironmentName(given["target"])
    counted = await drill_outages.step(flow, "count", _count, house, incident, target)
    copy_id = await drill_copies.export(flow, house, incident, "queries", target, with_files=given["with_files"])
    found = await flow.step("check target", _of_target, house, incident, copy_id, counted)
    await flow.step("let go", _let_go, house, incident, copy_id)
    if found["written"]:
        raise Refused(
            f"{target.capitalize()} was written to during the test ({found['written']}), so it cannot be held against "
            "the copy. That says nothing against the copy, and proves nothing for it.",
            f"Pause {target} in Convex's dashboard (imports and exports go on), or stop what writes there. Then redo "
            "the import and this step.",
        )
    return str(await _judged(found["ok"], target.capitalize()))


async def _judged(found: list[bool | None], what: str) -> str:
    failed, unknown = found.count(False), found.count(None)
    told = f"{found.count(True)} of {len(found)} checks hold"
    if failed:
        raise Refused(
            f"{what} is not as expected: {told}, {failed} {'does' if failed == 1 else 'do'} not.",
            "The board shows each.",
        )
    return f"{told}; {unknown} could not be asked." if unknown else f"{told}."


# --- of the copy -----------------------------------------------------------------------------------------------------


async def _chosen(house: House, incident: IncidentId) -> dict[str, Any]:
    _, drill = await drill_copies.of(house, incident)
    if drill.tested is None:
        raise Refused("No copy was chosen yet, so none was checked.", "Redo the step that takes one.")
    return {"copy": drill.tested.copy_id, "made": drill.tested.made}


async def _enter_check(house: House, incident: IncidentId, copy_id: str) -> str:
    operation = await verify.enter(house, BackupId(copy_id), LIFEBOAT)
    await drill_copies.tell(house, incident, operation)
    return operation.id


async def _of_copy(house: House, incident: IncidentId) -> list[bool | None]:
    _, drill = await drill_copies.of(house, incident)
    assert drill.tested is not None
    report = await _report(house, drill.tested.copy_id)
    expected = set(house.plan.tables)
    there = {one.name for one in report.tables}
    rows = {one.name: one.rows for one in report.tables}
    empty = [one.name for one in house.plan.tables.values() if one.expect_rows and not rows.get(one.name)]
    errors = [one for one in report.findings if one.severity == "error"]
    found = [
        Checked(
            key=f"{COPY}.tables",
            title="Every expected table is in the copy",
            expected=f"{len(expected)} tables",
            found=f"missing: {listed(sorted(expected - there))}" if expected - there else "all of them",
            ok=bool(there) and expected <= there,
        ),
        Checked(
            key=f"{COPY}.rows",
            title="No table is empty that should not be",
            expected="rows in each",
            found=f"empty: {listed(sorted(empty))}" if empty else "rows in each",
            ok=not empty,
        ),
        Checked(
            key=f"{COPY}.lines",
            title="Every line can be restored",
            expected="no error",
            found=f"{report.rows:,} rows read" + (f"; {len(errors)} kinds of error" if errors else ""),
            ok=not errors,
        ),
        *_plan_checks(house.plan, report, COPY),
    ]
    return await _record(house, incident, found)


# --- of the target ---------------------------------------------------------------------------------------------------


async def _target(house: House, incident: IncidentId) -> dict[str, Any]:
    _, drill = await drill_copies.of(house, incident)
    return {"target": drill.practice.target, "with_files": await drill_copies.with_files(house, incident)}


async def _count(house: House, _: IncidentId, target: EnvironmentName) -> dict[str, int]:
    return dict((await house.deployment(target).counts()).rows)


async def _of_target(house: House, incident: IncidentId, copy_id: BackupId, counted: dict[str, int]) -> dict[str, Any]:
    stands, drill = await drill_copies.of(house, incident)
    assert drill.tested is not None
    since = drill.imported.began_at if drill.imported is not None else stands.opened_at
    tested, report = await _report(house, drill.tested.copy_id), await _report(house, copy_id)
    now = restored.rows_now(tested, report, counted)
    written = restored.written(tested, report, counted, since)
    found = [
        written,
        restored.counts(tested, now),
        restored.documents(tested, report),
        *restored.files(tested, report),
        *_plan_checks(house.plan, restored.as_then(tested, report, now), TARGET),
    ]
    return {"ok": await _record(house, incident, found), "written": "" if written.ok else written.found}


async def _let_go(house: House, incident: IncidentId, copy_id: BackupId) -> None:
    """The copy served the queries alone: its report stays, its file goes. It must never pass for the target's own, but
    whoever asked for an export meanwhile was shown this one, and keeps it.
    """
    async with house.database.write() as db:
        if await drill_copies.asked_for(db, copy_id):
            return
        reason = f"It was taken for the queries of the drill {incident} alone."
        await backups.set_purged(db, copy_id, house.clock.now(), reason)


# --- of both ---------------------------------------------------------------------------------------------------------


def _plan_checks(plan: Plan, report: Report, of: str) -> list[Checked]:
    found = []
    for outcome in checks.outcomes(plan.checks, report):
        key, title, expected, seen, ok = drill_moves.checked(outcome)
        if of == TARGET and outcome.check.kind is CheckKind.COUNT and outcome.result is checks.Result.PASSED:
            seen = f"{seen} rows"
        found.append(Checked(key=f"{of}.{key}", title=title, expected=expected, found=seen, ok=ok))
    return found


async def _record(house: House, incident: IncidentId, found: list[Checked]) -> list[bool | None]:
    """Record what was found, each answer once."""

    def decide(stands: Incident) -> tuple[Body, ...]:
        assert stands.drill is not None
        known = {one.key: one for one in stands.drill.checks}
        return tuple(
            one
            for one in found
            if one.key not in known or known[one.key].model_dump() != one.model_dump(exclude={"type"})
        )

    await acting.act(house, incident, LIFEBOAT, decide)
    return [one.ok for one in found]


async def _report(house: House, copy_id: BackupId) -> Report:
    async with house.database.read() as db:
        found = await reports.get(db, copy_id)
    if found is None:
        raise Refused(f"{copy_id} was not verified.", f"/backup verify {copy_id}, then redo the step.")
    return found
