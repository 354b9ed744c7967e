"""The emulated Slack with the real Bolt at its other end."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import NotPossible, Person, SlackEmulator
from tests.emulators.slack_client import FORM, MENU, Bot, actions, button, by_http, by_socket, client
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def emulator() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
async def bot(emulator: SlackEmulator) -> AsyncIterator[Bot]:
    async with by_socket(emulator) as bot:
        yield bot


@pytest.fixture
def ada(emulator: SlackEmulator) -> Person:
    return emulator.person("ada", user_id="U0ADA")


def running(mode: str, emulator: SlackEmulator) -> AbstractAsyncContextManager[Bot]:
    return by_socket(emulator) if mode == "socket" else by_http(emulator)


# --- the same in both modes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_command_is_acknowledged_and_answered_to_who_asked(
    mode: str, emulator: SlackEmulator, ada: Person
) -> None:
    bob = emulator.person("bob")
    async with running(mode, emulator):
        sent = await ada.say("/backup status", channel="backups")
        assert sent.answered
        answer = await ada.sees("You said status", "backups")
        assert answer.ephemeral
        assert bob.messages("backups") == []
        assert [(one.kind, one.late) for one in emulator.acks] == [("slash_commands", False)]
        assert emulator.timeouts == []


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_an_answer_may_come_with_the_acknowledgement(mode: str, emulator: SlackEmulator, ada: Person) -> None:
    async with running(mode, emulator):
        assert (await ada.say("/backup at once", channel="backups")).payload == {"text": "Here you are"}
        assert [one.words for one in ada.messages("backups")] == ["Here you are"]


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_form_is_opened_refused_and_taken(mode: str, emulator: SlackEmulator, ada: Person) -> None:
    async with running(mode, emulator) as bot:
        await ada.say("/backup ask", channel="backups")
        await until(lambda: ada.modal, within=5)
        assert ada.modal and (ada.modal.title, ada.modal.submit) == ("Restore", "Go")
        assert await ada.submit() == {"reason": "Please complete this required field."}
        assert [one.label for one in await ada.suggestions("Where", "st")] == ["Staging"]
        assert await ada.submit(why="no", target="Staging") == {"why": "Say more."}
        assert ada.modal is not None
        assert await ada.submit(why="because") is None
        assert ada.modal is None
        values = bot.seen[-1]["view"]["state"]["values"]
        assert values["target"]["it"]["selected_option"]["value"] == "staging"
        assert emulator.complaints == []


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_press_replaces_the_message_through_its_response_url(
    mode: str, emulator: SlackEmulator, ada: Person
) -> None:
    async with running(mode, emulator) as bot:
        await ada.say("/backup post", channel="backups")
        message = await ada.sees("All is well, @ada & others", "backups")
        assert message.buttons == ("Again", "Ask")
        assert message.links == {"others": "https://example.org"}
        sent = await ada.press(message, "Again")
        assert sent and sent.answered
        await until(lambda: ada.look(message).text == "Got x", within=5)
        assert bot.seen[-1]["message"]["text"] == "All is well"


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_an_event_that_was_acknowledged_too_late_comes_again_and_says_so(
    mode: str, emulator: SlackEmulator, ada: Person
) -> None:
    async with running(mode, emulator) as bot:
        bot.pause = 0.3
        await ada.mention("backup status", "backups")
        await until(lambda: bot.seen, within=5)
        emulator.clock.advance(3)
        bot.pause = 0
        await until(lambda: len(bot.seen) == 2, within=5)
        await until(lambda: len(emulator.acks) == 2, within=5)
        assert {one["event_id"] for one in bot.seen} == {bot.seen[0]["event_id"]}
        assert bot.headers[1]["x-slack-retry-num"] == ["1"]
        assert bot.headers[1]["x-slack-retry-reason"] == ["timeout"]
        assert sorted(one.late for one in emulator.acks) == [False, True]
        assert [one.kind for one in emulator.timeouts] == ["events_api"]


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_a_delivery_that_comes_twice_has_the_same_trigger(
    mode: str, emulator: SlackEmulator, ada: Person
) -> None:
    async with running(mode, emulator) as bot:
        emulator.faults.deliver_twice = True
        await ada.say("/backup status", channel="backups")
        await until(lambda: len(bot.seen) == 2, within=5)
        assert bot.seen[0]["trigger_id"] == bot.seen[1]["trigger_id"]


# --- triggers and response URLs ---------------------------------------------------------------------------------------


async def test_a_trigger_opens_one_view_within_three_seconds(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    await ada.say("/backup at once", channel="backups")
    trigger = bot.seen[-1]["trigger_id"]
    await bot.client.views_open(trigger_id=trigger, view=FORM)
    for advanced, error in [(0, "exchanged_trigger_id"), (3.1, "expired_trigger_id")]:
        if advanced:
            await ada.say("/backup at once", channel="backups")
            trigger = bot.seen[-1]["trigger_id"]
        emulator.clock.advance(advanced)
        with pytest.raises(SlackApiError) as refused:
            await bot.client.views_open(trigger_id=trigger, view=FORM)
        assert refused.value.response["error"] == error


async def test_a_response_url_works_five_times_in_thirty_minutes(
    emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    await ada.say("/backup at once", channel="backups")
    await ada.say("/backup at once", channel="backups")
    async with aiohttp.ClientSession() as session:

        async def answer(body: dict[str, object], url: str) -> tuple[int, dict[str, object]]:
            async with session.post(url, json=body) as answered:
                return answered.status, await answered.json()

        url = bot.seen[0]["response_url"]
        for _ in range(5):
            assert await answer({"text": "Again", "response_type": "in_channel"}, url) == (200, {"ok": True})
        assert await answer({"text": "Once more"}, url) == (404, {"ok": False, "error": "used_url"})
        emulator.clock.advance(30 * 60 + 1)
        late = await answer({"text": "Late"}, bot.seen[1]["response_url"])
        assert late == (404, {"ok": False, "error": "expired_url"})
    assert [one.text for one in emulator.posted("backups")] == ["Again"] * 5


async def test_an_ephemeral_message_is_replaced_and_removed_through_its_response_url_alone(
    emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    await ada.say("/backup privately", channel="backups")
    message = await ada.sees("All is well", "backups")
    with pytest.raises(SlackApiError) as refused:
        await bot.client.chat_update(channel=message.channel, ts=message.ts, text="Other")
    assert refused.value.response["error"] == "message_not_found"
    await ada.pick(message, "Second")
    await until(lambda: ada.look(message).words == "Got 2", within=5)
    assert "message" not in bot.seen[-1]
    async with aiohttp.ClientSession() as session:
        await session.post(bot.seen[-1]["response_url"], json={"delete_original": True})
    assert ada.messages("backups") == []
    with pytest.raises(NotPossible):
        ada.look(message)


# --- the home --------------------------------------------------------------------------------------------------------


async def test_a_home_is_published_when_it_is_opened(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    assert ada.home is None
    await ada.open_home()
    await until(lambda: ada.home, within=5)
    assert ada.home and ada.home.words == "All is well, @ada & others"


async def test_a_form_that_is_answered_with_nonsense_tells_of_trouble(
    emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    await ada.say("/backup ask", channel="backups")
    await until(lambda: ada.modal, within=5)
    assert await ada.submit(why="wrong") == {"": "We had some trouble connecting. Try again?"}
    assert "errors must name input blocks" in emulator.complaints[0]


# --- how people read and what they cannot do --------------------------------------------------------------------------


async def test_markup_is_read_as_people_see_it(emulator: SlackEmulator, ada: Person) -> None:
    text = (
        "*Bold* _it_ `*code*` <@U0ADA> <#C0BACKUPS> <!here> <!date^1^{time}|10:00 UTC> 2 &lt; 3 &amp; <https://a.org|a>"
    )
    async with client(emulator) as slack:
        await slack.chat_postMessage(channel=emulator.channel("backups"), text=text)
    [message] = ada.messages("backups")
    assert message.words == "Bold it *code* @ada #backups @here 10:00 UTC 2 < 3 & a"
    assert message.links == {"a": "https://a.org"}


async def test_a_person_cannot_press_what_is_not_there(emulator: SlackEmulator, ada: Person) -> None:
    blocks = [actions(button("Go", "go"), MENU)]
    async with client(emulator) as slack:
        await slack.chat_postMessage(channel=emulator.channel("backups"), text="x", blocks=blocks)
    [message] = ada.messages("backups")
    with pytest.raises(NotPossible, match="there are \\['Go'\\]"):
        await ada.press(message, "Stop")
    with pytest.raises(NotPossible, match="there are \\['First', 'Second'\\]"):
        await ada.pick(message, "Third")
    with pytest.raises(NotPossible):
        await ada.submit(reason="x")


async def test_only_declared_commands_can_be_said() -> None:
    async with SlackEmulator(commands=["/backup"]) as emulator:
        with pytest.raises(NotPossible):
            await emulator.person("ada").say("/backups status", "backups")


async def test_every_run_is_the_same_while_the_clock_stands_still() -> None:
    seen = []
    for _ in range(2):
        async with SlackEmulator(start=1_800_000_000) as emulator, client(emulator) as slack:
            answer = await slack.chat_postMessage(
                channel=emulator.channel("backups"), text="x", blocks=[actions(button("Go", "go"))]
            )
            trigger = emulator.triggers.issue(emulator.person("ada").id)
            view = await slack.views_open(trigger_id=trigger, view=FORM)
            seen.append(json.dumps([answer.data, trigger, view.data], sort_keys=True))
    assert seen[0] == seen[1]
    assert '"ts": "1800000000.000000"' in seen[0]


# --- as a process of its own -----------------------------------------------------------------------------------------


async def test_another_process_can_have_commands_said_and_timed(emulator: SlackEmulator, bot: Bot) -> None:
    asked = {"text": "/backup at once", "n": 20, "concurrency": 5}
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{emulator.url}/control/slash", json=asked) as answer:
            told = await answer.json()
        assert (len(told["milliseconds"]), told["late"]) == (20, 0)
        async with session.get(f"{emulator.url}/control") as answer:
            assert await answer.json() == {"sockets": 1, "answered": 20, "late": 0, "complaints": []}


async def test_the_emulator_runs_as_a_process_that_says_where_it_is() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.emulators.slack"), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        about = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        assert (await AsyncWebClient(about["bot_token"], base_url=about["api"], proxy="").auth_test())["ok"]
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
