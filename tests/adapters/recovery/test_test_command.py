"""The team's command run for real: Python, pytest and Node's own runner as processes."""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from shlex import join
from time import monotonic

import pytest

from bot.adapters.test_command import CommandSuite
from bot.domain.errors import Refused

SOON = timedelta(seconds=20)


class Heard:
    def __init__(self) -> None:
        self.lines: list[str] = []

    async def __call__(self, line: str) -> None:
        self.lines.append(line)


def python(code: str) -> str:
    return join([sys.executable, "-c", code])


def shell(script: str) -> str:
    """Quicker to start than Python, where a test's time is short."""
    return join(["sh", "-c", script])


def suite(tmp_path: Path, command: str, limit: timedelta = SOON, **environment: str) -> CommandSuite:
    return CommandSuite(command, tmp_path, limit, {"PATH": os.environ["PATH"], **environment})


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - another process makes it true
            await asyncio.sleep(0.02)


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


async def test_a_real_pytest_run_is_counted(tmp_path: Path) -> None:
    (tmp_path / "test_campus.py").write_text("def test_a(): pass\ndef test_b(): pass\ndef test_c(): assert 0\n")
    heard = Heard()
    outcome = await suite(tmp_path, join([sys.executable, "-m", "pytest", "-p", "no:cacheprovider"])).run(heard)
    assert (outcome.ok, outcome.passed, outcome.failed) == (False, 2, 1)
    assert outcome.output == "\n".join(heard.lines)
    assert outcome.seconds > 0


async def test_a_real_run_of_nodes_own_tests_is_counted(tmp_path: Path, node: dict[str, str]) -> None:
    (tmp_path / "campus.test.mjs").write_text("import test from 'node:test';\ntest('a', () => {});\n")
    outcome = await suite(tmp_path, join([node["node"], "--test"])).run(Heard())
    assert (outcome.ok, outcome.passed, outcome.failed) == (True, 1, 0)


async def test_lines_are_heard_as_they_come(tmp_path: Path) -> None:
    code = (
        "import os, time\nprint('first', flush=True)\nwhile not os.path.exists('go'): time.sleep(0.02)\nprint('second')"
    )
    heard = Heard()
    running = asyncio.create_task(suite(tmp_path, python(code)).run(heard))
    await until(lambda: heard.lines == ["first"])
    (tmp_path / "go").touch()
    assert (await running).output == "first\nsecond"


async def test_errors_and_output_come_in_their_order_and_without_colours(tmp_path: Path) -> None:
    code = (
        "import sys\nprint('\\x1b[32mout\\x1b[0m', flush=True)\nprint('err', file=sys.stderr, flush=True)\nprint('end')"
    )
    assert (await suite(tmp_path, python(code)).run(Heard())).output == "out\nerr\nend"


async def test_a_command_that_fails_has_failed_though_no_runner_spoke(tmp_path: Path) -> None:
    outcome = await suite(tmp_path, python("raise SystemExit(3)")).run(Heard())
    assert (outcome.ok, outcome.passed, outcome.failed) == (False, None, None)


async def test_failed_tests_are_a_failure_though_the_command_hides_it(tmp_path: Path) -> None:
    outcome = await suite(tmp_path, python("print('Tests:       1 failed, 1 passed, 2 total')")).run(Heard())
    assert not outcome.ok


async def test_a_shell_has_no_part_in_it(tmp_path: Path) -> None:
    outcome = await suite(tmp_path, f"{sys.executable} -c 'import sys; print(sys.argv[1:])' a;b && c $HOME `x`").run(
        Heard()
    )
    assert outcome.output == "['a;b', '&&', 'c', '$HOME', '`x`']"


async def test_beyond_its_time_everything_that_it_started_is_ended(tmp_path: Path) -> None:
    command = shell("sleep 60 & echo $! > pid; echo started; wait")
    outcome = await suite(tmp_path, command, timedelta(seconds=1.5)).run(Heard())
    assert not outcome.ok
    assert outcome.output == "started\nStopped: it did not end within 0.025 minutes."
    await until(lambda: not lives(int((tmp_path / "pid").read_text())))


async def test_what_does_not_end_when_asked_is_ended(tmp_path: Path) -> None:
    command = shell("trap '' TERM; echo $$ > pid; echo deaf; while :; do sleep 1; done")
    outcome = await suite(tmp_path, command, timedelta(seconds=1.5)).run(Heard())
    assert outcome.output.startswith("deaf\nStopped")
    await until(lambda: not lives(int((tmp_path / "pid").read_text())))


async def test_beyond_its_time_it_has_failed_even_if_it_then_ends_well(tmp_path: Path) -> None:
    command = shell("trap 'exit 0' TERM; echo up; sleep 60 & wait")
    outcome = await suite(tmp_path, command, timedelta(seconds=1.5)).run(Heard())
    assert outcome.output.startswith("up\n")
    assert not outcome.ok


async def test_whoever_cancels_it_ends_it(tmp_path: Path) -> None:
    code = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nprint('up', flush=True)\ntime.sleep(60)"
    heard = Heard()
    running = asyncio.create_task(suite(tmp_path, python(code)).run(heard))
    await until(lambda: heard.lines == ["up"])
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await until(lambda: not lives(int((tmp_path / "pid").read_text())))


async def test_something_left_running_holds_nobody_up_and_is_ended(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "open('pid', 'w').write(str(child.pid))\nprint('done')\n"
    )
    began = monotonic()
    outcome = await suite(tmp_path, python(code)).run(Heard())
    assert outcome.ok
    assert monotonic() - began < 10
    await until(lambda: not lives(int((tmp_path / "pid").read_text())))


async def test_a_command_that_falls_silent_for_good_is_still_waited_for(tmp_path: Path) -> None:
    code = "import os, time\nos.close(1)\nos.close(2)\ntime.sleep(0.5)\nopen('end', 'w').close()\nos._exit(0)"
    assert (await suite(tmp_path, python(code)).run(Heard())).ok
    assert (tmp_path / "end").exists()


async def test_lifeboats_own_settings_are_not_given_to_it(tmp_path: Path) -> None:
    code = "import os; print(sorted(name for name in os.environ if 'TOKEN' in name or name in ('CI', 'NO_COLOR')))"
    told = suite(tmp_path, python(code), LIFEBOAT_VERCEL__TOKEN="vercel-secret-1", CLERK_TOKEN="clerk-secret-1")
    assert (await told.run(Heard())).output == "['CI', 'CLERK_TOKEN', 'NO_COLOR']"


async def test_values_of_secret_variables_are_not_shown(tmp_path: Path) -> None:
    code = "import os; print('using', os.environ['CLERK_SECRET_KEY'], os.environ['SITE'], 'vercel-secret-1')"
    names = {"CLERK_SECRET_KEY": "sk_live_abcdef", "SITE": "campus-site", "LIFEBOAT_VERCEL__TOKEN": "vercel-secret-1"}
    heard = Heard()
    outcome = await suite(tmp_path, python(code), SOON, **names).run(heard)
    assert outcome.output == "using [CLERK_SECRET_KEY] campus-site [LIFEBOAT_VERCEL__TOKEN]"
    assert heard.lines == [outcome.output]


async def test_endless_output_is_kept_within_bounds(tmp_path: Path) -> None:
    code = "import sys\nfor n in range(60_000): print(f'line {n}')\nsys.stdout.write('x' * 3_000_000)"
    outcome = await suite(tmp_path, python(code)).run(Heard())
    assert outcome.ok
    assert len(outcome.output) < 201_000
    assert outcome.output.startswith("line 0\nline 1\n")
    assert "characters left out …" in outcome.output


async def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    code = "import sys; sys.stdout.buffer.write(b'ok \\xff\\xfe \\xc3\\xbc\\n')"
    assert (await suite(tmp_path, python(code)).run(Heard())).output == "ok \ufffd\ufffd ü"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ("no-such-runner --all", "could not be started: no-such-runner"),
        ("npx 'jest", "cannot be read"),
        ("   ", "There is no test command"),
    ],
)
async def test_a_command_that_cannot_be_run_names_its_setting(tmp_path: Path, command: str, problem: str) -> None:
    with pytest.raises(Refused, match=problem) as refused:
        await suite(tmp_path, command).run(Heard())
    assert "LIFEBOAT_TESTS__COMMAND" in refused.value.hint


async def test_a_folder_that_is_not_there_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="There is no folder") as refused:
        await suite(tmp_path / "gone", "true").run(Heard())
    assert "LIFEBOAT_TESTS__FOLDER" in refused.value.hint


def test_it_says_what_would_be_run(tmp_path: Path) -> None:
    assert suite(tmp_path, "npx jest convex").describes == f"`npx jest convex` in {tmp_path}"
