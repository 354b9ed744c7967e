"""A page of HTML: every block drawn, nothing loaded, and data that can never become markup."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.chat.cards import (
    Attachment,
    Block,
    Bold,
    Button,
    Buttons,
    Card,
    Choice,
    Code,
    Divider,
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
    fields,
    text,
)
from bot.chat.html import to_html
from tests.chat.pages import Page

AT = datetime(2026, 11, 22, 2, 41, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> &amp; | `x`"


def blocks(words: str) -> tuple[Block, ...]:
    return (
        Text((words, Bold(words), Code(words), Link(words, "https://example.com/"), Mention("ada", words), When(AT))),
        Text((Link(words, f"javascript:{words}"), Link(words, f"https://example.com/{words}")), Tone.BAD),
        Heading(words),
        Items(((words,), (Bold(words),)), ordered=True),
        fields([(words, words)]),
        Table((words, "n"), (((words,), ("1",)), ((Code(words),), ("2",))), numeric=(1,), tones=(Tone.GOOD,)),
        Snippet(words),
        Progress(words, 1, 2),
        Pick(words, "lb1:x", (Choice(words, words),)),
        Image(words, words),
        Attachment(words, words),
        Buttons((Button(words, "lb1:x"), LinkButton(words, "https://example.com/"))),
        Divider(),
    )


@given(st.text(max_size=40) | st.just(HOSTILE))
def test_whatever_words_hold_the_page_is_whole_and_shows_exactly_them(words: str) -> None:
    page = Page(to_html(words, (Card(words, blocks(words), footer=(words,)),)))
    printable = "".join(sign for sign in words if sign.isprintable())
    shown = "".join(sign for sign in page.by_tag["strong"][0] if sign.isprintable() and sign != "\ufffd")
    assert shown == printable.replace("\ufffd", "")


def test_a_page_says_its_parts_in_their_order_and_marks_moments() -> None:
    written = to_html("Report", (Card("First", (text("a ", When(AT)),)), Card("Second", (Divider(),), footer=("end",))))
    page = Page(written)
    assert page.by_tag["h1"] == ["Report"]
    assert page.by_tag["h2"] == ["First", "Second"]
    assert '<time datetime="2026-11-22T02:41:00Z">2026-11-22 02:41 UTC</time>' in written


def test_a_link_that_leads_nowhere_safe_is_only_its_words() -> None:
    written = to_html(
        "x", (Card("x", (text(Link("here", "javascript:alert(1)"), Link("there", "data:text/html,x")),)),)
    )
    assert "href" not in written
    assert "herethere" in Page(written).words


def test_a_picture_is_the_drawing_that_was_given_and_else_its_words() -> None:
    card = Card("x", (Image("The errors fell", "plot"),))
    assert "<svg><g></g></svg>" in to_html("x", (card,), {"plot": "<svg><g></g></svg>"})
    assert Page(to_html("x", (card,))).by_tag["figcaption"] == ["The errors fell"]
