"""Knows how people say how long ago something was: "10 min ago", "an hour ago". Knows no clock times and no dates."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.domain.errors import Refused
from bot.domain.moments import EARLIEST, SECOND, Ambiguous, Choice, Moment, Precision, in_zone, moment_of

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), (1, Precision.SECOND)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), (60, Precision.MINUTE)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), (3600, Precision.HOUR)),
    **dict.fromkeys(("d", "day", "days"), (86_400, Precision.HOUR)),
    **dict.fromkeys(("w", "wk", "week", "weeks"), (7 * 86_400, Precision.HOUR)),
}
# Hundredths, so that nothing is counted in fractions that a float only comes near.
_NAMES = ("a", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS = {name: place * 100 for place, name in enumerate(_NAMES, 1)} | {
    "an": 100,
    "one": 100,
    "half a": 50,
    "half an": 50,
    "fifteen": 1500,
    "twenty": 2000,
    "thirty": 3000,
    "forty": 4000,
    "ninety": 9000,
}
_WORDS = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_PART = re.compile(
    rf"(?:(?P<digits>\d{{1,6}}(?:[.,]\d{{1,2}})?) ?|(?P<word>{_WORDS}) )(?P<unit>[a-z]+)(?: and | |(?=\d)|$)"
)
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class _Length:
    """Whole days, and the nanoseconds beside them. `in_days`: nothing finer than days was said."""

    days: int
    rest: int
    precision: Precision
    in_days: bool


def read_age(text: str, now: datetime, zone: ZoneInfo) -> Moment | None:
    """The moment that long before `now`, rounded down to the second; None for what is no length of time.

    Whole days are asked about: "2 days ago" names a day, not a moment. So are days with hours where the clocks were set
    in between: then a day is not 24 hours. `text` is cleaned. Raises Refused for what is no exact length, or lacks the
    word "ago".
    """
    bare = text.removesuffix(" ago")
    length = _length(bare if bare != text else text.removeprefix("-"))
    if length is None:
        if bare != text:
            raise Refused(
                f"“{bare}” is no exact length of time. No moment was taken.",
                "Say it with a number, like `10 min ago`, `2 hours ago` or `1 h 20 min ago`.",
            )
        return None
    found = sorted(_before(now, length, zone), reverse=True)
    if found[0] < EARLIEST:
        # No calendar reaches so far back that it could be shown; whoever asked refuses it.
        return found[0]
    if bare == text:
        raise Ambiguous(f"“{text}” is a length of time. No moment was taken.", "Is it that long ago?", _as(found, zone))
    if length.in_days:
        problem = f"“{text}” counts days, and a day is no moment. None was taken."
        raise Ambiguous(
            problem, "Say a day with a time, like `yesterday 23:10`. To the second, it was:", _as(found, zone)
        )
    if len(found) > 1:
        problem = f"The clocks were set since: “{text}” counts 24 hours to a day, or goes by the clock. None was taken."
        raise Ambiguous(problem, "Choose the one that you mean.", _as(found, zone))
    return found[0]


def _before(now: datetime, length: _Length, zone: ZoneInfo) -> set[Moment]:
    """The moment by elapsed time, and by the clock on the wall where that is another."""
    elapsed = moment_of(now).ns - length.days * _DAY * SECOND - length.rest
    found = {_to_the_second(elapsed, length)}
    if length.days and elapsed > EARLIEST.ns:
        wall = now.astimezone(zone) - timedelta(days=length.days)
        found |= {_to_the_second(moment_of(wall.replace(fold=fold)).ns - length.rest, length) for fold in (0, 1)}
    return found


def _to_the_second(ns: int, length: _Length) -> Moment:
    return Moment(ns // SECOND * SECOND, length.precision)


def _as(found: list[Moment], zone: ZoneInfo) -> tuple[Choice, ...]:
    return tuple(Choice(in_zone(moment, zone), moment.exact) for moment in found)


def _length(text: str) -> _Length | None:
    """Units from large to small, each once; only the last may have a fraction. None for everything else."""
    position, days, rest, smallest = 0, 0, 0, 8 * _DAY
    precision, broken = Precision.SECOND, False
    while position < len(text):
        part = _PART.match(text, position)
        size, precision = _UNITS.get(part["unit"], (0, precision)) if part else (0, precision)
        if part is None or broken or not 0 < size < smallest:
            return None
        hundredths = _hundredths(part)
        broken, smallest, position = hundredths % 100 != 0, size, part.end()
        nanoseconds = hundredths * size * SECOND // 100
        whole = nanoseconds // (_DAY * SECOND) if size >= _DAY else 0
        days, rest = days + whole, rest + nanoseconds - whole * _DAY * SECOND
    return _Length(days, rest, precision, smallest >= _DAY) if position else None


def _hundredths(part: re.Match[str]) -> int:
    if part["word"]:
        return _NUMBERS[part["word"]]
    whole, _, fraction = part["digits"].replace(",", ".").partition(".")
    return int(whole) * 100 + int(fraction.ljust(2, "0"))
