"""Work on what people asked lets go first what still comes in, and is done a little at a time."""

import asyncio
import time

from bot import turns
from bot.turns import Turns
from tests.waiting import until


async def test_work_begins_once_nothing_more_comes_in() -> None:
    every, came, begun = Turns(), list[float](), list[float]()

    async def work() -> None:
        came.append(time.monotonic())
        async with every.next():
            begun.append(time.monotonic())

    async with asyncio.TaskGroup() as tasks:
        for _ in range(20):
            tasks.create_task(work())
            await asyncio.sleep(0.002)
    assert len(begun) == 20
    assert begun[0] - max(one for one in came if one < begun[0]) >= turns.LULL * 0.9


async def test_work_begins_in_the_end_though_more_comes_in_without_a_pause() -> None:
    every, asked, begun = Turns(), time.monotonic(), list[float]()

    async def work() -> None:
        async with every.next():
            begun.append(time.monotonic())

    async with asyncio.TaskGroup() as tasks:
        waiting = set[asyncio.Task[None]]()
        while not begun and time.monotonic() < asked + 10 * turns.PATIENCE:
            waiting.add(tasks.create_task(work()))
            await asyncio.sleep(turns.LULL / 2)
        for one in waiting:
            one.cancel()
    assert begun[0] - asked < 3 * turns.PATIENCE


async def test_no_lull_is_waited_for_before_each_that_came_in_one_burst() -> None:
    every, begun = Turns(), list[float]()

    async def work() -> None:
        async with every.next():
            begun.append(time.monotonic())

    asked = time.monotonic()
    await asyncio.gather(*(work() for _ in range(20)))
    assert begun[0] - asked >= turns.LULL * 0.9
    assert begun[-1] - asked < 20 * turns.LULL


async def test_what_waits_for_somebody_else_holds_up_no_more_than_its_own_turn() -> None:
    every, over, working = Turns(), asyncio.Event(), 0

    async def work() -> None:
        nonlocal working
        async with every.next():
            working += 1
            await over.wait()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(turns.AT_ONCE + 5):
            tasks.create_task(work())
        await until(lambda: working == turns.AT_ONCE)
        await asyncio.sleep(5 * turns.LULL)
        assert working == turns.AT_ONCE
        over.set()
    assert working == turns.AT_ONCE + 5
