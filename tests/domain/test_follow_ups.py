"""What is to be done after an incident: until when, by which number, and once."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import follow_ups
from bot.domain.errors import Refused
from tests.domain.acts import ADA, Record

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ("in 3 days", NOW + timedelta(days=3)),
        ("2 weeks", NOW + timedelta(days=14)),
        (" In 90 min ", NOW + timedelta(minutes=90)),
        ("today", datetime(2026, 11, 22, 16, 0, tzinfo=UTC)),
        ("Tomorrow", datetime(2026, 11, 23, 16, 0, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, 16, 0, tzinfo=UTC)),
        ("2027-07-01", datetime(2027, 7, 1, 15, 0, tzinfo=UTC)),
    ],
)
def test_a_date_is_read_as_people_say_it_and_a_day_ends_at_five_in_the_teams_zone(said: str, due: datetime) -> None:
    assert follow_ups.read_due(said, NOW, BERLIN) == due


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ("2026-11-21", "is past"),
        ("soon", "no date that I can read"),
        ("12/01", "no date that I can read"),
        ("2026-13-01", "no date that I can read"),
        ("in 0 days", "no date that I can read"),
        ("in 999999 weeks", "no date that I can read"),
        ("2099-01-01", "years ahead"),
    ],
)
def test_what_is_past_or_no_date_is_refused_beside_its_argument(said: str, problem: str) -> None:
    with pytest.raises(Refused, match=problem) as refused:
        follow_ups.read_due(said, NOW, BERLIN)
    assert refused.value.parameter == "due"


@given(st.text(max_size=20))
def test_any_words_are_a_moment_ahead_or_refused(said: str) -> None:
    try:
        assert follow_ups.read_due(said, NOW, BERLIN) > NOW
    except Refused:
        pass


def test_follow_ups_are_numbered_and_done_once() -> None:
    record = Record()
    for words in (" Write  a test ", "Tell users"):
        record.add(follow_ups.added(record.stands, words, ADA.id, None))
    assert [(one.key, one.text) for one in record.stands.follow_ups] == [("1", "Write a test"), ("2", "Tell users")]
    record.add(follow_ups.done(record.stands, "#1"))
    assert [one.key for one in follow_ups.open_ones(record.stands)] == ["2"]
    with pytest.raises(Refused, match="is done already"):
        follow_ups.done(record.stands, "1")
    with pytest.raises(Refused, match="no follow-up '7'"):
        follow_ups.done(record.stands, "7")


@pytest.mark.parametrize(("words", "problem"), [(" ", "needs words"), ("x" * 501, "at most 500 characters")])
def test_a_follow_up_says_something_and_not_too_much(words: str, problem: str) -> None:
    with pytest.raises(Refused, match=problem):
        follow_ups.added(Record().stands, words, None, None)


def test_what_is_due_first_stands_first_and_what_has_no_date_last() -> None:
    record = Record()
    for words, due_at in (("whenever", None), ("later", NOW + timedelta(days=2)), ("now", NOW)):
        record.add(follow_ups.added(record.stands, words, None, due_at))
    assert [one.text for _, one in follow_ups.of_all([record.stands])] == ["now", "later", "whenever"]
