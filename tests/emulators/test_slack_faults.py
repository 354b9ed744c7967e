"""The emulated Slack in trouble, with the real Bolt at its other end."""

import asyncio
import time
from collections.abc import AsyncIterator, Sized
from functools import partial

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import Person, SlackEmulator
from tests.emulators.slack_client import Bot, by_http, by_socket
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


async def test_a_socket_that_was_told_to_go_gets_nothing_more(emulator: SlackEmulator, ada: Person) -> None:
    client = AsyncWebClient(base_url=emulator.api, proxy="")
    opened = await client.apps_connections_open(app_token=emulator.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(opened["url"]) as ws:
        await ws.receive_json()
        emulator.faults.disconnect("warning")
        assert (await ws.receive_json())["reason"] == "warning"
        async with by_socket(emulator) as bot:
            for _ in range(3):
                assert (await ada.say("/backup at once", channel="backups")).answered
            assert len(bot.seen) == 3
        emulator.clock.advance(10)
        assert (await ws.receive()).type is aiohttp.WSMsgType.CLOSE


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


def _so_many(listed: Sized, number: int) -> bool:
    return len(listed) == number


# --- what is told again -----------------------------------------------------------------------------------------------


async def test_an_event_is_told_four_times_in_all(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    emulator.faults.deaf = True
    await ada.mention("backup status", "backups")
    for number, pause in enumerate((0, 60, 300, 0)):
        await until(lambda: emulator.post.is_busy, within=5)
        emulator.clock.advance(3)
        await until(partial(_so_many, emulator.timeouts, number + 1), within=5)
        if pause:
            await until(lambda: emulator.post.resting, within=5)
            emulator.clock.advance(pause)
    emulator.faults.deaf = False
    emulator.clock.advance(1000)
    await asyncio.sleep(0.05)
    assert ([one.attempt for one in emulator.timeouts], bot.seen) == ([0, 1, 2, 3], [])


@pytest.mark.parametrize(("headers", "attempts"), [({}, 4), ({"X-Slack-No-Retry": "1"}, 1)])
async def test_a_failed_request_is_repeated_with_its_reason_unless_that_is_declined(
    headers: dict[str, str], attempts: int, emulator: SlackEmulator, ada: Person
) -> None:
    asked: list[str | None] = []

    async def fail(request: web.Request) -> web.Response:
        asked.append(request.headers.get("X-Slack-Retry-Reason"))
        return web.Response(status=500, headers=headers)

    app = web.Application()
    app.router.add_post("/", fail)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    emulator.http.url = "http://{}:{}/".format(*runner.addresses[0][:2])
    await ada.mention("backup status", "backups")
    await until(lambda: len(asked) == min(attempts, 2), within=5)
    for times in range(2, attempts):
        await until(lambda: emulator.post.resting, within=5)
        emulator.clock.advance(300)
        await until(partial(_so_many, asked, times + 1), within=5)
    await emulator.settled()
    emulator.clock.advance(1000)
    await asyncio.sleep(0.05)
    assert asked == [None, *["http_error"] * (attempts - 1)]
    await runner.cleanup()


async def test_a_socket_may_be_cut_between_a_command_and_its_acknowledgement(
    emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    emulator.faults.cut_after_delivery = 1
    bot.pause = 0.2
    saying = asyncio.create_task(ada.say("/backup at once", channel="backups"))
    await until(lambda: bot.seen, within=5)
    await until(lambda: not emulator.sockets.sockets, within=5)
    emulator.clock.advance(3)
    assert not (await saying).answered


# --- what is noted against a client -----------------------------------------------------------------------------------


async def test_pings_are_answered_and_frames_that_make_no_sense_are_noted(emulator: SlackEmulator, ada: Person) -> None:
    async with aiohttp.ClientSession() as session:
        opened = await AsyncWebClient(base_url=emulator.api, proxy="").apps_connections_open(
            app_token=emulator.app_token
        )
        async with session.ws_connect(opened["url"], autoping=False) as ws:
            assert (await ws.receive_json())["type"] == "hello"
            await ws.ping(b"sdk-ping-pong:1.5")
            answer = await ws.receive()
            assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1.5")
            saying = asyncio.create_task(ada.say("/backup status", channel="backups"))
            envelope = await ws.receive_json()
            assert (envelope["type"], envelope["payload"]["command"]) == ("slash_commands", "/backup")
            for frame in [{"envelope_id": envelope["envelope_id"]}] * 2 + [{"envelope_id": "e1"}, {"hello": 1}]:
                await ws.send_json(frame)
            assert (await saying).answered
            await until(lambda: len(emulator.complaints) == 3, within=5)
        assert emulator.complaints == [
            "slash_commands was acknowledged twice",
            "acknowledged an unknown envelope: e1",
            'sent a frame that is no acknowledgement: {"hello": 1}',
        ]
        async with session.get(opened["url"].replace("ws:", "http:")) as again:
            assert again.status == 401
