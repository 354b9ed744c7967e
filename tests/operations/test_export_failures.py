"""What an export does when something is in its way: it waits, tries again, or says plainly why it ended."""

import asyncio
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.domain.backups import BackupId, Operation, Phase
from bot.domain.errors import Refused
from bot.house import Limits
from bot.operations import export
from bot.simulator.server import Simulator
from bot.store import backups
from tests.databases import sqlite_database
from tests.operations.conftest import Access
from tests.operations.home import ADA, PRODUCTION, Home, home
from tests.operations.test_export import requested
from tests.store.records import backup
from tests.waiting import until

IMPATIENT = Limits(export_deadline=1, poll_seconds=0.002)


def is_tried_again(operation: Operation) -> bool:
    """Whether an operation that goes on says when it is tried again, and why."""
    assert not operation.phase.ended, operation
    return operation.retry_at is not None and operation.message != ""


def says(words: str) -> Callable[[Operation], bool]:
    """Whether an operation that goes on holds these words in its message."""

    def said(operation: Operation) -> bool:
        assert not operation.phase.ended, operation
        return words in operation.message

    return said


# --- before anything is asked for ---


async def test_a_disk_too_full_for_the_last_copy_is_said_before_anything_is_asked_for(
    at_home: Home, convex: Simulator
) -> None:
    async with at_home.house.database.write() as db:
        await backups.add(db, backup(size=10**18))
    operation = await at_home.ended(await at_home.export())
    assert operation.phase is Phase.FAILED and " free, and " in operation.problem and "disk" in operation.hint
    assert requested(convex) == 0


async def test_a_vault_that_is_not_there_is_said_before_anything_is_asked_for(
    at_home: Home, convex: Simulator, tmp_path: Path
) -> None:
    shutil.rmtree(tmp_path / "vault")
    operation = await at_home.ended(await at_home.export())
    assert operation.phase is Phase.FAILED and "vault" in operation.problem.lower() and operation.hint
    assert requested(convex) == 0


async def test_a_wrong_key_is_said_with_where_to_get_another(tmp_path: Path, convex: Simulator) -> None:
    access = {PRODUCTION: (convex.url, "brave-otter-412|00ff")}
    async with home(sqlite_database(tmp_path), tmp_path, access) as one:
        operation = await one.ended(await one.export())
    assert operation.phase is Phase.FAILED and "key" in operation.problem and "deploy key" in operation.hint.lower()
    assert requested(convex) == 0


# --- Convex does not answer, or not well ---


async def test_a_dead_deployment_is_waited_for(at_home: Home, convex: Simulator) -> None:
    await convex.stop_listening()
    operation = await at_home.export()
    waiting = await at_home.until(operation, is_tried_again)
    assert not waiting.phase.ended
    await convex.listen()
    assert (await at_home.ended(operation)).phase is Phase.DONE


async def test_a_deployment_that_stays_dead_ends_the_export(tmp_path: Path, access: Access, convex: Simulator) -> None:
    await convex.stop_listening()
    async with home(sqlite_database(tmp_path), tmp_path, access, limits=IMPATIENT) as one:
        operation = await one.ended(await one.export())
        await one.drawn()
        assert one.paper.titles()[-1] == "The export of production failed"
    assert operation.phase is Phase.FAILED and "did not answer" in operation.problem


async def test_an_outage_while_convex_exports_is_sat_out(at_home: Home, convex: Simulator) -> None:
    convex.exports.hold(endless=True)
    operation = await at_home.export()
    await at_home.until(operation, lambda one: one.phase is Phase.EXPORTING)
    await convex.stop_listening()
    convex.control.add("drop", path="/api/query", times=3)
    await at_home.until(operation, says("The export goes on there"))
    await convex.listen()
    await at_home.until(operation, lambda one: "goes on there" not in one.message)
    await export.cancel(at_home.house, operation, ADA)
    assert (await at_home.ended(operation)).phase is Phase.CANCELLED


async def test_an_export_that_never_completes_is_cancelled_at_its_deadline(
    tmp_path: Path, access: Access, convex: Simulator
) -> None:
    convex.exports.hold(endless=True)
    async with home(sqlite_database(tmp_path), tmp_path, access, limits=Limits(1, 0.02)) as one:
        operation = await one.ended(await one.export())
        assert one.in_vault() == []
    assert operation.phase is Phase.FAILED and "not complete after 0:00:01" in operation.problem
    assert "cancelled at Convex, too" in operation.hint
    assert [one.state for one in convex.exports.all][-1] == "canceled"


async def test_an_export_that_somebody_cancels_at_convex_ends_here_too(at_home: Home, convex: Simulator) -> None:
    convex.exports.hold(endless=True)
    operation = await at_home.export()
    await at_home.until(operation, lambda one: one.phase is Phase.EXPORTING)
    convex.exports.cancel(convex.exports.all[-1].id)
    ended = await at_home.ended(operation)
    assert ended.phase is Phase.FAILED and "not by Lifeboat" in ended.problem


async def test_an_export_waits_for_the_backup_that_convex_is_making(at_home: Home, convex: Simulator) -> None:
    convex.exports.hold(endless=True)
    cloud = convex.exports.request(include_storage=True, requestor="cloudBackup")
    operation = await at_home.export()
    waiting = await at_home.until(operation, lambda one: one.phase is Phase.WAITING and bool(one.message))
    assert "makes one at a time" in waiting.message and "I ask again at" in waiting.message
    convex.exports.hold(endless=False)
    convex.exports.cancel(cloud.id)
    assert (await at_home.ended(operation)).phase is Phase.DONE
    assert requested(convex) == 1


async def test_a_backup_that_convex_never_ends_making_is_not_waited_for_for_ever(
    tmp_path: Path, access: Access, convex: Simulator
) -> None:
    convex.exports.hold(endless=True)
    convex.exports.request(include_storage=True, requestor="cloudBackup")
    async with home(sqlite_database(tmp_path), tmp_path, access, limits=Limits(0.2, 0.01)) as one:
        operation = await one.ended(await one.export())
    assert operation.phase is Phase.FAILED and "none was asked for" in operation.problem
    assert requested(convex) == 0 and convex.exports.all[-1].state == "in_progress"


async def test_a_request_that_breaks_off_is_made_once(at_home: Home, convex: Simulator) -> None:
    convex.control.add("drop", path="/api/export/request")
    operation = await at_home.export()
    await at_home.until(operation, is_tried_again)
    assert (await at_home.ended(operation)).phase is Phase.DONE
    assert requested(convex) == 1


# --- the download ---


async def test_a_download_that_breaks_off_is_made_again(at_home: Home, convex: Simulator) -> None:
    convex.control.add("truncate", path="/api/export/zip", times=2)
    operation = await at_home.export()
    await at_home.until(operation, lambda one: one.phase is Phase.DOWNLOADING and is_tried_again(one))
    ended = await at_home.ended(operation)
    assert ended.phase is Phase.DONE and len(at_home.in_vault()) == 1
    assert requested(convex) == 1


async def test_a_download_that_always_breaks_off_ends_the_export(
    tmp_path: Path, access: Access, convex: Simulator
) -> None:
    convex.control.add("truncate", path="/api/export/zip", times=None)
    async with home(sqlite_database(tmp_path), tmp_path, access, limits=Limits(60, 0.002)) as one:
        operation = await one.ended(await one.export())
        assert one.in_vault() == [] and await one.backups() == []
    assert operation.phase is Phase.FAILED and "broke off" in operation.problem
    assert "Convex itself keeps the finished export until" in operation.hint


# --- the check ---


async def test_when_the_check_cannot_be_made_the_copy_stays_unverified(at_home: Home) -> None:
    operation = await at_home.export()
    await at_home.until(operation, lambda one: one.phase is Phase.VERIFYING)
    await until(_checking)
    for child in _checking():
        os.kill(child, signal.SIGKILL)
    ended = await at_home.ended(operation)
    assert ended.phase is Phase.FAILED and "killed by signal 9" in ended.problem
    backup = await at_home.backup(operation)
    assert backup is not None and backup.verdict is None and at_home.in_vault() == [backup.file]


def _checking() -> list[int]:
    """Our children that check an export."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"bot.snapshots" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue  # it ended meanwhile
    return found


# --- cancelling ---


@pytest.mark.parametrize("phase", [Phase.WAITING, Phase.EXPORTING, Phase.DOWNLOADING, Phase.VERIFYING])
async def test_a_cancelled_export_leaves_nothing(at_home: Home, convex: Simulator, phase: Phase) -> None:
    convex.exports.hold(endless=phase in (Phase.WAITING, Phase.EXPORTING))
    if phase is Phase.WAITING:
        convex.exports.request(include_storage=False, requestor="cloudBackup")
    if phase is Phase.DOWNLOADING:
        convex.control.bytes_per_second = 20_000
    operation = await at_home.export()
    await at_home.until(operation, lambda one: one.phase is phase)
    await export.cancel(at_home.house, operation, ADA)
    ended = await at_home.ended(operation, 5)
    assert (ended.phase, ended.cancel_by) == (Phase.CANCELLED, "ada")
    await asyncio.sleep(0.1)
    assert at_home.in_vault() == []
    assert all(one.purged_at is not None for one in await at_home.backups())
    at_convex = {Phase.WAITING: "in_progress", Phase.EXPORTING: "canceled"}.get(phase, "completed")
    assert convex.exports.all[-1].state == at_convex
    await at_home.drawn()
    assert at_home.paper.titles()[-1] == "The export of production was cancelled"


async def test_a_copy_that_somebody_keeps_while_it_is_checked_survives_a_cancelled_export(at_home: Home) -> None:
    operation = await at_home.export()
    await at_home.until(operation, lambda one: one.phase is Phase.VERIFYING)
    async with at_home.house.database.write() as db:
        await backups.set_kept(db, BackupId(operation), True)
    await export.cancel(at_home.house, operation, ADA)
    ended = await at_home.ended(operation)
    assert ended.phase is Phase.CANCELLED and "it stays in the vault, unverified" in ended.message
    backup = await at_home.backup(operation)
    assert backup is not None and backup.kept and backup.purged_at is None and backup.verdict is None
    assert at_home.in_vault() == [backup.file]


async def test_what_a_killed_download_left_goes_with_a_cancelled_export(
    at_home: Home, convex: Simulator, tmp_path: Path
) -> None:
    convex.exports.hold(endless=True)
    operation = await at_home.export()
    await at_home.until(operation, lambda one: one.phase is Phase.EXPORTING)
    part = tmp_path / "vault" / "production" / f"{operation}.zip.part"
    part.parent.mkdir()
    part.write_bytes(b"half")
    await export.cancel(at_home.house, operation, ADA)
    await at_home.ended(operation)
    assert at_home.in_vault() == []


async def test_after_a_cancelled_export_another_can_be_made(on_either: Home, convex: Simulator) -> None:
    convex.exports.hold(endless=True)
    first = await on_either.export()
    await on_either.until(first, lambda one: one.phase is Phase.EXPORTING)
    await export.cancel(on_either.house, first, ADA)
    assert (await on_either.ended(first)).phase is Phase.CANCELLED
    convex.exports.hold(endless=False)
    assert (await on_either.ended(await on_either.export())).phase is Phase.DONE


async def test_what_has_ended_cannot_be_cancelled(at_home: Home) -> None:
    operation = await at_home.ended(await at_home.export())
    with pytest.raises(Refused) as refused:
        await export.cancel(at_home.house, operation.id, ADA)
    assert "ended already" in refused.value.problem
    assert (await at_home.operation(operation.id)).phase is Phase.DONE
