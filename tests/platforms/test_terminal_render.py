"""How cards and forms look in a terminal: every block and span, at fixed widths, and with hostile data in them."""

import io
from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

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
    Span,
    Table,
    Tone,
    When,
    fields,
    text,
)
from bot.platforms.terminal.render import render, summary, usage
from bot.platforms.terminal.spans import Reader
from bot.views.actions import CONFIRM, SAY, say

NOW = datetime(2026, 9, 1, 14, 0, tzinfo=UTC)
BERLIN = Reader(NOW, ZoneInfo("Europe/Berlin"))


def drawn(shown: Card | Form, *, width: int = 80, reader: Reader = BERLIN, colour: bool = False) -> str:
    """What is written to a console of a fixed width; trailing spaces left out."""
    file = io.StringIO()
    console = Console(
        file=file,
        width=width,
        force_terminal=colour,
        color_system="truecolor" if colour else None,
        highlight=False,
        markup=False,
        emoji=False,
        _environ={},
    )
    console.print(render(shown, reader), crop=False)
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines())


def block(*blocks: Block, **how: object) -> str:
    """Blocks alone, without the card's title."""
    return drawn(Card("Title", blocks), **how).removeprefix("Title\n\n")  # type: ignore[arg-type]  # passed through


def line(*spans: Span, **how: object) -> str:
    """One line of spans."""
    return block(text(*spans), **how)


# --- spans ---------------------------------------------------------------------------------------------------------


def test_spans_are_drawn_as_words() -> None:
    assert line("Type ", Code("/backup list"), ", ", Bold("now"), ", ", Mention("ada", "Ada"), ".") == (
        "Type /backup list, now, @Ada."
    )


@pytest.mark.parametrize(
    ("at", "relative", "shown"),
    [
        (NOW, False, "2026-09-01 14:00 UTC (16:00 CEST)"),
        (NOW.replace(hour=23), False, "2026-09-01 23:00 UTC (2026-09-02 01:00 CEST)"),
        (NOW - timedelta(hours=3, minutes=5), True, "2026-09-01 10:55 UTC (12:55 CEST), 3 hours 5 minutes ago"),
        (NOW + timedelta(days=2), True, "2026-09-03 14:00 UTC (16:00 CEST), in 2 days"),
    ],
)
def test_a_moment_is_shown_in_utc_and_in_the_readers_own_time(at: datetime, relative: bool, shown: str) -> None:
    assert line(When(at, relative)) == shown


def test_a_zone_without_a_name_is_shown_as_its_distance() -> None:
    shown = line(When(NOW), reader=Reader(NOW, ZoneInfo("Europe/Istanbul")))
    assert shown == "2026-09-01 14:00 UTC (17:00 UTC+03)"


def test_a_reader_in_utc_sees_one_time() -> None:
    assert line(When(NOW), reader=Reader(NOW, UTC)) == "2026-09-01 14:00 UTC"


def test_a_link_shows_its_address_where_the_terminal_has_no_hyperlinks() -> None:
    assert line(Link("the dashboard", "https://dash.example/x")) == "the dashboard (https://dash.example/x)"


def test_a_link_is_a_hyperlink_where_the_terminal_has_them() -> None:
    shown = line(Link("the dashboard", "https://dash.example/x?a=b"), reader=Reader(NOW, UTC, links=True), colour=True)
    assert ";https://dash.example/x?a=b\x1b\\" in shown
    assert "(https" not in shown


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", "http://[", "no address"])
def test_an_address_that_nobody_should_follow_is_only_shown(url: str) -> None:
    shown = line(Link("here", url), reader=Reader(NOW, UTC, links=True), colour=True)
    assert "\x1b]8" not in shown
    assert f"here ({url})" in shown


LONG = "https://dash.example/" + "deployments/" * 8 + "backups?of=production"
SHORT = "https://dash.example/x"


@pytest.mark.parametrize("width", [40, 80])
@pytest.mark.parametrize(
    "holder",
    [
        text("Look there: ", Link("the dashboard", LONG), " and then go on."),
        text("Look there: ", LONG, " and then go on.", tone=Tone.WARNING),
        Items((("Look there: ", Link(LONG, LONG)), ("and then go on",)), ordered=True),
        fields([("Dashboard", LONG), ("Status", SHORT)]),
        fields([("The dashboard of our deployments", LONG)]),
        Table(("Where", "Address"), ((("dashboard",), (LONG,)), (("status",), (SHORT,)))),
        Buttons((LinkButton("Dashboard", LONG),)),
    ],
)
def test_an_address_is_never_broken_or_cut_so_that_it_can_be_copied(holder: Block, width: int) -> None:
    shown = block(holder, width=width)
    assert LONG in shown
    assert all(len(row) <= width for row in shown.splitlines() if LONG not in row)


# --- blocks --------------------------------------------------------------------------------------------------------


def test_a_title_says_its_tone_as_icon_and_word() -> None:
    titles = [drawn(Card("How it is", tone=tone)) for tone in Tone]
    assert titles == [
        "How it is",
        "✔ OK: How it is",
        "▲ Warning: How it is",
        "✖ Problem: How it is",
        "● Working: How it is",
    ]


def test_a_console_without_unicode_gets_plain_icons() -> None:
    assert drawn(Card("How it is", tone=Tone.BAD), reader=Reader(NOW, UTC, ascii_only=True)) == "x Problem: How it is"


def test_paragraphs_carry_their_tone_and_the_footer_comes_last() -> None:
    card = Card("Title", (text("One."), text("Two.", tone=Tone.WARNING)), footer=("checked 40 s ago",))
    assert drawn(card) == "Title\n\nOne.\n▲ Warning: Two.\n\nchecked 40 s ago"


def test_headings_items_fields_and_dividers() -> None:
    shown = block(
        Heading("Parts"),
        Items((("first ", Code("x")), ("second",)), ordered=True),
        Items((("loose",),)),
        fields([("Kept", "30 days"), ("Recovery target", "4 hours")]),
        Divider(),
        width=30,
    )
    assert shown == (
        "Parts\n\n1. first x\n2. second\n\n• loose\n\nKept             30 days\nRecovery target  4 hours\n\n" + "─" * 30
    )


def test_a_long_item_hangs_below_its_own_words() -> None:
    assert block(Items((("one two three four five",),)), width=16) == "• one two three\n  four five"


def test_fields_with_long_labels_stand_below_them_on_a_narrow_terminal() -> None:
    shown = block(fields([("Newest verified copy", "2 hours old")]), width=30)
    assert shown == "Newest verified copy\n  2 hours old"


TABLE = Table(
    ("table", "rows", "newest", "verdict"),
    (
        (("users",), ("12,345",), (When(NOW),), ("312 rows missing",)),
        (("posts",), ("99",), ("",), ("sound",)),
    ),
    numeric=(1,),
    tones=(Tone.BAD, Tone.GOOD),
)


def test_a_table_has_a_heading_numbers_to_the_right_and_tones_as_icons() -> None:
    assert block(TABLE) == (
        "table      rows  newest                             verdict\n"
        "────────────────────────────────────────────────────────────────────\n"
        "✖ users  12,345  2026-09-01 14:00 UTC (16:00 CEST)  312 rows missing\n"
        "✔ posts      99                                     sound"
    )


def test_a_table_too_wide_for_the_terminal_becomes_labelled_values() -> None:
    assert block(TABLE, width=30) == (
        "✖ users\n"
        "  rows     12,345\n"
        "  newest   2026-09-01 14:00\n"
        "           UTC (16:00 CEST)\n"
        "  verdict  312 rows missing\n"
        "✔ posts\n"
        "  rows     99\n"
        "  verdict  sound"
    )


@pytest.mark.parametrize("width", range(20, 90, 7))
def test_a_table_never_breaks_a_word(width: int) -> None:
    table = Table(
        ("Table", "Rows", "What was found in it"),
        (
            (("conversations",), ("1,163",), ("newest no older than two days",)),
            (("notifications of everybody",), ("4,143",), ("no orphans",)),
        ),
        numeric=(1,),
        tones=(Tone.GOOD, Tone.BAD),
    )
    shown = block(table, width=width)
    assert all(len(row) <= width for row in shown.splitlines())
    assert "✔ conversations" in shown
    assert {"notifications", "everybody", "1,163", "4,143", "orphans", "older"} <= set(shown.split())


def test_a_row_that_is_too_short_is_still_drawn() -> None:
    assert "only" in block(Table(("a", "b"), ((("only",),),)))
    assert "a" in block(Table(("a", "b"), ((),)))


def test_a_table_without_an_end_is_cut_and_says_so() -> None:
    shown = block(Table(("n",), tuple(((str(number),),) for number in range(1000))))
    assert shown.endswith("\n199\n… and 800 more")


def test_a_snippet_stays_as_it_is_to_be_copied() -> None:
    command = "npx convex export " + "--path " * 20 + "x.zip"
    assert block(Snippet(command), width=40) == command


def test_progress_is_a_bar_with_a_share_where_the_end_is_known() -> None:
    assert block(Progress("12 of 20 tables", 12, 20)) == "━━━━━━━━━━━━━━━━━━             60% 12 of 20 tables"
    assert block(Progress("waiting for Convex", 3, None)) == "waiting for Convex"


@pytest.mark.parametrize(("done", "total"), [(30, 20), (-1, 20), (5, 0)])
def test_progress_that_makes_no_sense_is_still_drawn(done: float, total: float) -> None:
    assert "tables" in block(Progress("tables", done, total))


def test_buttons_are_the_lines_to_type_and_others_are_left_out() -> None:
    shown = block(
        Buttons(
            (
                say("Take a copy now", "/backup export production"),
                say("/backup list", "/backup list"),
                Button("Yes, do it", CONFIRM("token")),
                LinkButton("Dashboard", "https://dash.example"),
            )
        )
    )
    assert shown == "> Take a copy now  /backup export production\n> /backup list\nDashboard (https://dash.example)"


def test_buttons_that_cannot_be_typed_leave_no_gap() -> None:
    shown = drawn(Card("Title", (Buttons((Button("Yes", CONFIRM("token")),)), text("After."))))
    assert shown == "Title\n\nAfter."


def test_a_choice_is_shown_as_the_lines_to_type() -> None:
    choices = (Choice("Production", "production"), Choice("My copy", "my copy"))
    assert block(Pick("Environment", SAY("/backup status"), choices)) == (
        'Environment:\n> Production  /backup status production\n> My copy  /backup status "my copy"'
    )
    many = tuple(Choice(str(number), str(number)) for number in range(30))
    assert block(Pick("Number", SAY("/x"), many)).endswith("> 11  /x 11\n… and 18 more")


def test_pictures_and_files_are_named_with_the_command_that_fetches_them() -> None:
    shown = block(Image("rows over time", "picture/1.png"), Attachment("b1.json", "report/b1.json", 123_456))
    assert shown == (
        "Picture: rows over time\nlifeboat file picture/1.png > 1.png\n\n"
        "File: b1.json, 123 kB\nlifeboat file report/b1.json > b1.json"
    )


def test_a_command_that_fetches_a_file_is_one_line_that_a_shell_takes_as_it_is() -> None:
    shown = block(Attachment("a copy; rm -rf ~.zip", "backup/" + "x" * 60 + ".zip"), width=40)
    assert shown.endswith("\nlifeboat file backup/" + "x" * 60 + ".zip > 'a copy; rm -rf ~.zip'")


def test_every_kind_of_block_is_drawn() -> None:
    every = (
        text("t"), Heading("h"), Items((("i",),)), fields([("l", "v")]), TABLE, Snippet("s"), Progress("p", 1, 2),
        Buttons((say("b", "/b"),)), Pick("k", SAY("/k"), (Choice("c", "c"),)), Image("g", "g"), Attachment("f", "f"),
        Divider(),
    )  # fmt: skip
    assert {type(one) for one in every} == set(get_args(get_args(Block)[0]))
    assert all(block(one) for one in every)


def test_colour_comes_on_top_of_words() -> None:
    assert "\x1b[1;32m" in drawn(Card("Safe", tone=Tone.GOOD), colour=True)


def test_work_is_summed_up_in_one_line() -> None:
    card = Card("Convex is exporting\nproduction", (Progress("4 of 9 tables", 4, 9),), Tone.WORKING)
    assert summary(card, Reader(NOW, UTC)) == "Convex is exporting production · 44% 4 of 9 tables"


def test_what_is_said_of_work_in_one_line_tells_how_long_until_then() -> None:
    line = ("I try again at ", When(NOW + timedelta(seconds=30), relative=True), ".")
    card = Card("Waiting", (Progress("waiting", 0, 0), text(*line)), Tone.WORKING)
    assert summary(card, Reader(NOW, UTC)).endswith("I try again at 2026-09-01 14:00 UTC, in 30 seconds.")


# --- forms ---------------------------------------------------------------------------------------------------------

FORM = Form(
    "/backup restore",
    (
        Field("backup", "Backup", "Which copy"),
        Field("target", "Target", "Where to", required=False, choices=(Choice("S", "staging"), Choice("D", "dev"))),
        Field("with_files", "With files", "Stored files too", choices=(Choice("No", "no"), Choice("Yes", "yes"))),
    ),
    "lb1:fill:backup restore",
    intro=("Something required is missing.",),
)


def test_a_form_is_drawn_as_usage() -> None:
    assert drawn(FORM) == (
        "/backup restore\n"
        "Something required is missing.\n\n"
        "Usage: /backup restore <backup> [staging|dev] [--with-files]\n\n"
        "backup      Which copy\n"
        "target      Where to\n"
        "with-files  Stored files too"
    )
    assert usage(FORM) == "/backup restore <backup> [staging|dev] [--with-files]"


# --- hostile data --------------------------------------------------------------------------------------------------

HOSTILE = "[red]x[/red] \x1b[2J\x1b]0;owned\x07 \u202egnp.exe\u2066 \x9b31m :smile: \ud800 end"
OBEYED = {"\x1b", "\x07", "\x9b", "\u202e", "\u2066", "\ud800", "\u2028"}


def everywhere(data: str) -> Card:
    """A card with the same data in every place that takes any."""
    spans: tuple[Span, ...] = (
        data,
        Bold(data),
        Code(data),
        Link(data, "https://x.example/" + data),
        Mention("m", data),
    )
    return Card(
        data,
        (
            text(*spans),
            Heading(data),
            Items((spans,)),
            fields([(data, data)]),
            Table((data, data), (((data,), (data,)),)),
            Snippet(data, data),
            Progress(data, 1, 2),
            Buttons((Button(data, SAY("/say")), LinkButton(data, "https://x.example/" + data))),
            Pick(data, SAY("/pick"), (Choice(data, data),)),
            Image(data, data),
            Attachment(data, data, 1),
        ),
        Tone.BAD,
        spans,
    )


@pytest.mark.parametrize("width", [20, 80, 200])
def test_hostile_data_stays_data(width: int) -> None:
    for shown in (
        everywhere(HOSTILE),
        Form(HOSTILE, (Field(HOSTILE, HOSTILE, HOSTILE, HOSTILE),), "x", intro=(HOSTILE,)),
    ):
        written = drawn(shown, width=width)
        assert not OBEYED & set(written)
        assert "[red]" in written
        assert "␛[2J" in written.replace("\n", "")


def test_hostile_addresses_cannot_end_a_hyperlink() -> None:
    reader = Reader(NOW, UTC, links=True)
    shown = line(Link("here", "https://x.example/\x1b\\\x1b[2J\x07\u202eé"), reader=reader, colour=True)
    assert "https://x.example/%1B%5C%1B[2J%07%E2%80%AE%C3%A9\x1b\\" in shown
    assert "\x1b[2J" not in shown
    assert "\x07" not in shown


@given(st.text(alphabet=st.characters(), max_size=40), st.integers(10, 120))
def test_no_text_breaks_a_card_or_reaches_the_terminal_as_a_command(data: str, width: int) -> None:
    written = drawn(everywhere(data), width=width)
    assert not OBEYED & set(written)
    written.encode()
