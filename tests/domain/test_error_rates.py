"""Whether errors are back to normal."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.error_rates import ErrorCount, is_normal, rate

START = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def counted(first: int, *errors: int, step: timedelta = MINUTE) -> list[ErrorCount]:
    return [ErrorCount(START + MINUTE * first + step * at, one) for at, one in enumerate(errors)]


@pytest.mark.parametrize(
    ("before", "after", "normal"),
    [
        ((2, 2), (3, 3), True),
        ((2, 2), (3, 4), False),
        ((0, 0), (0, 0), True),
        ((0, 0), (1, 1), False),
        ((), (0, 0, 0, 0, 0, 0, 0, 0, 0, 1), True),
        ((), (1, 1), False),
        ((2, 2), (), False),
    ],
)
def test_half_as_many_again_and_a_few_in_an_hour_are_normal(
    before: tuple[int, ...], after: tuple[int, ...], normal: bool
) -> None:
    assert is_normal(counted(0, *before), counted(10, *after)) is normal


def test_errors_are_told_by_the_minute_whatever_they_were_counted_in() -> None:
    assert rate(counted(0, 10, 20, step=timedelta(minutes=5))) == 3
    assert rate(counted(0, 7)) == 7
    assert rate(()) == 0
