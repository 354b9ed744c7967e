"""Knows how often errors come, and whether that is normal again. Knows not who counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

NORMAL = 1.5
"""Up to so many times the errors from before count as normal again."""
TOLERATED = 0.1
"""Errors a minute that are normal in any case: six in an hour."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """Errors counted in the time that begins at `at`."""

    at: datetime
    errors: int


def step_of(counts: Sequence[ErrorCount]) -> timedelta:
    """How long each of them counted, where they are equal steps; a minute for one alone."""
    return counts[1].at - counts[0].at if len(counts) > 1 else MINUTE


def rate(counts: Sequence[ErrorCount]) -> float:
    """Errors a minute; 0 where nothing was counted."""
    if not counts:
        return 0.0
    return sum(count.errors for count in counts) / (step_of(counts) * len(counts) / MINUTE)


def is_normal(before: Sequence[ErrorCount], after: Sequence[ErrorCount]) -> bool:
    """Whether errors are as rare as before again. Where nothing was counted before, a few in an hour are."""
    return bool(after) and rate(after) <= max(rate(before) * NORMAL, TOLERATED)
