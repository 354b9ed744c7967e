"""Knows when the quarterly tests are due, how each stands, and who is reminded of it when. Pure.

A test is due at the plan's hour in the plan's zone: a clock time that a day skips is as long after midnight as ever,
one that comes twice is meant the first time. Knows nothing of how a test is run, or how people are reached.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.drill_events import Result
from bot.domain.errors import Refused
from bot.domain.incident_events import IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import PersonId
from bot.domain.plan_drills import DrillPlan

EARLY = timedelta(days=31)
"""How long before its day a test counts as that one, and not as one in between."""
LATE = timedelta(minutes=10)
"""From when on a reminder is said to be late: the sweep looks once a minute."""
_AHEAD = timedelta(days=366)
_DAY = timedelta(days=1)


class Standing(StrEnum):
    """How an occasion stands. MISSED is for ever: the next one came, and no test of it had been concluded."""

    COMING = "coming"
    TODAY = "due today"
    RUNNING = "running"
    OVERDUE = "overdue"
    MISSED = "missed"
    HELD = "held"


class Reach(StrEnum):
    """Who hears of a reminder: the responsible role; the deputy and the announcement channels too; or who announces."""

    RESPONSIBLE = "responsible"
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Postponement:
    """Somebody put an occasion off, from one moment to another."""

    occasion: str
    from_at: datetime
    to_at: datetime
    by: PersonId
    by_name: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Test:
    """A drill that was begun for an occasion, and how it ended. `result` is None while it runs.

    `concluded_at` is when it was concluded first, None before.
    """

    __test__ = False  # pytest collects classes by this prefix

    drill: IncidentId
    begun_at: datetime
    result: Result | None
    by: PersonId
    concluded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Occasion:
    """One test of a year: `planned_at` by the plan, `due_at` as it was put off to."""

    key: str
    planned_at: datetime
    due_at: datetime
    standing: Standing
    test: Test | None = None
    postponed: tuple[Postponement, ...] = ()


@dataclass(frozen=True, slots=True)
class Reminder:
    """Something to be said of an occasion: `round` names it among the others, `at` is when it was due."""

    occasion: Occasion
    round: str
    at: datetime
    reach: Reach


def tests(drills: Iterable[Incident]) -> Mapping[str, Test]:
    """The test of each occasion: what was concluded first, else begun last; never a rehearsal or a cancelled one."""
    found: dict[str, Test] = {}
    for one in sorted(drills, key=lambda one: one.opened_at):
        drill = one.drill
        if drill is None or not drill.practice.occasion or drill.practice.rehearsal or drill.cancelled_at is not None:
            continue
        test = Test(one.id, one.opened_at, drill.result, one.opened_by, drill.concluded_at)
        other = found.get(drill.practice.occasion)
        if other is None or other.concluded_at is None or _before(test, other.concluded_at):
            found[drill.practice.occasion] = test
    return found


def occasions(
    plan: DrillPlan,
    known: Mapping[str, Test],
    postponed: Sequence[Postponement],
    since: datetime,
    now: datetime,
) -> tuple[Occasion, ...]:
    """Every occasion since Lifeboat was first started, and the coming ones up to a year ahead, in order.

    One before `since` is there only if it was held.
    """
    planned = [(key, at) for key, at in _planned(plan, since, now + _AHEAD) if at >= since or key in known]
    put_off: dict[str, list[Postponement]] = {}
    for one in sorted(postponed, key=lambda one: one.at):
        put_off.setdefault(one.occasion, []).append(one)
    found = []
    for number, (key, at) in enumerate(planned):
        own = tuple(put_off.get(key, ()))
        due_at = own[-1].to_at if own else at
        following = planned[number + 1][1] if number + 1 < len(planned) else None
        standing = _standing(plan, known.get(key), due_at, following, now)
        found.append(Occasion(key, at, due_at, standing, known.get(key), own))
    return tuple(found)


def due(plan: DrillPlan, every: Sequence[Occasion], since: datetime, now: datetime) -> tuple[Reminder, ...]:
    """What is to be said now: of each occasion the newest reminder that has come due.

    Of several that came due while nobody looked, the others would say less: they are left out. So is what came due
    before Lifeboat was there, or before the test was put off to its present day.
    """
    found = []
    for occasion in every:
        if occasion.standing in (Standing.HELD, Standing.RUNNING):
            continue
        begins = max([since, *(one.at for one in occasion.postponed)])
        told = [one for one in _reminders(plan, occasion, every) if begins <= one.at <= now]
        if told:
            found.append(max(told, key=lambda one: one.at))
    return tuple(found)


def of_now(every: Sequence[Occasion], now: datetime) -> Occasion | None:
    """The occasion that a test begun now is of: the one that is overdue, else the next if it is near."""
    waiting = [one for one in every if one.standing in (Standing.OVERDUE, Standing.TODAY)]
    near = [one for one in every if one.standing is Standing.COMING and one.due_at - now <= EARLY]
    return next(iter([*waiting, *near]), None)


def postpone(
    plan: DrillPlan, occasion: Occasion, every: Sequence[Occasion], to: date, by: PersonId, by_name: str,
    reason: str, now: datetime,
) -> Postponement:  # fmt: skip
    """Put an occasion off to a day. Raises Refused for one that is over, too often, too long, or beyond the next."""
    if occasion.standing not in (Standing.COMING, Standing.TODAY, Standing.OVERDUE):
        raise Refused(f"The test of {occasion.key} is {occasion.standing}, so it cannot be postponed.")
    if len(occasion.postponed) >= plan.postpone_times:
        raise Refused(
            f"The test of {occasion.key} was postponed {len(occasion.postponed)} times, which is all that the plan"
            " allows. Nothing was changed.",
            "Hold it, or say why not: a missed test stays visible.",
        )
    if not reason.strip():
        raise Refused("A test is postponed with a reason, which stands in the log.", "Say why.", parameter="reason")
    latest = day_of(plan, max(occasion.due_at, now)) + plan.postpone_by
    if to > latest:
        raise Refused(
            f"The plan allows {plan.postpone_by.days} days at a time, until {latest:%-d %B %Y}. Nothing was changed.",
            parameter="to",
        )
    if to <= day_of(plan, occasion.due_at) or (to_at := moment(plan, to)) <= now:
        raise Refused(f"{to:%-d %B %Y} is no later than it is due now. Nothing was changed.", parameter="to")
    following = next((one for one in every if one.planned_at > occasion.planned_at), None)
    if following is not None and to_at >= following.planned_at:
        raise Refused(f"That is beyond the next test, {following.key}. Nothing was changed.", parameter="to")
    return Postponement(occasion.key, occasion.due_at, to_at, by, by_name, now, reason.strip())


def moment(plan: DrillPlan, day: date) -> datetime:
    """The plan's hour on a day, in UTC."""
    return datetime.combine(day, plan.time, ZoneInfo(plan.zone)).astimezone(UTC)


def _planned(plan: DrillPlan, since: datetime, until: datetime) -> Iterator[tuple[str, datetime]]:
    zone = ZoneInfo(plan.zone)
    years = range(since.astimezone(zone).year - 1, until.astimezone(zone).year + 2)
    every = [(f"{year}-{one.quarter}", date(year, one.day.month, one.day.day)) for year in years for one in plan.dates]
    for key, day in sorted(every, key=lambda one: one[1]):
        at = moment(plan, day)
        if at <= until:
            yield key, at


def _standing(
    plan: DrillPlan, test: Test | None, due_at: datetime, following: datetime | None, now: datetime
) -> Standing:
    if following is not None and now >= following and not (test is not None and _before(test, following)):
        return Standing.MISSED
    if test is not None:
        return Standing.RUNNING if test.result is None else Standing.HELD
    if day_of(plan, now) == day_of(plan, due_at):
        return Standing.TODAY
    return Standing.OVERDUE if now > due_at else Standing.COMING


def _before(test: Test, at: datetime) -> bool:
    """Whether a test was concluded before a moment: one that was left running proves nothing."""
    return test.concluded_at is not None and test.concluded_at < at


def day_of(plan: DrillPlan, at: datetime) -> date:
    """The day that a moment falls on in the plan's zone."""
    return at.astimezone(ZoneInfo(plan.zone)).date()


def _reminders(plan: DrillPlan, occasion: Occasion, every: Sequence[Occasion]) -> Iterator[Reminder]:
    """Every reminder of an occasion that nobody holds: before it, on its day, and daily after it until the next one."""
    day = day_of(plan, occasion.due_at)
    for before in sorted(plan.remind_before, reverse=True):
        yield _reminder(plan, occasion, day, -before, Reach.RESPONSIBLE)
    yield _reminder(plan, occasion, day, 0, Reach.RESPONSIBLE)
    following = next((one.planned_at for one in every if one.planned_at > occasion.planned_at), None)
    late = 1
    while late <= 366:
        reach = Reach.EVERYBODY if late * _DAY >= plan.escalate_after else Reach.RESPONSIBLE
        reminder = _reminder(plan, occasion, day, late, reach)
        if following is not None and reminder.at >= following:
            # The next test has come: this one is missed, which everybody hears once.
            yield Reminder(occasion, f"{day}:missed", following, Reach.EVERYBODY)
            return
        yield reminder
        late += 1


def _reminder(plan: DrillPlan, occasion: Occasion, day: date, offset: int, reach: Reach) -> Reminder:
    return Reminder(occasion, f"{day}:{offset:+d}", moment(plan, day + timedelta(days=offset)), reach)
