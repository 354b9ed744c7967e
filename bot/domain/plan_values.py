"""Knows how single values of a plan are written: lengths of time, days, clock times, zones, addresses, names of people
on platforms. Knows nothing of what they belong to.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, StringConstraints

from bot.domain.durations import read_duration, write_duration
from bot.domain.plan_problems import meant, wrong

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
BEST_EFFORT = "best effort"


@dataclass(frozen=True, slots=True)
class DayOfYear:
    """A day that every year has."""

    month: int
    day: int

    def __str__(self) -> str:
        return f"{MONTHS[self.month - 1]} {self.day}"


def _duration(written: Any) -> timedelta:
    if isinstance(written, timedelta):
        return written  # a step that no plan foresaw is made here, and not read
    try:
        return read_duration(written)
    except (ValueError, AttributeError):
        raise wrong(f"{written!r} is not a length of time.", 'Write it like "30 days" or "4 hours".') from None


def _duration_or_none(written: Any) -> timedelta | None:
    return None if written == "none" else _duration(written)


def _target(written: Any) -> timedelta | str | None:
    return written if written == BEST_EFFORT else _duration_or_none(written)


def _day(written: Any) -> DayOfYear:
    words = str(written).replace(",", " ").split()
    number = next((int(word) for word in words if word.isdecimal()), 0)
    name = next((word.capitalize() for word in words if not word.isdecimal()), "")
    if len(words) != 2 or not number or name not in MONTHS:
        raise wrong(f"{written!r} is not a day of the year.", 'Write day and month like "15 March".')
    month = MONTHS.index(name) + 1
    try:
        # A year without 29 February, so that every accepted day comes every year.
        date(2023, month, number)
    except ValueError:
        raise wrong(f"{written!r} does not come every year.", f"Choose a day that {name} always has.") from None
    return DayOfYear(month, number)


def _time(written: Any) -> time:
    if isinstance(written, time):
        return written
    if isinstance(written, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", written):
        return time.fromisoformat(written)
    raise wrong(f"{written!r} is not a time of day.", 'Write it like "09:00", on the 24-hour clock.')


def _zone(written: str) -> str:
    if written in available_timezones():
        return written
    raise wrong(f"There is no time zone {written!r}.", _zone_mend(written))


def _zone_mend(written: str) -> str:
    guess = meant(written, sorted(available_timezones())).partition(" Known here")[0]
    return f'{guess if guess.startswith("Did") else ""} Write a name such as "UTC" or "Europe/Berlin".'.strip()


def _url(written: str) -> str:
    parts = urlsplit(written)
    if parts.scheme in ("http", "https") and parts.hostname and not any(map(str.isspace, written)):
        return written
    raise wrong(f"{written!r} is not a web address.", 'Write it in full, like "https://example.org/page".')


def _pattern(pattern: str, what: str, mend: str) -> Callable[[str], str]:
    def check(written: str) -> str:
        if re.fullmatch(pattern, written):
            return written
        raise wrong(f"{written!r} is not {what}.", mend)

    return check


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(write_duration, when_used="json")]
"""A length of time; as JSON it is written as in a plan, so that it is read again."""
OptionalDuration = Annotated[timedelta | None, BeforeValidator(_duration_or_none)]
Target = Annotated[timedelta | str | None, BeforeValidator(_target)]
"""A length of time, `BEST_EFFORT`, or None."""
Day = Annotated[DayOfYear, BeforeValidator(_day)]
ClockTime = Annotated[time, BeforeValidator(_time)]
Zone = Annotated[str, AfterValidator(_zone)]
Url = Annotated[str, AfterValidator(_url)]
Words = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Key = Annotated[
    str,
    AfterValidator(_pattern(r"[a-z][a-z0-9-]{0,39}", "a key", "Write small letters, digits and hyphens, at most 40.")),
]
Email = Annotated[
    str,
    AfterValidator(_pattern(r"[^@\s]+@[^@\s]+\.[^@\s]+", "an e-mail address", 'Write it like "team@example.org".')),
]
SlackId = Annotated[
    str,
    AfterValidator(_pattern(r"[UW][A-Z0-9]{2,20}", "a Slack member id", 'Copy it from the profile, like "U024BE7LH".')),
]
SlackGroupId = Annotated[
    str,
    AfterValidator(_pattern(r"S[A-Z0-9]{2,20}", "a Slack user group id", 'Copy it from the group, like "S0614TZR7".')),
]
DiscordId = Annotated[
    str,
    AfterValidator(_pattern(r"\d{15,21}", "a Discord id", "Copy it in developer mode: 17 to 20 digits, quoted.")),
]
