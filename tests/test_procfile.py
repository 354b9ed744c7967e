"""The Procfile, under a real process manager: tables first, then the bot with its health on PORT."""

import asyncio
import json
import os
import signal
import socket
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.waiting import until

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent


def _environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIFEBOAT_", "DATABASE_URL"))}
    return {**kept, "PATH": f"{BIN}{os.pathsep}{kept['PATH']}", "LIFEBOAT_DATA": str(folder / "data"), **more}


async def _honcho(folder: Path, *arguments: str, **more: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "honcho", "-f", str(ROOT / "Procfile"), *arguments),
        cwd=folder,
        env=_environment(folder, **more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )


async def test_the_release_makes_the_tables_and_ends(tmp_path: Path) -> None:
    done = await _honcho(tmp_path, "start", "release")
    out, _ = await asyncio.wait_for(done.communicate(), 60)
    assert done.returncode == 0, out.decode()
    assert b"up to date" in out
    assert (tmp_path / "data" / "lifeboat.db").exists()


async def test_the_web_process_serves_health_on_its_port_and_no_page_without_tokens(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    web = await _honcho(tmp_path, "start", "web", PORT=str(port))
    try:

        async def ready() -> bool:
            status, said = await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/readyz")
            return status == 200 and json.loads(said)["ready"] is True

        await until(ready, within=60)
        assert (await asyncio.to_thread(_get, f"http://127.0.0.1:{port}/"))[0] == 404
    finally:
        os.killpg(web.pid, signal.SIGTERM)
        await asyncio.wait_for(web.wait(), 30)


def _get(url: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError:
        return 0, b""
