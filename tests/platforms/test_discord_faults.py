"""What goes wrong between the door and Discord: nothing is lost, nothing is done twice, and people are told.

Ten minutes pass at once, on Discord's clock and on ours; what is sent is held to Discord's own API description.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.chat.cards import Button, Buttons, Card, Field, Form
from bot.chat.declare import Group
from bot.chat.ids import Action, Answer
from bot.house import Context
from bot.operations.sender import Sender
from bot.platforms.discord.listen import Discord
from bot.router import Router
from bot.store import posts
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.databases import postgresql_database
from tests.emulators.discord import DiscordEmulator
from tests.emulators.discord.judge import answered, complaints, sent
from tests.emulators.discord.rest import Call
from tests.platforms.discord_bot import Sea, hears, sea
from tests.waiting import until

CALLBACK = "POST /interactions/{id}/{token}/callback"
POST = "POST /channels/{id}/messages"
EDIT = "PATCH /channels/{id}/messages/{id}"
MOMENT = timedelta(seconds=30)
MOOR = Action("harbour.moor", (), Answer.FORM)


@pytest.fixture(scope="module")
def calls(node: dict[str, str]) -> Iterator[list[Call]]:
    """All that was said in these tests, judged at their end."""
    made: list[Call] = []
    yield made
    assert complaints([*sent(made), *answered(made)], node) == []


@pytest.fixture
async def here(tmp_path: Path, calls: list[Call]) -> AsyncIterator[Sea]:
    async with sea(tmp_path) as opened:
        yield opened
        calls += opened.emulator.calls


@pytest.fixture
async def door(here: Sea) -> AsyncIterator[Discord]:
    async with here.opened() as opened:
        yield opened


@pytest.fixture
def emulator(here: Sea) -> DiscordEmulator:
    return here.emulator


def let_pass(here: Sea, length: timedelta) -> None:
    """Let time pass for both sides."""
    here.clock.pass_by(length)
    here.emulator.clock.advance(length.total_seconds())


# --- two processes ---------------------------------------------------------------------------------------------------


@pytest.fixture
async def process(here: Sea, postgresql: str) -> AsyncIterator[Callable[[], Sea]]:
    """Makes what another process would have: connections of its own to one PostgreSQL, and a router of its own."""
    opened: list[Database] = []
    async with postgresql_database(postgresql) as url:

        def another() -> Sea:
            opened.append(Database.open(url))
            house = replace(here.router.house, database=opened[-1])
            return replace(here, router=Router(house, here.router.groups))

        await migrate(another().router.house.database)
        yield another
        for database in opened:
            await database.close()


async def test_two_processes_on_one_postgresql_have_one_effect_and_one_answer(
    here: Sea, process: Callable[[], Sea]
) -> None:
    ada = here.emulator.person("ada")
    with capture_logs() as logs:
        async with process().opened(), process().opened():
            await here.emulator.ready(sessions=2)
            said = await asyncio.gather(*(ada.say("/tide rise", "backups") for _ in range(6)))
            for one in said:
                await one.shown()
            board = await (await ada.say("/tide status", "general")).shown()
            assert (await ada.press(board, "Turn")).answered
            await until(lambda: "has turned" in ada.look(board).words)
            again = await (await ada.say("/tide status", "general")).shown()
            assert (await ada.press(again, "Keep…")).kind == 9
            await ada.submit(copy="no")
            wrong = await ada.sees("There is no such copy", "general")
            assert (await ada.press(wrong, "Correct it")).kind == 9
            await ada.submit(copy="copy-2")
            await ada.sees("Kept copy-2", "general")
    assert [one[0] for one in here.world.made] == ["rise"] * 6 + ["status", "turn", "status", "keep"]
    assert len(here.emulator.posted("backups")) == 6
    assert len(ada.messages("general")) == 4
    assert here.emulator.timeouts == []
    assert [one for one in logs if one["log_level"] in ("error", "warning")] == []


async def test_what_opens_a_form_is_looked_up_by_one_of_two_processes(here: Sea, process: Callable[[], Sea]) -> None:
    """Neither acknowledges before: the claim alone tells them apart."""
    group = Group("harbour", "Boats.")
    looked: list[str] = []

    @group.command()
    async def boats(ctx: Context) -> Card:
        """Show the boats."""
        return Card("Boats", (Buttons((Button("Moor…", MOOR()),)),))

    @group.on(MOOR)
    async def moor(ctx: Context) -> Form:
        looked.append(ctx.by.id)
        return Form("Moor", (Field("berth", "Berth"),), MOOR())

    both = [replace(one, router=Router(one.router.house, (group,))) for one in (process(), process())]
    ada = here.emulator.person("ada")
    async with both[0].opened(), both[1].opened():
        await here.emulator.ready(sessions=2)
        shown = await (await ada.say("/harbour boats", "general")).shown()
        for times in range(1, 6):
            assert (await ada.press(shown, "Moor…")).kind == 9
            assert len(looked) == times


# --- answers ---------------------------------------------------------------------------------------------------------


async def test_work_that_takes_longer_than_discord_waits_is_still_answered(here: Sea, door: Discord) -> None:
    here.world.seconds = 0.3
    asked = await here.emulator.person("ada").say("/tide status", "general")
    here.emulator.clock.advance(60)
    assert "The tide is low" in (await asked.shown()).words
    assert here.emulator.timeouts == []


async def test_an_acknowledgement_that_comes_too_late_does_nothing(here: Sea, door: Discord) -> None:
    here.emulator.faults.slow(CALLBACK, 0.1, times=1)
    ada = here.emulator.person("ada")
    with capture_logs() as logs:
        asked = await ada.say("/tide rise", "general", wait=False)
        here.emulator.clock.advance(3)
        await until(lambda: here.emulator.called(CALLBACK))
        await (await ada.say("/tide status", "general")).shown()
    assert not asked.answered
    assert [one[0] for one in here.world.made] == ["status"]
    assert "error" not in [one["log_level"] for one in logs]


async def test_an_acknowledgement_that_the_connection_swallows_is_given_again(here: Sea, door: Discord) -> None:
    ada = here.emulator.person("ada")
    here.emulator.faults.cut(CALLBACK)
    shown = await (await ada.say("/tide status", "general")).shown()
    here.emulator.faults.cut(CALLBACK)
    assert (await ada.press(shown, "Note…")).kind == 9
    here.emulator.faults.cut(CALLBACK)
    assert (await ada.submit(words="Wet")).answered
    await ada.sees("Noted", "general")
    assert [one[0] for one in here.world.made] == ["status", "noted"]


async def test_a_form_whose_arrival_was_not_heard_of_is_opened_once(here: Sea, door: Discord) -> None:
    ada = here.emulator.person("ada")
    shown = await (await ada.say("/tide status", "general")).shown()
    here.emulator.faults.lose_answer(CALLBACK)
    with capture_logs() as logs:
        assert (await ada.press(shown, "Note…")).kind == 9
        await ada.submit(words="Wet")
        await ada.sees("Noted", "general")
    assert "error" not in [one["log_level"] for one in logs]


# --- the connection --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", ["drop", "op 7", "op 9, resumable"])
async def test_what_is_said_while_the_connection_is_renewed_is_answered(here: Sea, door: Discord, trouble: str) -> None:
    faults = here.emulator.faults
    renew: dict[str, Callable[[], None]] = {
        "drop": faults.drop_sockets,
        "op 7": faults.reconnect,
        "op 9, resumable": lambda: faults.invalidate(True),
    }
    renew[trouble]()
    ada = here.emulator.person("ada")
    said = [await ada.say("/tide status", "general", wait=False) for _ in range(5)]
    for one in said:
        await one.shown()
    await until(lambda: here.emulator.resumed == 1)
    assert (here.emulator.identified, here.emulator.timeouts) == (1, [])
    assert await hears(door)


async def test_a_token_that_is_right_again_is_tried_again(here: Sea) -> None:
    door = here.door(token="later")
    door.open()
    try:
        await until(lambda: _says(door, "does not know the bot's token"))
        here.emulator.rest.token = here.emulator._gateway._token = "later"
        await until(lambda: hears(door))
        assert not any(one.broken for one in await door.symptoms())
    finally:
        await door.close()


async def _says(door: Discord, words: str) -> bool:
    return any(words in one.found for one in await door.symptoms())


# --- the outbox ------------------------------------------------------------------------------------------------------


class Outbox:
    """A sender over the door; a card's title is `titles[subject]`."""

    def __init__(self, here: Sea, door: Discord) -> None:
        house = here.router.house
        self._database = house.database
        self._here = here
        self._sender = Sender(house.database, house.clock, {"discord": door}, self._draw)
        self.titles: dict[str, str] = {}

    async def _draw(self, kind: str, subject: str) -> Card:
        return Card(self.titles[subject])

    async def want(self, key: str, channel: str = "backups", under: str | None = None) -> None:
        """Want a message that says its key."""
        self.titles[key] = key
        at, place = self._here.clock.now(), self._here.emulator.channel(channel)
        async with self._database.write() as db:
            await posts.want(db, key, "discord", place, "card", key, at, under=under)
        self._sender.wake()

    async def redraw(self, key: str, title: str) -> None:
        """Want it to say something else."""
        self.titles[key] = title
        async with self._database.write() as db:
            await posts.changed(db, "card", key)
        self._sender.wake()

    async def problem(self, key: str) -> str:
        """What is known to have gone wrong with a message."""
        async with self._database.read() as db:
            found = await posts.get(db, key)
        return found.problem if found else ""

    async def stands(self, key: str) -> bool:
        """Whether a message is known to be there."""
        async with self._database.read() as db:
            found = await posts.get(db, key)
        return found is not None and found.message is not None

    async def passes(self, length: timedelta, said: Callable[[], object]) -> None:
        """Let time pass until something holds, a bit at a time, at least as long as given."""
        passed = timedelta()
        async with asyncio.timeout(20):
            while passed < length or not said():
                passed += MOMENT
                let_pass(self._here, MOMENT)
                self._sender.wake()
                await asyncio.sleep(0.1)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Send, for as long as this lasts."""
        running = asyncio.create_task(self._sender.run())
        try:
            yield
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running


@pytest.fixture
async def outbox(here: Sea, door: Discord) -> AsyncIterator[Outbox]:
    opened = Outbox(here, door)
    async with opened.sending():
        yield opened


def titles(emulator: DiscordEmulator, channel: str = "backups") -> list[str]:
    """What stands in a channel, in its order."""
    return [one.words for one in emulator.posted(channel)]


async def test_what_ended_while_discord_was_away_is_told_in_order_and_once(
    here: Sea, door: Discord, outbox: Outbox
) -> None:
    await outbox.want("Exporting")
    await until(lambda: outbox.stands("Exporting"))
    here.emulator.faults.down()
    await until(lambda: _says(door, "Discord"))
    await outbox.redraw("Exporting", "Exported")
    for key in ("First", "Second", "Third"):
        await outbox.want(key)
    await outbox.want("Report", under="Exporting")
    await outbox.passes(timedelta(minutes=10), lambda: True)
    assert "not connected" in await outbox.problem("First")

    here.emulator.faults.up()
    await until(lambda: hears(door))
    await outbox.passes(MOMENT, lambda: "Exported" in titles(here.emulator)[0])
    board = here.emulator.posted("backups")[0]
    await until(lambda: board.thread and titles(here.emulator, board.thread) == ["Report"])
    assert titles(here.emulator) == ["Exported", "First", "Second", "Third"]
    assert here.emulator.timeouts == []


async def test_a_post_that_is_rate_limited_waits_as_long_as_it_is_told(
    here: Sea, door: Discord, outbox: Outbox
) -> None:
    here.emulator.faults.rate_limit(f"POST /channels/{here.emulator.channel('backups')}/messages", 600)
    await outbox.want("Limited")
    await until(lambda: outbox.problem("Limited"))
    await outbox.want("Elsewhere", "general")
    await until(lambda: titles(here.emulator, "general") == ["Elsewhere"])
    let_pass(here, timedelta(seconds=590))
    await outbox.want("Elsewhere too", "general")
    await until(lambda: len(titles(here.emulator, "general")) == 2)
    assert titles(here.emulator) == []
    await outbox.passes(MOMENT, lambda: titles(here.emulator) == ["Limited"])
    assert [call.status for call in here.emulator.called(POST)].count(429) == 1


@pytest.mark.parametrize("seconds", [0.1, 300])
async def test_a_redraw_that_is_rate_limited_shows_the_newest_state_once(
    here: Sea, door: Discord, outbox: Outbox, seconds: float
) -> None:
    await outbox.want("A third")
    await until(lambda: outbox.stands("A third"))
    here.emulator.faults.rate_limit(EDIT, seconds)
    await outbox.redraw("A third", "A half")
    await outbox.passes(MOMENT, lambda: here.emulator.called(EDIT))
    await outbox.redraw("A third", "All")
    await outbox.passes(MOMENT, lambda: titles(here.emulator) == ["All"])
    assert [call.status for call in here.emulator.called(EDIT)].count(429) == 1
    assert len(here.emulator.called(POST)) == 1


@pytest.mark.parametrize("status", [500, 503])
async def test_a_server_error_delays_a_post_and_a_redraw_and_doubles_neither(
    here: Sea, door: Discord, outbox: Outbox, status: int
) -> None:
    here.emulator.faults.fail(POST, status)
    await outbox.want("Exporting")
    await outbox.passes(MOMENT, lambda: titles(here.emulator) == ["Exporting"])
    here.emulator.faults.fail(EDIT, status)
    await outbox.redraw("Exporting", "Exported")
    await outbox.passes(MOMENT, lambda: titles(here.emulator) == ["Exported"])


@pytest.mark.parametrize("minutes", [0, 30])
async def test_a_post_whose_answer_was_lost_is_not_posted_again(
    here: Sea, door: Discord, outbox: Outbox, minutes: int
) -> None:
    """After half an hour Discord no longer knows the nonce, and the mark alone tells."""
    here.emulator.faults.lose_answer(POST)
    await outbox.want("Exporting")
    await until(lambda: outbox.problem("Exporting"))
    let_pass(here, timedelta(minutes=minutes))
    await outbox.redraw("Exporting", "Exported")
    await outbox.passes(MOMENT, lambda: titles(here.emulator) == ["Exported"])
    assert len(here.emulator.called(POST)) == 1


async def test_a_channel_that_is_closed_to_the_bot_holds_up_no_other(here: Sea, door: Discord, outbox: Outbox) -> None:
    here.emulator.hide("backups")
    await outbox.want("Hidden")
    await outbox.want("Seen", "general")
    await until(lambda: titles(here.emulator, "general") == ["Seen"])
    await until(lambda: outbox.problem("Hidden"))
    assert "#backups" in await outbox.problem("Hidden")
