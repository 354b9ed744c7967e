"""What is lastingly wrong with the copies of an environment, since when, and when people are reminded of it."""

from dataclasses import replace
from datetime import timedelta

from bot.domain import health
from bot.domain.backups import Backup, EnvironmentName, Observation
from bot.domain.conditions import (
    EVERY,
    GRACE,
    SLACK,
    UNSEEN_FOR,
    Condition,
    ConditionId,
    Kind,
    Wrong,
    is_due,
    is_lasting,
    wrong_with,
)
from bot.domain.export_schedule import Slot, SlotState
from bot.domain.health import EXPIRY_WARNING
from bot.domain.plan import Environment
from bot.domain.snapshot import Severity, Verdict
from tests.domain.test_health import NOW, PLAN, PRODUCTION, STAGING, copy, observed

DEVELOPMENT = PLAN.environments[EnvironmentName("development")]
HOUR = timedelta(hours=1)


def wrong(
    *copies: Backup,
    environment: Environment = PRODUCTION,
    seen: Observation | None = None,
    connected: bool = True,
    amiss: tuple[Slot, ...] = (),
) -> dict[Kind, Wrong]:
    judged = health.judge(environment, copies, seen or observed(), None, NOW, connected=connected)
    return {one.kind: one for one in wrong_with(judged, amiss, NOW)}


def condition(kind: Kind, **more: object) -> Condition:
    return replace(Condition(ConditionId("c"), PRODUCTION.name, kind, NOW, NOW), **more)  # type: ignore[arg-type]  # a test's own fields


def due(
    found: Condition, after: timedelta, stage: int = 0, *, scheduled: bool = False, exporting: bool = False
) -> bool:
    now = NOW + after
    return is_due(found, Wrong(found.kind, NOW, stage), now, scheduled=scheduled, exporting=exporting)


# --- what is wrong, since when ---


def test_a_fresh_copy_and_a_deployment_in_sight_leave_nothing_wrong() -> None:
    assert wrong(copy("new", HOUR)) == {}


def test_without_a_copy_it_is_wrong_since_it_was_noticed() -> None:
    assert wrong()[Kind.NO_FRESH_COPY].since == NOW


def test_a_copy_is_too_old_since_the_plans_interval_had_passed() -> None:
    found = wrong(copy("old", timedelta(days=3)))
    assert found[Kind.NO_FRESH_COPY].since == NOW - timedelta(days=2)


def test_a_copy_that_nobody_checked_does_not_count() -> None:
    assert Kind.NO_FRESH_COPY in wrong(copy("new", HOUR, None))


def test_where_the_plan_expects_no_copies_none_is_missing() -> None:
    assert wrong(environment=STAGING) == {}


def test_the_last_sound_copy_expires_since_the_warning_before_it() -> None:
    sound = copy("sound", timedelta(days=28))
    newer = copy("newer", HOUR, Verdict.FINDINGS, worst=Severity.WARNING)
    found = wrong(sound, newer)[Kind.EXPIRES]
    assert found.since == sound.stored_at + timedelta(days=30) - EXPIRY_WARNING
    assert Kind.EXPIRES not in wrong(sound, newer, copy("successor", HOUR * 2))


def test_planned_exports_are_wrong_since_the_first_that_left_no_copy_and_worse_when_one_is_given_up() -> None:
    slots = tuple(
        Slot(PRODUCTION.name, NOW - timedelta(days=days), "02:00 UTC", state, attempts=1)
        for days, state in ((2, SlotState.MISSED), (1, SlotState.RETRY))
    )
    assert wrong(copy("new", HOUR), amiss=slots)[Kind.SCHEDULE] == Wrong(Kind.SCHEDULE, slots[0].at, 0)
    given_up = (slots[0], replace(slots[1], state=SlotState.FAILED))
    assert wrong(copy("new", HOUR), amiss=given_up)[Kind.SCHEDULE].stage == 1


def test_a_deployment_is_out_of_sight_since_it_was_last_seen() -> None:
    seen = observed().model_copy(update={"seen_at": NOW - HOUR, "problem": "Convex did not answer."})
    assert wrong(copy("new", HOUR), seen=seen)[Kind.UNSEEN].since == NOW - HOUR


def test_what_is_not_connected_is_out_of_sight_since_that_was_noticed() -> None:
    assert wrong(environment=STAGING, connected=False)[Kind.UNSEEN].since == NOW


def test_of_what_the_plan_keeps_no_copies_nothing_is_wrong() -> None:
    assert wrong(environment=DEVELOPMENT, connected=False) == {}


# --- when people are reminded ---


def test_a_blip_tells_nobody() -> None:
    found = condition(Kind.NO_FRESH_COPY)
    assert not due(found, GRACE - timedelta(seconds=1))
    assert due(found, GRACE)


def test_after_a_pause_of_lifeboat_it_must_be_seen_to_last_all_the_same() -> None:
    found = condition(Kind.NO_FRESH_COPY, since=NOW - timedelta(days=3))
    assert not due(found, timedelta(minutes=1))


def test_a_deployment_is_out_of_sight_for_hours_before_anybody_hears_of_it() -> None:
    found = condition(Kind.UNSEEN)
    assert not due(found, UNSEEN_FOR - timedelta(seconds=1))
    assert due(found, UNSEEN_FOR)


def test_where_exports_are_scheduled_a_long_night_and_the_export_itself_are_allowed_for() -> None:
    found = condition(Kind.NO_FRESH_COPY)
    assert not due(found, SLACK - timedelta(seconds=1), scheduled=True)
    assert due(found, SLACK, scheduled=True)


def test_what_a_running_export_may_end_waits_for_it() -> None:
    for kind in (Kind.NO_FRESH_COPY, Kind.EXPIRES, Kind.SCHEDULE):
        assert not due(condition(kind), timedelta(hours=3), exporting=True)
    assert due(condition(Kind.UNSEEN), timedelta(hours=3), exporting=True)


def test_while_it_lasts_people_hear_of_it_daily_and_once_after_a_pause() -> None:
    found = condition(Kind.NO_FRESH_COPY, round=1, told_at=NOW)
    assert not due(found, EVERY - timedelta(seconds=1))
    assert due(found, EVERY)
    later = replace(found, round=2, told_at=NOW + timedelta(days=9))
    assert not due(later, timedelta(days=9, hours=1)), "the days that went by are not made up for"


def test_that_it_became_worse_is_told_at_once_and_once() -> None:
    found = condition(Kind.SCHEDULE, round=1, told_at=NOW)
    assert due(found, HOUR, stage=1)
    assert not due(replace(found, told_stage=1), HOUR, stage=1)


def test_the_operators_hear_of_it_by_themselves_from_the_second_day_on() -> None:
    assert not is_lasting(condition(Kind.UNSEEN), NOW + UNSEEN_FOR)
    assert is_lasting(condition(Kind.UNSEEN), NOW + UNSEEN_FOR + EVERY)
