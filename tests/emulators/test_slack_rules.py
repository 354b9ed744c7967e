"""What the emulated Slack refuses, with the real slack_sdk at its other end."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import NotPossible, Person, SlackEmulator
from tests.emulators.slack.rules import blocks_wrong, options_wrong
from tests.emulators.slack_client import FORM, MENU, button, field, option, section


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


@asynccontextmanager
async def client(emulator: SlackEmulator, token: str = "") -> AsyncIterator[AsyncWebClient]:
    """The real client, with one session."""
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(token or emulator.bot_token, base_url=emulator.api, session=session, proxy="")


async def refusal(call: Any) -> dict[str, Any]:
    """What is answered to a call that is refused, always as HTTP 200."""
    with pytest.raises(SlackApiError) as refused:
        await call
    assert refused.value.response.status_code == 200
    return dict(refused.value.response.data)


async def error(call: Any) -> str:
    """The name under which a call is refused."""
    return str((await refusal(call))["error"])


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
        ("backups", "channel_not_found"),
        (secret, "channel_not_found"),
        (foreign, "not_in_channel"),
        (old, "is_archived"),
    ]:
        assert await error(slack.chat_postMessage(channel=channel, text="Hello")) == name
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
    assert await error(slack.chat_postMessage(channel=channel, text="")) == "no_text"
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
    assert [(one.pinned, one.reactions) for one in ada.messages("backups")] == [(True, {"eyes"})]
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


# --- blocks ----------------------------------------------------------------------------------------------------------


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def header(text: str, kind: str = "plain_text") -> dict[str, Any]:
    return {"type": "header", "text": {"type": kind, "text": text}}


def image(url: str) -> dict[str, Any]:
    return {"type": "image", "image_url": url, "alt_text": "A picture"}


def table(rows: int, columns: int = 1) -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * columns for _ in range(rows)]}


def menu(options: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return actions({"type": "static_select", "action_id": "m", "options": options, **more})


SOUND: list[list[dict[str, Any]]] = [
    [section("x" * 3000)],
    [header("x" * 150)],
    [{"type": "divider"}] * 50,
    [actions(*(button("x" * 75, f"b{at}", value="v" * 2000) for at in range(25)))],
    [actions(button("x", "same")), actions(button("x", "same"))],
    [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 10}],
    [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2000}] * 5}],
    [image("https://example.org/x.png")],
    [table(100, 20)],
    [menu([option(str(at), "v" * 150) for at in range(100)])],
    [{"type": "markdown", "text": "x" * 12_000}],
    [actions(MENU, button("Go", "go", url="https://example.org", style="danger"))],
]
BROKEN: list[tuple[list[dict[str, Any]], str]] = [
    ([section("")], "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ([{"type": "section"}], "missing required field: text or fields [json-pointer:/blocks/0]"),
    ([header("x" * 151)], "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
    ([header("x", "mrkdwn")], "unsupported type for text object: mrkdwn [json-pointer:/blocks/0/text/type]"),
    ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ([{"type": "marquee"}], "unsupported type for block: marquee [json-pointer:/blocks/0/type]"),
    ([{"type": "divider", "colour": "red"}], "invalid additional property: colour [json-pointer:/blocks/0]"),
    ([actions()], "no fewer than 1 items allowed [json-pointer:/blocks/0/elements]"),
    (
        [actions(*(button("x", f"b{at}") for at in range(26)))],
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        [actions(button("x" * 76, "b"))],
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    (
        [actions(button("x", "b", value="v" * 2001))],
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    (
        [actions(button("x", "b" * 256))],
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    (
        [actions(button("x", "b", style="warning"))],
        "must be a valid enum value: primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    (
        [actions(button("x", "same"), button("y", "same"))],
        "action_id already exists for this block: same [json-pointer:/blocks/0]",
    ),
    (
        [section("x") | {"block_id": "same"}, section("y") | {"block_id": "same"}],
        "block_id already exists: same [json-pointer:/blocks]",
    ),
    (
        [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    (
        [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}],
        "no more than 10 items allowed [json-pointer:/blocks/0/fields]",
    ),
    ([image("http://127.0.0.1/x.png")], "downloading image failed [json-pointer:/blocks/0/image_url]"),
    ([image("http://localhost:8000/x.png")], "downloading image failed [json-pointer:/blocks/0/image_url]"),
    ([table(101)], "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    ([table(1, 21)], "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    ([table(1), table(1)], "only_one_table_allowed [json-pointer:/blocks]"),
    (
        [menu([option(str(at), str(at)) for at in range(101)])],
        "no more than 100 items allowed [json-pointer:/blocks/0/elements/0/options]",
    ),
    ([menu([])], "no fewer than 1 items allowed [json-pointer:/blocks/0/elements/0/options]"),
    (
        [menu([option("x", "v" * 151)])],
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
    ),
    (
        [menu([option("x", "1")], initial_option=option("y", "2"))],
        "initial option must be one of the options [json-pointer:/blocks/0]",
    ),
    (
        [{"type": "markdown", "text": "x" * 7000}] * 2,
        "markdown blocks must be less than 12001 characters together [json-pointer:/blocks]",
    ),
    (
        [{"type": "task_card", "task_id": "1", "title": "x", "status": "sleeping"}],
        "status must be an expected value (pending, in_progress, complete, or error) [json-pointer:/blocks/0]",
    ),
]


@pytest.mark.parametrize("blocks", SOUND, ids=lambda blocks: blocks[0]["type"])
def test_blocks_at_the_limit_are_taken(blocks: list[dict[str, Any]]) -> None:
    assert blocks_wrong(blocks, "/blocks", 50) == []


@pytest.mark.parametrize(("blocks", "wrong"), BROKEN, ids=lambda value: value[:30] if isinstance(value, str) else "")
def test_blocks_beyond_a_limit_are_refused_where_it_is(blocks: list[dict[str, Any]], wrong: str) -> None:
    assert wrong in blocks_wrong(blocks, "/blocks", 50)


async def test_a_refused_block_is_pointed_to(emulator: SlackEmulator, slack: AsyncWebClient) -> None:
    call = slack.chat_postMessage(channel=emulator.channel("backups"), text="x", blocks=[header("x" * 151)])
    refused = await refusal(call)
    said = "must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    assert refused["error"] == "invalid_blocks"
    assert (refused["errors"], refused["response_metadata"]["messages"]) == ([said], [f"[ERROR] {said}"])


def test_options_may_be_none_or_a_hundred() -> None:
    assert options_wrong({"options": []}) == []
    assert options_wrong({"options": [option(str(at), str(at)) for at in range(100)]}) == []
    assert options_wrong({"options": [option(str(at), str(at)) for at in range(101)]})
    assert options_wrong({"options": [option("x" * 76, "x")]})
    assert options_wrong({})


# --- views -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"title": {"type": "plain_text", "text": "x" * 25}}, "must be less than 25 characters"),
        ({"blocks": [{"type": "divider"}] * 101}, "no more than 100 items allowed"),
        ({"private_metadata": "x" * 3001}, "must be less than 3001 characters"),
        ({"callback_id": "x" * 256}, "must be less than 256 characters"),
        ({"submit": None}, "missing required field: submit"),
        ({"color": "red"}, "invalid additional property: color"),
        (
            {"blocks": [field("a", "A", {"type": "static_select", "options": []})]},
            "no fewer than 1 items allowed [json-pointer:/view/blocks/0/element/options]",
        ),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
async def test_a_view_beyond_a_limit_is_refused_and_its_trigger_kept(
    change: dict[str, Any], wrong: str, emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    trigger = emulator.triggers.issue(ada.id)
    view = {key: value for key, value in {**FORM, **change}.items() if value is not None}
    refused = await refusal(slack.views_open(trigger_id=trigger, view=view))
    assert refused["error"] == "invalid_arguments"
    assert any(wrong in one for one in refused["errors"])
    await slack.views_open(trigger_id=trigger, view=FORM)


async def test_views_are_stacked_up_to_three_and_changed_by_hash(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    opened = (await slack.views_open(trigger_id=emulator.triggers.issue(ada.id), view=FORM))["view"]
    for _ in range(2):
        opened = (await slack.views_push(trigger_id=emulator.triggers.issue(ada.id, opened["id"]), view=FORM))["view"]
    assert ada.modal and ada.modal.depth == 3
    trigger = emulator.triggers.issue(ada.id, opened["id"])
    assert await error(slack.views_push(trigger_id=trigger, view=FORM)) == "push_limit_reached"
    await slack.views_update(view_id=opened["id"], hash=opened["hash"], view=FORM)
    stale = slack.views_update(view_id=opened["id"], hash=opened["hash"], view=FORM)
    assert await error(stale) == "hash_conflict"
    await ada.close_modal(everything=True)
    assert await error(slack.views_update(view_id=opened["id"], view=FORM)) == "not_found"
    assert await error(slack.views_open(trigger_id="1.2.3", view=FORM)) == "invalid_trigger_id"


async def test_a_home_has_no_button_to_send_it(slack: AsyncWebClient, ada: Person) -> None:
    home = {"type": "home", "blocks": [section("Hello")]}
    assert await error(slack.views_publish(user_id="U0NONE", view=home)) == "user_not_found"
    sent = slack.views_publish(user_id=ada.id, view=home | {"submit": {"type": "plain_text", "text": "Go"}})
    assert await error(sent) == "invalid_arguments"


# --- how people read and what they cannot do --------------------------------------------------------------------------


async def test_markup_is_read_as_people_see_it(emulator: SlackEmulator, slack: AsyncWebClient, ada: Person) -> None:
    text = (
        "*Bold* _it_ `*code*` <@U0ADA> <#C0BACKUPS> <!here> <!date^1^{time}|10:00 UTC> 2 &lt; 3 &amp; <https://a.org|a>"
    )
    await slack.chat_postMessage(channel=emulator.channel("backups"), text=text)
    [message] = ada.messages("backups")
    assert message.words == "Bold it *code* @ada #backups @here 10:00 UTC 2 < 3 & a"
    assert message.links == {"a": "https://a.org"}


async def test_a_person_cannot_press_what_is_not_there(
    emulator: SlackEmulator, slack: AsyncWebClient, ada: Person
) -> None:
    blocks = [actions(button("Go", "go"), MENU)]
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
