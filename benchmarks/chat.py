"""How long Slack and Discord wait for the acknowledgement of `/backup status`, while a 500 MB copy is being checked.

Against: a bot that is nothing but Bolt and discord.py and only acknowledges. Both are asked on both platforms at once,
by emulated platforms that are processes of their own; the copy is checked in a process of its own for both.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.exports import export_of

MEGABYTES = 500
APART, REST = 150, 0.03
IN_A_ROW = 500
AT_ONCE, OF = 50, 500
READY_SECONDS = 60
LINE = "/backup status"
BARE, OURS = "bare Bolt and discord.py", "**lifeboat**"

Numbers = dict[tuple[str, str], list[float]]


def main() -> str:
    """The table, as Markdown."""
    checked = export_of(MEGABYTES)
    measured: dict[str, Numbers] = {BARE: {}, OURS: {}}
    memory: dict[str, float] = {}
    for _ in range(2):
        for name, numbers in measured.items():
            with _platforms() as places, _bot(name, places) as process, _checking(checked):
                for key, times in asyncio.run(_asked(places)).items():
                    numbers.setdefault(key, []).extend(times)
                memory[name] = _resident(process.pid)
    lines = [
        "| acknowledged after | platform | bot | p50 ms | p99 ms | longest ms | p50 ratio |",
        "|---|---|---|" + "---|" * 4,
    ]
    for how, platform in measured[BARE]:
        base = statistics.median(measured[BARE][how, platform])
        for name, numbers in measured.items():
            times = numbers[how, platform]
            p50, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
            lines.append(
                f"| {how} | {platform} | {name} | {p50:.1f} | {p99:.1f} | {max(times):.1f} | {p50 / base:.2f} |"
            )
    held = ", ".join(f"{name} {kilobytes / 1000:.0f} MB" for name, kilobytes in memory.items())
    return "\n".join((*lines, "", f"Memory with both connected, after all that: {held}."))


async def _asked(places: dict[str, dict[str, Any]]) -> Numbers:
    numbers: Numbers = {}
    ways = (
        (f"{REST * 1000:.0f} ms apart", APART, 1, REST),
        ("in a row", IN_A_ROW, 1, 0.0),
        (f"{AT_ONCE} at once", OF, AT_ONCE, 0.0),
    )
    for how, n, concurrency, rest in ways:
        both = await asyncio.gather(
            *(asyncio.to_thread(_ask, platform, about, n, concurrency, rest) for platform, about in places.items())
        )
        numbers |= {(how, platform): times for platform, times in zip(places, both, strict=True)}
    return numbers


def _ask(platform: str, about: dict[str, Any], n: int, concurrency: int, rest: float) -> list[float]:
    if platform == "discord":
        url, asked = (
            f"{about['control']}/interactions",
            {"command": LINE, "n": n, "concurrency": concurrency, "rest": rest},
        )
    else:
        url, asked = f"{about['control']}/slash", {"text": LINE, "n": n, "concurrency": concurrency, "rest": rest}
    request = urllib.request.Request(url, json.dumps(asked).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        told = json.load(response)
    if told.get("late"):
        raise RuntimeError(f"{told['late']} were never acknowledged on {platform}")
    return [float(one) for one in told["milliseconds"]]


@contextmanager
def _platforms() -> Iterator[dict[str, dict[str, Any]]]:
    running = {
        name: subprocess.Popen([sys.executable, "-m", f"tests.emulators.{name}"], stdout=subprocess.PIPE, text=True)
        for name in ("slack", "discord")
    }
    try:
        yield {name: json.loads(process.stdout.readline()) for name, process in running.items() if process.stdout}
    finally:
        for process in running.values():
            process.terminate()
            process.wait(20)


@contextmanager
def _bot(name: str, places: dict[str, dict[str, Any]]) -> Iterator[subprocess.Popen[bytes]]:
    slack, discord = places["slack"], places["discord"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LIFEBOAT_", "DATABASE_URL"))}
    with tempfile.TemporaryDirectory() as folder:
        settings = {
            "LIFEBOAT_DATA": folder,
            "LIFEBOAT_SLACK__BOT_TOKEN": slack["bot_token"],
            "LIFEBOAT_SLACK__APP_TOKEN": slack["app_token"],
            "LIFEBOAT_SLACK__API": slack["api"],
            "LIFEBOAT_DISCORD__TOKEN": discord["token"],
            "LIFEBOAT_DISCORD__GUILD": discord["guild"],
            "LIFEBOAT_DISCORD__API": discord["api"],
            "LIFEBOAT_DISCORD__GATEWAY": discord["gateway"],
        }
        command = ["-m", "bot", "run"] if name == OURS else ["-m", "benchmarks.bare_bot", json.dumps(places)]
        process = subprocess.Popen(
            [sys.executable, *command],
            env={**kept, **(settings if name == OURS else {})},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_until_both_answer(places)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def _wait_until_both_answer(places: dict[str, dict[str, Any]]) -> None:
    until = time.monotonic() + READY_SECONDS
    for platform, about in places.items():
        while not _is_connected(platform, about["control"]):
            if time.monotonic() > until:
                raise TimeoutError(f"no bot came to {platform}")
            time.sleep(0.1)
        _ask(platform, about, 20, 1, 0.0)  # what is done once for each process is not what is measured


def _is_connected(platform: str, control: str) -> bool:
    with urllib.request.urlopen(control, timeout=10) as response:
        told = json.load(response)
    return bool(told["commands"] and told["sessions"]) if platform == "discord" else told["sockets"] > 0


@contextmanager
def _checking(path: Path) -> Iterator[None]:
    """Somebody's copy is checked, again and again, as the bot has it done: by a process that leads its own session.

    Only as the leader of one it is nice to the others: Linux shares the processor out by session.
    """
    over = threading.Event()

    def check() -> None:
        while not over.is_set():
            with subprocess.Popen(
                [sys.executable, "-m", "bot.snapshots", str(path)], stdout=subprocess.DEVNULL, start_new_session=True
            ) as process:
                while process.poll() is None and not over.wait(0.1):
                    pass
                process.kill()

    checking = threading.Thread(target=check)
    checking.start()
    try:
        yield
    finally:
        over.set()
        checking.join()


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return float(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])
