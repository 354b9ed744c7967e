"""Knows the routes of channels, their messages, threads and pins. Knows nothing of interactions."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.emulators.discord.clock import Clock, iso
from tests.emulators.discord.errors import DiscordError, Problems
from tests.emulators.discord.messages import Message, Messages
from tests.emulators.discord.permissions import (
    ATTACH_FILES,
    CREATE_PRIVATE_THREADS,
    CREATE_PUBLIC_THREADS,
    MANAGE_CHANNELS,
    MANAGE_THREADS,
    PIN_MESSAGES,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS,
)
from tests.emulators.discord.rest import Asked, Handler
from tests.emulators.discord.rules import HAS_THREAD
from tests.emulators.discord.world import (
    APPLICATION_ID,
    GUILD_ID,
    GUILD_TEXT,
    PRIVATE,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    Channel,
    World,
)

THREAD_CREATED, THREAD_STARTER = 18, 21
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)

Tell = Callable[[str, dict[str, Any]], None]


class Channels:
    """Channels and what is in them."""

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
        yield "PUT", "/channels/{channel}/thread-members/@me", lambda asked: self._open(self._channel(asked)) and None
        yield "PUT", "/channels/{channel}/thread-members/{user}", self._bring
        yield "POST", "/users/@me/channels", self._private
        yield "POST", "/channels/{channel}/typing", lambda asked: self._channel(asked) and None
        yield "GET", "/channels/{channel}/messages/pins", self._pins
        yield "PUT", "/channels/{channel}/messages/pins/{message}", self._pin
        yield "DELETE", "/channels/{channel}/messages/pins/{message}", self._unpin
        yield "GET", "/channels/{channel}/messages", self._history
        yield "POST", "/channels/{channel}/messages", self._post
        one = "/channels/{channel}/messages/{message}"
        yield "GET", one, lambda asked: self._message(asked).shown(self._world)
        yield "PATCH", one, self._edit
        yield "DELETE", one, self._delete

    def _channel(self, asked: Asked) -> Channel:
        return self._world.channel(asked.ids["channel"])

    def _message(self, asked: Asked) -> Message:
        return self._messages.get(self._channel(asked).id, asked.ids["message"])

    def _open(self, channel: Channel) -> Channel:
        if channel.archived:
            raise DiscordError(400, 50083)
        return channel

    # --- messages ---------------------------------------------------------------------------------------------------

    def _history(self, asked: Asked) -> list[dict[str, Any]]:
        channel, query = self._channel(asked), asked.query
        if not self._world.permissions & READ_MESSAGE_HISTORY:
            return []
        problems = Problems()
        limit = int(query.get("limit", 50))
        problems.number(("limit",), limit, 1, 100)
        problems.raise_if_any()
        before = int(query["before"]) if "before" in query else None
        after = int(query["after"]) if "after" in query else None
        found = self._messages.history(channel.id, limit=limit, before=before, after=after)
        return [message.shown(self._world) for message in found]

    def _post(self, asked: Asked) -> dict[str, Any]:
        channel, body, nonce = self._channel(asked), asked.body, asked.body.get("nonce")
        problems = Problems()
        if isinstance(nonce, str):
            problems.length(("nonce",), nonce, 0, 25)
            problems.raise_if_any()
        known = self._messages.known(nonce) if nonce is not None and body.get("enforce_nonce") else None
        if known:
            return known.shown(self._world) | {"nonce": nonce}
        if channel.type == PRIVATE:
            self._world.need_open(channel)
        else:
            self._world.need(SEND_MESSAGES_IN_THREADS if channel.is_thread else SEND_MESSAGES)
        if asked.files:
            self._world.need(ATTACH_FILES)
        asleep = channel.archived
        message = self._messages.post(channel, body, asked.files, problems, reference=self._reference(body))
        if asleep:
            self._tell("THREAD_UPDATE", channel.shown())
        shown = message.shown(self._world) | ({} if nonce is None else {"nonce": nonce})
        self._tell("MESSAGE_CREATE", shown | {"guild_id": GUILD_ID})
        return shown

    def _reference(self, body: dict[str, Any]) -> dict[str, Any] | None:
        given = body.get("message_reference")
        if not given:
            return None
        known = self._messages.all.get(str(given.get("message_id")))
        if (known is None or known.gone) and given.get("fail_if_not_exists", True):
            code = "MESSAGE_REFERENCE_UNKNOWN_MESSAGE"
            raise DiscordError(
                400, 50035, {"message_reference": {"_errors": [{"code": code, "message": "Unknown message"}]}}
            )
        channel_id = str(given.get("channel_id") or (known.channel_id if known else ""))
        return {"type": 0, "message_id": str(given["message_id"]), "channel_id": channel_id, "guild_id": GUILD_ID}

    def _edit(self, asked: Asked) -> dict[str, Any]:
        message = self._message(asked)
        self._open(self._channel(asked))
        self._messages.count_old_edit(message)
        shown = self._messages.edit(message, asked.body, asked.files, Problems()).shown(self._world)
        self._tell("MESSAGE_UPDATE", shown | {"guild_id": GUILD_ID})
        return shown

    def _delete(self, asked: Asked) -> None:
        message = self._message(asked)
        message.gone = True
        self._channel(asked).pinned_at.pop(message.id, None)
        gone = {"id": message.id, "channel_id": message.channel_id, "guild_id": GUILD_ID}
        self._tell("MESSAGE_DELETE", gone)

    # --- pins -------------------------------------------------------------------------------------------------------

    def _pins(self, asked: Asked) -> dict[str, Any]:
        pinned = self._channel(asked).pinned_at
        items = [
            {"pinned_at": iso(at), "message": self._messages.all[message_id].shown(self._world)}
            for message_id, at in sorted(pinned.items(), key=lambda pin: pin[1], reverse=True)
        ]
        return {"items": items, "has_more": False}

    def _pin(self, asked: Asked) -> None:
        self._world.need(PIN_MESSAGES)
        self._messages.pin(self._message(asked), self._open(self._channel(asked)))
        self._told_pins(asked)

    def _unpin(self, asked: Asked) -> None:
        self._world.need(PIN_MESSAGES)
        message = self._message(asked)
        message.pinned = False
        self._open(self._channel(asked)).pinned_at.pop(message.id, None)
        self._told_pins(asked)

    def _told_pins(self, asked: Asked) -> None:
        pinned = self._channel(asked).pinned_at.values()
        last = iso(max(pinned)) if pinned else None
        told = {"guild_id": GUILD_ID, "channel_id": asked.ids["channel"], "last_pin_timestamp": last}
        self._tell("CHANNEL_PINS_UPDATE", told)

    # --- channels and threads ---------------------------------------------------------------------------------------

    def _create(self, asked: Asked) -> dict[str, Any]:
        self._world.need(MANAGE_CHANNELS)
        body, problems = asked.body, Problems()
        problems.length(("name",), body.get("name"), 1, 100)
        problems.length(("topic",), body.get("topic") or "", 0, 1024)
        problems.one_of(("type",), body.get("type") or 0, (GUILD_TEXT,))
        problems.raise_if_any()
        # A text channel's name is written small and without spaces, whatever was asked for.
        name = str(body["name"]).lower().replace(" ", "-")
        topic, position = body.get("topic"), len(self._world.channels)
        channel = Channel(self._clock.snowflake(), name, topic=topic, position=position, parent=body.get("parent_id"))
        self._world.channels[channel.id] = channel
        self._tell("CHANNEL_CREATE", channel.shown())
        return channel.shown()

    def _change(self, asked: Asked) -> dict[str, Any]:
        channel, body, problems = self._channel(asked), asked.body, Problems()
        self._may_change(channel, body)
        if "name" in body:
            problems.length(("name",), body["name"], 1, 100)
        if body.get("auto_archive_duration") is not None:
            problems.one_of(("auto_archive_duration",), body["auto_archive_duration"], ARCHIVE_MINUTES)
        problems.raise_if_any()
        if channel.archived and body.get("archived", True):
            raise DiscordError(400, 50083)
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
        thread = self._open(self._channel(asked))
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
