"""What the emulated Slack refuses of blocks, options and views."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import Person, SlackEmulator
from tests.emulators.slack.rules import blocks_wrong, options_wrong
from tests.emulators.slack_client import FORM, MENU, actions, button, client, error, field, option, refusal, section


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


# --- blocks ----------------------------------------------------------------------------------------------------------


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
    for blocks, said in [
        ([header("x" * 151)], "must be less than 151 characters [json-pointer:/blocks/0/text/text]"),
        ([{"type": "divider"}] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
    ]:
        call = slack.chat_postMessage(channel=emulator.channel("backups"), text="x", blocks=blocks)
        refused = await refusal(call)
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
        (
            {"blocks": [{"type": "markdown", "text": "x"}]},
            "unsupported type: markdown [json-pointer:/view/blocks/0/type]",
        ),
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
