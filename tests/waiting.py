"""Waiting for what other tasks and processes do."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def until(said: Callable[[], Any], *, within: float = 20, apart: float = 0.1) -> None:
    """Wait until a function, plain or async, gives something true. Raises TimeoutError after `within` seconds.

    `apart` is how long it rests at most between two looks.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(within):
        while True:
            holds = said()
            if inspect.isawaitable(holds):
                holds = await holds
            if holds:
                return
            # The longer it takes, the more rarely: to ask costs time that what is waited for would need.
            await asyncio.sleep(min(apart, max(0.01, (loop.time() - began) / 10)))
