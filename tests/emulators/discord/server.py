"""Knows how the parts make one Discord on loopback. Knows nothing of the bot that talks to it."""

import asyncio
import socket
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from aiohttp import web

from tests.emulators.discord.channel import GUILD_ID
from tests.emulators.discord.channel_routes import Channels
from tests.emulators.discord.clock import Clock
from tests.emulators.discord.control import Control
from tests.emulators.discord.driver import Person
from tests.emulators.discord.faults import Faults
from tests.emulators.discord.gateway import INVALID, RECONNECT, Gateway
from tests.emulators.discord.interactions import Ack, Interaction, Interactions
from tests.emulators.discord.message_routes import Posts
from tests.emulators.discord.messages import Messages
from tests.emulators.discord.permissions import ALL
from tests.emulators.discord.rest import PREFIX, Call, Rest, nowhere
from tests.emulators.discord.routes import Answers, Commands, Identity
from tests.emulators.discord.seen import Seen
from tests.emulators.discord.world import APPLICATION_ID, BOT_ROLE_ID, World
from tests.waiting import until

TOKEN = "MTIwMDAwMDAwMDAwMDAwMDAwMQ.emulated.bot-token-of-no-use-elsewhere"


class DiscordEmulator:
    """Discord's REST and gateway for one bot in one guild, for as long as the `async with` lasts.

    `start` (Unix seconds) makes the clock stand still and every id the same in every run. `privileged` are the
    privileged intents that the application was granted, none by default; `permissions` what it was invited with.
    Channels, roles and categories are names, or a mapping of names to their ids.
    """

    def __init__(
        self,
        *,
        channels: Iterable[str] = ("general", "backups", "incidents"),
        roles: Iterable[str] = ("operators", "approvers"),
        categories: Iterable[str] = (),
        start: float | None = None,
        privileged: int = 0,
        permissions: int = ALL,
        heartbeat_seconds: float = 41.25,
        port: int = 0,
        record: bool = True,
    ) -> None:
        self.clock = Clock(start)
        self.world = World(self.clock, channels, roles, categories, permissions)
        self.faults = Faults(self._drop, self._reconnect, self._invalidate)
        self.rest = Rest(self.clock, self.faults, TOKEN, record)
        self._gateway = Gateway(TOKEN, privileged, round(heartbeat_seconds * 1000), self.world.guild_created)
        self._port = port
        self._events: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self.token = TOKEN
        self.application_id = APPLICATION_ID
        self.guild_id = GUILD_ID
        self.api = ""
        self.gateway = ""

    async def __aenter__(self) -> "DiscordEmulator":
        app = web.Application(client_max_size=64 * 1024 * 1024)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        app.router.add_get("/", self._connect)
        app.router.add_get("/attachments/{channel}/{attachment}/{name}", self._download)
        listening = socket.create_server(("127.0.0.1", self._port))
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        url = f"http://{host}"
        self.api, self.gateway = url + PREFIX, f"ws://{host}/"
        Control(self).add(app)
        self._assemble(app, url)
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()
        self._start(self._deliver())
        return self

    def _assemble(self, app: web.Application, url: str) -> None:
        self.messages = Messages(self.clock, self.world, url)
        self.interactions = Interactions(self.clock, self.world, self.messages, self._tell)
        self.commands = Commands(self.clock)
        self._gateway.url = self.gateway
        self._gateway.is_deaf = lambda: self.faults.deaf
        self._gateway.stops_acking = lambda: self.faults.stop_acking
        channels = Channels(self.clock, self.world, self.messages, self._tell)
        posts = Posts(self.world, self.messages, self._tell)
        answers = Answers(self.interactions, self.world, self.messages)
        for part in (Identity(self.world, self.gateway), self.commands, channels, posts, answers):
            self.rest.add(app, part.routes())
        self.rest.add(app, [("*", "/{rest:.*}", nowhere)])

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.interactions.close()
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._gateway.close()
        await self._runner.cleanup()
        for broken in ended:
            if isinstance(broken, Exception):
                raise broken

    # --- what tests ask ---------------------------------------------------------------------------------------------

    @property
    def calls(self) -> list[Call]:
        """Every REST request so far, with its answer."""
        return self.rest.calls

    def called(self, route: str) -> list[Call]:
        """The calls of one route, such as `POST /channels/{id}/messages`."""
        return self.rest.called(route)

    @property
    def acks(self) -> list[Ack]:
        """How each interaction was answered first, and how fast."""
        return self.interactions.acks

    @property
    def timeouts(self) -> list[Interaction]:
        """The interactions that nobody answered within three seconds."""
        return self.interactions.timeouts

    @property
    def sessions(self) -> int:
        """Clients that are connected to the gateway and identified."""
        return len(self._gateway.connected)

    @property
    def identified(self) -> int:
        """How often a client began a new session."""
        return self._gateway.identified

    @property
    def resumed(self) -> int:
        """How often a client went on with its session."""
        return self._gateway.resumed

    def channel(self, name: str) -> str:
        """The id of a channel or thread by its name."""
        return self.world.channel_id(name)

    def role(self, name: str) -> str:
        """The id of a role by its name."""
        return self.world.role_id(name)

    def person(self, name: str, *, user_id: str | None = None, roles: Iterable[str] = ()) -> Person:
        """Somebody in the guild, who can be made to act; `roles` by their names or ids."""
        return Person(self, self.world.join(name, user_id, roles), name)

    def posted(self, channel: str) -> list[Seen]:
        """The messages of a channel that everybody sees, oldest first."""
        return Person(self, "", "nobody").messages(channel)

    async def ready(self, sessions: int = 1, within: float = 10) -> None:
        """Wait until so many clients are connected and have registered commands. Raises TimeoutError."""
        there = self.commands.registered
        await until(lambda: self.sessions >= sessions and any(there.values()), within=within)

    def hide(self, channel: str, hidden: bool = True) -> None:
        """Take the bot's access to a channel away, or give it back."""
        self.world.channels[self.channel(channel)].hidden = hidden

    def deny(self, permission: int) -> None:
        """Take a permission from the bot's role, as an administrator may at any time."""
        self.world.permissions &= ~permission
        role = self.world.roles[BOT_ROLE_ID]
        role["permissions"] = str(self.world.permissions)
        self._tell("GUILD_ROLE_UPDATE", {"guild_id": GUILD_ID, "role": role})

    def archive(self, thread: str, *, locked: bool = False) -> None:
        """Archive a thread, as a person may at any time."""
        channel = self.world.channels[self.channel(thread)]
        channel.archived, channel.locked, channel.archive_changed_at = True, locked, self.clock.now
        self._tell("THREAD_UPDATE", channel.shown())

    # --- what goes on inside ----------------------------------------------------------------------------------------

    def _tell(self, event: str, given: dict[str, Any]) -> None:
        self._events.put_nowait((event, given))

    async def _deliver(self) -> None:
        while True:
            await self._gateway.dispatch(*await self._events.get())

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _drop(self) -> None:
        self._gateway.drop()

    def _reconnect(self) -> None:
        self._start(self._gateway.tell_all(RECONNECT, None))

    def _invalidate(self, resumable: bool) -> None:
        self._start(self._gateway.tell_all(INVALID, resumable))

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        if self.faults.is_down:
            if request.transport:
                request.transport.abort()
            return web.Response()
        return await self._gateway.serve(request)

    async def _download(self, request: web.Request) -> web.Response:
        file = self.messages.files.get(request.match_info["attachment"])
        if file is None:
            raise web.HTTPNotFound
        return web.Response(body=file.content, headers={"Content-Type": file.type})
