"""What goes wrong between the emulated Discord and the real discord.py, and what comes of it."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import discord
import pytest

from tests.emulators.discord import DiscordEmulator, Person
from tests.emulators.discord_client import Bot, running
from tests.emulators.test_discord_emulator import channel
from tests.waiting import until

POST = "POST /channels/{id}/messages"


@pytest.fixture
async def emulator() -> AsyncIterator[DiscordEmulator]:
    async with DiscordEmulator() as emulator:
        yield emulator


@pytest.fixture
async def bot(emulator: DiscordEmulator) -> AsyncIterator[Bot]:
    async with running(emulator) as bot:
        yield bot


@pytest.fixture
def ada(emulator: DiscordEmulator) -> Person:
    return emulator.person("ada")


async def test_a_rate_limit_is_waited_out_by_the_client(emulator: DiscordEmulator, bot: Bot) -> None:
    emulator.faults.rate_limit(POST, 0.05)
    await (await channel(bot, emulator)).send("Hello")
    assert [call.status for call in emulator.called(POST)] == [429, 200]


async def test_a_longer_rate_limit_than_the_client_takes_is_an_error(emulator: DiscordEmulator, bot: Bot) -> None:
    emulator.faults.rate_limit(POST, 60)
    with pytest.raises(discord.RateLimited) as limited:
        await (await channel(bot, emulator)).send("Hello")
    assert limited.value.retry_after == 60


async def test_a_lost_answer_with_an_enforced_nonce_is_posted_once(emulator: DiscordEmulator, bot: Bot) -> None:
    emulator.faults.lose_answer(POST)
    target = await channel(bot, emulator)
    with pytest.raises((OSError, aiohttp.ClientError)):
        await target.send("Once", nonce="export-7")
    again = await target.send("Once", nonce="export-7")
    assert [one.id for one in emulator.posted("backups")] == [str(again.id)]
    emulator.clock.advance(3600)
    later = await target.send("Once", nonce="export-7")
    assert later.id != again.id


async def test_a_platform_that_is_down_answers_nobody_and_comes_back(
    emulator: DiscordEmulator, bot: Bot, ada: Person
) -> None:
    emulator.faults.down()
    with pytest.raises((OSError, aiohttp.ClientError)):
        await (await channel(bot, emulator)).send("Hello")
    emulator.faults.up()
    await until(lambda: emulator.sessions == 1, within=10)
    assert (await ada.say("/backup status", "general")).answered


async def test_a_failing_and_a_slow_route_do_as_they_are_told(emulator: DiscordEmulator, bot: Bot) -> None:
    target = await channel(bot, emulator)
    emulator.faults.fail(POST, 503)
    with pytest.raises(discord.DiscordServerError):
        await target.send("Hello")
    emulator.faults.slow(POST, 0.1, times=1)
    began = asyncio.get_running_loop().time()
    await target.send("Hello")
    assert asyncio.get_running_loop().time() - began >= 0.1


async def test_a_heart_that_is_not_answered_is_noticed_and_the_session_resumed() -> None:
    async with DiscordEmulator(heartbeat_seconds=0.05) as emulator, running(emulator, heartbeat_timeout=0.2):
        emulator.faults.stop_acking = True
        await until(lambda: emulator.resumed, within=10)
        emulator.faults.clear()
        await until(lambda: emulator.sessions == 1, within=10)
        assert emulator.identified == 1


async def test_a_failure_hits_the_one_channel_it_names(emulator: DiscordEmulator, bot: Bot) -> None:
    emulator.faults.fail(f"POST /channels/{emulator.channel('backups')}/messages", 403, code=50013)
    await (await channel(bot, emulator, "general")).send("Hello")
    with pytest.raises(discord.Forbidden):
        await (await channel(bot, emulator)).send("Hello")


async def test_an_answer_that_is_held_up_on_its_way_comes_too_late(
    emulator: DiscordEmulator, bot: Bot, ada: Person
) -> None:
    emulator.faults.slow("POST /interactions/{id}/{token}/callback", 0.2, times=1)
    sent = await ada.say("/backup status", "general", wait=False)
    await until(lambda: bot.seen, within=5)
    emulator.clock.advance(3)
    await until(lambda: emulator.called("POST /interactions/{id}/{token}/callback"), within=5)
    assert not sent.answered
    assert emulator.calls[-1].answer["code"] == 10062
