"""Knows the methods about channels and what was said in them. Knows nothing of posting."""

import re
from typing import Any

from tests.emulators.slack.arguments import Arguments, Refusal
from tests.emulators.slack.web_api import Method
from tests.emulators.slack.world import BOT_USER, Channel, Message, World

READ = {"channel": "channels:read", "group": "groups:read", "im": "im:read"}
HISTORY = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}
MANAGE = {"channel": ("channels:manage", "channels:write"), "group": ("groups:write",), "im": ("im:write",)}
MOST = 999
TOPIC = 250


class Conversations:
    """conversations.*"""

    def __init__(self, world: World) -> None:
        self._world = world

    def methods(self) -> dict[str, Method]:
        """What is offered. Which scope is needed depends on the kind of channel."""
        return {
            "conversations.history": Method(self._history),
            "conversations.replies": Method(self._replies),
            "conversations.info": Method(self._info),
            "conversations.open": Method(self._open, ("im:write",)),
            "conversations.join": Method(self._join, ("channels:join",)),
            "conversations.create": Method(self._create),
            "conversations.invite": Method(self._invite),
            "conversations.setTopic": Method(self._set_topic),
        }

    async def _history(self, given: Arguments) -> dict[str, Any]:
        channel = self._readable(given)
        shown = [
            one for one in channel.messages.values() if not one.thread_ts or one.broadcast or one.thread_ts == one.ts
        ]
        return self._page(given, channel, list(reversed(shown)))

    async def _replies(self, given: Arguments) -> dict[str, Any]:
        channel = self._readable(given)
        asked = channel.messages.get(given.required("ts"))
        if asked is None or asked.to:
            raise Refusal("thread_not_found")
        root = asked.thread_ts or asked.ts
        return self._page(given, channel, [channel.messages[root], *channel.replies(root)])

    def _readable(self, given: Arguments) -> Channel:
        channel = self._world.reachable(given.required("channel"))
        given.need(HISTORY[channel.kind])
        if BOT_USER not in channel.members:
            raise Refusal("not_in_channel")
        return channel

    def _page(self, given: Arguments, channel: Channel, messages: list[Message]) -> dict[str, Any]:
        """A page by cursor, of the messages between oldest and latest. Ephemeral ones are never kept."""
        oldest, latest = given.text("oldest") or "0", given.text("latest") or "9" * 12
        inclusive = given.flag("inclusive")
        within = [
            one
            for one in messages
            if one.to is None
            and (float(oldest) < float(one.ts) < float(latest) or (inclusive and one.ts in (oldest, latest)))
        ]
        limit = given.whole("limit", 100)
        if not 1 <= limit <= MOST:
            raise Refusal("invalid_limit")
        start = self._start(given.text("cursor"), within)
        page = within[start : start + limit]
        more = len(within) > start + limit
        answer: dict[str, Any] = {
            "messages": [self._shown(channel, one, given.flag("include_all_metadata")) for one in page],
            "has_more": more,
        }
        if more:
            answer["response_metadata"] = {"next_cursor": f"next_ts:{page[-1].ts}"}
        return answer

    def _start(self, cursor: str | None, messages: list[Message]) -> int:
        if not cursor:
            return 0
        for at, one in enumerate(messages):
            if cursor == f"next_ts:{one.ts}":
                return at + 1
        raise Refusal("invalid_cursor")

    def _shown(self, channel: Channel, message: Message, metadata: bool) -> dict[str, Any]:
        shown = message.shown(metadata=metadata)
        if replies := channel.replies(message.ts):
            shown |= {"thread_ts": message.ts, "reply_count": len(replies), "latest_reply": replies[-1].ts}
        return shown

    async def _info(self, given: Arguments) -> dict[str, Any]:
        channel = self._world.reachable(given.required("channel"))
        given.need(READ[channel.kind])
        return {"channel": channel.shown()}

    async def _open(self, given: Arguments) -> dict[str, Any]:
        users = given.several("users")
        if not users:
            raise Refusal("users_list_not_supplied")
        if len(users) > 1:
            raise Refusal("not_enough_scopes_for_group_dm")
        if users[0] not in self._world.users:
            raise Refusal("user_not_found")
        return {"channel": {"id": self._world.direct(users[0]).id}}

    async def _join(self, given: Arguments) -> dict[str, Any]:
        channel = self._world.reachable(given.required("channel"))
        if channel.kind != "channel":
            raise Refusal("method_not_supported_for_channel_type")
        if channel.archived:
            raise Refusal("is_archived")
        channel.members.add(BOT_USER)
        return {"channel": channel.shown()}

    async def _create(self, given: Arguments) -> dict[str, Any]:
        private = given.flag("is_private")
        given.need(*MANAGE["group" if private else "channel"])
        name = given.text("name")
        if name is None:
            raise Refusal("invalid_name_required")
        if len(name) > 80:
            raise Refusal("invalid_name_maxlength")
        if not re.fullmatch(r"[a-z0-9_-]+", name):
            raise Refusal("invalid_name_specials")
        if any(one.name == name for one in self._world.channels.values()):
            raise Refusal("name_taken")
        channel = self._world.add_channel(name, "group" if private else "channel")
        channel.members = {BOT_USER}
        return {"channel": channel.shown()}

    async def _invite(self, given: Arguments) -> dict[str, Any]:
        channel = self._managed(given)
        users = given.several("users")
        if not users:
            raise Refusal("no_user")
        for user in users:
            if user not in self._world.users:
                raise Refusal("user_not_found")
            if user == BOT_USER:
                raise Refusal("cant_invite_self")
            if user in channel.members:
                raise Refusal("already_in_channel")
        channel.members.update(users)
        return {"channel": channel.shown()}

    async def _set_topic(self, given: Arguments) -> dict[str, Any]:
        channel = self._managed(given)
        topic = str(given.given.get("topic", ""))
        if len(topic) > TOPIC:
            raise Refusal("too_long")
        channel.topic = topic
        return {"channel": channel.shown()}

    def _managed(self, given: Arguments) -> Channel:
        channel = self._world.postable(given.required("channel"))
        given.need(*MANAGE[channel.kind])
        return channel
