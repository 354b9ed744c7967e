"""The dates of the quarterly tests as cards, made by the real views of fixed records."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bot.chat.cards import Card
from bot.domain import calendar
from bot.domain.calendar import Occasion, Postponement, Test
from bot.domain.drill_events import Result
from bot.domain.incident_events import IncidentId
from bot.domain.people import LIFEBOAT, PersonId
from bot.views.calendar import Lateness, calendar_card, postponed_card, reminder_card, schedule_card
from bot.views.home import home_card
from tests.domain.test_health import PLAN

SINCE = datetime(2025, 8, 1, tzinfo=UTC)
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_ADA = PersonId("ada")
_OFF = Postponement(
    "2026-Q3", datetime(2026, 9, 15, 9, tzinfo=UTC), datetime(2026, 9, 25, 9, tzinfo=UTC), _ADA, "Ada Okafor",
    datetime(2026, 9, 14, 8, tzinfo=UTC), "Ada is away",
)  # fmt: skip


def _test(key: str, at: datetime, result: Result | None) -> Test:
    return Test(IncidentId(f"drill-{key.lower()}"), at, result, _ADA, at + _HOUR if result else None)


HELD = {
    "2025-Q4": _test("2025-Q4", datetime(2025, 12, 15, 9, tzinfo=UTC), Result.PASS),
    "2026-Q1": _test("2026-Q1", datetime(2026, 3, 16, 9, tzinfo=UTC), Result.PARTIAL),
    "2026-Q2": _test("2026-Q2", datetime(2026, 9, 16, 9, tzinfo=UTC), Result.FAIL),
    "2026-Q4": _test("2026-Q4", datetime(2026, 12, 14, 9, tzinfo=UTC), None),
}


def occasions(now: datetime) -> tuple[Occasion, ...]:
    """One missed before the year, one held, one held too late, one put off."""
    return calendar.occasions(PLAN.drill, HELD, [_OFF], SINCE, now)


def _third(now: datetime) -> Occasion:
    return next(one for one in occasions(now) if one.key == "2026-Q3")


_OVERDUE = _OFF.to_at + 4 * _DAY + 3 * _HOUR
GOLDEN = {
    "drill_schedule": schedule_card(occasions(_OVERDUE), PLAN, 2026, _OVERDUE),
    "drill_reminder": reminder_card(
        _third(_OVERDUE), Lateness(_OVERDUE - 2 * _HOUR, _OVERDUE, away=True), PLAN, ()
    ),
    "drill_calendar": calendar_card("https://lifeboat.example.org/calendar/a-secret.ics"),
}  # fmt: skip


def cards() -> Iterator[Card]:
    """Every card about the dates, at each moment of a test."""
    yield from GOLDEN.values()
    yield calendar_card("")
    yield postponed_card(_third(_OFF.at + _DAY), PLAN)
    for days in (-7, 0, 1, 5, 90):
        now = _OFF.to_at + days * _DAY + _HOUR
        for year in (2025, 2026, 2027, 2031):
            yield schedule_card(occasions(now), PLAN, year, now)
        for one in occasions(now):
            for away in (False, True):
                yield reminder_card(one, Lateness(now - _DAY, now, away=away), PLAN, ())
        yield home_card((), (), PLAN, LIFEBOAT, now, (), occasions(now), "Set a channel.")
