"""The door to Discord: requests that come in by the real discord.py, and what people see of the answers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.chat.cards import Attachment, Card, text
from bot.domain.people import Role
from bot.platforms.discord.listen import Discord
from tests.emulators.discord import DiscordEmulator, Person, judge
from tests.emulators.discord.faults import Fault
from tests.emulators.discord.permissions import ATTACH_FILES
from tests.emulators.discord.world import BOT_ROLE_ID
from tests.platforms.discord_bot import OPERATORS, Sea, World, sea
from tests.waiting import until

CALLBACK = "POST /interactions/{id}/{token}/callback"
APPLICATION = "GET /oauth2/applications/@me"
ANSWER = "PATCH /webhooks/{application}/{token}/messages/{id}"


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Sea]:
    async with sea(tmp_path) as opened:
        yield opened


@pytest.fixture
async def door(here: Sea) -> AsyncIterator[Discord]:
    async with here.opened() as opened:
        yield opened


@pytest.fixture
def emulator(here: Sea, door: Discord) -> DiscordEmulator:
    """With the door open."""
    return here.emulator


@pytest.fixture
def world(here: Sea) -> World:
    return here.world


@pytest.fixture
def ada(here: Sea) -> Person:
    return here.emulator.person("ada")


@pytest.fixture
def stranger(here: Sea) -> Person:
    return here.emulator.person("zoe")


# --- saying ----------------------------------------------------------------------------------------------------------


async def test_a_question_is_answered_for_the_eyes_of_whoever_asks(
    emulator: DiscordEmulator, ada: Person, world: World
) -> None:
    shown = await (await ada.say("/tide status", "backups")).shown()
    assert "The tide is low" in shown.words
    assert "Seen by Ada Okafor" in shown.words
    assert shown.ephemeral
    assert emulator.posted("backups") == []
    assert world.made[0][2] == emulator.channel("backups")


async def test_what_a_team_must_see_is_shown_to_all_and_calls_only_whom_it_means(
    emulator: DiscordEmulator, ada: Person, world: World
) -> None:
    shown = await (await ada.say("/tide rise metres:3 moon:full --quickly", "backups")).shown()
    assert [one.id for one in emulator.posted("backups")] == [shown.id]
    assert world.made == [("rise", 3, "full", True)]
    assert shown.pings == {ada.id}


async def test_nothing_is_left_to_think_aloud_when_the_answer_is_posted_elsewhere(
    emulator: DiscordEmulator, ada: Person, world: World
) -> None:
    sent = await ada.say("/tide drain", "backups")
    await until(lambda: sent.message is None)
    assert world.made == [("drain", "ada")]
    assert ada.messages("backups") == []


async def test_a_refusal_of_a_public_command_is_seen_by_nobody_else(
    emulator: DiscordEmulator, stranger: Person, ada: Person
) -> None:
    await stranger.say("/tide drain", "backups")
    seen = await stranger.sees("needs the role operator", "backups")
    assert seen.ephemeral
    assert ada.messages("backups") == []
    assert emulator.posted("backups") == []


async def test_a_role_of_the_server_gives_a_role_of_the_plan(here: Sea, door: Discord, world: World) -> None:
    helper = here.emulator.person("mia", roles=["operators"])
    assert here.emulator.role("operators") == OPERATORS
    await (await helper.say("/tide status", "general")).shown()
    by = world.made[0][1]
    assert by.may(Role.OPERATOR)
    assert not by.may(Role.APPROVER)
    assert by.name == "Mia"


async def test_commands_bear_the_prefix_wherever_they_are_read(here: Sea, ada: Person) -> None:
    async with here.opened(prefix="cc-"):
        shown = await (await ada.say("/cc-tide status", "general")).shown()
        assert "Type /cc-tide rise." in shown.words
        replaced = await ada.press(shown, "Turn")
        await until(lambda: "turned" in ada.look(shown).words)
        assert replaced.kind == 6


async def test_files_that_anybody_may_have_are_sent_along_and_copies_never(
    ada: Person, emulator: DiscordEmulator
) -> None:
    shown = await (await ada.say("/tide report", "backups")).shown()
    assert [file.name for file in shown.attachments] == ["runbook.md"]
    assert b"Campus Connect" in shown.attachments[0].content
    assert "copy.zip" in shown.words


# --- pressing and filling in -----------------------------------------------------------------------------------------


async def test_a_press_replaces_the_card_even_after_a_restart(here: Sea, ada: Person) -> None:
    async with here.opened():
        shown = await (await ada.say("/tide status", "general")).shown()
    async with here.opened():
        sent = await ada.press(shown, "Turn")
        await until(lambda: "The tide has turned" in ada.look(shown).words)
    assert sent.kind == 6
    assert len(ada.messages("general")) == 1


async def test_a_refusal_does_not_take_the_place_of_the_card_that_was_pressed(
    emulator: DiscordEmulator, ada: Person
) -> None:
    shown = await (await ada.say("/tide rise", "general")).shown()
    await ada.press(shown, "Turn")
    board = await (await ada.say("/tide status", "general")).shown()
    await ada.press(board, "Out")
    refusal = await ada.sees("Not now", "general")
    assert refusal.ephemeral
    assert "The tide is low" in ada.look(board).words


async def test_an_argument_that_is_missing_opens_a_form_at_once(
    emulator: DiscordEmulator, ada: Person, world: World
) -> None:
    shown = await (await ada.say("/tide status", "general")).shown()
    sent = await ada.pick(shown, "First")
    assert sent.kind == 5
    await ada.sees("Kept copy-1", "general")
    assert (await ada.press(shown, "Note…")).kind == 9
    assert ada.modal is not None
    await ada.submit(words="It is wet")
    await ada.sees("Noted", "general")
    assert world.made[-1] == ("noted", "It is wet")


async def test_a_form_outlives_the_process_that_opened_it(here: Sea, ada: Person) -> None:
    async with here.opened():
        shown = await (await ada.say("/tide status", "general")).shown()
        await ada.press(shown, "Note…")
    async with here.opened():
        await ada.submit(words="Still there")
        await ada.sees("Noted", "general")
    assert here.world.made[-1] == ("noted", "Still there")


async def test_a_form_that_is_refused_can_be_opened_again_with_what_was_written(
    here: Sea, door: Discord, ada: Person, world: World
) -> None:
    shown = await (await ada.say("/tide status", "general")).shown()
    assert (await ada.press(shown, "Keep…")).kind == 9
    await ada.submit(copy="no", reason="to try")
    wrong = await ada.sees("There is no such copy", "general")
    assert wrong.ephemeral
    assert (await ada.press(wrong, "Correct it")).kind == 9
    await ada.submit(copy="copy-2")
    await ada.sees("Kept copy-2", "general")
    assert world.made[-1] == ("keep", "copy-2", "to try")


async def test_a_form_that_cannot_be_kept_for_correction_says_why(here: Sea, door: Discord, ada: Person) -> None:
    shown = await (await ada.say("/tide status", "general")).shown()
    await ada.press(shown, "Keep…")
    engine = here.router.house.database.engine.sync_engine
    sa.event.listen(engine, "begin", lambda db: db.exec_driver_sql("PRAGMA query_only=ON"))
    await ada.submit(copy="no")
    await ada.sees("database did not answer", "general")


async def test_a_form_that_takes_too_long_comes_behind_a_button(here: Sea, door: Discord, ada: Person) -> None:
    shown = await (await ada.say("/tide status", "general")).shown()
    here.world.seconds = 2.6
    sent = await ada.press(shown, "Note…")
    assert sent.kind == 5
    here.world.seconds = 0
    form = await sent.shown()
    assert form.ephemeral
    assert form.words.startswith("A note")
    assert "Not sent" not in form.words
    assert (await ada.press(form, "Open the form")).kind == 9
    await ada.submit(words="At last")
    await ada.sees("Noted", "general")


# --- in time, once, and when something breaks ------------------------------------------------------------------------


async def test_slow_work_is_acknowledged_at_once_however_much_of_it_there_is(
    emulator: DiscordEmulator, ada: Person, world: World
) -> None:
    world.seconds = 0.4
    sent = [await ada.say("/tide status", "general", wait=False) for _ in range(40)]
    await until(lambda: len(emulator.acks) == 40)
    assert max(one.seconds for one in emulator.acks) < 1
    for one in sent:
        await one.shown()
    assert not emulator.timeouts


async def test_two_processes_that_hear_the_same_do_it_once(here: Sea, ada: Person) -> None:
    async with here.opened(), here.opened():
        await here.emulator.ready(sessions=2)
        for _ in range(5):
            await (await ada.say("/tide status", "general")).shown()
        shown = ada.messages("general")[0]
        assert (await ada.press(shown, "Note…")).kind == 9
        await ada.submit(words="Once")
        await ada.sees("Noted", "general")
    assert [one[0] for one in here.world.made] == ["status"] * 5 + ["noted"]
    assert not here.emulator.timeouts


async def test_an_answer_that_comes_after_a_quarter_of_an_hour_is_dropped(
    emulator: DiscordEmulator, ada: Person, world: World
) -> None:
    world.seconds = 0.2
    sent = await ada.say("/tide status", "general")
    emulator.clock.advance(16 * 60)
    await until(lambda: [call.status for call in emulator.called(ANSWER)] == [401])
    world.seconds = 0
    assert sent.message and sent.message.thinking
    await (await ada.say("/tide status", "general")).shown()


async def test_an_answer_that_the_connection_swallows_is_given_again(emulator: DiscordEmulator, ada: Person) -> None:
    emulator.faults.cut(ANSWER)
    assert "The tide is low" in (await (await ada.say("/tide status", "general")).shown()).words


async def test_an_answer_that_discord_refuses_is_owned_up_to(emulator: DiscordEmulator, ada: Person) -> None:
    emulator.faults.fail(ANSWER, 400, code=50035)
    shown = await (await ada.say("/tide status", "general")).shown()
    assert "Something went wrong inside Lifeboat" in shown.words
    assert shown.ephemeral


async def test_an_acknowledgement_that_fails_does_nothing_and_harms_nobody(
    emulator: DiscordEmulator, ada: Person, world: World
) -> None:
    emulator.faults.cut(CALLBACK, times=2)
    assert not (await ada.say("/tide status", "general")).answered
    assert world.made == []
    await (await ada.say("/tide status", "general")).shown()


# --- completing ------------------------------------------------------------------------------------------------------


async def test_what_is_typed_is_completed_from_the_same_suggestions(emulator: DiscordEmulator, ada: Person) -> None:
    offered = await ada.autocomplete("/tide keep", "copy", "copy", "general")
    assert [(one.name, one.value) for one in offered] == [("copy-1 (kept)", "copy-1"), ("copy-2 (kept)", "copy-2")]
    # What could not be sent whole is not offered.
    assert len(await ada.autocomplete("/tide keep", "copy", "", "general")) == 3


async def test_suggestions_that_take_too_long_are_none(emulator: DiscordEmulator, ada: Person, world: World) -> None:
    world.suggestion_seconds = 10
    assert await ada.autocomplete("/tide keep", "copy", "", "general") == []
    assert not emulator.timeouts


# --- staying connected -----------------------------------------------------------------------------------------------


async def test_an_operation_that_asks_to_reconnect_loses_nothing(emulator: DiscordEmulator, ada: Person) -> None:
    emulator.faults.reconnect()
    await until(lambda: emulator.resumed == 1)
    await (await ada.say("/tide status", "general")).shown()


async def test_a_socket_that_drops_amid_a_command_is_resumed_and_the_answer_comes(
    emulator: DiscordEmulator, ada: Person, world: World
) -> None:
    world.seconds = 0.2
    sent = await ada.say("/tide status", "general")
    emulator.faults.drop_sockets()
    await sent.shown()
    await until(lambda: emulator.resumed == 1)
    await (await ada.say("/tide status", "general")).shown()


async def test_an_invalid_session_is_begun_anew(emulator: DiscordEmulator, ada: Person) -> None:
    emulator.faults.invalidate(False)
    await until(lambda: emulator.identified == 2)
    await until(lambda: emulator.sessions == 1)
    await (await ada.say("/tide status", "general")).shown()


async def test_a_discord_that_is_away_is_told_of_and_found_again(here: Sea, door: Discord, ada: Person) -> None:
    here.emulator.faults.down()
    await until(lambda: _deaf(door))
    (told,) = await door.symptoms()
    assert told.broken
    assert told.mend
    here.emulator.faults.up()
    await until(lambda: here.emulator.sessions == 1)
    await until(lambda: _hears(door))
    await (await ada.say("/tide status", "general")).shown()


async def test_heartbeats_that_are_not_answered_are_told_of_and_begin_the_connection_anew(tmp_path: Path) -> None:
    async with sea(tmp_path, heartbeat_seconds=0.1) as here, here.opened(patience=1) as door:
        ada = here.emulator.person("ada")

        async def others_talk() -> None:
            # Nothing but the missing answers tells that the connection is half dead.
            while True:
                await ada.say("/tide status", "general", wait=False)
                await asyncio.sleep(0.1)

        here.emulator.faults.stop_acking = True
        talking = asyncio.create_task(others_talk())
        # It is so for a tenth of a second at most, before the connection is begun anew.
        await until(lambda: _says(door, "the gateway does not answer"), apart=0.005)
        await until(lambda: here.emulator.resumed)
        talking.cancel()
        here.emulator.faults.clear()
        await until(lambda: _hears(door))
        await (await ada.say("/tide status", "general")).shown()


async def test_a_wrong_token_is_told_and_stops_nothing_else(here: Sea) -> None:
    door = here.door(token="wrong")
    door.open()
    await until(lambda: here.emulator.calls)
    await until(lambda: _told(door, "does not know the bot's token"))
    (symptom,) = await door.symptoms()
    assert symptom.broken
    assert "LIFEBOAT_DISCORD__TOKEN" in symptom.mend
    assert "token" in await door.deaf()
    await door.close()


async def test_a_door_without_an_invitation_says_how_it_gets_one(here: Sea) -> None:
    async with here.opened(guild=4711) as door:
        broken = [one for one in await door.symptoms() if one.broken]
    assert "not in the server 4711" in broken[0].found
    assert f"lifeboat manifest discord {here.emulator.application_id}" in broken[0].mend


async def test_a_permission_that_is_missing_is_named(tmp_path: Path) -> None:
    async with sea(tmp_path, permissions=0) as here, here.opened() as door:
        found = [one for one in await door.symptoms() if "lacks" in one.found]
    assert "Send Messages In Threads" in found[0].found
    assert found[0].mend


async def test_a_permission_that_one_channel_withholds_is_named_where_somebody_asked(
    door: Discord, here: Sea, ada: Person
) -> None:
    await (await ada.say("/tide status", "backups")).shown()
    denied = {"id": BOT_ROLE_ID, "type": 0, "allow": "0", "deny": str(ATTACH_FILES)}
    channel = here.emulator.world.channels[here.emulator.channel("backups")].shown()
    here.emulator._tell("CHANNEL_UPDATE", channel | {"permission_overwrites": [denied]})
    await until(lambda: _told(door, "In #backups it lacks Attach Files."))


async def test_what_is_set_wrongly_in_the_developer_portal_is_told(here: Sea) -> None:
    async with here.opened():
        application = here.emulator.called(APPLICATION)[-1].answer
    wrong = application | {"bot_public": True, "interactions_endpoint_url": "https://example.org/interactions"}
    here.emulator.faults.planned.append(Fault(APPLICATION, "fail", 1, status=200, body=wrong))
    async with here.opened(guild=None) as door:
        _, elsewhere, public = await door.symptoms()
    assert elsewhere.broken
    assert "https://example.org/interactions" in elsewhere.found
    assert "Public Bot" in public.mend


async def test_all_is_well_in_a_server_that_allows_what_was_asked_for(door: Discord) -> None:
    (only,) = await door.symptoms()
    assert only.found == "Connected as lifeboat#4242 in Campus Connect."
    assert not only.mend


async def _hears(door: Discord) -> bool:
    return not await door.deaf()


async def _says(door: Discord, words: str) -> bool:
    return words in await door.deaf()


async def _deaf(door: Discord) -> bool:
    return bool(await door.deaf())


async def _told(door: Discord, words: str) -> bool:
    return any(words in one.found for one in await door.symptoms())


async def test_all_that_is_sent_is_as_discord_describes_it(
    here: Sea, door: Discord, ada: Person, node: dict[str, str]
) -> None:
    channel = here.emulator.channel("backups")
    shown = await (await ada.say("/tide status", "backups")).shown()
    await ada.press(shown, "Turn")
    await (await ada.say("/tide rise metres:2", "backups")).shown()
    await (await ada.say("/tide report", "backups")).shown()
    await ada.autocomplete("/tide keep", "copy", "copy", "backups")
    board = await (await ada.say("/tide status", "backups")).shown()
    await ada.press(board, "Keep…")
    await ada.submit(copy="no", reason="to try")
    await ada.press(await ada.sees("There is no such copy", "backups"), "Correct it")
    head = await door.post(channel, Card("Exporting", (text("…"),)), "export-1")
    await door.post(channel, Card("Exported", (Attachment("runbook.md", "runbook.md"),)), "done-1", head)
    here.emulator.archive(head)
    await door.edit(channel, head, Card("Exported"))
    assert await door.find(channel, "done-1", head)
    assert judge.complaints(judge.sent(here.emulator.calls), node) == []
