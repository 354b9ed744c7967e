"""How a talk appears on a terminal, in a log and as JSON; and what is shown to whom."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from rich.console import Console

from bot.chat.cards import Card, Field, Form, Link, Progress, Tone, from_json, text
from bot.house import Place
from bot.operations.sender import Sender
from bot.platforms.terminal.post import Channel, Posted, TerminalPoster
from bot.platforms.terminal.screen import Screen, open_console
from bot.store import posts
from bot.store.database import Database
from tests.routing import START, FakeClock

NOW = datetime(2026, 9, 1, 14, 0, tzinfo=UTC)
HERE = Place("terminal of lifeboat", "c")
DONE = Card("Done", (text("See ", Link("the page", "https://x.example"), "."),), Tone.GOOD)


def at_work(done: int, title: str = "Exporting") -> Card:
    return Card(title, (Progress(f"{done} of 4 tables", done, 4),), Tone.WORKING)


def screen(*, terminal: bool, as_json: bool = False, **environment: str) -> tuple[Screen, io.StringIO]:
    file = io.StringIO()
    variables = {"TERM": "xterm-256color", "COLUMNS": "60", "LINES": "20", **environment}
    console = Console(
        file=file, force_terminal=terminal, highlight=False, markup=False, emoji=False, _environ=variables
    )
    return Screen(console, as_json=as_json, now=lambda: NOW, answers=io.StringIO()), file


def follow(shown: Screen) -> None:
    for done in range(4):
        shown.post("m", at_work(done))
    shown.post("m", DONE)
    shown.close()


def test_on_a_terminal_work_is_redrawn_in_place_and_its_end_stays() -> None:
    shown, file = screen(terminal=True)
    follow(shown)
    written = file.getvalue()
    assert written.count("Exporting") >= 4
    assert written.count("\x1b[1A") >= 4
    assert "Done" in written.rpartition("\x1b[2K")[2]
    assert "\x1b]8;" in written


def test_without_a_terminal_there_are_no_control_codes_and_few_lines() -> None:
    shown, file = screen(terminal=False)
    follow(shown)
    assert file.getvalue() == (
        "14:00:00 UTC · Exporting · 0% 0 of 4 tables\n✔ OK: Done\n\nSee the page (https://x.example).\n"
    )


def test_a_new_phase_is_a_new_line() -> None:
    shown, file = screen(terminal=False)
    shown.post("m", at_work(1))
    shown.post("m", at_work(2))
    shown.post("m", at_work(3, "Verifying"))
    assert [line.split(" · ")[1] for line in file.getvalue().splitlines()] == ["Exporting", "Verifying"]


def test_no_color_leaves_out_colour_and_nothing_else() -> None:
    shown, file = screen(terminal=True, NO_COLOR="1")
    shown.draw(Card("Safe", (text("Really.", tone=Tone.BAD),), Tone.GOOD))
    assert "✔ OK" in file.getvalue()
    assert "✖ Problem" in file.getvalue()
    assert "\x1b[1m" in file.getvalue()
    assert not any(f"\x1b[{code}" in file.getvalue() for code in ("31", "32", "1;31", "1;32"))


def test_a_dumb_terminal_gets_lines() -> None:
    shown, file = screen(terminal=True, TERM="dumb")
    follow(shown)
    assert "\x1b" not in file.getvalue()
    assert "Exporting" in file.getvalue()


def test_json_is_the_last_card_alone_on_one_line() -> None:
    shown, file = screen(terminal=False, as_json=True)
    follow(shown)
    assert file.getvalue().count("\n") == 1
    assert from_json(json.loads(file.getvalue())) == DONE
    shown.close()
    assert file.getvalue().count("\n") == 1


def test_json_of_a_form_is_the_form() -> None:
    shown, file = screen(terminal=True, as_json=True)
    form = Form("/x", (Field("k", "K"),), "lb1:fill:x")
    shown.draw(form)
    shown.close()
    assert from_json(json.loads(file.getvalue())) == form
    assert not shown.asks


def test_an_output_that_knows_no_unicode_gets_plain_icons_and_question_marks() -> None:
    raw = io.BytesIO()
    console = open_console(io.TextIOWrapper(raw, encoding="ascii"))
    Screen(console, now=lambda: NOW).draw(Card("Zoë 🙂", tone=Tone.GOOD))
    console.file.flush()
    assert raw.getvalue() == b"+ OK: Zo? ?\n"


def test_nothing_is_cut_off_on_a_terminal_of_any_width() -> None:
    for width in ("12", "40", "400"):
        shown, file = screen(terminal=False, COLUMNS=width)
        shown.draw(at_work(2))
        assert "".join(file.getvalue().split()).endswith("50%2of4tables")


# --- what is shown to whom -----------------------------------------------------------------------------------------


async def test_a_channel_is_gone_when_its_terminal_has_left() -> None:
    poster = TerminalPoster()
    with poster.open() as channel:
        assert await poster.find(channel.place.channel, "k") is None
        assert await poster.post(channel.place.channel, at_work(0), "k") == "k"
        assert await poster.find(channel.place.channel, "k") == "k"
    assert await poster.find(channel.place.channel, "k") is None
    assert await poster.post(channel.place.channel, DONE, "k2") == "k2"
    await poster.edit(channel.place.channel, "k", DONE)
    assert channel.standing == {"k": at_work(0)}


async def test_another_process_on_the_database_leaves_a_terminals_cards_alone(sqlite: Database) -> None:
    async def draw(_kind: str, _subject: str) -> Card:
        return DONE

    here, there = TerminalPoster("slot-1"), TerminalPoster("slot-2")
    senders = [Sender(sqlite, FakeClock(), {one.platform: one}, draw, one.platform) for one in (there, here)]
    with here.open() as channel:
        place = channel.place
        async with sqlite.write() as db:
            await posts.want(db, "k", place.platform, place.channel, "operation", "s", START)
        running = []
        for sender in senders:
            running.append(asyncio.ensure_future(sender.run()))
            await asyncio.sleep(0.2)
        assert await _all(channel.posts(5.0)) == [Posted("k", DONE)]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_channels_never_have_the_same_name() -> None:
    poster = TerminalPoster()
    with poster.open() as one, poster.open() as other:
        assert one.place != other.place


async def test_a_slow_reader_sees_the_newest_of_each_message() -> None:
    channel = Channel(HERE)
    for done in range(1000):
        channel.put("m", at_work(done))
    channel.put("n", DONE)
    channel.put("m", DONE)
    assert [posted async for posted in channel.posts(1.0)] == [Posted("m", DONE), Posted("n", DONE)]


async def test_following_ends_when_nothing_is_at_work_any_more() -> None:
    channel = Channel(HERE)
    seen = asyncio.ensure_future(_all(channel.posts(1.0)))
    for message, card in (("m", at_work(0)), ("n", at_work(0)), ("m", DONE)):
        channel.put(message, card)
        await asyncio.sleep(0.01)
        assert not seen.done()
    channel.put("n", DONE)
    assert [posted.message for posted in await seen] == ["m", "n", "m", "n"]


async def test_following_ends_empty_when_nothing_comes() -> None:
    assert await _all(Channel(HERE).posts(0.01)) == []


async def _all(posts: AsyncIterator[Posted]) -> list[Posted]:
    return [posted async for posted in posts]
