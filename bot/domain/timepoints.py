"""Knows how a moment that somebody names is read: "10 min ago", "02:41 CEST", ISO 8601, Unix time in four units.
Refuses to know anything by guessing: what may mean two moments is asked about, with both as choices.

That is why no library reads dates here: dateutil and dateparser fill in what is missing and settle what is unclear
(`11/12`, a date without a zone, an hour that came twice), and a wrong moment restores the wrong data.

A clock time that says no zone is read in the reader's. Coarse times mean their first instant. Clocks of two machines
differ, so a moment up to `SKEW` ahead is still taken for the present.
"""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import product
from zoneinfo import ZoneInfo

from bot.domain import clock_words
from bot.domain.ages import read_age
from bot.domain.clock_words import Clock, ClockSaid, DaySaid
from bot.domain.errors import Refused
from bot.domain.moments import EARLIEST, SECOND, Ambiguous, Choice, Moment, Precision, in_zone, moment_of
from bot.domain.zone_words import ZoneSaid, unknown_zone, zone_at_start

SKEW = timedelta(seconds=60)
"""How far ahead of our clock a moment may be, because clocks differ."""

_ANYWAY = " anyway"
_LONGEST = 100
_MOST_CHOICES = 6
_FAR = 1000  # years; beyond, calendars end before a zone can be applied
_UNIX = re.compile(r"(\d{10}|\d{13}|\d{16}|\d{19})(?:\.(\d+))?")
_UNITS = {10: Precision.SECOND, 13: Precision.MILLISECOND, 16: Precision.MICROSECOND, 19: Precision.NANOSECOND}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DISCORD = re.compile(r"<t:(\d{1,12})(?::[a-z])?>")
_FORMS = "Say it like `10 min ago`, `yesterday 23:10`, `2026-11-22 02:41 Europe/Berlin` or `2026-11-22T02:41:00Z`."


def read(said: str, now: datetime, zone: ZoneInfo, *, not_before: datetime | None = None) -> Moment:
    """The one moment that was said, at `now` (aware), by somebody whose clock shows `zone`.

    `not_before` is how far back any copy or log reaches: an earlier moment is asked about, and taken when it is
    followed by the word "anyway". Raises Ambiguous (with choices) for what may mean several moments, or one that
    never was, lies ahead, or lies before `not_before`; Refused for everything that is no moment.
    """
    text = clock_words.clean(said)
    insists = text.endswith(_ANYWAY)
    text = text.removesuffix(_ANYWAY)
    if not text or len(text) > _LONGEST:
        raise Refused("That is no moment that I can read. None was taken.", _FORMS)
    moment = _plain(text, now) or read_age(text, now, zone) or _calendar(text, _shown(said), now, zone)
    _check_range(moment, now, zone)
    if not_before is not None and moment < moment_of(not_before) and not insists:
        raise _too_early(moment, moment_of(not_before), zone)
    return moment


def _plain(text: str, now: datetime) -> Moment | None:
    """What is a number already: Unix time in any unit, Discord's mark, and the present."""
    if text in ("now", "just now", "right now"):
        return moment_of(now)
    if match := _DISCORD.fullmatch(text):
        return Moment(int(match[1]) * SECOND, Precision.SECOND)
    match = _UNIX.fullmatch(text.removeprefix("@"))
    if match is None:
        return None
    # The number of digits tells the unit: the ranges are three digits apart, and none of them meets another.
    whole, fraction = match[1], match[2] or ""
    finer = 19 - len(whole)
    if len(fraction.rstrip("0")) > finer:
        raise Refused("That is finer than a nanosecond. No moment was taken.", f"Say at most {finer} decimals.")
    ns = int((whole + fraction[:finer]).ljust(19, "0"))
    digits = len(whole) + len(fraction[:finer])
    precision = _UNITS[min(unit for unit in _UNITS if unit >= digits)]
    return Moment(ns, precision)


def _calendar(text: str, said: str, now: datetime, reader: ZoneInfo) -> Moment:
    """A clock time with a day, or without one, which is then asked for."""
    clock, words, zone = _parts(text, said, reader, now.astimezone(reader).date())
    here = now.astimezone(zone.zones[0]).date()
    elsewhere = tuple(now.astimezone(one).date() for one in (*zone.zones, reader))
    dated = clock_words.without_fillers(words)
    day = clock_words.read_day(dated, here, elsewhere) if dated else _undated(said, now, zone)
    if day is None:
        raise _not_read(said)
    return _the_only_one(said, clock, day, zone, now, reader)


def _parts(text: str, said: str, reader: ZoneInfo, today: date) -> tuple[ClockSaid, str, ZoneSaid]:
    """The clock time, the words of the day, and the zone; each stands once, in any order that people write."""
    found = clock_words.find_clock(text)
    if found is None:
        raise _without_clock(text, said, today)
    clock, before, after = found
    following = zone_at_start(after, reader) if after else None
    if following is not None:
        zone, after = following
        return clock, f"{before} {after}".strip(), zone
    *others, last = after.split() or [""]
    closing = zone_at_start(last, reader) if last and not clock_words.is_day_word(last) else None
    if closing is not None and not closing[1]:
        return clock, " ".join((before, *others)).strip(), closing[0]
    first = after.partition(" ")[0]
    if re.fullmatch(r"[a-z/_]+", first) and not clock_words.is_day_word(first):
        raise unknown_zone(first)
    return clock, f"{before} {after}".strip(), ZoneSaid((reader,))


def _undated(said: str, now: datetime, zone: ZoneSaid) -> DaySaid:
    todays = dict.fromkeys(now.astimezone(one).date() for one in zone.zones)
    days = dict.fromkeys(day for today in todays for day in (today, today - timedelta(days=1)))
    return DaySaid(tuple(days), f"“{said}” names no day.")


def _the_only_one(said: str, clock: ClockSaid, day: DaySaid, zone: ZoneSaid, now: datetime, reader: ZoneInfo) -> Moment:
    """The moment, where day, clock and zone leave one. Everything else is a question."""
    doubts = [doubt for doubt in (day.doubt, clock.doubt, zone.doubt) if doubt]
    found: dict[int, tzinfo] = {}
    beside: dict[int, tzinfo] = {}
    for one_day, one_clock, place in product(day.days, clock.clocks, zone.zones):
        if abs(one_day.year - now.year) > _FAR:
            raise Refused(f"The year {one_day.year} is no time to recover to. No moment was taken.", _FORMS)
        shown, skipped = _instants(one_day, one_clock, place)
        found |= dict.fromkeys(shown, place)
        beside |= dict.fromkeys(skipped, place)
        if len(shown) > 1:
            doubts.append(f"“{said}” came twice in {_name(place)}: the clocks were set back.")
        if zone.kept_in is not None and any(_offset(ns, zone.kept_in) != _offset(ns, place) for ns in shown):
            doubts.append(f"“{_name(place)}” was not in use in {_name(zone.kept_in)} just then.")
            found |= dict.fromkeys(_instants(one_day, one_clock, zone.kept_in)[0], zone.kept_in)
    if zone.also is not None and any(_offset(ns, zone.also) != _offset(ns, place) for ns, place in found.items()):
        raise Refused(
            f"At that moment {_name(zone.also)} was not that far from UTC. No moment was taken.",
            "One of the two is wrong: say the distance from UTC alone, or the place alone.",
        )
    if not found:
        doubts.append(f"“{said}” never was in {_name(zone.zones[0])}: the clocks were set ahead over it.")
    if doubts:
        raise _question(doubts[0], found or beside, clock.precision, now, reader)
    [ns] = found
    return Moment(ns, clock.precision)


def _instants(day: date, clock: Clock, zone: tzinfo) -> tuple[list[int], list[int]]:
    """When a zone's clocks showed that: once, twice (set back), or never (set ahead), and then the moments on either
    side that a clock not yet set, or set already, would have shown it. Nanoseconds.
    """
    carried, seconds = divmod(clock.seconds, 86_400)
    wall = datetime.combine(day, datetime.min.time()) + timedelta(days=carried, seconds=seconds)
    both = {_since_epoch(wall, zone, fold) for fold in (0, 1)}
    shown = sorted(
        one for one in both if (_EPOCH + timedelta(seconds=one)).astimezone(zone).replace(tzinfo=None) == wall
    )
    skipped = [] if shown else sorted(both)
    return [one * SECOND + clock.nanoseconds for one in shown], [one * SECOND + clock.nanoseconds for one in skipped]


def _since_epoch(wall: datetime, zone: tzinfo, fold: int) -> int:
    offset = zone.utcoffset(wall.replace(tzinfo=zone, fold=fold)) or timedelta()
    return (wall - _EPOCH.replace(tzinfo=None) - offset) // timedelta(seconds=1)


def _offset(ns: int, zone: tzinfo) -> timedelta:
    return Moment(ns).at.astimezone(zone).utcoffset() or timedelta()


def _question(doubt: str, found: dict[int, tzinfo], precision: Precision, now: datetime, reader: ZoneInfo) -> Refused:
    latest = moment_of(now + SKEW)
    past = sorted((ns for ns in found if EARLIEST.ns <= ns <= latest.ns), reverse=True)
    if not past:
        return Refused(f"{doubt} And whatever it means has not been yet. No moment was taken.", _zone_hint(reader))
    choices = tuple(_choice(Moment(ns, precision), found[ns]) for ns in past[:_MOST_CHOICES])
    hint = "Choose the one that you mean, or say it with its date and zone."
    return Ambiguous(f"{doubt} No moment was taken.", hint, choices)


def _choice(moment: Moment, zone: tzinfo, more: str = "") -> Choice:
    utc = "" if _offset(moment.ns, zone) == timedelta() else f" = {moment.at:%H:%M} UTC"
    return Choice(f"{in_zone(moment, zone)}{utc}", f"{moment.exact}{more}")


def _check_range(moment: Moment, now: datetime, zone: ZoneInfo) -> None:
    if moment < EARLIEST:
        raise Refused(
            "That is long before there was anything to recover. No moment was taken.",
            "Unix time has 10 digits in seconds, 13 in milliseconds, 16 in microseconds, 19 in nanoseconds.",
        )
    if moment > moment_of(now + SKEW):
        raise _ahead(moment, now, zone)


def _ahead(moment: Moment, now: datetime, zone: ZoneInfo) -> Refused:
    """A moment that has not been: less than a day ahead, it may be the same clock time of the day before."""
    problem = "That has not been yet. No moment was taken."
    day_before = moment.ns - 86_400 * SECOND
    if day_before > moment_of(now + SKEW).ns:
        return Refused(problem, _zone_hint(zone))
    local = moment.at.astimezone(zone)
    clock = Clock(local.hour * 3600 + local.minute * 60 + local.second, moment.ns % SECOND)
    instants, _ = _instants(local.date() - timedelta(days=1), clock, zone)
    past = [ns for ns in reversed(instants) if ns <= moment_of(now).ns]
    if not past:
        return Refused(problem, _zone_hint(zone))
    choices = tuple(_choice(Moment(ns, moment.precision), zone) for ns in past)
    return Ambiguous(problem, f"{_zone_hint(zone)} The day before, that was:", choices)


def _too_early(moment: Moment, earliest: Moment, zone: ZoneInfo) -> Ambiguous:
    return Ambiguous(
        f"No copy and no log reaches back to {in_zone(moment, zone)}. No moment was taken.",
        f"They reach back to {in_zone(earliest, zone)}. What was before can only be told by somebody else.",
        (_choice(moment, zone, _ANYWAY),),
    )


def _without_clock(text: str, said: str, today: date) -> Refused:
    try:
        named = clock_words.read_day(text, today, (today,))
    except Refused as problem:
        return problem
    if named is None:
        return _not_read(said)
    return Refused(f"“{said}” is a whole day. No moment was taken.", f"Say the time too, like `{said} 02:41`.")


def _not_read(said: str) -> Refused:
    return Refused(f"I cannot read “{said}” as a moment. None was taken.", _FORMS)


def _shown(said: str) -> str:
    """What was said, on one line and not too long to be said back."""
    words = " ".join(said.split())
    return words if len(words) <= 60 else f"{words[:59]}…"


def _zone_hint(zone: ZoneInfo) -> str:
    return f"Times that name no zone are read in {_name(zone)}."


def _name(zone: tzinfo) -> str:
    return zone.key if isinstance(zone, ZoneInfo) else str(zone)
