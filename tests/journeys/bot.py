"""The bot as a process of its own, to be started, killed and started again on the same data."""

import asyncio
import json
import os
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from tests.waiting import until

ROOT = Path(__file__).parents[2]


class Bot:
    """`lifeboat run` with settings of its own. It is up when it says that it is ready: every platform connected."""

    def __init__(self, folder: Path, port: int, settings: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = folder / "bot.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIFEBOAT_", "DATABASE_URL"))}
        own = {"LIFEBOAT_DATA": str(folder / "data"), "PORT": str(port), "LIFEBOAT_LOG_JSON": "true"}
        self._environment = {**kept, **own, **settings}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> str:
        """All that it and its predecessors wrote."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def pid(self) -> int:
        """The process that runs now."""
        assert self._process is not None
        return self._process.pid

    async def start(self, *, ready: bool = True) -> None:
        """Start it, and wait until it is ready, or else only until it answers."""
        with self._log.open("a") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bot", "run"), cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )
        await until(self.is_ready if ready else self._is_alive, within=60)

    async def is_ready(self) -> bool:
        """Whether readiness says so; a process that ended is a failure."""
        return await self._answers("/readyz")

    async def _is_alive(self) -> bool:
        return await self._answers("/healthz")

    async def _answers(self, path: str) -> bool:
        assert self._process is not None and self._process.returncode is None, self.log
        return await asyncio.to_thread(_is_well, f"{self.url}{path}")

    async def troubles(self) -> dict[str, str]:
        """What readiness says of whatever is not well."""
        told = json.loads(await asyncio.to_thread(_read, f"{self.url}/readyz"))
        return {name: said for name, said in told["checks"].items() if said != "ok"}

    async def metrics(self) -> str:
        """Its metrics, as Prometheus reads them."""
        return await asyncio.to_thread(_read, f"{self.url}/metrics")

    async def kill(self) -> None:
        """SIGKILL, as a crash."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM, as a deploy."""
        await self._end(signal.SIGTERM)

    async def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.send_signal(how)
        status = await asyncio.wait_for(process.wait(), 30)
        assert status in (0, -signal.SIGKILL), self.log


def _is_well(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return bool(response.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _read(url: str) -> str:
    """A page, also one that says that something is not well."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return str(response.read().decode())
    except urllib.error.HTTPError as unwell:
        return unwell.read().decode()
