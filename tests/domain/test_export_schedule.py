"""When scheduled exports are due, over changes of the clocks and pauses of Lifeboat, and how each went."""

import random
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.domain.backups import Operation, OperationId, OperationKind, Phase
from bot.domain.errors import LifeboatError
from bot.domain.export_schedule import (
    RETRY_AFTER,
    Due,
    Slot,
    SlotState,
    amiss,
    due,
    ended,
    failed,
    newest,
    next_at,
    schedule_words,
)
from bot.domain.people import LIFEBOAT
from bot.domain.plan import Environment, PlanError, load
from tests.domain.test_health import PLAN, PRODUCTION

SHIPPED = (Path(__file__).parents[2] / "bot" / "plan.toml").read_text("utf-8")
DAY = timedelta(days=1)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")


def nightly(at: str = "02:00", zone: str = "UTC") -> Environment:
    return PRODUCTION.model_copy(update={"export_at": time.fromisoformat(at), "export_zone": zone})


def utc(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


def slot(at: datetime, state: SlotState = SlotState.BEGUN, **more: object) -> Slot:
    return replace(Slot(PRODUCTION.name, at, "02:00 UTC", state, begun_at=at, attempts=1), **more)  # type: ignore[arg-type]  # a test's own fields


# --- when one is due ---


def test_nothing_is_due_where_nothing_is_scheduled() -> None:
    assert due(utc("2026-11-22 02:00"), PRODUCTION, utc("2026-11-01 00:00")) is None
    assert next_at(PRODUCTION, utc("2026-11-22 02:00")) is None
    assert schedule_words(PRODUCTION) == ""


def test_an_export_is_due_from_its_minute_on_and_once() -> None:
    last, at = utc("2026-11-21 02:00"), utc("2026-11-22 02:00")
    assert due(at - timedelta(seconds=1), nightly(), last) is None
    assert due(at, nightly(), last) == Due(at)
    assert due(at + timedelta(hours=21), nightly(), last) == Due(at)
    assert due(at + timedelta(hours=21), nightly(), at) is None
    assert next_at(nightly(), at) == at + DAY


def test_nobody_knows_what_is_due_before_it_is_known_since_when() -> None:
    assert due(utc("2026-11-22 02:00"), nightly(), None) is None


def test_after_a_pause_the_newest_is_made_up_for_and_the_others_were_missed() -> None:
    found = due(utc("2026-11-25 09:12"), nightly(), utc("2026-11-21 02:00"))
    assert found is not None
    assert found.at == utc("2026-11-25 02:00")
    assert found.missed == (utc("2026-11-22 02:00"), utc("2026-11-23 02:00"), utc("2026-11-24 02:00"))


def test_a_pause_of_years_leaves_no_more_than_a_month_of_rows() -> None:
    found = due(utc("2029-11-25 09:12"), nightly(), utc("2026-11-21 02:00"))
    assert found is not None and len(found.missed) == 31


def test_a_time_that_a_night_skips_is_as_long_after_midnight_as_ever() -> None:
    # Berlin, 29 March 2026: 02:00 becomes 03:00.
    berlin = nightly("02:30", "Europe/Berlin")
    assert due(utc("2026-03-29 01:30"), berlin, utc("2026-03-28 01:30")) == Due(utc("2026-03-29 01:30"))
    assert datetime(2026, 3, 29, 1, 30, tzinfo=UTC).astimezone(ZoneInfo("Europe/Berlin")).hour == 3
    assert due(utc("2026-03-29 01:29"), berlin, utc("2026-03-28 01:30")) is None


def test_a_time_that_comes_twice_is_meant_the_first_time_alone() -> None:
    # Berlin, 25 October 2026: 03:00 becomes 02:00.
    berlin = nightly("02:30", "Europe/Berlin")
    first = utc("2026-10-25 00:30")
    assert due(first, berlin, utc("2026-10-24 00:30")) == Due(first)
    assert due(first + timedelta(hours=1), berlin, first) is None
    assert next_at(berlin, first) == utc("2026-10-26 01:30")


@pytest.mark.parametrize("zone", ZONES)
def test_every_day_of_a_zone_has_one_slot_looked_at_every_minute_or_seldom(zone: str) -> None:
    dice = random.Random(7)
    for at in ("00:00", "01:30", "02:00", "02:30", "03:00", "23:59"):
        environment, now, end = nightly(at, zone), utc("2026-01-10 12:00"), utc("2027-01-10 12:00")
        last = since = now
        begun: list[datetime] = []
        settled: list[datetime] = []
        while now < end:
            found = due(now, environment, last)
            if found is not None:
                begun.append(found.at)
                settled += [*found.missed, found.at]
                last = found.at
            now += timedelta(minutes=dice.choice((1, 30, 60 * 5, 60 * 20, 60 * 24 * 3)))
        every = {day_of(one, zone) for one in settled}
        wanted = [since + DAY * n for n in range(366)]
        days = {day_of(one, zone) for one in wanted} | every
        assert settled == sorted(set(settled)) and begun == sorted(set(begun))
        assert len(every) == len(settled), "a day has one slot"
        gaps = [later - earlier for earlier, later in pairwise(settled)]
        assert all(timedelta(hours=23) <= gap <= timedelta(hours=25) for gap in gaps)
        assert len(days - every) <= 4, "only days that have not come yet, and the first, lack one"


def day_of(at: datetime, zone: str) -> str:
    return at.astimezone(ZoneInfo(zone)).date().isoformat()


def test_a_zone_that_skipped_a_day_has_no_two_slots_at_one_moment() -> None:
    # Samoa had no 30 December 2011: from the 27th on, its days at 02:00 are the 28th, 29th, 31st, 1st and 2nd.
    found = due(utc("2012-01-01 12:00"), nightly("02:00", "Pacific/Apia"), utc("2011-12-27 12:00"))
    assert found is not None
    every = [*found.missed, found.at]
    assert every == sorted(set(every)) and len(every) == 5


# --- how each went ---


def export(phase: Phase, problem: str = "") -> Operation:
    at = utc("2026-11-22 02:00")
    return Operation(
        id=OperationId("production-20261122-0200-aaaa"),
        kind=OperationKind.EXPORT,
        environment=PRODUCTION.name,
        phase=phase,
        started_at=at,
        started_by=LIFEBOAT.id,
        phase_at=at,
        updated_at=at,
        ended_at=at,
        problem=problem,
    )


def test_a_failure_is_tried_again_once_and_then_no_more() -> None:
    at = utc("2026-11-22 02:00")
    first = ended(slot(at), export(Phase.FAILED, "Convex did not answer."), at)
    assert (first.state, first.again_at, first.problem) == (
        SlotState.RETRY,
        at + RETRY_AFTER,
        "Convex did not answer.",
    )
    again = replace(first, state=SlotState.BEGUN, attempts=2)
    assert failed(again, LifeboatError("Again."), at).state is SlotState.FAILED
    assert ended(again, export(Phase.DONE), at).state is SlotState.DONE


def test_what_somebody_stopped_is_not_tried_again() -> None:
    at = utc("2026-11-22 02:00")
    assert ended(slot(at), export(Phase.CANCELLED), at).state is SlotState.STOPPED
    assert amiss([slot(at, SlotState.STOPPED)], None) == []


def test_what_left_no_copy_counts_until_a_copy_is_there() -> None:
    days = [utc(f"2026-11-{day} 02:00") for day in (20, 21, 22)]
    lost = [slot(days[0], SlotState.MISSED), slot(days[1], SlotState.FAILED, attempts=2)]
    assert amiss(lost, None) == lost
    assert amiss([*lost, slot(days[2])], None) == lost
    assert amiss([*lost, slot(days[2], SlotState.DONE)], None) == []
    assert amiss(lost, days[1] + timedelta(hours=5)) == [], "somebody took one by hand"
    assert amiss(lost, days[0] + timedelta(hours=5)) == lost[1:]


def test_while_it_is_tried_again_it_still_is_amiss() -> None:
    trying = slot(utc("2026-11-22 02:00"), SlotState.BEGUN, attempts=2)
    assert amiss([trying], None) == [trying]
    assert amiss([replace(trying, attempts=1)], None) == []


def test_since_when_a_schedule_stands_is_no_slot_that_was_seen_to() -> None:
    since = slot(utc("2026-11-22 09:00"), SlotState.PLANNED)
    last = slot(utc("2026-11-22 02:00"), SlotState.DONE)
    assert newest([since, last]) == last
    assert newest([since]) is None


# --- the plan ---


def scheduled(environment: str, *lines: str) -> str:
    heading = f"[environments.{environment}]\n"
    assert heading in SHIPPED
    return SHIPPED.replace(heading, heading + "\n".join(lines) + "\n", 1)


def test_the_shipped_plan_schedules_nothing_and_says_what_convex_would_bill() -> None:
    assert all(one.export_at is None for one in PLAN.environments.values())
    said = SHIPPED.partition("[environments.production]")[0]
    assert "bills every export" in said and "1 GB" in said and '\n# export_at = "02:00"\n' in SHIPPED


def test_a_schedule_is_read() -> None:
    lines = ('export_at = "02:30"', 'export_zone = "Europe/Berlin"', "export_with_files = true")
    production = load(scheduled("production", *lines)).environments[PRODUCTION.name]
    assert schedule_words(production) == "02:30 Europe/Berlin" and production.export_with_files
    assert load(scheduled("production", lines[0])).environments[PRODUCTION.name].export_zone == "UTC"


@pytest.mark.parametrize(
    ("environment", "lines", "key", "wrong", "mend"),
    [
        ("production", ('export_at = "2:00"',), "export_at", "not a time of day", "24-hour"),
        ("production", ('export_at = "02:00"', 'export_zone = "Berlin"'), "export_zone", "no time zone", "Europe/"),
        ("production", ('export_zone = "UTC"',), "export_zone", "No export is planned", "Add export_at"),
        ("production", ("export_with_files = true",), "export_with_files", "No export is planned", "remove it"),
        ("development", ('export_at = "02:00"',), "export_at", "none may be taken", "may_export = true"),
    ],
)
def test_a_wrong_schedule_is_told_with_its_key_and_the_mend(
    environment: str, lines: tuple[str, ...], key: str, wrong: str, mend: str
) -> None:
    with pytest.raises(PlanError) as caught:
        load(scheduled(environment, *lines))
    found = [one for one in caught.value.problems if one.key == f"environments.{environment}.{key}"]
    assert any(wrong in one.wrong and mend in one.mend for one in found), caught.value.problems


def test_a_schedule_needs_a_retention() -> None:
    text = scheduled("staging", 'export_at = "02:00"').replace('retention = "7 days"', 'retention = "none"')
    with pytest.raises(PlanError) as caught:
        load(text)
    assert [one.key for one in caught.value.problems] == ["environments.staging.export_at"]
    assert "none are kept" in caught.value.problems[0].wrong
