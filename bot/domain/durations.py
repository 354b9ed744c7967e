"""Knows how lengths of time are written and read: "30 days", "4 hours". Knows nothing of what they limit."""

import re
from datetime import timedelta

_UNITS = {
    "s": timedelta(seconds=1),
    "sec": timedelta(seconds=1),
    "second": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "min": timedelta(minutes=1),
    "minute": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "hour": timedelta(hours=1),
    "d": timedelta(days=1),
    "day": timedelta(days=1),
    "w": timedelta(weeks=1),
    "week": timedelta(weeks=1),
}
_PART = re.compile(r"\s*(\d{1,6})\s*([a-z]+)\s*", re.ASCII)
_SHOWN = (("day", timedelta(days=1)), ("hour", timedelta(hours=1)), ("minute", timedelta(minutes=1)))


def read_duration(written: str) -> timedelta:
    """The length of "30 days", "90 min" or "1 hour 30 minutes". Raises ValueError for anything else, and for none."""
    total, position, text = timedelta(), 0, written.lower()
    while position < len(text):
        part = _PART.match(text, position)
        if part is None:
            raise ValueError(f"{written!r} is not a length of time")
        number, unit = part.groups()
        length = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s"))
        if length is None:
            raise ValueError(f"{unit!r} is not a unit of time")
        total += int(number) * length
        position = part.end()
    if total <= timedelta():
        raise ValueError(f"{written!r} is no time at all")
    return total


def write_duration(length: timedelta) -> str:
    """A length of whole seconds as `read_duration` reads it, with nothing lost: "3 days 20 seconds"."""
    parts = ((length.days, "days"), (length.seconds, "seconds"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def duration_words(length: timedelta) -> str:
    """ "30 days", "1 hour 30 minutes": at most the two largest units, rounded down; never empty."""
    if length < timedelta(minutes=1):
        seconds = int(length.total_seconds())
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    parts = []
    for name, unit in _SHOWN:
        count, length = divmod(length, unit)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts[:2])
