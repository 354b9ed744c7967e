"""Knows how people name time zones, and which names mean several. Knows nothing of days or clocks.

An abbreviation is no zone: some belong to several places, and people write CET all summer when they mean the clock on
the wall. Both are found out here, so that they can be asked about.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from bot.domain.errors import Refused

_UTC_NAMES = ("z", "utc", "ut", "uct", "zulu")
# Where it is kept, and how far from UTC it is, in minutes. The place shows whether it was in force at a moment.
_SEASONAL = {
    "cet": (60, "Europe/Berlin"),
    "cest": (120, "Europe/Berlin"),
    "wet": (0, "Europe/Lisbon"),
    "west": (60, "Europe/Lisbon"),
    "eet": (120, "Europe/Helsinki"),
    "eest": (180, "Europe/Helsinki"),
    "est": (-300, "America/New_York"),
    "edt": (-240, "America/New_York"),
    "pst": (-480, "America/Los_Angeles"),
    "pdt": (-420, "America/Los_Angeles"),
    "mdt": (-360, "America/Denver"),
    "akst": (-540, "America/Anchorage"),
    "akdt": (-480, "America/Anchorage"),
    "aest": (600, "Australia/Sydney"),
    "aedt": (660, "Australia/Sydney"),
    "nzst": (720, "Pacific/Auckland"),
    "nzdt": (780, "Pacific/Auckland"),
    "nst": (-210, "America/St_Johns"),
    "ndt": (-150, "America/St_Johns"),
    "jst": (540, "Asia/Tokyo"),
    "kst": (540, "Asia/Seoul"),
    "hkt": (480, "Asia/Hong_Kong"),
    "msk": (180, "Europe/Moscow"),
    "sast": (120, "Africa/Johannesburg"),
    "awst": (480, "Australia/Perth"),
}
_SEVERAL = {
    "cst": ((-360, "US Central"), (480, "China"), (-300, "Cuba")),
    "cdt": ((-300, "US Central"), (-240, "Cuba")),
    "ist": ((330, "India"), (60, "Ireland"), (120, "Israel")),
    "bst": ((60, "Britain"), (360, "Bangladesh"), (660, "Bougainville")),
    "mst": ((-420, "US Mountain"), (480, "Malaysia"), (390, "Myanmar")),
    "ast": ((-240, "Atlantic"), (180, "Arabia")),
    "adt": ((-180, "Atlantic"), (240, "Arabia")),
    "amt": ((-240, "Amazon"), (240, "Armenia")),
    "gst": ((240, "Gulf"), (-120, "South Georgia")),
    "sst": ((-660, "Samoa"), (480, "Singapore")),
    "wst": ((480, "Western Australia"), (780, "West Samoa")),
    "ect": ((-300, "Ecuador"), (-240, "Eastern Caribbean")),
    "acst": ((570, "Central Australia"), (-300, "Acre")),
}
_REGIONS = {
    "et": "America/New_York",
    "ct": "America/Chicago",
    "mt": "America/Denver",
    "pt": "America/Los_Angeles",
}
_FARTHEST = (timedelta(hours=-12), timedelta(hours=14))
_OFFSET = re.compile(
    r"(?:(?:utc|gmt) ?(?P<far>[+-]\d{1,2})(?P<near>:?\d{2})?|(?P<hours>[+-]\d{2})(?P<minutes>:?\d{2})?)(?![\w:/.,+-])"
)
_COMMENT = re.compile(r"^ ?\([^()]*\)")
_NAME = re.compile(r"(etc/gmt[+-]\d{1,2}|[a-z][a-z_]*(?:/[a-z_0-9+-]+){0,2})(?!\S)")
_BRACKET = re.compile(r"\[([a-z_0-9/+-]+)\](?!\S)")


@dataclass(frozen=True, slots=True)
class ZoneSaid:
    """What a zone's name may mean. With more than one, `doubt` says why. `kept_in` is where an abbreviation is in use:
    at a moment when that place keeps another time, the abbreviation is in doubt. `also` must agree.
    """

    zones: tuple[tzinfo, ...]
    doubt: str = ""
    kept_in: ZoneInfo | None = None
    also: ZoneInfo | None = None


def zone_at_start(text: str, reader: ZoneInfo) -> tuple[ZoneSaid, str] | None:
    """The zone that a text begins with, and what follows it; None where it begins with none.

    `text` is in small letters. `reader` is whose zone it is read for.
    """
    offset = _OFFSET.match(text)
    if offset:
        return _with_offset(offset, text)
    name = _NAME.match(text)
    said = _named(name[1], reader) if name else None
    return (said, text[name.end() :].strip()) if name and said else None


def unknown_zone(name: str) -> Refused:
    """What to say of a word that stands where a zone may stand, and is none."""
    close = get_close_matches(name, _places(), n=1, cutoff=0.75)
    guess = f"Did you mean `{_places()[close[0]]}`? " if close else ""
    return Refused(
        f"I know no time zone “{name}”. No moment was taken.",
        f"{guess}Say the distance from UTC, like `+02:00`, or a place, like `Europe/Berlin`.",
    )


def _with_offset(match: re.Match[str], text: str) -> tuple[ZoneSaid, str]:
    hours = match["far"] or match["hours"]
    minutes = (match["near"] or match["minutes"] or "00").removeprefix(":")
    size = timedelta(hours=int(hours[1:]), minutes=int(minutes))
    offset = -size if hours[0] == "-" else size
    if not _FARTHEST[0] <= offset <= _FARTHEST[1] or int(minutes) > 59:
        raise Refused(
            f"No place is {match[0].strip()} from UTC. No moment was taken.",
            "Distances go from `-12:00` to `+14:00`.",
        )
    rest = text[match.end() :]
    bracket = _BRACKET.match(rest)
    if bracket:
        if bracket[1] not in _places():
            raise unknown_zone(bracket[1])
        place = ZoneInfo(_places()[bracket[1]])
        return ZoneSaid((timezone(offset),), also=place), rest[bracket.end() :].strip()
    # JavaScript and mail programs add the zone's name in words: it repeats the offset.
    return ZoneSaid((timezone(offset),)), _COMMENT.sub("", rest).strip()


def _named(name: str, reader: ZoneInfo) -> ZoneSaid | None:
    if name in _UTC_NAMES:
        return ZoneSaid((UTC,))
    if name == "gmt":
        return ZoneSaid((timezone(timedelta(), "GMT"),), kept_in=reader if _is_home_of_gmt(reader) else None)
    if name in _SEASONAL:
        minutes, place = _SEASONAL[name]
        return ZoneSaid((timezone(timedelta(minutes=minutes), name.upper()),), kept_in=ZoneInfo(place))
    if name in _SEVERAL:
        return _several(name)
    if name.startswith(("etc/gmt+", "etc/gmt-")):
        return _inverted(name)
    place = _REGIONS.get(name) or _places().get(name, "")
    return ZoneSaid((ZoneInfo(place),)) if place else None


def _several(name: str) -> ZoneSaid:
    zones = [timezone(timedelta(minutes=minutes), f"{name.upper()}, {where}") for minutes, where in _SEVERAL[name]]
    return ZoneSaid(tuple(zones), f"“{name.upper()}” means a different time in different parts of the world.")


def _inverted(name: str) -> ZoneSaid | None:
    """`Etc/GMT+5` is five hours *behind* UTC in the zone database, and hardly anybody who writes it knows."""
    hours = int(name.removeprefix("etc/gmt"))
    if not -14 <= hours <= 12:
        return None
    zones = tuple(timezone(timedelta(hours=sign * hours)) for sign in (-1, 1) if -12 <= sign * hours <= 14)
    return ZoneSaid(zones, "Names such as “Etc/GMT+5” count backwards, and are often meant the other way.")


def _is_home_of_gmt(zone: ZoneInfo) -> bool:
    """Whether people there say GMT for their own winter time."""
    return datetime(2026, 1, 1, tzinfo=zone).tzname() == "GMT"


@cache
def _places() -> dict[str, str]:
    """Zones by their names in small letters. Those without a slash are abbreviations or countries: not taken."""
    return {name.casefold(): name for name in available_timezones() if "/" in name}
