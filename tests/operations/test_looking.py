"""What was quick is noticed quickly, and what takes long is seldom asked after."""

import time

import pytest

from bot.operations.looking import Patience, pause


@pytest.mark.parametrize(("waited", "seconds"), [(0, 0.1), (1, 0.1), (5, 0.5), (10, 1), (3600, 1)])
def test_the_longer_it_takes_the_more_rarely_it_is_asked_but_once_a_second_at_least(
    waited: float, seconds: float
) -> None:
    assert pause(waited) == pytest.approx(seconds)


async def test_what_is_done_in_a_moment_is_noticed_in_the_next() -> None:
    patience, begun = Patience(), time.monotonic()
    for _ in range(3):
        await patience.rest()
    assert 0.25 < time.monotonic() - begun < 2.5
