"""Knows what a team decides about its quarterly test. Knows nothing of a drill."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, StrictBool, StrictInt

from bot.domain.backups import EnvironmentName
from bot.domain.plan_parts import Part, Step, means
from bot.domain.plan_problems import wrong
from bot.domain.plan_values import ClockTime, Day, Duration, Words, Zone

_EARLIEST = 60


def _days_before(written: int) -> int:
    if 1 <= written <= _EARLIEST:
        return written
    raise wrong(f"{written} is no number of days before a test.", f"Write whole days from 1 to {_EARLIEST}, like 14.")


DaysBefore = Annotated[StrictInt, AfterValidator(_days_before)]


class DrillDate(Part):
    """One test of the year."""

    quarter: Words = means('its name, like "Q1".')
    day: Day = means('the day, like "15 March".')


class DrillPlan(Part):
    """The quarterly test: when, by whom, from where into where, and how.

    `remind_before` are the days before a test on which the responsible role is reminded, besides on the day itself and
    on each day it is overdue; after `escalate_after` of those the deputy and the announcement channels hear of it too.
    A test may be postponed `postpone_times` times, each time by at most `postpone_by`. `put_back`: afterwards the
    target is put back to what it was before.
    """

    source: EnvironmentName = means("the environment that is exported.")
    target: EnvironmentName = means("the environment that the copy is restored into.")
    time: ClockTime = means('the time of day, like "09:00".')
    zone: Zone = means('the time zone of that time, like "Europe/Berlin".')
    responsible: str = means("the role that runs the test.")
    deputy: str = means("the role that is asked when the first does not.")
    dates: tuple[DrillDate, ...] = means("the dates of the year.", min_length=1)
    remind_before: tuple[DaysBefore, ...] = means("on which days before the test it is reminded of.", (14, 7, 1))
    escalate_after: Duration = means("how long it may be overdue before the deputy is asked.", timedelta(days=3))
    postpone_times: StrictInt = means("how often one test may be postponed.", 2, ge=0)
    postpone_by: Duration = means("by how much at most, each time.", timedelta(days=14))
    put_back: StrictBool = means("whether the target is put back to what it was before.", True)
    steps: tuple[Step, ...] = means("the procedure.", min_length=1)
