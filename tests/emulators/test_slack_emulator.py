"""The emulated Slack with the real Bolt at its other end."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import NotPossible, Person, SlackEmulator
from tests.emulators.slack_client import FORM, Bot, by_http, by_socket
from tests.waiting import until


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


# --- sockets ---------------------------------------------------------------------------------------------------------


async def test_a_command_that_is_acknowledged_too_late_is_a_timeout(
    emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    bot.pause = 0.2
    saying = asyncio.create_task(ada.say("/backup status", channel="backups"))
    await until(lambda: bot.seen, within=5)
    emulator.clock.advance(3)
    assert not (await saying).answered
    assert [one.kind for one in emulator.timeouts] == ["slash_commands"]
    await until(lambda: [one.late for one in emulator.acks] == [True], within=5)


async def test_an_envelope_goes_to_one_of_several_sockets(emulator: SlackEmulator, ada: Person) -> None:
    async with by_socket(emulator) as first, by_socket(emulator) as second:
        for _ in range(4):
            assert (await ada.say("/backup at once", channel="backups")).answered
        assert (len(first.seen), len(second.seen)) == (2, 2)
        emulator.faults.deliver_twice = True
        await ada.say("/backup at once", channel="backups")
        assert (len(first.seen), len(second.seen)) == (3, 3)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_client_that_is_told_to_reconnect_comes_back(
    reason: str, emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    emulator.faults.disconnect(reason)
    await until(lambda: emulator.sockets.opened == 2, within=5)
    await emulator.ready()
    assert (await ada.say("/backup at once", channel="backups")).answered


async def test_socket_mode_that_was_switched_off_stays_off(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    emulator.faults.disconnect("link_disabled")
    await until(lambda: emulator.called("apps.connections.open")[-1].error == "access_denied", within=5)
    assert emulator.sockets.sockets == []


async def test_a_dropped_socket_is_opened_again(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    emulator.faults.drop_sockets()
    await until(lambda: emulator.sockets.opened == 2, within=8)
    assert (await ada.say("/backup at once", channel="backups")).answered


async def test_a_command_waits_a_moment_for_a_socket(emulator: SlackEmulator, ada: Person) -> None:
    saying = asyncio.create_task(ada.say("/backup at once", channel="backups"))
    await asyncio.sleep(0.05)
    async with by_socket(emulator):
        assert (await saying).answered


async def test_a_deaf_bot_is_told_nothing_though_its_socket_is_open(
    emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    emulator.faults.deaf = True
    saying = asyncio.create_task(ada.say("/backup status", channel="backups"))
    await asyncio.sleep(0.05)
    emulator.clock.advance(3)
    assert not (await saying).answered
    assert (bot.seen, len(emulator.sockets.sockets)) == ([], 1)


async def test_a_wrong_app_token_gets_no_socket(emulator: SlackEmulator) -> None:
    client = AsyncWebClient(base_url=emulator.api, proxy="")
    for token, error in [("xapp-wrong", "invalid_auth"), (emulator.bot_token, "not_allowed_token_type")]:
        with pytest.raises(SlackApiError) as refused:
            await client.apps_connections_open(app_token=token)
        assert refused.value.response["error"] == error


# --- requests --------------------------------------------------------------------------------------------------------


async def test_a_request_url_is_verified_and_a_wrong_signature_refused(emulator: SlackEmulator) -> None:
    async with by_http(emulator):
        assert await emulator.http.verify()
        status, _, _ = await emulator.http.send("{}", "application/json", secret="wrong")
        assert status == 401


async def test_a_bot_that_is_not_there_fails_a_command(emulator: SlackEmulator, ada: Person) -> None:
    emulator.http.url = "http://127.0.0.1:9/slack/events"
    assert (await ada.say("/backup status", channel="backups")).failure == "connection_failed"


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


# --- faults ----------------------------------------------------------------------------------------------------------


async def test_a_rate_limit_says_when_to_come_again(emulator: SlackEmulator, bot: Bot) -> None:
    emulator.faults.rate_limit("chat.postMessage", seconds=7, times=1)
    channel = emulator.channel("backups")
    with pytest.raises(SlackApiError) as refused:
        await bot.client.chat_postMessage(channel=channel, text="Hello")
    assert (refused.value.response.status_code, refused.value.response["error"]) == (429, "ratelimited")
    assert refused.value.response.headers["Retry-After"] == "7"
    await bot.client.chat_postMessage(channel=channel, text="Hello")
    assert [one.error for one in emulator.called("chat.postMessage")] == ["ratelimited", ""]


async def test_a_lost_answer_leaves_what_was_done(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    bot.client.retry_handlers.clear()
    emulator.faults.lose_answer("chat.postMessage")
    with pytest.raises(aiohttp.ClientError):
        await bot.client.chat_postMessage(channel=emulator.channel("backups"), text="Hello")
    assert [one.text for one in ada.messages("backups")] == ["Hello"]


async def test_server_errors_and_slowness_pass(emulator: SlackEmulator, bot: Bot) -> None:
    channel = emulator.channel("backups")
    emulator.faults.fail("chat.postMessage", status=503, times=1)
    emulator.faults.slow("chat.postMessage", 0.2, times=2)
    with pytest.raises(SlackApiError) as refused:
        await bot.client.chat_postMessage(channel=channel, text="Hello")
    assert refused.value.response.status_code == 503
    begun = time.monotonic()
    await bot.client.chat_postMessage(channel=channel, text="Hello")
    assert time.monotonic() - begun >= 0.2


async def test_slack_may_be_down_for_a_while(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    channel = emulator.channel("backups")
    emulator.faults.down()
    with pytest.raises(aiohttp.ClientError):
        await bot.client.chat_postMessage(channel=channel, text="Hello")
    await until(lambda: not emulator.sockets.sockets, within=5)
    emulator.faults.up()
    await emulator.ready()
    assert (await ada.say("/backup at once", channel="backups")).answered


async def test_posting_is_paced_by_the_channel_when_asked(emulator: SlackEmulator, bot: Bot) -> None:
    emulator.faults.pacing = True
    channel = emulator.channel("backups")
    with pytest.raises(SlackApiError) as refused:
        for _ in range(20):
            await bot.client.chat_postMessage(channel=channel, text="Hello")
    assert refused.value.response.headers["Retry-After"] == "1"
    await bot.client.chat_postMessage(channel=emulator.channel("general"), text="Hello")
    emulator.clock.advance(1)
    await bot.client.chat_postMessage(channel=channel, text="Hello")


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
