"""The `lifeboat` command line as a person at a shell meets it: real processes, a real simulated deployment."""

import asyncio
import json
import os
import pwd
import re
import shutil
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from bot.simulator.server import Simulator
from tests.databases import postgresql_database

SHIPPED = Path(__file__).parent.parent / "bot" / "plan.toml"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.out)
        return found


@dataclass(frozen=True)
class Shell:
    """A shell with Lifeboat's settings, and nothing else of ours."""

    folder: Path
    settings: Mapping[str, str]

    async def __call__(self, *arguments: str, **more: str) -> Done:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIFEBOAT_", "DATABASE_URL"))}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=self.folder,
            env={**kept, "NO_COLOR": "1", "COLUMNS": "200", **self.settings, **more},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(), 90)
        except TimeoutError:
            process.kill()
            raise
        assert process.returncode is not None
        return Done(process.returncode, out.decode(errors="surrogateescape"), err.decode())


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    async with Simulator(tmp_path / "convex", size_mb=0.5) as simulator:
        yield simulator


@pytest.fixture
def shell(tmp_path: Path, simulator: Simulator) -> Shell:
    return Shell(
        tmp_path,
        {
            "LIFEBOAT_DATA": str(tmp_path / "data"),
            "LIFEBOAT_CONVEX__PRODUCTION__URL": simulator.url,
            "LIFEBOAT_CONVEX__PRODUCTION__KEY": simulator.key,
        },
    )


@pytest.fixture
def alone(tmp_path: Path) -> Shell:
    """A shell on a machine where nothing is set up."""
    return Shell(tmp_path, {"LIFEBOAT_DATA": str(tmp_path / "data")})


async def test_without_a_running_bot_an_export_is_done_here_to_its_end(shell: Shell) -> None:
    done = await shell("say", "/backup export", "--json")
    assert done.status == 0, done.err
    assert str(done.json["title"]).startswith("Production: sound")
    status = await shell("say", "/backup status", "--json")
    assert str(status.json["title"]).startswith("Safe"), status.out


@asynccontextmanager
async def running(shell: Shell) -> AsyncIterator[Path]:
    """A bot that runs, and its log."""
    log = shell.folder / "run.log"
    with log.open("wb") as output:
        bot = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", cwd=shell.folder, env={**os.environ, **shell.settings}, stderr=output
        )
    try:
        async with asyncio.timeout(30):
            while not (shell.folder / "data" / "lifeboat.pid").exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.1)
        yield log
    finally:
        bot.terminate()
        assert await asyncio.wait_for(bot.wait(), 20) == 0


async def test_beside_a_running_bot_the_line_is_sent_to_it(shell: Shell) -> None:
    async with running(shell) as log:
        done = await shell("say", "/backup export", "--json")
        assert done.status == 0, done.err + log.read_text()
        assert str(done.json["title"]).startswith("Production: sound")
    assert "Traceback" not in log.read_text()


async def test_files_are_fetched_beside_a_running_bot(shell: Shell) -> None:
    async with running(shell) as log:
        exported = await shell("say", "/backup export")
        assert exported.status == 0, exported.err + log.read_text()
        vault = shell.folder / "data" / "vault"
        copy = next(vault.rglob("*.zip"))
        asked = re.search(r"lifeboat file (report/\S+\.json) > (\S+)", exported.out)
        assert asked is not None, exported.out
        report = await shell("file", asked[1])
        assert (report.status, report.json["verdict"]) == (0, "sound"), report.err
        name = asked[2].removesuffix(".json")
        assert (await shell("file", f"report/{name}.md")).out.startswith("# Production: sound")
        fetched = await shell("file", f"backup/{name}.zip")
        assert fetched.out.encode(errors="surrogateescape") == copy.read_bytes()
    assert "Traceback" not in log.read_text()


async def test_a_file_that_is_not_there_is_told_and_nothing_is_made(alone: Shell) -> None:
    nothing = await alone("file", "report/x.json")
    assert (nothing.status, nothing.out) == (1, "")
    assert "Nothing is recorded" in nothing.err and "LIFEBOAT_DATA" in nothing.err
    assert not list(alone.folder.rglob("*.db"))
    assert (await alone("migrate")).status == 0
    unknown = await alone("file", "report/x.json")
    assert unknown.status == 1 and "/backup list" in unknown.err
    assert (await alone("file", "runbook.md")).out == (await alone("runbook")).out


async def test_a_copy_is_not_handed_to_whom_the_plan_makes_no_operator(shell: Shell) -> None:
    assert (await shell("say", "/backup export")).status == 0
    name = next((shell.folder / "data" / "vault").rglob("*.zip")).stem
    user = pwd.getpwuid(os.getuid()).pw_name
    plan = SHIPPED.read_text("utf-8").replace('people = ["ada", "ben"]', 'people = ["ben"]')
    plan = plan.replace('name = "Ada Okafor"', f'name = "Ada Okafor"\nterminal = "{user}"')
    (shell.folder / "plan.toml").write_text(plan)
    refused = await shell("file", f"backup/{name}.zip", LIFEBOAT_PLAN="plan.toml")
    assert (refused.status, refused.out) == (1, ""), refused.err
    assert "only operators" in refused.err


async def test_a_disk_without_room_for_a_file_is_told(alone: Shell) -> None:
    assert (await alone("migrate")).status == 0
    full = os.open("/dev/full", os.O_WRONLY)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "file", "runbook.md"),
        cwd=alone.folder,
        env={**os.environ, **alone.settings},
        stdout=full,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(full)
    _, told = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert b"No space left" in told and b"Traceback" not in told


async def test_a_bot_whose_slot_may_be_anothers_by_now_ends(alone: Shell, postgresql: str) -> None:
    log = alone.folder / "run.log"
    async with postgresql_database(postgresql) as url:
        with log.open("wb") as output:
            bot = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run"),
                cwd=alone.folder,
                env={**os.environ, **alone.settings, "DATABASE_URL": url},
                stderr=output,
            )
        try:
            async with asyncio.timeout(30):
                while "ready" not in log.read_text():  # noqa: ASYNC110 - another process writes it
                    await asyncio.sleep(0.1)
            async with await psycopg.AsyncConnection.connect(url, autocommit=True) as server:
                await server.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
            assert await asyncio.wait_for(bot.wait(), 20) == 1
        finally:
            if bot.returncode is None:
                bot.kill()
                await bot.wait()
    assert "task_ended" in log.read_text()
    assert "Traceback" not in log.read_text()


async def test_a_wrong_plan_stops_the_start_with_all_its_problems(alone: Shell) -> None:
    wrong = SHIPPED.read_text("utf-8").replace('retention = "30 days"', 'retention = "thirty"')
    wrong = wrong.replace('day = "15 June"', 'day = "31 June"')
    (alone.folder / "plan.toml").write_text(wrong)
    done = await alone("run", LIFEBOAT_PLAN="plan.toml")
    assert done.status == 1
    assert "environments.production.retention" in done.err
    assert "31 June" in done.err
    assert "Traceback" not in done.err


async def test_a_wrong_setting_is_told_with_its_mend(alone: Shell) -> None:
    done = await alone("run", LIFEBOAT_CONVEX__PRODUCTION__URL="nonsense")
    assert done.status == 1
    assert "LIFEBOAT_CONVEX__PRODUCTION__KEY" in done.err
    assert "https://" in done.err


async def test_an_environment_that_the_plan_does_not_have_is_told(shell: Shell) -> None:
    done = await shell(
        "run", LIFEBOAT_CONVEX__QA__URL="https://qa-otter-1.convex.cloud", LIFEBOAT_CONVEX__QA__KEY="qa|1"
    )
    assert done.status == 1
    assert "LIFEBOAT_CONVEX__QA__URL" in done.err


async def test_a_wrong_key_is_told_and_nothing_is_stored(shell: Shell) -> None:
    done = await shell("say", "/backup export", LIFEBOAT_CONVEX__PRODUCTION__KEY="brave-otter-412|0123")
    assert done.status == 1
    assert "key" in done.out
    assert not list((shell.folder / "data" / "vault").rglob("*.zip"))
    examined = await shell("doctor", LIFEBOAT_CONVEX__PRODUCTION__KEY="brave-otter-412|0123")
    assert examined.status == 1
    assert "Broken" in examined.out


async def test_a_dead_deployment_is_told_and_status_still_answers(shell: Shell) -> None:
    dead = {"LIFEBOAT_CONVEX__PRODUCTION__URL": "http://127.0.0.1:9"}
    status = await shell("say", "/backup status", **dead)
    assert "Not safe" in status.out
    assert "No data was changed" in status.out


async def test_a_deployment_that_says_nothing_does_not_keep_people_waiting(alone: Shell) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        access = {"LIFEBOAT_CONVEX__PRODUCTION__URL": url, "LIFEBOAT_CONVEX__PRODUCTION__KEY": "prod:a-b-1|key"}
        began = time.monotonic()
        assert (await alone("say", "/lifeboat help", **access)).status == 0
        assert time.monotonic() - began < 25


async def test_what_is_written_is_for_its_own_user_alone(alone: Shell) -> None:
    assert (await alone("migrate")).status == 0
    assert (await alone("say", "/lifeboat help")).status == 0
    data = alone.folder / "data"
    written = [data, *data.rglob("*")]
    assert len(written) > 4
    assert [path for path in written if path.stat().st_mode & 0o077] == []


async def test_a_read_only_vault_is_told_before_anything_is_asked(shell: Shell, simulator: Simulator) -> None:
    vault = shell.folder / "data" / "vault"
    vault.parent.mkdir()
    vault.write_text("a file where the folder should be")
    before = simulator.exports.latest("snapshotExport")
    done = await shell("say", "/backup export")
    assert done.status == 1
    assert "Traceback" not in done.out + done.err
    assert simulator.exports.latest("snapshotExport") == before


async def test_the_runbook_is_written_with_nothing_set_up(alone: Shell) -> None:
    done = await alone("runbook")
    assert done.status == 0
    assert done.out.startswith("# ")
    assert "support@convex.dev" in done.out
    one = await alone("runbook", "contacts")
    assert one.status == 0
    assert len(one.out) < len(done.out) / 4
    assert (await alone("runbook", "nonsense")).status == 1


async def test_the_shipped_plan_is_printed_as_it_is(alone: Shell) -> None:
    done = await alone("plan")
    assert done.out == SHIPPED.read_text("utf-8")


async def test_a_file_is_verified_offline_with_the_promised_exit_status(shell: Shell, alone: Shell) -> None:
    assert (await shell("say", "/backup export")).status == 0
    copy = next((shell.folder / "data" / "vault").rglob("*.zip"))
    sound = await alone("verify", str(copy), "--json")
    assert (sound.status, sound.json["verdict"]) == (0, "sound")
    cut = shell.folder / "cut.zip"
    shutil.copy(copy, cut)
    with cut.open("r+b") as file:
        file.truncate(copy.stat().st_size - 100)
    assert (await alone("verify", str(cut))).status == 2
    assert (await alone("verify", str(shell.folder / "nowhere.zip"))).status == 2


async def test_a_data_folder_that_cannot_be_one_is_told(alone: Shell) -> None:
    (alone.folder / "data").write_text("a file where the folder should be")
    done = await alone("doctor")
    assert done.status == 1
    assert "cannot be used" in done.err
    assert "Traceback" not in done.err


async def test_a_database_that_is_none_is_told(alone: Shell) -> None:
    (alone.folder / "data").mkdir()
    (alone.folder / "data" / "lifeboat.db").write_text("nothing that SQLite would know" * 10)
    done = await alone("say", "/backup status")
    assert done.status == 1
    assert "is not a database" in done.err
    assert "Traceback" not in done.err
