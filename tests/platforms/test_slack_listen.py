"""Coming in by Slack: acknowledged in time, carried out once, answered where it belongs."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.chat.cards import Buttons, Card, Table
from bot.platforms.slack.api import Api
from bot.platforms.slack.incoming import Address
from bot.platforms.slack.people import UserGroups
from bot.platforms.slack.stationery import Stationery
from bot.views.actions import say
from tests.emulators.slack import SIGNING_SECRET, SlackEmulator
from tests.platforms.slack_bot import OPERATORS, Desk, World, at_slack
from tests.routing import FakeClock
from tests.waiting import until


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    """An emulated workspace."""
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture(params=["socket", "http"])
async def desk(slack: SlackEmulator, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Desk]:
    """A bot that is connected; each test runs in Socket Mode and in HTTP mode."""
    async with at_slack(tmp_path, slack, http=request.param == "http") as opened:
        yield opened
        assert slack.complaints == []
        assert slack.timeouts == []


# --- commands --------------------------------------------------------------------------------------------------------


async def test_a_command_is_acknowledged_at_once_and_answered_privately(desk: Desk) -> None:
    desk.world.seconds = 1.0
    sent = await desk.eve.say("/tide status", "backups")
    assert sent.ack is not None and sent.ack.seconds < desk.world.seconds
    shown = await desk.eve.sees("The tide is low", "backups")
    assert shown.ephemeral
    assert "Seen by eve" in shown.words
    assert desk.world.made == [("status", "slack:U0EVE", desk.slack.channel("backups"))]


async def test_what_everybody_should_see_is_posted_into_the_channel(desk: Desk) -> None:
    await desk.eve.say("/tide rise", "backups")
    shown = await desk.slack.person("zoe").sees("The tide rises", "backups")
    assert not shown.ephemeral


async def test_a_bare_command_shows_buttons_for_what_it_can_do(desk: Desk) -> None:
    await desk.eve.say("/tide", "backups")
    shown = await desk.eve.sees("Look at the tide", "backups")
    assert "Status" in shown.buttons


async def test_a_public_answer_where_the_bot_is_not_comes_privately_and_says_how_to_invite_it(desk: Desk) -> None:
    desk.slack.add_channel("elsewhere", bot=False)
    await desk.eve.say("/tide rise", "elsewhere")
    shown = await desk.eve.sees("The tide rises", "elsewhere")
    assert shown.ephemeral
    assert "/invite @lifeboat" in shown.words


async def test_who_asked_is_told_when_the_work_cannot_be_posted_about_there(desk: Desk) -> None:
    channel = desk.slack.add_channel("elsewhere", private=True, bot=False)
    desk.slack.world.channels[channel].members.add(desk.eve.id)
    await desk.eve.say("/tide status", "elsewhere")
    await desk.eve.sees("The tide is low", "elsewhere")
    with pytest.raises(Exception, match="not in that channel"):
        await desk.door.post(channel, Card("Export runs"), "op-1")
    told = await desk.eve.sees("I cannot post about it", "elsewhere")
    assert told.ephemeral and "/invite @lifeboat" in told.words


async def test_a_delivery_that_comes_twice_has_one_effect(desk: Desk) -> None:
    desk.slack.faults.deliver_twice = True
    await desk.eve.say("/tide rise", "backups")
    await desk.eve.sees("The tide rises", "backups")
    await desk.slack.settled()
    await asyncio.sleep(0.2)
    assert len(desk.world.made) == 1
    assert len(desk.slack.posted("backups")) == 1


async def test_a_mistake_is_shown_with_its_reference_and_ends_nothing(desk: Desk) -> None:
    await desk.eve.say("/tide nonsense", "backups")
    await desk.eve.sees("/tide has no “nonsense”.", "backups")
    await desk.eve.say("/tide status", "backups")
    await desk.eve.sees("The tide is low", "backups")


async def test_an_answer_waits_out_a_short_pause_that_slack_asks_for(desk: Desk) -> None:
    desk.slack.faults.rate_limit("chat.postEphemeral", 1)
    await desk.eve.mention("tide status", "backups")
    await _seen_as_time_passes(desk, "The tide is low")
    assert len(desk.world.made) == 1


async def test_a_public_answer_waits_out_a_short_pause_too(desk: Desk) -> None:
    desk.slack.faults.rate_limit("chat.postMessage", 1)
    await desk.eve.say("/tide rise", "backups")
    await _seen_as_time_passes(desk, "The tide rises")
    assert not (await desk.eve.sees("The tide rises", "backups")).ephemeral


async def _seen_as_time_passes(desk: Desk, words: str) -> None:
    def seen() -> bool:
        desk.clock.pass_by(timedelta(seconds=1))
        return any(words in one.words for one in desk.eve.messages("backups"))

    await until(seen)


async def test_a_public_answer_in_an_archived_channel_is_shown_to_who_asked(desk: Desk) -> None:
    desk.slack.world.named("incidents").archived = True
    await desk.eve.say("/tide rise", "incidents")
    assert "Only you see this" in (await desk.eve.sees("The tide rises", "incidents")).words


async def test_an_answer_whose_own_address_takes_nothing_goes_another_way(desk: Desk) -> None:
    desk.slack.faults.fail("response_url", 500)
    await desk.eve.say("/tide status", "backups")
    assert (await desk.eve.sees("The tide is low", "backups")).ephemeral
    desk.slack.add_channel("elsewhere", bot=False)
    desk.slack.faults.fail("response_url", 500)
    await desk.eve.say("/tide status", "elsewhere")
    await desk.eve.sees("The tide is low", "dm")


async def test_many_at_once_are_all_acknowledged_and_answered(desk: Desk) -> None:
    desk.world.seconds = 0.05
    sent = await asyncio.gather(*(desk.eve.say("/tide status", "backups") for _ in range(60)))
    assert max(one.ack.seconds for one in sent if one.ack) < 2
    await until(lambda: len(desk.eve.messages("backups")) == 60)


# --- people ----------------------------------------------------------------------------------------------------------


async def test_a_user_group_gives_its_members_a_role(slack: SlackEmulator, tmp_path: Path) -> None:
    zoe = slack.person("zoe")
    slack.group(OPERATORS, zoe)
    async with at_slack(tmp_path, slack) as desk:
        await desk.eve.say("/tide drain", "backups")
        await desk.eve.sees("needs the role operator", "backups")
        await zoe.say("/tide drain", "backups")
        await zoe.sees("Drained", "backups")


async def test_a_group_that_slack_is_asked_about_in_vain_keeps_its_members_and_one_that_is_deleted_has_none(
    slack: SlackEmulator,
) -> None:
    zoe = slack.person("zoe")
    slack.group(OPERATORS, zoe)
    api = Api(slack.bot_token, slack.api, FakeClock())
    groups = UserGroups(api, [OPERATORS], soon=0.05)
    slack.faults.fail("usergroups.users.list", 500)
    await groups.refresh()
    assert not groups.of(zoe.id)
    looking = asyncio.create_task(groups.keep())
    await until(lambda: groups.of(zoe.id))
    looking.cancel()
    slack.faults.fail("usergroups.users.list", 500)
    await groups.refresh()
    assert groups.of(zoe.id)
    del slack.world.groups[OPERATORS]
    await groups.refresh()
    assert not groups.of(zoe.id) and groups.problem is not None


async def test_a_member_of_the_plan_is_known_by_their_slack_id(desk: Desk) -> None:
    ada = desk.slack.person("ada", "U0ADA")
    await ada.say("/tide drain", "backups")
    await ada.sees("Drained", "backups")
    assert desk.world.made == [("drain", "ada")]


async def test_without_the_scope_for_user_groups_commands_still_work(slack: SlackEmulator, tmp_path: Path) -> None:
    slack.web_api.scopes = frozenset(slack.web_api.scopes) - {"usergroups:read"}
    async with at_slack(tmp_path, slack) as desk:
        await desk.eve.say("/tide status", "backups")
        await desk.eve.sees("The tide is low", "backups")


# --- buttons ---------------------------------------------------------------------------------------------------------


async def test_a_button_that_says_a_command_does_the_same_as_typing_it(desk: Desk) -> None:
    await desk.eve.say("/tide status", "backups")
    await desk.eve.press(await desk.eve.sees("The tide is low", "backups"), "Rise")
    assert not (await desk.eve.sees("The tide rises", "backups")).ephemeral


async def test_a_private_card_is_replaced_by_what_its_button_gives(desk: Desk) -> None:
    await desk.eve.say("/tide status", "backups")
    before = await desk.eve.sees("The tide is low", "backups")
    await desk.eve.press(before, "Turn")
    await desk.eve.sees("The tide has turned", "backups")
    assert len(desk.eve.messages("backups")) == 1


async def test_a_card_that_everybody_sees_is_replaced_for_everybody(desk: Desk) -> None:
    await desk.eve.say("/tide rise", "backups")
    before = await desk.eve.sees("The tide rises", "backups")
    await desk.eve.press(before, "Turn")
    await desk.eve.sees("The tide has turned", "backups")
    assert [one.words for one in desk.slack.posted("backups")] == ["The tide has turned"]


async def test_a_menu_sends_what_was_picked(desk: Desk) -> None:
    await desk.eve.say("/tide status", "backups")
    await desk.eve.pick(await desk.eve.sees("The tide is low", "backups"), "First")
    await desk.eve.sees("Kept copy-1", "backups")


async def test_a_private_answer_to_a_button_in_a_thread_stays_in_the_thread(desk: Desk) -> None:
    channel = desk.slack.channel("backups")
    root = await desk.door.post(channel, Card("Export"), "op-1")
    await desk.eve.mention("tide rise", "backups", thread=root)
    shown = await desk.eve.sees("The tide rises", "backups", thread=root)
    assert shown.thread_ts == root
    await desk.eve.mention("tide status", "backups", thread=root)
    private = await desk.eve.sees("The tide is low", "backups", thread=root)
    assert private.ephemeral and private.thread_ts == root
    await desk.eve.press(private, "Rise")
    await until(lambda: len([one for one in desk.slack.posted("backups") if "rises" in one.words]) == 2)
    assert all(one.thread_ts == root for one in desk.slack.posted("backups") if "rises" in one.words)


async def test_a_private_answer_to_a_card_with_others_under_it_stands_in_the_channel(desk: Desk) -> None:
    channel = desk.slack.channel("backups")
    card = Card("The export has ended", (Buttons((say("And now?", "/tide status"),)),))
    head = await desk.door.post(channel, card, "op-1")
    await desk.door.post(channel, Card("Ada, it has ended"), "op-1-end", head)
    await desk.eve.press(await desk.eve.sees("The export has ended", "backups"), "And now?")
    assert (await desk.eve.sees("The tide is low", "backups")).thread_ts is None


# --- forms -----------------------------------------------------------------------------------------------------------


async def test_a_command_without_its_argument_opens_a_form(desk: Desk) -> None:
    await desk.eve.say("/tide keep", "backups")
    await until(lambda: desk.eve.modal)
    assert [one.label for one in await desk.eve.suggestions("copy", "copy-")] == [
        "copy-1 (kept)",
        "copy-2 (kept)",
        "copy-",
    ]
    assert await desk.eve.submit(copy="copy-2", reason="it is good") is None
    assert (await desk.eve.sees("Kept copy-2", "backups")).ephemeral
    assert desk.world.made == [("keep", "copy-2", "it is good")]


async def test_a_wrong_field_is_named_in_the_form_and_can_be_mended_there(desk: Desk) -> None:
    await desk.eve.say("/tide keep", "backups")
    await until(lambda: desk.eve.modal)
    wrong = await desk.eve.submit(copy="copy-9")
    assert wrong is not None and "There is no such copy." in wrong["copy"]
    assert await desk.eve.submit(copy="copy-1") is None
    await desk.eve.sees("Kept copy-1", "backups")


async def test_a_form_that_takes_long_is_closed_in_time_and_answered_later(desk: Desk) -> None:
    await desk.eve.say("/tide keep", "backups")
    await until(lambda: desk.eve.modal)
    desk.world.seconds = 2.4
    assert await desk.eve.submit(copy="copy-1") is None
    assert desk.eve.modal is None
    await desk.eve.sees("Kept copy-1", "backups")


async def test_a_form_refused_late_comes_back_as_a_button_that_opens_it_again(desk: Desk) -> None:
    await desk.eve.say("/tide keep", "backups")
    await until(lambda: desk.eve.modal)
    desk.world.seconds = 2.4
    assert await desk.eve.submit(copy="copy-9", reason="because") is None
    card = await desk.eve.sees("Not sent", "backups")
    desk.world.seconds = 0
    await desk.eve.press(card, "Correct it")
    await until(lambda: desk.eve.modal)
    assert await desk.eve.submit(copy="copy-1") is None
    await until(lambda: desk.world.made == [("keep", "copy-1", "because")])


async def test_a_form_that_came_too_late_says_so_with_a_way_to_open_it(desk: Desk) -> None:
    await desk.eve.say("/tide status", "backups")
    card = await desk.eve.sees("The tide is low", "backups")
    desk.slack.faults.fail("views.open", error="expired_trigger_id")
    await desk.eve.press(card, "Note…")
    late = await desk.eve.sees("it came too late", "backups")
    await desk.eve.press(late, "Open the form")
    await until(lambda: desk.eve.modal)
    assert await desk.eve.submit(words="high water") is None
    await desk.eve.sees("Noted", "backups")


async def test_completions_that_take_long_are_given_up_in_time(desk: Desk) -> None:
    await desk.eve.say("/tide keep", "backups")
    await until(lambda: desk.eve.modal)
    desk.world.suggestion_seconds = 10
    assert [one.value for one in await desk.eve.suggestions("copy", "copy")] == ["copy"]


# --- by name, at home ------------------------------------------------------------------------------------------------


async def test_calling_the_bot_by_name_is_the_same_as_the_command(desk: Desk) -> None:
    await desk.eve.mention("tide status", "backups")
    assert (await desk.eve.sees("The tide is low", "backups")).ephemeral


async def test_calling_the_bot_by_name_alone_shows_what_can_be_done(desk: Desk) -> None:
    await desk.eve.mention("", "backups")
    shown = await desk.eve.sees("Next quarterly test", "backups")
    assert "All commands" in shown.buttons


async def test_a_form_asked_for_by_name_is_opened_by_a_button(desk: Desk) -> None:
    await desk.eve.mention("tide keep", "backups")
    await desk.eve.press(await desk.eve.sees("/tide keep", "backups"), "Open the form")
    await until(lambda: desk.eve.modal)
    assert await desk.eve.submit(copy="copy-1") is None
    await desk.eve.sees("Kept copy-1", "backups")


async def test_a_robot_that_calls_the_bot_is_not_answered(desk: Desk) -> None:
    channel = desk.slack.channel("backups")
    about = {"user": "U0EVE", "text": "<@U0LIFEBOAT> tide rise", "ts": "1.000001", "channel": channel}
    desk.slack.tell({"type": "app_mention", "bot_id": "B0OTHER"} | about)
    await desk.slack.settled()
    await asyncio.sleep(0.1)
    assert desk.world.made == []


async def test_the_home_tab_shows_how_things_stand_and_its_answers_are_direct_messages(desk: Desk) -> None:
    await desk.eve.open_home()
    await until(lambda: desk.eve.home)
    home = desk.eve.home
    assert home is not None and "Next quarterly test" in home.words
    published = len(desk.slack.called("views.publish"))
    await desk.eve.press(home, "All commands")
    await desk.eve.sees("/tide", "dm")
    await until(lambda: len(desk.slack.called("views.publish")) > published)


# --- anything else ---------------------------------------------------------------------------------------------------


async def test_a_table_in_the_home_tab_is_none_of_slacks_which_would_be_refused_there(desk: Desk) -> None:
    card = Card("Copies", (Table(("Copy", "Rows"), ((("copy-1",), ("12",)),)),))
    drawn = Stationery(desk.router.house, "").home(card, Address("U1", "D1", home=True))
    assert "table" not in [block["type"] for block in drawn["blocks"]] and "copy-1" in str(drawn)


async def test_what_nobody_listens_to_is_acknowledged_and_answered(desk: Desk) -> None:
    place = desk.slack.world.named("backups")
    payload: dict[str, Any] = desk.slack.payloads.slash(desk.eve.id, place, "/none", "")
    shortcut = {
        "type": "message_action",
        "callback_id": "else",
        "user": {"id": desk.eve.id},
        "team": {"id": "T0CAMPUS0"},
        "channel": {"id": place.id},
        "response_url": payload["response_url"],
        "trigger_id": payload["trigger_id"],
    }
    delivery = await desk.slack.post.deliver("message_action", shortcut, accepts=False)
    assert delivery.acked.done()
    await desk.eve.sees("/lifeboat help", "backups")


async def test_a_prefix_is_taken_off_what_is_typed_and_put_on_what_is_shown(
    slack: SlackEmulator, tmp_path: Path
) -> None:
    async with at_slack(tmp_path, slack, prefix="cc-") as desk:
        await desk.eve.say("/cc-tide status", "backups")
        shown = await desk.eve.sees("The tide is low", "backups")
        assert "Type /cc-tide rise." in shown.words
        await desk.eve.press(shown, "Rise")
        await desk.eve.sees("The tide rises", "backups")


async def test_a_request_with_a_wrong_signature_is_refused(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack, http=True) as desk:
        status, _, _ = await slack.http.send(
            "command=%2Ftide&text=status", "application/x-www-form-urlencoded", secret="x"
        )
        assert status == 401
        assert await slack.http.verify()
        assert desk.world.made == [] and SIGNING_SECRET


async def test_without_a_signing_secret_nothing_that_is_posted_is_taken(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack) as desk, aiohttp.ClientSession() as session:
        assert desk.world == World()
        async with session.post(desk.url, data="command=%2Ftide&text=status") as answer:
            assert answer.status == 404


async def test_two_bots_on_one_database_carry_out_each_delivery_once(slack: SlackEmulator, tmp_path: Path) -> None:
    world = World()
    async with at_slack(tmp_path, slack, world=world) as first, at_slack(tmp_path, slack, world=world):
        await slack.ready(2)
        slack.faults.deliver_twice = True
        for _ in range(5):
            await first.eve.say("/tide rise", "backups")
        await until(lambda: len(slack.posted("backups")) == 5)
        await slack.settled()
        await asyncio.sleep(0.2)
        assert len(world.made) == 5
        assert len(slack.posted("backups")) == 5
