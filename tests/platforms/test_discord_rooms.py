"""An incident gets a channel of Discord, or a thread, once whatever gets lost; what is for one person reaches them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.chat.cards import Card
from bot.domain.errors import Outage, Refused
from bot.domain.people import PersonId
from bot.platforms.discord.listen import Discord
from bot.platforms.discord.rooms import fitted
from bot.ports import Gone
from tests.emulators.discord.permissions import ALL, CREATE_PUBLIC_THREADS, MANAGE_CHANNELS
from tests.platforms.discord_bot import Sea, sea

CREATE = "POST /guilds/{id}/channels"
ADMINISTRATOR = 1 << 3
ADA, BEN = PersonId("ada"), PersonId("ben")


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Sea]:
    async with sea(tmp_path) as opened:
        yield opened


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


async def test_a_topic_that_is_rate_limited_waits_elsewhere(here: Sea, door: Discord) -> None:
    room = await door.open_room("inc-1", "i1")
    here.emulator.faults.rate_limit("PATCH /channels/{id}", 500)
    with pytest.raises(Outage) as waits:
        await door.set_topic(room.channel, "Later")
    assert waits.value.retry_at is not None
    assert (waits.value.retry_at - here.clock.now()).total_seconds() > 400


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
    assert [one.words for one in here.emulator.posted(room.channel)] == ["Board", "Details"]


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
            assert "Manage Channels" in told
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


@pytest.mark.parametrize(
    ("said", "name"),
    [("INC Ünïcode — 1", "inc-unicode-1"), ("x" * 200, "x" * 100), ("!!!", "lifeboat"), ("a_b c", "a_b-c")],
)
def test_a_name_is_written_as_discord_writes_it(said: str, name: str) -> None:
    assert fitted(said) == name
