"""Checking a copy again: what is found replaces what was found, and production's losses are not the copy's."""

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.backups import Backup, BackupId, OperationId, OperationKind, Phase
from bot.domain.errors import Refused
from bot.domain.expectations import expectations
from bot.domain.snapshot import Severity, Verdict
from bot.operations import export, verify
from bot.simulator.server import Simulator
from bot.store import backups, operations
from tests.operations.home import ADA, ALERTS, BEN, OPS, PLAN, PRODUCTION, STAGING, Home
from tests.store.records import backup as record


async def copied(one: Home) -> Backup:
    operation = await one.ended(await one.export())
    backup = await one.backup(operation.id)
    assert backup is not None and backup.verdict is Verdict.SOUND
    return backup


async def checks(one: Home) -> list[OperationId]:
    async with one.house.database.read() as db:
        return [found.id for found in await operations.recent(db) if found.kind is OperationKind.VERIFY]


async def check(one: Home, backup: Backup) -> Backup:
    await verify.begin(one.house, backup.id, ADA, OPS)
    ended = await one.ended((await checks(one))[0])
    assert (ended.phase, ended.problem) == (Phase.DONE, "")
    found = await one.backup(backup.id)
    assert found is not None
    return found


async def test_a_new_report_takes_the_place_of_the_old_one(at_home: Home) -> None:
    backup = await copied(at_home)
    before = await at_home.report(backup.id)
    again = await check(at_home, backup)
    after = await at_home.report(backup.id)
    assert before is not None and after is not None and after.finished_at > before.finished_at
    assert again.verified_at is not None and backup.verified_at is not None
    assert again.verified_at > backup.verified_at and again.verdict is Verdict.SOUND
    await at_home.drawn()
    assert at_home.paper.titles()[-1].startswith("Production: sound")


async def test_a_copy_that_was_changed_is_not_restorable_any_more(at_home: Home, tmp_path: Path) -> None:
    backup = await copied(at_home)
    file = tmp_path / "vault" / backup.file
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    found = await check(at_home, backup)
    report = await at_home.report(backup.id)
    assert report is not None and "file-changed" in {finding.code for finding in report.findings}
    assert found.worst is Severity.ERROR and not found.restorable


async def test_a_copy_whose_file_is_gone_is_not_restorable_any_more(at_home: Home, tmp_path: Path) -> None:
    backup = await copied(at_home)
    (tmp_path / "vault" / backup.file).unlink()
    found = await check(at_home, backup)
    report = await at_home.report(backup.id)
    assert report is not None and [finding.code for finding in report.findings] == ["file-missing"]
    assert found.verdict is Verdict.UNREADABLE and not found.restorable


async def test_a_file_of_the_same_name_elsewhere_is_not_taken_for_the_copy(at_home: Home, tmp_path: Path) -> None:
    backup = await copied(at_home)
    elsewhere = tmp_path / "elsewhere" / backup.file
    elsewhere.parent.mkdir(parents=True)
    (tmp_path / "vault" / backup.file).rename(elsewhere)
    with contextlib.chdir(tmp_path / "elsewhere"):
        await check(at_home, backup)
    report = await at_home.report(backup.id)
    assert report is not None and [finding.code for finding in report.findings] == ["file-missing"]
    assert report.file == backup.file


async def test_a_vault_that_is_not_there_says_nothing_about_its_copies(at_home: Home, tmp_path: Path) -> None:
    backup = await copied(at_home)
    (tmp_path / "vault").rename(tmp_path / "elsewhere")
    await verify.begin(at_home.house, backup.id, ADA, OPS)
    ended = await at_home.ended((await checks(at_home))[0])
    assert ended.phase is Phase.FAILED and "vault" in ended.problem.lower()
    found = await at_home.backup(backup.id)
    assert found is not None and found.restorable


async def test_what_production_loses_later_does_not_count_against_the_copy(at_home: Home, convex: Simulator) -> None:
    backup = await copied(at_home)
    convex.scenarios.play("buggy-migration")
    assert (await check(at_home, backup)).verdict is Verdict.SOUND
    report = await at_home.report(backup.id)
    assert report is not None and all(table.difference == 0 for table in report.tables)


async def test_a_check_that_runs_is_shown_to_a_second_asker(at_home: Home) -> None:
    backup = await copied(at_home)
    await asyncio.gather(
        verify.begin(at_home.house, backup.id, ADA, OPS), verify.begin(at_home.house, backup.id, BEN, ALERTS)
    )
    (only,) = await checks(at_home)
    await at_home.ended(only)
    await at_home.drawn()
    assert at_home.paper.titles("alerts")[-1] == at_home.paper.titles("ops")[-1]


async def test_a_cancelled_check_leaves_the_copy_as_it_was(at_home: Home) -> None:
    backup = await copied(at_home)
    await verify.begin(at_home.house, backup.id, ADA, OPS)
    (running,) = await checks(at_home)
    await at_home.until(running, lambda one: one.phase is Phase.VERIFYING)
    await export.cancel(at_home.house, running, ADA)
    assert (await at_home.ended(running)).phase is Phase.CANCELLED
    assert await at_home.backup(backup.id) == backup and at_home.in_vault() == [backup.file]


async def test_a_mistake_of_ours_is_said_with_a_reference(at_home: Home) -> None:
    async with at_home.house.database.write() as db:
        await backups.add(db, record("odd", file="../outside.zip"))
    await verify.begin(at_home.house, BackupId("odd"), ADA, OPS)
    ended = await at_home.ended((await checks(at_home))[0])
    assert ended.phase is Phase.FAILED and "reference" in ended.problem and "log" in ended.hint
    await at_home.drawn()
    assert at_home.paper.titles()[-1] == "The check of production failed"


async def test_a_copy_that_is_not_there_is_refused(at_home: Home) -> None:
    with pytest.raises(Refused):
        await verify.begin(at_home.house, BackupId("nothing"), ADA, OPS)


def test_the_plan_says_what_is_expected_of_production() -> None:
    expected = expectations(PLAN, PLAN.environments[PRODUCTION])
    assert set(expected.tables) == set(PLAN.tables) and set(expected.not_empty) <= set(expected.tables)
    assert ("posts", "authorId", "users") in {(one.table, one.field, one.target) for one in expected.references}
    assert expected.recency["posts"] == timedelta(days=2) and expected.production is None


def test_nobody_is_expected_to_have_written_to_staging_lately() -> None:
    assert expectations(PLAN, PLAN.environments[STAGING]).recency == {}
    assert expectations(PLAN).recency != {}
