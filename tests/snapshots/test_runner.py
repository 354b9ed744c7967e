import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from bot.domain.errors import LifeboatError
from bot.domain.snapshot import Expectations, Progress, Report, Verdict
from bot.snapshots.runner import verify
from tests.snapshots.hostile import Export, Member, archive, line, sound

# Under a loaded machine; undisturbed it is 5 ms.
LAG_ALLOWED = 0.5
CANCEL_ALLOWED = 2.0


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export that takes a while: one table's lines are read again and again, as many tables."""
    lines = [line({"_id": "x", "_creationTime": 1.5, "text": "word " * 60})] * 40_000
    export = Export(tables={"t0": lines}, numbers={"t0": 10_001})
    member = Member("t0/documents.jsonl", b"".join(lines))
    packed = member.pack()
    copies = [Member(f"t{at}/documents.jsonl", member.content, packed=packed) for at in range(1, 12)]
    path = tmp_path_factory.mktemp("large") / "large.zip"
    path.write_bytes(archive([*export.members(), *copies]))
    return path


def processes_reading(path: Path) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"bot.snapshots" in words and os.fsencode(path) in words:
                found.append(int(folder.name))
    return found


async def test_a_sound_export_gives_a_report(tmp_path: Path) -> None:
    report = await verify(sound().write(tmp_path / "export.zip"), Expectations())

    assert (report.verdict, report.rows, [table.name for table in report.tables]) == (
        Verdict.SOUND,
        120,
        ["posts", "users"],
    )
    assert Report.model_validate_json(report.model_dump_json()) == report


@pytest.mark.parametrize("content", [None, b"", b"<html>"])
async def test_an_unreadable_file_is_a_report_not_an_exception(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    if content is not None:
        path.write_bytes(content)

    assert (await verify(path, Expectations())).verdict is Verdict.UNREADABLE


async def test_progress_comes_in_order_and_ends_below_the_total(large: Path) -> None:
    heard: list[Progress] = []

    async def hear(progress: Progress) -> None:
        heard.append(progress)

    started = time.monotonic()
    report = await verify(large, Expectations(), hear)

    assert 1 <= len(heard) <= 2 + 4 * (time.monotonic() - started)
    assert [progress.bytes_done for progress in heard] == sorted(progress.bytes_done for progress in heard)
    assert all(progress.bytes_done <= progress.bytes_total for progress in heard)
    assert report.bytes == heard[0].bytes_total


async def test_the_event_loop_goes_on_while_an_export_is_checked(large: Path) -> None:
    check = asyncio.create_task(verify(large, Expectations()))
    worst = 0.0
    while not check.done():
        before = time.perf_counter()
        await asyncio.sleep(0.005)
        worst = max(worst, time.perf_counter() - before - 0.005)

    assert (await check).rows > 400_000
    assert worst < LAG_ALLOWED


async def test_cancelling_ends_the_child_at_once(large: Path) -> None:
    started = asyncio.Event()

    async def hear(_: Progress) -> None:
        started.set()

    check = asyncio.create_task(verify(large, Expectations(), hear))
    await started.wait()
    assert processes_reading(large)

    before = time.monotonic()
    check.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check

    assert time.monotonic() - before < CANCEL_ALLOWED
    assert processes_reading(large) == []


async def test_a_child_that_is_killed_is_a_clear_error(large: Path) -> None:
    async def kill(_: Progress) -> None:
        for pid in processes_reading(large):
            os.kill(pid, signal.SIGKILL)

    with pytest.raises(LifeboatError) as caught:
        await verify(large, Expectations(), kill)

    assert "killed by signal 9" in caught.value.problem
    assert "backup itself was not touched" in caught.value.problem


async def test_a_child_that_cannot_start_its_work_is_a_clear_error(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such thing >&2\nexit 3\n")
    broken.chmod(0o755)

    with pytest.raises(LifeboatError) as caught:
        await verify(tmp_path / "export.zip", Expectations(), python=str(broken))

    assert "exit status 3" in caught.value.problem
    assert "no such thing" in caught.value.hint


async def test_an_error_in_the_listener_ends_the_child(large: Path) -> None:
    async def fail(_: Progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await verify(large, Expectations(), fail)

    assert processes_reading(large) == []
