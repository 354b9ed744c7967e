"""Markdown: every block and span drawn, and data that can never become markup."""

import re
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

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
    Span,
    Table,
    Text,
    When,
    fields,
    plain,
    text,
)
from bot.chat.markdown import contents, to_markdown

READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])

HOSTILE = (
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/track.png)",
    "`code` ``more`` ```fence```",
    "a | b || c \\| d",
    "@everyone <@U123> <!channel>",
    "# not a heading",
    "1. not a list",
    "- not a list",
    "+ not a list",
    "> not a quote",
    "=== not a heading",
    "--- not a rule",
    "~~not struck~~ **not bold** __not bold__ _not_",
    "&lt; &#60; &amp;",
    "<https://evil.example>",
    "[ref]: https://evil.example",
    "ends in a backslash \\",
    "two\n\nparagraphs\r\n# and a heading",
    "    four spaces of indent",
    "$math$ $$more$$",
)


def read(markdown: str) -> list[Token]:
    return READER.parse(markdown)


def kinds(markdown: str) -> list[str]:
    return [token.type for token in read(markdown) if token.type.endswith("_open") or token.nesting == 0]


def words(markdown: str) -> str:
    """What a reader of the rendered text sees, inline parts only."""
    return " ".join(
        "".join(child.content for child in token.children or ()) for token in read(markdown) if token.type == "inline"
    )


def inline_kinds(markdown: str) -> set[str]:
    return {child.type for token in read(markdown) for child in token.children or ()}


def collapsed(data: str) -> str:
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", data).strip()


def body(*blocks: Block) -> str:
    return to_markdown(Card("Title", blocks)).removeprefix("# Title\n").lstrip("\n")


def test_the_title_is_a_heading_of_the_asked_level_and_the_card_ends_with_one_line_break() -> None:
    written = to_markdown(Card("Title", (Heading("Part"), text("Words.")), footer=("The end.",)), level=2)
    assert written == "## Title\n\n### Part\n\nWords.\n\nThe end.\n"


def test_headings_never_go_deeper_than_six() -> None:
    assert to_markdown(Card("Deep", (Heading("Deeper"),)), level=6) == "###### Deep\n\n###### Deeper\n"


def test_every_span_is_drawn() -> None:
    at = datetime(2026, 2, 20, 14, 30, tzinfo=UTC)
    written = body(
        text(
            Bold("Good"),
            " ",
            Code("npx"),
            " ",
            Link("the page", "https://example.org/a?b=1&c=2"),
            " ",
            Mention("ada", "Ada"),
        )
    )
    assert written == "**Good** `npx` [the page](https://example.org/a?b=1&amp;c=2) @Ada\n"
    assert body(text(When(at, relative=True))) == "2026-02-20 14:30 UTC\n"
    assert body(text(Link("a@b.example", "mailto:a@b.example"))) == "<a@b.example>\n"
    assert body(text(Link("https://example.org", "https://example.org"))) == "<https://example.org>\n"


def test_every_block_is_drawn() -> None:
    assert body(Items((("one",), ("two",)))) == "- one\n- two\n"
    assert body(Items((("one",), ("two",)), ordered=True)) == "1. one\n2. two\n"
    assert body(fields([("Age", "2 days"), ("File", Code("a.zip"))])) == "- **Age**: 2 days\n- **File**: `a.zip`\n"
    assert body(Snippet("ls -l\n", "bash")) == "```bash\nls -l\n```\n"
    assert body(Progress("Tables", 3, 8)) == "Tables: 3 of 8\n"
    assert body(Progress("Rows", 3, None)) == "Rows: 3\n"
    assert body(Pick("Step", "lb1:x", (Choice("One", "1"), Choice("Two", "2")))) == "Step: One, Two\n"
    assert body(Image("Rows per day", "chart/1")) == "Picture: Rows per day\n"
    assert body(Attachment("a.json", "report/1")) == "Attachment: a.json\n"
    assert kinds(body(text("Above"), Divider(), text("Below"))) == [
        "paragraph_open",
        "inline",
        "hr",
        "paragraph_open",
        "inline",
    ]


def test_a_table_keeps_its_columns_and_sets_numbers_right() -> None:
    written = body(Table(("Name", "Rows"), ((("users",), ("1,200",)), (("a|b",), (Code("x|y"),))), numeric=(1,)))
    assert written == "| Name | Rows |\n| --- | ---: |\n| users | 1,200 |\n| a\\|b | `x\\|y` |\n"
    assert kinds(written).count("td_open") == 4
    assert words(written) == "Name Rows users 1,200 a|b x|y"


def test_a_button_does_nothing_on_paper_but_a_way_out_stays() -> None:
    written = body(Buttons((Button("Press", "lb1:x"), LinkButton("Open", "https://example.org/"))))
    assert written == "- [Open](https://example.org/)\n"


def test_hostile_data_stays_data_in_every_place() -> None:
    for data in HOSTILE:
        line = (data,)
        for block in (Text(line), Items((line,)), Items((line,), ordered=True), fields([("Label", data)])):
            written = body(block)
            assert collapsed(data) in words(written), (data, written)
            assert inline_kinds(written) <= {"text", "text_special", "strong_open", "strong_close"}, (data, written)
            assert not {"heading_open", "hr", "html_block", "fence", "code_block", "blockquote_open"} & set(
                kinds(written)
            )
        heading = to_markdown(Card(data))
        assert kinds(heading) == ["heading_open", "inline"], (data, heading)
        assert words(heading) == collapsed(data)


def test_hostile_data_cannot_break_out_of_a_table() -> None:
    for data in HOSTILE:
        written = body(Table((data, "B"), (((data,), ("x",)), ((Code(data),), ("y",)))))
        assert kinds(written).count("td_open") == 4, written
        assert inline_kinds(written) <= {"text", "text_special", "code_inline"}
        seen = [token for token in read(written) if token.type == "inline"]
        cells = ["".join(child.content for child in token.children or ()) for token in seen]
        assert [cells[place] for place in (0, 2)] == [collapsed(data)] * 2
        assert cells[4].strip() == collapsed(data)


def test_hostile_data_cannot_break_out_of_code_or_a_snippet() -> None:
    for data in HOSTILE:
        assert words(body(text("before ", Code(data), " after"))).split() == f"before {data} after".split()
        (fence,) = read(body(Snippet(f"{data}\n````\n`````", "bash\n# x")))
        assert fence.type == "fence"
        assert fence.info == "bashx"


def test_an_address_that_is_not_a_web_or_mail_address_is_never_linked() -> None:
    for url in (
        "javascript:alert(1)",
        "data:text/html,x",
        "https://a b",
        "https://a\n# b",
        "//evil.example",
        "https://",
    ):
        written = body(text(Link("label", url)))
        assert written == "label\n", url


def test_an_address_cannot_break_out_of_its_link() -> None:
    written = body(text(Link("a]b", "https://example.org/)[x](https://evil.example)")))
    links = [child for token in read(written) for child in token.children or () if child.type == "link_open"]
    assert len(links) == 1
    assert str(links[0].attrs["href"]).startswith("https://example.org/%29")


def test_an_exclamation_mark_before_a_link_makes_no_picture() -> None:
    assert "image" not in inline_kinds(body(text("Look!", Link("here", "https://example.org"))))


def test_the_table_of_contents_links_to_the_headings() -> None:
    assert contents(["1. Overview", "Option B: Export & re-import"]) == (
        "- [1. Overview](#1-overview)\n- [Option B: Export & re-import](#option-b-export--re-import)\n"
    )


SPANS: st.SearchStrategy[Span] = st.one_of(
    st.text(max_size=12),
    st.builds(Bold, st.text(max_size=8)),
    st.builds(Code, st.text(max_size=8)),
    st.builds(Mention, st.just("p"), st.text(max_size=8)),
    st.text(alphabet="\\`*_[]()<>#!&;|~$-+.1a \n", max_size=12),
)


@given(st.lists(SPANS, min_size=1, max_size=5))
def test_whatever_the_spans_hold_a_reader_sees_exactly_their_characters(spans: list[Span]) -> None:
    written = body(Text(tuple(spans)))
    assert set(kinds(written)) <= {"paragraph_open", "inline"}, written
    assert inline_kinds(written) <= {"text", "text_special", "strong_open", "strong_close", "code_inline"}, written
    assert "".join(words(written).split()) == "".join(collapsed(plain(tuple(spans))).split()), written
