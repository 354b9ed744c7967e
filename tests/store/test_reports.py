from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.snapshot import Finding, Report, Sample, Severity, StoredFiles, TableReport, Verdict
from bot.store import backups, reports
from bot.store.database import Database
from tests.store.records import NOW, backup

REPORT = Report(
    file="b1.zip",
    size=5_000_000_000,
    sha256="ab" * 32,
    snapshot_at=NOW,
    snapshot_ns=1_773_565_200_123_456_789,
    started_at=NOW,
    finished_at=NOW + timedelta(seconds=3),
    duration=timedelta(seconds=3),
    verdict=Verdict.FINDINGS,
    worst=Severity.ERROR,
    rows=3,
    bytes=99,
    tables=(TableReport(name="users", table="users", rows=3, bytes=99, fingerprint="cd" * 32),),
    storage=StoredFiles(included=False),
    findings=(
        Finding(code="orphans", severity=Severity.ERROR, total=1, samples=(Sample(line=2, id="ü"),), meaning="…"),
    ),
)


async def test_a_report_comes_back_whole_and_a_later_one_takes_its_place(database: Database) -> None:
    later = REPORT.model_copy(update={"rows": 4})
    async with database.write() as db:
        await backups.add(db, backup())
        assert await reports.get(db, backup().id) is None
        await reports.put(db, backup().id, REPORT)
        assert await reports.get(db, backup().id) == REPORT
        await reports.put(db, backup().id, later)
        assert await reports.get(db, backup().id) == later


async def test_of_several_copies_those_that_have_a_report_give_it(database: Database) -> None:
    async with database.write() as db:
        for name in ("b1", "b2"):
            await backups.add(db, backup(name))
        await reports.put(db, backup("b1").id, REPORT)
        assert await reports.of(db, [backup("b1").id, backup("b2").id]) == {"b1": REPORT}
        assert await reports.of(db, []) == {}


async def test_a_report_without_its_copy_is_no_record(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError):
        async with database.write() as db:
            await reports.put(db, backup().id, REPORT)
