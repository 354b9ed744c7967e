"""Knows what Slack sends for what a person did. Knows nothing of how it gets to the bot."""

from typing import Any

from tests.emulators.slack.response_urls import ResponseUrls
from tests.emulators.slack.views import Shown, Triggers
from tests.emulators.slack.world import APP_ID, BOT_USER, TEAM_DOMAIN, TEAM_ID, Channel, Message, World

TOKEN = "emulated-verification-token"
Payload = dict[str, Any]


def escaped(text: str) -> str:
    """Text as Slack hands it to apps."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Payloads:
    """Builds them, each with its own trigger and response_url."""

    def __init__(self, world: World, triggers: Triggers, urls: ResponseUrls) -> None:
        self._world = world
        self._triggers = triggers
        self._urls = urls

    def slash(self, user: str, channel: Channel, command: str, text: str) -> Payload:
        """A slash command."""
        return {
            "token": TOKEN,
            "team_id": TEAM_ID,
            "team_domain": TEAM_DOMAIN,
            "channel_id": channel.id,
            "channel_name": "directmessage" if channel.kind == "im" else channel.name,
            "user_id": user,
            "user_name": self._world.users[user],
            "command": command,
            "text": escaped(text),
            "api_app_id": APP_ID,
            "is_enterprise_install": "false",
            "response_url": self._urls.issue(user, channel.id),
            "trigger_id": self._triggers.issue(user),
        }

    def on_message(self, user: str, message: Message, action: Payload, values: Payload) -> Payload:
        """An action in a message. An ephemeral message is not told, only where it was."""
        container = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": message.channel,
            "is_ephemeral": message.to is not None,
        }
        # A message with others under it bears its own: docs.slack.dev/messaging/retrieving-messages
        replied_to = self._world.channels[message.channel].replies(message.ts)
        thread = {"thread_ts": one} if (one := message.thread_ts or (message.ts if replied_to else None)) else {}
        container |= thread
        about = self._common("block_actions", user) | {
            "container": container,
            "trigger_id": self._triggers.issue(user),
            "channel": self._channel(message),
            "state": {"values": values},
            "response_url": self._urls.issue(user, message.channel, message.ts),
            "actions": [action | {"action_ts": self._world.clock.ts()}],
        }
        return about if message.to else about | {"message": message.shown() | thread}

    def on_view(self, user: str, view: Shown, action: Payload) -> Payload:
        """An action in a modal or the home."""
        return self._common("block_actions", user) | {
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": self._triggers.issue(user, view.id),
            "view": view.shown(),
            "state": {"values": view.values},
            "actions": [action | {"action_ts": self._world.clock.ts()}],
        }

    def submission(self, user: str, view: Shown) -> Payload:
        """A modal that was sent."""
        trigger = {"trigger_id": self._triggers.issue(user, view.id)}
        return self._common("view_submission", user) | trigger | {"view": view.shown(), "response_urls": []}

    def closed(self, user: str, view: Shown, *, cleared: bool) -> Payload:
        """A modal that was closed without being sent."""
        return self._common("view_closed", user) | {"view": view.shown(), "is_cleared": cleared}

    def suggestion(self, user: str, where: Shown | Message, element: Payload, block_id: str, typed: str) -> Payload:
        """A select that asks for its options."""
        about = self._common("block_suggestion", user) | {
            "action_id": element["action_id"],
            "block_id": block_id,
            "value": typed,
        }
        if isinstance(where, Shown):
            return about | {"container": {"type": "view", "view_id": where.id}, "view": where.shown()}
        place = {"type": "message", "message_ts": where.ts, "channel_id": where.channel}
        about |= {"container": place | {"is_ephemeral": where.to is not None}, "channel": self._channel(where)}
        return about if where.to else about | {"message": where.shown()}

    def event(self, event: Payload) -> Payload:
        """An event."""
        number = self._world.number()
        authorization = {"enterprise_id": None, "team_id": TEAM_ID, "user_id": BOT_USER, "is_bot": True}
        return {
            "type": "event_callback",
            "token": TOKEN,
            "team_id": TEAM_ID,
            "api_app_id": APP_ID,
            "event": event | {"event_ts": event.get("ts") or self._world.clock.ts()},
            "event_id": f"Ev{number:09d}",
            "event_time": int(self._world.clock.now),
            "authorizations": [authorization | {"is_enterprise_install": False}],
            "is_ext_shared_channel": False,
            "event_context": f"4-emulated-{number}",
        }

    def _common(self, kind: str, user: str) -> Payload:
        name = self._world.users[user]
        return {
            "type": kind,
            "user": {"id": user, "username": name, "name": name, "team_id": TEAM_ID},
            "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
            "api_app_id": APP_ID,
            "token": TOKEN,
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _channel(self, message: Message) -> Payload:
        channel = self._world.channels[message.channel]
        return {"id": channel.id, "name": "directmessage" if channel.kind == "im" else channel.name}
