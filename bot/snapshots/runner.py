"""Knows how to have an export checked in a child process, off the event loop. Knows nothing of what is checked."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from bot.domain.errors import LifeboatError
from bot.domain.snapshot import Expectations, Progress, Report

# A report of the largest export that is looked into stays well below this; asyncio's own limit is 64 KiB a line.
LONGEST_LINE = 64 << 20
STDERR_KEPT = 2000


async def verify(
    path: Path,
    expectations: Expectations,
    on_progress: Callable[[Progress], Awaitable[None]] | None = None,
    *,
    python: str = sys.executable,
) -> Report:
    """Check the export at `path`; `on_progress` is awaited at most four times a second.

    Whatever is wrong with the file is in the report, a missing or unreadable one included. Cancelling ends the
    child at once. Raises LifeboatError when the check itself could not be made (the child died).
    """
    process = await asyncio.create_subprocess_exec(
        python,
        "-m",
        "bot.snapshots",
        str(path),
        "--expectations",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
        start_new_session=True,
        # Our arrays are sorted and compared, never multiplied: without this numpy starts a thread for every core.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    try:
        report, complaint, _ = await asyncio.gather(
            _listen(process, on_progress), _last_words(process), _brief(process, expectations)
        )
        status = await process.wait()
    finally:
        _end(process)
        await process.wait()
    if report is None:
        raise LifeboatError(
            f"The check of {path.name} ended before it had a result ({_how_it_ended(status)}). "
            "The backup itself was not touched.",
            f"Try again; if it ends the same way, report this: {complaint or 'it left no message'}",
        )
    return report


async def _listen(
    process: asyncio.subprocess.Process, on_progress: Callable[[Progress], Awaitable[None]] | None
) -> Report | None:
    assert process.stdout is not None
    report: Report | None = None
    async for line in process.stdout:
        message = json.loads(line) if len(line) < 4096 else None
        if message is not None and "progress" in message:
            if on_progress is not None:
                await on_progress(Progress.model_validate(message["progress"]))
        else:
            report = Report.model_validate_json(line)
    return report


async def _last_words(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    text = (await process.stderr.read()).decode(errors="replace").strip()
    return text[-STDERR_KEPT:]


async def _brief(process: asyncio.subprocess.Process, expectations: Expectations) -> None:
    assert process.stdin is not None
    try:
        process.stdin.write(expectations.model_dump_json().encode())
        await process.stdin.drain()
        process.stdin.close()
    except ConnectionError:
        pass  # it died before it listened; its exit status tells


def _end(process: asyncio.subprocess.Process) -> None:
    # The child leads its own group, so this reaches whatever it may have started.
    if process.returncode is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def _how_it_ended(status: int) -> str:
    if status < 0:
        return f"killed by signal {-status}" + (", perhaps out of memory" if status == -signal.SIGKILL else "")
    return f"exit status {status}"
