"""An incident gets a channel of Discord, or a thread, once whatever gets lost; what is for one person reaches them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat import units
from bot.chat.cards import Card
from bot.domain.errors import Outage, Refused
from bot.domain.people import PersonId
from bot.platforms.discord.listen import Discord
from bot.platforms.discord.rooms import fitted, topic_of
from bot.ports import Gone
from bot.router import Router
from tests.emulators.discord.judge import answered, complaints, sent
from tests.emulators.discord.permissions import ALL, CREATE_PUBLIC_THREADS, MANAGE_CHANNELS, PIN_MESSAGES
from tests.emulators.discord.rest import Call
from tests.platforms.discord_bot import Sea, plan, sea
from tests.waiting import until

CREATE = "POST /guilds/{id}/channels"
ADMINISTRATOR = 1 << 3
ADA, BEN = PersonId("ada"), PersonId("ben")


@pytest.fixture(scope="module")
def calls(node: dict[str, str]) -> Iterator[list[Call]]:
    """All that was said in these tests, judged by Discord's own description at their end."""
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


@asynccontextmanager
async def threads(here: Sea) -> AsyncIterator[Discord]:
    """A door that opens threads in #general."""
    async with here.opened(rooms_in=int(here.emulator.channel("general"))) as opened:
        yield opened


async def test_a_room_is_a_channel_that_is_found_again_by_its_key(here: Sea, door: Discord) -> None:
    assert door.rooms
    room = await door.open_room("inc-2026-11-22-Users are gone!", "i1:discord")
    assert room.name == "inc-2026-11-22-users-are-gone"
    assert room.url.endswith(f"/{room.channel}")
    assert await door.open_room("inc-2026-11-22-Users are gone!", "i1:discord") == room
    other = await door.open_room("inc-2026-11-22-Users are gone!", "i2:discord")
    assert (other.name, other.channel == room.channel) == (room.name, False)
    assert len(here.emulator.called(CREATE)) == 2


async def test_a_lost_answer_makes_no_second_channel(here: Sea, door: Discord) -> None:
    here.emulator.faults.lose_answer(CREATE)
    with pytest.raises(Outage):
        await door.open_room("inc-1", "i1")
    room = await door.open_room("inc-1", "i1")
    assert [one.name for one in here.emulator.world.channels.values()].count(room.name) == 1


async def test_a_lost_answer_makes_no_second_thread_and_leaves_none_without_a_room(here: Sea) -> None:
    async with threads(here) as door:
        for lost in ("POST /channels/{id}/messages", "POST /channels/{id}/messages/{id}/threads"):
            here.emulator.faults.lose_answer(lost)
            with pytest.raises(Outage):
                await door.open_room("inc-1", "i1")
        room = await door.open_room("inc-1", "i1")
    (head,) = here.emulator.posted("general")
    assert head.thread == head.id == room.channel
    assert [one.name for one in here.emulator.world.channels.values()].count("inc-1") == 1


async def test_another_process_finds_the_thread_again_also_when_it_is_asleep_or_renamed(here: Sea) -> None:
    async with threads(here) as door:
        room = await door.open_room("inc-1", "i1")
    here.emulator.archive(room.channel)
    here.emulator.world.channels[room.channel].name = "solved"
    async with threads(here) as door:
        again = await door.open_room("inc-1", "i1")
        assert (again.channel, again.name, again.url) == (room.channel, "solved", room.url)
        other = await door.open_room("inc-1", "i2")
        assert other.channel != room.channel


async def test_a_thread_that_fell_asleep_is_woken_for_its_people_its_board_and_its_pin(here: Sea) -> None:
    async with threads(here) as door:
        room = await door.open_room("inc-1", "i1")
        board = await door.post(room.channel, Card("Board"), "board")
        thread = here.emulator.world.channels[room.channel]
        for act in (
            lambda: door.invite(room.channel, [ADA]),
            lambda: door.pin(room.channel, board),
            lambda: door.edit(room.channel, board, Card("Board, redrawn")),
        ):
            here.emulator.archive(room.channel)
            await act()
            assert not thread.archived
    assert thread.members == [here.emulator.person("ada").id]
    assert list(thread.pinned_at) == [board]
    assert here.emulator.called("POST /channels/{id}/messages/{id}/threads")[0].body["auto_archive_duration"] == 10080


async def test_a_thread_outlives_the_setting_that_made_it(here: Sea) -> None:
    async with threads(here) as door:
        room = await door.open_room("inc-1", "i1")
    async with here.opened() as door:
        await door.set_topic(room.channel, "Threads have none")
        assert await door.invite(room.channel, [ADA]) == []
    assert here.emulator.world.channels[room.channel].members == [here.emulator.person("ada").id]


async def test_channels_are_opened_in_the_category_until_it_is_full(tmp_path: Path, calls: list[Call]) -> None:
    async with sea(tmp_path, categories=("Incidents",)) as here:
        category = here.emulator.channel("Incidents")
        async with here.opened(category=int(category)) as door:
            room = await door.open_room("inc-1", "i1")
            channel = here.emulator.world.channels[room.channel]
            assert channel.parent == category
            for number in range(49):
                here.emulator.world.channels[str(number)] = replace(channel, id=str(number), topic=None)
            with pytest.raises(Refused, match="category reached"):
                await door.open_room("inc-2", "i2")
        async with here.opened(category=int(here.emulator.channel("general"))) as door:
            assert not door.rooms
            told = " ".join(f"{one.found} {one.mend}" for one in await door.symptoms())
            assert "there is no category" in told
            assert "LIFEBOAT_DISCORD__CATEGORY" in told
        calls += here.emulator.calls


async def test_the_topic_keeps_the_mark_and_says_nothing_twice(here: Sea, door: Discord) -> None:
    room = await door.open_room("inc-1", "i1")
    await door.set_topic(room.channel, "Production: users are gone " + "x" * 2000)
    await door.set_topic(room.channel, "Production: users are gone " + "x" * 2000)
    topic = here.emulator.world.channels[room.channel].topic
    assert topic is not None
    assert topic.startswith("Production: users are gone")
    assert len(topic) <= 1024
    assert len(here.emulator.called("PATCH /channels/{id}")) == 1
    assert await door.open_room("inc-1", "i1") == room


async def test_a_topic_says_nothing_in_markup_and_a_mark_that_somebody_took_away_stays_away(
    here: Sea, door: Discord
) -> None:
    room = await door.open_room("inc-1", "i1")
    await door.set_topic(room.channel, "**Gone**\n<@&7>")
    topic = here.emulator.world.channels[room.channel].topic
    assert topic is not None
    assert topic.splitlines()[0] == r"\*\*Gone\*\* \<\@&7>"
    here.emulator.world.channels[room.channel].topic = "What somebody wrote\nover two lines"
    await door.set_topic(room.channel, "Ours again")
    assert here.emulator.world.channels[room.channel].topic == "Ours again"


@pytest.mark.parametrize("size", [900, 1024, 5000])
def test_a_topic_is_never_longer_than_discord_takes(size: int) -> None:
    for sign in "x*🙂":
        topic = topic_of(sign * size, "Lifeboat's mark: 0123456789abcdef")
        assert units.length(topic) <= 1024
        assert topic.endswith("\nLifeboat's mark: 0123456789abcdef")


async def test_a_third_topic_within_ten_minutes_waits_elsewhere(here: Sea, door: Discord) -> None:
    room = await door.open_room("inc-1", "i1")
    await door.set_topic(room.channel, "One")
    await door.set_topic(room.channel, "Two")
    begun = asyncio.get_running_loop().time()
    with pytest.raises(Outage) as waits:
        await door.set_topic(room.channel, "Three")
    assert asyncio.get_running_loop().time() - begun < 5
    assert waits.value.retry_at is not None
    assert (waits.value.retry_at - here.clock.now()).total_seconds() == pytest.approx(600, abs=5)
    here.emulator.clock.advance(601)
    await door.set_topic(room.channel, "Three")
    topic = here.emulator.world.channels[room.channel].topic
    assert topic is not None
    assert topic.startswith("Three")


async def test_the_board_is_pinned_and_a_room_that_is_gone_is_told(here: Sea, door: Discord) -> None:
    room = await door.open_room("inc-1", "i1")
    message = await door.post(room.channel, Card("Board"), "board")
    await door.pin(room.channel, message)
    await door.pin(room.channel, message)
    assert list(here.emulator.world.channels[room.channel].pinned_at) == [message]
    del here.emulator.world.channels[room.channel]
    with pytest.raises(Gone):
        await door.set_topic(room.channel, "Nobody reads this")
    with pytest.raises(Gone):
        await door.pin(room.channel, message)
    with pytest.raises(Gone):
        await door.post(room.channel, Card("Details"), "details")
    # Whoever asks for it again gets a new one.
    assert (await door.open_room("inc-1", "i1")).channel != room.channel


async def test_a_channel_that_is_full_of_pins_is_said_to_be(here: Sea, door: Discord) -> None:
    room = await door.open_room("inc-1", "i1")
    message = await door.post(room.channel, Card("Board"), "board")
    channel = here.emulator.world.channels[room.channel]
    channel.pinned_at = {str(number): 0.0 for number in range(250)}
    with pytest.raises(Refused, match="as many pinned messages"):
        await door.pin(room.channel, message)


async def test_a_thread_is_a_room_too_with_its_people_in_it(here: Sea) -> None:
    async with threads(here) as door:
        assert door.rooms
        room = await door.open_room("inc-1", "i1")
        assert await door.open_room("inc-1", "i1") == room
        assert await door.invite(room.channel, [ADA, BEN]) == [BEN]
        await door.set_topic(room.channel, "Threads have none")
        board = await door.post(room.channel, Card("Board"), "board")
        await door.pin(room.channel, board)
        await door.post(room.channel, Card("Details"), "details", board)
    assert here.emulator.world.channels[room.channel].members == [here.emulator.person("ada").id]
    assert [one.words for one in here.emulator.posted(room.channel)][-2:] == ["Board", "Details"]


async def test_where_the_channel_of_threads_is_gone_it_is_said_which(here: Sea) -> None:
    async with here.opened(rooms_in=1) as door:
        assert not door.rooms
        assert "no text channel 1" in " ".join(one.found for one in await door.symptoms())
        with pytest.raises(Refused, match=r"channel 1, .* is not there any more"):
            await door.open_room("inc-1", "i1")


@pytest.mark.parametrize(
    ("lacks", "route", "said"),
    [
        (MANAGE_CHANNELS, "topic", "set the topic in #inc-1.*Manage Channels"),
        (PIN_MESSAGES, "pin", "pin the message in #inc-1.*Pin Messages"),
    ],
)
async def test_a_permission_that_was_taken_away_is_named(
    here: Sea, door: Discord, lacks: int, route: str, said: str
) -> None:
    room = await door.open_room("inc-1", "i1")
    message = await door.post(room.channel, Card("Board"), "board")
    here.emulator.deny(lacks)

    async def noticed() -> bool:
        return any("it lacks" in one.found for one in await door.symptoms())

    await until(noticed, within=5)
    with pytest.raises(Refused, match=said):
        await (door.set_topic(room.channel, "Anything") if route == "topic" else door.pin(room.channel, message))


@pytest.mark.parametrize("in_threads", [False, True])
async def test_without_the_permission_there_are_no_rooms_and_the_doctor_says_why(
    tmp_path: Path, in_threads: bool
) -> None:
    allowed = ALL & ~MANAGE_CHANNELS & ~CREATE_PUBLIC_THREADS & ~ADMINISTRATOR
    async with sea(tmp_path, permissions=allowed) as here:
        given = {"rooms_in": int(here.emulator.channel("general"))} if in_threads else {}
        async with here.opened(**given) as door:
            assert not door.rooms
            told = " ".join(one.found for one in await door.symptoms())
            assert "No room can be opened" in told
            assert ("Manage Channels" in told) is not in_threads
            assert "Create Public Threads" in told
            with pytest.raises(Refused, match="does not let Lifeboat open"):
                await door.open_room("inc-1", "i1")


async def test_what_is_for_one_person_comes_as_a_direct_message_once(here: Sea, door: Discord) -> None:
    message = await door.post("dm:ada", Card("Are you on it?"), "nudge")
    assert await door.find("dm:ada", "nudge") == message
    await door.edit("dm:ada", message, Card("Settled"))
    assert [one.words for one in here.emulator.posted("dm:ada")] == ["Settled"]
    assert len(here.emulator.called("POST /users/@me/channels")) == 1
    with pytest.raises(Refused, match="no Discord id of eve"):
        await door.post("dm:eve", Card("Are you on it?"), "nudge-2")
    here.emulator.world.closed.add(here.emulator.person("ada").id)
    with pytest.raises(Refused, match="take no direct messages"):
        await door.post("dm:ada", Card("Are you there?"), "nudge-3")
    del here.emulator.world.member_roles[here.emulator.person("chloe").id]
    with pytest.raises(Refused, match="take no direct messages"):
        await door.post("dm:chloe", Card("Are you there?"), "nudge-4")


async def test_a_direct_message_whose_answer_was_lost_is_found_and_not_sent_again(here: Sea, door: Discord) -> None:
    for lost in ("POST /users/@me/channels", "POST /channels/{id}/messages"):
        here.emulator.faults.lose_answer(lost)
        with pytest.raises(Outage):
            await door.post("dm:ada", Card("Are you on it?"), "nudge")
    assert await door.find("dm:ada", "nudge") == here.emulator.posted("dm:ada")[0].id
    await door.post("dm:ada", Card("Are you on it?"), "nudge")
    assert len(here.emulator.posted("dm:ada")) == 1


async def test_an_id_that_discord_does_not_know_is_the_plans_to_correct(here: Sea) -> None:
    house = replace(here.router.house, plan=plan(ben="41771983423143937"))
    strange = replace(here, router=Router(house, here.router.groups))
    async with strange.opened() as door:
        with pytest.raises(Refused, match=r"nobody of the id.*people\.ben"):
            await door.post("dm:ben", Card("Are you on it?"), "nudge")


@pytest.mark.parametrize(
    ("said", "name"),
    [("INC Ünïcode — 1", "inc-unicode-1"), ("x" * 200, "x" * 100), ("!!!", "lifeboat"), ("a_b c", "a_b-c")],
)
def test_a_name_is_written_as_discord_writes_it(said: str, name: str) -> None:
    assert fitted(said) == name
