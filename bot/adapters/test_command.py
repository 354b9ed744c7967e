"""Knows how the team's test command is run in its folder and stopped. Knows nothing of what it tests.

There is no shell: the command is split into words as one would (`shlex`), and nothing else of a shell's is understood.
"""

import asyncio
import codecs
import os
import re
import shlex
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path
from time import monotonic

from bot.domain.errors import Refused
from bot.domain.suites import Tally, Transcript, plain
from bot.ports import SuiteOutcome

LIMIT = timedelta(minutes=15)
GRACE = 3.0
"""Seconds between asking the command to end and ending it."""
LINGER = 1.0
"""Seconds of silence after the command's end: no more is to come of what it started."""
CHUNK = 64 * 1024
OURS = "LIFEBOAT_"
SECRET = re.compile(r"TOKEN|SECRET|KEY|PASSW|CREDENTIAL|AUTH|DSN|DATABASE_URL", re.IGNORECASE)
SHORTEST_SECRET = 8
"""Characters: a shorter value stands in too many lines by chance."""
CHANGE = "Set LIFEBOAT_TESTS__COMMAND, such as `npx jest convex`, and LIFEBOAT_TESTS__FOLDER."


class CommandSuite:
    """A `bot.ports.TestSuite`: a command, run in a process group of its own.

    It gets `environment` (that of Lifeboat itself if None) without Lifeboat's own settings, and what it prints is shown
    without the values of variables that are named like secrets.
    """

    def __init__(
        self, command: str, folder: Path, limit: timedelta = LIMIT, environment: Mapping[str, str] | None = None
    ) -> None:
        self._command, self._folder, self._limit = command, folder, limit
        self._environment = os.environ if environment is None else environment

    @property
    def describes(self) -> str:
        return f"`{self._command}` in {self._folder}"

    async def run(self, on_output: Callable[[str], Awaitable[None]]) -> SuiteOutcome:
        """Raises Refused when the command cannot be started at all."""
        began, transcript, tally = monotonic(), Transcript(), Tally()
        process = await self._start()
        hidden = _secrets(self._environment)
        in_time = True
        try:
            async with asyncio.timeout(self._limit.total_seconds()) as limit:
                async for line in _lines(process):
                    shown = _without(hidden, plain(line))
                    tally.hear(shown)
                    transcript.add(shown)
                    await on_output(shown)
                await process.wait()
        except TimeoutError:
            if not limit.expired():
                raise
            in_time = False
            transcript.add(f"Stopped: it did not end within {self._limit.total_seconds() / 60:g} minutes.")
        finally:
            await asyncio.shield(_end(process))
        return SuiteOutcome(
            ok=in_time and process.returncode == 0 and not tally.failed,
            seconds=monotonic() - began,
            output=transcript.text(),
            passed=tally.passed,
            failed=tally.failed,
        )

    async def _start(self) -> Process:
        try:
            words = shlex.split(self._command)
        except ValueError as error:
            raise Refused(f"The test command cannot be read: {error}. Nothing was run.", CHANGE) from error
        if not words:
            raise Refused("There is no test command. Nothing was run.", CHANGE)
        if not self._folder.is_dir():
            raise Refused(f"There is no folder {self._folder} to run the tests in. Nothing was run.", CHANGE)
        # FORCE_COLOR has vitest colour its output whatever its value is.
        withheld = (OURS, "FORCE_COLOR")
        kept = {name: value for name, value in self._environment.items() if not name.startswith(withheld)}
        try:
            return await asyncio.create_subprocess_exec(
                *words,
                cwd=self._folder,
                env=kept | {"CI": "1", "NO_COLOR": "1"},
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            problem = f"The test command could not be started: {words[0]}, {error.strerror}. Nothing was run."
            raise Refused(problem, CHANGE) from error


async def _lines(process: Process) -> AsyncIterator[str]:
    """What it prints, line by line, until it has ended."""
    decode, rest = codecs.getincrementaldecoder("utf-8")("replace").decode, ""
    while chunk := await _chunk(process):
        *whole, rest = (rest + decode(chunk)).split("\n")
        for line in whole:
            yield line
        if len(rest) > CHUNK:
            yield rest
            rest = ""
    if rest:
        yield rest


async def _chunk(process: Process) -> bytes:
    """What it prints next; nothing at its end, even if something that it started lives on and holds its output open."""
    assert process.stdout is not None
    while True:
        try:
            async with asyncio.timeout(LINGER):
                return await process.stdout.read(CHUNK)
        except TimeoutError:
            if process.returncode is not None:
                return b""


async def _end(process: Process) -> None:
    """End what is left of the process group: asked first, then ended. One that ended by itself is not touched."""
    assert process.stdout is not None
    if process.returncode is not None and process.stdout.at_eof():
        return
    for order, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, GRACE)):
        try:
            os.killpg(process.pid, order)
        except ProcessLookupError:
            break
        try:
            async with asyncio.timeout(patience):
                while await process.stdout.read(CHUNK):
                    pass
                await process.wait()
                return
        except TimeoutError:
            continue
    await process.wait()


def _secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Values that are not to be shown, longest first, by name."""
    found = {
        name: value
        for name, value in environment.items()
        if len(value) >= SHORTEST_SECRET and (name.startswith(OURS) or SECRET.search(name))
    }
    return dict(sorted(found.items(), key=lambda item: -len(item[1])))


def _without(hidden: Mapping[str, str], line: str) -> str:
    for name, value in hidden.items():
        line = line.replace(value, f"[{name}]")
    return line
