"""Knows how the tests look as a calendar (RFC 5545), for calendars that people subscribe to. Knows no address."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.calendar import Occasion, Standing
from bot.domain.plan import Plan

if TYPE_CHECKING:
    from icalendar import Event

# The library of calendars is loaded where it is needed: a start, which most often asks for no calendar, does without.

_LASTS = timedelta(hours=1)
_PRODUCT = "-//Lifeboat//Quarterly backup tests//EN"


def feed(occasions: Sequence[Occasion], plan: Plan) -> bytes:
    """Every occasion as an event of its own: the same one under the same name for ever, its sequence by postponements.

    Nothing in it depends on when it is asked for, so that a calendar sees what changed.
    """
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", _PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", f"Backup tests of {plan.project.name}")
    calendar.add("refresh-interval", timedelta(hours=6), parameters={"VALUE": "DURATION"})
    for occasion in occasions:
        calendar.add_component(_event(occasion, plan))
    return bytes(calendar.to_ical())


def _event(occasion: Occasion, plan: Plan) -> "Event":
    from icalendar import Alarm, Event

    responsible = plan.roles[plan.drill.responsible].title
    # In UTC: every reader shows its own clock, and none has to know the plan's zone or how its clocks change.
    starts = occasion.due_at
    event = Event()
    event.add("uid", f"{occasion.key}@lifeboat.backup-tests")
    event.add("summary", f"Backup test {occasion.key}{_said(occasion)}")
    event.add("dtstart", starts)
    event.add("dtend", starts + _LASTS)
    event.add("dtstamp", max([occasion.planned_at, *(one.at for one in occasion.postponed)]))
    event.add("sequence", len(occasion.postponed))
    # Calendars hide what is cancelled, and a test that nobody held has to stay in sight.
    event.add("status", "CONFIRMED")
    event.add("transp", "TRANSPARENT")
    event.add("description", _description(occasion, plan, responsible))
    for days in plan.drill.remind_before if occasion.standing is Standing.COMING else ():
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", f"Backup test in {days} days: {responsible}")
        alarm.add("trigger", -timedelta(days=days))
        event.add_component(alarm)
    return event


def _said(occasion: Occasion) -> str:
    if occasion.test is not None and occasion.test.result is not None:
        return f": {occasion.test.result}"
    return f": {occasion.standing}" if occasion.standing in (Standing.MISSED, Standing.RUNNING) else ""


def _description(occasion: Occasion, plan: Plan, responsible: str) -> str:
    drill = plan.drill
    what = f"{responsible} proves that the copies of {drill.source} restore into {drill.target}."
    test, how = occasion.test, "How it is done: /lifeboat runbook testing."
    if test is not None and test.result is not None:
        late = ", too late" if occasion.standing is Standing.MISSED else ""
        lines = [f"It was held{late}: {test.result}.", f"Type /drill evidence {test.drill}."]
    elif test is not None:
        lines = [what, f"It is open: type /drill status --of {test.drill}. {how}"]
    elif occasion.standing is Standing.MISSED:
        lines = [what, "Nobody held it. If somebody did, by hand: type /drill record."]
    else:
        lines = [what, f"Type /drill start. {how}"]
    lines += [
        f"Postponed from {one.from_at:%Y-%m-%d} to {one.to_at:%Y-%m-%d} by {one.by_name}: {one.reason}"
        for one in occasion.postponed
    ]
    return "\n".join(lines)
