"""Knows the messages of the guild: posted, edited, pinned, seen by one or by all. Knows nothing of how they arrive."""

import re
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.discord.channel import GUILD_ID, Channel
from tests.emulators.discord.clock import Clock, iso, made_at
from tests.emulators.discord.components import TEXT, walk
from tests.emulators.discord.echo import echo
from tests.emulators.discord.errors import DiscordError, Problems
from tests.emulators.discord.rules import COMPONENTS_V2, EPHEMERAL, SETTABLE, THINKING, check_message
from tests.emulators.discord.world import APPLICATION_ID, BOT, World

NONCE_SECONDS = 180
OLD_SECONDS = 3600
OLD_EDITS = 5
"""Edits that a message older than an hour takes within an hour. Discord keeps the number to itself."""

MENTION = re.compile(r"<@(!?|&)(\d+)>")


@dataclass
class File:
    """An uploaded file."""

    name: str
    content: bytes
    type: str


@dataclass
class Message:
    """A message. `to` is the one person who sees it, when it is ephemeral."""

    id: str
    channel_id: str
    at: float
    type: int = 0
    to: str | None = None
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    flags: int = 0
    edited_at: float | None = None
    pinned: bool = False
    pings: set[str] = field(default_factory=set)
    """Ids of the people and roles that were notified, and `everyone`."""
    webhook: dict[str, Any] = field(default_factory=dict)
    """What only an answer to an interaction has."""
    reference: dict[str, Any] | None = None
    thread: Channel | None = None
    old_edits: list[float] = field(default_factory=list)
    gone: bool = False
    off_screen: bool = False
    """Ephemeral, and no longer shown by the client of the one person; the bot can still change it."""

    def shown(self, world: World) -> dict[str, Any]:
        """As Discord writes it."""
        about: dict[str, Any] = {
            "id": self.id,
            "channel_id": self.channel_id,
            "type": self.type,
            "author": BOT,
            "content": self.content,
            "embeds": self.embeds,
            "components": self.components,
            "attachments": self.attachments,
            "flags": self.flags,
            "timestamp": iso(self.at),
            "edited_timestamp": None if self.edited_at is None else iso(self.edited_at),
            "pinned": self.pinned,
            "tts": False,
            "mention_everyone": "everyone" in self.pings,
            "mentions": [world.users[one] for one in sorted(self.pings) if one in world.users],
            "mention_roles": [one for one in sorted(self.pings) if one in world.roles],
            **self.webhook,
        }
        if self.reference:
            about["message_reference"] = self.reference
        if self.thread:
            about["thread"] = self.thread.shown()
        return about


class Messages:
    """Every message there is, in the order of their ids."""

    def __init__(self, clock: Clock, world: World, url: str) -> None:
        self._clock = clock
        self._world = world
        self._url = url
        self._nonces: dict[str, tuple[float, Message]] = {}
        self.all: dict[str, Message] = {}
        self.files: dict[str, File] = {}

    def get(self, channel_id: str, message_id: str) -> Message:
        """A message that everybody sees. Raises DiscordError when there is none."""
        message = self.all.get(message_id)
        if message is None or message.gone or message.channel_id != channel_id or message.to:
            raise DiscordError(404, 10008)
        return message

    def history(self, channel_id: str, *, limit: int, before: int | None, after: int | None) -> list[Message]:
        """The messages of a channel, newest first; with `after`, those next to it."""
        found = [one for one in self.all.values() if one.channel_id == channel_id and not one.gone and not one.to]
        found = [one for one in found if (before is None or int(one.id) < before)]
        if after is not None:
            return [one for one in found if int(one.id) > after][:limit][::-1]
        return found[-limit:][::-1]

    def known(self, nonce: Any) -> Message | None:
        """The message that was posted with this nonce in the past few minutes."""
        at, message = self._nonces.get(str(nonce), (float("-inf"), None))
        return message if self._clock.elapsed - at <= NONCE_SECONDS else None

    def post(
        self, channel: Channel, body: dict[str, Any], files: list[File], problems: Problems, **more: Any
    ) -> Message:
        """Put a new message in a channel; an archived thread opens again by it, unless it was locked."""
        check_message(body, {file.name: file.content for file in files}, problems)
        if channel.archived and channel.locked:
            raise DiscordError(400, 50083)
        message = self.place(channel, flags=(body.get("flags") or 0) & SETTABLE, **more)
        self._write(message, body, files)
        if body.get("nonce") is not None:
            self._nonces[str(body["nonce"])] = (self._clock.elapsed, message)
        return message

    def place(self, channel: Channel, **more: Any) -> Message:
        """A new and still empty message."""
        message = Message(self._clock.snowflake(), channel.id, self._clock.now, **more)
        self.all[message.id] = message
        if not message.to:
            channel.last_message = message.id
            channel.messages += 1
            channel.archived, channel.quiet_since = False, self._clock.now
        return message

    def edit(self, message: Message, body: dict[str, Any], files: list[File], problems: Problems) -> Message:
        """Change a message; a thinking one shows what it thought of. Raises DiscordError."""
        by_name = {file.name: file.content for file in files}
        check_message(body, by_name, problems, was=message.flags)
        sent = body.get("flags") or 0
        if sent & COMPONENTS_V2 and not message.flags & COMPONENTS_V2:
            kept = {"content": message.content, "embeds": message.embeds}
            for key in (key for key, value in kept.items() if value and key not in body):
                code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
                problems.add((key,), code, f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
            problems.raise_if_any()
        message.flags = (message.flags & ~THINKING) | (sent & COMPONENTS_V2)
        self._write(message, body, files)
        message.edited_at = self._clock.now
        return message

    def count_old_edit(self, message: Message) -> None:
        """Raise DiscordError where a message older than an hour was edited too often.

        Known of the route that edits messages alone; answers to presses are taken to be free of it.
        """
        now = self._clock.now
        if now - made_at(message.id) <= OLD_SECONDS:
            return
        recent = [at for at in message.old_edits if now - at < OLD_SECONDS]
        if len(recent) >= OLD_EDITS:
            # Seconds until the first of them is an hour old.
            raise DiscordError(429, 30046, retry_after=round(recent[0] + OLD_SECONDS - now, 3))
        message.old_edits = [*recent, now]

    def _write(self, message: Message, body: dict[str, Any], files: list[File]) -> None:
        if "attachments" in body:
            kept = {str(one.get("id")) for one in body.get("attachments") or []}
            message.attachments = [one for one in message.attachments if one["id"] in kept]
        described = {str(one.get("id")): one for one in body.get("attachments") or []}
        for at, file in enumerate(files):
            message.attachments.append(self._attached(message, file, described.get(str(at), {})))
        if "content" in body:
            message.content = body["content"] or ""
        if "embeds" in body:
            message.embeds = [{"type": "rich", **embed} for embed in body["embeds"] or []]
        if "components" in body:
            by_name = {one["filename"]: one for one in message.attachments}
            message.components = echo(body["components"] or [], by_name, self._clock.snowflake)
        if "components" in body or "content" in body:
            message.pings = self._pinged(message, body.get("allowed_mentions"))

    def _attached(self, message: Message, file: File, described: dict[str, Any]) -> dict[str, Any]:
        attachment_id = self._clock.snowflake()
        self.files[attachment_id] = file
        url = f"{self._url}/attachments/{message.channel_id}/{attachment_id}/{file.name}"
        about: dict[str, Any] = {
            "id": attachment_id,
            "filename": file.name,
            "size": len(file.content),
            "url": url,
            "proxy_url": url,
            "content_type": file.type,
        }
        if described.get("description"):
            about["description"] = described["description"]
        return about | {"ephemeral": True} if message.to else about

    def _pinged(self, message: Message, allowed: dict[str, Any] | None) -> set[str]:
        texts = [message.content, *(one["content"] for one in walk(message.components) if one["type"] == TEXT)]
        text = "\n".join(texts)
        allowed = {"parse": ["users", "roles", "everyone"]} if allowed is None else allowed
        parse = allowed.get("parse") or []
        found = {"everyone"} if "everyone" in parse and re.search("@(everyone|here)", text) else set()
        for kind, mentioned in MENTION.findall(text):
            key = "roles" if kind == "&" else "users"
            if key in parse or mentioned in map(str, allowed.get(key) or []):
                found.add(mentioned)
        return found

    def pin(self, message: Message, channel: Channel) -> None:
        """Pin a message; one that is pinned stays so."""
        if not message.pinned and len(channel.pinned_at) >= 250:
            raise DiscordError(400, 30003)
        message.pinned = True
        channel.pinned_at.setdefault(message.id, self._clock.now)


def answer_to(interaction_id: str, kind: int, by: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """What marks a message as the answer to an interaction."""
    metadata = {"id": interaction_id, "type": kind, "user": by, "authorizing_integration_owners": {"0": GUILD_ID}}
    return {
        "webhook_id": APPLICATION_ID,
        "application_id": APPLICATION_ID,
        "interaction_metadata": metadata | more,
    }


def visible_to(message: Message, user_id: str) -> bool:
    """Whether this person sees the message."""
    return not message.gone and not message.off_screen and message.to in (None, user_id)


def private(flags: int | None) -> bool:
    """Whether these flags ask for an ephemeral message."""
    return bool((flags or 0) & EPHEMERAL)
