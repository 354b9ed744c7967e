"""Knows how Slack tells what people did, and where an answer must go. Knows nothing of what they asked.

https://docs.slack.dev/interactivity/implementing-slash-commands, https://docs.slack.dev/reference/interaction-payloads
"""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bot.chat.prefix import unprefixed
from bot.platforms.slack import forms
from bot.platforms.slack.controls import pressed
from bot.request import Pressed, Said

Payload = Mapping[str, Any]

_MENTION = re.compile(r"\s*<@[^>]+>[\s,:]*")
_MARKED = re.compile(r"<(?:[@#!])?([^>|]*)(?:\|([^>]*))?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes: to whom, in which channel and thread; `message` is the one whose button was pressed.

    `url` takes five answers within thirty minutes, also where the bot is no member. `home` is a person's Home tab,
    whose `channel` is their direct messages.
    """

    user: str
    channel: str
    thread: str = ""
    message: str = ""
    url: str = ""
    home: bool = False

    def written(self, submit: str = "") -> str:
        """As a view carries it, with the press that the view sends."""
        return json.dumps({key: value for key, value in {**asdict(self), "submit": submit}.items() if value})


@dataclass(frozen=True, slots=True)
class Incoming:
    """What somebody did. `trigger` opens one form, for three seconds; '' where there is none."""

    delivery: str
    name: str
    ask: Said | Pressed
    address: Address
    trigger: str = ""


def command(body: Payload, prefix: str) -> Incoming:
    """A slash command."""
    line = f"{unprefixed(body['command'], prefix)} {plain(body.get('text', ''))}".strip()
    address = Address(body["user_id"], body["channel_id"], url=body.get("response_url", ""))
    name = body.get("user_name") or body["user_id"]
    return Incoming(_delivery(body), name, Said(line), address, body.get("trigger_id", ""))


def press(body: Payload) -> Incoming | None:
    """A button or a menu; None for one that asks nothing of us, such as a link."""
    done = body["actions"][0]
    ask = Pressed(pressed(done["action_id"]), (done.get("selected_option") or {}).get("value", ""))
    if not ask.press.startswith("lb1:"):
        return None
    return Incoming(_delivery(body), _name(body), ask, _pressed_in(body), body.get("trigger_id", ""))


def submission(body: Payload) -> Incoming:
    """A form that was sent."""
    ask = Pressed(str(_kept(body).get("submit", "")), "", forms.values(body["view"]))
    return Incoming(_delivery(body), _name(body), ask, opened_from(body))


def mention(body: Payload, prefix: str) -> Incoming:
    """A message that calls the bot by name: what follows is the command; nothing is the way to all of them."""
    return _line(body, _MENTION.sub("", body["event"].get("text", ""), count=1), prefix)


def direct(body: Payload, prefix: str) -> Incoming:
    """A message to the bot alone: a command, whether it calls the bot by name or not."""
    text = body["event"].get("text", "")
    called = _MENTION.match(text)
    return _line(body, text[called.end() :] if called else text, prefix)


def home(body: Payload) -> Incoming:
    """Somebody opened the Home tab."""
    event = body["event"]
    address = Address(event["user"], event.get("channel") or event["user"], home=True)
    return Incoming(_delivery(body), event["user"], Said("/lifeboat home"), address)


def again_at_home(before: Incoming) -> Incoming:
    """The Home tab's turn, after something was done in it."""
    return replace(before, delivery=f"{before.delivery}:home", ask=Said("/lifeboat home"))


def opened_from(body: Payload) -> Address:
    """Where the answer to a view goes: to where it was opened from, and to whoever acts now."""
    user, kept = body["user"]["id"], _kept(body)
    told = {key: kept[key] for key in ("thread", "message", "url", "home") if key in kept}
    return Address(user, kept.get("channel", user), **told)


def plain(text: str) -> str:
    """Text as it was typed: without Slack's marks around links and names, and its three entities."""
    text = _MARKED.sub(lambda found: found[2] or found[1], text)
    return re.sub("&(?:lt|gt|amp);", lambda found: _ENTITIES[found[0]], text)


def _line(body: Payload, text: str, prefix: str) -> Incoming:
    event, words = body["event"], plain(text).strip()
    line = unprefixed(words if words.startswith("/") else f"/{words}", prefix) if words else "/lifeboat home"
    address = Address(event["user"], event["channel"], event.get("thread_ts", ""))
    return Incoming(_delivery(body), event["user"], Said(line), address)


def _pressed_in(body: Payload) -> Address:
    if "view" in body:
        return opened_from(body)
    held, message = body.get("container", {}), body.get("message", {})
    channel = (body.get("channel") or {}).get("id") or held.get("channel_id") or body["user"]["id"]
    thread = message.get("thread_ts") or held.get("thread_ts") or ""
    if thread == held.get("message_ts"):
        # It stands in the channel, and others stand under it.
        thread = ""
    ts = "" if held.get("is_ephemeral") else held.get("message_ts", "")
    return Address(body["user"]["id"], channel, thread, ts, body.get("response_url", ""))


def _kept(body: Payload) -> Payload:
    """What a view of ours carries; {} for any other."""
    try:
        kept = json.loads(body["view"]["private_metadata"])
    except (KeyError, ValueError):
        return {}
    return kept if isinstance(kept, dict) else {}


def _name(body: Payload) -> str:
    user = body["user"]
    return str(user.get("name") or user.get("username") or user["id"])


def _delivery(body: Payload) -> str:
    """The delivery's name, the same however often Slack tells it."""
    view = body.get("view") or {}
    told = body.get("event_id") or body.get("trigger_id") or f"{view.get('id')}.{view.get('hash')}"
    return f"slack:{told}"
