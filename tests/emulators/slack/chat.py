"""Knows the methods that post, change and remove messages. Knows nothing of who reads them."""

import copy
import re
from typing import Any

from tests.emulators.slack.arguments import Arguments, Refusal, invalid
from tests.emulators.slack.rules import UPDATED_TEXT, judge_message, judge_metadata
from tests.emulators.slack.web_api import Method
from tests.emulators.slack.world import BOT_USER, TEAM_DOMAIN, Channel, Message, World

WRITE = ("chat:write",)
MOST_PINS = 100


class Chat:
    """chat.*, reactions.add, pins.add and pins.list."""

    def __init__(self, world: World, models: bool) -> None:
        self._world = world
        self._models = models

    def methods(self) -> dict[str, Method]:
        """What is offered."""
        return {
            "chat.postMessage": Method(self._post, WRITE),
            "chat.postEphemeral": Method(self._post_ephemeral, WRITE),
            "chat.update": Method(self._update, WRITE),
            "chat.delete": Method(self._delete, WRITE),
            "chat.getPermalink": Method(self._permalink),
            "reactions.add": Method(self._react, ("reactions:write",)),
            "pins.add": Method(self._pin, ("pins:write",)),
            "pins.list": Method(self._pins, ("pins:read",)),
        }

    async def _post(self, given: Arguments) -> dict[str, Any]:
        channel = self._world.postable(self._named(given), anywhere=given.has("chat:write.public"))
        content = self._content(given)
        thread = given.text("thread_ts")
        message = self._world.post(
            channel,
            BOT_USER,
            thread_ts=self._root(channel, thread),
            metadata=given.parsed("metadata") or None,
            broadcast=given.flag("reply_broadcast"),
            **content,
        )
        return {"channel": channel.id, "ts": message.ts, "message": message.shown()}

    async def _post_ephemeral(self, given: Arguments) -> dict[str, Any]:
        channel = self._world.postable(given.required("channel"))
        user = given.required("user")
        if user not in self._world.users:
            raise Refusal("user_not_found")
        if user not in channel.members:
            raise Refusal("user_not_in_channel")
        thread = self._root(channel, given.text("thread_ts"))
        message = self._world.post(channel, BOT_USER, to=user, thread_ts=thread, **self._content(given))
        return {"message_ts": message.ts}

    async def _update(self, given: Arguments) -> dict[str, Any]:
        channel, message = self._own(given, "cant_update_message")
        text, blocks, attachments = given.text("text"), given.parsed("blocks"), given.parsed("attachments")
        judge_message(
            text,
            message.blocks if blocks is None else blocks,
            message.attachments if attachments is None else attachments,
            longest=UPDATED_TEXT,
            models=self._models,
        )
        self._judge_pictures(blocks)
        metadata = given.parsed("metadata")
        judge_metadata(metadata)
        message.text = text or ""
        # What is not mentioned stays: https://docs.slack.dev/reference/methods/chat.update
        if blocks is not None:
            message.blocks = self._world.with_ids(blocks)
        if attachments is not None:
            message.attachments = copy.deepcopy(attachments)
        if metadata is not None:
            message.metadata = metadata or None
        message.edited = True
        return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.shown()}

    async def _delete(self, given: Arguments) -> dict[str, Any]:
        channel, message = self._own(given, "cant_delete_message")
        channel.remove(message)
        return {"channel": channel.id, "ts": message.ts}

    async def _permalink(self, given: Arguments) -> dict[str, Any]:
        channel = self._world.reachable(given.required("channel"))
        message = self._there(channel, given.required("message_ts"))
        about = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
        link = f"https://{TEAM_DOMAIN}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}{about}"
        return {"channel": channel.id, "permalink": link}

    async def _react(self, given: Arguments) -> dict[str, Any]:
        channel = self._world.postable(given.required("channel"))
        message = self._there(channel, given.required("timestamp"))
        name = given.required("name")
        if name in message.reactions:
            raise Refusal("already_reacted")
        message.reactions.add(name)
        return {}

    async def _pin(self, given: Arguments) -> dict[str, Any]:
        channel = self._world.postable(given.required("channel"))
        ts = given.text("timestamp")
        if ts is None:
            raise Refusal("no_item_specified")
        if not re.fullmatch(r"\d+\.\d{6}", ts):
            raise Refusal("bad_timestamp")
        message = self._there(channel, ts)
        if message.ts in channel.pins:
            raise Refusal("already_pinned")
        if len(channel.pins) >= MOST_PINS:
            raise Refusal("too_many_pins")
        channel.pins.add(message.ts)
        return {}

    async def _pins(self, given: Arguments) -> dict[str, Any]:
        channel = self._world.reachable(given.required("channel"))
        if BOT_USER not in channel.members:
            raise Refusal("not_in_channel")
        pinned = [one for one in channel.messages.values() if one.ts in channel.pins]
        about = {"type": "message", "channel": channel.id, "created_by": BOT_USER}
        items = [about | {"created": int(float(one.ts)), "message": one.shown()} for one in reversed(pinned)]
        return {"items": items}

    def _named(self, given: Arguments) -> str:
        """The id of a channel; only chat.postMessage takes its name too."""
        named = given.required("channel")
        return next((one.id for one in self._world.channels.values() if one.name == named.removeprefix("#")), named)

    def _content(self, given: Arguments) -> dict[str, Any]:
        text, blocks, attachments = given.text("text"), given.parsed("blocks"), given.parsed("attachments")
        judge_message(text, blocks, attachments, models=self._models)
        self._judge_pictures(blocks)
        judge_metadata(given.parsed("metadata"))
        return {"text": text or "", "blocks": blocks or [], "attachments": copy.deepcopy(attachments or [])}

    def _judge_pictures(self, blocks: list[dict[str, Any]] | None) -> None:
        """A picture that is named must be one, uploaded to its end and looked into."""
        for at, block in enumerate(blocks or []):
            if block["type"] != "image" or "slack_file" not in block:
                continue
            file = self._world.files.get(block["slack_file"].get("id", ""))
            if file is not None and file.unready > 0:
                file.unready -= 1
                file = None
            if file is None or not file.shared or not file.name.endswith((".png", ".jpg", ".jpeg", ".gif")):
                raise invalid("invalid_blocks", f"invalid slack file [json-pointer:/blocks/{at}/slack_file]")

    def _root(self, channel: Channel, thread: str | None) -> str | None:
        """The message that a thread hangs under; a thread under nothing is refused as one under a lost message."""
        if thread is None:
            return None
        found = channel.messages.get(thread)
        if found is None or found.to:
            raise Refusal("thread_not_found")
        if found.tombstone:
            raise Refusal("cannot_reply_to_message")
        return found.thread_ts or found.ts

    def _own(self, given: Arguments, refusal: str) -> tuple[Channel, Message]:
        named = given.required("channel")
        if named in self._world.users:
            raise Refusal("channel_not_found")
        channel = self._world.reachable(named)
        message = self._there(channel, given.required("ts"))
        if message.user != BOT_USER:
            raise Refusal(refusal)
        if channel.archived:
            raise Refusal("is_archived")
        return channel, message

    def _there(self, channel: Channel, ts: str) -> Message:
        message = channel.messages.get(ts)
        # An ephemeral message cannot be reached by its ts, although it has one.
        if message is None or message.to or message.tombstone:
            raise Refusal("message_not_found")
        return message
