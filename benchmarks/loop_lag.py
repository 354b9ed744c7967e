"""Measures how late the event loop is while an export of 500 MB is checked, against the same loop idle."""

import asyncio
import statistics
from collections.abc import Coroutine
from time import perf_counter

from benchmarks.exports import export_of
from bot.domain.snapshot import Expectations, Progress
from bot.snapshots.runner import verify

MEGABYTES = 500
ROUNDS = 3
TICK = 0.005


def main() -> str:
    """Run a few rounds and give a Markdown table of milliseconds."""
    path = export_of(MEGABYTES)

    async def idle() -> None:
        await asyncio.sleep(2)

    async def hear(_: Progress) -> None:
        pass

    async def check() -> None:
        await verify(path, Expectations(), hear)

    idle_lags, busy_lags = [], []
    for _ in range(ROUNDS):
        idle_lags.append(asyncio.run(_lags(idle())))
        busy_lags.append(asyncio.run(_lags(check())))
    lines = ["| while | p50 ms | p99 ms | max ms (each round) |", "|---|---|---|---|"]
    for name, rounds in (("idle", idle_lags), (f"checking {MEGABYTES} MB", busy_lags)):
        every = sorted(lag for lags in rounds for lag in lags)
        worst = " · ".join(f"{max(lags) * 1000:.1f}" for lags in rounds)
        p50, p99 = statistics.median(every) * 1000, every[int(len(every) * 0.99)] * 1000
        lines.append(f"| {name} | {p50:.2f} | {p99:.2f} | {worst} |")
    return "\n".join(lines)


async def _lags(work: Coroutine[None, None, None]) -> list[float]:
    """How much later than asked for each tick came, in seconds, until the work is done."""
    task = asyncio.ensure_future(work)
    lags = []
    while not task.done():
        before = perf_counter()
        await asyncio.sleep(TICK)
        lags.append(perf_counter() - before - TICK)
    await task
    return lags


if __name__ == "__main__":
    print(main())
