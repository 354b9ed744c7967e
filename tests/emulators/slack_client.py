"""A small bot made with the real Bolt, for the emulator to be tried against. Knows nothing of Lifeboat."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import SlackEmulator

Json = dict[str, Any]


def section(text: str) -> Json:
    """A paragraph."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(label: str, action_id: str, **more: Any) -> Json:
    """A button."""
    return {"type": "button", "text": {"type": "plain_text", "text": label}, "action_id": action_id, **more}


def option(label: str, value: str) -> Json:
    """A choice."""
    return {"text": {"type": "plain_text", "text": label}, "value": value}


def actions(*elements: Json) -> Json:
    """A row of buttons and menus."""
    return {"type": "actions", "elements": list(elements)}


MENU = {"type": "static_select", "action_id": "menu", "options": [option("First", "1"), option("Second", "2")]}
CARD = [
    section("*All* is well, <@U0ADA> &amp; <https://example.org|others>"),
    actions(button("Again", "again", value="x"), button("Ask", "ask"), MENU),
]


def field(key: str, label: str, element: Json, **more: Any) -> Json:
    """An input of a form."""
    body = {"type": "input", "block_id": key, "label": {"type": "plain_text", "text": label}}
    return body | {"element": element | {"action_id": "it"}} | more


FORM: Json = {
    "type": "modal",
    "callback_id": "restore",
    "title": {"type": "plain_text", "text": "Restore"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        field("reason", "Why", {"type": "plain_text_input", "max_length": 20}),
        field("target", "Where", {"type": "external_select", "min_query_length": 0}, optional=True),
    ],
}


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


class Bot:
    """Answers in every way that Slack knows."""

    def __init__(self, emulator: SlackEmulator, session: aiohttp.ClientSession) -> None:
        logger = logging.getLogger("emulated-slack-bot")
        logger.setLevel(logging.CRITICAL)
        self.client = AsyncWebClient(emulator.bot_token, base_url=emulator.api, session=session, proxy="")
        self.app = AsyncApp(
            client=self.client,
            signing_secret=emulator.signing_secret,
            process_before_response=True,
            logger=logger,
            raise_error_for_unhandled_request=False,
        )
        self.seen: list[Json] = []
        self.headers: list[Any] = []
        self.pause = 0.0
        """Seconds before each acknowledgement."""
        self._tasks: set[asyncio.Task[Any]] = set()
        self.app.command("/backup")(self._command)
        self.app.action({"type": "block_actions"})(self._action)
        self.app.action("again")(self._action)
        self.app.action("ask")(self._ask)
        self.app.action("menu")(self._action)
        self.app.view("restore")(self._submitted)
        self.app.options("it")(self._options)
        self.app.event("app_mention")(self._mentioned)
        self.app.event("app_home_opened")(self._home)

    def later(self, work: Any) -> None:
        """Work in a task of its own, after the acknowledgement."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _command(self, ack: Any, body: Json, respond: Any) -> None:
        self.seen.append(body)
        await asyncio.sleep(self.pause)
        words = body["text"]
        if words == "at once":
            await ack("Here you are")
            return
        await ack()
        if words == "ask":
            self.later(self.client.views_open(trigger_id=body["trigger_id"], view=FORM))
        elif words == "post":
            self.later(self.client.chat_postMessage(channel=body["channel_id"], text="All is well", blocks=CARD))
        elif words == "privately":
            place, user = body["channel_id"], body["user_id"]
            self.later(self.client.chat_postEphemeral(channel=place, user=user, text="For you", blocks=CARD))
        else:
            self.later(respond(text=f"You said {words}"))

    async def _action(self, ack: Any, body: Json, action: Json, respond: Any) -> None:
        self.seen.append(body)
        await asyncio.sleep(self.pause)
        await ack()
        picked = action.get("selected_option", {}).get("value", action.get("value"))
        self.later(respond(text=f"Got {picked}", replace_original=True))

    async def _ask(self, ack: Any, body: Json) -> None:
        self.seen.append(body)
        await ack()
        self.later(self.client.views_open(trigger_id=body["trigger_id"], view=FORM))

    async def _submitted(self, ack: Any, body: Json, view: Json) -> None:
        self.seen.append(body)
        reason = view["state"]["values"]["reason"]["it"]["value"]
        if reason == "no":
            await ack(response_action="errors", errors={"reason": "Say more."})
        elif reason in ("push", "update"):
            await ack(response_action=reason, view=FORM | {"title": {"type": "plain_text", "text": "Once more"}})
        elif reason == "clear":
            await ack(response_action="clear")
        elif reason == "wrong":
            await ack(response_action="errors", errors={"nowhere": "There is no such field."})
        else:
            await ack()

    async def _options(self, ack: Any, body: Json) -> None:
        every = [option("Production", "production"), option("Staging", "staging")]
        await ack(options=[one for one in every if body["value"].lower() in one["value"]])

    async def _mentioned(self, body: Json, request: Any) -> None:
        self.seen.append(body)
        self.headers.append(request.headers)
        await asyncio.sleep(self.pause)

    async def _home(self, body: Json) -> None:
        self.later(self.client.views_publish(user_id=body["event"]["user"], view={"type": "home", "blocks": CARD[:1]}))


@asynccontextmanager
async def by_socket(emulator: SlackEmulator, sockets: int = 1) -> AsyncIterator[Bot]:
    """A bot in Socket Mode."""
    async with aiohttp.ClientSession() as session:
        bot = Bot(emulator, session)
        there = sum(not one.leaving for one in emulator.sockets.sockets)
        # Bolt leaves these untyped.
        handlers: list[Any] = [
            AsyncSocketModeHandler(bot.app, emulator.app_token, ping_interval=1, proxy="") for _ in range(sockets)
        ]
        for handler in handlers:
            handler.client.logger.setLevel(logging.CRITICAL)
            await handler.connect_async()
        await emulator.ready(there + sockets)
        try:
            yield bot
        finally:
            for handler in handlers:
                await handler.close_async()


@asynccontextmanager
async def by_http(emulator: SlackEmulator) -> AsyncIterator[Bot]:
    """A bot that Slack calls."""
    async with aiohttp.ClientSession() as session:
        bot = Bot(emulator, session)
        runner = web.AppRunner(bot.app.web_app("/slack/events"), access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        emulator.http.url = f"http://{host}:{port}/slack/events"
        try:
            yield bot
        finally:
            await runner.cleanup()
