"""Knows what a person can do in Slack's client. Knows nothing of the bot."""

from typing import TYPE_CHECKING, Any

from tests.emulators.slack import form
from tests.emulators.slack.arguments import Refusal
from tests.emulators.slack.form import NotPossible as NotPossible
from tests.emulators.slack.modal import Choice as Choice
from tests.emulators.slack.modal import Modal as Modal
from tests.emulators.slack.modal import Modals
from tests.emulators.slack.modal import Sent as Sent
from tests.emulators.slack.payloads import escaped
from tests.emulators.slack.rules import elements, offered_by
from tests.emulators.slack.seen import Seen, seen, seen_view
from tests.emulators.slack.views import Shown
from tests.emulators.slack.world import BOT_USER, Message
from tests.waiting import until

if TYPE_CHECKING:
    from tests.emulators.slack.server import SlackEmulator


class Person:
    """Somebody in the workspace."""

    def __init__(self, emulator: "SlackEmulator", user_id: str, name: str) -> None:
        self._emulator = emulator
        self._modals = Modals(emulator, user_id)
        self.id = user_id
        self.name = name

    def __repr__(self) -> str:
        return f"Person({self.name!r})"

    # --- reading ----------------------------------------------------------------------------------------------------

    def messages(self, channel: str, thread: str | None = None) -> list[Seen]:
        """What this person sees in a channel, or in one thread, oldest first, with what is for their eyes only."""
        place = self._emulator.place(channel, self.id)
        if place.kind != "channel" and self.id not in place.members:
            raise NotPossible(f"{self.name} is not in {channel}")
        names = self._emulator.names
        return [
            seen(one, names, pinned=one.ts in place.pins)
            for one in place.messages.values()
            if one.to in (None, self.id) and (thread is None or thread in (one.ts, one.thread_ts))
        ]

    def look(self, message: Seen) -> Seen:
        """The present state of a message. Raises NotPossible when it is not there any more."""
        found = self._find(message)
        assert isinstance(found, Message)
        pinned = found.ts in self._emulator.world.channels[found.channel].pins
        return seen(found, self._emulator.names, pinned=pinned)

    async def sees(self, text: str, channel: str, within: float = 5, *, thread: str | None = None) -> Seen:
        """Wait for a message with this text, and give the newest. Raises AssertionError after `within` seconds."""
        try:
            await until(lambda: self._with(text, channel, thread), within=within)
        except TimeoutError:
            there = "\n---\n".join(one.words for one in self.messages(channel, thread))
            raise AssertionError(f"{self.name} does not see {text!r} in {channel} but:\n{there}") from None
        return self._with(text, channel, thread)[-1]

    def _with(self, text: str, channel: str, thread: str | None) -> list[Seen]:
        return [one for one in self.messages(channel, thread) if text in one.words]

    @property
    def modal(self) -> Modal | None:
        """The modal that is open before this person."""
        return self._modals.shown()

    @property
    def home(self) -> Seen | None:
        """The app's home, if the bot ever published one for this person."""
        view = self._emulator.views.homes.get(self.id)
        return seen_view(view, self._emulator.names) if view else None

    # --- saying -----------------------------------------------------------------------------------------------------

    async def say(self, line: str, channel: str) -> Sent:
        """Send a slash command as it is typed, and wait until it is acknowledged or too late."""
        emulator, place = self._emulator, self._emulator.place(channel, self.id)
        command, _, text = line.strip().partition(" ")
        if emulator.commands is not None and command not in emulator.commands:
            raise NotPossible(f"{command} is not a valid command; there are {sorted(emulator.commands)}")
        payload = emulator.payloads.slash(self.id, place, command, text.strip())
        sent = Sent(await emulator.post.deliver("slash_commands", payload, accepts=True))
        if sent.payload:
            try:
                emulator.urls.answer_at_once(self.id, place.id, sent.payload)
            except Refusal as refusal:
                emulator.post.complaints.append(f"{command} was answered with {refusal.error}: {refusal.more}")
        return sent

    async def write(self, text: str, channel: str, *, thread: str | None = None) -> Seen:
        """Write a message; the app is told where it is a direct one, or mentions it. `dm` is the app's own channel."""
        place = self._emulator.place(channel, self.id)
        message = self._emulator.world.post(place, self.id, text, thread_ts=thread)
        mentions = f"<@{BOT_USER}>" in text
        about = {"user": self.id, "text": text, "ts": message.ts, "channel": place.id}
        about |= {"thread_ts": thread} if thread else {}
        if place.kind == "im":
            self._emulator.tell({"type": "message", "channel_type": "im"} | about)
        elif mentions and BOT_USER in place.members:
            self._emulator.tell({"type": "app_mention"} | about)
        return seen(message, self._emulator.names)

    async def edit(self, message: Seen, text: str) -> None:
        """Change a message of one's own; the app is told where it is a direct one."""
        found = self._find(message)
        assert isinstance(found, Message)
        before = found.shown()
        found.text, found.edited = text, True
        self._changed(found, "message_changed", {"message": found.shown(), "previous_message": before})

    async def retract(self, message: Seen) -> None:
        """Delete a message of one's own; the app is told where it is a direct one."""
        found = self._find(message)
        assert isinstance(found, Message)
        self._emulator.delete(message)
        self._changed(found, "message_deleted", {"deleted_ts": found.ts, "previous_message": found.shown()})

    def _changed(self, message: Message, subtype: str, about: dict[str, Any]) -> None:
        if self._emulator.world.channels[message.channel].kind == "im":
            event = {"type": "message", "subtype": subtype, "hidden": True, "channel": message.channel}
            self._emulator.tell(event | {"channel_type": "im", "ts": self._emulator.world.clock.ts()} | about)

    async def mention(self, text: str, channel: str, thread: str | None = None) -> Seen:
        """Write a message that begins with the app's name."""
        return await self.write(f"<@{BOT_USER}> {escaped(text)}", channel, thread=thread)

    async def open_home(self) -> None:
        """Open the app's home; the bot is told, and may publish it."""
        direct = self._emulator.world.direct(self.id)
        event = {"type": "app_home_opened", "user": self.id, "channel": direct.id, "tab": "home"}
        view = self._emulator.views.homes.get(self.id)
        self._emulator.tell(event | ({"view": view.shown()} if view else {}))

    # --- pressing ---------------------------------------------------------------------------------------------------

    async def press(self, message: Seen | Modal, label: str, *, confirm: bool = True) -> Sent | None:
        """Press the button with this label in a message, the home or a modal. Raises NotPossible.

        Gives None where the button asks for a confirmation and `confirm` is False.
        """
        where = self._find(message)
        buttons = [(block, one) for block, one in elements(_blocks(where)) if one["type"] == "button"]
        for block, one in buttons:
            if one["text"]["text"] == label:
                if "confirm" in one and not confirm:
                    return None
                kept = {key: one[key] for key in ("type", "action_id", "text", "value", "style") if key in one}
                return await self._act(where, {"block_id": block["block_id"]} | kept)
        raise NotPossible(f"There is no button {label!r}; there are {[one['text']['text'] for _, one in buttons]}")

    async def pick(self, message: Seen | Modal, wanted: str) -> Sent:
        """Pick an option, by label or value, in the menu that offers it. Raises NotPossible."""
        where = self._find(message)
        menus = [(block, one) for block, one in elements(_blocks(where)) if block["type"] != "input"]
        for block, one in menus:
            for option in offered_by(one):
                if wanted in (option["value"], option["text"]["text"]):
                    kept = {"type": one["type"], "block_id": block["block_id"], "action_id": one["action_id"]}
                    return await self._act(where, kept | {"selected_option": option})
        offered = [option["text"]["text"] for _, one in menus for option in offered_by(one)]
        raise NotPossible(f"No menu offers {wanted!r}; there are {offered}")

    async def _act(self, where: Message | Shown, action: dict[str, Any]) -> Sent:
        payloads = self._emulator.payloads
        if isinstance(where, Shown):
            form.settle(where)
            payload = payloads.on_view(self.id, where, action)
        else:
            held = {key: value for key, value in action.items() if key in ("type", "selected_option")}
            values = {action["block_id"]: {action["action_id"]: held}} if "selected_option" in held else {}
            payload = payloads.on_message(self.id, where, action, values)
        return Sent(await self._emulator.post.deliver("block_actions", payload, accepts=False))

    def _find(self, message: Seen | Modal) -> Message | Shown:
        shown = message.seen if isinstance(message, Modal) else message
        if not shown.channel:
            every = [*self._emulator.views.stacks.get(self.id, ()), *self._emulator.views.homes.values()]
            view: Shown | None = next((one for one in every if one.id == shown.ts and one.user == self.id), None)
            if view is None:
                raise NotPossible(f"{self.name} does not see the view {shown.ts}")
            return view
        found: Message | None = self._emulator.world.channels[shown.channel].messages.get(shown.ts)
        if found is None or found.to not in (None, self.id):
            raise NotPossible(f"{self.name} does not see the message {shown.ts}")
        return found

    # --- modals -----------------------------------------------------------------------------------------------------

    async def suggestions(self, name: str, typed: str = "", *, within: Seen | None = None) -> list[Choice]:
        """What a select offers for what is typed into it; in the open modal, or `within` a message by action id."""
        if within is None:
            view = self._modals.top()
            at = form.field(view, name)
            return await self._modals.suggestions(view, at.block_id, at.element, typed)
        where = self._find(within)
        for block, one in elements(_blocks(where)):
            if one.get("action_id") == name:
                return await self._modals.suggestions(where, block["block_id"], one, typed)
        raise NotPossible(f"There is no menu {name!r}")

    async def submit(self, **values: Any) -> dict[str, str] | None:
        """Fill the open modal in and send it, the fields by label or id; the others keep what they hold.

        Gives None when it was taken, else what is wrong, by the name that was used for the field (or its block id);
        by "" when the app did not answer, or with something that Slack does not take.
        """
        return await self._modals.submit(values)

    async def close_modal(self, *, everything: bool = False) -> None:
        """Close the top modal, or all, without sending; the bot is told where it asked to be."""
        await self._modals.close(everything=everything)


def _blocks(where: Message | Shown) -> list[dict[str, Any]]:
    if isinstance(where, Shown):
        return list(where.body["blocks"])
    return [*where.blocks, *(block for one in where.attachments for block in one.get("blocks", ()))]
