"""Modals of the emulated Slack, with the real Bolt at their other end."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest
from slack_bolt.async_app import AsyncAck

from tests.emulators.slack import NotPossible, Person, SlackEmulator
from tests.emulators.slack_client import FORM, MENU, Bot, Json, actions, button, by_socket, field, option, section
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


async def opened(emulator: SlackEmulator, bot: Bot, ada: Person, view: Json = FORM) -> None:
    await bot.client.views_open(trigger_id=emulator.triggers.issue(ada.id), view=view)


def form(*blocks: Json) -> Json:
    return FORM | {"blocks": list(blocks)}


@pytest.mark.parametrize(("answer", "depth", "title"), [("push", 2, "Once more"), ("update", 1, "Once more")])
async def test_a_submission_may_be_answered_with_another_modal(
    answer: str, depth: int, title: str, emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    await opened(emulator, bot, ada)
    assert await ada.submit(why=answer) is None
    assert ada.modal and (ada.modal.depth, ada.modal.title) == (depth, title)
    assert await ada.submit(why="clear") is None
    assert ada.modal is None


async def test_a_modal_that_nobody_answers_stays_open_with_what_was_typed(emulator: SlackEmulator, ada: Person) -> None:
    async with by_socket(emulator) as bot:
        await opened(emulator, bot, ada)
    emulator.faults.deaf = True
    errors = await advanced(emulator, ada.submit(why="because"))
    assert errors == {"": "We had some trouble connecting. Try again?"}
    assert ada.modal and ada.modal.values["reason"]["it"]["value"] == "because"
    assert [one.kind for one in emulator.timeouts] == ["view_submission"]


async def advanced(emulator: SlackEmulator, doing: Coroutine[Any, Any, Any]) -> Any:
    """What comes of something, three seconds later."""
    task = asyncio.create_task(doing)
    await until(lambda: emulator.post.is_busy, within=5)
    emulator.clock.advance(3)
    return await task


async def test_the_client_checks_what_it_can_by_itself(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    number = {"type": "number_input", "is_decimal_allowed": False}
    short = {"type": "plain_text_input", "min_length": 3, "max_length": 5}
    await opened(emulator, bot, ada, form(field("count", "Count", number), field("name", "Name", short)))
    assert await ada.submit(count="many", name="ab") == {
        "count": "Please enter a number.",
        "name": "Please enter at least 3 characters.",
    }
    assert await ada.submit(name="abcdef", count="2") == {"name": "Please enter at most 5 characters."}
    assert bot.seen == []


async def test_fields_begin_with_what_the_bot_put_into_them(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    options = [option("Production", "production"), option("Staging", "staging")]
    chosen = {"type": "static_select", "options": options, "initial_option": options[1]}
    boxes = {"type": "checkboxes", "options": options}
    await opened(
        emulator,
        bot,
        ada,
        form(
            field("reason", "Why", {"type": "plain_text_input", "initial_value": "habit"}),
            field("target", "Where", chosen),
            field("also", "Also", boxes, optional=True),
        ),
    )
    assert await ada.submit(also=["Production"]) is None
    values = bot.seen[-1]["view"]["state"]["values"]
    assert values["reason"]["it"] == {"type": "plain_text_input", "value": "habit"}
    assert values["target"]["it"]["selected_option"] == options[1]
    assert values["also"]["it"]["selected_options"] == [options[0]]


async def test_a_select_refuses_what_it_does_not_offer(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    await opened(emulator, bot, ada)
    with pytest.raises(NotPossible, match="does not offer 'Elsewhere'"):
        await ada.submit(why="x", target="Elsewhere")
    with pytest.raises(NotPossible, match="There is no field 'when'"):
        await ada.submit(when="now")
    with pytest.raises(NotPossible, match="does not ask the app"):
        await ada.suggestions("Why", "x")


async def test_a_short_query_is_not_sent(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    await opened(emulator, bot, ada, form(field("target", "Where", {"type": "external_select"})))
    with pytest.raises(NotPossible, match="from 3 characters on"):
        await ada.suggestions("Where", "st")
    assert [one.value for one in await ada.suggestions("Where", "sta")] == ["staging"]


async def test_buttons_in_a_modal_and_in_the_home_carry_their_view(
    emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    row = actions(button("Ask", "ask"), MENU)
    await opened(emulator, bot, ada, {key: FORM[key] for key in ("type", "title")} | {"blocks": [row]})
    assert ada.modal and ada.modal.buttons == ("Ask",)
    await ada.pick(ada.modal, "Second")
    assert bot.seen[-1]["view"]["title"]["text"] == "Restore"
    assert bot.seen[-1]["actions"][0]["selected_option"]["value"] == "2"
    with pytest.raises(NotPossible, match="no button to send"):
        await ada.submit()
    await ada.close_modal()
    await bot.client.views_publish(user_id=ada.id, view={"type": "home", "blocks": [section("Hello"), row]})
    assert ada.home and ada.home.buttons == ("Ask",)
    await ada.press(ada.home, "Ask")
    assert bot.seen[-1]["container"]["type"] == "view"
    await until(lambda: ada.modal, within=5)


async def test_a_button_may_ask_whether_one_is_sure(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    words = {name: {"type": "plain_text", "text": name} for name in ("title", "text", "confirm", "deny")}
    blocks = [actions(button("Stop", "again", confirm=words, style="danger", value="x"))]
    await bot.client.chat_postMessage(channel=emulator.channel("backups"), text="x", blocks=blocks)
    [message] = ada.messages("backups")
    assert await ada.press(message, "Stop", confirm=False) is None
    assert bot.seen == []
    sent = await ada.press(message, "Stop")
    assert sent and sent.answered


async def test_a_menu_in_a_message_asks_for_its_options(emulator: SlackEmulator, bot: Bot, ada: Person) -> None:
    menu = {"type": "external_select", "action_id": "it", "min_query_length": 0}
    await bot.client.chat_postMessage(channel=emulator.channel("backups"), text="x", blocks=[actions(menu)])
    [message] = ada.messages("backups")
    offered = await ada.suggestions("it", "prod", within=message)
    assert [(one.label, one.value) for one in offered] == [("Production", "production")]


async def test_a_modal_tells_that_it_was_closed_where_it_is_asked_to(
    emulator: SlackEmulator, bot: Bot, ada: Person
) -> None:
    await opened(emulator, bot, ada, FORM | {"notify_on_close": True})
    told: list[bool] = []

    async def closed(ack: AsyncAck, body: Json) -> None:
        told.append(body["is_cleared"])
        await ack()

    bot.app.view_closed("restore")(closed)
    await ada.close_modal()
    assert (told, ada.modal) == ([False], None)
