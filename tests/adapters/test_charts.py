"""Charts drawn by a child process: both forms, in time, and what happens when it dies, hangs or is given nonsense."""

import asyncio
import os
import stat
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bot.adapters.charts import VegaCharts
from bot.domain.errors import Outage
from tests.waiting import until

SPEC = {
    "data": {"values": [{"at": f"2026-11-22T0{hour}:00:00Z", "errors": hour} for hour in range(9)]},
    "mark": "bar",
    "width": 200,
    "height": 100,
    "padding": 5,
    "encoding": {
        "x": {"field": "at", "type": "temporal", "axis": None},
        "y": {"field": "errors", "type": "quantitative", "axis": None},
    },
}


def program(folder: Path, script: str) -> str:
    """A program to be run in Python's place."""
    file = folder / "python"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return str(file)


async def test_a_chart_is_drawn_as_png_in_twice_its_size_and_as_svg() -> None:
    charts = VegaCharts()
    png = await charts.png(SPEC)
    assert png.startswith(b"\x89PNG\r\n")
    assert struct.unpack(">II", png[16:24]) == (420, 220)
    svg = await charts.svg(SPEC)
    assert svg.startswith("<svg") and 'width="210" height="110"' in svg


async def test_drawing_leaves_the_event_loop_free() -> None:
    # The best of three: what else runs on the machine may hold up one of them.
    pauses = [await longest_pause_while_drawing() for _ in range(3)]
    assert min(pauses) < 0.05


def test_the_library_is_not_loaded_with_the_adapter() -> None:
    code = "import sys, bot.adapters.charts as charts; charts.connect(); print('vl_convert' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"


async def test_a_specification_that_is_none_is_an_outage_with_the_reason() -> None:
    with pytest.raises(Outage, match="could not be drawn"):
        await VegaCharts().png({"mark": "nonsense"})


async def test_nothing_is_fetched_for_a_chart() -> None:
    with pytest.raises(Outage, match="not allowed"):
        await VegaCharts().svg({**SPEC, "data": {"url": "http://127.0.0.1:9/numbers.json"}})


async def test_a_drawing_that_is_killed_is_an_outage_and_the_next_one_works() -> None:
    charts = VegaCharts()
    drawing = asyncio.create_task(charts.png(SPEC))
    await until(drawing_processes)
    os.kill(drawing_processes()[0], 9)
    with pytest.raises(Outage, match="could not be drawn"):
        await drawing
    assert await charts.png(SPEC)


async def test_a_drawing_that_hangs_is_ended_in_time_and_leaves_no_process(tmp_path: Path) -> None:
    charts = VegaCharts(python=program(tmp_path, "sleep 60"), seconds=0.3)
    began = time.perf_counter()
    with pytest.raises(Outage, match="not done after"):
        await charts.png(SPEC)
    assert time.perf_counter() - began < 5
    assert not drawing_processes()


async def test_a_drawing_that_nobody_waits_for_any_more_is_ended(tmp_path: Path) -> None:
    drawing = asyncio.create_task(VegaCharts(python=program(tmp_path, "sleep 60")).png(SPEC))
    await until(drawing_processes)
    drawing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await drawing
    assert not drawing_processes()


async def test_where_no_process_can_be_started_it_is_an_outage(tmp_path: Path) -> None:
    with pytest.raises(Outage, match="no process could be started"):
        await VegaCharts(python=str(tmp_path / "none")).png(SPEC)


async def longest_pause_while_drawing() -> float:
    """How long the event loop was kept from going on, in seconds."""
    longest, ended = 0.0, asyncio.Event()

    async def beat() -> None:
        nonlocal longest
        while not ended.is_set():
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began)

    beating = asyncio.create_task(beat())
    await VegaCharts().png(SPEC)
    ended.set()
    await beating
    return longest


def drawing_processes() -> list[int]:
    """The children of this process that draw and still run; other tests of this process have children of their own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z" and b"bot.adapters.charts" in words:
            found.append(int(folder.name))
    return found
