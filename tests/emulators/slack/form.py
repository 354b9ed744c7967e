"""Knows how a modal is filled in, and what Slack's client refuses to send. Knows nothing of the bot."""

import re
from dataclasses import dataclass
from typing import Any

from tests.emulators.slack.rules import offered_by
from tests.emulators.slack.views import Shown

WRITTEN = ("plain_text_input", "number_input", "email_text_input", "url_text_input")
ONE = {
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "checkboxes": "selected_options",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "multi_users_select": "selected_users",
}
"""Where the state of each kind of element keeps what was picked."""
EXTERNAL = ("external_select", "multi_external_select")


class NotPossible(Exception):
    """Something that Slack's client does not let a person do."""


@dataclass(frozen=True)
class Field:
    """An input of a modal."""

    block_id: str
    label: str
    hint: str
    optional: bool
    element: dict[str, Any]

    @property
    def kind(self) -> str:
        """The type of its element."""
        return str(self.element["type"])

    @property
    def choices(self) -> tuple[str, ...]:
        """The labels that it offers."""
        return tuple(option["text"]["text"] for option in offered_by(self.element))

    def is_called(self, name: str) -> bool:
        """Whether a name means this field: its label, its ids, or the end of an id after a colon."""
        ids = (self.block_id, self.element["action_id"])
        wanted = name.casefold().replace("_", " ")
        return self.label.casefold().replace("_", " ") == wanted or any(
            one == name or re.split("[:/]", one)[-1] == name for one in ids
        )


def fields(view: Shown) -> list[Field]:
    """The inputs of a modal, in their order."""
    return [
        Field(
            block_id=block["block_id"],
            label=block["label"]["text"],
            hint=block.get("hint", {}).get("text", ""),
            optional=block.get("optional", False),
            element=block["element"],
        )
        for block in view.body["blocks"]
        if block["type"] == "input"
    ]


def field(view: Shown, name: str) -> Field:
    """The input of that name. Raises NotPossible."""
    every = fields(view)
    for one in every:
        if one.is_called(name):
            return one
    raise NotPossible(f"There is no field {name!r}; there are {[(one.block_id, one.label) for one in every]}")


def state(element: dict[str, Any]) -> dict[str, Any]:
    """What an element holds before anybody touched it."""
    kind = element["type"]
    if kind in WRITTEN:
        return {"type": kind, "value": element.get("initial_value") or None}
    key = ONE[kind]
    initial = element.get(key.replace("selected", "initial"))
    return {"type": kind, key: initial or ([] if key.endswith("s") else None)}


def settle(view: Shown) -> None:
    """Give every input that nobody touched the value it began with."""
    for one in fields(view):
        known = view.values.setdefault(one.block_id, {})
        if one.element["action_id"] not in known:
            view.values[one.block_id] = {one.element["action_id"]: state(one.element)}


def fill(view: Shown, at: Field, value: Any, suggested: list[dict[str, Any]]) -> None:
    """Put a value into an input; options by label or value. Raises NotPossible."""
    held: dict[str, Any] = {"type": at.kind}
    if at.kind in WRITTEN:
        held["value"] = str(value) if value not in (None, "") else None
    elif "option" in ONE[at.kind]:
        offered = suggested if at.kind in EXTERNAL else offered_by(at.element)
        if ONE[at.kind].endswith("s"):
            held[ONE[at.kind]] = [_option(at, one, offered) for one in value or ()]
        else:
            held[ONE[at.kind]] = None if value in (None, "") else _option(at, value, offered)
    else:
        held[ONE[at.kind]] = value
    view.values[at.block_id] = {at.element["action_id"]: held}


def _option(at: Field, wanted: Any, offered: list[dict[str, Any]]) -> dict[str, Any]:
    for option in offered:
        if str(wanted) in (option["value"], option["text"]["text"]):
            return option
    raise NotPossible(f"{at.label!r} does not offer {wanted!r}; it offers {[one['text']['text'] for one in offered]}")


def client_errors(view: Shown) -> dict[str, str]:
    """Why Slack's client does not send a modal, by block id."""
    found: dict[str, str] = {}
    for one in fields(view):
        held = view.values[one.block_id][one.element["action_id"]]
        value = held.get("value") if one.kind in WRITTEN else held[ONE[one.kind]]
        if value in (None, "", []):
            if not one.optional:
                found[one.block_id] = "Please complete this required field."
        elif one.kind in WRITTEN and (problem := _unfit(one.element, str(value))):
            found[one.block_id] = problem
    return found


def _unfit(element: dict[str, Any], value: str) -> str:
    if len(value) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(value) > element.get("max_length", 3000):
        return f"Please enter at most {element.get('max_length', 3000)} characters."
    if element["type"] == "number_input" and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        return "Please enter a number."
    if element["type"] == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "Please enter a valid email."
    if element["type"] == "url_text_input" and not re.match(r"https?://\S+", value):
        return "Please enter a valid URL."
    return ""
