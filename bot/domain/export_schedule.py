"""Knows when the exports that a plan schedules are due, and how each of them went. Knows nothing of how one is made.

A slot is the moment of one day's export. A clock time that comes twice on a day (clocks set back) is meant the first
time; one that a day skips (clocks set ahead) is as long after midnight as ever, so 02:30 is then 03:30. So every day of
the zone's calendar has one slot, and 23 to 25 hours lie between two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.backups import EnvironmentName, Operation, OperationId, Phase
from bot.domain.errors import LifeboatError
from bot.domain.plan_parts import Environment

RETRY_AFTER = timedelta(minutes=30)
"""How long after a failure a scheduled export is tried again."""

ATTEMPTS = 2
"""How often one slot is tried."""

LATE = timedelta(minutes=10)
"""From when on an export is said to be late: the sweep looks once a minute."""

_DAY = timedelta(days=1)
_MOST_MISSED = 31


class SlotState(StrEnum):
    """How a slot stands. PLANNED is none: it marks since when the plan says what it says."""

    PLANNED = "planned"
    BEGUN = "begun"
    RETRY = "to be tried again"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    MISSED = "missed"


AMISS = (SlotState.RETRY, SlotState.FAILED, SlotState.MISSED)
"""What left no copy, without anybody having wished so."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of an environment. `planned` is the schedule in words as it was then, `operation` the newest try."""

    environment: EnvironmentName
    at: datetime
    planned: str
    state: SlotState
    begun_at: datetime | None = None
    operation: OperationId | None = None
    attempts: int = 0
    again_at: datetime | None = None
    problem: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """The slot to be begun now, and those before it that went by while nobody looked, oldest first."""

    at: datetime
    missed: tuple[datetime, ...] = ()


def schedule_words(environment: Environment) -> str:
    """The schedule, like "02:00 Europe/Berlin"; empty where nothing is scheduled."""
    return f"{environment.export_at:%H:%M} {environment.export_zone}" if environment.export_at else ""


def next_at(environment: Environment, now: datetime) -> datetime | None:
    """The next slot after now."""
    return next((at for at in _around(environment, now) if at > now), None)


def due(now: datetime, environment: Environment, last: datetime | None) -> Due | None:
    """What is to be begun, where everything up to `last` was seen to. None: nothing, or nobody knows since when.

    One slot at a time: of several that went by, the newest is made up for and the others were missed.
    """
    if last is None or environment.export_at is None:
        return None
    newest = max((at for at in _around(environment, now) if at <= now), default=None)
    if newest is None or newest <= last:
        return None
    missed: list[datetime] = []
    at = _before(environment, newest)
    while at > last and len(missed) < _MOST_MISSED:
        missed.append(at)
        at = _before(environment, at)
    return Due(newest, tuple(reversed(missed)))


def ended(slot: Slot, operation: Operation, now: datetime) -> Slot:
    """The slot, after the export that was made for it has ended."""
    match operation.phase:
        case Phase.DONE:
            return replace(slot, state=SlotState.DONE, problem="", hint="")
        case Phase.CANCELLED:
            return replace(slot, state=SlotState.STOPPED, problem="It was stopped.", hint=operation.message)
    return failed(slot, LifeboatError(operation.problem, operation.hint), now)


def failed(slot: Slot, problem: LifeboatError, now: datetime) -> Slot:
    """The slot, after a try that failed: tried again once, a while later."""
    told = replace(slot, problem=problem.problem, hint=problem.hint, again_at=None)
    if slot.attempts < ATTEMPTS:
        return replace(told, state=SlotState.RETRY, again_at=now + RETRY_AFTER)
    return replace(told, state=SlotState.FAILED)


def amiss(slots: Iterable[Slot], copied_at: datetime | None) -> list[Slot]:
    """The slots that left no copy since the newest verified one was taken or an export was made, oldest first."""
    known = sorted(slots, key=lambda slot: slot.at)
    done = [slot.at for slot in known if slot.state in (SlotState.DONE, SlotState.STOPPED)]
    since = max([*done, *([copied_at] if copied_at else [])], default=None)
    return [slot for slot in known if _is_amiss(slot) and (since is None or slot.at > since)]


def _is_amiss(slot: Slot) -> bool:
    # While it is tried again, nobody knows yet that it is mended.
    return slot.state in AMISS or (slot.state is SlotState.BEGUN and slot.attempts > 1)


def newest(slots: Sequence[Slot]) -> Slot | None:
    """The newest slot that was seen to, if any was."""
    real = [slot for slot in slots if slot.state is not SlotState.PLANNED]
    return max(real, key=lambda slot: slot.at, default=None)


def _around(environment: Environment, now: datetime) -> list[datetime]:
    """The slots of the days around now, in order."""
    if environment.export_at is None:
        return []
    today = now.astimezone(ZoneInfo(environment.export_zone)).date()
    return [_on(environment, today + timedelta(days=days)) for days in (-2, -1, 0, 1, 2)]


def _before(environment: Environment, at: datetime) -> datetime:
    """The slot before a slot. Some zone once skipped a whole day: then two days have one slot."""
    day = at.astimezone(ZoneInfo(environment.export_zone)).date()
    return max(one for back in (1, 2) if (one := _on(environment, day - back * _DAY)) < at)


def _on(environment: Environment, day: date) -> datetime:
    assert environment.export_at is not None
    return datetime.combine(day, environment.export_at, ZoneInfo(environment.export_zone)).astimezone(UTC)
