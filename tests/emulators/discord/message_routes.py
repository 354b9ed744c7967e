"""Knows the routes of messages and pins. Knows nothing of interactions."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.emulators.discord.channel import (
    GUILD_ID,
    PRIVATE,
    Channel,
)
from tests.emulators.discord.clock import iso
from tests.emulators.discord.errors import DiscordError, Problems
from tests.emulators.discord.messages import Message, Messages
from tests.emulators.discord.permissions import (
    ATTACH_FILES,
    PIN_MESSAGES,
    READ_MESSAGE_HISTORY,
    SEND_MESSAGES,
    SEND_MESSAGES_IN_THREADS,
)
from tests.emulators.discord.rest import Asked, Handler
from tests.emulators.discord.world import World

Tell = Callable[[str, dict[str, Any]], None]


class Posts:
    """What is in channels: messages and pins."""

    def __init__(self, world: World, messages: Messages, tell: Tell) -> None:
        self._world = world
        self._messages = messages
        self._tell = tell

    def routes(self) -> Iterator[tuple[str, str, Handler]]:
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
        self._channel(asked).awake()
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
        self._messages.pin(self._message(asked), self._channel(asked).awake())
        self._told_pins(asked)

    def _unpin(self, asked: Asked) -> None:
        self._world.need(PIN_MESSAGES)
        message = self._message(asked)
        message.pinned = False
        self._channel(asked).awake().pinned_at.pop(message.id, None)
        self._told_pins(asked)

    def _told_pins(self, asked: Asked) -> None:
        pinned = self._channel(asked).pinned_at.values()
        last = iso(max(pinned)) if pinned else None
        told = {"guild_id": GUILD_ID, "channel_id": asked.ids["channel"], "last_pin_timestamp": last}
        self._tell("CHANNEL_PINS_UPDATE", told)
