"""Waiting for what other tasks and processes do."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any


async def until(said: Callable[[], Any], *, within: float = 20) -> None:
    """Wait until a function, plain or async, gives something true. Raises TimeoutError after `within` seconds."""
    async with asyncio.timeout(within):
        while True:
            holds = said()
            if inspect.isawaitable(holds):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(0.01)
