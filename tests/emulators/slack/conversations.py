"""Knows the methods about channels and what was said in them. Knows nothing of posting."""

import re
from collections.abc import Iterable
from typing import Any

from tests.emulators.slack.arguments import Arguments, Refusal
from tests.emulators.slack.web_api import Method
from tests.emulators.slack.world import BOT_USER, Channel, Message, World

READ = {"channel": "channels:read", "group": "groups:read", "im": "im:read", "mpim": "mpim:read"}
HISTORY = {"channel": "channels:history", "group": "groups:history", "im": "im:history"}
MANAGE = {"channel": ("channels:manage", "channels:write"), "group": ("groups:write",), "im": ("im:write",)}
FILL = {"channel": (*MANAGE["channel"], "channels:write.invites"), "group": ("groups:write", "groups:write.invites")}
TITLE = {"channel": (*MANAGE["channel"], "channels:write.topic"), "group": ("groups:write", "groups:write.topic")}
TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
MOST = 999
TOPIC = 250
MOST_INVITED = 100


class Conversations:
    """conversations.* and users.conversations."""

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
            "conversations.setPurpose": Method(self._set_purpose),
            "conversations.list": Method(self._list),
            "users.conversations": Method(self._joined),
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

    async def _list(self, given: Arguments) -> dict[str, Any]:
        return self._listed(given, self._world.channels.values())

    async def _joined(self, given: Arguments) -> dict[str, Any]:
        """Those that the bot is in; without saying so, and without how many others are."""
        mine = [one for one in self._world.channels.values() if BOT_USER in one.members]
        answer = self._listed(given, mine)
        for shown in answer["channels"]:
            del shown["is_member"], shown["num_members"]
        return answer

    def _listed(self, given: Arguments, channels: Iterable[Channel]) -> dict[str, Any]:
        types = given.several("types") or ["public_channel"]
        if not TYPES.keys() >= set(types):
            raise Refusal("invalid_types")
        kinds = {TYPES[one] for one in types}
        for kind in kinds:
            given.need(READ[kind])
        found = [
            one
            for one in channels
            if one.kind in kinds
            and (one.kind == "channel" or BOT_USER in one.members)
            and not (one.archived and given.flag("exclude_archived"))
        ]
        limit = given.whole("limit", 100)
        if not 1 <= limit <= MOST:
            raise Refusal("invalid_limit")
        cursor = given.text("cursor")
        ids = [f"next:{one.id}" for one in found]
        if cursor and cursor not in ids:
            raise Refusal("invalid_cursor")
        start = ids.index(cursor) if cursor else 0
        after = ids[start + limit] if len(ids) > start + limit else ""
        shown = [one.shown() for one in found[start : start + limit]]
        return {"channels": shown, "response_metadata": {"next_cursor": after}}

    async def _open(self, given: Arguments) -> dict[str, Any]:
        users, channel = given.several("users"), given.text("channel")
        if channel is not None:
            resumed = self._world.reachable(channel)
            if resumed.kind != "im":
                raise Refusal("method_not_supported_for_channel_type")
            return {"no_op": True, "already_open": True, "channel": self._opened(resumed, given)}
        if not users:
            raise Refusal("users_list_not_supplied")
        if len(users) > 1:
            raise Refusal("not_enough_scopes_for_group_dm")
        if users[0] not in self._world.users or users[0] == BOT_USER:
            raise Refusal("user_not_found")
        if users[0] in self._world.deactivated:
            raise Refusal("user_disabled")
        return {"channel": self._opened(self._world.direct(users[0]), given)}

    def _opened(self, direct: Channel, given: Arguments) -> dict[str, Any]:
        return direct.shown() if given.flag("return_im") else {"id": direct.id}

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
        if not re.search(r"[a-z0-9]", name):
            raise Refusal("invalid_name_punctuation")
        if any(one.name == name and one.kind != "im" for one in self._world.channels.values()):
            raise Refusal("name_taken")
        channel = self._world.add_channel(name, "group" if private else "channel", creator=BOT_USER)
        channel.members = {BOT_USER}
        return {"channel": channel.shown()}

    async def _invite(self, given: Arguments) -> dict[str, Any]:
        """Without `force` nobody is invited where one cannot be: the errors say who. With it the others are."""
        channel = self._managed(given, FILL)
        users = given.several("users")
        if not users:
            raise Refusal("no_user")
        if len(users) > MOST_INVITED:
            raise Refusal("too_many_users")
        errors = [
            {"user": user, "ok": False, "error": error}
            for user in users
            if (error := self._not_invited(user, channel)) is not None
        ]
        invited = set(users) - {one["user"] for one in errors}
        if errors and not (given.flag("force") and invited):
            raise Refusal(str(errors[0]["error"]), errors=errors)
        channel.members.update(user for user in users if user in invited)
        return {"channel": channel.shown()} | ({"errors": errors} if errors else {})

    def _not_invited(self, user: str, channel: Channel) -> str | None:
        if user not in self._world.users:
            return "user_not_found"
        if user == BOT_USER:
            return "cant_invite_self"
        if user in self._world.deactivated:
            return "cant_invite"
        return "already_in_channel" if user in channel.members else None

    async def _set_topic(self, given: Arguments) -> dict[str, Any]:
        channel = self._managed(given, TITLE)
        channel.topic = self._title(given, "topic")
        return {"channel": channel.shown()}

    async def _set_purpose(self, given: Arguments) -> dict[str, Any]:
        channel = self._managed(given, TITLE)
        channel.purpose = self._title(given, "purpose")
        return {"channel": channel.shown(), "purpose": channel.purpose}

    def _title(self, given: Arguments, name: str) -> str:
        words = str(given.given.get(name, ""))
        if len(words) > TOPIC:
            raise Refusal("too_long")
        return words

    def _managed(self, given: Arguments, scopes: dict[str, tuple[str, ...]]) -> Channel:
        """A channel that the bot is in and may change."""
        channel = self._world.reachable(given.required("channel"))
        if channel.kind not in scopes:
            raise Refusal("method_not_supported_for_channel_type")
        given.need(*scopes[channel.kind])
        return self._world.postable(channel.id)
