"""The emulated Discord with the real discord.py at its other end."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
import pytest

from tests.emulators.discord import DiscordEmulator, NotPossible, Person
from tests.emulators.discord_client import Bot, Card, pointed_at, running
from tests.waiting import until


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
    return emulator.person("ada", roles=["operators"])


async def channel(bot: Bot, emulator: DiscordEmulator, name: str = "backups") -> discord.TextChannel:
    found = bot.get_channel(int(emulator.channel(name)))
    assert isinstance(found, discord.TextChannel)
    return found


# --- coming and going ------------------------------------------------------------------------------------------------


async def test_the_bot_comes_up_and_registers_its_commands(emulator: DiscordEmulator, bot: Bot) -> None:
    guild = bot.get_guild(int(emulator.guild_id))
    assert guild is not None
    assert [one.name for one in guild.text_channels] == ["general", "backups", "incidents"]
    assert [one["name"] for one in emulator.commands.registered[emulator.guild_id]] == ["backup"]
    assert emulator.sessions == 1


async def test_a_wrong_token_is_refused_at_the_log_in(emulator: DiscordEmulator) -> None:
    async with pointed_at(emulator), Bot(emulator.guild_id) as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.start("wrong")


WRONG_FRAMES = {
    "a wrong token": ('{"op": 2, "d": {"token": "wrong", "intents": 1}}', 4004),
    "a wrong token to resume": ('{"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}', 4004),
    "no identification": ('{"op": 3, "d": {}}', 4003),
    "no JSON": ("hello", 4002),
}


@pytest.mark.parametrize(("frame", "code"), WRONG_FRAMES.values(), ids=WRONG_FRAMES)
async def test_the_gateway_closes_on_what_is_wrong(emulator: DiscordEmulator, frame: str, code: int) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(emulator.gateway) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_str(frame)
        await socket.receive()
    assert socket.close_code == code


async def test_a_privileged_intent_that_was_not_granted_closes_the_socket(emulator: DiscordEmulator) -> None:
    async with pointed_at(emulator):
        intents = discord.Intents(guilds=True, members=True)
        async with discord.Client(intents=intents) as client:
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await client.start(emulator.token)


async def test_a_dropped_socket_is_resumed_and_what_was_missed_comes_after(
    emulator: DiscordEmulator, bot: Bot, ada: Person
) -> None:
    emulator.faults.drop_sockets()
    sent = await ada.say("/backup status", "general")
    assert sent.answered
    assert (emulator.resumed, emulator.identified) == (1, 1)


async def test_a_client_told_to_reconnect_resumes(emulator: DiscordEmulator, bot: Bot, ada: Person) -> None:
    emulator.faults.reconnect()
    await until(lambda: emulator.resumed == 1, within=5)
    assert (await ada.say("/backup status", "general")).answered
    assert emulator.identified == 1


async def test_an_invalid_session_is_resumed_or_begun_anew_as_it_is_told(
    emulator: DiscordEmulator, bot: Bot, ada: Person
) -> None:
    emulator.faults.invalidate(True)
    await until(lambda: emulator.resumed == 1, within=5)
    emulator.faults.invalidate(False)
    await until(lambda: emulator.identified == 2 and emulator.sessions == 1, within=5)
    assert (await ada.say("/backup status", "general")).answered


async def test_a_deaf_bot_misses_what_is_said_though_its_heart_beats(
    emulator: DiscordEmulator, bot: Bot, ada: Person
) -> None:
    emulator.faults.deaf = True
    sent = await ada.say("/backup status", "general", wait=False)
    await asyncio.sleep(0.1)
    emulator.clock.advance(3)
    assert not sent.answered
    assert bot.seen == []
    assert [one.id for one in emulator.timeouts] == [sent.interaction.id]
    assert emulator.sessions == 1


async def test_two_processes_of_one_bot_both_get_every_interaction_and_one_answers(
    emulator: DiscordEmulator, bot: Bot, ada: Person
) -> None:
    async with running(emulator) as second:
        sent = await ada.say("/backup status", "general")
        await until(lambda: bot.seen and second.seen, within=5)
        await until(lambda: len(emulator.called("POST /interactions/{id}/{token}/callback")) == 2, within=5)
    assert sent.answered
    statuses = [call.status for call in emulator.called("POST /interactions/{id}/{token}/callback")]
    assert sorted(statuses) == [200, 400]


# --- commands, presses, forms -----------------------------------------------------------------------------------------


async def test_a_private_answer_is_seen_by_who_asked_alone(emulator: DiscordEmulator, bot: Bot, ada: Person) -> None:
    sent = await ada.say("/backup status", "general")
    assert sent.message is not None
    assert sent.message.ephemeral
    assert sent.message.words == "Everything is fine for @ada"
    assert sent.message.buttons == ("Again", "Ask", "Manual")
    assert emulator.person("bob").messages("general") == []


async def test_a_deferred_answer_takes_the_place_of_thinking(emulator: DiscordEmulator, bot: Bot, ada: Person) -> None:
    sent = await ada.say("/backup export quietly --files count:3", "general")
    shown = await sent.shown()
    assert shown.words == "Exported quietly files=True count=3"
    assert shown.ephemeral
    assert len(ada.messages("general")) == 1


async def test_the_client_refuses_what_the_bot_did_not_register(bot: Bot, ada: Person) -> None:
    for line in ("/nothing", "/backup", "/backup explode", "/backup export", "/backup export production count:few"):
        with pytest.raises(NotPossible):
            await ada.say(line, "general")


async def test_completions_come_from_the_bot(bot: Bot, ada: Person) -> None:
    choices = await ada.autocomplete("/backup export", "environment", "pr", "general")
    assert [one.value for one in choices] == ["production", "practice"]


async def test_a_press_edits_its_message_and_a_pick_carries_the_value(
    emulator: DiscordEmulator, bot: Bot, ada: Person
) -> None:
    message = await (await channel(bot, emulator)).send(view=Card())
    await ada.press(str(message.id), "Again")
    assert ada.look(str(message.id)).words == "Looked again for @ada"
    await ada.pick(str(message.id), "Second")
    await ada.sees("Picked ['2']", "backups")
    with pytest.raises(NotPossible):
        await ada.press(str(message.id), "Manual")


async def test_a_form_opens_refuses_what_is_wrong_and_is_answered(bot: Bot, ada: Person) -> None:
    status = await ada.say("/backup status", "general")
    assert status.message is not None
    await ada.press(status.message, "Ask")
    assert ada.modal is not None
    assert [one.label for one in ada.modal.inputs] == ["Why", "Where"]
    refused: list[dict[str, Any]] = [
        {"reason": "x" * 21, "target": "staging"},
        {"reason": "", "target": "staging"},
        {"reason": "x"},
        {"reason": "x", "target": "moon"},
        {"reason": "x", "target": "staging", "nobody": "asks"},
    ]
    for wrong in refused:
        with pytest.raises(NotPossible):
            await ada.submit(**wrong)
    sent = await ada.submit(reason="a drill", target="Staging")
    assert sent.message is not None
    assert sent.message.words == "Because of a drill into staging"
    assert ada.modal is None


async def test_a_second_answer_is_refused(bot: Bot, ada: Person) -> None:
    await ada.say("/backup twice", "general")
    await until(lambda: bot.errors, within=5)
    error = bot.errors[0]
    assert isinstance(error, discord.HTTPException)
    assert (error.status, error.code) == (400, 40060)


async def test_an_answer_after_three_seconds_finds_no_interaction(
    emulator: DiscordEmulator, bot: Bot, ada: Person
) -> None:
    sent = await ada.say("/backup silent", "general", wait=False)
    await until(lambda: bot.seen, within=5)
    emulator.clock.advance(3)
    with pytest.raises(discord.NotFound) as refused:
        await bot.seen[0].response.send_message("Late")
    assert refused.value.code == 10062
    assert not sent.answered


async def test_a_token_serves_for_fifteen_minutes(emulator: DiscordEmulator, bot: Bot, ada: Person) -> None:
    await ada.say("/backup status", "general")
    await bot.seen[0].followup.send("In time")
    emulator.clock.advance(15 * 60 + 1)
    with pytest.raises(discord.HTTPException) as refused:
        await bot.seen[0].followup.send("Too late")
    assert (refused.value.status, refused.value.code) == (401, 50027)


async def test_an_answer_can_be_shown_changed_and_taken_away(bot: Bot, ada: Person) -> None:
    await ada.say("/backup status", "general")
    asked = bot.seen[0]
    assert (await asked.original_response()).flags.ephemeral
    await asked.edit_original_response(view=Card("Changed"))
    assert ada.messages("general")[0].words.startswith("Changed")
    await asked.delete_original_response()
    assert ada.messages("general") == []
    with pytest.raises(discord.NotFound):
        await asked.edit_original_response(content="Too late")


# --- as a process -----------------------------------------------------------------------------------------------------


async def test_another_process_can_measure_how_fast_a_bot_answers(emulator: DiscordEmulator, bot: Bot) -> None:
    asked = {"command": "/backup status", "n": 20, "concurrency": 5}
    control = emulator.api.removesuffix("/api/v10") + "/control"
    async with aiohttp.ClientSession() as http:
        async with http.post(control + "/interactions", json=asked) as response:
            measured = await response.json()
        async with http.get(control) as response:
            about = await response.json()
    assert len(measured["milliseconds"]) == 20
    assert 0 < measured["p50"] <= measured["p99"] < 3000
    assert (about["sessions"], about["commands"], about["late"]) == (1, ["backup"], 0)


async def test_the_emulator_runs_as_a_process_of_its_own() -> None:
    command = (sys.executable, "-m", "tests.emulators.discord")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        told = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        async with aiohttp.ClientSession() as http:
            headers = {"Authorization": f"Bot {told['token']}"}
            async with http.get(told["api"] + "/users/@me", headers=headers) as response:
                assert (await response.json())["username"] == "lifeboat"
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
