"""Knows whether an environment is safe, from what is recorded. Knows nothing of how it came to be recorded.

Two retentions are never mixed: ours, by the plan, for copies in our vault; Convex's own, as observed per copy.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.backups import Backup, BackupId, Observation
from bot.domain.plan_parts import Environment
from bot.domain.snapshot import Verdict

EXPIRY_WARNING = timedelta(days=3)
"""How long before the last sound copy disappears it is worth a warning."""

SIGHT_LASTS = timedelta(minutes=10)
"""How long a look at a deployment counts; the sweep looks once a minute."""

_SHRUNK_ROWS = 10
_SHRUNK_SHARE = 0.01


class Safety(StrEnum):
    """The answer to "am I safe?". UNPLANNED: the plan keeps no copies of this environment, on purpose."""

    SAFE = "safe"
    AT_RISK = "at risk"
    NOT_SAFE = "not safe"
    UNPLANNED = "unplanned"


class Concern(StrEnum):
    """Why an environment is not simply safe; the gravest first."""

    NO_COPY = "no copy"
    NO_VERIFIED_COPY = "no verified copy"
    SHRUNK = "production shrank"
    NEWER_COPY_BROKEN = "newer copy broken"
    OVERDUE = "overdue"
    LAST_SOUND_EXPIRES = "last sound copy expires"
    WARNINGS = "warnings in the newest copy"
    NOT_CONNECTED = "not connected"
    NOT_SEEN = "not seen"


_FATAL = {Concern.NO_COPY, Concern.NO_VERIFIED_COPY}


@dataclass(frozen=True, slots=True)
class Shrunk:
    """A table that has fewer rows in production than in the newest copy."""

    table: str
    copied: int
    now: int


@dataclass(frozen=True, slots=True)
class Health:
    """One environment, judged. `newest` is the newest verified copy that a restore would take; retention never
    touches it. `sound` is the newest copy without any finding that stays, else the newest of those; `sound_expires_at`
    when retention takes it, if it may.
    """

    environment: Environment
    safety: Safety
    concerns: tuple[Concern, ...]
    newest: Backup | None
    age: timedelta | None
    sound: Backup | None
    sound_expires_at: datetime | None
    unverified: int
    copies: int
    shrunk: tuple[Shrunk, ...]
    observation: Observation | None


def expires_at(environment: Environment, copies: Iterable[Backup], backup: Backup) -> datetime | None:
    """When our retention takes a copy; None: never (kept, or the newest verified one, or no retention is set)."""
    if environment.retention is None or backup.kept or backup.purged_at is not None:
        return None
    if backup.id in protected(copies):
        return None
    return backup.stored_at + environment.retention


def protected(copies: Iterable[Backup]) -> frozenset[BackupId]:
    """The copies that retention never takes: the newest verified one, and the newest verified with stored files."""
    known = list(copies)
    newest = (newest_verified(known), newest_verified(copy for copy in known if copy.with_files))
    return frozenset(copy.id for copy in newest if copy is not None)


def newest_verified(copies: Iterable[Backup]) -> Backup | None:
    """The newest copy that a restore would take."""
    return max((copy for copy in copies if copy.restorable), key=lambda copy: copy.snapshot_ns, default=None)


def judge(
    environment: Environment,
    copies: Sequence[Backup],
    observation: Observation | None,
    copied_rows: Mapping[str, int] | None,
    now: datetime,
    *,
    connected: bool,
) -> Health:
    """Judge one environment. `copies` have their files; `copied_rows` are the rows of the newest verified one."""
    newest = newest_verified(copies)
    sound = _most_lasting([copy for copy in copies if copy.verdict is Verdict.SOUND], environment, copies)
    sound_expires = expires_at(environment, copies, sound) if sound is not None else None
    shrunk = _shrunk(copied_rows, observation, newest)
    age = now - newest.snapshot_at if newest is not None else None
    found = {
        Concern.NO_COPY: not copies,
        Concern.NO_VERIFIED_COPY: bool(copies) and newest is None,
        Concern.SHRUNK: bool(shrunk),
        Concern.NEWER_COPY_BROKEN: newest is not None and _newer_is_broken(copies, newest),
        Concern.OVERDUE: _overdue(environment, age),
        Concern.LAST_SOUND_EXPIRES: sound_expires is not None and sound_expires - now <= EXPIRY_WARNING,
        Concern.WARNINGS: newest is not None and newest.verdict is Verdict.FINDINGS,
        Concern.NOT_CONNECTED: not connected,
        Concern.NOT_SEEN: connected and not _seen(observation, now),
    }
    concerns = tuple(concern for concern in Concern if found[concern])
    return Health(
        environment=environment,
        safety=_safety(environment, copies, concerns),
        concerns=concerns,
        newest=newest,
        age=age,
        sound=sound,
        sound_expires_at=sound_expires,
        unverified=sum(copy.verdict is None for copy in copies),
        copies=len(copies),
        shrunk=shrunk,
        observation=observation,
    )


def worst(judged: Iterable[Health]) -> Safety:
    """The one word for all of them: what is planned counts."""
    order = (Safety.UNPLANNED, Safety.SAFE, Safety.AT_RISK, Safety.NOT_SAFE)
    return max((health.safety for health in judged), key=order.index, default=Safety.UNPLANNED)


def _safety(environment: Environment, copies: Sequence[Backup], concerns: tuple[Concern, ...]) -> Safety:
    # Nobody is in danger for want of a copy that the plan does not ask for: staging on demand, development.
    if environment.expected_interval is None and not copies:
        return Safety.UNPLANNED
    if any(concern in _FATAL for concern in concerns):
        return Safety.NOT_SAFE
    return Safety.AT_RISK if concerns else Safety.SAFE


def _overdue(environment: Environment, age: timedelta | None) -> bool:
    return environment.expected_interval is not None and age is not None and age > environment.expected_interval


def _newer_is_broken(copies: Sequence[Backup], newest: Backup) -> bool:
    return any(
        copy.verdict is not None and not copy.restorable and copy.snapshot_ns > newest.snapshot_ns for copy in copies
    )


def _most_lasting(sound: Sequence[Backup], environment: Environment, copies: Sequence[Backup]) -> Backup | None:
    """The newest of those that stay, else the newest: what matters is when the last of them goes."""
    staying = [copy for copy in sound if expires_at(environment, copies, copy) is None]
    return newest_verified(staying or sound)


def _seen(observation: Observation | None, now: datetime) -> bool:
    if observation is None or observation.problem or observation.seen_at is None:
        return False
    return now - observation.seen_at <= SIGHT_LASTS


def _shrunk(
    copied: Mapping[str, int] | None, observation: Observation | None, newest: Backup | None
) -> tuple[Shrunk, ...]:
    if copied is None or observation is None or observation.rows_at is None or newest is None:
        return ()
    if observation.rows_at < newest.snapshot_at:
        # Counted before the copy was made: what the copy has more was written in between, not lost since.
        return ()
    return tuple(
        Shrunk(table, rows, observation.rows.get(table, 0))
        for table, rows in copied.items()
        if rows - observation.rows.get(table, 0) >= max(_SHRUNK_ROWS, rows * _SHRUNK_SHARE)
    )
