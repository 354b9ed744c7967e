"""When the tests of the year are due, how each stands, and what is said of it when. Pure: no clock, no store."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from bot.domain import calendar
from bot.domain.calendar import Occasion, Postponement, Reach, Standing, Test
from bot.domain.drill_events import Result
from bot.domain.errors import Refused
from bot.domain.incident_events import IncidentId
from bot.domain.people import PersonId
from bot.domain.plan_drills import DrillDate, DrillPlan
from bot.domain.plan_values import DayOfYear
from tests.operations.home import PLAN

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
ADA = PersonId("ada")
DAY = timedelta(days=1)


def plan(**changes: object) -> DrillPlan:
    return PLAN.drill.model_copy(update=changes)


def held(key: str, result: Result | None = Result.PASS) -> dict[str, Test]:
    return {key: Test(IncidentId("drill"), SINCE, result, ADA, SINCE if result else None)}


def occasions(
    now: datetime, known: dict[str, Test] | None = None, put_off: tuple[Postponement, ...] = (), **changes: object
) -> dict[str, Occasion]:
    found = calendar.occasions(plan(**changes), known or {}, put_off, SINCE, now)
    return {one.key: one for one in found}


def rounds(now: datetime, known: dict[str, Test] | None = None, **changes: object) -> list[tuple[str, str, Reach]]:
    every = calendar.occasions(plan(**changes), known or {}, (), SINCE, now)
    return [
        (one.occasion.key, one.round.partition(":")[2], one.reach)
        for one in calendar.due(plan(**changes), every, SINCE, now)
    ]


def test_the_tests_of_the_year_are_the_plans_four_days_at_the_plans_hour() -> None:
    found = occasions(datetime(2026, 1, 2, tzinfo=UTC))
    assert [(one.key, one.due_at) for one in found.values()][:4] == [
        ("2026-Q1", datetime(2026, 3, 15, 9, tzinfo=UTC)),
        ("2026-Q2", datetime(2026, 6, 15, 9, tzinfo=UTC)),
        ("2026-Q3", datetime(2026, 9, 15, 9, tzinfo=UTC)),
        ("2026-Q4", datetime(2026, 12, 15, 9, tzinfo=UTC)),
    ]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
def test_each_is_due_at_the_same_clock_time_whatever_the_clocks_do(zone: str) -> None:
    for one in occasions(datetime(2026, 1, 2, tzinfo=UTC), zone=zone).values():
        assert one.due_at.astimezone(ZoneInfo(zone)).time() == time(9)
        assert one.due_at.tzinfo is UTC


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
def test_whatever_the_hour_a_reminder_of_every_day_comes_once_and_in_order(zone: str) -> None:
    for half_hours in range(48):
        rules = plan(zone=zone, time=time(half_hours // 2, half_hours % 2 * 30))
        moments = [calendar.moment(rules, date(2026, 1, 1) + n * DAY) for n in range(730)]
        apart = {after - before for before, after in pairwise(moments)}
        assert apart <= {DAY + timedelta(minutes=n) for n in (-60, -30, 0, 30, 60)}
        for at in moments:
            # A time that the clocks skip is shown as long after midnight as ever; any other as it was written.
            shown = at.astimezone(ZoneInfo(zone))
            skipped = shown.time() != rules.time
            assert not skipped or (shown - timedelta(hours=1)).utcoffset() != shown.utcoffset()


def test_a_clock_time_that_a_day_skips_is_as_long_after_midnight_as_ever() -> None:
    at = calendar.moment(plan(zone="Europe/Berlin", time=time(2, 30)), date(2026, 3, 29))
    assert at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_clock_time_that_comes_twice_is_meant_the_first_time() -> None:
    at = calendar.moment(plan(zone="Europe/Berlin", time=time(2, 30)), date(2026, 10, 25))
    assert at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "round_"), [(-20, None), (-14, "-14"), (-10, "-14"), (-7, "-7"), (-1, "-1"), (0, "+0"), (1, "+1")]
)
def test_the_responsible_is_reminded_before_on_the_day_and_daily_after(days: int, round_: str | None) -> None:
    now = datetime(2026, 3, 15, 9, tzinfo=UTC) + days * DAY
    expected = [("2026-Q1", round_, Reach.RESPONSIBLE)] if round_ else []
    assert rounds(now) == expected


def test_after_some_days_the_deputy_and_everybody_else_hear_of_it() -> None:
    due_at = datetime(2026, 3, 15, 9, tzinfo=UTC)
    assert rounds(due_at + 2 * DAY)[0][2] is Reach.RESPONSIBLE
    assert rounds(due_at + 3 * DAY)[0][2] is Reach.EVERYBODY


def test_of_several_reminders_that_were_slept_through_one_is_said() -> None:
    assert rounds(datetime(2026, 3, 18, 12, tzinfo=UTC)) == [("2026-Q1", "+3", Reach.EVERYBODY)]


def test_a_test_that_was_held_or_runs_is_no_longer_reminded_of() -> None:
    now = datetime(2026, 3, 20, 9, tzinfo=UTC)
    assert rounds(now, held("2026-Q1")) == []
    assert rounds(now, held("2026-Q1", None)) == []
    assert rounds(now, held("2026-Q1", Result.FAIL)) == []


def test_a_missed_test_is_said_once_and_stays_missed_for_ever() -> None:
    now = datetime(2026, 6, 15, 9, tzinfo=UTC)
    assert ("2026-Q1", "missed", Reach.EVERYBODY) in rounds(now)
    assert ("2026-Q1", "missed", Reach.EVERYBODY) in rounds(now + 3 * DAY)
    later = occasions(datetime(2028, 1, 1, tzinfo=UTC), held("2026-Q2"))
    assert later["2026-Q1"].standing is Standing.MISSED
    assert later["2026-Q2"].standing is Standing.HELD


def test_nothing_from_before_lifeboat_was_there_is_called_missed() -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    found = calendar.occasions(plan(), {}, (), datetime(2026, 10, 1, tzinfo=UTC), now)
    assert found[0].key == "2026-Q4"


def test_a_test_begun_near_its_day_is_that_one_and_far_from_any_it_is_one_in_between() -> None:
    def of(now: datetime, known: dict[str, Test] | None = None) -> str | None:
        found = calendar.of_now(calendar.occasions(plan(), known or {}, (), SINCE, now), now)
        return found.key if found else None

    assert of(datetime(2026, 1, 20, tzinfo=UTC)) is None
    assert of(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-Q1"
    assert of(datetime(2026, 5, 1, tzinfo=UTC)) == "2026-Q1", "it is overdue"
    assert of(datetime(2026, 5, 1, tzinfo=UTC), held("2026-Q1")) is None
    assert of(datetime(2026, 6, 14, tzinfo=UTC), held("2026-Q1")) == "2026-Q2"


# --- postponing ------------------------------------------------------------------------------------------------------


def put_off(now: datetime, to: date, before: tuple[Postponement, ...] = (), reason: str = "Ada is ill") -> Postponement:
    every = calendar.occasions(plan(), {}, before, SINCE, now)
    return calendar.postpone(plan(), every[0], every, to, ADA, "Ada", reason, now)


def test_a_postponed_test_is_due_later_and_reminded_of_then() -> None:
    now = datetime(2026, 3, 14, tzinfo=UTC)
    moved = put_off(now, date(2026, 3, 20))
    found = occasions(now, put_off=(moved,))["2026-Q1"]
    assert (found.planned_at.day, found.due_at.day, found.standing) == (15, 20, Standing.COMING)
    every = calendar.occasions(plan(), {}, (moved,), SINCE, datetime(2026, 3, 19, 9, tzinfo=UTC))
    said = calendar.due(plan(), every, SINCE, datetime(2026, 3, 19, 9, tzinfo=UTC))
    assert [one.round for one in said] == ["2026-03-20:-1"]


def test_a_test_that_is_put_off_is_not_reminded_of_at_once() -> None:
    now = datetime(2026, 3, 17, 12, tzinfo=UTC)
    moved = put_off(now, date(2026, 3, 29))
    every = calendar.occasions(plan(), {}, (moved,), SINCE, now)
    assert calendar.due(plan(), every, SINCE, now) == ()
    later = now + 5 * DAY
    every = calendar.occasions(plan(), {}, (moved,), SINCE, later)
    assert [one.round for one in calendar.due(plan(), every, SINCE, later)] == ["2026-03-29:-7"]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize(("month", "day"), [(3, 1), (3, 20), (4, 1), (10, 1), (10, 28)])
def test_a_test_is_put_off_by_whole_days_whatever_the_clocks_do(zone: str, month: int, day: int) -> None:
    rules = plan(zone=zone, dates=(DrillDate(quarter="Q1", day=DayOfYear(month, day)),))
    due_on = date(2026, month, day)
    now = calendar.moment(rules, due_on) - DAY
    every = calendar.occasions(rules, {}, (), now, now)
    moved = calendar.postpone(rules, every[0], every, due_on + 14 * DAY, ADA, "Ada", "Ada is ill", now)
    assert moved.to_at.astimezone(ZoneInfo(zone)).time() == time(9)
    with pytest.raises(Refused, match="14 days at a time"):
        calendar.postpone(rules, every[0], every, due_on + 15 * DAY, ADA, "Ada", "Ada is ill", now)


def test_a_test_that_is_left_running_until_the_next_is_due_is_missed_whatever_comes_after() -> None:
    following = datetime(2026, 6, 15, 9, tzinfo=UTC)

    def ran(concluded_at: datetime | None) -> dict[str, Test]:
        result = Result.PASS if concluded_at else None
        return {"2026-Q1": Test(IncidentId("drill"), following - DAY, result, ADA, concluded_at)}

    def stood(now: datetime, concluded_at: datetime | None) -> Standing:
        return occasions(now, ran(concluded_at))["2026-Q1"].standing

    assert stood(following - timedelta(hours=1), None) is Standing.RUNNING
    assert stood(following, None) is Standing.MISSED
    assert stood(following + DAY, following + timedelta(hours=1)) is Standing.MISSED
    assert stood(following + DAY, following - timedelta(hours=1)) is Standing.HELD
    assert ("2026-Q1", "missed", Reach.EVERYBODY) in rounds(following, ran(None))


def test_it_is_postponed_as_often_and_as_far_as_the_plan_allows() -> None:
    now = datetime(2026, 3, 14, tzinfo=UTC)
    with pytest.raises(Refused, match="14 days at a time"):
        put_off(now, date(2026, 5, 1))
    first = put_off(now, date(2026, 3, 25))
    second = put_off(now + DAY, date(2026, 4, 5), (first,))
    with pytest.raises(Refused, match="2 times"):
        put_off(now + 2 * DAY, date(2026, 4, 6), (first, second))


@pytest.mark.parametrize(
    ("to", "why"), [(date(2026, 3, 15), "no later"), (date(2026, 3, 1), "no later"), (date(2025, 1, 1), "no later")]
)
def test_a_test_is_never_postponed_to_an_earlier_day(to: date, why: str) -> None:
    with pytest.raises(Refused, match=why):
        put_off(datetime(2026, 3, 14, tzinfo=UTC), to)


def test_a_test_is_postponed_with_a_reason_alone() -> None:
    with pytest.raises(Refused, match="reason"):
        put_off(datetime(2026, 3, 14, tzinfo=UTC), date(2026, 3, 20), reason=" ")


def test_a_test_is_never_postponed_beyond_the_next() -> None:
    now = datetime(2026, 6, 10, tzinfo=UTC)
    with pytest.raises(Refused, match="beyond the next"):
        put_off(now, date(2026, 6, 16))
