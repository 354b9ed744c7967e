"""Knows the routes that open, change and remove channels and threads. Knows nothing of what is in them."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.emulators.discord.channel import (
    GUILD_CATEGORY,
    GUILD_ID,
    GUILD_TEXT,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    Channel,
)
from tests.emulators.discord.clock import Clock
from tests.emulators.discord.errors import DiscordError, Problems
from tests.emulators.discord.messages import Message, Messages
from tests.emulators.discord.permissions import (
    CREATE_PRIVATE_THREADS,
    CREATE_PUBLIC_THREADS,
    MANAGE_CHANNELS,
    MANAGE_THREADS,
    SEND_MESSAGES_IN_THREADS,
)
from tests.emulators.discord.rest import Asked, Handler
from tests.emulators.discord.rules import HAS_THREAD
from tests.emulators.discord.world import APPLICATION_ID, World

THREAD_CREATED, THREAD_STARTER = 18, 21
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
IN_GUILD, IN_CATEGORY = 500, 50
RENAMES, RENAME_SECONDS = 2, 600
"""So often a channel's name or topic may be changed, in so many seconds; not documented, but so for years."""

Tell = Callable[[str, dict[str, Any]], None]


class Channels:
    """Opens, changes and removes channels and threads."""

    def __init__(self, clock: Clock, world: World, messages: Messages, tell: Tell) -> None:
        self._clock = clock
        self._world = world
        self._messages = messages
        self._tell = tell

    def routes(self) -> Iterator[tuple[str, str, Handler]]:
        yield "GET", "/channels/{channel}", lambda asked: self._channel(asked).shown()
        yield "PATCH", "/channels/{channel}", self._change
        yield "DELETE", "/channels/{channel}", self._remove
        yield "POST", "/guilds/{guild}/channels", self._create
        yield "GET", "/guilds/{guild}/threads/active", self._active
        yield "POST", "/channels/{channel}/threads", self._thread
        yield "POST", "/channels/{channel}/messages/{message}/threads", self._thread_under
        yield "PUT", "/channels/{channel}/thread-members/@me", lambda asked: self._channel(asked).awake() and None
        yield "PUT", "/channels/{channel}/thread-members/{user}", self._bring
        yield "POST", "/users/@me/channels", self._private

    def _channel(self, asked: Asked) -> Channel:
        return self._world.channel(asked.ids["channel"])

    def _message(self, asked: Asked) -> Message:
        return self._messages.get(self._channel(asked).id, asked.ids["message"])

    def _create(self, asked: Asked) -> dict[str, Any]:
        self._world.need(MANAGE_CHANNELS)
        body, problems = asked.body, Problems()
        problems.length(("name",), body.get("name"), 1, 100)
        problems.length(("topic",), body.get("topic") or "", 0, 1024)
        problems.one_of(("type",), body.get("type") or 0, (GUILD_TEXT,))
        self._check_parent(body.get("parent_id"), problems)
        problems.raise_if_any()
        if len(self._world.own_channels()) >= IN_GUILD:
            raise DiscordError(400, 30013)
        # A text channel's name is written small and without spaces, whatever was asked for.
        name = str(body["name"]).lower().replace(" ", "-")
        topic, position = body.get("topic"), len(self._world.channels)
        parent = None if body.get("parent_id") is None else str(body["parent_id"])
        channel = Channel(self._clock.snowflake(), name, topic=topic, position=position, parent=parent)
        self._world.channels[channel.id] = channel
        self._tell("CHANNEL_CREATE", channel.shown())
        return channel.shown()

    def _check_parent(self, parent: Any, problems: Problems) -> None:
        if parent is None:
            return
        category = self._world.channels.get(str(parent))
        if category is None or category.type != GUILD_CATEGORY:
            problems.add(("parent_id",), "CHANNEL_PARENT_INVALID", "Category does not exist")
        elif sum(one.parent == category.id for one in self._world.own_channels()) >= IN_CATEGORY:
            code = "CHANNEL_PARENT_MAX_CHANNELS"
            problems.add(("parent_id",), code, "Maximum number of channels in category reached (50)")

    def _count_rename(self, channel: Channel, body: dict[str, Any]) -> None:
        """Raise DiscordError where the name or topic was changed too often."""
        changes = any(key in body and body[key] != getattr(channel, key) for key in ("name", "topic"))
        if channel.is_thread or not changes:
            return
        now = self._clock.now
        recent = [at for at in channel.renamed_at if now - at < RENAME_SECONDS]
        if len(recent) >= RENAMES:
            raise DiscordError(429, 20028, retry_after=round(recent[0] + RENAME_SECONDS - now, 3))
        channel.renamed_at = [*recent, now]

    def _change(self, asked: Asked) -> dict[str, Any]:
        channel, body, problems = self._channel(asked), asked.body, Problems()
        self._may_change(channel, body)
        if "name" in body:
            problems.length(("name",), body["name"], 1, 100)
        problems.length(("topic",), body.get("topic") or "", 0, 1024)
        if body.get("auto_archive_duration") is not None:
            problems.one_of(("auto_archive_duration",), body["auto_archive_duration"], ARCHIVE_MINUTES)
        problems.raise_if_any()
        if channel.archived and body.get("archived", True):
            raise DiscordError(400, 50083)
        self._count_rename(channel, body)
        if channel.is_thread and "archived" in body and bool(body["archived"]) != channel.archived:
            channel.archived, channel.archive_changed_at = bool(body["archived"]), self._clock.now
            channel.quiet_since = self._clock.now
        channel.locked = bool(body.get("locked", channel.locked))
        channel.name = str(body.get("name", channel.name))
        channel.topic = body.get("topic", channel.topic)
        channel.archive_minutes = body.get("auto_archive_duration") or channel.archive_minutes
        self._tell("THREAD_UPDATE" if channel.is_thread else "CHANNEL_UPDATE", channel.shown())
        return channel.shown()

    def _may_change(self, channel: Channel, body: dict[str, Any]) -> None:
        if not channel.is_thread:
            self._world.need(MANAGE_CHANNELS)
        elif channel.locked or "locked" in body:
            self._world.need(MANAGE_THREADS)
        elif set(body) == {"archived"} and not body["archived"]:
            # Who may write in a thread may open it again.
            self._world.need(SEND_MESSAGES_IN_THREADS)

    def _remove(self, asked: Asked) -> dict[str, Any]:
        channel = self._channel(asked)
        self._world.need(MANAGE_THREADS if channel.is_thread else MANAGE_CHANNELS)
        del self._world.channels[channel.id]
        self._tell("THREAD_DELETE" if channel.is_thread else "CHANNEL_DELETE", channel.shown())
        return channel.shown()

    def _bring(self, asked: Asked) -> None:
        thread = self._channel(asked).awake()
        if not thread.is_thread:
            raise DiscordError(400, 50024)
        self._world.need(SEND_MESSAGES_IN_THREADS)
        self._world.member(asked.ids["user"])
        if asked.ids["user"] not in thread.members:
            thread.members.append(asked.ids["user"])

    def _private(self, asked: Asked) -> dict[str, Any]:
        """The direct messages with somebody: opened once, given again."""
        channel = self._world.private(str(asked.body.get("recipient_id")))
        return channel.shown() | {"recipients": [self._world.users[channel.members[0]]]}

    def _active(self, asked: Asked) -> dict[str, Any]:
        return {
            "threads": [thread.shown() for thread in self._world.active_threads()],
            "members": [],
            "has_more": False,
        }

    def _thread(self, asked: Asked) -> dict[str, Any]:
        parent, body = self._channel(asked), asked.body
        thread = self._begin(parent, body, self._clock.snowflake(), body.get("type") or PRIVATE_THREAD)
        if thread.type == PUBLIC_THREAD:
            reference = {"type": 0, "channel_id": thread.id, "guild_id": GUILD_ID}
            note = self._messages.place(parent, type=THREAD_CREATED, content=thread.name, reference=reference)
            self._tell("MESSAGE_CREATE", note.shown(self._world) | {"guild_id": GUILD_ID})
        return thread.shown() | {"member": self._membership(thread)}

    def _thread_under(self, asked: Asked) -> dict[str, Any]:
        message = self._message(asked)
        if message.id in self._world.channels:
            raise DiscordError(400, 160004)
        thread = self._begin(self._channel(asked), asked.body, message.id, PUBLIC_THREAD)
        message.thread = thread
        message.flags |= HAS_THREAD
        where = {"type": 0, "channel_id": message.channel_id, "message_id": message.id, "guild_id": GUILD_ID}
        self._messages.place(thread, type=THREAD_STARTER, reference=where)
        return thread.shown() | {"member": self._membership(thread)}

    def _begin(self, parent: Channel, body: dict[str, Any], thread_id: str, kind: int) -> Channel:
        if parent.is_thread:
            raise DiscordError(400, 50024)
        self._world.need(CREATE_PUBLIC_THREADS if kind == PUBLIC_THREAD else CREATE_PRIVATE_THREADS)
        problems = Problems()
        problems.length(("name",), body.get("name"), 1, 100)
        problems.one_of(("type",), kind, (PUBLIC_THREAD, PRIVATE_THREAD))
        minutes = body.get("auto_archive_duration") or 4320
        problems.one_of(("auto_archive_duration",), minutes, ARCHIVE_MINUTES)
        problems.raise_if_any()
        now = self._clock.now
        thread = Channel(
            thread_id,
            body["name"],
            kind,
            parent=parent.id,
            owner=APPLICATION_ID,
            archive_minutes=minutes,
            archive_changed_at=now,
            quiet_since=now,
        )
        self._world.channels[thread_id] = thread
        self._tell("THREAD_CREATE", thread.shown() | {"newly_created": True, "member": self._membership(thread)})
        return thread

    def _membership(self, thread: Channel) -> dict[str, Any]:
        return {"id": thread.id, "user_id": APPLICATION_ID, "join_timestamp": self._clock.stamp(), "flags": 0}
