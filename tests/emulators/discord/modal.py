"""Knows how a person fills in a modal, and what Discord's client refuses to send. Knows nothing of the bot."""

from dataclasses import dataclass
from typing import Any

from tests.emulators.discord.components import CHECKBOX, CHECKBOXES, INPUT, LABEL, RADIO, SELECT, SELECTS, TEXT
from tests.emulators.discord.slash import NotPossible


@dataclass(frozen=True)
class Input:
    """One question of a modal."""

    custom_id: str
    label: str
    description: str
    required: bool
    value: str
    """What stands in it already."""
    choices: tuple[str, ...]
    component: dict[str, Any]


@dataclass(frozen=True)
class Modal:
    """An open modal."""

    title: str
    custom_id: str
    inputs: tuple[Input, ...]
    text: str
    """What its text displays say."""
    sent: dict[str, Any]

    @classmethod
    def of(cls, sent: dict[str, Any]) -> "Modal":
        """The modal as a callback described it."""
        labels = [one for one in sent["components"] if one["type"] == LABEL]
        texts = [one["content"] for one in sent["components"] if one["type"] == TEXT]
        return cls(sent["title"], sent["custom_id"], tuple(map(_input, labels)), "\n".join(texts), sent)


def _input(label: dict[str, Any]) -> Input:
    component = label["component"]
    options = component.get("options") or []
    chosen = next((one["value"] for one in options if one.get("default")), "")
    return Input(
        component["custom_id"],
        label["label"],
        label.get("description") or "",
        component.get("required", True) and component["type"] != CHECKBOX,
        component.get("value") or chosen,
        tuple(one["value"] for one in options),
        component,
    )


def filled_in(modal: Modal, values: dict[str, Any]) -> dict[str, Any]:
    """The data of the interaction that submits it. Raises NotPossible, as the client would."""
    inputs = {one.custom_id: one for one in modal.inputs}
    unknown = values.keys() - inputs.keys()
    if unknown:
        raise NotPossible(f"{modal.title!r} does not ask for {sorted(unknown)}, but for {list(inputs)}")
    components = []
    number = 0
    for part in modal.sent["components"]:
        number += 1
        if part["type"] == TEXT:
            components.append({"type": TEXT, "id": part.get("id") or number})
            continue
        own = part["component"]
        inside = _answer(inputs[own["custom_id"]], values, number + 1)
        components.append({"type": LABEL, "id": part.get("id") or number, "component": inside})
        number += 1
    return {"custom_id": modal.custom_id, "components": components}


def _answer(question: Input, values: dict[str, Any], number: int) -> dict[str, Any]:
    component = question.component
    kind = component["type"]
    given = values.get(question.custom_id, question.value)
    about = {"type": kind, "id": component.get("id") or number, "custom_id": question.custom_id}
    if question.required and given in ("", None, []):
        raise NotPossible(f"{question.label!r} must be filled in")
    if kind == INPUT:
        least = component.get("min_length") or 0
        if given and not least <= len(given) <= (component.get("max_length") or 4000):
            raise NotPossible(f"{question.label!r} has the wrong length: {len(given)}")
        return about | {"value": given}
    if kind == CHECKBOX:
        return about | {"value": bool(given)}
    chosen = [given] if isinstance(given, str) and given else list(given or [])
    if kind in (SELECT, RADIO, CHECKBOXES):
        known = {option["label"]: option["value"] for option in component["options"]}
        chosen = [known.get(one, one) for one in chosen]
        if not set(chosen) <= set(question.choices):
            raise NotPossible(f"{question.label!r} offers {question.choices}, not {chosen}")
    if kind == RADIO:
        return about | {"value": chosen[0] if chosen else None}
    if kind in (*SELECTS, CHECKBOXES) and len(chosen) > (
        component.get("max_values") or len(component.get("options") or "x")
    ):
        raise NotPossible(f"{question.label!r} takes fewer")
    return about | {"values": chosen}
