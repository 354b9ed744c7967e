"""Messages that are put into Discord's channels and threads: in order, once, and where they belong."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chat.cards import Attachment, Button, Buttons, Card, Mention, Progress, text
from bot.domain.errors import Outage, Refused
from bot.platforms.discord.listen import Discord
from bot.platforms.discord.permissions import bits
from bot.platforms.discord.spot import Spot
from bot.ports import Gone
from tests.emulators.discord import DiscordEmulator
from tests.emulators.discord.permissions import ATTACH_FILES, CREATE_PUBLIC_THREADS
from tests.platforms.discord_bot import TURN, Sea, sea
from tests.routing import FakeClock

POST = "POST /channels/{id}/messages"
EDIT = "PATCH /channels/{id}/messages/{id}"
THREAD = "POST /channels/{id}/messages/{id}/threads"
CARD = Card("Exporting", (Progress("production", 1, 3), Buttons((Button("Turn", TURN()),))))
DONE = Card("Exported", (text("All of it."),))


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Sea]:
    async with sea(tmp_path) as opened:
        yield opened


@pytest.fixture
async def door(here: Sea) -> AsyncIterator[Discord]:
    async with here.opened() as opened:
        yield opened


@pytest.fixture
def emulator(here: Sea) -> DiscordEmulator:
    return here.emulator


@pytest.fixture
def clock(here: Sea) -> FakeClock:
    return here.clock


@pytest.fixture
def channel(here: Sea) -> str:
    return here.emulator.channel("backups")


def let_pass(here: Sea, length: timedelta) -> None:
    here.clock.pass_by(length)
    here.emulator.clock.advance(length.total_seconds())


async def test_a_card_is_posted_and_redrawn_in_its_place(
    door: Discord, emulator: DiscordEmulator, channel: str
) -> None:
    message = await door.post(channel, CARD, "export-1")
    assert await door.edit(channel, message, DONE) == message
    (seen,) = emulator.posted("backups")
    assert seen.id == message
    assert "Exported" in seen.words
    assert seen.buttons == ()


async def test_only_those_are_called_whom_a_card_means_and_only_once(door: Discord, here: Sea, channel: str) -> None:
    ada = here.emulator.person("ada")
    card = Card("Look here", (text(Mention("ada", "Ada"), " and @everyone"),))
    message = await door.post(channel, card, "call")
    assert here.emulator.posted("backups")[0].pings == {ada.id}
    await door.edit(channel, message, card)
    assert here.emulator.posted("backups")[0].pings == frozenset()


async def test_files_go_with_a_message_and_its_redraws(door: Discord, emulator: DiscordEmulator, channel: str) -> None:
    card = Card("The plan", (Attachment("runbook.md", "runbook.md"),))
    message = await door.post(channel, card, "plan")
    await door.edit(channel, message, card)
    (seen,) = emulator.posted("backups")
    assert [file.name for file in seen.attachments] == ["runbook.md"]


# --- once ------------------------------------------------------------------------------------------------------------


async def test_a_message_whose_fate_is_unknown_is_found_again(
    door: Discord, emulator: DiscordEmulator, channel: str
) -> None:
    emulator.faults.lose_answer(POST)
    with pytest.raises(Outage):
        await door.post(channel, CARD, "export-1")
    await door.post(channel, DONE, "export-2")
    found = await door.find(channel, "export-1")
    assert found == emulator.posted("backups")[0].id
    # Redrawn before anybody recorded it, it is still to be found.
    assert await door.edit(channel, found, CARD) == found
    assert await door.find(channel, "export-1") == found
    assert await door.find(channel, "export-3") is None


async def test_a_message_is_found_by_a_process_that_did_not_post_it(here: Sea, channel: str) -> None:
    async with here.opened() as door:
        message = await door.post(channel, CARD, "export-1")
    async with here.opened() as door:
        let_pass(here, timedelta(minutes=30))
        assert await door.find(channel, "export-1") == message


async def test_the_same_message_sent_twice_within_minutes_is_one(
    door: Discord, emulator: DiscordEmulator, channel: str
) -> None:
    emulator.faults.lose_answer(POST)
    with pytest.raises(Outage):
        await door.post(channel, CARD, "export-1")
    await door.post(channel, CARD, "export-1")
    assert len(emulator.posted("backups")) == 1


# --- threads ---------------------------------------------------------------------------------------------------------


async def test_details_stand_in_the_thread_of_their_message(
    door: Discord, emulator: DiscordEmulator, channel: str
) -> None:
    head = await door.post(channel, CARD, "export-1")
    first = await door.post(channel, DONE, "done-1", head)
    await door.post(channel, DONE, "more-1", head)
    (board,) = emulator.posted("backups")
    assert board.thread
    assert [one.words.split(".")[0] for one in emulator.posted(board.thread)] == ["Exported\nAll of it"] * 2
    assert len(emulator.called(THREAD)) == 1
    body = emulator.called(THREAD)[0].body
    assert (body["name"], body["auto_archive_duration"]) == ("Exported", 1440)
    assert await door.find(channel, "done-1", head) == first
    assert await door.edit(channel, first, CARD) == first
    assert "Exporting" in emulator.posted(board.thread)[0].words


async def test_a_thread_is_known_to_be_there_after_a_restart(here: Sea, channel: str) -> None:
    async with here.opened() as door:
        head = await door.post(channel, CARD, "export-1")
        assert await door.find(channel, "done-1", head) is None
        await door.post(channel, DONE, "done-1", head)
    let_pass(here, timedelta(days=2))
    async with here.opened() as door:
        # It sleeps by now, so that nobody told of it.
        await door.post(channel, DONE, "done-2", head)
        assert len(here.emulator.posted(head)) == 2


async def test_a_thread_that_sleeps_is_woken_for_a_redraw(
    door: Discord, emulator: DiscordEmulator, channel: str
) -> None:
    head = await door.post(channel, CARD, "export-1")
    detail = await door.post(channel, CARD, "done-1", head)
    emulator.archive(head)
    await door.edit(channel, detail, DONE)
    assert "Exported" in emulator.posted(head)[0].words


async def test_a_thread_that_somebody_locked_stays_so_and_it_is_said(
    door: Discord, emulator: DiscordEmulator, channel: str
) -> None:
    head = await door.post(channel, CARD, "export-1")
    await door.post(channel, CARD, "done-1", head)
    emulator.archive(head, locked=True)
    with pytest.raises(Refused):
        await door.post(channel, DONE, "done-2", head)


async def test_where_there_can_be_no_thread_details_are_a_reply(tmp_path: Path) -> None:
    async with sea(tmp_path, permissions=bits() & ~CREATE_PUBLIC_THREADS) as here, here.opened() as door:
        channel = here.emulator.channel("backups")
        head = await door.post(channel, CARD, "export-1")
        detail = await door.post(channel, DONE, "done-1", head)
        assert await door.find(channel, "done-1", head) == detail
        sent = here.emulator.called(POST)[-1]
        assert sent.body["message_reference"]["message_id"] == int(head)
        assert len(here.emulator.posted("backups")) == 2


async def test_a_command_in_a_thread_has_its_details_there(
    door: Discord, emulator: DiscordEmulator, channel: str
) -> None:
    thread = await door.post(channel, CARD, "export-1")
    await door.post(channel, DONE, "done-1", thread)
    head = await door.post(thread, CARD, "export-2")
    detail = await door.post(thread, DONE, "done-2", head)
    assert [one.id for one in emulator.posted(thread)][-2:] == [head, detail]


# --- old messages ----------------------------------------------------------------------------------------------------


async def test_a_board_older_than_an_hour_is_posted_anew_and_the_old_one_taken_away(
    door: Discord, here: Sea, channel: str
) -> None:
    old = await door.post(channel, Card("Look", (text(Mention("ada", "Ada")),)), "export-1")
    await door.post(channel, DONE, "something else")
    let_pass(here, timedelta(minutes=59))
    assert await door.edit(channel, old, CARD) == old
    let_pass(here, timedelta(minutes=2))
    new = await door.edit(channel, old, Card("Look", (text(Mention("ada", "Ada")),)))
    assert [one.id for one in here.emulator.posted("backups")][1:] == [new]
    assert old not in [one.id for one in here.emulator.posted("backups")]
    # It calls nobody again, and wakes nobody.
    assert here.emulator.posted("backups")[-1].pings == frozenset()
    assert here.emulator.called(POST)[-1].body["flags"] & 1 << 12
    assert await door.edit(channel, new, DONE) == new


async def test_a_board_posted_anew_keeps_its_thread(door: Discord, here: Sea, channel: str) -> None:
    old = await door.post(channel, CARD, "export-1")
    await door.post(channel, DONE, "done-1", old)
    let_pass(here, timedelta(hours=2))
    new = await door.edit(channel, old, CARD)
    pointer, board = here.emulator.posted("backups")
    assert pointer.id == old
    assert pointer.links["Go there"].endswith(f"/{channel}/{board.id}")
    detail = await door.post(channel, DONE, "done-2", new)
    assert len(here.emulator.posted(old)) == 2
    let_pass(here, timedelta(hours=2))
    newer = await door.edit(channel, new, DONE)
    assert len(here.emulator.posted("backups")) == 2
    assert await door.find(channel, "done-2", newer) == detail


@pytest.mark.parametrize("lost", [POST, "DELETE /channels/{id}/messages/{id}"])
async def test_posting_anew_that_was_cut_off_is_completed_by_the_next_try(
    door: Discord, here: Sea, channel: str, lost: str
) -> None:
    old = await door.post(channel, CARD, "export-1")
    let_pass(here, timedelta(hours=2))
    # aiohttp itself tries a deletion again.
    here.emulator.faults.lose_answer(lost, times=2 if "DELETE" in lost else 1)
    with pytest.raises(Outage):
        await door.edit(channel, old, CARD)
    let_pass(here, timedelta(minutes=10))
    new = await door.edit(channel, old, DONE)
    (only,) = here.emulator.posted("backups")
    assert only.id == new
    assert "Exported" in only.words


async def test_an_old_board_that_is_gone_already_was_taken_away(door: Discord, here: Sea, channel: str) -> None:
    old = await door.post(channel, CARD, "export-1")
    let_pass(here, timedelta(hours=2))
    # aiohttp tries the deletion again, and is told that there is no such message.
    here.emulator.faults.lose_answer("DELETE /channels/{id}/messages/{id}")
    new = await door.edit(channel, old, DONE)
    assert [one.id for one in here.emulator.posted("backups")] == [new]


# --- what can go wrong -----------------------------------------------------------------------------------------------


async def test_what_is_not_there_any_more_is_gone(door: Discord, here: Sea, channel: str) -> None:
    with pytest.raises(Gone):
        await door.post("4711", CARD, "export-1")
    assert await door.find("4711", "export-1") is None
    with pytest.raises(Gone):
        await door.edit(channel, "4711", CARD)
    message = await door.post(channel, CARD, "export-2")
    let_pass(here, timedelta(hours=2))
    here.emulator.messages.all[message].gone = True
    with pytest.raises(Gone):
        await door.edit(channel, message, CARD)


async def test_a_channel_that_is_closed_to_it_is_named_with_what_is_lacking(
    door: Discord, emulator: DiscordEmulator, channel: str
) -> None:
    emulator.hide("backups")
    with pytest.raises(Refused) as refused:
        await door.post(channel, CARD, "export-1")
    assert "#backups" in refused.value.problem
    assert "View Channel" in refused.value.hint


async def test_a_missing_permission_is_named_alone(tmp_path: Path) -> None:
    async with sea(tmp_path, permissions=bits() & ~ATTACH_FILES) as here, here.opened() as door:
        card = Card("The plan", (Attachment("runbook.md", "runbook.md"),))
        with pytest.raises(Refused) as refused:
            await door.post(here.emulator.channel("backups"), card, "plan")
    assert refused.value.hint == "Allow its role there, in the channel's settings: Attach Files."


async def test_a_rate_limit_is_for_the_sender_to_wait_out(door: Discord, here: Sea, channel: str) -> None:
    here.emulator.faults.rate_limit(POST, 120)
    with pytest.raises(Outage) as limited:
        await door.post(channel, CARD, "export-1")
    assert limited.value.retry_at == here.clock.now() + timedelta(seconds=120)


@pytest.mark.parametrize("status", [401, 503])
async def test_trouble_that_ends_by_itself_is_waited_out(
    door: Discord, emulator: DiscordEmulator, channel: str, status: int
) -> None:
    emulator.faults.fail(POST, status)
    with pytest.raises(Outage):
        await door.post(channel, CARD, "export-1")
    await door.post(channel, CARD, "export-1")


async def test_a_message_that_discord_will_never_take_is_refused(
    door: Discord, emulator: DiscordEmulator, channel: str
) -> None:
    emulator.faults.fail(POST, 400, code=50035)
    with pytest.raises(Refused):
        await door.post(channel, CARD, "export-1")


async def test_a_door_that_is_not_connected_takes_nothing(here: Sea, channel: str) -> None:
    with pytest.raises(Outage):
        await here.door().post(channel, CARD, "export-1")


@pytest.mark.parametrize("spot", [Spot(1, 7), Spot(1, 8), Spot(1, 7, 9), Spot(1, 8, 9)])
def test_the_place_of_a_message_is_read_as_it_was_written(spot: Spot) -> None:
    assert Spot.read("7", spot.written_in("7")) == spot
