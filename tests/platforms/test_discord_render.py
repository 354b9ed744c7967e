"""How cards look in Discord: every block and span, at and over Discord's limits, and with hostile data in them."""

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import discord
import pytest
from discord.http import Route
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
    Line,
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
from bot.platforms.discord.render import WHOLE, Drawn, draw
from bot.platforms.discord.spans import line, moment
from bot.views.actions import CONFIRM, SAY, say
from tests.emulators.discord import judge
from tests.emulators.discord.server import DiscordEmulator
from tests.platforms.cards import GOLDEN

FILES = Path(__file__).parents[1] / "golden" / "discord"
CARDS_SHOWN = {name: shown for name, shown in GOLDEN.items() if isinstance(shown, Card)}
AT = datetime(2026, 11, 22, 3, 12, tzinfo=UTC)
UNIX = int(AT.timestamp())
PEOPLE = {"ada": "8001", "role:operator": "9001", "odd": "8001> @everyone"}


def written(*spans: Span) -> str:
    return line(spans, PEOPLE.get)


def walk(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from walk(component.get("components", []))


def texts(drawn: Drawn) -> list[str]:
    return [one["content"] for one in walk(drawn.components) if one["type"] == 10]


def controls(drawn: Drawn) -> list[dict[str, Any]]:
    return [one for one in walk(drawn.components) if one["type"] in (2, 3)]


def shown(card: Card, *given: str) -> str:
    return "\n".join(texts(draw(card, PEOPLE.get, given)))


def length(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2


def faults(drawn: Drawn) -> list[str]:
    """What Discord would refuse."""
    all_ = list(walk(drawn.components))
    ids = [one["custom_id"] for one in all_ if "custom_id" in one]
    found = [
        *(["components"] if len(all_) > 40 else []),
        *(["characters"] if sum(map(length, texts(drawn))) > 4000 else []),
        *(["same id"] if len(set(ids)) < len(ids) else []),
        *(["id"] if any(not 0 < length(one) <= 100 for one in ids) else []),
        *(["empty text"] if any(not words.strip() for words in texts(drawn)) else []),
        *(["files"] if len(drawn.files) > 10 or len({file.name for file in drawn.files}) < len(drawn.files) else []),
    ]
    for one in all_:
        match one["type"]:
            case 1:
                inside = [child["type"] for child in one["components"]]
                found += ["row"] if not (inside == [3] or (set(inside) == {2} and len(inside) <= 5)) else []
            case 2:
                found += ["label"] if not 0 < length(one["label"].strip()) <= 80 else []
                found += ["url"] if one["style"] == 5 and not 0 < length(one["url"]) <= 512 else []
            case 3:
                options = one["options"]
                told = [option[key] for option in options for key in ("label", "value")]
                found += ["options"] if not 0 < len(options) <= 25 else []
                found += ["option"] if any(not 0 < length(words) <= 100 for words in told) else []
                found += ["same value"] if len({option["value"] for option in options}) < len(options) else []
                found += ["placeholder"] if not 0 < length(one["placeholder"]) <= 150 else []
            case 12:
                found += ["alt"] if length(one["items"][0].get("description", "-")) > 256 else []
    return found


class Everything:
    """Every file there is."""

    def __contains__(self, file: object) -> bool:
        return True


def body(card: Card) -> dict[str, Any]:
    """The message that is posted of a card, with every file that belongs to it."""
    drawn = draw(card, PEOPLE.get, Everything())
    mentions = drawn.mentions.to_dict()
    return {
        "flags": discord.MessageFlags(components_v2=True).value,
        "components": drawn.components,
        "attachments": [{"id": str(place), "filename": file.name} for place, file in enumerate(drawn.files)],
        # discord.py writes these ids as numbers, which Discord takes and its description of itself does not allow.
        "allowed_mentions": {"parse": mentions["parse"]}
        | {kind: list(map(str, mentions[kind])) for kind in ("users", "roles")},
    }


# --- golden cards --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CARDS_SHOWN)
def test_a_card_looks_as_it_did(name: str) -> None:
    """Where the change is meant, delete the golden files and run this twice; then look at them."""
    file, drawn = FILES / f"{name}.json", body(CARDS_SHOWN[name])
    assert faults(draw(CARDS_SHOWN[name], PEOPLE.get, Everything())) == []
    if not file.exists():
        FILES.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(drawn, indent=1, ensure_ascii=False) + "\n", "utf-8")
        pytest.fail(f"{file.name} was missing and has been written: look at it")
    assert drawn == json.loads(file.read_text("utf-8"))


def test_every_golden_file_is_of_a_card_or_form_that_is() -> None:
    assert {file.stem for file in FILES.glob("*.json")} == set(GOLDEN)


def test_discords_own_schemas_accept_every_golden_card(node: dict[str, str]) -> None:
    cards = [judge.message(name, json.loads((FILES / f"{name}.json").read_text("utf-8"))) for name in CARDS_SHOWN]
    too_long = {"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 5000}]}
    assert judge.complaints(cards, node) == []
    assert judge.complaints([judge.message("too long", too_long)], node) != []


async def test_discord_takes_every_card_new_and_edited_and_the_library_remembers_none() -> None:
    before = Route.BASE
    async with DiscordEmulator() as emulator, discord.Client(intents=discord.Intents.none()) as client:
        # The library knows its server by this attribute alone.
        Route.BASE = emulator.api
        try:
            await client.login(emulator.token)
            channel = client.get_partial_messageable(int(next(iter(emulator.world.channels))))
            for card in CARDS_SHOWN.values():
                drawn = draw(card, PEOPLE.get, Everything())
                files = [discord.File(io.BytesIO(file.text.encode() or b"-"), file.name) for file in drawn.files]
                sent = await channel.send(view=drawn.view(), files=files, allowed_mentions=drawn.mentions)
                bare = draw(card, PEOPLE.get)
                await sent.edit(view=bare.view(), attachments=[], allowed_mentions=bare.mentions)
                assert sent.flags.components_v2
        finally:
            Route.BASE = before
    assert client.persistent_views == []


# --- spans ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("**bold** _it_ ~~no~~ ||hid|| `code`", r"\*\*bold\*\* \_it\_ \~\~no\~\~ \|\|hid\|\| \`code\`"),
        ("<@42> <@&42> <#42>", r"\<\@42> \<\@&42> \<\#42>"),
        ("<t:1:R> </backup status:42> <:boom:42>", r"\<t:1:R> \</backup status:42> \<\:boom:42>"),
        ("@everyone and @here", "@\u200beveryone and @\u200bhere"),
        ("[click](https://evil.example)", r"\[click\](https\://evil.example)"),
        ("see https://evil.example", r"see https\://evil.example"),
        (":smile: :+1: :100:", r"\:smile: \:+1: \:100:"),
        ("from 12:30:45 to 13:00:00", "from 12:30:45 to 13:00:00"),
        ("# loud", r"\# loud"),
        ("-# small", r"\-# small"),
        ("> quoted", r"\> quoted"),
        ("- listed", r"\- listed"),
        ("1. numbered", r"1\. numbered"),
        ("one\n# two", "one # two"),
        ("back\\slash", r"back\\slash"),
        ("right\u202eleft\x00\ud800", "right�left��"),
    ],
)
def test_data_never_becomes_markup(data: str, expected: str) -> None:
    assert written(data) == expected


def test_data_in_two_pieces_is_escaped_as_one() -> None:
    assert written("@", "everyone") == "@\u200beveryone"
    assert written("https:", "//evil.example") == r"https\://evil.example"


def test_a_moment_shows_utc_and_the_readers_own_clock() -> None:
    assert moment(AT) == f"2026-11-22 03:12 UTC (<t:{UNIX}:t> local)"
    assert written(When(AT, relative=True)) == f"2026-11-22 03:12 UTC (<t:{UNIX}:t> local, <t:{UNIX}:R>)"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("plain", "`plain`"), ("a`b", "``a`b``"), ("`edge`", "`` `edge` ``"), ("a``b", r"a\`\`b"), ("", "")],
)
def test_code_keeps_its_backticks(code: str, expected: str) -> None:
    assert written(Code(code)) == expected


@pytest.mark.parametrize(
    ("label", "url", "expected"),
    [
        ("the page", "https://a.example/b_(c)", "[the page](https://a.example/b_%28c%29)"),
        ("https://a.example", "https://a.example", "<https://a.example>"),
        ("https://good.example", "https://evil.example", r"https\://good.example (<https://evil.example>)"),
        ("a [b]", "https://a.example", r"a \[b\] (<https://a.example>)"),
        ("run me", "javascript:alert(1)", "run me (javascript:alert(1))"),
        ("ops@a.example", "mailto:ops@a.example", "ops@a.example"),
        ("two) **lines", "https://a.example/\n# x", r"two) \*\*lines (https\://a.example/ # x)"),
        ("long", f"https://a.example/{'x' * 600}", rf"long (https\://a.example/{'x' * 600})"),
    ],
)
def test_only_a_safe_address_becomes_a_link(label: str, url: str, expected: str) -> None:
    assert written(Link(label, url)) == expected


def test_people_and_roles_are_called_by_discords_ids_and_nobody_else_can_be() -> None:
    drawn = draw(
        Card("<@7>", (text(Mention("ada", "Ada"), Mention("role:operator", "Operators"), Mention("x", "Eve")),)),
        PEOPLE.get,
    )
    assert texts(drawn)[1] == "<@8001><@&9001>**Eve**"
    assert dict(drawn.mentions.to_dict()) == {"parse": [], "users": [8001], "roles": [9001]}


def test_an_id_that_is_none_of_discords_calls_nobody() -> None:
    assert written(Mention("odd", "Odd")) == "**Odd**"


def test_bold_beside_code_and_bold_stays_apart() -> None:
    assert written(Bold("Rows "), Code("▁▂")) == "**Rows** `▁▂`"
    assert written(Bold("a"), Bold("b")) == "**ab**"
    assert written(Code("a"), Code("b")) == "`a`\u200b`b`"


@given(st.text(alphabet="ab*_`\\<@#!:>[]()~|1.- \n", max_size=400))
def test_a_cut_line_is_never_longer_than_it_may_be(data: str) -> None:
    for span in (data * 12, Bold(data * 12), Code(data * 12)):
        assert length(written(span)) <= 1300


# --- blocks --------------------------------------------------------------------------------------------------------


def test_the_verdict_comes_first_with_a_sign_beside_its_colour() -> None:
    drawn = draw(Card("Not safe.", (text("Why."),), Tone.BAD), PEOPLE.get)
    [container] = drawn.components
    assert container["accent_color"] == 0xD83A34
    assert texts(drawn) == ["## ❌ Not safe.", "Why."]


def test_a_title_of_two_sentences_does_not_shout() -> None:
    assert shown(Card("word " * 25)).startswith("### word")


def test_a_heading_stands_over_its_text_and_an_emphasised_line_over_its_list() -> None:
    card = Card("x", (Heading("Part"), text(Bold("1. First")), Items((("a",), ("b",))), text(Bold("2. Second"))))
    assert texts(draw(card, PEOPLE.get)) == ["## x", "### Part\n**1. First**\n- a\n- b", "**2. Second**"]


def test_fields_are_labelled_lines() -> None:
    assert "**Size:** 3 MB\n**Copy:** `bk_1`" in shown(Card("x", (fields([("Size", "3 MB"), ("Copy", Code("bk_1"))]),)))


def test_an_ordered_list_is_numbered() -> None:
    assert "1. a\n2. \\- b" in shown(Card("x", (Items((("a",), ("- b",)), ordered=True),)))


def test_a_small_table_of_bare_data_is_set_in_columns_with_numbers_to_the_right() -> None:
    table = Table(("Table", "Rows"), ((("users",), ("1,204",)), (("likes",), ("9",))), numeric=(1,))
    assert "```\nTable   Rows\nusers  1,204\nlikes      9\n```" in shown(Card("x", (table,)))


def test_a_table_of_three_columns_is_a_line_for_each_row_below_its_labels() -> None:
    rows = ((("Convex",), ("ok",), ("Answers.",)), (("Vault",), ("broken",), ("Full.",)))
    table = Table(("What", "Is", "Found"), rows, tones=(Tone.GOOD, Tone.BAD))
    assert "-# What · Is · Found\n✅ **Convex** · ok · Answers.\n❌ **Vault** · broken · Full." in shown(
        Card("x", (table,))
    )


def test_a_wide_table_labels_its_values_in_small_print_below_the_bold_first() -> None:
    table = Table(("Copy", "Data as of", "Rows", "Check"), (((Code("bk_1"),), (When(AT),), ("12",), ("sound",)),))
    assert f"`bk_1`\n-# Data as of: {moment(AT)} · Rows: 12 · Check: sound" in shown(Card("x", (table,)))


def test_sentences_in_a_table_get_a_line_each() -> None:
    row = (("Daily",), ("When it is made " * 5,), ("7 days",), ("As a manual backup, in the dashboard " * 2,))
    drawn = shown(Card("x", (Table(("Copy", "Made", "Kept", "Restore"), (row,)),)))
    assert [part.split(":")[0] for part in drawn.split("\n")[1:]] == ["**Daily**", "-# Made", "-# Kept", "-# Restore"]


def test_numbered_rows_bear_their_number_before_their_name() -> None:
    rows = (((("1",), ("Stop writes",), ("Operator",))), ((("2",), ("Tell the team",), ("Lead",))))
    table = Table(("#", "Step", "Who"), rows)
    assert "Step              Who\n1. Stop writes    Operator\n2. Tell the team  Lead" in shown(Card("x", (table,)))


def test_a_snippet_is_fenced_and_cannot_end_its_own_fence() -> None:
    drawn = shown(Card("x", (Snippet("echo 1\n```\n@everyone", "bash"),)))
    assert "```bash\necho 1\n`\u200b`\u200b`\n@everyone\n```" in drawn
    assert drawn.count("```") == 2


@pytest.mark.parametrize(
    ("done", "total", "expected"),
    [
        (4, 8, "`████████░░░░░░░░` **50 %** half"),
        (99.9, 100, "**99 %**"),
        (9, 3, "**100 %**"),
        (-1, 3, "**0 %**"),
        (1, None, "⏳ half"),
        (float("nan"), 3, "⏳ half"),
    ],
)
def test_progress_is_a_bar_with_its_percent(done: float, total: float | None, expected: str) -> None:
    assert expected in shown(Card("x", (Progress("half", done, total),)))


def test_buttons_stand_in_rows_of_five_with_their_press_as_id() -> None:
    drawn = draw(
        Card("x", (Buttons(tuple(say(str(place), f"/backup keep {place}") for place in range(7))),)), PEOPLE.get
    )
    rows = [one for one in walk(drawn.components) if one["type"] == 1]
    assert [len(row["components"]) for row in rows] == [5, 2]
    assert [one["custom_id"] for one in controls(drawn)] == [SAY(f"/backup keep {place}") for place in range(7)]


def test_a_button_that_does_the_same_as_one_before_is_left_out() -> None:
    drawn = draw(Card("x", (Buttons((say("A", "/x"), say("B", "/x"), say("C", "/y"))),)), PEOPLE.get)
    assert [one["label"] for one in controls(drawn)] == ["A", "C"]


def test_a_choice_whose_id_is_taken_is_said_in_words() -> None:
    pick = Pick("Open a section", SAY("/lifeboat runbook"), (Choice("Overview", "overview"),))
    drawn = draw(Card("x", (Buttons((say("All", "/lifeboat runbook"),)), pick)), PEOPLE.get)
    assert [one["type"] for one in controls(drawn)] == [2]
    assert "Open a section: type `/lifeboat runbook …`" in texts(drawn)


def test_a_link_button_leads_only_to_a_web_address() -> None:
    card = Card("x", (Buttons((LinkButton("Docs", "https://a.example"), LinkButton("Mail", "mailto:a@b.example"))),))
    drawn = draw(card, PEOPLE.get)
    assert [one["url"] for one in controls(drawn)] == ["https://a.example"]
    assert "Mail (a@b.example)" in texts(drawn)


def test_a_choice_of_more_than_twenty_five_says_how_to_reach_the_rest() -> None:
    choices = tuple(Choice(f"copy {place}", f"bk_{place}") for place in range(37))
    drawn = draw(Card("x", (Pick("Report of", SAY("/backup report"), choices),)), PEOPLE.get)
    [select] = controls(drawn)
    assert len(select["options"]) == 25
    assert (select["placeholder"], select["custom_id"]) == ("Report of", SAY("/backup report"))
    assert "-# … and 12 more, to be typed: `/backup report …`" in texts(drawn)


def test_a_picture_is_shown_when_its_file_is_sent_else_described() -> None:
    card = Card("x", (Image("Rows over time", "chart/rows.png"),))
    assert "**Picture:** Rows over time" in shown(card)
    drawn = draw(card, PEOPLE.get, {"chart/rows.png"})
    [upload] = drawn.files
    [gallery] = [one for one in walk(drawn.components) if one["type"] == 12]
    assert (upload.key, upload.name) == ("chart/rows.png", "rows.png")
    assert gallery["items"][0]["media"]["url"] == "attachment://rows.png"


def test_an_attachment_is_a_file_when_it_is_sent_else_its_name() -> None:
    card = Card("x", (Attachment("bk 1.json", "report/1"), Attachment("bk 1.json", "report/2")))
    assert "**File:** `bk 1.json`" in shown(card)
    drawn = draw(card, PEOPLE.get, {"report/1", "report/2"})
    sent = [one["file"]["url"].removeprefix("attachment://") for one in walk(drawn.components) if one["type"] == 13]
    assert sent == [file.name for file in drawn.files]
    assert sent[0] == "bk_1.json"
    assert len(set(sent)) == 2


def test_dividers_stand_only_between_two_things() -> None:
    drawn = draw(Card("x", (Divider(), text("a"), Divider(), Text(()), Divider(), text("b"), Divider())), PEOPLE.get)
    assert [one["type"] for one in walk(drawn.components)] == [17, 10, 14, 10, 14, 10]


def test_the_footer_is_small_print_at_the_end() -> None:
    assert (
        texts(draw(Card("x", (text("a"),), footer=("Checked ", Bold("now"))), PEOPLE.get))[-1] == "-# Checked **now**"
    )


# --- limits --------------------------------------------------------------------------------------------------------


def crowded(rows: int, buttons: int = 5) -> Card:
    table = Table(
        ("A", "B", "C", "D"), tuple(((f"row {row}",), ("x" * 30,), ("y" * 30,), ("z",)) for row in range(rows))
    )
    return Card("Not safe.", (text("Why."), table, Buttons(tuple(say(f"B{n}", f"/b {n}") for n in range(buttons)))))


def test_rows_of_a_table_give_way_before_the_verdict_and_the_buttons() -> None:
    drawn = draw(crowded(300), PEOPLE.get)
    assert faults(drawn) == []
    assert texts(drawn)[:2] == ["## Not safe.", "Why."]
    assert len(controls(drawn)) == 5
    kept = shown(crowded(300)).count("**row ")
    assert kept > 30
    assert f"-# … and {300 - kept} more rows" in shown(crowded(300))


def test_long_texts_give_way_from_the_end_and_the_reader_is_told() -> None:
    card = Card("x", tuple(text(f"{place} " + "words " * 100) for place in range(12)), footer=("end",))
    drawn = draw(card, PEOPLE.get)
    assert faults(drawn) == []
    assert texts(drawn)[1].startswith("0 ")
    assert texts(drawn)[-1] == "-# … and 6 more paragraphs, too many for one message."


def test_a_card_that_was_cut_goes_along_whole_as_a_file() -> None:
    drawn = draw(crowded(300), PEOPLE.get, {WHOLE})
    [upload] = drawn.files
    assert (upload.name, upload.key) == ("everything.md", WHOLE)
    assert "row 299" in upload.text
    assert draw(crowded(3), PEOPLE.get, {WHOLE}).files == ()


def test_thirty_buttons_in_as_many_blocks_all_stay() -> None:
    blocks: list[Block] = []
    for place in range(30):
        blocks += [text(f"Step {place}"), Buttons((say(f"Do {place}", f"/do {place}"),)), Divider()]
    drawn = draw(Card("x", tuple(blocks)), PEOPLE.get)
    assert faults(drawn) == []
    assert len(controls(drawn)) == 30
    assert "Step 29" in "\n".join(texts(drawn))


def test_a_button_for_which_there_is_no_room_is_told_of_in_words() -> None:
    buttons = tuple(say(f"Do {place}", f"/do {place}") for place in range(60))
    drawn = draw(Card("x", (Buttons((*buttons, Button("Yes", CONFIRM("t")))),)), PEOPLE.get)
    assert faults(drawn) == []
    told = "\n".join(texts(drawn))
    drawn_labels = {one["label"] for one in controls(drawn)}
    assert all(button.label in drawn_labels or f"{button.label}: type `/do" in told for button in buttons)
    assert "Yes (there is no room for its button here)" in told


@pytest.mark.parametrize(("size", "cut"), [(80, False), (81, True)])
def test_a_label_at_its_limit_is_whole_and_beyond_it_is_cut(size: int, cut: bool) -> None:
    [button] = controls(draw(Card("x", (Buttons((say("b" * size, "/x"),)),)), PEOPLE.get))
    assert button["label"].endswith("…") is cut
    assert len(button["label"]) == 80


def test_a_view_is_kept_nowhere_and_lives_for_ever() -> None:
    view = draw(crowded(2), PEOPLE.get).view()
    assert view.timeout is None
    assert view.is_persistent()


async def test_a_view_made_while_running_is_stopped_so_that_none_is_remembered() -> None:
    assert draw(crowded(2), PEOPLE.get).view().is_finished()


WORDS = st.text(max_size=60) | st.sampled_from(
    ["", " ", "😀" * 50, "x" * 5000, "a\nb", "`" * 9, "@everyone", "<@1>", "*" * 700]
)
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
SPANS: st.SearchStrategy[Span] = st.one_of(
    WORDS,
    st.builds(Bold, WORDS),
    st.builds(Code, WORDS),
    st.builds(Link, WORDS, WORDS | st.just("https://a.example")),
    st.builds(Mention, st.sampled_from([*PEOPLE, "x"]), WORDS),
    st.builds(When, MOMENTS, st.booleans()),
)
LINES: st.SearchStrategy[Line] = st.lists(SPANS, max_size=4).map(tuple)
PRESSES = st.integers(0, 80).map(lambda number: SAY(f"/do {number}")) | st.text(max_size=120)
TONES = st.sampled_from(Tone)
NUMBERS = st.floats() | st.integers(-5, 500)


def many(of: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[tuple[Any, ...]]:
    """Some of them, or one of them many times over, so that limits are met."""
    return st.lists(of, max_size=6).map(tuple) | st.tuples(of, st.integers(0, most)).map(lambda one: (one[0],) * one[1])


BLOCKS: st.SearchStrategy[Block] = st.one_of(
    st.builds(Text, LINES, TONES),
    st.builds(Heading, WORDS),
    st.builds(Items, many(LINES, 200), st.booleans()),
    st.builds(Fields, many(st.tuples(WORDS, LINES), 200)),
    st.builds(Table, many(WORDS, 6), many(many(LINES, 6), 300), many(st.integers(-1, 6), 3), many(TONES, 300)),
    st.builds(Snippet, WORDS | st.just("line\n" * 900), WORDS),
    st.builds(Progress, WORDS, NUMBERS, st.none() | NUMBERS),
    st.lists(
        st.builds(Button, WORDS, PRESSES) | st.builds(LinkButton, WORDS, WORDS | st.just("https://a.example")),
        max_size=40,
    ).map(lambda buttons: Buttons(tuple(buttons))),
    st.builds(Pick, WORDS, PRESSES, many(st.builds(Choice, WORDS, WORDS), 60)),
    st.integers(0, 60).map(lambda n: Pick("Pick", SAY("/p"), tuple(Choice(str(x), str(x)) for x in range(n)))),
    st.builds(Image, WORDS, st.sampled_from(["a/1.png", "b/1.png", "none"])),
    st.builds(Attachment, WORDS, st.sampled_from(["a/1.json", "b/1.json", "none"])),
    st.just(Divider()),
)
CARDS = st.builds(Card, WORDS, many(BLOCKS, 60), TONES, LINES)


def test_the_strategies_know_every_block() -> None:
    assert set(get_args(get_args(Block)[0])) == {
        Text, Heading, Items, Fields, Table, Snippet, Progress, Buttons, Pick, Image, Attachment, Divider,
    }  # fmt: skip


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(CARDS, st.sampled_from([(), (WHOLE, "a/1.png", "b/1.png", "a/1.json", "b/1.json")]))
def test_no_card_breaks_a_limit(card: Card, given_files: tuple[str, ...]) -> None:
    drawn = draw(card, PEOPLE.get, given_files)
    assert faults(drawn) == []
    view = drawn.view()
    assert view.content_length() <= 4000
    assert isinstance(view, discord.ui.LayoutView)
    json.dumps(drawn.components).encode()


@settings(max_examples=40)
@given(st.lists(st.builds(Button, WORDS, st.integers(0, 200).map(lambda n: SAY(f"/do {n}"))), max_size=31), CARDS)
def test_buttons_never_give_way_to_text(buttons: list[Button], card: Card) -> None:
    quiet = tuple(block for block in card.blocks if not isinstance(block, Buttons | Pick))
    drawn = draw(Card(card.title, (*quiet, Buttons(tuple(buttons))), card.tone, card.footer), PEOPLE.get)
    kept = {one["custom_id"] for one in controls(drawn)}
    assert len(kept) == min(len({button.press for button in buttons}), 30)


def test_hours_of_rows_are_drawn_quickly() -> None:
    began = datetime.now(UTC)
    draw(crowded(5000), PEOPLE.get)
    assert datetime.now(UTC) - began < timedelta(seconds=3)
