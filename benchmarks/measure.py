"""Knows how to measure a command: time, CPU, memory of it and all it starts. Knows nothing of what it does."""

import os
import signal
import statistics
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

LOOK_EVERY = 0.02


class Cost(NamedTuple):
    """What one run took: seconds, seconds of CPU, and the most bytes that all its processes held together."""

    wall: float
    cpu: float
    memory: int


def run(command: Sequence[str], *, allowed: tuple[int, ...] = (0,)) -> Cost:
    """Run a command to its end, its output going nowhere. Raises RuntimeError for another exit status."""
    started = perf_counter()
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    over = threading.Event()
    seen = [0]
    watcher = threading.Thread(target=_watch, args=(process.pid, over, seen))
    watcher.start()
    try:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        wall = perf_counter() - started
        over.set()
        watcher.join()
    if process.returncode not in allowed:
        raise RuntimeError(f"{' '.join(command)} gave exit status {process.returncode}")
    return Cost(wall, used.ru_utime + used.ru_stime, seen[0])


def median(costs: Sequence[Cost]) -> Cost:
    """Medians of the times, and the most memory of any run."""
    return Cost(
        statistics.median(cost.wall for cost in costs),
        statistics.median(cost.cpu for cost in costs),
        max(cost.memory for cost in costs),
    )


def _watch(pid: int, over: threading.Event, seen: list[int]) -> None:
    while not over.wait(LOOK_EVERY):
        seen[0] = max(seen[0], _memory(pid))


def _memory(pid: int) -> int:
    """The peaks so far of a process and all its living descendants, added up.

    The kernel's own `ru_maxrss` would not do: it starts at what the process that forked held.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    peak = next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)
    return peak + sum(_memory(int(child)) for child in children)
