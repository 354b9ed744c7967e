"""Knows which payloads Slack sends, and that each is acknowledged in time. Knows nothing of what people ask by them.

Slack gives three seconds. So the acknowledgement leaves first, and the work goes on in a task of its own; only a form
and completions are answered in the acknowledgement itself, and wait for it no longer than `PATIENCE`.
"""

import asyncio
import re
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.error import BoltUnhandledRequestError
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.cards import Card, Choice, Form
from bot.chat.declare import Command
from bot.chat.ids import decode
from bot.domain.errors import LifeboatError, Refused
from bot.house import House
from bot.platforms.slack import forms, incoming, symptoms
from bot.platforms.slack.answer import Answering
from bot.platforms.slack.api import NOT_THERE, Api, Declined
from bot.platforms.slack.incoming import Address, Incoming
from bot.platforms.slack.people import UserGroups
from bot.platforms.slack.rooms import Rooms
from bot.platforms.slack.stationery import Stationery
from bot.platforms.slack.watch import KnownLogin, Watch
from bot.ports import Symptom
from bot.router import Reply, Router
from bot.views.actions import FILL

API = "https://slack.com/api/"
PATH = "/slack/events"
PATIENCE = 2.0
"""Seconds that an answer may take which stands in the acknowledgement."""
_ANY = re.compile("")
_WORDS = frozenset({"", "file_share", "thread_broadcast"})
"""Subtypes of a message that is new words of a person; what was edited or deleted was answered when it was written."""
_log = structlog.get_logger()

Body = Mapping[str, Any]
_T = TypeVar("_T")


class Slack(Rooms):
    """The door to Slack: by a socket where there is an app token, by `mount` where there is a signing secret.

    `private_rooms`: channels that are opened can be seen by those alone who are invited.
    """

    def __init__(
        self,
        router: Router,
        house: House,
        *,
        bot_token: str,
        app_token: str | None = None,
        signing_secret: str | None = None,
        api: str = API,
        prefix: str = "",
        private_rooms: bool = False,
        ping_seconds: float = 5.0,
        deaf_after: float = 300.0,
        renew_after: float = 600.0,
    ) -> None:
        self._client = Api(bot_token, api, house.clock)
        stationery = Stationery(house, prefix)
        super().__init__(self._client, stationery, house, lambda: self._watch.login, private=private_rooms)
        self._router = router
        self._stationery = stationery
        self._prefix = prefix
        self._tokens = (bot_token, app_token)
        self._signed = signing_secret is not None
        self._groups = UserGroups(self._client, house.plan.groups("slack"))
        self._answering = Answering(router, house, self._client, self._groups, stationery, self, self._name)
        self._app = self._bolt(api, signing_secret or "")
        self._watch = Watch(
            self._client,
            self._app,
            self._groups,
            app_token,
            ping_seconds=ping_seconds,
            deaf_after=deaf_after,
            renew_after=renew_after,
        )
        self._kept: list[asyncio.Task[None]] = []
        self._working: set[asyncio.Task[Any]] = set()

    # --- from start to end ------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to connect, and go on trying."""
        self._client.start()
        self._kept = [asyncio.create_task(self._watch.stay()), asyncio.create_task(self._groups.keep())]

    def mount(self, app: web.Application) -> None:
        """Take what Slack posts, at /slack/events: for an app without Socket Mode."""
        app.router.add_post(PATH, self._posted)

    async def close(self) -> None:
        """Leave, and let what is being answered end."""
        for task in self._kept:
            task.cancel()
        await asyncio.gather(*self._kept, return_exceptions=True)
        await self._watch.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                # What ends may begin something: an answer is posted, then its file is uploaded.
                while left := self._left():
                    await asyncio.wait(left)
        late = self._left()
        for work in late:
            work.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await self._client.stop()

    async def post(self, channel: str, card: Card, key: str, under: str | None = None, /) -> str:
        """Post a card. Where the bot is not in the channel, who asked there last is told so."""
        try:
            return await super().post(channel, card, key, under)
        except Declined as declined:
            if declined.code in NOT_THERE:
                await self._answering.not_seen(channel)
            raise

    # --- how it is --------------------------------------------------------------------------------------------------

    async def symptoms(self) -> Sequence[Symptom]:
        """Connected as whom and where, or why not; what the token may not do."""
        wrong = symptoms.of_tokens(*self._tokens)
        try:
            async with asyncio.timeout(5):
                login = await self._watch.authorize()
        except TimeoutError:
            return [*wrong, Symptom("Slack did not answer within 5 s.", symptoms.ITSELF, broken=True)]
        except LifeboatError as problem:
            return [*wrong, symptoms.of_login(problem)]
        found = [] if self._watch.connected else [self._watch.trouble]
        if self._watch.connected:
            way = "Socket Mode" if self._tokens[1] else "HTTP mode"
            found = [Symptom(f"Connected as {login.user} in {login.team} ({way}).")]
        scopes = symptoms.of_scopes(login.scopes, private_rooms=self._private)
        return [*found, *wrong, *scopes, *symptoms.of_groups(self._groups.problem)]

    async def deaf(self) -> str:
        """Why it hears nothing now; '' when it does."""
        return "" if self._watch.connected else self._watch.trouble.found

    # --- what Slack sends -------------------------------------------------------------------------------------------

    def _bolt(self, api: str, signing_secret: str) -> AsyncApp:
        """Bolt with one listener for each kind of payload; which command or button it is, the router knows."""
        # Bolt makes a client for each request from this one, which nobody uses: what is called is called by `Api`.
        app = AsyncApp(
            name="lifeboat",
            client=AsyncWebClient(base_url=api),
            authorize=KnownLogin(lambda: self._watch.login),
            signing_secret=signing_secret,
            process_before_response=True,
            raise_error_for_unhandled_request=True,
        )
        app.command(_ANY)(self._command)
        app.action(_ANY)(self._pressed)
        app.options(_ANY)(self._completing)
        app.view_submission(_ANY)(self._submitted)
        app.view_closed(_ANY)(self._closed)
        app.event("app_mention")(self._mentioned)
        app.event("message")(self._told)
        app.event("app_home_opened")(self._home_opened)
        app.error(self._unhandled)
        return app

    async def _posted(self, request: web.Request) -> web.Response:
        if not self._signed:
            raise web.HTTPNotFound
        answer = await self._app.async_dispatch(await to_bolt_request(request))
        if answer.status == 200:
            self._watch.heard()
        return await to_aiohttp_response(answer)

    async def _command(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        self._work(self._answering.carry_out(incoming.command(body, self._prefix)))

    async def _pressed(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        came = incoming.press(body)
        if came is not None:
            self._work(self._answering.carry_out(came))

    async def _submitted(self, ack: AsyncAck, body: Body) -> None:
        came = incoming.submission(body)
        handling = self._work(self._answering.handle(came))
        done, _ = await asyncio.wait({handling}, timeout=PATIENCE)
        if not done:
            await ack()
            self._work(self._later(came, handling))
            return
        reply = handling.result()
        match reply.shown:
            case Form() as form if wrong := forms.errors(form):
                await ack(response_action="errors", errors=wrong)
            case Form() as form:
                await ack(response_action="update", view=self._stationery.modal(form, came.address))
            case _:
                await ack()
                self._work(self._answering.show(came, reply))

    async def _later(self, came: Incoming, handling: asyncio.Task[Reply]) -> None:
        await self._answering.correct_later(came, await handling)

    async def _completing(self, ack: AsyncAck, body: Body) -> None:
        submit, parameter = forms.asked(body["action_id"])
        typed = str(body.get("value") or "")
        command = self._asked_by(submit)
        choices: Sequence[Choice] = ()
        if command is not None:
            request = self._answering.asking(incoming.opened_from(body))
            try:
                async with asyncio.timeout(PATIENCE):
                    choices = await self._router.suggest(request, command, parameter, typed)
            except TimeoutError:
                _log.info("no_suggestions", command=command.line, problem="they came too late")
        await ack(options=forms.options(choices, typed))

    async def _closed(self, ack: AsyncAck) -> None:
        await ack()

    async def _mentioned(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        if _by_a_person(body["event"]):
            self._work(self._answering.carry_out(incoming.mention(body, self._prefix)))

    async def _told(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        event = body["event"]
        if event.get("channel_type") == "im" and event.get("subtype", "") in _WORDS and _by_a_person(event):
            self._work(self._answering.carry_out(incoming.direct(body, self._prefix)))

    async def _home_opened(self, ack: AsyncAck, body: Body) -> None:
        await ack()
        if body["event"].get("tab", "home") == "home":
            self._work(self._answering.show_home(incoming.home(body)))

    async def _unhandled(self, error: Exception, body: Body) -> BoltResponse:
        """What nobody listens to is acknowledged too, or Slack would call it a failure; who did it is told."""
        if not isinstance(error, BoltUnhandledRequestError):
            _log.error("bug", platform=self.platform, exc_info=error)
            return BoltResponse(status=200)
        _log.info("slack_payload_unknown", type=str(body.get("type"))[:40])
        user = (body.get("user") or {}).get("id")
        if user and body.get("response_url"):
            channel = (body.get("channel") or {}).get("id") or user
            self._work(self._answering.unknown(Address(user, channel, url=body["response_url"])))
        return BoltResponse(status=200)

    # --- small things -----------------------------------------------------------------------------------------------

    def _work(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Do this in a task of its own."""
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    def _left(self) -> set[asyncio.Task[Any]]:
        """What is under way."""
        return self._working | self._uploads

    def _name(self) -> str:
        login = self._watch.login
        return login.user if login else "lifeboat"

    def _asked_by(self, submit: str) -> Command | None:
        """The command whose arguments a form asks for; None for every other form."""
        try:
            _, press = decode(submit, {FILL.name: FILL})
        except Refused:
            return None
        group_name, _, name = dict(press.values)["command"].partition(" ")
        group = next((group for group in self._router.groups if group.name == group_name), None)
        return group.commands.get(name) if group else None


def _by_a_person(event: Body) -> bool:
    """Nobody answers robots, of which this is one: two could answer one another for ever."""
    return "bot_id" not in event and bool(event.get("user"))
