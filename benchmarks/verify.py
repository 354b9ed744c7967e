"""Measures how fast an export is checked, against tools that people have, on the same file in the same minutes.

Every round runs each way once, so that a busy minute hits all of them. MB/s are of inflated bytes. Ours runs niced, as
it does in the bot; on an idle machine that changes nothing.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.exports import CACHE, export_of, inflated
from benchmarks.measure import Cost, median, run

BASE = "`unzip -t`"
OURS = "**lifeboat, all checks, SHA-256**"
# jq takes minutes beyond this; set LIFEBOAT_BENCH_JQ=1 to wait for it.
LARGEST_FOR_JQ = 600
SYNTAX = "unzip -p {} '*documents.jsonl' | jq -c . | wc -l"

Way = Callable[[], Cost]


def main(sizes: list[int]) -> str:
    """Measure each size in MB and give Markdown tables."""
    return "\n\n".join(_table(size) for size in sizes)


def _table(megabytes: int) -> str:
    path = export_of(megabytes)
    size = inflated(path)
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        costs = _rounds(_ways(path, Path(folder), megabytes), megabytes)
    base = costs[BASE].wall
    lines = [
        f"### {size / 1e6:,.0f} MB inflated, {path.stat().st_size / 1e6:,.0f} MB packed",
        "",
        "| way | wall s | CPU s | MB/s | speed vs `unzip -t` | peak RSS MB |",
        "|---|---|---|---|---|---|",
    ]
    for name, cost in costs.items():
        lines.append(
            f"| {name} | {cost.wall:.2f} | {cost.cpu:.2f} | {size / 1e6 / cost.wall:,.0f} | "
            f"{base / cost.wall:.2f} | {cost.memory / 1e6:.0f} |"
        )
    if not _wants_jq(megabytes):
        lines.append("\njq was left out at this size (LIFEBOAT_BENCH_JQ=1 asks for it).")
    return "\n".join(lines)


def _wants_jq(megabytes: int) -> bool:
    return megabytes <= LARGEST_FOR_JQ or os.environ.get("LIFEBOAT_BENCH_JQ") == "1"


def _ways(path: Path, folder: Path, megabytes: int) -> dict[str, Way]:
    def unpack() -> Cost:
        shutil.rmtree(folder / "out", ignore_errors=True)
        return run(["unzip", "-qq", "-d", str(folder / "out"), str(path)], allowed=(0, 1))

    ways: dict[str, Way] = {
        BASE: lambda: run(["unzip", "-tqq", str(path)]),
        OURS: lambda: run([sys.executable, "-m", "bot.snapshots", str(path)]),
        "inflate and CRC alone (isal)": lambda: run([sys.executable, "-m", "benchmarks.inflate_only", str(path)]),
        "`unzip` to disk": unpack,
        "DuckDB on the unpacked files": lambda: run(
            [sys.executable, "-m", "benchmarks.duckdb_check", str(folder / "out")]
        ),
    }
    if _wants_jq(megabytes):
        ways["`unzip -p \\| jq -c . \\| wc -l`"] = lambda: run(["sh", "-c", SYNTAX.format(path)])
    return ways


def _rounds(ways: dict[str, Way], megabytes: int) -> dict[str, Cost]:
    rounds = 5 if megabytes <= 100 else 3 if megabytes <= 1000 else 1
    costs: dict[str, list[Cost]] = {name: [] for name in ways}
    for round_number in range(rounds):
        for name, way in ways.items():
            if "jq" in name and megabytes > 100 and round_number:
                continue  # half a minute each: once must do
            costs[name].append(way())
    return {name: median(some) for name, some in costs.items()}


if __name__ == "__main__":
    print(main([int(size) for size in sys.argv[1:]] or [50]))
