"""Knows what a moment is, to the nanosecond, and how it is written. Knows nothing of how people say one.

Convex counts nanoseconds since the epoch; Python's datetime ends at microseconds, and floats earlier still. So a
moment is a whole number, and everything else is derived from it, always rounded down: a moment that is told coarser
than it is must never lie after it.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from bot.domain.errors import Refused

SECOND = 1_000_000_000
"""Nanoseconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Precision(StrEnum):
    """How fine a moment was said. Coarser ones mean their first instant: "02:41" is 02:41:00."""

    HOUR = "hour"
    MINUTE = "minute"
    SECOND = "second"
    MILLISECOND = "millisecond"
    MICROSECOND = "microsecond"
    NANOSECOND = "nanosecond"


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """A point in time. `ns` counts nanoseconds since 1970-01-01T00:00:00Z, without leap seconds, as Convex does.

    How fine it was said does not make it another moment.
    """

    ns: int
    precision: Precision = field(default=Precision.SECOND, compare=False)

    @property
    def at(self) -> datetime:
        """Aware, UTC, rounded down to microseconds."""
        return _EPOCH + timedelta(microseconds=self.ns // 1000)

    @property
    def iso(self) -> str:
        """ISO 8601 in UTC, rounded down to the second: `2026-11-22T01:41:07Z`."""
        return f"{self.at:%Y-%m-%dT%H:%M:%S}Z"

    @property
    def exact(self) -> str:
        """ISO 8601 in UTC with everything there is, in as few digits as say it: reads back as exactly this moment."""
        seconds, rest = divmod(self.ns, SECOND)
        if rest:
            digits = f"{rest:09d}"
            while digits.endswith("000"):
                digits = digits[:-3]
            return f"{self.iso[:-1]}.{digits}Z"
        whole_minute = seconds % 60 == 0 and self.precision in (Precision.HOUR, Precision.MINUTE)
        return f"{self.at:%Y-%m-%dT%H:%M}Z" if whole_minute else self.iso


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that may have been meant: `label` for people, `say` what to say to mean it and nothing else."""

    label: str
    say: str


class Ambiguous(Refused):
    """What was said may mean several moments, or one that it should not: `choices` are what can be said instead,
    the latest first. There may be only one: it was not what was said, so it is asked for all the same.
    """

    def __init__(self, problem: str, hint: str, choices: tuple[Choice, ...]) -> None:
        super().__init__(problem, hint)
        self.choices = choices


EARLIEST = Moment(1_000_000_000 * SECOND)
"""2001-09-09: Unix seconds have had ten digits since, and nothing that is recovered here is older."""


def moment_of(at: datetime, precision: Precision = Precision.MICROSECOND) -> Moment:
    """The moment of an aware datetime, exactly."""
    return Moment((at - _EPOCH) // timedelta(microseconds=1) * 1000, precision)


def in_zone(moment: Moment, zone: tzinfo) -> str:
    """A moment on the clocks of a zone, rounded down to the second: `Sun 22 Nov 2026, 02:41:07 CET (UTC+01:00)`.

    Seconds are left out where none were said.
    """
    local = moment.at.astimezone(zone)
    whole_minute = moment.exact.count(":") == 1
    clock = f"{local:%H:%M}" if whole_minute and local.second == 0 else f"{local:%H:%M:%S}"
    day = f"{_DAYS[local.weekday()]} {local.day} {_MONTHS[local.month - 1]} {local.year}"
    return f"{day}, {clock} {_zone_name(local)}"


def _zone_name(local: datetime) -> str:
    name, offset = local.tzname() or "", offset_words(local.utcoffset() or timedelta())
    if name == offset:
        return name
    return f"{name} ({offset})" if name[:1].isalpha() else offset


def offset_words(offset: timedelta) -> str:
    """A distance from UTC: `UTC`, `UTC+05:30`, `UTC−03:00`."""
    minutes = int(offset.total_seconds()) // 60
    sign = "+" if minutes >= 0 else "−"
    return f"UTC{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}" if minutes else "UTC"
