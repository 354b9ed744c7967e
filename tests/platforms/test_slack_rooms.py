"""Rooms in Slack: one channel for each key, filled and pinned; what is private to somebody; lines without a mention."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.chat.cards import Card, text
from bot.chat.units import length
from bot.domain.errors import Outage, Refused
from bot.domain.people import PersonId
from bot.operations.sender import Sender
from bot.platforms.slack.rooms import MOST_NUMBERS, fitted, topic
from bot.platforms.slack.scopes import SCOPES
from bot.platforms.slack.scopes import scopes as asked_for
from bot.ports import Gone
from bot.ports.chat import Room
from bot.store import posts
from tests.emulators.slack import SlackEmulator
from tests.emulators.slack.world import BOT_USER, Channel
from tests.platforms.slack_bot import Desk, at_slack
from tests.routing import START
from tests.waiting import until

NAME = "inc-2026-09-01-users-deleted"
ADA, UNKNOWN = PersonId("ada"), PersonId("ben")
CARD = Card("You hold this step", (text("Say so when it is done."),))


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    """An emulated workspace, which grants what the manifest asks for."""
    async with SlackEmulator(scopes=SCOPES) as emulator:
        yield emulator


@pytest.fixture
async def desk(slack: SlackEmulator, tmp_path: Path) -> AsyncIterator[Desk]:
    """A bot that is connected, and Ada whom the plan knows."""
    slack.person("ada", user_id="U0ADA")
    async with at_slack(tmp_path, slack) as opened:
        yield opened
        assert slack.complaints == []


def opened(slack: SlackEmulator) -> list[Channel]:
    """The channels that the bot has made."""
    return [one for one in slack.world.channels.values() if one.creator == BOT_USER]


# --- opening ---------------------------------------------------------------------------------------------------------


async def test_a_room_is_a_public_channel_with_a_link_to_it(desk: Desk) -> None:
    room = await desk.door.open_room(NAME, "incident-1")
    (made,) = opened(desk.slack)
    assert room == Room(made.id, NAME, f"https://campus.slack.com/archives/{made.id}")
    assert made.kind == "channel" and "Lifeboat" in made.purpose
    await desk.door.post(room.channel, CARD, "incident-1-board")
    assert [one.words.splitlines()[0] for one in desk.slack.posted(NAME)] == [CARD.title]


async def test_a_room_can_be_private(slack: SlackEmulator, tmp_path: Path) -> None:
    slack.web_api.scopes = frozenset(asked_for(private_rooms=True))
    async with at_slack(tmp_path, slack, private_rooms=True) as desk:
        assert desk.door.rooms and len(await desk.door.symptoms()) == 1
        slack.faults.lose_answer("conversations.create")
        with pytest.raises(Outage):
            await desk.door.open_room(NAME, "incident-1")
        room = await desk.door.open_room(NAME, "incident-1")
        assert await desk.door.invite(room.channel, [ADA]) == [ADA]
        slack.person("ada", user_id="U0ADA")
        assert await desk.door.invite(room.channel, [ADA]) == []
        await desk.door.set_topic(room.channel, "Down")
    (made,) = opened(slack)
    assert (made.kind, made.id, made.topic) == ("group", room.channel, "Down")
    assert made.members == {BOT_USER, "U0ADA"}


async def test_asked_again_with_a_key_the_room_that_stands_is_given(desk: Desk) -> None:
    first = await desk.door.open_room(NAME, "incident-1")
    assert await desk.door.open_room(NAME, "incident-1") == first
    assert len(opened(desk.slack)) == 1


@pytest.mark.parametrize("method", ["conversations.create", "conversations.setPurpose"])
async def test_a_lost_answer_gives_one_room(desk: Desk, method: str) -> None:
    desk.slack.faults.lose_answer(method)
    with pytest.raises(Outage):
        await desk.door.open_room(NAME, "incident-1")
    room = await desk.door.open_room(NAME, "incident-1")
    assert [(one.id, one.name) for one in opened(desk.slack)] == [(room.channel, NAME)]
    assert await desk.door.open_room(NAME, "incident-1") == room


async def test_a_room_whose_answer_was_lost_is_found_by_another_process(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack) as desk:
        slack.faults.cut("conversations.setPurpose")
        with pytest.raises(Outage):
            await desk.door.open_room(NAME, "incident-1")
    async with at_slack(tmp_path, slack) as again:
        room = await again.door.open_room(NAME, "incident-1")
    assert [one.id for one in opened(slack)] == [room.channel]


async def test_a_numbered_room_whose_answer_was_lost_is_found_too(desk: Desk) -> None:
    desk.slack.add_channel(NAME)
    desk.slack.faults.cut("conversations.setPurpose")
    with pytest.raises(Outage):
        await desk.door.open_room(NAME, "incident-1")
    room = await desk.door.open_room(NAME, "incident-1")
    assert [(one.id, one.name) for one in opened(desk.slack)] == [(room.channel, f"{NAME}-2")]


@pytest.mark.parametrize("bot", [True, False])
async def test_a_name_that_somebody_else_has_gets_a_number_behind_it(desk: Desk, bot: bool) -> None:
    desk.slack.add_channel(NAME, private=not bot, bot=bot)
    desk.slack.add_channel(f"{NAME}-2", archived=True)
    room = await desk.door.open_room(NAME, "incident-1")
    assert room.name == f"{NAME}-3"
    assert await desk.door.open_room(NAME, "incident-1") == room


async def test_two_incidents_of_one_name_get_a_room_each_also_at_once(desk: Desk) -> None:
    desk.slack.faults.slow("conversations.setPurpose", 0.02)
    rooms = await asyncio.gather(*(desk.door.open_room(NAME, f"incident-{number}") for number in range(4)))
    assert sorted(one.name for one in rooms) == [NAME, f"{NAME}-2", f"{NAME}-3", f"{NAME}-4"]
    assert [await desk.door.open_room(NAME, f"incident-{number}") for number in range(4)] == rooms


async def test_names_that_are_ours_already_are_not_tried(desk: Desk) -> None:
    for number in range(4):
        await desk.door.open_room(NAME, f"incident-{number}")
    before = len(desk.slack.called("conversations.create"))
    assert (await desk.door.open_room(NAME, "incident-4")).name == f"{NAME}-5"
    assert len(desk.slack.called("conversations.create")) - before == 2


async def test_a_room_that_was_archived_stands_no_more(desk: Desk) -> None:
    await desk.door.open_room(NAME, "incident-1")
    desk.slack.archive(NAME)
    assert (await desk.door.open_room(NAME, "incident-1")).name == f"{NAME}-2"


async def test_the_tries_have_an_end(desk: Desk) -> None:
    for number in range(1, MOST_NUMBERS + 1):
        desk.slack.add_channel(fitted(NAME, number))
    with pytest.raises(Refused, match="already"):
        await desk.door.open_room(NAME, "incident-1")


async def test_a_workspace_that_lets_no_app_open_channels_says_who_can_change_it(desk: Desk) -> None:
    desk.slack.faults.fail("conversations.create", error="restricted_action")
    with pytest.raises(Refused, match="Channel management"):
        await desk.door.open_room(NAME, "incident-1")


@pytest.mark.parametrize("error", ["user_is_restricted", "is_archived"])
async def test_a_room_that_cannot_be_marked_is_a_room(desk: Desk, error: str) -> None:
    desk.slack.faults.fail("conversations.setPurpose", error=error)
    with capture_logs() as logs:
        room = await desk.door.open_room(NAME, "incident-1")
    assert [one["event"] for one in logs] == ["slack_room_not_marked"]
    assert room.name == NAME


@pytest.mark.parametrize("method", ["conversations.create", "conversations.setPurpose", "users.conversations"])
async def test_a_limit_says_when_to_come_again_and_the_next_try_finds_the_room(desk: Desk, method: str) -> None:
    if method == "users.conversations":
        desk.slack.add_channel(NAME)
    desk.slack.faults.rate_limit(method, 30)
    with pytest.raises(Outage) as limited:
        await desk.door.open_room(NAME, "incident-1")
    assert limited.value.retry_at == START + timedelta(seconds=30)
    desk.clock.pass_by(timedelta(seconds=31))
    await desk.door.open_room(NAME, "incident-1")
    assert len(opened(desk.slack)) == 1


async def test_before_the_login_nothing_is_opened(slack: SlackEmulator, tmp_path: Path) -> None:
    slack.faults.fail("auth.test", error="invalid_auth", times=1000)
    async with at_slack(tmp_path, slack, hears=False) as desk:
        assert desk.door.rooms
        with pytest.raises(Outage, match="not connected"):
            await desk.door.open_room(NAME, "incident-1")
    assert opened(slack) == []


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("lacking", [0, 1])
async def test_without_a_scope_for_them_there_are_no_rooms_and_the_doctor_says_why(
    slack: SlackEmulator, tmp_path: Path, private: bool, lacking: int
) -> None:
    kind = "groups" if private else "channels"
    scope = (f"{kind}:read", "groups:write" if private else "channels:manage")[lacking]
    slack.web_api.scopes = frozenset(asked_for(private_rooms=private)) - {scope}
    async with at_slack(tmp_path, slack, private_rooms=private) as desk:
        assert not desk.door.rooms
        (symptom,) = [one for one in await desk.door.symptoms() if one.mend]
        assert scope in symptom.found and "manifest" in symptom.mend and not symptom.broken


async def test_a_scope_that_was_taken_away_is_an_outage_with_its_name(desk: Desk) -> None:
    desk.slack.web_api.scopes = frozenset(SCOPES) - {"channels:manage"}
    assert desk.door.rooms
    with pytest.raises(Outage, match="channels:manage"):
        await desk.door.open_room(NAME, "incident-1")


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("inc-2026-09-01 Users deleted!", "inc-2026-09-01-users-deleted"),
        ("Grüße — «Straße»", "grusse-strasse"),
        ("__a__", "a"),
        ("利用者", "lifeboat"),
        ("", "lifeboat"),
        ("x" * 200, "x" * 80),
        ("x" * 79 + " y", "x" * 79),
    ],
)
async def test_a_name_is_fitted_to_slacks_rules(wanted: str, given: str, desk: Desk) -> None:
    assert (await desk.door.open_room(wanted, "incident-1")).name == given
    second = (await desk.door.open_room(wanted, "incident-2")).name
    assert second.endswith("-2") and len(second) <= 80


# --- people, topic, pins ---------------------------------------------------------------------------------------------


@pytest.fixture
async def room(desk: Desk) -> Room:
    """An open room."""
    return await desk.door.open_room(NAME, "incident-1")


def crowd(slack: SlackEmulator, count: int) -> list[PersonId]:
    """People of the workspace; of each the id says who that is in Slack."""
    return [PersonId(f"slack:{slack.person(f'p{number}').id}") for number in range(count)]


async def test_thirty_people_are_invited_at_once_and_who_cannot_be_is_named(desk: Desk, room: Room) -> None:
    people = [ADA, *crowd(desk.slack, 28), PersonId("slack:U0NOBODY"), UNKNOWN]
    assert await desk.door.invite(room.channel, people) == [PersonId("slack:U0NOBODY"), UNKNOWN]
    (made,) = opened(desk.slack)
    assert len(made.members - {BOT_USER}) == 29
    assert len(desk.slack.called("conversations.invite")) == 1


async def test_where_slack_does_not_say_who_cannot_be_invited_they_are_one_by_one(desk: Desk, room: Room) -> None:
    people = [*crowd(desk.slack, 30), PersonId("slack:U0NOBODY")]
    desk.slack.faults.fail("conversations.invite", error="user_not_found")
    assert await desk.door.invite(room.channel, people) == [PersonId("slack:U0NOBODY")]
    assert len(opened(desk.slack)[0].members - {BOT_USER}) == 30


async def test_more_people_than_slack_invites_at_once_are_all_invited(desk: Desk, room: Room) -> None:
    assert await desk.door.invite(room.channel, crowd(desk.slack, 150)) == []
    assert len(opened(desk.slack)[0].members - {BOT_USER}) == 150
    assert len(desk.slack.called("conversations.invite")) == 2


async def test_who_is_in_a_room_is_invited_again_without_harm(desk: Desk, room: Room) -> None:
    people = crowd(desk.slack, 2)
    assert await desk.door.invite(room.channel, people[:1]) == []
    assert await desk.door.invite(room.channel, people[:1]) == []
    assert await desk.door.invite(room.channel, people) == []
    assert await desk.door.invite(room.channel, []) == []


async def test_who_may_not_be_invited_keeps_nobody_else_out(desk: Desk, room: Room) -> None:
    people = crowd(desk.slack, 2)
    desk.slack.faults.fail("conversations.invite", error="no_permission", times=2)
    assert await desk.door.invite(room.channel, people) == people[:1]


async def test_a_topic_is_cut_to_what_slack_takes_and_calls_nobody(desk: Desk, room: Room) -> None:
    for words in ("Down since 14:00", "x" * 400, "<!channel> & more " * 30, "🔥" * 300, "two\nlines"):
        await desk.door.set_topic(room.channel, words)
    (made,) = opened(desk.slack)
    assert made.topic == "two lines"
    assert topic("x" * 400) == "x" * 249 + "…"
    assert length(topic("<!channel> & more " * 30)) <= 250 and "<" not in topic("<!channel>")


async def test_a_message_is_pinned_once(desk: Desk, room: Room) -> None:
    message = await desk.door.post(room.channel, CARD, "incident-1-board")
    await desk.door.pin(room.channel, message)
    await desk.door.pin(room.channel, message)
    assert [one.pinned for one in desk.slack.posted(NAME)] == [True]


@pytest.mark.parametrize("how", ["archived", "deleted"])
async def test_a_room_that_was_archived_or_deleted_is_gone(desk: Desk, room: Room, how: str) -> None:
    message = await desk.door.post(room.channel, CARD, "incident-1-board")
    if how == "archived":
        desk.slack.archive(NAME)
    else:
        del desk.slack.world.channels[room.channel]
    for call in (
        desk.door.invite(room.channel, [ADA]),
        desk.door.set_topic(room.channel, "Down"),
        desk.door.pin(room.channel, message),
    ):
        with pytest.raises(Gone):
            await call


async def test_a_message_that_was_deleted_is_gone(desk: Desk, room: Room) -> None:
    with pytest.raises(Gone):
        await desk.door.pin(room.channel, "1.000000")


async def test_a_room_that_the_bot_was_put_out_of_says_how_to_invite_it(desk: Desk, room: Room) -> None:
    desk.slack.kick(NAME)
    for call in (desk.door.invite(room.channel, [ADA]), desk.door.set_topic(room.channel, "Down")):
        with pytest.raises(Refused, match="/invite"):
            await call


@pytest.mark.parametrize("method", ["conversations.invite", "conversations.setTopic", "pins.add"])
async def test_a_missing_scope_and_a_limit_are_outages(desk: Desk, room: Room, method: str) -> None:
    message = await desk.door.post(room.channel, CARD, "incident-1-board")

    async def call() -> None:
        match method:
            case "conversations.invite":
                await desk.door.invite(room.channel, [ADA])
            case "conversations.setTopic":
                await desk.door.set_topic(room.channel, "Down")
            case _:
                await desk.door.pin(room.channel, message)

    desk.slack.faults.fail(method, error="missing_scope")
    with pytest.raises(Outage, match="missing_scope"):
        await call()
    desk.slack.faults.rate_limit(method, 30)
    with pytest.raises(Outage) as limited:
        await call()
    assert limited.value.retry_at == START + timedelta(seconds=30)
    desk.clock.pass_by(timedelta(seconds=31))
    await call()


# --- what is private to somebody -------------------------------------------------------------------------------------


async def test_what_is_for_somebody_alone_is_posted_redrawn_and_found_in_their_direct_messages(desk: Desk) -> None:
    ada = desk.slack.person("ada")
    message = await desk.door.post("dm:ada", CARD, "nudge-1")
    assert await desk.door.edit("dm:ada", message, Card("Somebody else holds it")) == message
    assert [one.words for one in ada.messages("dm")] == ["Somebody else holds it"]
    assert await desk.door.find("dm:ada", "nudge-1") == message
    assert await desk.door.find("dm:ada", "nudge-2") is None
    assert len(desk.slack.called("conversations.open")) == 1


async def test_a_direct_message_whose_answer_was_lost_is_posted_once(desk: Desk) -> None:
    async def draw(kind: str, subject: str) -> Card:
        return CARD

    database = desk.router.house.database
    sender = Sender(database, desk.clock, {"slack": desk.door}, draw)
    async with database.write() as db:
        await posts.want(db, "nudge-1", "slack", "dm:ada", "operation", "1", desk.clock.now())
    desk.slack.faults.lose_answer("chat.postMessage")

    async def redrawn() -> bool:
        desk.clock.pass_by(timedelta(seconds=10))
        sender.wake()
        return bool(desk.slack.called("chat.update"))

    running = asyncio.create_task(sender.run())
    await until(redrawn)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [one.words.splitlines()[0] for one in desk.slack.person("ada").messages("dm")] == [CARD.title]


async def test_who_has_no_slack_id_in_the_plan_is_named_with_where_to_put_it(desk: Desk) -> None:
    with pytest.raises(Refused, match="no Slack member id") as refused:
        await desk.door.post(f"dm:{UNKNOWN}", CARD, "nudge-1")
    assert f"[people.{UNKNOWN}]" in refused.value.hint


async def test_who_has_left_slack_is_named(desk: Desk) -> None:
    desk.slack.deactivate(desk.slack.person("ada"))
    with pytest.raises(Refused, match=r"Ada .*user_disabled"):
        await desk.door.post("dm:ada", CARD, "nudge-1")


async def test_direct_messages_that_may_not_be_opened_are_an_outage(desk: Desk) -> None:
    desk.slack.web_api.scopes = frozenset(SCOPES) - {"im:write"}
    with pytest.raises(Outage, match="im:write"):
        await desk.door.post("dm:ada", CARD, "nudge-1")


# --- lines in the Messages tab ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["tide status", "/tide status", "<@U0LIFEBOAT> tide status", "  tide   status "])
async def test_a_line_in_the_messages_tab_is_answered_there_without_a_mention(desk: Desk, line: str) -> None:
    await desk.eve.write(line, "dm")
    answer = await desk.eve.sees("The tide is low", "dm")
    assert answer.by == BOT_USER and not answer.ephemeral
    assert [one[0] for one in desk.world.made] == ["status"]


async def test_a_line_in_a_thread_of_the_messages_tab_is_answered_in_it(desk: Desk) -> None:
    first = await desk.eve.write("tide status", "dm")
    await desk.eve.sees("The tide is low", "dm")
    await desk.eve.write("tide status", "dm", thread=first.ts)
    assert (await desk.eve.sees("The tide is low", "dm", thread=first.ts)).thread_ts == first.ts


async def test_a_line_that_names_somebody_keeps_the_name(desk: Desk) -> None:
    await desk.eve.write("tide keep copy-1 asked by <@U0ADA>", "dm")
    await desk.eve.sees("Kept copy-1", "dm")
    assert desk.world.made == [("keep", "copy-1", "asked by U0ADA")]


async def test_words_that_are_no_command_get_a_helping_answer(desk: Desk) -> None:
    await desk.eve.write("tied status", "dm")
    await desk.eve.sees("/tide", "dm")


async def test_a_line_that_asks_for_more_opens_a_form_by_a_button(desk: Desk) -> None:
    await desk.eve.write("tide keep", "dm")
    await desk.eve.press(await desk.eve.sees("needs to know more", "dm"), "Open the form")
    await until(lambda: desk.eve.modal)


async def test_a_line_that_is_delivered_twice_is_answered_once(desk: Desk) -> None:
    desk.slack.faults.deliver_twice = True
    await desk.eve.write("tide rise", "dm")
    await desk.eve.sees("The tide rises", "dm")
    await desk.slack.settled()
    assert [one[0] for one in desk.world.made] == ["rise"]


async def test_words_beside_a_file_are_a_line_too(desk: Desk) -> None:
    place = desk.slack.world.direct(desk.eve.id).id
    event = {"type": "message", "channel_type": "im", "channel": place, "user": desk.eve.id, "ts": "1.000001"}
    desk.slack.tell(event | {"subtype": "file_share", "text": "tide status", "files": [{"id": "F0SEEN"}]})
    await desk.eve.sees("The tide is low", "dm")


async def test_what_is_edited_deleted_or_written_by_a_robot_is_acknowledged_and_not_answered(desk: Desk) -> None:
    line = await desk.eve.write("tide status", "dm")
    await desk.eve.sees("The tide is low", "dm")
    await desk.eve.edit(line, "tide rise")
    await desk.eve.retract(line)
    direct = {"type": "message", "channel_type": "im", "channel": line.channel, "text": "tide rise", "ts": "1.000001"}
    desk.slack.tell(direct | {"bot_id": "B0OTHER", "user": "U0OTHERBOT"})
    desk.slack.tell(direct | {"bot_id": "B0OTHER", "subtype": "bot_message"})
    desk.slack.tell(direct | {"subtype": "message_replied", "user": desk.eve.id})
    desk.slack.tell(direct | {"user": desk.eve.id, "channel": desk.slack.channel("backups"), "channel_type": "channel"})
    await until(lambda: len(desk.slack.acks) == 7)
    await desk.eve.write("tide turn it", "dm")
    await desk.eve.sees("/tide", "dm")
    assert [one[0] for one in desk.world.made] == ["status"]
    assert desk.slack.timeouts == []
