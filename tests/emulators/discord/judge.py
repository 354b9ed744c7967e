"""Knows which schema of Discord's own API description a request or an answer belongs to, and asks about it.

Knows nothing of the rules themselves: they come from npm's `discord-api-spec`, made from Discord's description.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.emulators.discord.faults import matches
from tests.emulators.discord.rest import Call

SCRIPT = Path(__file__).with_name("judge.mjs")
SECONDS = 60

CALLBACKS = {
    **dict.fromkeys((4, 5), "CreateMessageInteractionCallbackRequest"),
    **dict.fromkeys((6, 7), "UpdateMessageInteractionCallbackRequest"),
    8: "ApplicationCommandAutocompleteCallbackRequest",
    9: "ModalInteractionCallbackRequest",
}
MESSAGE, CHANNEL, THREAD = "MessageResponse", "GuildChannelResponse", "ThreadResponse"
COMMANDS = ("/applications/{id}/commands", "/applications/{id}/guilds/{id}/commands")
HOOK = "/webhooks/{id}/{token}/messages/{id}"

# For each route the schema of what is sent, and of what is answered; in brackets, a list of such.
SCHEMAS: dict[str, tuple[str, str]] = {
    "GET /users/@me": ("", "UserPIIResponse"),
    "GET /oauth2/applications/@me": ("", "PrivateApplicationResponse"),
    "GET /applications/@me": ("", "PrivateApplicationResponse"),
    "GET /gateway/bot": ("", "GatewayBotResponse"),
    "GET /guilds/{id}": ("", "GuildWithCountsResponse"),
    "GET /guilds/{id}/roles": ("", "[GuildRoleResponse]"),
    "GET /guilds/{id}/channels": ("", f"[{CHANNEL}]"),
    "GET /guilds/{id}/members/{id}": ("", "GuildMemberResponse"),
    "GET /guilds/{id}/threads/active": ("", "ThreadsResponse"),
    "POST /guilds/{id}/channels": ("CreateGuildChannelRequest", CHANNEL),
    **{f"GET {path}": ("", "[ApplicationCommandResponse]") for path in COMMANDS},
    **{f"PUT {path}": ("[ApplicationCommandUpdateRequest]", "[ApplicationCommandResponse]") for path in COMMANDS},
    **{f"POST {path}": ("ApplicationCommandCreateRequest", "ApplicationCommandResponse") for path in COMMANDS},
    "POST /interactions/{id}/{token}/callback": ("", "InteractionCallbackResponse"),
    "POST /webhooks/{id}/{token}": ("IncomingWebhookInteractionRequest", MESSAGE),
    f"GET {HOOK}": ("", MESSAGE),
    f"PATCH {HOOK}": ("IncomingWebhookUpdateRequestPartial", MESSAGE),
    "GET /channels/{id}/messages": ("", f"[{MESSAGE}]"),
    "POST /channels/{id}/messages": ("MessageCreateRequest", MESSAGE),
    "POST /users/@me/channels": ("CreatePrivateChannelRequest", "PrivateChannelResponse"),
    "GET /channels/{id}/messages/pins": ("", "PinnedMessagesResponse"),
    "GET /channels/{id}/messages/{id}": ("", MESSAGE),
    "PATCH /channels/{id}/messages/{id}": ("MessageEditRequestPartial", MESSAGE),
    "POST /channels/{id}/threads": ("CreateTextThreadWithoutMessageRequest", "CreatedThreadResponse"),
    "POST /channels/{id}/messages/{id}/threads": ("CreateTextThreadWithMessageRequest", "CreatedThreadResponse"),
    "GET /channels/{id}": ("", CHANNEL),
    "PATCH /channels/{id}": ("UpdateGuildChannelRequestPartial", CHANNEL),
    "DELETE /channels/{id}": ("", CHANNEL),
}


@dataclass(frozen=True)
class Question:
    """Is this value what the schema says? `where` names it in the verdict."""

    where: str
    schema: str
    value: Any


def message(where: str, body: Any) -> Question:
    """About the body of a new message, as discord.py would send it."""
    return Question(where, "MessageCreateRequest", _habits(body, edits=False))


def modal(where: str, data: Any) -> Question:
    """About a modal: its title, custom id and components."""
    return Question(where, "ModalInteractionCallbackRequest", {"type": 9, "data": data})


def commands(where: str, registered: Sequence[Any]) -> list[Question]:
    """About commands as they are registered."""
    return [Question(f"{where} {at}", "ApplicationCommandUpdateRequest", one) for at, one in enumerate(registered)]


def sent(calls: Iterable[Call]) -> list[Question]:
    """About everything that the bot sent."""
    return [
        question
        for call in calls
        if call.body
        for question in _each(f"{call.method} {call.path} sent", _request_schema(call), _described(call))
    ]


def answered(calls: Iterable[Call]) -> list[Question]:
    """About everything that it was told."""
    return [
        question
        for call in calls
        if call.answer is not None and call.status != 429
        for question in _each(f"{call.method} {call.path} {call.status}", _answer_schema(call), call.answer)
    ]


def complaints(questions: Sequence[Question], node: Mapping[str, str]) -> list[str]:
    """What is wrong with any of them, a line for each; `node` is what `tests/node/install.py` found."""
    lines = "".join(json.dumps({"schema": one.schema, "value": one.value}) + "\n" for one in questions)
    command = [node["node"], "--no-warnings", str(SCRIPT), node["modules"]]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise RuntimeError(f"The judge broke down: {done.stderr.strip()}")
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    pairs = zip(questions, verdicts, strict=True)
    return [f"{question.where} ({question.schema}): {found}" for question, wrong in pairs for found in wrong]


def _described(call: Call) -> Any:
    """The body without what discord.py sends by habit, and Discord takes without describing it."""
    if isinstance(call.body, list):
        return [{key: value for key, value in one.items() if key != "nsfw"} for one in call.body]
    if "data" in call.body:
        return call.body | {"data": _habits(call.body["data"], edits=call.body.get("type") in (6, 7))}
    return _habits(call.body, edits=call.method == "PATCH")


def _habits(body: Any, *, edits: bool) -> Any:
    if not isinstance(body, dict):
        return body
    kept = {key: value for key, value in body.items() if not (edits and key == "tts")}
    if kept.get("attachments"):
        kept["attachments"] = [one | {"id": str(one.get("id"))} for one in kept["attachments"]]
    kept |= {key: str(kept[key]) for key in ("parent_id", "recipient_id") if kept.get(key)}
    if kept.get("message_reference"):
        ids = {key: str(value) for key, value in kept["message_reference"].items() if key.endswith("_id")}
        kept["message_reference"] = kept["message_reference"] | ids
    if kept.get("allowed_mentions"):
        named = {key: list(map(str, kept["allowed_mentions"].get(key) or [])) for key in ("users", "roles")}
        kept["allowed_mentions"] = kept["allowed_mentions"] | named
    return kept


def _each(where: str, schema: str, value: Any) -> list[Question]:
    if not schema.startswith("["):
        return [Question(where, schema, value)]
    return [Question(f"{where} [{at}]", schema.strip("[]"), one) for at, one in enumerate(value)]


def _schemas(call: Call) -> tuple[str, str]:
    found = next((both for route, both in SCHEMAS.items() if matches(route, call.method, call.path)), None)
    # Nothing slips through for want of an entry: no schema has an empty name.
    return found or ("", "")


def _request_schema(call: Call) -> str:
    if call.path.startswith("/interactions/"):
        return CALLBACKS.get(call.body.get("type"), "")
    # A thread is changed at the same place as a channel, but by other keys.
    if (call.method, call.route) == ("PATCH", "/channels/{channel}") and "archived" in call.body:
        return "UpdateThreadRequestPartial"
    return _schemas(call)[0]


def _answer_schema(call: Call) -> str:
    if call.status >= 400:
        return "ErrorResponse"
    is_thread = call.route == "/channels/{channel}" and "thread_metadata" in call.answer
    return THREAD if is_thread else _schemas(call)[1]
