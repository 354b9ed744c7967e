"""Knows how a form becomes Slack's modal, and what was written in one. Knows nothing of what is asked or why.

Each input's block bears its field's key, and its action the form's press with that key, so that a request for
completions says all there is to know, whoever opened the modal and whichever process reads it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.chat import units
from bot.chat.cards import Bold, Choice, Field, Form
from bot.platforms.slack import limits
from bot.platforms.slack.controls import distinct, is_value, option
from bot.platforms.slack.fit import rich
from bot.platforms.slack.spans import Calls, Element, elements, harmless, plain_text, section

CALLBACK = "lb1:form"
"""The `callback_id` of every modal."""

_ASKED = "|"
"""Stands in an `action_id` between a form's press and a field's key."""


def view(form: Form, metadata: str, calls: Calls) -> Element:
    """The form as a modal. `metadata` comes back with what is sent; at most 3,000 characters."""
    inputs = [_input(field, form.submit) for field in form.fields]
    title = (Bold(form.title),) if units.length(form.title) > limits.VIEW_TITLE else ()
    told = [section(line) for words in (title, form.intro) if (line := elements(words, calls))]
    if not told and not inputs:
        told = [section(elements((form.label,), calls) or elements(("–",), calls))]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": metadata,
        "title": plain_text(form.title, limits.VIEW_TITLE),
        "submit": plain_text(form.label, limits.VIEW_SUBMIT),
        "close": plain_text("Cancel", limits.VIEW_SUBMIT),
        "blocks": [*([rich(told)] if told else []), *inputs],
    }


def values(submitted: Mapping[str, Any]) -> dict[str, str]:
    """What was written or chosen, by field, from the `view` of a submission; nothing is ''."""
    found: dict[str, str] = {}
    for key, actions in submitted.get("state", {}).get("values", {}).items():
        for answer in actions.values():
            chosen = answer.get("selected_option") or {}
            found[key] = str(answer.get("value") or chosen.get("value") or "")
    return found


def errors(form: Form) -> dict[str, str]:
    """What is wrong with which input, for an answer that leaves the modal open; {} where no field is to blame."""
    return {field.key: units.cut(harmless(field.error), limits.INPUT_HINT) for field in form.fields if field.error}


def asked(action_id: str) -> tuple[str, str]:
    """The press of the form and the key of the field for which completions are asked."""
    submit, _, key = action_id.rpartition(_ASKED)
    return submit, key


def options(choices: Sequence[Choice], typed: str) -> list[Element]:
    """Completions as an answer. What was typed is one of them: Slack takes nothing else from such a field."""
    own = typed.strip()
    offered = [choice for choice in distinct(choices) if is_value(choice.value)][: limits.OPTIONS]
    if is_value(own) and all(choice.value != own for choice in offered):
        offered = [*offered[: limits.OPTIONS - 1], Choice(own, own)]
    return [option(choice) for choice in offered]


def _input(field: Field, submit: str) -> Element:
    hint = " ".join(words for words in (f"⚠️ {field.error}" if field.error else "", field.help) if words.strip())
    return {
        "type": "input",
        "block_id": field.key,
        "optional": not field.required,
        "label": plain_text(field.label.strip() or field.key, limits.INPUT_LABEL),
        **({"hint": plain_text(hint, limits.INPUT_HINT)} if hint else {}),
        "element": {**_element(field), "action_id": f"{submit}{_ASKED}{field.key}"},
    }


def _element(field: Field) -> Element:
    offered = distinct(field.choices)
    if 0 < len(offered) <= limits.OPTIONS and all(is_value(choice.value) for choice in offered):
        chosen = [option(choice) for choice in offered if choice.value == field.value]
        shown = [option(choice) for choice in offered]
        return {"type": "static_select", "options": shown, **({"initial_option": chosen[0]} if chosen else {})}
    if field.suggest and not field.multiline and (is_value(field.value) or not field.value):
        chosen = [option(Choice(field.value, field.value))] if field.value else []
        return {
            "type": "external_select",
            "min_query_length": 0,
            "placeholder": plain_text("Type, or pick one", limits.PLACEHOLDER),
            **({"initial_option": chosen[0]} if chosen else {}),
        }
    written = units.cut(harmless(field.value), limits.INPUT)
    return {
        "type": "plain_text_input",
        "multiline": field.multiline,
        "max_length": limits.INPUT,
        **({"initial_value": written} if written else {}),
    }
