"""Knows how people write a clock time and a day. Knows nothing of zones, nor of which day it is."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta

from bot.domain.errors import Refused
from bot.domain.moments import Precision
from bot.domain.plan_values import MONTHS

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# A date without a year is the latest such day only where that was lately; else the year is asked for.
_LATELY = timedelta(days=90)

_FINE = r"(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d+))?)?"
_HALF = r"(?P<half>[ap])\.?m\.?(?![a-z])"
_CLOCK = re.compile(rf"(?<!\S)(?P<hour>\d{{1,2}}):(?P<minute>\d{{2}}){_FINE}(?: ?{_HALF})?(?![\d:.,])")
_HOUR = re.compile(rf"(?<!\S)(?P<hour>\d{{1,2}}) ?{_HALF}(?!\S)")
_JOINED = re.compile(r"^(\d{4}-\d{2}-\d{2})t(?=\d)")
_BASIC = re.compile(r"^(\d{4})(\d{2})(\d{2})t(\d{2})(\d{2})(?:(\d{2})([.,]\d+)?)?(?=[z +-]|$)")

_MONTH = {name.casefold()[:length]: place for place, name in enumerate(MONTHS, 1) for length in (3, len(name))}
_MONTH["sept"] = 9
_WEEKDAY = {name.casefold()[:length]: place for place, name in enumerate(WEEKDAYS) for length in (3, len(name))}
_WEEKDAY |= {"tues": 1, "thur": 3, "thurs": 3}
_NEAR = {"today": 0, "yesterday": 1, "tomorrow": -1}
_FILLERS = {"on", "at", "of", "the"}
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})")
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_YEAR_SHORT = re.compile(r"(\d{2})([-/.])(\d{1,2})\2(\d{2})|(\d{1,2})([-/.])(\d{1,2})\6(\d{2})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?[ -]([a-z]+)\.?(?:[ -](\d{4}))?")
_MONTH_DAY = re.compile(r"([a-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?(?: (\d{4}))?")


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day, in seconds since midnight (86,400 is the next midnight) and nanoseconds."""

    seconds: int
    nanoseconds: int = 0


@dataclass(frozen=True, slots=True)
class ClockSaid:
    """What a clock time may mean; with more than one, `doubt` says why."""

    clocks: tuple[Clock, ...]
    precision: Precision
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class DaySaid:
    """Which days may be meant; with `doubt`, none of them is taken without asking."""

    days: tuple[date, ...]
    doubt: str = ""


def clean(said: str) -> str:
    """What was said in small letters and plain characters: digits of any script, spaces and hyphens of any kind,
    without marks that nobody sees, without commas between words.
    """
    seen = (_plain(character) for character in said if unicodedata.category(character) != "Cf")
    text = " ".join("".join(seen).casefold().split())
    text = re.sub(r",(?= |$)", "", text)
    text = _JOINED.sub(r"\1 ", text)
    return _BASIC.sub(_spread, text)


def _plain(character: str) -> str:
    if character in "\u2010\u2011\u2212\uff0d":
        # Hyphens and the minus sign. Longer dashes stand for "until", so they stay what they are.
        return "-"
    if character in "\uff1a\u2236":
        return ":"
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def _spread(basic: re.Match[str]) -> str:
    year, month, day, hour, minute, second, fraction = basic.groups()
    return f"{year}-{month}-{day} {hour}:{minute}" + (f":{second}{fraction or ''}" if second else "")


def find_clock(text: str) -> tuple[ClockSaid, str, str] | None:
    """The one clock time in a cleaned text, with what stands before and after it; None when there is none."""
    found = list(_CLOCK.finditer(text)) or list(_HOUR.finditer(text))
    if len(found) > 1:
        raise Refused(
            "That names two times of day. No moment was taken.", "Say one of them, like `2026-11-22 02:41 UTC`."
        )
    if not found:
        return None
    match = found[0]
    return _clock(match), text[: match.start()].strip(), text[match.end() :].strip()


def _clock(match: re.Match[str]) -> ClockSaid:
    parts = match.groupdict()
    hour, minute, second = int(parts["hour"]), int(parts.get("minute") or 0), int(parts.get("second") or 0)
    fraction, half = parts.get("fraction") or "", parts["half"]
    if hour == 24 and not minute and not second and not half:
        raise Refused("A day ends at 00:00 of the next one. No moment was taken.", "Say `00:00` with that day's date.")
    if minute > 59 or second > 60 or hour > 23 or (half and not 1 <= hour <= 12):
        raise Refused(f"No clock shows “{match[0]}”. No moment was taken.", "Say it like `02:41` or `2:41 pm`.")
    if len(fraction) > 9:
        raise Refused("That is finer than a nanosecond. No moment was taken.", "Say at most nine digits.")
    precision = _precision(parts, fraction)
    nanoseconds = int(fraction.ljust(9, "0")) if fraction else 0
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    if second == 60:
        start = hour * 3600 + minute * 60
        doubt = "Unix time has no 60th second, and neither has Convex: a leap second is the second before or after it."
        return ClockSaid((Clock(start + 59), Clock(start + 60)), Precision.SECOND, doubt)
    clock = Clock(hour * 3600 + minute * 60 + second, nanoseconds)
    other = Clock((clock.seconds + 43_200) % 86_400, nanoseconds)
    if not half and len(parts["hour"]) == 1 and hour >= 1:
        return ClockSaid((clock, other), precision, f"“{match[0]}” may be in the morning or in the afternoon.")
    if half and clock.seconds % 43_200 == 0:
        return ClockSaid((clock, other), precision, f"“{match[0]}” is noon to some and midnight to others.")
    return ClockSaid((clock,), precision)


def _precision(parts: dict[str, str | None], fraction: str) -> Precision:
    if fraction:
        return (Precision.MILLISECOND, Precision.MICROSECOND, Precision.NANOSECOND)[(len(fraction) - 1) // 3]
    if parts.get("second"):
        return Precision.SECOND
    return Precision.MINUTE if parts.get("minute") else Precision.HOUR


def is_day_word(word: str) -> bool:
    """Whether a word can belong to a day, so that it is no time zone."""
    bare = word.rstrip(".")
    return bare in _MONTH or bare in _WEEKDAY or bare in _NEAR or bare in _FILLERS


def without_fillers(words: str) -> str:
    """Words without those that only join them: "on the 22nd of" is "22nd"."""
    return " ".join(word for word in words.split() if word not in _FILLERS)


def read_day(words: str, here: date, elsewhere: tuple[date, ...]) -> DaySaid | None:
    """The day that cleaned words name; None when they name none.

    `here` is today where the time is read, `elsewhere` today in every zone that may be meant. Raises Refused for a
    day that is not in the calendar, or not on the weekday said.
    """
    rest = without_fillers(words).split()
    weekday = _WEEKDAY.get(rest[0].rstrip(".")) if rest else None
    if weekday is not None:
        rest = rest[1:]
    text = " ".join(rest)
    if weekday is not None and not text:
        latest = here - timedelta(days=(here.weekday() - weekday) % 7)
        return DaySaid((latest, latest - timedelta(days=7)), "A weekday alone is no date.")
    if text in _NEAR:
        said = _near(text, elsewhere)
    else:
        found = _dated(text, here)
        if found is None:
            return None
        said = found
    return said if weekday is None else _on(weekday, said)


def _near(word: str, todays: tuple[date, ...]) -> DaySaid:
    days = tuple(dict.fromkeys(today - timedelta(days=_NEAR[word]) for today in todays))
    return DaySaid(days, f"“{word}” is not the same day in every zone named or read here." if len(days) > 1 else "")


def _dated(text: str, here: date) -> DaySaid | None:
    if match := _YEAR_FIRST.fullmatch(text):
        return DaySaid(_real(text, (int(match[1]), int(match[3]), int(match[4]))))
    if match := _YEAR_LAST.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        days = _real(text, (year, second, first), (year, first, second))
        return DaySaid(days, f"“{text}” may begin with the day or with the month." if len(days) > 1 else "")
    if match := _YEAR_SHORT.fullmatch(text):
        first, second, third = (int(part) for part in match.groups() if part and part.isdigit())
        orders = ((third, second, first), (third, first, second), (first, second, third))
        days = _real(text, *((2000 + year, month, day) for year, month, day in orders))
        return DaySaid(days, f"“{text}” does not say which of its numbers is the year.")
    named = _named_day(text)
    if named is None:
        return None
    named_year, month, day_of_month = named
    if named_year is not None:
        return DaySaid(_real(text, (named_year, month, day_of_month)))
    return _without_year(text, month, day_of_month, here)


def _named_day(text: str) -> tuple[int | None, int, int] | None:
    """Year (if said), month and day of "22 Nov 2026" or "November 22nd"."""
    if match := _DAY_MONTH.fullmatch(text):
        day, name, year = match.groups()
    elif match := _MONTH_DAY.fullmatch(text):
        name, day, year = match.groups()
    else:
        return None
    month = _MONTH.get(name)
    return None if month is None else (int(year) if year else None, month, int(day))


def _without_year(text: str, month: int, day: int, here: date) -> DaySaid:
    around = _real(text, *((here.year + ahead, month, day) for ahead in (1, 0, -1)))
    nearest = min(around, key=lambda one: abs(one - here))
    if timedelta() <= here - nearest <= _LATELY:
        return DaySaid((nearest,))
    return DaySaid(around, f"“{text}” names no year.")


def _real(text: str, *readings: tuple[int, int, int]) -> tuple[date, ...]:
    """The readings (year, month, day) that are in the calendar, each once. Raises Refused when none is."""
    days: dict[date, None] = {}
    for year, month, day in readings:
        try:
            days[date(year, month, day)] = None
        except ValueError:
            continue
    if not days:
        raise Refused(f"There is no day “{text}”. No moment was taken.", "Say it like `2026-11-22 02:41 UTC`.")
    return tuple(days)


def _on(weekday: int, said: DaySaid) -> DaySaid:
    days = tuple(day for day in said.days if day.weekday() == weekday)
    if not days:
        day = said.days[0]
        raise Refused(
            f"{day.day} {MONTHS[day.month - 1]} {day.year} is a {WEEKDAYS[day.weekday()]}, "
            f"not a {WEEKDAYS[weekday]}. No moment was taken.",
            "One of the two is wrong: say the date alone, like `2026-11-22 02:41 UTC`.",
        )
    return DaySaid(days, said.doubt if len(days) > 1 else "")
