"""Knows how the parts make one Slack on loopback. Knows nothing of the bot that talks to it."""

import socket
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.emulators.slack.chat import Chat
from tests.emulators.slack.clock import Clock
from tests.emulators.slack.control import Control
from tests.emulators.slack.conversations import Conversations
from tests.emulators.slack.delivery import Ack, Carrier, Delivery, Post
from tests.emulators.slack.directory import Directory, ViewMethods
from tests.emulators.slack.driver import Person
from tests.emulators.slack.faults import Faults
from tests.emulators.slack.files import Files
from tests.emulators.slack.http_mode import SIGNING_SECRET, HttpMode
from tests.emulators.slack.payloads import Payloads
from tests.emulators.slack.response_urls import ResponseUrls
from tests.emulators.slack.seen import Seen, seen
from tests.emulators.slack.socket_mode import SocketMode
from tests.emulators.slack.views import Triggers, Views
from tests.emulators.slack.web_api import APP_TOKEN, BOT_TOKEN, Call, WebApi, cut_off
from tests.emulators.slack.world import BOT_USER, Channel, World
from tests.waiting import until

SCOPES = (
    *("app_mentions:read", "bookmarks:write", "chat:write", "commands", "files:write", "pins:read", "pins:write"),
    *("channels:history", "channels:join", "channels:manage", "channels:read"),
    *("groups:history", "groups:read", "groups:write", "im:history", "im:read", "im:write"),
    *("reactions:read", "reactions:write", "usergroups:read", "users:read", "users:read.email"),
)
"""What the app was granted, where a test does not say otherwise."""


class SlackEmulator:
    """Slack's Web API, Socket Mode and requests for one app in one workspace, as long as the `async with` lasts.

    `request_url` has commands, actions and events sent there (HTTP mode) instead of through sockets; it may be set
    later. `commands` are the slash commands that exist (None: any). `start` (Unix seconds) makes the clock stand still
    and every id the same in every run. Without `models`, slack_sdk's own validators are left out, for speed.
    """

    def __init__(
        self,
        *,
        channels: Iterable[str] = ("general", "backups", "incidents"),
        scopes: Iterable[str] = SCOPES,
        commands: Iterable[str] | None = None,
        request_url: str = "",
        start: float | None = None,
        port: int = 0,
        record: bool = True,
        models: bool = True,
    ) -> None:
        self.clock = Clock(start)
        self.world = World(self.clock, channels)
        self.faults = Faults(self._cut, self._disconnect)
        self.sockets = SocketMode(self.clock, self.faults)
        self.http = HttpMode()
        self.http.url = request_url
        self.post = Post(self.clock, self.faults, self._carrier, lambda: max(2, len(self.sockets.sockets)))
        self.sockets.post = self.http.post = self.post
        self.urls = ResponseUrls(self.clock, self.world, self.faults, models)
        self.triggers = Triggers(self.clock, self.world)
        self.views = Views(self.world)
        self.payloads = Payloads(self.world, self.triggers, self.urls)
        self.files = Files(self.world, self.faults)
        self.web_api = WebApi(self.clock, self.faults, scopes, record)
        conversations, directory = Conversations(self.world), Directory(self.world)
        view_methods = ViewMethods(self.views, self.triggers, self.world, models)
        for part in (Chat(self.world, models), conversations, directory, view_methods, self.files, self.sockets):
            self.web_api.add(part.methods())
        self.commands = None if commands is None else set(commands)
        self.bot_token, self.app_token, self.signing_secret = BOT_TOKEN, APP_TOKEN, SIGNING_SECRET
        self.bot_user = BOT_USER
        self.url = self.api = ""
        self._port = port

    async def __aenter__(self) -> "SlackEmulator":
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self.web_api.serve)
        app.router.add_get("/link/", self._connect)
        app.router.add_post("/response/{key}", self.urls.serve)
        app.router.add_post("/upload/{file}", self.files.upload)
        Control(self).add(app)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        listening = socket.create_server(("127.0.0.1", self._port))
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        self.url = f"http://{host}"
        self.api = f"{self.url}/api/"
        self.sockets.url = f"ws://{host}/link/"
        self.urls.url, self.files.url = f"{self.url}/response", f"{self.url}/upload"
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.post.close()
        await self.sockets.close()
        await self.http.close()
        await self._runner.cleanup()

    # --- what tests ask ---------------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """Every Web API call so far, with how it was answered."""
        return self.web_api.calls

    def called(self, method: str) -> list[Call]:
        """The calls of one method; of the response URLs for `response_url`."""
        every = self.urls.calls if method == "response_url" else self.calls
        return [one for one in every if one.method == method]

    @property
    def acks(self) -> list[Ack]:
        """Every acknowledgement, late ones too."""
        return self.post.acks

    @property
    def timeouts(self) -> list[Delivery]:
        """What was not acknowledged within three seconds."""
        return self.post.timeouts

    @property
    def complaints(self) -> list[str]:
        """What the bot sent that Slack drops without telling it. Empty where all is well."""
        return self.post.complaints

    def person(self, name: str, user_id: str | None = None) -> Person:
        """Somebody in the workspace, who can be made to act."""
        return Person(self, self.world.join(name, user_id), name)

    def channel(self, name: str) -> str:
        """The id of a channel by its name."""
        return self.world.named(name).id

    def add_channel(self, name: str, *, private: bool = False, bot: bool = True, archived: bool = False) -> str:
        """A new channel, and its id; the bot is in it unless told otherwise."""
        return self.world.add_channel(name, "group" if private else "channel", bot=bot, archived=archived).id

    def group(self, group_id: str, *members: Person) -> None:
        """Say who is in a user group."""
        self.world.groups[group_id] = [one.id for one in members]

    def posted(self, channel: str) -> list[Seen]:
        """The messages of a channel that everybody sees, oldest first."""
        place = self.world.named(channel)
        return [seen(one, self.names, pinned=one.ts in place.pins) for one in place.messages.values() if one.to is None]

    def kick(self, channel: str) -> None:
        """Take the bot out of a channel, as a person may."""
        self.world.named(channel).members.discard(BOT_USER)

    def archive(self, channel: str) -> None:
        """Archive a channel, as a person may."""
        self.world.named(channel).archived = True

    def deactivate(self, person: Person) -> None:
        """Let somebody leave the workspace, as an administrator may."""
        self.world.deactivated.add(person.id)

    def delete(self, message: Seen) -> None:
        """Delete a message, as an administrator may."""
        channel = self.world.channels[message.channel]
        channel.remove(channel.messages[message.ts])

    async def ready(self, sockets: int = 1, within: float = 10) -> None:
        """Wait until so many sockets are open. Raises TimeoutError."""
        await until(lambda: sum(not one.leaving for one in self.sockets.sockets) >= sockets, within=within)

    async def settled(self, within: float = 10) -> None:
        """Wait until nothing is on its way to the bot any more. Raises TimeoutError."""
        await until(lambda: not self.post.is_busy, within=within)

    # --- what goes on inside ----------------------------------------------------------------------------------------

    @property
    def names(self) -> dict[str, str]:
        """The names of people, channels and user groups by their ids."""
        places = {one.id: one.name for one in self.world.channels.values()}
        return self.world.users | places | {one: one for one in self.world.groups}

    def place(self, channel: str, user: str) -> Channel:
        """A channel by name or id; `dm` for somebody's direct messages with the app."""
        return self.world.direct(user) if channel == "dm" else self.world.named(channel)

    def tell(self, event: dict[str, Any]) -> None:
        """Let the app know of an event."""
        self.post.tell(self.payloads.event(event))

    def _carrier(self) -> Carrier:
        return self.http if self.http.url else self.sockets

    def _cut(self) -> None:
        self.sockets.cut()

    def _disconnect(self, reason: str) -> None:
        self.post.start(self.sockets.disconnect(reason))

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        return cut_off(request) if self.faults.down_status is not None else await self.sockets.serve(request)
