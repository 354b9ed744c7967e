"""Knows how to run the real Convex command line against a simulated deployment. Knows nothing of what it should do."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    """How a command ended; `out` is its data, `err` what it told people."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class ConvexCli:
    """`npx convex` in a project folder of its own, pointed at one deployment."""

    folder: Path
    url: str
    key: str

    @classmethod
    def in_project(cls, folder: Path, url: str, key: str) -> "ConvexCli":
        """Make the least project that the command line accepts."""
        (folder / "package.json").write_text('{"dependencies": {"convex": "1.48.0"}}')
        (folder / "node_modules").symlink_to(ROOT / "tests" / "node" / "node_modules")
        return cls(folder, url, key)

    async def __call__(self, *arguments: str, **environment: str) -> Outcome:
        """Run one command to its end."""
        process = await self._start(arguments, environment)
        try:
            out, err = await asyncio.wait_for(process.communicate(), TIMEOUT_SECONDS)
        finally:
            await _end(process)
        assert process.returncode is not None
        return Outcome(process.returncode, out.decode(), err.decode())

    @asynccontextmanager
    async def following(self, *arguments: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
        """Run a command that never ends by itself; gives what reads its next line."""
        process = await self._start(arguments, {})
        assert process.stdout is not None
        out = process.stdout

        async def next_line() -> str:
            return (await asyncio.wait_for(out.readline(), TIMEOUT_SECONDS)).decode()

        try:
            yield next_line
        finally:
            await _end(process)

    async def _start(self, arguments: tuple[str, ...], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
        found = json.loads((ROOT / ".cache" / "node.json").read_bytes())
        return await asyncio.create_subprocess_exec(
            found["node"],
            found["convex"],
            *arguments,
            cwd=self.folder,
            env={
                "HOME": str(self.folder),
                "PATH": os.defpath,
                "CI": "1",
                "NO_COLOR": "1",
                "CONVEX_SELF_HOSTED_URL": self.url,
                "CONVEX_SELF_HOSTED_ADMIN_KEY": self.key,
                **environment,
            },
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()
