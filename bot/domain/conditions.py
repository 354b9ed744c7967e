"""Knows what can lastingly be wrong with the copies of an environment, since when, and when people are reminded of it.

Knows nothing of where that is kept, or of how it is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from bot.domain.backups import EnvironmentName
from bot.domain.export_schedule import Slot, SlotState
from bot.domain.health import EXPIRY_WARNING, Concern, Health

ConditionId = NewType("ConditionId", str)

GRACE = timedelta(minutes=5)
"""How long it lasts before anybody hears of it: what is over by then was a blip."""

UNSEEN_FOR = timedelta(hours=2)
"""How long a deployment may be out of sight."""

SLACK = timedelta(minutes=90)
"""How much older than planned a copy may be where exports are scheduled: a day of 25 hours, and what one takes itself.

When one fails, that is told by itself, and sooner.
"""

EVERY = timedelta(days=1)
"""How often people are reminded while it lasts, and from when on the operators hear of it by themselves too."""


MUTED_AT_MOST = timedelta(days=14)
"""For how long people may choose not to be reminded."""


class Kind(StrEnum):
    """What is wrong."""

    NO_FRESH_COPY = "no-fresh-copy"
    EXPIRES = "expires"
    SCHEDULE = "schedule"
    UNSEEN = "unseen"


_COPY = (Concern.NO_COPY, Concern.NO_VERIFIED_COPY, Concern.OVERDUE)
_SIGHT = (Concern.NOT_CONNECTED, Concern.NOT_SEEN)
_WAITS_FOR_AN_EXPORT = (Kind.NO_FRESH_COPY, Kind.EXPIRES, Kind.SCHEDULE)


@dataclass(frozen=True, slots=True)
class Wrong:
    """Something that is wrong now. `stage` rises when it becomes worse: that is told at once."""

    kind: Kind
    since: datetime
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Condition:
    """Something wrong that lasts, or has lasted. `since` is when it began, `opened_at` when it was first seen.

    `round` counts the reminders, the last of them at `told_at`, when it was at `told_stage`. Somebody may have muted
    them until a moment, by name and with a reason.
    """

    id: ConditionId
    environment: EnvironmentName
    kind: Kind
    since: datetime
    opened_at: datetime
    round: int = 0
    told_at: datetime | None = None
    told_stage: int = 0
    ended_at: datetime | None = None
    muted_until: datetime | None = None
    muted_by: str = ""
    muted_reason: str = ""

    def is_muted(self, now: datetime) -> bool:
        """Whether somebody chose not to be reminded of it now."""
        return self.ended_at is None and self.muted_until is not None and now < self.muted_until


def wrong_with(health: Health, amiss: Sequence[Slot], now: datetime) -> Iterator[Wrong]:
    """Everything that is wrong now with an environment that the plan keeps copies of; `amiss` are its missed slots."""
    environment, concerns = health.environment, health.concerns
    if not environment.may_export:
        return
    if environment.expected_interval is not None and any(one in concerns for one in _COPY):
        newest = health.newest
        yield Wrong(Kind.NO_FRESH_COPY, newest.snapshot_at + environment.expected_interval if newest else now)
    if Concern.LAST_SOUND_EXPIRES in concerns and health.sound_expires_at is not None:
        yield Wrong(Kind.EXPIRES, health.sound_expires_at - EXPIRY_WARNING)
    if amiss:
        yield Wrong(Kind.SCHEDULE, amiss[0].at, stage=int(amiss[-1].state is SlotState.FAILED))
    if any(one in concerns for one in _SIGHT):
        seen = health.observation.seen_at if health.observation and Concern.NOT_SEEN in concerns else None
        yield Wrong(Kind.UNSEEN, seen or now)


def is_due(condition: Condition, wrong: Wrong, now: datetime, *, scheduled: bool, exporting: bool) -> bool:
    """Whether people are reminded now of what still is wrong.

    What a running export may end waits for it. After a pause one reminder is sent, however many were missed. While it
    is muted, people hear of it only when it becomes worse.
    """
    if exporting and condition.kind in _WAITS_FOR_AN_EXPORT:
        return False
    if condition.is_muted(now):
        return wrong.stage > condition.told_stage
    if condition.told_at is not None:
        return now >= condition.told_at + EVERY or wrong.stage > condition.told_stage
    return now >= condition.opened_at + GRACE and now >= condition.since + _patience(condition.kind, scheduled)


def is_lasting(condition: Condition, now: datetime) -> bool:
    """Whether it has lasted so long that the operators hear of it by themselves too."""
    return now >= condition.opened_at + EVERY


def _patience(kind: Kind, scheduled: bool) -> timedelta:
    match kind:
        case Kind.UNSEEN:
            return UNSEEN_FOR
        case Kind.NO_FRESH_COPY if scheduled:
            return SLACK
    return timedelta()
