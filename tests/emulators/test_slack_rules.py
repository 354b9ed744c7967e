"""What the emulated Slack refuses, with the real slack_sdk at its other end."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import NotPossible, Person, SlackEmulator
from tests.emulators.slack_client import client, error, refusal, section


@pytest.fixture
async def emulator() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator(start=1_800_000_000) as emulator:
        yield emulator


@pytest.fixture
async def slack(emulator: SlackEmulator) -> AsyncIterator[AsyncWebClient]:
    async with client(emulator) as slack:
        yield slack


@pytest.fixture
def ada(emulator: SlackEmulator) -> Person:
    return emulator.person("ada", user_id="U0ADA")


# --- tokens and scopes -----------------------------------------------------------------------------------------------


async def test_a_token_is_asked_for_and_looked_at(emulator: SlackEmulator) -> None:
    for token, name in [("xoxb-wrong", "invalid_auth"), (emulator.app_token, "not_allowed_token_type")]:
        async with client(emulator, token) as slack:
            assert await error(slack.auth_test()) == name
    async with aiohttp.ClientSession() as session, session.post(f"{emulator.api}auth.test") as answer:
        assert await answer.json() == {"ok": False, "error": "not_authed"}


async def test_the_scopes_stand_in_every_answer_and_a_missing_one_is_named() -> None:
    async with SlackEmulator(scopes=["commands", "chat:write"]) as emulator, client(emulator) as slack:
        assert (await slack.auth_test()).headers["x-oauth-scopes"] == "chat:write,commands"
        refused = await refusal(slack.users_info(user="U0ADA"))
        assert (refused["error"], refused["needed"], refused["provided"]) == (
            "missing_scope",
            "users:read",
            "chat:write,commands",
        )
        refused = await refusal(slack.conversations_history(channel=emulator.channel("backups")))
        assert refused["needed"] == "channels:history"


async def test_an_unknown_method_is_refused(slack: AsyncWebClient) -> None:
    assert await error(slack.api_call("chat.shout")) == "unknown_method"


# --- channels --------------------------------------------------------------------------------------------------------


async def test_a_channel_must_be_there_open_and_joined(emulator: SlackEmulator, slack: AsyncWebClient) -> None:
    foreign = emulator.add_channel("foreign", bot=False)
    secret = emulator.add_channel("secret", private=True, bot=False)
    old = emulator.add_channel("old", archived=True)
    for channel, name in [
        ("C0NOWHERE", "channel_not_found"),
        (secret, "channel_not_found"),
        (foreign, "not_in_channel"),
        (old, "is_archived"),
    ]:
        assert await error(slack.chat_postMessage(channel=channel, text="Hello")) == name
    assert await error(slack.conversations_info(channel="backups")) == "channel_not_found"
    await slack.chat_postMessage(channel="#backups", text="Hello")
    await slack.conversations_join(channel=foreign)
    await slack.chat_postMessage(channel=foreign, text="Hello")
    emulator.kick("foreign")
    assert await error(slack.conversations_history(channel=foreign)) == "not_in_channel"


async def test_a_public_channel_may_be_posted_to_from_outside_with_the_scope_for_it() -> None:
    async with SlackEmulator(scopes=["chat:write", "chat:write.public"]) as emulator, client(emulator) as slack:
        await slack.chat_postMessage(channel=emulator.add_channel("foreign", bot=False), text="Hello")


@pytest.mark.parametrize(
    ("name", "refused"),
    [
        ("", "invalid_name_required"),
        ("Upper", "invalid_name_specials"),
        ("with space", "invalid_name_specials"),
        ("a" * 81, "invalid_name_maxlength"),
        ("backups", "name_taken"),
    ],
)
async def test_a_channel_name_is_small_letters_digits_and_dashes(
    name: str, refused: str, slack: AsyncWebClient
) -> None:
    assert await error(slack.conversations_create(name=name)) == refused


async def test_a_new_channel_can_be_filled_and_named(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    made = await slack.conversations_create(name="inc-1", is_private=True)
    channel = made["channel"]["id"]
    with pytest.raises(NotPossible):
        ada.messages(channel)
    await slack.conversations_invite(channel=channel, users=[ada.id])
    assert await error(slack.conversations_invite(channel=channel, users=[ada.id])) == "already_in_channel"
    assert await error(slack.conversations_invite(channel=channel, users=["U0NOBODY"])) == "user_not_found"
    await slack.conversations_setTopic(channel=channel, topic="Down")
    assert (await slack.conversations_info(channel=channel))["channel"]["topic"]["value"] == "Down"
    await slack.chat_postMessage(channel=channel, text="Hello")
    assert [one.words for one in ada.messages(channel)] == ["Hello"]


async def test_a_direct_message_reaches_its_person_alone(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    opened = await slack.conversations_open(users=[ada.id])
    await slack.chat_postMessage(channel=opened["channel"]["id"], text="Hello")
    assert [one.words for one in ada.messages("dm")] == ["Hello"]
    with pytest.raises(NotPossible):
        emulator.person("bob").messages(opened["channel"]["id"])


# --- messages --------------------------------------------------------------------------------------------------------


async def test_text_has_its_limits(emulator: SlackEmulator, slack: AsyncWebClient) -> None:
    channel = emulator.channel("backups")
    assert await error(slack.api_call("chat.postMessage", json={"channel": channel})) == "no_text"
    assert await error(slack.chat_postMessage(channel=channel, text="x" * 40_001)) == "msg_too_long"
    ts = (await slack.chat_postMessage(channel=channel, text="x"))["ts"]
    assert await error(slack.chat_update(channel=channel, ts=ts, text="x" * 4_001)) == "msg_too_long"
    long = [section("x" * 3000) for _ in range(5)]
    assert await error(slack.chat_postMessage(channel=channel, text="x", blocks=long)) == "msg_blocks_too_long"


async def test_an_update_keeps_what_it_does_not_mention(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    channel = emulator.channel("backups")
    about = {"event_type": "card", "event_payload": {"key": "1"}}
    ts = (await slack.chat_postMessage(channel=channel, text="Old", blocks=[section("Old")], metadata=about))["ts"]
    await slack.chat_update(channel=channel, ts=ts, text="New")
    assert [(one.text, one.words, one.metadata, one.edited) for one in ada.messages("backups")] == [
        ("New", "Old", about, True)
    ]
    await slack.chat_update(channel=channel, ts=ts, text="New", blocks=[])
    assert [one.words for one in ada.messages("backups")] == ["New"]
    kept = await slack.conversations_history(channel=channel)
    assert kept["messages"][0]["edited"]["user"] == emulator.bot_user


async def test_only_ones_own_messages_that_are_there_can_be_changed(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    channel = emulator.channel("backups")
    theirs = await ada.write("Mine", "backups")
    assert await error(slack.chat_update(channel=channel, ts=theirs.ts, text="x")) == "cant_update_message"
    assert await error(slack.chat_delete(channel=channel, ts=theirs.ts)) == "cant_delete_message"
    assert await error(slack.chat_update(channel=channel, ts="1.000000", text="x")) == "message_not_found"
    await slack.chat_postMessage(channel=channel, text="Ours")
    emulator.delete(await ada.sees("Ours", "backups"))
    assert [one.words for one in ada.messages("backups")] == ["Mine"]


async def test_a_thread_hangs_under_a_message_that_is_there(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    channel = emulator.channel("backups")
    ts = (await slack.chat_postMessage(channel=channel, text="Card"))["ts"]
    await slack.chat_postMessage(channel=channel, text="Detail", thread_ts=ts)
    assert [one.words for one in ada.messages("backups", thread=ts)] == ["Card", "Detail"]
    history = await slack.conversations_history(channel=channel)
    assert [(one["text"], one["reply_count"]) for one in history["messages"]] == [("Card", 1)]
    replies = await slack.conversations_replies(channel=channel, ts=ts)
    assert [one["text"] for one in replies["messages"]] == ["Card", "Detail"]
    assert await error(slack.conversations_replies(channel=channel, ts="1.000000")) == "thread_not_found"
    lost = slack.chat_postMessage(channel=channel, text="x", thread_ts="1.000000")
    assert await error(lost) == "thread_not_found"
    await slack.chat_delete(channel=channel, ts=ts)
    orphan = slack.chat_postMessage(channel=channel, text="x", thread_ts=ts)
    assert await error(orphan) == "cannot_reply_to_message"


async def test_an_ephemeral_message_needs_its_reader_in_the_channel_and_is_never_kept(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    private = emulator.add_channel("private", private=True)
    assert await error(slack.chat_postEphemeral(channel=private, user=ada.id, text="Hello")) == "user_not_in_channel"
    channel = emulator.channel("backups")
    assert await error(slack.chat_postEphemeral(channel=channel, user="U0X", text="Hello")) == "user_not_found"
    await slack.chat_postEphemeral(channel=channel, user=ada.id, text="Hello")
    assert [one.ephemeral for one in ada.messages("backups")] == [True]
    assert (await slack.conversations_history(channel=channel))["messages"] == []


async def test_history_is_read_by_pages_and_shows_metadata_to_those_who_ask(
    emulator: SlackEmulator, slack: AsyncWebClient
) -> None:
    channel = emulator.channel("backups")
    for number in range(5):
        about = {"event_type": "card", "event_payload": {"key": str(number)}}
        await slack.chat_postMessage(channel=channel, text=str(number), metadata=about)
    pages = [
        [one["text"] for one in page["messages"]]
        async for page in await slack.conversations_history(channel=channel, limit=2)
    ]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    plain = await slack.conversations_history(channel=channel, limit=1)
    assert "metadata" not in plain["messages"][0]
    full = await slack.conversations_history(channel=channel, limit=1, include_all_metadata=True)
    assert full["messages"][0]["metadata"]["event_payload"] == {"key": "4"}
    wrong = slack.conversations_history(channel=channel, cursor="wrong")
    assert await error(wrong) == "invalid_cursor"
    oldest = full["messages"][0]["ts"]
    assert (await slack.conversations_history(channel=channel, oldest=oldest))["messages"] == []
    kept = await slack.conversations_history(channel=channel, oldest=oldest, inclusive=True)
    assert [one["text"] for one in kept["messages"]] == ["4"]


async def test_metadata_has_a_type_and_a_payload(emulator: SlackEmulator, slack: AsyncWebClient) -> None:
    call = slack.chat_postMessage(channel=emulator.channel("backups"), text="x", metadata={"key": "1"})
    assert await error(call) == "invalid_metadata_format"


async def test_a_message_is_pinned_liked_and_linked_once(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    channel = emulator.channel("backups")
    ts = (await slack.chat_postMessage(channel=channel, text="x"))["ts"]
    await slack.pins_add(channel=channel, timestamp=ts)
    assert await error(slack.pins_add(channel=channel, timestamp=ts)) == "already_pinned"
    await slack.reactions_add(channel=channel, timestamp=ts, name="eyes")
    assert await error(slack.reactions_add(channel=channel, timestamp=ts, name="eyes")) == "already_reacted"
    assert [(one.pinned, one.reactions) for one in ada.messages("backups")] == [(True, frozenset({"eyes"}))]
    link = (await slack.chat_getPermalink(channel=channel, message_ts=ts))["permalink"]
    assert link == f"https://campus.slack.com/archives/{channel}/p{ts.replace('.', '')}"


async def test_files_are_uploaded_in_three_calls(emulator: SlackEmulator, slack: AsyncWebClient, ada: Person) -> None:
    channel = emulator.channel("backups")
    await slack.files_upload_v2(
        channel=channel, filename="report.json", content='{"rows": 1}', title="Report", initial_comment="Here"
    )
    [message] = ada.messages("backups")
    assert (message.words, message.files) == ("Here", ("report.json",))
    assert [one.content for one in emulator.world.files.values()] == [b'{"rows": 1}']
    emulator.kick("backups")
    call = slack.files_upload_v2(channel=channel, filename="report.json", content="{}")
    assert await error(call) == "not_in_channel"
    assert await error(slack.files_completeUploadExternal(files=[{"id": "F0NONE", "title": ""}])) == "file_not_found"


async def test_people_and_their_groups_are_found_by_id(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    emulator.group("S0OPS", ada)
    assert (await slack.usergroups_users_list(usergroup="S0OPS"))["users"] == ["U0ADA"]
    assert await error(slack.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"
    assert (await slack.users_info(user="U0ADA"))["user"]["name"] == "ada"
    assert await error(slack.users_info(user="U0NONE")) == "user_not_found"
