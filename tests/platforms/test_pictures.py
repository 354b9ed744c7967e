"""A picture in public posts of Slack and Discord: shown in the message, uploaded once, in words where it cannot be."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.chat.cards import Attachment, Buttons, Card, Divider, Heading, Image, text
from bot.domain.errors import Outage
from bot.platforms.slack.pictures import PATIENCE
from bot.store import pictures
from bot.store.database import Database
from bot.store.pictures import Picture
from bot.views.actions import say
from tests.emulators.slack import SlackEmulator
from tests.platforms.discord_bot import Sea, sea
from tests.platforms.slack_bot import Desk, at_slack
from tests.routing import START
from tests.waiting import until

PNG, ALT = b"\x89PNG\r\n and so on", "Errors rose to 40 a minute"


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
async def here(tmp_path: Path) -> AsyncIterator[Sea]:
    """An emulated Discord."""
    async with sea(tmp_path) as opened:
        yield opened


async def card_with(database: Database, *rest: Any, png: bytes = PNG) -> Card:
    """A card with a picture that is kept."""
    async with database.write() as db:
        name = await pictures.keep(db, Picture(png, "<svg/>"), START)
    return Card("Errors", (text("See for yourself."), Image(ALT, f"picture/{name}.png"), *rest))


def images(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [block for block in blocks if block["type"] == "image"]


# --- Slack -----------------------------------------------------------------------------------------------------------


async def test_a_picture_stands_in_slacks_message_with_its_words(desk: Desk, slack: SlackEmulator) -> None:
    await desk.door.post(slack.channel("backups"), await card_with(desk.router.house.database), "p")
    (shown,) = slack.posted("backups")
    (image,) = images(shown.blocks)
    assert image["alt_text"] == ALT
    assert slack.world.files[image["slack_file"]["id"]].content == PNG
    assert "Picture:" not in shown.words and shown.files == ()


async def test_a_picture_is_uploaded_once_for_every_redraw_and_channel(desk: Desk, slack: SlackEmulator) -> None:
    card = await card_with(desk.router.house.database)
    channel = slack.channel("backups")
    message = await desk.door.post(channel, card, "p")
    await desk.door.edit(channel, message, card)
    await desk.door.post(channel, card, "in the thread", message)
    assert len(slack.called("files.completeUploadExternal")) == 1
    assert all(images(one.blocks) for one in slack.posted("backups"))


async def test_a_message_waits_until_slack_has_looked_into_its_picture(desk: Desk, slack: SlackEmulator) -> None:
    slack.world.scans = 2
    await desk.door.post(slack.channel("backups"), await card_with(desk.router.house.database), "p")
    (shown,) = slack.posted("backups")
    assert images(shown.blocks)
    assert len(slack.called("chat.postMessage")) == 3


async def test_a_picture_that_slack_never_takes_is_in_words_and_beside_the_message(
    desk: Desk, slack: SlackEmulator
) -> None:
    slack.world.scans = len(PATIENCE) + 1
    card = await card_with(desk.router.house.database)
    channel = slack.channel("backups")
    with capture_logs() as logs:
        message = await desk.door.post(channel, card, "p")
    assert "slack_pictures_not_taken" in {one["event"] for one in logs}
    await until(lambda: [one for one in slack.posted("backups") if one.files])
    first, file = slack.posted("backups")
    assert not images(first.blocks) and f"Picture: {ALT}" in first.words
    assert file.thread_ts == message and file.files == (card.blocks[1].file.partition("/")[2],)  # type: ignore[union-attr]  # the picture
    tries = len(slack.called("chat.update"))
    await desk.door.edit(channel, message, card)
    assert len(slack.called("chat.update")) == tries + 1


async def test_a_picture_that_cannot_be_uploaded_is_in_words_and_a_redraw_tries_again(
    desk: Desk, slack: SlackEmulator
) -> None:
    card = await card_with(desk.router.house.database)
    channel = slack.channel("backups")
    slack.faults.fail("upload", 500)
    message = await desk.door.post(channel, card, "p")
    assert f"Picture: {ALT}" in slack.posted("backups")[0].words
    await desk.door.edit(channel, message, card)
    assert images(slack.posted("backups")[0].blocks)


async def test_a_picture_that_is_not_kept_any_more_is_in_words_on_slack(desk: Desk, slack: SlackEmulator) -> None:
    await desk.door.post(slack.channel("backups"), Card("Errors", (Image(ALT, "picture/none.png"),)), "p")
    assert f"Picture: {ALT}" in slack.posted("backups")[0].words


async def test_what_goes_wrong_with_a_message_is_not_put_down_to_its_picture(desk: Desk, slack: SlackEmulator) -> None:
    card = await card_with(desk.router.house.database)
    slack.faults.rate_limit("chat.postMessage", 30)
    with pytest.raises(Outage, match="pause"):
        await desk.door.post(slack.channel("backups"), card, "p")
    assert slack.posted("backups") == []


async def test_of_many_pictures_the_first_are_shown_and_the_others_told(desk: Desk, slack: SlackEmulator) -> None:
    more = [
        (await card_with(desk.router.house.database, png=hashlib.sha256(bytes([at])).digest())).blocks[1]
        for at in range(8)
    ]
    await desk.door.post(slack.channel("backups"), Card("Errors", tuple(more)), "p")
    (shown,) = [one for one in slack.posted("backups") if not one.files]
    assert len(images(shown.blocks)) == 5 and shown.words.count("Picture:") == 3


async def test_a_long_card_keeps_its_picture_and_slacks_limits(desk: Desk, slack: SlackEmulator) -> None:
    parts = [part for at in range(40) for part in (Heading(f"Part {at}"), text("long " * 100), Divider())]
    buttons = [Buttons((say(f"Button {at}", f"/tide status {at}"),)) for at in range(30)]
    card = await card_with(desk.router.house.database, *parts, *buttons)
    await desk.door.post(slack.channel("backups"), card, "p")
    (shown,) = slack.posted("backups")
    assert len(images(shown.blocks)) == 1 and len(shown.blocks) <= 50


async def test_a_private_answer_on_slack_says_a_picture_in_words(desk: Desk) -> None:
    drawn = desk.door._stationery.message(Card("Errors", (Image(ALT, "picture/none.png"),)))
    assert not images(drawn["blocks"])


# --- Discord ---------------------------------------------------------------------------------------------------------


async def test_a_picture_stands_in_discords_message_with_its_words(here: Sea) -> None:
    beside = (Attachment("runbook.md", "runbook.md"), Buttons((say("Status", "/tide status"),)))
    card = await card_with(here.router.house.database, *beside)
    async with here.opened() as door:
        message = await door.post(here.emulator.channel("backups"), card, "p")
        await door.edit(here.emulator.channel("backups"), message, card)
    (shown,) = here.emulator.posted("backups")
    assert shown.attachments[0].content == PNG
    assert [file.name.rpartition(".")[2] for file in shown.attachments] == ["png", "md"]
    galleries = [one for one in shown.components[0]["components"] if one["type"] == 12]
    assert [item["description"] for one in galleries for item in one["items"]] == [ALT]


async def test_a_picture_that_is_not_kept_any_more_is_in_words_on_discord(here: Sea) -> None:
    async with here.opened() as door:
        await door.post(here.emulator.channel("backups"), Card("Errors", (Image(ALT, "picture/none.png"),)), "p")
    (shown,) = here.emulator.posted("backups")
    assert ALT in shown.words and shown.attachments == ()
