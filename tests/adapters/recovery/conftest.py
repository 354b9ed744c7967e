"""The stand-ins on a real socket, with builds and runs that a test can wait for."""

from collections.abc import AsyncIterator

import pytest

from bot.simulator.neighbours import Neighbours


class Naps:
    """Waiting without waiting: how long each wait would have been."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.taken.append(seconds)


@pytest.fixture
def naps() -> Naps:
    return Naps()


@pytest.fixture
async def neighbours() -> AsyncIterator[Neighbours]:
    async with Neighbours(build_seconds=0.2, run_seconds=0.2) as neighbours:
        yield neighbours
