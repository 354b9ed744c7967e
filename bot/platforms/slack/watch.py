"""Knows how the bot logs in to Slack, hears it, and notices when it no longer does. Knows nothing of what it hears.

The library keeps its socket open by pings; it is not believed alone. It tries one ticket for ever, notices a broken
line late, and can be connected and yet tell nothing (github.com/slackapi/bolt-python/issues/1529).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import WSMessage
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.domain.errors import LifeboatError, Outage
from bot.platforms.slack import symptoms
from bot.platforms.slack.api import Api
from bot.platforms.slack.people import UserGroups
from bot.ports import Symptom

CONNECT_SECONDS = 15.0
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 15.0
"""Seconds between two attempts to connect."""
STOOD = 10.0
"""Seconds after which a connection counts as one that stood: the next is opened at once."""
_LOOK = 0.25
_LAST_ACKS = 2.5
"""Seconds that acknowledgements have before a socket is closed."""
_GROUPS_SECONDS = 5.0
_log = structlog.get_logger()

# The library writes a traceback for every attempt; what matters is logged here.
_quiet = logging.getLogger(f"{__name__}.library")
_quiet.setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Login:
    """Whom a token belongs to; `url` of the workspace ends with a slash. `scopes` None: Slack did not say."""

    user: str
    user_id: str
    bot_id: str
    team: str
    team_id: str
    url: str
    scopes: frozenset[str] | None


class KnownLogin(AsyncAuthorize):
    """Tells Bolt who we are from what was said at the login, so that no acknowledgement waits for Slack."""

    def __init__(self, login: Callable[[], Login | None]) -> None:
        self._login = login

    async def __call__(self, **_asked: Any) -> AuthorizeResult:
        """The same for whoever asks: there is one team."""
        login = self._login()
        if login is None:
            return AuthorizeResult(enterprise_id=None, team_id=None)
        return AuthorizeResult(
            enterprise_id=None, team_id=login.team_id, bot_user_id=login.user_id, bot_id=login.bot_id
        )


class _Listening(AsyncSocketModeHandler):
    """Bolt's way in, that can wait until all that came is acknowledged."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._answering: set[asyncio.Future[None]] = set()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]  # as Bolt's
        """Carry one envelope to Bolt, and its acknowledgement back."""
        answered = asyncio.get_running_loop().create_future()
        self._answering.add(answered)
        try:
            await super().handle(client, req)
        finally:
            self._answering.discard(answered)
            answered.set_result(None)

    async def leave(self) -> None:
        """Close the socket, after the acknowledgements that are under way: nothing may be sent after the close."""
        if self._answering:
            await asyncio.wait(set(self._answering), timeout=_LAST_ACKS)
        await self.close_async()  # type: ignore[no-untyped-call]  # the library's


class Watch:
    """Keeps the bot connected. Without an app token there is no socket: Slack posts to us, and only the login is kept.

    `deaf_after`: seconds without an event and without a successful `auth.test` after which everything is made anew;
    `renew_after`: seconds without an event after which the socket is, for want of any other sign.
    """

    def __init__(
        self,
        api: Api,
        app: AsyncApp,
        groups: UserGroups,
        app_token: str | None,
        *,
        ping_seconds: float,
        deaf_after: float,
        renew_after: float,
    ) -> None:
        self._api = api
        self._app = app
        self._groups = groups
        self._app_token = app_token
        self._ping_seconds = ping_seconds
        self._deaf_after = deaf_after
        self._renew_after = renew_after
        self._left: list[_Listening] = []
        self._background: set[asyncio.Task[None]] = set()
        self._event_at = self._login_at = time.monotonic()
        self._switched_off = False
        self.login: Login | None = None
        self.connected = False
        self.trouble: Symptom = symptoms.CONNECTING

    async def stay(self) -> None:
        """Connect, and go on trying, until cancelled."""
        wait = 0.0
        told: Symptom | None = None
        while True:
            begun = time.monotonic()
            try:
                await self._connect()
            except (OSError, TimeoutError) as error:
                problem = Outage("Slack", f"Slack could not be reached ({type(error).__name__}).")
                self.trouble = symptoms.of_socket(problem)
            except Exception:  # noqa: BLE001 - a platform's start: another one must go on whatever happens here
                _log.exception("bug", platform="slack")
                self.trouble = symptoms.OWN_MISTAKE
            if self.trouble is symptoms.QUIET:
                # The old socket hears until the new one does.
                continue
            self.connected = False
            self._leave()
            stood = time.monotonic() - begun > STOOD
            wait = 0.0 if stood else min(max(2 * wait, SHORTEST_WAIT), LONGEST_WAIT)
            if self.trouble != told:
                _log.warning("slack_disconnected", problem=self.trouble.found, again_in=wait)
            told = None if stood else self.trouble
            await asyncio.sleep(wait)

    async def close(self) -> None:
        """Wait until every socket is closed."""
        self._leave()
        if self._background:
            await asyncio.wait(set(self._background), timeout=5)

    async def authorize(self) -> Login:
        """Ask Slack who we are. Raises as every call does."""
        answer = await self._api.auth_test()
        written = answer.headers.get("x-oauth-scopes")
        scopes = None if written is None else frozenset(one.strip() for one in written.split(","))
        told = {key: str(answer.get(key) or "") for key in ("user", "user_id", "bot_id", "team", "team_id", "url")}
        self.login = Login(**told, scopes=scopes)
        self._login_at = time.monotonic()
        return self.login

    # --- one connection ---------------------------------------------------------------------------------------------

    async def _connect(self) -> None:
        """Connect, and return when the connection is lost; why is in `trouble`."""
        try:
            login = await self.authorize()
        except LifeboatError as problem:
            self.trouble = symptoms.of_login(problem)
            return
        if not self._groups.read:
            # Who comes first should have their roles, but nobody waits long for them.
            with suppress(TimeoutError):
                async with asyncio.timeout(_GROUPS_SECONDS):
                    await self._groups.refresh()
        try:
            if self._app_token is None:
                self._connected(login)
                await self._watch(None)
            else:
                await self._listen(self._app_token, login)
        except LifeboatError as problem:
            self.trouble = symptoms.SOCKET_MODE_OFF if self._switched_off else symptoms.of_socket(problem)

    async def _listen(self, app_token: str, login: Login) -> None:
        url = (await self._api.apps_connections_open(app_token=app_token))["url"]
        handler = _Listening(
            self._app, app_token, logger=_quiet, web_client=self._api, ping_interval=self._ping_seconds
        )
        socket = handler.client
        # It would be read from the environment.
        socket.proxy = None
        socket.wss_uri = url
        socket.on_message_listeners.append(self._heard)
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await handler.connect_async()  # type: ignore[no-untyped-call]  # the library's
            self._connected(login)
            await self._watch(socket)
        finally:
            self._left.append(handler)

    def _leave(self) -> None:
        """Close the sockets of before, without waiting: one that is broken is closed late."""
        for handler in self._left:
            self._begin(handler.leave())
        self._left.clear()

    def _connected(self, login: Login) -> None:
        self._leave()
        self.connected = True
        self._switched_off = False
        self.trouble = symptoms.LOST
        self._event_at = time.monotonic()
        _log.info("slack_connected", bot=login.user, team=login.team, socket=self._app_token is not None)

    def heard(self) -> None:
        """Slack told something."""
        self._event_at = time.monotonic()

    async def _heard(self, message: WSMessage) -> None:
        self.heard()
        if '"link_disabled"' in str(message.data)[:500]:
            self._switched_off = True

    # --- the watch --------------------------------------------------------------------------------------------------

    async def _watch(self, socket: SocketModeClient | None) -> None:
        """Look at the connection until it has to be made anew."""
        asked_at = time.monotonic()
        while True:
            await asyncio.sleep(_LOOK)
            if socket is not None and not await self._stands(socket):
                return
            now = time.monotonic()
            if now - max(self._event_at, self._login_at) > self._deaf_after:
                _log.warning("slack_deaf", seconds=round(now - self._event_at))
                self.trouble = symptoms.DEAF
                return
            if socket is not None and now - self._event_at > self._renew_after:
                _log.info("slack_socket_renewed", seconds=round(now - self._event_at))
                self.trouble = symptoms.QUIET
                return
            if now - max(asked_at, self._login_at) > self._deaf_after / 5:
                asked_at = now
                self._begin(self._keep_alive())

    async def _stands(self, socket: SocketModeClient) -> bool:
        """Whether the socket is connected; one that is not is opened again at once."""
        if not _works(socket):
            return False
        if await socket.is_connected():
            self.connected = True
            return True
        self.connected = False
        async with asyncio.timeout(CONNECT_SECONDS):
            await socket.connect_to_new_endpoint()
        self.connected = await socket.is_connected()
        return self.connected

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _keep_alive(self) -> None:
        """Ask Slack whether it is there; `_login_at` says when it last was."""
        try:
            await self.authorize()
        except LifeboatError as problem:
            _log.info("slack_not_asked", problem=str(problem))


def _works(socket: SocketModeClient) -> bool:
    """Whether the library's own tasks still run."""
    tasks = (socket.message_processor, socket.message_receiver, socket.current_session_monitor)
    return not any(task is not None and task.done() for task in tasks)
