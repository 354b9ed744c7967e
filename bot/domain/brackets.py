"""Knows what lies on either side of a recovery point: the copies before and after it, what a restore would lose, and
which of them disappears when. Knows nothing of how the point was found.

The two retentions stay apart here too: ours, by the plan; Convex's own, as observed per copy.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.backups import Backup, CloudBackup
from bot.domain.health import expires_at
from bot.domain.moments import Moment
from bot.domain.plan_parts import Environment


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a copy that matters goes: `ours` from our vault (that can be stopped), else Convex's own copy of it.

    `copy` is None for a backup that Convex made by itself.
    """

    at: datetime
    copy: Backup | None
    ours: bool


@dataclass(frozen=True, slots=True)
class Bracket:
    """What brackets a recovery point. Copies are of one environment, and their files are still in the vault.

    `before` is the newest copy at or before `target` that a restore would take. `unproven` is a newer one, also before
    the target, that nobody has checked or that did not pass. `after` is the first copy after the target, whatever its
    check said: it shows what the data looked like then. `cloud` is Convex's own newest copy, if it is known and whole.
    `at_risk` is what was written between `before` and the target: a restore of `before` does not bring it back.
    """

    target: Moment
    before: Backup | None
    unproven: Backup | None
    after: Backup | None
    cloud: CloudBackup | None
    expiries: tuple[Expiry, ...]

    @property
    def at_risk(self) -> timedelta | None:
        """None where no copy from before the target can be restored: then everything is at risk."""
        return None if self.before is None else distance(self.before, self.target)

    @property
    def cloud_is_before(self) -> bool:
        """Whether Convex's own copy shows the data as it was at or before the target."""
        return (
            self.cloud is not None and self.cloud.snapshot_at is not None and self.cloud.snapshot_at <= self.target.at
        )


def bracket(
    target: Moment, copies: Sequence[Backup], cloud: CloudBackup | None, environment: Environment, now: datetime
) -> Bracket:
    """What brackets a target, of the copies of this environment that are still there."""
    there = [copy for copy in copies if copy.environment == environment.name and copy.purged_at is None]
    earlier = sorted((copy for copy in there if copy.snapshot_ns <= target.ns), key=_snapshot)
    before = next((copy for copy in reversed(earlier) if copy.restorable), None)
    unproven = earlier[-1] if earlier and earlier[-1] is not before else None
    after = min((copy for copy in there if copy.snapshot_ns > target.ns), key=_snapshot, default=None)
    whole = cloud if cloud is not None and cloud.snapshot_at is not None and cloud.state in _WHOLE else None
    named = [copy for copy in (before, unproven, after) if copy is not None]
    expiries = sorted(_expiries(named, there, whole, environment, now), key=lambda one: one.at)
    return Bracket(target, before, unproven, after, whole, tuple(expiries))


_WHOLE = ("completed",)
"""What Convex calls a copy that it has finished."""


def distance(copy: Backup, target: Moment) -> timedelta:
    """How far a copy's data is before the target (negative: after it), rounded up to a microsecond."""
    return timedelta(microseconds=-((copy.snapshot_ns - target.ns) // 1000))


def _snapshot(copy: Backup) -> int:
    return copy.snapshot_ns


def _expiries(
    named: Sequence[Backup], there: Sequence[Backup], cloud: CloudBackup | None, environment: Environment, now: datetime
) -> Iterator[Expiry]:
    for copy in named:
        ours = expires_at(environment, there, copy)
        if ours is not None:
            yield Expiry(ours, copy, ours=True)
        if copy.convex_expires_at is not None and copy.convex_expires_at > now:
            yield Expiry(copy.convex_expires_at, copy, ours=False)
    if cloud is not None and cloud.expires_at is not None and cloud.expires_at > now:
        yield Expiry(cloud.expires_at, None, ours=False)
