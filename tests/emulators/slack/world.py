"""Knows the workspace: people, channels, messages, files. Knows nothing of how they are asked for."""

import copy
import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.slack.arguments import Refusal
from tests.emulators.slack.clock import Clock

TEAM_ID = "T0CAMPUS0"
TEAM_DOMAIN = "campus"
APP_ID = "A0LIFEBOAT"
BOT_ID = "B0LIFEBOAT"
BOT_USER = "U0LIFEBOAT"
BOT_NAME = "lifeboat"


@dataclass
class File:
    """A file that was uploaded; shared once it is complete."""

    id: str
    name: str
    length: int
    content: bytes = b""
    title: str = ""
    uploaded: bool = False
    shared: bool = False
    unready: int = 0
    """So many messages that name it are still refused: Slack looks into a file after the upload is answered."""

    def shown(self) -> dict[str, Any]:
        """As the Web API shows it."""
        return {"id": self.id, "name": self.name, "title": self.title or self.name, "size": len(self.content)}


@dataclass
class Message:
    """A message as it stands now."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    thread_ts: str | None = None
    to: str | None = None
    """The one person who sees it, where it is ephemeral."""
    metadata: dict[str, Any] | None = None
    files: list[File] = field(default_factory=list)
    edited: bool = False
    broadcast: bool = False
    tombstone: bool = False
    """It was deleted while it had replies: only its place is left."""
    reactions: set[str] = field(default_factory=set)

    def shown(self, *, metadata: bool = False) -> dict[str, Any]:
        """As the Web API and payloads show it; metadata only for those who ask."""
        about: dict[str, Any] = {
            "type": "message",
            "user": self.user,
            "ts": self.ts,
            "text": self.text,
            "team": TEAM_ID,
        }
        if self.user == BOT_USER:
            about |= {"bot_id": BOT_ID, "app_id": APP_ID}
        if self.blocks:
            about["blocks"] = copy.deepcopy(self.blocks)
        if self.attachments:
            about["attachments"] = copy.deepcopy(self.attachments)
        if self.thread_ts:
            about["thread_ts"] = self.thread_ts
        if self.files:
            about["files"] = [one.shown() for one in self.files]
        if self.tombstone:
            about["subtype"] = "tombstone"
        if self.edited:
            about["edited"] = {"user": self.user, "ts": self.ts}
        if self.reactions:
            about["reactions"] = [{"name": one, "users": [BOT_USER], "count": 1} for one in sorted(self.reactions)]
        if metadata and self.metadata:
            about["metadata"] = copy.deepcopy(self.metadata)
        return about


@dataclass
class Channel:
    """A place to post."""

    id: str
    name: str
    kind: str = "channel"
    """channel (public), group (private) or im."""
    members: set[str] = field(default_factory=set)
    topic: str = ""
    purpose: str = ""
    """What its description says."""
    creator: str = ""
    created: int = 0
    archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    pins: set[str] = field(default_factory=set)

    def shown(self) -> dict[str, Any]:
        """As conversations.info shows it."""
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group",
            "is_im": self.kind == "im",
            "is_private": self.kind != "channel",
            "is_archived": self.archived,
            "is_member": BOT_USER in self.members,
            "created": self.created,
            "creator": self.creator,
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": self.purpose, "creator": "", "last_set": 0},
            "num_members": len(self.members),
        }

    def remove(self, message: Message) -> None:
        """Delete a message; of one with replies the place stays."""
        if self.replies(message.ts):
            message.text, message.blocks, message.attachments = "This message was deleted.", [], []
            message.metadata, message.tombstone = None, True
        else:
            del self.messages[message.ts]

    def replies(self, ts: str) -> list[Message]:
        """The messages in the thread under a message."""
        return [one for one in self.messages.values() if one.thread_ts == ts and one.ts != ts and one.to is None]


class World:
    """One workspace with one app in it."""

    def __init__(self, clock: Clock, channels: Iterable[str]) -> None:
        self.clock = clock
        self.users: dict[str, str] = {BOT_USER: BOT_NAME}
        self.channels: dict[str, Channel] = {}
        self.deactivated: set[str] = set()
        """Who has left the workspace."""
        self.groups: dict[str, list[str]] = {}
        """Members of user groups, by the group's id."""
        self.files: dict[str, File] = {}
        self.scans = 0
        """What `unready` is for files that are uploaded from now on."""
        self._numbers = itertools.count(1)
        for name in channels:
            self.add_channel(name)

    def number(self) -> int:
        """A number that nobody else gets."""
        return next(self._numbers)

    def add_channel(
        self,
        name: str,
        kind: str = "channel",
        *,
        bot: bool = True,
        archived: bool = False,
        channel_id: str | None = None,
        creator: str = "",
    ) -> Channel:
        """A new channel; everybody is in the public ones."""
        letter = {"channel": "C", "group": "G", "im": "D"}[kind]
        plain = re.sub("[^A-Z0-9]", "", name.upper())[:20].ljust(7, "0")
        taken = channel_id or f"{letter}0{plain}"
        while taken in self.channels:
            taken = f"{letter}0{plain}{self.number()}"
        members = (set(self.users) if kind == "channel" else set()) - {BOT_USER}
        channel = Channel(taken, name, kind, members | ({BOT_USER} if bot else set()), archived=archived)
        channel.creator, channel.created = creator, int(self.clock.now)
        self.channels[channel.id] = channel
        return channel

    def join(self, name: str, user_id: str | None) -> str:
        """Somebody in the workspace, and in every public channel that there is and that no app has made."""
        user = user_id or f"U0{re.sub('[^A-Z0-9]', '', name.upper())}"
        if user not in self.users:
            self.users[user] = name
            for channel in self.channels.values():
                if channel.kind == "channel" and not channel.creator:
                    channel.members.add(user)
        return user

    def direct(self, user: str) -> Channel:
        """The direct messages between the bot and somebody."""
        for channel in self.channels.values():
            if channel.kind == "im" and user in channel.members:
                return channel
        channel = self.add_channel(self.users[user], "im")
        channel.members.add(user)
        return channel

    def named(self, channel: str) -> Channel:
        """A channel by its name or id. Raises KeyError."""
        found = self.channels.get(channel)
        return found or next(one for one in self.channels.values() if one.name == channel.removeprefix("#"))

    def reachable(self, channel: str) -> Channel:
        """A channel that the bot can know of, by its id (a user's id means their direct messages)."""
        if channel in self.users and channel != BOT_USER:
            return self.direct(channel)
        found = self.channels.get(channel)
        if found is None or (found.kind == "group" and BOT_USER not in found.members):
            raise Refusal("channel_not_found")
        return found

    def postable(self, channel: str, *, anywhere: bool = False) -> Channel:
        """A channel that the bot may post to; `anywhere` for public ones that it is not in."""
        found = self.reachable(channel)
        if found.archived:
            raise Refusal("is_archived")
        if BOT_USER not in found.members and not (anywhere and found.kind == "channel"):
            raise Refusal("not_in_channel")
        return found

    def post(self, channel: Channel, user: str, text: str, **rest: Any) -> Message:
        """Put a new message into a channel."""
        message = Message(self.clock.ts(), channel.id, user, text, **rest)
        message.blocks = self.with_ids(message.blocks)
        for attachment in message.attachments:
            attachment["blocks"] = self.with_ids(attachment.get("blocks", []))
        channel.messages[message.ts] = message
        return message

    def with_ids(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same blocks, each with the ids that Slack gives where there are none."""
        blocks = copy.deepcopy(blocks)
        for block in blocks:
            block.setdefault("block_id", f"b{self.number():04x}")
            for one in (*block.get("elements", ()), block.get("accessory"), block.get("element")):
                if isinstance(one, dict) and block["type"] in ("actions", "section", "input"):
                    one.setdefault("action_id", f"a{self.number():04x}")
        return blocks
