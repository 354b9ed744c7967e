"""The test log as cards, made by the real view of tests that were really lived through, and of missed ones."""

from collections.abc import Iterator
from datetime import timedelta

from bot.chat.cards import Card
from bot.domain import drill_log
from bot.domain.calendar import Occasion, Standing
from bot.domain.drill_log import Row
from bot.views.drill_log import PAGE, log_card
from tests.domain.test_health import PLAN
from tests.views.drill_stages import Q4, cancelled, failed, partial, passed, rehearsal, running

QUARTER = timedelta(days=91)


def rows() -> tuple[Row, ...]:
    """Each way a test can end, one that was missed, and one that is open."""
    courses = (
        passed(Q4 - 4 * QUARTER, "2025-Q4"),
        partial(Q4 - 3 * QUARTER, "2026-Q1"),
        cancelled(Q4 - 2 * QUARTER - timedelta(days=3), "2026-Q2"),
        failed(Q4 - QUARTER, "2026-Q3"),
        running(Q4),
    )
    missed = Occasion("2026-Q2", Q4 - 2 * QUARTER, Q4 - 2 * QUARTER, Standing.MISSED)
    return drill_log.log([one.stands for one in courses], (missed,))


def many() -> tuple[Row, ...]:
    """More than a page of passed tests."""
    courses = [passed(Q4 - number * timedelta(days=7), "") for number in range(PAGE + 3)]
    return drill_log.log([one.stands for one in courses])


_REHEARSALS = drill_log.log([rehearsal().stands], rehearsals=True)
GOLDEN: dict[str, Card] = {
    "drill_log": log_card(rows(), PLAN),
    "drill_log_second_page": log_card(many(), PLAN, page=2),
    "drill_log_rehearsals": log_card(_REHEARSALS, PLAN, rehearsals=True),
    "drill_log_none": log_card((), PLAN),
}


def cards() -> Iterator[Card]:
    """Every card of the log."""
    yield from GOLDEN.values()
    yield log_card(many(), PLAN)
    yield log_card((), PLAN, rehearsals=True)
