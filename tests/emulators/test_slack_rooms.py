"""The emulated Slack makes, lists, fills, titles and pins channels by Slack's rules; judged by the real client."""

from collections.abc import AsyncIterator

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import Person, SlackEmulator
from tests.emulators.slack_client import Bot, by_socket, client, error, refusal
from tests.waiting import until


@pytest.fixture
async def emulator() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
async def slack(emulator: SlackEmulator) -> AsyncIterator[AsyncWebClient]:
    async with client(emulator) as slack:
        yield slack


@pytest.fixture
def ada(emulator: SlackEmulator) -> Person:
    return emulator.person("ada", user_id="U0ADA")


async def make(slack: AsyncWebClient, name: str = "inc-1", *, private: bool = False) -> str:
    """A new channel, and its id."""
    made = await slack.conversations_create(name=name, is_private=private)
    return str(made["channel"]["id"])


def without(emulator: SlackEmulator, *scopes: str) -> None:
    """Take scopes from the token."""
    emulator.web_api.scopes = frozenset(emulator.web_api.scopes) - set(scopes)


# --- making and listing ----------------------------------------------------------------------------------------------


async def test_who_makes_a_channel_is_its_creator_and_alone_in_it(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    made = (await slack.conversations_create(name="inc-1"))["channel"]
    assert (made["creator"], made["purpose"]["value"], made["is_private"]) == (emulator.bot_user, "", False)
    assert emulator.world.channels[made["id"]].members == {emulator.bot_user}
    private = (await slack.conversations_create(name="inc-2", is_private=True))["channel"]
    assert (private["is_private"], private["is_group"]) == (True, True)


@pytest.mark.parametrize("private", [False, True])
async def test_to_make_a_channel_needs_the_scope_of_its_kind(
    emulator: SlackEmulator, slack: AsyncWebClient, private: bool
) -> None:
    needed = "groups:write" if private else "channels:manage"
    without(emulator, needed)
    refused = await refusal(slack.conversations_create(name="inc-1", is_private=private))
    assert (refused["error"], refused["needed"]) == ("missing_scope", needed)
    assert needed not in refused["provided"].split(",")
    await slack.conversations_create(name="inc-1", is_private=not private)


async def test_a_name_is_taken_by_hidden_and_archived_channels_too(
    emulator: SlackEmulator, slack: AsyncWebClient
) -> None:
    emulator.add_channel("secret", private=True, bot=False)
    emulator.add_channel("old", archived=True)
    for name in ("secret", "old"):
        assert await error(slack.conversations_create(name=name)) == "name_taken"
    assert await error(slack.conversations_create(name="--__")) == "invalid_name_punctuation"


async def test_a_lost_answer_leaves_the_channel_behind(emulator: SlackEmulator) -> None:
    emulator.faults.lose_answer("conversations.create")
    async with client(emulator) as slack:
        # The real client tries a broken connection once more, so it is told that the name is taken: by itself.
        with pytest.raises(SlackApiError) as refused:
            await slack.conversations_create(name="inc-1")
    assert refused.value.response["error"] == "name_taken"
    assert [one.name for one in emulator.world.channels.values() if one.creator] == ["inc-1"]


async def test_a_workspace_can_forbid_channels_and_ask_for_a_pause(
    emulator: SlackEmulator, slack: AsyncWebClient
) -> None:
    emulator.faults.fail("conversations.create", error="restricted_action")
    assert await error(slack.conversations_create(name="inc-1")) == "restricted_action"
    emulator.faults.rate_limit("conversations.create", 30)
    with pytest.raises(SlackApiError) as limited:
        await slack.conversations_create(name="inc-1")
    assert (limited.value.response.status_code, limited.value.response.headers["Retry-After"]) == (429, "30")
    await slack.conversations_create(name="inc-1")


async def test_twenty_channels_a_minute_are_the_most(emulator: SlackEmulator, slack: AsyncWebClient) -> None:
    emulator.faults.pacing = True
    for number in range(20):
        await slack.conversations_create(name=f"inc-{number}")
    with pytest.raises(SlackApiError) as limited:
        await slack.conversations_create(name="inc-more")
    assert limited.value.response.status_code == 429


async def test_channels_are_listed_by_pages_by_kind_and_only_those_that_can_be_seen(
    emulator: SlackEmulator, slack: AsyncWebClient
) -> None:
    emulator.add_channel("elsewhere", bot=False)
    emulator.add_channel("secret", private=True, bot=False)
    emulator.add_channel("old", archived=True)
    await make(slack, "inc-1", private=True)
    pages = [
        [one["name"] for one in page["channels"]]
        async for page in await slack.conversations_list(limit=2, exclude_archived=True)
    ]
    assert pages == [["general", "backups"], ["incidents", "elsewhere"]]
    mine = await slack.users_conversations(types="public_channel,private_channel")
    assert [one["name"] for one in mine["channels"]] == ["general", "backups", "incidents", "old", "inc-1"]
    assert "is_member" not in mine["channels"][0] and "num_members" not in mine["channels"][0]
    assert mine["response_metadata"]["next_cursor"] == ""
    assert await error(slack.users_conversations(types="rooms")) == "invalid_types"
    assert await error(slack.users_conversations(limit=1000)) == "invalid_limit"
    assert await error(slack.users_conversations(cursor="wrong")) == "invalid_cursor"
    without(emulator, "groups:read")
    assert await error(slack.users_conversations(types=["public_channel", "private_channel"])) == "missing_scope"
    await slack.users_conversations()


# --- filling and titling ---------------------------------------------------------------------------------------------


async def test_one_who_cannot_be_invited_keeps_all_out_unless_it_is_forced(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    channel = await make(slack)
    gone = emulator.person("gone")
    emulator.deactivate(gone)
    users = [ada.id, "U0NOBODY", emulator.bot_user, gone.id]
    wrong = [("U0NOBODY", "user_not_found"), (emulator.bot_user, "cant_invite_self"), (gone.id, "cant_invite")]
    refused = await refusal(slack.conversations_invite(channel=channel, users=users))
    assert refused["error"] == "user_not_found"
    assert [(one["user"], one["error"]) for one in refused["errors"]] == wrong
    assert ada.id not in emulator.world.channels[channel].members
    forced = await slack.conversations_invite(channel=channel, users=users, force=True)
    assert [(one["user"], one["error"]) for one in forced["errors"]] == wrong
    assert emulator.world.channels[channel].members == {emulator.bot_user, ada.id}
    again = await refusal(slack.conversations_invite(channel=channel, users=[ada.id], force=True))
    assert again["error"] == "already_in_channel"


async def test_an_invitation_is_for_one_to_a_hundred(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    channel = await make(slack)
    assert await error(slack.conversations_invite(channel=channel, users=[])) == "no_user"
    many = [emulator.person(f"p{number}").id for number in range(101)]
    assert await error(slack.conversations_invite(channel=channel, users=many)) == "too_many_users"
    await slack.conversations_invite(channel=channel, users=many[:100])


async def test_a_channel_is_changed_only_from_within_and_while_it_is_used(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    foreign = emulator.add_channel("foreign", bot=False)
    old = emulator.add_channel("old", archived=True)
    direct = (await slack.conversations_open(users=ada.id))["channel"]["id"]
    for channel, name in [
        ("C0NOWHERE", "channel_not_found"),
        (foreign, "not_in_channel"),
        (old, "is_archived"),
        (direct, "method_not_supported_for_channel_type"),
    ]:
        assert await error(slack.conversations_invite(channel=channel, users=[ada.id])) == name
        assert await error(slack.conversations_setTopic(channel=channel, topic="x")) == name
        assert await error(slack.conversations_setPurpose(channel=channel, purpose="x")) == name


async def test_a_topic_and_a_description_have_250_characters(emulator: SlackEmulator, slack: AsyncWebClient) -> None:
    channel = await make(slack)
    await slack.conversations_setTopic(channel=channel, topic="t" * 250)
    await slack.conversations_setPurpose(channel=channel, purpose="p" * 250)
    assert await error(slack.conversations_setTopic(channel=channel, topic="t" * 251)) == "too_long"
    assert await error(slack.conversations_setPurpose(channel=channel, purpose="p" * 251)) == "too_long"
    about = (await slack.conversations_info(channel=channel))["channel"]
    assert (about["topic"]["value"], about["purpose"]["value"]) == ("t" * 250, "p" * 250)


async def test_to_fill_and_to_title_a_channel_a_narrow_scope_is_enough(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    channel = await make(slack)
    without(emulator, "channels:manage")
    for call in (
        slack.conversations_invite(channel=channel, users=[ada.id]),
        slack.conversations_setTopic(channel=channel, topic="x"),
    ):
        refused = await refusal(call)
        assert (refused["error"], refused["needed"]) == ("missing_scope", "channels:manage")
    emulator.web_api.scopes |= {"channels:write.invites", "channels:write.topic"}
    await slack.conversations_invite(channel=channel, users=[ada.id])
    await slack.conversations_setTopic(channel=channel, topic="x")


# --- pins ------------------------------------------------------------------------------------------------------------


async def test_what_is_pinned_is_listed_newest_first(emulator: SlackEmulator, slack: AsyncWebClient) -> None:
    channel = await make(slack)
    posted = [(await slack.chat_postMessage(channel=channel, text=str(number)))["ts"] for number in range(3)]
    for ts in posted[:2]:
        await slack.pins_add(channel=channel, timestamp=ts)
    assert [one["message"]["ts"] for one in (await slack.pins_list(channel=channel))["items"]] == posted[1::-1]
    without(emulator, "pins:write")
    assert (await refusal(slack.pins_add(channel=channel, timestamp=posted[2])))["needed"] == "pins:write"


async def test_what_cannot_be_pinned_is_refused(emulator: SlackEmulator, slack: AsyncWebClient) -> None:
    channel = await make(slack)
    assert await error(slack.pins_add(channel=channel)) == "no_item_specified"
    assert await error(slack.pins_add(channel=channel, timestamp="yesterday")) == "bad_timestamp"
    assert await error(slack.pins_add(channel=channel, timestamp="1.000000")) == "message_not_found"
    place = emulator.world.channels[channel]
    posted = [emulator.world.post(place, emulator.bot_user, str(number)).ts for number in range(101)]
    place.pins.update(posted[:100])
    assert await error(slack.pins_add(channel=channel, timestamp=posted[0])) == "already_pinned"
    assert await error(slack.pins_add(channel=channel, timestamp=posted[100])) == "too_many_pins"
    emulator.archive("inc-1")
    assert await error(slack.pins_add(channel=channel, timestamp=posted[100])) == "is_archived"


# --- direct messages -------------------------------------------------------------------------------------------------


async def test_direct_messages_are_opened_once_and_only_with_people(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    first = (await slack.conversations_open(users=ada.id))["channel"]
    assert (await slack.conversations_open(users=ada.id))["channel"] == first == {"id": first["id"]}
    full = await slack.conversations_open(channel=first["id"], return_im=True)
    assert full["already_open"] and full["channel"]["is_im"]
    assert await error(slack.conversations_open(users="U0NOBODY")) == "user_not_found"
    assert await error(slack.conversations_open(users="")) == "users_list_not_supplied"
    emulator.deactivate(ada)
    assert await error(slack.conversations_open(users=ada.id)) == "user_disabled"
    without(emulator, "im:write")
    assert await error(slack.conversations_open(users=ada.id)) == "missing_scope"


async def test_the_app_is_told_of_what_is_written_changed_and_deleted_in_its_direct_messages(
    emulator: SlackEmulator, ada: Person
) -> None:
    told: list[tuple[str, str]] = []

    async def listen(event: dict[str, str]) -> None:
        told.append((event.get("subtype", ""), event["channel_type"]))

    async with by_socket(emulator) as bot:
        assert isinstance(bot, Bot)
        bot.app.event({"type": "message", "subtype": None})(listen)
        bot.app.event({"type": "message", "subtype": "message_changed"})(listen)
        bot.app.event({"type": "message", "subtype": "message_deleted"})(listen)
        line = await ada.write("backup status", "dm")
        await ada.edit(line, "backup exports")
        await ada.retract(line)
        public = await ada.write("Hello", "backups")
        await ada.edit(public, "Hello all")
        await until(lambda: len(told) == 3)
        await emulator.settled()
    assert sorted(told) == [("", "im"), ("message_changed", "im"), ("message_deleted", "im")]
    assert [one.words for one in ada.messages("backups")] == ["Hello all"]
