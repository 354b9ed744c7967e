"""Knows what a person can do with the modals before them. Knows nothing of messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.emulators.slack import form
from tests.emulators.slack.arguments import Refusal
from tests.emulators.slack.delivery import Ack, Delivery
from tests.emulators.slack.form import Field, NotPossible
from tests.emulators.slack.rules import judge_view, offered_by, options_wrong
from tests.emulators.slack.seen import Seen, seen_view
from tests.emulators.slack.views import Shown
from tests.emulators.slack.world import Message

if TYPE_CHECKING:
    from tests.emulators.slack.server import SlackEmulator

TROUBLE = "We had some trouble connecting. Try again?"
"""What Slack's client says of a modal whose submission was not acknowledged, or with nonsense."""


@dataclass(frozen=True)
class Choice:
    """An option that a select offers."""

    label: str
    value: str


@dataclass(frozen=True)
class Sent:
    """Something that a person did, and what became of it."""

    delivery: Delivery

    @property
    def ack(self) -> Ack | None:
        """The acknowledgement, if one came in time."""
        return self.delivery.acked.result() if self.delivery.acked.done() else None

    @property
    def answered(self) -> bool:
        """Whether it was acknowledged in time; if not, the person reads that the app did not respond."""
        return self.ack is not None

    @property
    def payload(self) -> dict[str, Any] | None:
        """What came with the acknowledgement."""
        return self.ack.payload if self.ack else None

    @property
    def failure(self) -> str:
        """Why it was not acknowledged."""
        return self.delivery.failure


@dataclass(frozen=True)
class Modal:
    """The modal that is open before somebody."""

    seen: Seen
    title: str
    submit: str
    fields: tuple[Field, ...]
    values: dict[str, dict[str, Any]]
    body: dict[str, Any]
    depth: int
    """How many modals are stacked."""

    @property
    def words(self) -> str:
        """All that stands in it."""
        return self.seen.words

    @property
    def buttons(self) -> tuple[str, ...]:
        """The buttons inside it."""
        return self.seen.buttons


class Modals:
    """The modals of one person."""

    def __init__(self, emulator: "SlackEmulator", user: str) -> None:
        self._emulator = emulator
        self._user = user
        self._suggested: dict[str, list[dict[str, Any]]] = {}

    def shown(self) -> Modal | None:
        """The one on top."""
        view = self._emulator.views.top(self._user)
        if view is None:
            return None
        form.settle(view)
        return Modal(
            seen=seen_view(view, self._emulator.names),
            title=view.body["title"]["text"],
            submit=view.body.get("submit", {}).get("text", ""),
            fields=tuple(form.fields(view)),
            values=view.values,
            body=view.shown(),
            depth=len(self._emulator.views.stacks[self._user]),
        )

    def top(self) -> Shown:
        """The one on top. Raises NotPossible."""
        view = self._emulator.views.top(self._user)
        if view is None:
            raise NotPossible("No modal is open")
        return view

    async def suggestions(
        self, where: Shown | Message, block_id: str, element: dict[str, Any], typed: str
    ) -> list[Choice]:
        """What a select offers for what is typed into it."""
        if element["type"] not in form.EXTERNAL:
            raise NotPossible(f"{block_id!r} does not ask the app for options")
        least = element.get("min_query_length", 3)
        if len(typed) < least:
            raise NotPossible(f"Slack asks for options from {least} characters on")
        payload = self._emulator.payloads.suggestion(self._user, where, element, block_id, typed)
        sent = Sent(await self._emulator.post.deliver("block_suggestion", payload, accepts=True))
        if not sent.answered:
            return []
        if problems := options_wrong(sent.payload):
            self._emulator.post.complaints.append(f"options for {block_id!r} were refused: {problems}")
            return []
        self._suggested[block_id] = offered_by(sent.payload or {})
        return [Choice(one["text"]["text"], one["value"]) for one in self._suggested[block_id]]

    async def submit(self, values: dict[str, Any]) -> dict[str, str] | None:
        """Fill the one on top and send it."""
        view = self.top()
        form.settle(view)
        called = {}
        for name, value in values.items():
            at = form.field(view, name)
            called[at.block_id] = name
            if at.kind in form.EXTERNAL and isinstance(value, str) and value:
                await self._look_up(view, at, value)
            form.fill(view, at, value, self._suggested.get(at.block_id, []))
        if "submit" not in view.body:
            raise NotPossible("This modal has no button to send it")
        errors = form.client_errors(view)
        if not errors:
            payload = self._emulator.payloads.submission(self._user, view)
            sent = Sent(await self._emulator.post.deliver("view_submission", payload, accepts=True))
            errors = self._apply(view, sent)
        return {called.get(block_id, block_id): said for block_id, said in errors.items()} or None

    async def close(self, *, everything: bool) -> None:
        """Close the one on top, or all, without sending."""
        view = self.top()
        self._emulator.views.close(self._user, everything=everything)
        if view.body.get("notify_on_close"):
            payload = self._emulator.payloads.closed(self._user, view, cleared=everything)
            await self._emulator.post.deliver("view_closed", payload, accepts=False)

    async def _look_up(self, view: Shown, at: Field, value: str) -> None:
        known = self._suggested.get(at.block_id, [])
        if not any(value in (one["value"], one["text"]["text"]) for one in known):
            await self.suggestions(view, at.block_id, at.element, value)

    def _apply(self, view: Shown, sent: Sent) -> dict[str, str]:
        """Do what the answer to a submission says. Gives the errors that the person sees."""
        if not sent.answered:
            return {"": TROUBLE}
        answer, views = sent.payload or {}, self._emulator.views
        try:
            match answer.get("response_action"):
                case None:
                    views.close(self._user)
                case "clear":
                    views.close(self._user, everything=True)
                case "update":
                    views.update(view, judge_view(answer.get("view"), "modal"))
                case "push":
                    views.push(self._user, judge_view(answer.get("view"), "modal"), view.id)
                case "errors":
                    return _named(answer.get("errors"), form.fields(view))
                case other:
                    raise Refusal(f"invalid response_action: {other}")
        except Refusal as refusal:
            self._emulator.post.complaints.append(f"a modal was answered with {refusal.error}: {refusal.more}")
            return {"": TROUBLE}
        return {}


def _named(errors: Any, fields: Sequence[Field]) -> dict[str, str]:
    known = {one.block_id for one in fields}
    if not isinstance(errors, dict) or not errors or not set(errors) <= known:
        raise Refusal("errors must name input blocks", given=errors, there_are=sorted(known))
    return {block_id: str(said) for block_id, said in errors.items()}
