"""How cards look in Slack: every block and span, at and over Slack's limits, and with hostile data in them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
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
    Span,
    Table,
    Text,
    Tone,
    When,
    fields,
    text,
)
from bot.platforms.slack import limits
from bot.platforms.slack.controls import pressed
from bot.platforms.slack.render import Drawn, attachments, draw
from bot.platforms.slack.spans import elements, small_print
from bot.views.actions import CONFIRM, SAY, say
from tests.platforms.cards import GOLDEN
from tests.platforms.slack_rules import faults, walk

FILES = Path(__file__).parents[1] / "golden" / "slack"
CARDS = {name: shown for name, shown in GOLDEN.items() if isinstance(shown, Card)}
AT = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)
UNIX = int(AT.timestamp())
UTC_WORDS = "2026-11-22 03:12 UTC"
PEOPLE = {"ada": "U0ADA", "role:operator": "S0OPS", "odd": "U1> <!channel>"}
STATUS = "lb1:say:/backup status"


def drawn(*blocks: Block, title: str = "A card", **more: Any) -> Drawn:
    result = draw(Card(title, blocks, **more), PEOPLE.get)
    assert faults(result.blocks) == []
    return result


def written(*spans: Span) -> list[dict[str, Any]]:
    return list(elements(spans, PEOPLE.get))


def read(value: Any) -> Iterator[str]:
    """Every word that a person sees, in order."""
    for one in walk(value):
        yield from [one["text"]] if isinstance(one.get("text"), str) else []


def shown(*blocks: Block) -> str:
    """What stands below the title."""
    return "\n".join("".join(read(block)) for block in drawn(*blocks).blocks[1:])


def kinds(result: Drawn) -> list[str]:
    return [block["type"] for block in result.blocks]


def controls(result: Drawn) -> list[dict[str, Any]]:
    return [one for block in result.blocks if block["type"] == "actions" for one in block["elements"]]


# --- golden cards --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CARDS)
def test_a_card_looks_as_it_did(name: str) -> None:
    """Where the change is meant, delete the golden files and run this twice; then look at them."""
    file, result = FILES / f"{name}.json", draw(CARDS[name], PEOPLE.get)
    assert faults(result.blocks) == []
    if not file.exists():
        FILES.mkdir(parents=True, exist_ok=True)
        payload = {"text": result.text, "blocks": result.blocks}
        file.write_text(json.dumps(payload, indent=1, ensure_ascii=False) + "\n", "utf-8")
        pytest.fail(f"{file.name} was missing and has been written: look at it")
    assert {"text": result.text, "blocks": result.blocks} == json.loads(file.read_text("utf-8"))


def test_every_golden_file_is_of_a_card_or_form_that_is() -> None:
    assert {file.stem for file in FILES.glob("*.json")} == set(GOLDEN)


@pytest.mark.parametrize("name", CARDS)
def test_no_card_that_people_get_is_cut(name: str) -> None:
    assert not any("… and " in words for words in read(draw(CARDS[name], PEOPLE.get).blocks))


# --- spans ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", ["<!channel> <@U1> <#C1>", "*bold* _it_ ~no~ `code`", ":fire:", "& < >", "> quote", "https://a.example"]
)
def test_data_is_sent_as_it_stands_and_never_as_markup(data: str) -> None:
    assert written(data) == [{"type": "text", "text": data}]
    assert written(Bold(data)) == [{"type": "text", "text": data, "style": {"bold": True}}]
    assert written(Code(data)) == [{"type": "text", "text": data, "style": {"code": True}}]
    assert small_print((f"{data} *",), PEOPLE.get)["type"] == "plain_text"
    assert all(
        one["type"] == "plain_text" for one in walk(drawn(Heading(data), title=data).blocks[:2]) if "emoji" in one
    )


def test_data_that_would_reorder_or_hide_text_is_marked() -> None:
    assert written("right\u202eleft\x00\ud800\u200b") == [{"type": "text", "text": "right�left���"}]


def test_data_cannot_forge_a_paragraph() -> None:
    assert written("one\n\ntwo") == [{"type": "text", "text": "one two"}]


def test_a_moment_shows_utc_and_the_readers_own_clock() -> None:
    [utc, local, after] = written(When(AT, relative=True))
    assert utc["text"] == "2026-11-22 03:12 UTC ("
    assert local == {
        "type": "date",
        "timestamp": UNIX,
        "format": "{date_short_pretty} {time}, {ago}",
        "fallback": "2026-11-22 03:12 UTC",
    }
    assert after["text"] == ")"
    assert written(When(AT))[1]["format"] == "{date_short_pretty} {time}"


@pytest.mark.parametrize(
    ("label", "url", "expected"),
    [
        ("the page", "https://a.example/b?c=1&d=2", [("the page", "https://a.example/b?c=1&d=2")]),
        ("ops@a.example", "mailto:ops@a.example", [("ops@a.example", "mailto:ops@a.example")]),
        ("https://a.example", "https://a.example", [("https://a.example", "https://a.example")]),
        ("https://good.example", "https://evil.example", [("", "https://evil.example")]),
        ("", "https://a.example", [("", "https://a.example")]),
        ("run me", "javascript:alert(1)", []),
        ("two", "https://a.example/\nx", []),
        ("long", f"https://a.example/{'x' * 3000}", []),
    ],
)
def test_only_a_safe_address_becomes_a_link(label: str, url: str, expected: list[tuple[str, str]]) -> None:
    found = written(Link(label, url))
    assert [(one.get("text", ""), one["url"]) for one in found if one["type"] == "link"] == expected
    assert label in "".join(one.get("text", "") for one in found)


def test_people_and_groups_are_called_by_slacks_ids_and_others_are_named() -> None:
    assert written(Mention("ada", "Ada")) == [{"type": "user", "user_id": "U0ADA"}]
    assert written(Mention("role:operator", "Operators")) == [{"type": "usergroup", "usergroup_id": "S0OPS"}]
    assert written(Mention("eve", "Eve")) == [{"type": "text", "text": "Eve", "style": {"bold": True}}]


def test_an_id_that_is_none_of_slacks_calls_nobody() -> None:
    assert written(Mention("odd", "Odd")) == [{"type": "text", "text": "Odd", "style": {"bold": True}}]
    assert small_print((Mention("odd", "Odd"),), PEOPLE.get)["text"] == "*Odd*"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (("5 < 6 & 7",), "5 &lt; 6 &amp; 7"),
        (("at ", When(AT), "."), f"at {UTC_WORDS} (<!date^{UNIX}^{{date_short_pretty}} {{time}}|{UTC_WORDS}>)."),
        (("type ", Code("a > b")), "type `a &gt; b`"),
        ((Bold("a"), " b ", Link("c", "https://c.example")), "*a* b <https://c.example|c>"),
        ((Mention("ada", "Ada"), " ", Mention("role:operator", "Ops")), "<@U0ADA> <!subteam^S0OPS>"),
        (("LIFEBOAT_VAULT is set",), "LIFEBOAT_VAULT is set"),
    ],
)  # fmt: skip
def test_small_print_is_markup_where_nothing_can_be_misread(line: tuple[Span, ...], expected: str) -> None:
    assert small_print(line, PEOPLE.get) == {"type": "mrkdwn", "text": expected, "verbatim": True}


@pytest.mark.parametrize(
    "line",
    [
        ("a *b* c",),
        ("a _b_ c",),
        (":fire:",),
        ("a :fi", "re: b"),
        ("> said",),
        (Code("a`b"),),
        (Bold("a*"),),
        ("word", Bold("b")),
        (Bold("b"), "word"),
        (Bold("a"), Bold("b")),
        (Link("x", "javascript:y"),),
        (Link("https://good.example", "https://evil.example"),),
        ("x" * 4000,),
    ],
)
def test_small_print_that_could_be_misread_is_plain(line: tuple[Span, ...]) -> None:
    assert small_print(line, PEOPLE.get)["type"] == "plain_text"


# --- blocks --------------------------------------------------------------------------------------------------------


def test_the_verdict_is_the_header_after_the_sign_of_its_tone() -> None:
    result = drawn(text("Why."), title="Not safe.", tone=Tone.BAD)
    assert result.blocks[0]["text"] == {"type": "plain_text", "text": "❌ Not safe.", "emoji": False}
    assert result.text == "❌ Not safe.\nWhy."


@pytest.mark.parametrize(("many", "kind"), [(150, "header"), (151, "rich_text")])
def test_a_title_too_long_for_a_header_is_a_bold_paragraph_and_whole(many: int, kind: str) -> None:
    result = drawn(title="x" * many)
    assert kinds(result) == [kind]
    assert next(read(result.blocks)) == "x" * many


def test_a_tone_is_a_sign_before_the_line() -> None:
    assert shown(text("Late.", tone=Tone.WARNING), text("Fine.")) == "⚠️ Late.\nFine."


def test_fields_are_labelled_lines_in_one_block() -> None:
    result = drawn(fields([("Size", "3 MB"), ("Copy", Code("bk_1")), ("", "bare")]))
    assert kinds(result) == ["header", "rich_text"]
    assert "".join(read(result.blocks[1])) == "Size: 3 MB\nCopy: bk_1\nbare"


def test_lists_keep_their_order_and_an_empty_line_its_place() -> None:
    ordered, bulleted = (
        drawn(Items((("a",), (), ("c",)), ordered=one)).blocks[1]["elements"][0] for one in (True, False)
    )
    assert (ordered["style"], bulleted["style"]) == ("ordered", "bullet")
    assert list(read(ordered)) == ["a", "–", "c"]


def test_a_snippet_keeps_its_lines_and_blanks() -> None:
    [part] = drawn(Snippet("\na  <b>\n\n```c\n")).blocks[1]["elements"]
    assert part == {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "a  <b>\n\n```c"}]}


@pytest.mark.parametrize(
    ("done", "total", "expected"),
    [
        (4, 8, "██████████░░░░░░░░░░ 50 % · x"),
        (0, 8, "░░░░░░░░░░░░░░░░░░░░ 0 % · x"),
        (7.99, 8, "███████████████████░ 99 % · x"),
        (9, 8, "████████████████████ 100 % · x"),
        (4, None, "⏳ x"),
        (4, float("nan"), "⏳ x"),
    ],
)
def test_progress_is_a_bar_with_its_share_in_figures(done: float, total: float | None, expected: str) -> None:
    assert shown(Progress("x", done, total)) == expected


def test_a_picture_is_told_and_every_file_is_named_and_can_be_sent_beside_the_message() -> None:
    picture, file = Image("Rows, rising", "charts/rows.png"), Attachment("report.json", "report/x.json", 12_345)
    assert shown(picture, file) == "Picture: Rows, rising\nFile: report.json · 12.3 kB"
    assert attachments(Card("x", (picture, file))) == (Attachment("rows.png", "charts/rows.png"), file)


def test_what_is_blank_draws_nothing() -> None:
    blank = (Text(()), text(" "), Heading(""), Items(()), Fields(()), Table(("a",), ()), Snippet("\n"), Buttons(()))
    assert kinds(drawn(*blank, Pick("x", STATUS, ()), Divider(), footer=(" ",))) == ["header"]


def test_rules_stand_only_between_two_things() -> None:
    result = drawn(Divider(), text("a"), Divider(), Divider(), text("b"), Divider())
    assert kinds(result) == ["header", "rich_text", "divider", "rich_text"]


# --- tables --------------------------------------------------------------------------------------------------------


def table_of(rows: int, columns: int = 2, words: str = "x") -> Table:
    return Table(tuple(f"c{n}" for n in range(columns)), tuple(((words,),) * columns for _ in range(rows)))


def test_a_table_has_bold_labels_numbers_to_the_right_and_the_sign_of_a_rows_tone() -> None:
    rows = ((("users",), ("5",)), ((Code("posts"),), ()))
    block = drawn(Table(("Table", "Rows"), rows, numeric=(1,), tones=(Tone.GOOD, Tone.BAD))).blocks[1]
    assert [["".join(read(cell)) for cell in row] for row in block["rows"]] == [
        ["Table", "Rows"],
        ["✅ users", "5"],
        ["❌ posts", "–"],
    ]
    assert [one["align"] for one in block["column_settings"]] == ["left", "right"]
    assert block["rows"][0][0]["elements"][0]["elements"][0]["style"] == {"bold": True}


def test_of_several_tables_the_largest_is_slacks_and_a_small_one_is_set_in_columns() -> None:
    small = Table(("Table", "Rows"), ((("users",), ("1,204",)), (("likes",), ("9",))), numeric=(1,))
    result = drawn(small, table_of(3))
    assert kinds(result) == ["header", "rich_text", "table"]
    assert list(read(result.blocks[1])) == ["Table   Rows\nusers  1,204\nlikes      9"]


def test_another_table_with_signs_or_moments_is_a_line_for_each_row() -> None:
    other = Table(("What", "Is", "Seen"), ((("Vault",), ("broken",), (When(AT),)),), tones=(Tone.BAD,))
    assert "❌ Vault · Is: broken · Seen: 2026-11-22 03:12 UTC ()" in shown(other, table_of(5))


@pytest.mark.parametrize(("rows", "left_out"), [(99, ""), (100, "… and 1 more row"), (500, "… and 401 more rows")])
def test_a_table_says_which_rows_are_left_out(rows: int, left_out: str) -> None:
    result = drawn(table_of(rows, 1))
    assert len(result.blocks[1]["rows"]) == 100
    assert list(read(result.blocks[2:])) == ([left_out] if left_out else [])


def test_where_slack_takes_no_table_there_is_none() -> None:
    blocks = draw(CARDS["report_findings"], PEOPLE.get, tables=False).blocks
    assert "table" not in {block["type"] for block in blocks}
    assert "✅ messages · Rows: 118,204" in "".join(read(blocks))


@pytest.mark.parametrize(("columns", "kind"), [(20, "table"), (21, "rich_text")])
def test_a_table_with_too_many_columns_is_a_list(columns: int, kind: str) -> None:
    assert kinds(drawn(table_of(2, columns, "word " * 2)))[1] == kind


def test_a_table_with_too_many_characters_is_shortened() -> None:
    result = drawn(table_of(40, 1, "word " * 100))
    assert 10 < len(result.blocks[1]["rows"]) < 22
    assert "more rows" in list(read(result.blocks))[-1]


# --- buttons and menus ---------------------------------------------------------------------------------------------


def test_a_button_carries_its_press_and_a_repeated_one_an_id_of_its_own() -> None:
    result = drawn(
        Buttons((say("A", "/backup status", "primary"), say("B", "/backup status"))),
        Buttons((say("C", "/x", "danger"),)),
    )
    first, second, third = controls(result)
    assert (first["action_id"], first["value"], first["style"]) == (STATUS, STATUS, "primary")
    assert (second["action_id"], second["value"], second.get("style")) == (f"{STATUS}~2", STATUS, None)
    assert third["style"] == "danger"


@given(st.lists(st.sampled_from(["a", "a~1", "a~2", "a~2~1", "a~", "~1", "b~x"]), max_size=12))
def test_every_id_leads_back_to_its_press(presses: list[str]) -> None:
    found = controls(drawn(Buttons(tuple(Button("x", press) for press in presses))))
    assert [pressed(one["action_id"]) for one in found] == presses


def test_a_link_button_leads_out_and_an_unsafe_one_is_said() -> None:
    result = drawn(Buttons((LinkButton("Go", "https://a.example"), LinkButton("Bad", "javascript:x"))))
    [button] = controls(result)
    assert button["url"] == "https://a.example"
    assert "Bad (javascript:x)" in list(read(result.blocks))


def test_more_buttons_than_a_row_holds_go_into_several() -> None:
    result = drawn(Buttons(tuple(Button(str(n), f"lb1:x:{n}") for n in range(60))))
    assert [len(block["elements"]) for block in result.blocks[1:]] == [25, 25, 10]


def test_buttons_that_find_no_room_are_said_with_what_to_type() -> None:
    result = drawn(*(Buttons((say(f"Do {n}", f"/backup verify {n}"),)) for n in range(100)))
    said = "".join(read([block for block in result.blocks if block["type"] == "rich_text"]))
    drawn_ones = len(controls(result))
    assert 20 < drawn_ones < 100
    assert f"Do {drawn_ones}: type /backup verify {drawn_ones}" in said
    assert "Do 99: type /backup verify 99" in said


def test_what_is_to_be_typed_is_named_as_commands_are_here() -> None:
    rows = [Buttons((say(f"Do {n}", f"/backup verify {n}"),)) for n in range(100)]
    menu = Pick("Copy", STATUS, tuple(Choice(f"{n}", f"{n}") for n in range(101)))
    result = draw(Card("Ready", (menu, *rows)), PEOPLE.get, prefix="cc-")
    said = "".join(read([block for block in result.blocks if block["type"] == "rich_text"]))
    assert "Do 99: type /cc-backup verify 99" in said
    assert "to be typed: /cc-backup status …" in said
    assert not any("cc-" in one["action_id"] for one in controls(result))


def test_a_press_that_is_no_id_is_said() -> None:
    result = drawn(Buttons((Button("Nowhere", ""), Button("Far", "x" * 300), Button("Yes", CONFIRM("t")))))
    assert [one["value"] for one in controls(result)] == [CONFIRM("t")]
    assert "Nowhere (there is no room for its button here)" in list(read(result.blocks))


def test_a_pick_is_a_menu_whose_id_is_its_press() -> None:
    [menu] = controls(
        drawn(Pick("Open a section", STATUS, (Choice("One", "1"), Choice("Two", "2"), Choice("Again", "1"))))
    )
    assert (menu["type"], menu["action_id"], menu["placeholder"]["text"]) == ("static_select", STATUS, "Open a section")
    assert [(one["text"]["text"], one["value"]) for one in menu["options"]] == [("One", "1"), ("Two", "2")]


@pytest.mark.parametrize(("many", "left_out"), [(100, 0), (101, 1)])
def test_choices_that_a_menu_cannot_hold_can_be_typed(many: int, left_out: int) -> None:
    result = drawn(Pick("Copy", STATUS, tuple(Choice(f"{n}", f"{n}") for n in range(many))))
    assert len(controls(result)[0]["options"]) == 100
    told = [words for words in read(result.blocks) if words.startswith("…")]
    assert told == ([f"… and {left_out} more, to be typed: /backup status …"] if left_out else [])


# --- limits --------------------------------------------------------------------------------------------------------


def test_a_long_list_says_how_much_of_it_is_left_out() -> None:
    result = drawn(
        Items(tuple((f"line {n} " + "word " * 40,) for n in range(300))), Buttons((say("Go", "/x"),)), footer=("end",)
    )
    assert kinds(result)[-2:] == ["actions", "context"]
    left = next(words for words in read(result.blocks) if words.startswith("…"))
    items = result.blocks[1]["elements"][0]["elements"]
    assert left == f"… and {300 - len(items)} more lines"
    assert len(items) > 30


def test_many_paragraphs_stay_whole_from_the_top_and_the_rest_is_counted() -> None:
    result = drawn(*(text(f"{n} " + "word " * 200) for n in range(40)), Buttons((say("Go", "/x"),)))
    kept = sum(
        words.startswith(("0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "6 ", "7 ", "8 ", "9 ")) for words in read(result.blocks)
    )
    assert list(read(result.blocks))[-1] == f"… and {40 - kept} more parts, too much for one message."
    assert len(controls(result)) == 1


def test_of_a_card_that_is_too_long_the_names_of_its_files_stay() -> None:
    result = drawn(*(text(f"{n} " + "word " * 200) for n in range(40)), Attachment("report.json", "report/x.json"))
    assert "report.json" in list(read(result.blocks))


def test_more_parts_than_blocks_move_together_and_lose_nothing() -> None:
    result = drawn(*(one for n in range(30) for one in (text(f"part {n}"), Divider())), Buttons((say("Go", "/x"),)))
    assert len(result.blocks) <= limits.BLOCKS
    assert "part 29" in list(read(result.blocks))


def test_rows_of_buttons_between_many_texts_are_gathered_and_none_is_lost() -> None:
    blocks = [one for n in range(26) for one in (text(f"part {n}"), Buttons((say(f"{n}", f"/x {n}"),)))]
    result = drawn(*blocks)
    assert len(controls(result)) == 26
    assert "part 25" in list(read(result.blocks))


def test_the_notice_is_short_and_calls_nobody() -> None:
    result = drawn(text("<!channel> " * 400), title="<@U1> & co")
    assert result.text.startswith("&lt;@U1&gt; &amp; co\n&lt;!channel&gt;")
    assert len(result.text.encode()) < 4_000


# --- any card at all -----------------------------------------------------------------------------------------------

WORDS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="ab*_`~<@#!>&|:[]()\n \ud800\u202e", max_size=60),
    st.builds(lambda words, times: words * times, st.text(min_size=1, max_size=4), st.sampled_from([1, 200, 2_000])),
)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
URLS = st.one_of(WORDS, st.builds("https://a.example/{}".format, WORDS))
SPANS = st.one_of(
    WORDS,
    st.builds(Bold, WORDS),
    st.builds(Code, WORDS),
    st.builds(Link, WORDS, URLS),
    st.builds(Mention, st.sampled_from([*PEOPLE, "x"]), WORDS),
    st.builds(When, MOMENTS, st.booleans()),
)
LINES = st.lists(SPANS, max_size=4).map(tuple)
MANY_LINES = st.builds(lambda lines, times: tuple(lines * times), st.lists(LINES, max_size=4), st.sampled_from([1, 50]))
TONES = st.sampled_from(Tone)
PRESSES = st.one_of(WORDS, st.builds(lambda words: SAY(words[:10]), WORDS), st.just(STATUS))
CHOICES = st.builds(
    lambda some, many: (*some, *(Choice(f"choice {n}", f"{n}") for n in range(many))),
    st.lists(st.builds(Choice, WORDS, WORDS), max_size=3),
    st.sampled_from([0, 3, 150]),
)
BUTTON = st.one_of(
    st.builds(Button, WORDS, PRESSES, st.sampled_from(["default", "primary", "danger"])),
    st.builds(LinkButton, WORDS, URLS),
)
TABLES = st.builds(
    lambda columns, rows, times, tones: Table(tuple(columns), tuple(map(tuple, rows)) * times, (1,), tuple(tones)),
    st.lists(WORDS, max_size=25),
    st.lists(st.lists(LINES, max_size=25), max_size=4),
    st.sampled_from([1, 60]),
    st.lists(TONES, max_size=4),
)
ANY = st.one_of(
    st.builds(Text, LINES, TONES),
    st.builds(Heading, WORDS),
    st.builds(Items, MANY_LINES, st.booleans()),
    st.builds(lambda pairs: Fields(tuple(pairs)), st.lists(st.tuples(WORDS, LINES), max_size=14)),
    TABLES,
    st.builds(Snippet, WORDS),
    st.builds(Progress, WORDS, st.floats(), st.one_of(st.none(), st.floats())),
    st.builds(lambda one, times: Buttons(tuple(one * times)), st.lists(BUTTON, max_size=4), st.sampled_from([1, 30])),
    st.builds(Pick, WORDS, PRESSES, CHOICES),
    st.builds(Image, WORDS, WORDS),
    st.builds(Attachment, WORDS, WORDS, st.one_of(st.none(), st.integers(0, 10**15))),
    st.just(Divider()),
)
ANY_CARD = st.builds(
    lambda title, blocks, times, tone, footer: Card(title, tuple(blocks * times), tone, footer),
    WORDS,
    st.lists(ANY, max_size=8),
    st.sampled_from([1, 1, 12]),
    TONES,
    LINES,
)


@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(ANY_CARD)
def test_no_card_breaks_a_limit(card: Card) -> None:
    result = draw(card, PEOPLE.get)
    assert faults(result.blocks) == []
    assert 0 < len(result.text.encode()) <= 4_000
    # What Slack counts is not documented; what we count stays below what it was seen to take.
    assert sum(map(limits.block_weight, result.blocks)) <= 12_000
