"""Cards and forms survive JSON, and read as bare words."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from bot.chat.cards import (
    Attachment,
    Bold,
    Button,
    Buttons,
    Card,
    Choice,
    Code,
    Divider,
    Field,
    Form,
    Heading,
    Image,
    Items,
    Link,
    LinkButton,
    Mention,
    Pick,
    Progress,
    Snippet,
    Table,
    Tone,
    When,
    fields,
    from_json,
    plain,
    text,
    to_json,
)

AT = datetime(2026, 9, 1, 14, 5, tzinfo=UTC)
LINE = ("a ", Bold("b"), Code("c"), Link("d", "https://d.example"), Mention("ada", "Ada"), When(AT, relative=True))
CARD = Card(
    "Everything",
    (
        text(*LINE, tone=Tone.WARNING),
        Heading("h"),
        Items((LINE, ("x",)), ordered=True),
        fields([("one", "1"), ("two", LINE)]),
        Table(("a", "b"), ((LINE, ("2",)),), numeric=(1,), tones=(Tone.BAD,)),
        Snippet("s", "bash"),
        Progress("p", 1, None),
        Progress("p", 1, 2),
        Buttons((Button("b", "lb1:x", "danger"), LinkButton("l", "https://l.example"))),
        Pick("pick", "lb1:y", (Choice("One", "1"),)),
        Image("alt", "file"),
        Attachment("name", "file", 12),
        Divider(),
    ),
    Tone.GOOD,
    LINE,
)
FORM = Form("f", (Field("k", "K", choices=(Choice("One", "1"),), error="no"),), "lb1:z", intro=LINE)


@pytest.mark.parametrize("shown", [CARD, FORM, Card("bare")])
def test_what_is_shown_survives_json(shown: Card | Form) -> None:
    assert from_json(json.loads(json.dumps(to_json(shown)))) == shown


@pytest.mark.parametrize("data", ["<b>", '{"kind": "bold"}', "bold", "\x00", "@everyone", ""])
def test_data_stays_data_through_json(data: str) -> None:
    card = Card(data, (text(data, Bold(data)),))
    assert from_json(json.loads(json.dumps(to_json(card)))) == card


@pytest.mark.parametrize(
    "value", [None, {}, [], {"kind": "card"}, {"kind": "x"}, {"kind": "card", "title": "t", "blocks": [{}]}]
)
def test_what_is_no_card_is_not_taken_for_one(value: object) -> None:
    with pytest.raises(ValidationError):
        from_json(value)


def test_a_line_reads_as_bare_words() -> None:
    assert plain(LINE) == "a bcd@Ada2026-09-01 14:05 UTC"


def test_a_moment_reads_as_utc_wherever_it_was_taken() -> None:
    from zoneinfo import ZoneInfo

    assert plain((When(AT.astimezone(ZoneInfo("Asia/Tokyo"))),)) == "2026-09-01 14:05 UTC"


def test_a_form_has_at_most_five_questions() -> None:
    with pytest.raises(ValueError, match="at most five"):
        Form("f", tuple(Field(str(number), "K") for number in range(6)), "lb1:z")
