"""How quickly `/backup status` answers 50 people at once, how long a start takes, and what an idle bot holds.

Against: the same work of the store (the delivery's claim and every read) without a command around it; a Python that
only imports the libraries.
"""

import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from bot.app import running
from bot.domain.people import Person, PersonId
from bot.domain.plan import load
from bot.house import Place
from bot.operations import conditions, overview, reminding
from bot.router import Request, Said
from bot.settings import Settings
from bot.store import deliveries, operations, service_status

AT_ONCE = 50
ROUNDS = 20
STARTS = 5
PLAN = Path(__file__).parent.parent / "bot" / "plan.toml"
IMPORTS = "import aiohttp, alembic, dbos, httpx, numpy, pydantic_settings, rich, sqlalchemy.ext.asyncio, structlog"


def main() -> str:
    """The three tables, as Markdown."""
    return "\n\n".join((asyncio.run(_status()), _start()))


async def _status() -> str:
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            settings = Settings(_env_file=None, data=Path(folder))
            here = await stack.enter_async_context(running(settings, load(PLAN.read_text("utf-8")), sweeping=False))
            asker = Person(PersonId("bench"), "Bench")
            numbers = iter(range(10**9))

            async def say() -> None:
                place = Place("web", "bench")
                reply = await here.router.handle(
                    Request(f"bench:{next(numbers)}", asker, place, Said("/backup status"))
                )
                assert reply.ok

            async def read() -> None:
                async with here.house.database.write() as db:
                    await deliveries.claim(db, f"floor:{next(numbers)}", here.house.clock.now())
                async with here.house.database.read() as db:
                    plan, now = here.house.plan, here.house.clock.now()
                    await conditions.watched(db, here.house, plan.real, now)
                    await overview.last_failures(db, plan.real)
                    await service_status.get(db, here.house.status_page.url)
                    await operations.unended(db)
                    await reminding.year_of(db, plan, now)

            ours, floor = await _at_once(say), await _at_once(read)
            for _ in range(2):
                ours += await _at_once(say)
                floor += await _at_once(read)
    rows = [("`/backup status`, whole path of a request", ours), ("the store's part of it alone", floor)]
    lines = ["| 50 at once | p50 ms | p99 ms | p50 ratio |", "|---|---|---|---|"]
    base = statistics.median(floor)
    for name, times in rows:
        p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
        lines.append(f"| {name} | {p50 * 1000:.1f} | {p99 * 1000:.1f} | {p50 / base:.2f} |")
    return "\n".join(lines)


async def _at_once(call: Callable[[], Awaitable[None]]) -> list[float]:
    async def timed() -> float:
        begun = time.perf_counter()
        await call()
        return time.perf_counter() - begun

    times: list[float] = []
    for _ in range(ROUNDS):
        times += await asyncio.gather(*(timed() for _ in range(AT_ONCE)))
    return times


def _start() -> str:
    starts, imports, memory, floor = [], [], [], []
    for _ in range(STARTS):
        seconds, kilobytes = _ready()
        starts.append(seconds)
        memory.append(kilobytes)
        seconds, kilobytes = _imported()
        imports.append(seconds)
        floor.append(kilobytes)
    start, imported = statistics.median(starts), statistics.median(imports)
    held, bare = statistics.median(memory), statistics.median(floor)
    return "\n".join(
        (
            "| `lifeboat run` | bot | only the imports | ratio |",
            "|---|---|---|---|",
            f"| start to ready, s | {start:.2f} | {imported:.2f} | {start / imported:.2f} |",
            f"| memory when idle, MB | {held / 1000:.0f} | {bare / 1000:.0f} | {held / bare:.2f} |",
        )
    )


def _ready() -> tuple[float, float]:
    """Seconds until /readyz says yes, and the resident kilobytes two seconds later."""
    with tempfile.TemporaryDirectory() as folder:
        port = "18765"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LIFEBOAT_")}
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "run"],
            env={**kept, "LIFEBOAT_DATA": folder, "PORT": port},
            stderr=subprocess.DEVNULL,
        )
        try:
            while True:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1)
                    break
                except (urllib.error.URLError, OSError):
                    if time.perf_counter() - begun > 60:
                        raise
                    time.sleep(0.02)
            seconds = time.perf_counter() - begun
            time.sleep(2)
            return seconds, _resident(process.pid)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _imported() -> tuple[float, float]:
    program = f"{IMPORTS}\nprint(open('/proc/self/status').read())"
    begun = time.perf_counter()
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    return time.perf_counter() - begun, _vmrss(shown)


def _resident(pid: int) -> float:
    return _vmrss(Path(f"/proc/{pid}/status").read_text())


def _vmrss(status: str) -> float:
    return float(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])
