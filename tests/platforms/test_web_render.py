"""How cards become HTML: the whole of it once, and for any card at all, that data never becomes markup."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.cards import (
    Attachment,
    Bold,
    Button,
    Buttons,
    Card,
    Choice,
    Code,
    Divider,
    Fields,
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
    Text,
    Tone,
    When,
    text,
)
from bot.domain.people import LIFEBOAT
from bot.platforms.web import render
from bot.store.console import Message
from tests.platforms.console import everything_card
from tests.routing import START

GOLDEN = Path(__file__).parents[1] / "golden" / "web_everything.html"
TAGS = {
    "li",
    "span",
    "svg",
    "circle",
    "path",
    "rect",
    "article",
    "p",
    "strong",
    "time",
    "div",
    "h2",
    "h3",
    "a",
    "code",
    "dl",
    "dt",
    "dd",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "ul",
    "ol",
    "pre",
    "label",
    "progress",
    "hr",
    "form",
    "input",
    "button",
    "select",
    "option",
    "img",
}
VOID = {"input", "img", "hr", "path", "circle", "rect"}


def html(card: Card, author: str = LIFEBOAT.id) -> str:
    """One message with that card."""
    message = Message(7, 7, "books", author, card, None, "", 1, START, None)
    return render.message(render.Line(message, render.author_of(message, None), message.channel))


class Reading(HTMLParser):
    """Collects what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(written: str) -> Reading:
    """The HTML, parsed; every tag is closed in its place."""
    reading = Reading()
    reading.feed(written)
    reading.close()
    assert reading.open == []
    return reading


words = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            "<script>alert(1)</script>",
            '" onmouseover="alert(1)',
            "'><img src=x onerror=alert(1)>",
            "{{ 7*7 }}",
            "{% x %}",
            "javascript:alert(1)",
            "&lt;b&gt;",
            "</li></ol>",
            "<hx-partial hx-target=body>",
            "@everyone",
            "\u202e",
            "\x00",
        ]
    ),
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))
spans = st.one_of(
    words,
    st.builds(Bold, words),
    st.builds(Code, words),
    st.builds(Link, words, words),
    st.builds(Mention, words, words),
    st.builds(When, moments, st.booleans()),
)
lines = st.lists(spans, max_size=3).map(tuple)
tones = st.sampled_from(Tone)
choices = st.lists(st.builds(Choice, words, words), max_size=3).map(tuple)
blocks = st.one_of(
    st.builds(Text, lines, tones),
    st.builds(Heading, words),
    st.builds(Items, st.lists(lines, max_size=3).map(tuple), st.booleans()),
    st.builds(Fields, st.lists(st.tuples(words, lines), max_size=3).map(tuple)),
    st.builds(
        Table,
        st.lists(words, max_size=3).map(tuple),
        st.lists(st.lists(lines, max_size=4).map(tuple), max_size=3).map(tuple),
        st.lists(st.integers(-1, 5), max_size=2).map(tuple),
        st.lists(tones, max_size=4).map(tuple),
    ),
    st.builds(Snippet, words),
    st.builds(Progress, words, numbers, st.none() | numbers),
    st.builds(
        Buttons, st.lists(st.builds(Button, words, words) | st.builds(LinkButton, words, words), max_size=3).map(tuple)
    ),
    st.builds(Pick, words, words, choices),
    st.builds(Image, words, words),
    st.builds(Attachment, words, words, st.none() | st.integers(0, 10**15)),
    st.builds(Divider),
)
cards = st.builds(Card, words, st.lists(blocks, max_size=5).map(tuple), tones, lines)


@settings(max_examples=150)
@given(cards)
def test_whatever_a_card_holds_it_is_drawn_and_stays_words(card: Card) -> None:
    reading = read(html(card))
    assert set(reading.tags) <= TAGS
    for name, value in reading.attributes:
        assert not name.startswith("on")
        assert name != "style"
        if name in ("href", "src"):
            assert value.startswith(("/files/", "http:", "https:", "mailto:")) or re.match(
                r"(?i)(https?|mailto):", value
            )
        if name == "hx-post":
            assert value == "/press"


@given(words)
def test_what_a_person_typed_is_shown_as_they_typed_it(typed: str) -> None:
    reading = read(html(Card(typed), author="ada"))
    assert set(reading.tags) <= {"li", "span", "article", "p", "strong", "time"}
    # HTML itself knows no other line ends, and no null character.
    plain = typed.replace("\r\n", "\n").replace("\r", "\n")
    assert plain in "".join(reading.words).replace("\r\n", "\n").replace("\r", "\n")


def test_every_block_is_drawn_as_it_was_agreed() -> None:
    """Where the change is meant, delete the golden file and run this twice."""
    drawn = re.sub(r'(name="delivery" id="[^"]+" value=")[^"]+', r"\1*", html(everything_card()))
    drawn = "\n".join(line.rstrip() for line in drawn.splitlines() if line.strip()) + "\n"
    if not GOLDEN.exists():
        GOLDEN.write_text(drawn)
        pytest.fail("the golden file was missing and has been written: look at it")
    assert drawn == GOLDEN.read_text()


@pytest.mark.parametrize("many", [1000])
def test_beyond_a_limit_a_reader_is_told_how_much_is_left_out(many: int) -> None:
    card = Card("Long", (Items((("x",),) * many), Snippet("y" * 30_000), *[Divider()] * many))
    drawn = html(card)
    assert "… and 800 more lines" in drawn
    assert "… and 10000 more characters" in drawn
    assert "… and 902 more parts" in drawn


@pytest.mark.parametrize(
    ("done", "total", "shown"), [(0, 8, 0), (3, 8, 37), (8, 8, 100), (9, 8, 100), (-1, 8, 0), (1, 0, 0), (1, -5, 0)]
)
def test_progress_is_between_nothing_and_all_of_it(done: float, total: float, shown: int) -> None:
    assert render.percent(done, total) == shown


@pytest.mark.parametrize(
    ("octets", "shown"), [(0, "0 bytes"), (999, "999 bytes"), (48_211, "48.2 kB"), (10**13, "10.0 TB")]
)
def test_sizes_are_for_people(octets: int, shown: str) -> None:
    assert render.size(octets) == shown


def test_a_screen_reader_hears_the_tone() -> None:
    message = Message(7, 7, "books", LIFEBOAT.id, Card("Copied", (text("x"),), Tone.GOOD), None, "", 1, START, None)
    assert (
        render.spoken(render.Line(message, render.author_of(message, None), message.channel))
        == "Lifeboat: Good: Copied"
    )
