"""Knows how a copy is checked as work that survives the process. Knows nothing of what the check looks at."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.domain.backups import Backup, BackupId, Operation, OperationKind, Phase
from bot.domain.errors import LifeboatError, Refused
from bot.domain.expectations import expectations
from bot.domain.people import Person
from bot.domain.snapshot import ProductionCounts, Progress, Report
from bot.house import House, Place
from bot.operations import tracking
from bot.operations.engine import Engine, Flow
from bot.operations.outcome import Cancelled
from bot.snapshots import runner
from bot.store import backups, operations, reports
from bot.store.database import Connection


def register(engine: Engine, house: House) -> None:
    """Let the engine know how a check is done."""
    work = _Checking(house)
    engine.workflow(OperationKind.VERIFY.value, work.run, work.ended)


async def begin(house: House, backup_id: BackupId, by: Person, place: Place) -> None:
    """Check a copy again and show the work at a place; a check of it that runs already is shown instead.

    Raises Refused when there is no such copy.
    """
    await tracking.start(house, await enter(house, backup_id, by, place))


async def enter(house: House, backup_id: BackupId, by: Person, place: Place | None = None) -> Operation:
    """Record that a copy is to be checked again, without beginning it; a check of it that runs already is given."""
    now = house.clock.now()
    async with house.database.write() as db:
        backup = await backups.get(db, backup_id)
        if backup is None or backup.purged_at is not None:
            raise Refused(f"There is no copy {backup_id!r} in the vault.", "/backup list shows what there is.")
        unended = await operations.unended(db)
        operation = next((one for one in unended if one.kind is OperationKind.VERIFY and one.backup == backup_id), None)
        if operation is None:
            work_id = f"verify-{tracking.new_id(backup.environment, now)}"
            new = tracking.entered(work_id, OperationKind.VERIFY, backup.environment, by, now, backup=backup_id)
            operation = await operations.add(db, new)
        if place is not None:
            await tracking.show(db, operation, place, now)
    return operation


async def check(
    flow: Flow, house: House, operation_id: str, backup_id: BackupId, counts: dict[str, Any] | None
) -> None:
    """The steps that check a copy, keep the report and end the operation. `counts` are ProductionCounts as JSON."""
    report = await flow.step("verify", _look, house, operation_id, backup_id, counts, retries=5, preemptible=True)
    await flow.tx("keep report", _keep, house, operation_id, backup_id, report)
    house.wake()


async def _look(house: House, operation_id: str, backup_id: BackupId, counts: dict[str, Any] | None) -> Any:
    async with house.database.read() as db:
        backup = await backups.get(db, backup_id)
    if backup is None or backup.purged_at is not None:
        raise Refused(f"The copy {backup_id} is not in the vault any more, so there was nothing to check.")
    teller = tracking.Teller(house, operation_id)
    await teller.phase(Phase.VERIFYING)

    async def tell(progress: Progress) -> None:
        await teller.progress(
            Phase.VERIFYING,
            progress.bytes_done,
            progress.bytes_total,
            f"Checking {progress.table}" if progress.table else "",
        )

    environment = house.plan.environments.get(backup.environment)
    production = ProductionCounts.model_validate(counts) if counts else None
    expected = expectations(house.plan, environment, backup=backup, production=production)
    try:
        async with house.vault.local(backup.file) as path:
            report = await runner.verify(path, expected, tell)
    except Refused:
        # A vault that is not there says nothing about its copies; a file that is not in it, everything.
        await house.vault.check()
        with TemporaryDirectory() as empty:
            report = await runner.verify(Path(empty) / Path(backup.file).name, expected)
    return report.model_copy(update={"file": backup.file}).model_dump(mode="json")


async def _keep(db: Connection, house: House, operation_id: str, backup_id: BackupId, found: dict[str, Any]) -> None:
    report = Report.model_validate(found)
    now = house.clock.now()
    await reports.put(db, backup_id, report)
    await backups.set_verdict(db, backup_id, report.verdict, now, report.rows, report.worst)
    await tracking.end(db, operation_id, Phase.DONE, now)


class _Checking:
    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self, flow: Flow, given: dict[str, Any]) -> None:
        counts = await flow.step("count", self._count, given["backup"])
        await check(flow, self._house, flow.work_id, BackupId(given["backup"]), counts)

    async def _count(self, backup_id: BackupId) -> Any:
        """The counts that the copy was first held against: production may have lost since what the copy still has."""
        async with self._house.database.read() as db:
            report = await reports.get(db, backup_id)
            backup = await backups.get(db, backup_id)
        if backup is None or report is None:
            return None
        return _first_counts(backup, report)

    async def ended(self, flow: Flow, _given: dict[str, Any], error: LifeboatError) -> None:
        await flow.tx("end", self._end, flow.work_id, isinstance(error, Cancelled), error.problem, error.hint)
        self._house.wake()

    async def _end(self, db: Connection, operation_id: str, cancelled: bool, problem: str, hint: str) -> None:
        now = self._house.clock.now()
        if cancelled:
            await tracking.end(db, operation_id, Phase.CANCELLED, now)
        else:
            await tracking.fail(db, operation_id, now, LifeboatError(problem, hint))


def _first_counts(backup: Backup, report: Report) -> Any:
    rows = {table.name: table.production_rows for table in report.tables if table.production_rows is not None}
    if not rows:
        return None
    exact = any(finding.code == "production-differs" for finding in report.findings)
    return ProductionCounts(rows=rows, read_at=backup.stored_at, exact=exact).model_dump(mode="json")
