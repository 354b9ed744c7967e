"""Knows interactions: how they are asked, answered once and in time, and followed up. Knows nothing of HTTP.

Source: https://discord.com/developers/docs/interactions/receiving-and-responding
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.discord.channel import GUILD_ID
from tests.emulators.discord.clock import Clock
from tests.emulators.discord.errors import DiscordError, Problems
from tests.emulators.discord.messages import File, Message, Messages, answer_to, private
from tests.emulators.discord.permissions import ALL
from tests.emulators.discord.rules import EPHEMERAL, THINKING, check_choices, check_modal
from tests.emulators.discord.world import APPLICATION_ID, World

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
REPLY, THINK, ACCEPT, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
ALLOWED = {
    COMMAND: (REPLY, THINK, FORM),
    COMPONENT: (REPLY, THINK, ACCEPT, UPDATE, FORM),
    AUTOCOMPLETE: (CHOICES,),
    MODAL: (REPLY, THINK, ACCEPT, UPDATE),
}
ANSWER_SECONDS = 3.0
TOKEN_SECONDS = 15 * 60

Tell = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Ack:
    """How long a first answer took, from the moment the interaction was sent."""

    kind: int
    """The type of the answer: 4 to 9."""
    seconds: float


@dataclass
class Interaction:
    """One thing that a person did."""

    id: str
    token: str
    kind: int
    person: str
    channel_id: str
    born: float
    sent: float
    source: Message | None = None
    """The message whose button or menu was used."""
    opener: "Interaction | None" = None
    """For a modal: what opened it."""
    answer: int | None = None
    late: bool = False
    original: Message | None = None
    modal: dict[str, Any] | None = None
    choices: list[dict[str, Any]] | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when it was answered, or when it is too late for that."""


class Interactions:
    """Every interaction of the run, and the rules for its one answer and its follow-ups."""

    def __init__(self, clock: Clock, world: World, messages: Messages, tell: Tell) -> None:
        self._clock = clock
        self._world = world
        self._messages = messages
        self._tell = tell
        self._by_token: dict[str, Interaction] = {}
        self._waiting: dict[str, tuple[Interaction, asyncio.TimerHandle]] = {}
        self.acks: list[Ack] = []
        self.timeouts: list[Interaction] = []
        clock.moved.append(self._expire)

    def ask(
        self,
        kind: int,
        person: str,
        channel_id: str,
        data: dict[str, Any],
        source: Message | None = None,
        opener: Interaction | None = None,
    ) -> Interaction:
        """Send an interaction to every session, and start the three seconds."""
        interaction_id = self._clock.snowflake()
        asked = Interaction(
            interaction_id,
            f"aW50ZXJhY3Rpb24-{interaction_id}",
            kind,
            person,
            channel_id,
            self._clock.elapsed,
            time.perf_counter(),
            source,
            opener,
        )
        self._by_token[asked.token] = asked
        timer = asyncio.get_running_loop().call_later(ANSWER_SECONDS, self._expire)
        self._waiting[asked.id] = asked, timer
        self._tell("INTERACTION_CREATE", self._payload(asked, data))
        return asked

    def _payload(self, asked: Interaction, data: dict[str, Any]) -> dict[str, Any]:
        payload: dict[str, Any] = {
            "id": asked.id,
            "application_id": APPLICATION_ID,
            "type": asked.kind,
            "token": asked.token,
            "version": 1,
            "guild_id": GUILD_ID,
            "guild": {"id": GUILD_ID, "locale": "en-US", "features": []},
            "channel_id": asked.channel_id,
            "channel": self._world.channels[asked.channel_id].shown() | {"permissions": str(ALL)},
            "member": self._world.member(asked.person) | {"permissions": str(ALL)},
            "app_permissions": str(self._world.permissions),
            "locale": "en-US",
            "guild_locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": GUILD_ID},
            "context": 0,
            "attachment_size_limit": 10 * 1024 * 1024,
            "data": data,
        }
        if asked.source:
            payload["message"] = asked.source.shown(self._world)
        return payload

    def _expire(self) -> None:
        late = [one for one, _ in self._waiting.values() if self._clock.elapsed - one.born >= ANSWER_SECONDS]
        for asked in late:
            asked.late = True
            self._settle(asked)
        self.timeouts += late

    def _settle(self, asked: Interaction) -> None:
        self._waiting.pop(asked.id)[1].cancel()
        asked.settled.set()

    def close(self) -> None:
        """Wait for no answer any more."""
        for _, timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    # --- the first answer -------------------------------------------------------------------------------------------

    def callback(
        self, asked_id: str, token: str, body: dict[str, Any], files: list[File], arrived: float
    ) -> dict[str, Any]:
        """Take the one answer to an interaction; gives what Discord replies. Raises DiscordError."""
        asked = self._by_token.get(token)
        if asked is None or asked.id != asked_id or asked.late:
            raise DiscordError(404, 10062)
        if asked.answer is not None:
            raise DiscordError(400, 40060)
        kind = body.get("type")
        allowed = ALLOWED[asked.kind]
        if asked.kind == MODAL and not asked.source:
            allowed = (REPLY, THINK)
        problems = Problems()
        problems.one_of(("type",), kind, allowed)
        problems.raise_if_any()
        message = self._do(asked, int(body["type"]), body.get("data") or {}, files)
        asked.answer = int(body["type"])
        self.acks.append(Ack(asked.answer, arrived - asked.sent))
        self._settle(asked)
        return self._replied(asked, message)

    def _do(self, asked: Interaction, kind: int, data: dict[str, Any], files: list[File]) -> Message | None:
        problems = Problems("data")
        if kind == CHOICES:
            check_choices(data.get("choices"), problems)
            asked.choices = data["choices"]
        elif kind == FORM:
            check_modal(data, problems)
            asked.modal = data
        elif kind == REPLY:
            asked.original = self._post(asked, data, files, problems)
        elif kind == THINK:
            asked.original = self._think(asked, data)
        else:
            asked.original = asked.source
        if kind == UPDATE and asked.source:
            self._messages.edit(asked.source, data, files, problems)
            self._told("MESSAGE_UPDATE", asked.source)
        return asked.original

    def _post(
        self, asked: Interaction, data: dict[str, Any], files: list[File], problems: Problems, **more: Any
    ) -> Message:
        channel = self._world.channels[asked.channel_id]
        about = self._marked(asked, private(data.get("flags"))) | more
        message = self._messages.post(channel, data, files, problems, **about)
        self._told("MESSAGE_CREATE", message)
        return message

    def _think(self, asked: Interaction, data: dict[str, Any]) -> Message:
        flags = THINKING | ((data.get("flags") or 0) & EPHEMERAL)
        about = self._marked(asked, private(flags))
        message = self._messages.place(self._world.channels[asked.channel_id], flags=flags, **about)
        self._told("MESSAGE_CREATE", message)
        return message

    def _marked(self, asked: Interaction, to_one: bool) -> dict[str, Any]:
        by, more = self._world.users[asked.person], {}
        if asked.kind == COMPONENT and asked.source:
            more = {"interacted_message_id": asked.source.id}
        elif asked.kind == MODAL and asked.opener:
            opened = self._marked(asked.opener, False)["webhook"]["interaction_metadata"]
            more = {"triggering_interaction_metadata": opened}
        return {
            "type": 20 if asked.kind == COMMAND else 0,
            "to": asked.person if to_one else None,
            "webhook": answer_to(asked.id, asked.kind, by, more),
        }

    def _replied(self, asked: Interaction, message: Message | None) -> dict[str, Any]:
        about: dict[str, Any] = {"id": asked.id, "type": asked.kind, "channel_id": asked.channel_id}
        about["guild_id"] = GUILD_ID
        if message is None:
            return {"interaction": about}
        about["response_message_id"] = message.id
        about["response_message_loading"] = bool(message.flags & THINKING)
        about["response_message_ephemeral"] = bool(message.to)
        if asked.answer not in (REPLY, UPDATE):
            return {"interaction": about}
        return {"interaction": about, "resource": {"type": asked.answer, "message": message.shown(self._world)}}

    # --- what follows within fifteen minutes ------------------------------------------------------------------------

    def alive(self, application_id: str, token: str) -> Interaction:
        """The interaction of a token that may still be used. Raises DiscordError."""
        asked = self._by_token.get(token)
        if application_id != APPLICATION_ID or asked is None or asked.answer is None:
            raise DiscordError(404, 10015)
        if self._clock.elapsed - asked.born > TOKEN_SECONDS:
            raise DiscordError(401, 50027)
        return asked

    def find(self, asked: Interaction, message_id: str) -> Message:
        """A message that this token may show and change. Raises DiscordError."""
        if message_id == "@original":
            message = asked.original
        else:
            message = self._messages.all.get(message_id)
            ours = message and message.webhook.get("interaction_metadata", {}).get("id") == asked.id
            message = message if ours or message is asked.original else None
        if message is None or message.gone:
            raise DiscordError(404, 10008)
        return message

    def follow_up(self, asked: Interaction, body: dict[str, Any], files: list[File]) -> Message:
        """Post a further message; the first one after "thinking" takes its place instead."""
        original = asked.original
        if original and original.flags & THINKING and not original.gone:
            return self.edit(original, body, files)
        reference = None
        if original and not original.to:
            reference = {"type": 0, "channel_id": original.channel_id, "message_id": original.id, "guild_id": GUILD_ID}
        more = {"type": 19 if reference else 0, "reference": reference}
        return self._post(asked, body, files, Problems(), **more)

    def edit(self, message: Message, body: dict[str, Any], files: list[File]) -> Message:
        """Change a message through the token."""
        self._messages.edit(message, body, files, Problems())
        self._told("MESSAGE_UPDATE", message)
        return message

    def delete(self, message: Message) -> None:
        """Take a message away through the token."""
        message.gone = True
        if not message.to:
            gone = {"id": message.id, "channel_id": message.channel_id, "guild_id": GUILD_ID}
            self._tell("MESSAGE_DELETE", gone)

    def _told(self, event: str, message: Message) -> None:
        if not message.to:
            self._tell(event, message.shown(self._world) | {"guild_id": GUILD_ID})
