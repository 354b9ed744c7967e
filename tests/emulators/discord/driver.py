"""Knows what a person can do in Discord's client, and what the client refuses. Knows nothing of the bot."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.emulators.discord import slash
from tests.emulators.discord.components import BUTTON, SELECT, walk
from tests.emulators.discord.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Interaction
from tests.emulators.discord.messages import Message, visible_to
from tests.emulators.discord.modal import Modal, filled_in
from tests.emulators.discord.seen import Seen, seen
from tests.emulators.discord.slash import NotPossible as NotPossible
from tests.waiting import until

if TYPE_CHECKING:
    from tests.emulators.discord.server import DiscordEmulator

SYSTEM = (18, 21)
"""Types of messages that the client draws as a line of its own."""
NO_ANSWER = 4.0
"""Seconds after which an interaction has surely been settled: one more than it has for its answer."""


@dataclass(frozen=True)
class Choice:
    """A completion: what is shown, and what is sent."""

    name: str
    value: str | int | float


@dataclass(frozen=True)
class Sent:
    """Something that a person did, and what became of it."""

    emulator: "DiscordEmulator"
    interaction: Interaction

    @property
    def answered(self) -> bool:
        """Whether the bot answered in time; if not, the person reads "The application did not respond"."""
        return self.interaction.answer is not None

    @property
    def kind(self) -> int | None:
        """The type of the answer: 4 message, 5 thinking, 6 nothing yet, 7 update, 8 completions, 9 modal."""
        return self.interaction.answer

    @property
    def message(self) -> Seen | None:
        """The message that answers, as it stands now."""
        found = self.interaction.original
        return seen(found, self.emulator.world, self.emulator.messages) if found and not found.gone else None

    async def shown(self, within: float = 5) -> Seen:
        """The message that answers, once it thinks no more. Raises AssertionError."""
        try:
            await until(lambda: self.message and not self.message.thinking, within=within)
        except TimeoutError:
            raise AssertionError(f"No answer within {within} s; it stands at {self.message}") from None
        assert self.message
        return self.message


class Person:
    """Somebody in the guild."""

    def __init__(self, emulator: "DiscordEmulator", user_id: str, name: str) -> None:
        self._emulator = emulator
        self._last: Interaction | None = None
        self.id = user_id
        self.name = name

    def __repr__(self) -> str:
        return f"Person({self.name!r})"

    # --- reading ----------------------------------------------------------------------------------------------------

    def messages(self, channel: str) -> list[Seen]:
        """What this person sees in a channel or thread, oldest first, with what is for their eyes only."""
        channel_id, world = self._emulator.channel(channel), self._emulator.world
        every = [one for one in self._emulator.messages.all.values() if one.channel_id == channel_id]
        shown = [one for one in every if visible_to(one, self.id) and one.type not in SYSTEM]
        return [seen(one, world, self._emulator.messages) for one in shown]

    def look(self, message: Seen | str) -> Seen:
        """The present state of a message. Raises NotPossible when it is not there any more."""
        found = self._find(message)
        return seen(found, self._emulator.world, self._emulator.messages)

    async def sees(self, text: str, channel: str, within: float = 5) -> Seen:
        """Wait for a message with this text, and give the newest. Raises AssertionError after `within` seconds."""
        try:
            await until(lambda: self._with(text, channel), within=within)
        except TimeoutError:
            there = "\n---\n".join(one.words or str(one) for one in self.messages(channel))
            raise AssertionError(f"{self.name} does not see {text!r} in {channel} but:\n{there}") from None
        return self._with(text, channel)[-1]

    def _with(self, text: str, channel: str) -> list[Seen]:
        return [one for one in self.messages(channel) if text in one.words or text in one.text]

    # --- acting -----------------------------------------------------------------------------------------------------

    async def say(self, line: str, channel: str, *, wait: bool = True) -> Sent:
        """Call a command as it is typed: `/backup export environment:production --files`, or values in their order.

        Waits until the bot has answered or is too late, unless told not to. Raises NotPossible where Discord's client
        would not send it.
        """
        name, words = slash.split(line)
        command = self._command(name)
        chosen, words = slash.path(command, words)
        declared = (chosen[-1] if chosen else command).get("options") or []
        sent, resolved = slash.options(declared, slash.values(declared, words), self._emulator.world)
        data = self._called(command, slash.nested(chosen, sent)) | ({"resolved": resolved} if resolved else {})
        return await self._send(COMMAND, channel, data, wait=wait)

    async def autocomplete(self, line: str, option: str, typed: str, channel: str) -> list[Choice]:
        """The completions that are offered while an option is being typed. Raises NotPossible."""
        name, words = slash.split(line)
        command = self._command(name)
        chosen, words = slash.path(command, words)
        declared = (chosen[-1] if chosen else command).get("options") or []
        asked = next((one for one in declared if one["name"] == option and one.get("autocomplete")), None)
        if asked is None:
            raise NotPossible(f"{line} offers no completions for {option!r}")
        others = [one | {"required": False} for one in declared if one["name"] != option]
        sent, _ = slash.options(others, slash.values(others, words), self._emulator.world)
        sent.append({"type": asked["type"], "name": option, "value": typed, "focused": True})
        data = self._called(command, slash.nested(chosen, sent))
        done = await self._send(AUTOCOMPLETE, channel, data, wait=True)
        return [Choice(one["name"], one["value"]) for one in done.interaction.choices or []]

    async def press(self, message: Seen | str, label: str, *, wait: bool = True) -> Sent:
        """Press the button with this label. Raises NotPossible."""
        found = self._find(message)
        buttons = [one for one in walk(found.components) if one["type"] == BUTTON]
        button = next((one for one in buttons if one.get("label") == label), None)
        if button is None:
            raise NotPossible(f"There is no button {label!r}; there are {[one.get('label') for one in buttons]}")
        if button.get("disabled") or "custom_id" not in button:
            raise NotPossible(f"{label!r} cannot be pressed")
        data = {"component_type": BUTTON, "custom_id": button["custom_id"], "id": button["id"]}
        return await self._send(COMPONENT, found.channel_id, data, found, wait=wait)

    async def pick(self, message: Seen | str, *values: str, wait: bool = True) -> Sent:
        """Pick options, by their values or labels, in the menu that has them. Raises NotPossible."""
        found = self._find(message)
        menus = [one for one in walk(found.components) if one["type"] == SELECT]
        for menu in menus:
            known = {one["label"]: one["value"] for one in menu["options"]}
            known |= {one["value"]: one["value"] for one in menu["options"]}
            if all(value in known for value in values) and not menu.get("disabled"):
                if not menu["min_values"] <= len(values) <= menu["max_values"]:
                    raise NotPossible(f"{menu['min_values']} to {menu['max_values']} may be picked")
                picked = [known[value] for value in values]
                data = {"component_type": SELECT, "custom_id": menu["custom_id"], "id": menu["id"], "values": picked}
                return await self._send(COMPONENT, found.channel_id, data, found, wait=wait)
        offered = [one["label"] for menu in menus for one in menu["options"]]
        raise NotPossible(f"No menu offers {values}; there are {offered}")

    @property
    def modal(self) -> Modal | None:
        """The modal that is open before this person: the answer to what they did last."""
        return Modal.of(self._last.modal) if self._last and self._last.modal else None

    async def submit(self, *, wait: bool = True, **values: Any) -> Sent:
        """Send the open modal, its inputs by their custom ids; the others keep their values. Raises NotPossible."""
        opened, modal = self._last, self.modal
        if opened is None or modal is None:
            raise NotPossible(f"No modal is open before {self.name}")
        data = filled_in(modal, values)
        sent = await self._send(MODAL, opened.channel_id, data, opened.source, opened, wait=wait)
        if sent.interaction.late:
            # "Something went wrong. Try again": what was typed is still there.
            self._last = opened
        return sent

    def close_modal(self) -> None:
        """Close the modal without sending it; the bot is told nothing."""
        self._last = None

    def restart(self) -> None:
        """Restart the client: an open modal and all that was for this person's eyes only are gone from the screen."""
        self._last = None
        for message in self._emulator.messages.all.values():
            if message.to == self.id:
                message.off_screen = True

    # --- how it is sent ---------------------------------------------------------------------------------------------

    def _command(self, name: str) -> dict[str, Any]:
        command = self._emulator.commands.find(name)
        if command is None:
            every = [one["name"] for scope in self._emulator.commands.registered.values() for one in scope]
            raise NotPossible(f"There is no command /{name}; registered are {sorted(set(every))}")
        return command

    def _called(self, command: dict[str, Any], options: list[dict[str, Any]]) -> dict[str, Any]:
        about = {key: command[key] for key in ("id", "name", "type", "guild_id") if key in command}
        return about | {"options": options}

    def _find(self, message: Seen | str) -> Message:
        message_id = message if isinstance(message, str) else message.id
        found = self._emulator.messages.all.get(message_id)
        if found is None or not visible_to(found, self.id):
            raise NotPossible(f"{self.name} does not see the message {message_id}")
        return found

    async def _send(
        self,
        kind: int,
        channel: str,
        data: dict[str, Any],
        source: Message | None = None,
        opener: Interaction | None = None,
        *,
        wait: bool,
    ) -> Sent:
        channel_id = self._emulator.channel(channel)
        asked = self._emulator.interactions.ask(kind, self.id, channel_id, data, source, opener)
        if kind != AUTOCOMPLETE:
            self._last = asked
        if wait:
            async with asyncio.timeout(NO_ANSWER):
                await asked.settled.wait()
        return Sent(self._emulator, asked)
