"""Writing to Slack's channels and threads: once, found again, within what Slack allows, with the files of a card."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs

from bot.chat.cards import Attachment, Card, Mention, text
from bot.domain.errors import Outage, Refused
from bot.operations.sender import Sender
from bot.platforms.slack.api import Api
from bot.ports import Gone
from bot.store import posts
from tests.emulators.slack import SlackEmulator
from tests.platforms.slack_bot import Desk, at_slack
from tests.routing import START, FakeClock
from tests.waiting import until

CARD = Card("Export runs", (text("Half is done."),))
REPORT = Card("Verified", (Attachment("runbook.md", "runbook.md"), Attachment("copy.zip", "backup/copy.zip")))


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    """An emulated workspace."""
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
async def desk(slack: SlackEmulator, tmp_path: Path) -> AsyncIterator[Desk]:
    """A bot that is connected."""
    async with at_slack(tmp_path, slack) as opened:
        yield opened
        assert slack.complaints == []


@pytest.fixture
def channel(slack: SlackEmulator) -> str:
    """Where is posted to."""
    return slack.channel("backups")


async def test_a_card_is_posted_with_its_words_for_notices_and_without_previews(desk: Desk, channel: str) -> None:
    message = await desk.door.post(channel, CARD, "op-1")
    (shown,) = desk.slack.posted("backups")
    assert shown.ts == message
    assert shown.text == "Export runs\nHalf is done."
    (call,) = desk.slack.called("chat.postMessage")
    assert call.body["unfurl_links"] in (False, "0") and call.body["unfurl_media"] in (False, "0")


async def test_a_card_is_redrawn_where_it_stands(desk: Desk, channel: str) -> None:
    message = await desk.door.post(channel, CARD, "op-1")
    assert await desk.door.edit(channel, message, Card("Export is done")) == message
    assert [one.words for one in desk.slack.posted("backups")] == ["Export is done"]


async def test_a_card_is_posted_in_the_thread_of_another(desk: Desk, channel: str) -> None:
    root = await desk.door.post(channel, CARD, "op-1")
    below = await desk.door.post(channel, Card("Done"), "op-1-end", root)
    shown = {one.ts: one for one in desk.slack.posted("backups")}
    assert shown[below].thread_ts == root


async def test_a_post_whose_answer_was_lost_is_found_by_its_key(desk: Desk, channel: str) -> None:
    desk.slack.faults.lose_answer("chat.postMessage")
    with pytest.raises(Outage):
        await desk.door.post(channel, CARD, "op-1")
    (there,) = desk.slack.posted("backups")
    assert await desk.door.find(channel, "op-1") == there.ts
    assert await desk.door.find(channel, "op-2") is None


async def test_a_post_in_a_thread_is_found_by_its_key_there(desk: Desk, channel: str) -> None:
    root = await desk.door.post(channel, CARD, "op-1")
    below = await desk.door.post(channel, Card("Done"), "op-1-end", root)
    assert await desk.door.find(channel, "op-1-end", root) == below
    assert await desk.door.find(channel, "op-1-end") is None


async def test_a_post_is_found_below_many_others_and_the_search_has_an_end(desk: Desk, channel: str) -> None:
    message = await desk.door.post(channel, CARD, "op-1")
    place = desk.slack.world.channels[channel]
    for number in range(250):
        desk.slack.world.post(place, "U0EVE", f"chatter {number}")
    assert await desk.door.find(channel, "op-1") == message
    for number in range(100):
        desk.slack.world.post(place, "U0EVE", f"more chatter {number}")
    before = len(desk.slack.called("conversations.history"))
    assert await desk.door.find(channel, "op-1") is None
    assert len(desk.slack.called("conversations.history")) - before == 3


async def test_a_history_that_may_not_be_read_keeps_nothing_from_being_posted(desk: Desk, channel: str) -> None:
    desk.slack.web_api.scopes = frozenset(desk.slack.web_api.scopes) - {"channels:history"}
    with capture_logs() as logs:
        assert await desk.door.find(channel, "op-1") is None
    assert [one["event"] for one in logs] == ["slack_history_not_read"]


async def test_the_sender_posts_once_although_the_answer_was_lost(desk: Desk, channel: str) -> None:
    async def draw(kind: str, subject: str) -> Card:
        return CARD

    database = desk.router.house.database
    sender = Sender(database, desk.clock, {"slack": desk.door}, draw)
    async with database.write() as db:
        await posts.want(db, "op-1", "slack", channel, "operation", "1", desk.clock.now())
    desk.slack.faults.lose_answer("chat.postMessage")

    async def redrawn() -> bool:
        desk.clock.pass_by(timedelta(seconds=10))
        sender.wake()
        return bool(desk.slack.called("chat.update"))

    running = asyncio.create_task(sender.run())
    await until(redrawn)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert desk.slack.called("conversations.history")
    assert len(desk.slack.posted("backups")) == 1


# --- what Slack says -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.update"])
async def test_a_limit_says_when_to_come_again_and_is_kept_by_every_channel(
    desk: Desk, channel: str, method: str
) -> None:
    message = await desk.door.post(channel, CARD, "op-1")
    other = desk.slack.channel("incidents")

    async def call(place: str) -> None:
        if method == "chat.update":
            await desk.door.edit(place, message, CARD)
        else:
            await desk.door.post(place, CARD, "op-2")

    desk.slack.faults.rate_limit(method, 30)
    with pytest.raises(Outage) as limited:
        await call(channel)
    assert limited.value.retry_at == START + timedelta(seconds=30)
    asked = len(desk.slack.called(method))
    with pytest.raises(Outage) as kept:
        await call(other)
    assert kept.value.retry_at == START + timedelta(seconds=30)
    assert len(desk.slack.called(method)) == asked
    desk.clock.pass_by(timedelta(seconds=31))
    await call(channel)
    assert len(desk.slack.called(method)) == asked + 1


async def test_trouble_at_slack_is_an_outage(desk: Desk, channel: str) -> None:
    for status in (500, 503):
        desk.slack.faults.fail("chat.postMessage", status)
        with pytest.raises(Outage):
            await desk.door.post(channel, CARD, "op-1")
    desk.slack.faults.fail("chat.postMessage", error="internal_error")
    with pytest.raises(Outage):
        await desk.door.post(channel, CARD, "op-1")
    desk.slack.faults.cut("chat.postMessage")
    with pytest.raises(Outage):
        await desk.door.post(channel, CARD, "op-1")
    assert desk.slack.posted("backups") == []


@pytest.mark.parametrize(("kind", "body"), [("text/plain", "Please sign in."), ("application/json", "[1]")])
async def test_a_page_that_answers_in_the_place_of_slack_is_an_outage(kind: str, body: str) -> None:
    async def sign_in(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type=kind)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", sign_in)
    async with TestServer(app) as proxy:
        api = Api("xoxb-1", str(proxy.make_url("/api/")), FakeClock())
        api.start()
        with pytest.raises(Outage):
            await api.chat_postMessage(channel="C0", text="Export runs")
        await api.stop()


async def test_a_token_that_is_no_longer_valid_is_an_outage_until_it_is_mended(desk: Desk, channel: str) -> None:
    desk.slack.faults.fail("chat.postMessage", error="token_revoked")
    with pytest.raises(Outage, match="token_revoked"):
        await desk.door.post(channel, CARD, "op-1")


async def test_where_the_bot_is_not_says_how_to_invite_it(desk: Desk) -> None:
    for private in (False, True):
        elsewhere = desk.slack.add_channel(f"elsewhere-{private}".lower(), private=private, bot=False)
        with pytest.raises(Refused, match="/invite"):
            await desk.door.post(elsewhere, CARD, "op-1")


async def test_an_archived_channel_and_a_deleted_message_are_gone(desk: Desk, channel: str) -> None:
    with pytest.raises(Gone):
        await desk.door.post(desk.slack.add_channel("old", archived=True), CARD, "op-1")
    message = await desk.door.post(channel, CARD, "op-1")
    del desk.slack.world.channels[channel].messages[message]
    with pytest.raises(Gone):
        await desk.door.edit(channel, message, CARD)
    with pytest.raises(Gone):
        await desk.door.post(channel, CARD, "op-1-end", message)


async def test_what_slack_does_not_take_is_refused_and_logged_as_a_mistake(desk: Desk, channel: str) -> None:
    desk.slack.faults.fail("chat.postMessage", error="invalid_blocks")
    with capture_logs() as logs, pytest.raises(Refused, match="invalid_blocks"):
        await desk.door.post(channel, CARD, "op-1")
    assert [(one["event"], one["log_level"]) for one in logs] == [("slack_refused_what_was_drawn", "error")]


async def test_people_are_called_by_their_slack_ids_and_data_calls_nobody(desk: Desk, channel: str) -> None:
    await desk.door.post(channel, Card("For", (text(Mention("ada", "Ada"), " and <!channel>"),)), "op-1")
    (shown,) = desk.slack.posted("backups")
    assert "U0ADA" in str(shown.blocks)
    assert "<!channel>" not in shown.text


# --- files -----------------------------------------------------------------------------------------------------------


async def test_a_report_is_uploaded_into_the_thread_of_its_card_and_a_copy_never_is(desk: Desk, channel: str) -> None:
    with capture_logs() as logs:
        message = await desk.door.post(channel, REPORT, "op-1")
        await until(lambda: [one for one in desk.slack.posted("backups") if one.files])
        await until(lambda: logs)
    (file,) = [one for one in desk.slack.posted("backups") if one.files]
    assert file.files == ("runbook.md",) and file.thread_ts == message
    assert [one["event"] for one in logs] == ["slack_file_not_uploaded"]


async def test_a_redraw_brings_the_file_once_also_after_a_restart(
    slack: SlackEmulator, tmp_path: Path, channel: str
) -> None:
    report = Card("Verified", (Attachment("runbook.md", "runbook.md"),))
    async with at_slack(tmp_path, slack) as desk:
        message = await desk.door.post(channel, CARD, "op-1")
        await desk.door.edit(channel, message, report)
        await desk.door.edit(channel, message, report)
    async with at_slack(tmp_path, slack) as again:
        await again.door.edit(channel, message, report)
    assert [one.files for one in slack.posted("backups") if one.files] == [("runbook.md",)]


async def test_a_file_is_uploaded_where_the_history_may_not_be_read(desk: Desk, channel: str) -> None:
    desk.slack.web_api.scopes = frozenset(desk.slack.web_api.scopes) - {"channels:history"}
    await desk.door.post(channel, Card("Verified", (Attachment("runbook.md", "runbook.md"),)), "op-1")
    await until(lambda: [one.files for one in desk.slack.posted("backups") if one.files] == [("runbook.md",)])


async def test_a_file_of_an_answer_that_is_given_at_the_end_is_uploaded_too(
    slack: SlackEmulator, tmp_path: Path
) -> None:
    async with at_slack(tmp_path, slack) as desk:
        slack.faults.slow("chat.postMessage", 0.3)
        slack.faults.slow("files.getUploadURLExternal", 0.3)
        await desk.eve.say("/tide report", "backups")
    assert [one.files for one in slack.posted("backups") if one.files] == [("runbook.md",)]


async def test_a_file_that_cannot_be_uploaded_fails_no_post(desk: Desk, channel: str) -> None:
    desk.slack.web_api.scopes = frozenset(desk.slack.web_api.scopes) - {"files:write"}
    await desk.door.post(channel, Card("Verified", (Attachment("runbook.md", "runbook.md"),)), "op-1")
    assert [one.words.splitlines()[0] for one in desk.slack.posted("backups")] == ["Verified"]
