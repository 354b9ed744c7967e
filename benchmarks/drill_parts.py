"""Where the time of a whole test of the backups goes, step by step, and how much memory the bot needs for it.

The bot is a process of its own with Slack, Discord and the page, and the simulator another: what each of them has
computed is told apart; the rest was waited. The time that people take to answer is left out.
"""

import asyncio
import os
import tempfile
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from benchmarks.exports import CACHE
from bot.domain.checklist import Move
from bot.domain.drill_events import ImportAgreed, ImportPlanned
from bot.domain.incident_events import Event, Started, StepMoved
from tests.shown_drill import Played, play, stage

LOOK_EVERY = 0.1
BYTES_OF_PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


class Look(NamedTuple):
    """What had been computed by a moment, in seconds of CPU, and held then, in bytes."""

    at: float
    simulator: float
    bot: float
    held: int
    held_alone: int


class Part(NamedTuple):
    """A stretch of a test, from when until when."""

    title: str
    begun: datetime
    ended: datetime


def main(megabytes: int) -> str:
    """The table for so many megabytes of JSON, as Markdown."""
    # Its data are kept where the next run looks for them: making them takes longer than reading.
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder:
        (CACHE / "convex").mkdir(parents=True, exist_ok=True)
        (Path(folder) / "convex").symlink_to(CACHE / "convex", target_is_directory=True)
        played, looks = asyncio.run(_played(megabytes, Path(folder)))
    return _table(megabytes, parts(played.events), looks)


async def _played(megabytes: int, folder: Path) -> tuple[Played, list[Look]]:
    async with stage(megabytes, folder) as played:
        [simulator] = [one for one in _children(os.getpid()) if "bot.simulator" in _command(one)]
        with _watched(simulator, played.bot.pid) as looks:
            await play(played, folder)
    return played, looks


def parts(events: Sequence[Event]) -> list[Part]:
    """The steps by what was done in them: those of an import are told apart, and nobody's answer is waited for."""
    found: list[Part] = []
    title, begun = "", events[0].at
    step_titles = {one.key: one.title for one in _started(events).checklist}
    for before, event in pairwise(events):
        body = event.body
        if isinstance(body, StepMoved) and body.move is Move.START:
            title, begun = step_titles[body.step], event.at
        elif isinstance(body, StepMoved) and body.move is Move.FINISH and title:
            found.append(Part(title, begun, event.at))
            title = ""
        elif isinstance(body, ImportPlanned):
            found.append(Part(f"{title}: until the dry run is shown", begun, event.at))
        elif isinstance(body, ImportAgreed) or (isinstance(before.body, ImportPlanned) and before.body.put_back):
            title, begun = f"{title}: import", event.at if isinstance(body, ImportAgreed) else before.at
    return found


def _started(events: Sequence[Event]) -> Started:
    assert isinstance(events[0].body, Started)
    return events[0].body


def _table(megabytes: int, found: Sequence[Part], looks: Sequence[Look]) -> str:
    lines = [
        f"### A whole test of {megabytes} MB of JSON, without waiting for people",
        "",
        "| step | s | CPU of the simulator s | CPU of the bot and its checks s | waited, for a core too s |",
        "|---|---:|---:|---:|---:|",
    ]
    sums = [0.0] * 4
    for part in found:
        before, after = _at(looks, part.begun), _at(looks, part.ended)
        wall = (part.ended - part.begun).total_seconds()
        simulator, bot = after.simulator - before.simulator, after.bot - before.bot
        row = (wall, simulator, bot, max(0.0, wall - simulator - bot))
        sums = [one + another for one, another in zip(sums, row, strict=True)]
        lines.append(f"| {part.title} | {' | '.join(f'{one:.1f}' for one in row)} |")
    lines.append(f"| **all** | {' | '.join(f'**{one:.1f}**' for one in sums)} |")
    most, alone = max(one.held for one in looks) / 1e6, max(one.held_alone for one in looks) / 1e6
    idle = looks[0].held_alone / 1e6
    lines += ["", f"The bot held {idle:.0f} MB before, {alone:.0f} MB at most, and {most:.0f} MB with its checks."]
    return "\n".join(lines)


def _at(looks: Sequence[Look], moment: datetime) -> Look:
    place = bisect_left([one.at for one in looks], moment.timestamp())
    return looks[min(place, len(looks) - 1)]


# --- processes ----------------------------------------------------------------------------------------------------


@contextmanager
def _watched(simulator: int, bot: int) -> Iterator[list[Look]]:
    looks: list[Look] = []
    over = threading.Event()

    def watch() -> None:
        while True:
            held = {one: _held(one) for one in _family(bot)}
            looks.append(Look(time.time(), _computed(simulator), _computed(bot), sum(held.values()), held.get(bot, 0)))
            if over.wait(LOOK_EVERY):
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield looks
    finally:
        over.set()
        watcher.join()


def _computed(pid: int) -> float:
    """Seconds of CPU of a process, of those it has started, and of those of them that have ended."""
    ticks = 0
    for one in _family(pid):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += sum(int(each) for each in fields[11:15])
    return ticks / TICKS


def _held(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * BYTES_OF_PAGE
    except OSError:
        return 0


def _family(pid: int) -> list[int]:
    return [pid, *(one for child in _children(pid) for one in _family(child))]


def _children(pid: int) -> list[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        return [int(one) for task in tasks for one in (task / "children").read_text().split()]
    except OSError:
        return []


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
