"""No wrong moment is ever accepted: what may mean two is asked about, and what means none is refused."""

import calendar
import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import product
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.errors import Refused
from bot.domain.moments import EARLIEST, SECOND, Ambiguous, Moment, Precision, in_zone, moment_of
from bot.domain.timepoints import SKEW, read
from tests.domain.time_cases import BERLIN, NONE, NOW, ONE, PLAIN, SEVERAL

UTC_ZONE = ZoneInfo("UTC")
FIRST, LAST = EARLIEST.ns, moment_of(NOW).ns
MOMENTS = st.integers(FIRST, LAST)
ZONES = st.sampled_from(sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))


def ns(written: str) -> int:
    """Nanoseconds of `2026-11-22T02:41:00.5Z`, reckoned without anything of the code that is tested."""
    found = re.fullmatch(r"(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d+))?Z", written)
    assert found, written
    seconds = calendar.timegm(tuple(int(part) for part in found.groups()[:6]))
    return seconds * 1_000_000_000 + int((found[7] or "").ljust(9, "0"))


def said(text: str, zone: str = PLAIN, now: datetime = NOW) -> Moment:
    return read(text, now, ZoneInfo(zone))


def asked(text: str, zone: str = PLAIN, now: datetime = NOW) -> Ambiguous:
    with pytest.raises(Ambiguous) as problem:
        said(text, zone, now)
    return problem.value


def test_the_table_is_long_enough_and_says_nothing_twice() -> None:
    cases = [*((text, zone) for text, zone, _ in (*ONE, *SEVERAL)), *NONE]
    assert len(cases) == len(set(cases)) >= 350


@pytest.mark.parametrize(("text", "zone", "meant"), ONE)
def test_what_means_one_moment_is_that_moment(text: str, zone: str, meant: str) -> None:
    assert said(text, zone).ns == ns(meant)


@pytest.mark.parametrize(("text", "zone", "meant"), SEVERAL)
def test_what_may_be_another_moment_is_asked_about(text: str, zone: str, meant: tuple[str, ...]) -> None:
    problem = asked(text, zone)
    choices = [said(choice.say, "Asia/Tokyo").ns for choice in problem.choices]
    assert choices == [ns(one) for one in meant]
    assert len({choice.label for choice in problem.choices}) == len(meant)


@pytest.mark.parametrize(("text", "zone"), NONE)
def test_what_is_no_moment_is_refused_with_a_way_on(text: str, zone: str) -> None:
    with pytest.raises(Refused) as problem:
        said(text, zone)
    assert not isinstance(problem.value, Ambiguous)
    assert "taken" in problem.value.problem
    assert problem.value.hint


@pytest.mark.parametrize(("text", "zone", "meant"), ONE)
def test_a_moment_says_itself_in_a_way_that_reads_back(text: str, zone: str, meant: str) -> None:
    moment = said(text, zone)
    again = said(moment.exact, "Pacific/Apia")
    assert again.ns == moment.ns
    assert moment.iso == f"{meant[:19]}Z"
    assert ns(moment.iso) <= moment.ns < ns(moment.iso) + SECOND


@pytest.mark.parametrize(
    ("text", "precision"),
    [
        ("today 1 am", Precision.HOUR),
        ("an hour ago", Precision.HOUR),
        ("10 min ago", Precision.MINUTE),
        ("2026-11-22 02:41", Precision.MINUTE),
        ("2026-11-22 02:41:00", Precision.SECOND),
        ("2026-11-22 02:41:00.5", Precision.MILLISECOND),
        ("2026-11-22 02:41:00.1234", Precision.MICROSECOND),
        ("2026-11-22 02:41:00.1234567", Precision.NANOSECOND),
        ("1795315260", Precision.SECOND),
        ("1795315260123", Precision.MILLISECOND),
        ("1795315260123456", Precision.MICROSECOND),
        ("1795315260123456789", Precision.NANOSECOND),
        ("1795315260.5", Precision.MILLISECOND),
    ],
)
def test_a_moment_is_as_fine_as_it_was_said(text: str, precision: Precision) -> None:
    assert said(text).precision is precision


# --- every clock change, against clocks that are only ever asked what they show ------------------------------------

CHANGES = [
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("Europe/Dublin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("America/St_Johns", "2010-11-07"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Antarctica/Troll", "2026-03-29"),
    ("Antarctica/Troll", "2026-10-25"),
    ("Africa/Casablanca", "2026-02-15"),
    ("Africa/Casablanca", "2026-03-22"),
    ("Africa/Cairo", "2026-10-30"),
    ("Pacific/Chatham", "2026-04-05"),
    ("Pacific/Apia", "2011-12-30"),
    ("America/Sao_Paulo", "2018-11-04"),
    ("America/Caracas", "2016-05-01"),
    ("Asia/Pyongyang", "2018-05-05"),
    ("Asia/Kathmandu", "2026-03-29"),
    ("Asia/Tokyo", "2026-03-29"),
]


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_around_a_clock_change_only_what_the_clocks_showed_once_is_taken(zone: str, day: str) -> None:
    place, midnight = ZoneInfo(zone), datetime.fromisoformat(day)
    shown: dict[str, list[int]] = defaultdict(list)
    for minute in range(-30 * 60, 54 * 60, 5):
        at = midnight.replace(tzinfo=UTC) + timedelta(minutes=minute)
        shown[f"{at.astimezone(place):%Y-%m-%d %H:%M}"].append(calendar.timegm(at.timetuple()) * SECOND)
    for minute in range(0, 24 * 60, 5):
        wall = f"{midnight + timedelta(minutes=minute):%Y-%m-%d %H:%M}"
        instants = shown.get(wall, [])
        if len(instants) == 1:
            assert [said(wall, zone).ns] == instants
            continue
        choices = [said(choice.say).ns for choice in asked(wall, zone).choices]
        if instants:
            assert choices == instants[::-1]
        else:
            assert len(choices) == 2
            assert "never was" in asked(wall, zone).problem


def test_a_time_without_a_day_is_asked_about_even_when_it_was_just_now() -> None:
    assert "names no day" in asked("02:59").problem


def test_a_time_without_a_day_that_came_twice_today_offers_both() -> None:
    after = datetime(2026, 10, 25, 6, 0, tzinfo=UTC)
    choices = [choice.say for choice in asked("02:30", BERLIN, after).choices]
    assert choices == ["2026-10-25T01:30Z", "2026-10-25T00:30Z", "2026-10-24T00:30Z"]


def test_a_time_without_a_day_that_was_not_today_offers_yesterday_alone() -> None:
    after = datetime(2026, 3, 29, 6, 0, tzinfo=UTC)
    assert [choice.say for choice in asked("02:30", BERLIN, after).choices] == ["2026-03-28T01:30Z"]


def test_new_years_eve_is_last_year_just_after_midnight() -> None:
    after = datetime(2027, 1, 1, 0, 30, tzinfo=UTC)
    assert said("31 Dec 23:50", now=after).ns == ns("2026-12-31T23:50:00Z")


def test_an_hour_that_came_twice_is_named_by_its_zone() -> None:
    labels = [choice.label for choice in asked("2026-10-25 02:30", BERLIN).choices]
    assert labels == [
        "Sun 25 Oct 2026, 02:30 CET (UTC+01:00) = 01:30 UTC",
        "Sun 25 Oct 2026, 02:30 CEST (UTC+02:00) = 00:30 UTC",
    ]


# --- what lies ahead, and what lies too far back -------------------------------------------------------------------


def test_a_clock_that_is_a_minute_ahead_is_forgiven_and_not_more() -> None:
    edge = moment_of(NOW + SKEW)
    assert said(str(edge.ns)) == edge
    with pytest.raises(Refused, match="has not been yet"):
        said(str(edge.ns + 1))


def test_the_day_before_is_not_offered_where_it_has_not_been_either() -> None:
    before_a_short_day = datetime(2026, 3, 29, tzinfo=UTC)
    with pytest.raises(Refused, match="has not been yet") as problem:
        said("2026-03-29T23:30Z", BERLIN, before_a_short_day)
    assert not isinstance(problem.value, Ambiguous)


def test_two_times_of_day_are_told_to_be_two() -> None:
    with pytest.raises(Refused, match="names two times of day"):
        said("between 02:41 and 02:50")


def test_a_moment_before_every_copy_is_taken_only_when_it_is_said_so() -> None:
    reaches = datetime(2026, 11, 1, tzinfo=UTC)

    def limited(text: str) -> Moment:
        return read(text, NOW, UTC_ZONE, not_before=reaches)

    assert limited("2026-11-01T00:00:00Z") == moment_of(reaches)
    with pytest.raises(Ambiguous, match="No copy and no log reaches back") as problem:
        limited("2026-10-31T23:59:59.999999999Z")
    [choice] = problem.value.choices
    assert choice.say == "2026-10-31T23:59:59.999999999Z anyway"
    assert limited(choice.say).ns == moment_of(reaches).ns - 1


def test_anyway_forgives_nothing_else() -> None:
    for text in ("today 23:10 anyway", "2026-10-25 02:30 anyway", "02:41 anyway", "banana anyway", "anyway"):
        with pytest.raises(Refused):
            said(text, BERLIN)


def test_an_unknown_zone_names_the_one_that_was_probably_meant() -> None:
    with pytest.raises(Refused) as problem:
        said("2026-11-22 02:41 Europe/Berln")
    assert "`Europe/Berlin`" in problem.value.hint


def test_no_word_of_the_system_folders_is_a_zone() -> None:
    for name in ("posix/Europe/Berlin", "right/Europe/Berlin", "../etc/passwd", "Europe", "posixrules", "localtime"):
        with pytest.raises(Refused):
            said(f"2026-11-22 02:41 {name}")


def test_moments_are_shown_without_being_rounded_up() -> None:
    moment = Moment(ns("2026-11-22T02:41:59.999999999Z"))
    assert moment.iso == "2026-11-22T02:41:59Z"
    assert moment.at == datetime(2026, 11, 22, 2, 41, 59, 999999, tzinfo=UTC)
    assert in_zone(moment, ZoneInfo(BERLIN)) == "Sun 22 Nov 2026, 03:41:59 CET (UTC+01:00)"
    assert in_zone(moment, ZoneInfo("Australia/Lord_Howe")) == "Sun 22 Nov 2026, 13:41:59 UTC+11:00"
    assert in_zone(moment, UTC) == "Sun 22 Nov 2026, 02:41:59 UTC"


# --- everything else ------------------------------------------------------------------------------------------------


def _wall(at: int, zone: ZoneInfo) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at // 1000)).astimezone(zone)


def _twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


@given(MOMENTS, ZONES)
def test_unix_time_in_every_unit_reads_back(at: int, zone: str) -> None:
    seconds, rest = divmod(at, SECOND)
    for text in (str(at), f"{seconds}.{rest:09d}", f"{at // 10**6}.{at % 10**6:06d}", f"{at // 1000}.{at % 1000:03d}"):
        assert said(text, zone).ns == at
    assert said(str(seconds), zone).ns == seconds * SECOND
    assert said(str(at // 10**6), zone).ns == at // 10**6 * 10**6
    assert said(str(at // 1000), zone).ns == at // 1000 * 1000
    assert said(f"<t:{seconds}:F>", zone).ns == seconds * SECOND


@given(MOMENTS, ZONES, st.integers(-12 * 60, 14 * 60))
def test_iso_with_any_distance_from_utc_reads_back(at: int, zone: str, minutes: int) -> None:
    shifted = _wall(at + minutes * 60 * SECOND, UTC_ZONE)
    sign, size = "+" if minutes >= 0 else "-", abs(minutes)
    for colon in (":", ""):
        text = f"{shifted:%Y-%m-%dT%H:%M:%S}.{at % SECOND:09d}{sign}{size // 60:02d}{colon}{size % 60:02d}"
        assert said(text, zone).ns == at
    assert said(Moment(at).exact, zone).ns == at


@given(MOMENTS, ZONES, ZONES)
def test_a_clock_with_its_place_reads_back_or_is_asked_about(at: int, place: str, reader: str) -> None:
    local = _wall(at, ZoneInfo(place))
    if (local.utcoffset() or timedelta()) % timedelta(minutes=1):
        return
    digits = f"{local:%H:%M:%S}.{at % SECOND:09d}"
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    month = months[local.month - 1]
    days = (f"{local:%Y-%m-%d}", f"{local.day} {month} {local.year}", f"{month} {local.day}, {local.year}")
    for day, (form, where) in product(days, ((f"%s {digits} {place}", reader), (f"%s {digits}", place))):
        text = form % day
        if _twice(local):
            assert at in [said(choice.say).ns for choice in asked(text, where).choices]
        else:
            assert said(text, where).ns == at


@given(MOMENTS, ZONES)
def test_mail_headers_read_back(at: int, place: str) -> None:
    local = _wall(at, ZoneInfo(place)).replace(microsecond=0)
    if (local.utcoffset() or timedelta()) % timedelta(minutes=1):
        return
    assert said(format_datetime(local), "Asia/Tokyo").ns == at // SECOND * SECOND


@given(st.datetimes(datetime(2002, 1, 1), datetime(2040, 1, 1)), st.integers(0, 999_999))
def test_how_long_ago_reads_back(now: datetime, seconds: int) -> None:
    present = now.replace(tzinfo=UTC)
    hours, rest = divmod(seconds, 3600)
    then = (moment_of(present).ns - seconds * SECOND) // SECOND * SECOND
    for text in (f"{seconds} s ago", f"{hours} h {rest // 60} min {rest % 60} s ago", f"{hours}h{rest}s ago"):
        assert said(text, BERLIN, present).ns == then


DAY_WORDS = st.sampled_from(
    [
        *("today", "yesterday", "tomorrow", "sunday", "22 Nov", "Nov 22", "22/11/2026", "11/12/2026", "23 Nov 2026"),
        *("2026-11-22", "2026-11-23", "31 Dec", "1 Jan", "29 Feb", "22/11/26", "", "last", "25.10.2026", "29.3.2026"),
    ]
)
CLOCKS = st.sampled_from(
    [*("02:41", "2:41", "23:59:59.999", "00:00", "2:41 pm", "12 am", "23:59:60", "03:00", "04:00:30", "02:30")]
)
ZONE_WORDS = st.sampled_from(
    ["", "Z", "UTC", "CET", "CEST", "CST", "EST", "GMT", "+14:00", "-12:00", "UTC+1", "Asia/Kolkata", "Etc/GMT+5"]
)
ORDERS = st.sampled_from(["{day} {clock} {zone}", "{clock} {zone} {day}", "{clock} {day} {zone}", "{zone} {clock}"])


@settings(max_examples=400)
@given(ORDERS, DAY_WORDS, CLOCKS, ZONE_WORDS, ZONES, st.datetimes(datetime(2003, 1, 1), datetime(2050, 1, 1)))
def test_whatever_is_put_together_is_never_ahead_and_every_choice_can_be_said(
    order: str, day: str, clock: str, zone_word: str, zone: str, now: datetime
) -> None:
    present = now.replace(tzinfo=UTC)
    text = order.format(day=day, clock=clock, zone=zone_word)
    latest = moment_of(present + SKEW)
    try:
        assert EARLIEST <= said(text, zone, present) <= latest
    except Ambiguous as problem:
        assert problem.choices
        for choice in problem.choices:
            assert EARLIEST <= said(choice.say, "Asia/Tokyo", present) <= latest
            assert len(choice.label) <= 80
    except Refused:
        pass


@settings(max_examples=400)
@given(st.text() | st.text("0123456789:-+.,/ TZ<t>agominhdyesrtCE\u2212\u00a0", max_size=40), ZONES)
@example("", "UTC")
@example("\ud800", "UTC")
@example("0" * 5000, "UTC")
@example("0001-01-01 00:00 +14:00", "UTC")
@example("9999-12-31 23:59:60 -12:00", "UTC")
@example("999999 weeks ago", "UTC")
@example("<t:999999999999:F>", "UTC")
def test_no_text_raises_anything_but_refused_or_is_taken_for_what_lies_ahead(text: str, zone: str) -> None:
    try:
        assert EARLIEST.ns <= said(text, zone).ns <= moment_of(NOW + SKEW).ns
    except Refused as problem:
        assert problem.problem
