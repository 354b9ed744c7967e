"""Knows how a form becomes Discord's modal, and what was written in one. Knows nothing of what is asked or why.

The modal's id is the form's press and each input's id its field's key, so that a submission says all there is to know,
whoever opened the modal and whichever process reads the answer.
"""

from collections.abc import Mapping
from typing import Any

import discord
from discord import ui

from bot.chat import units
from bot.chat.cards import Choice, Field, Form
from bot.platforms.discord import limits, spans
from bot.platforms.discord.controls import option
from bot.platforms.discord.spans import Calls


def modal(form: Form, calls: Calls = lambda _: None) -> ui.Modal:
    """The form as a modal. It is stopped: discord.py keeps none of it, `values` reads what comes back."""
    shown = ui.Modal(title=_words(form.title, limits.FORM_TITLE), custom_id=form.submit, timeout=None)
    # Discord counts a paragraph among the five things that a modal may hold.
    intro = spans.line(form.intro, calls) if len(form.fields) < limits.FIELDS else ""
    if intro or not form.fields:
        shown.add_item(ui.TextDisplay(intro or spans.escaped(form.label) or "–"))
    for field in form.fields:
        shown.add_item(_field(field, form.title))
    shown.stop()
    return shown


def values(submitted: Mapping[str, Any]) -> dict[str, str]:
    """What was written or chosen, by field, from the data of a submission as Discord sends it; nothing is ''."""
    found: dict[str, str] = {}
    for component in submitted.get("components", ()):
        for answer in _answers(component):
            if isinstance(key := answer.get("custom_id"), str):
                chosen = answer.get("values") or [""]
                found[key] = str(answer["value"] or "") if "value" in answer else str(chosen[0])
    return found


def _answers(component: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    match component.get("type"):
        case discord.ComponentType.label.value:
            return [component.get("component", {})]
        case discord.ComponentType.action_row.value:
            return list(component.get("components", ()))
    return []


def _field(field: Field, asked_by: str) -> ui.Label[ui.Modal]:
    offered = list({choice.value: choice for choice in field.choices}.values())
    can_be_picked = 0 < len(offered) <= limits.OPTIONS and all(
        0 < units.length(choice.value) <= limits.OPTION for choice in offered
    )
    told = f"⚠️ {field.error}" if field.error else field.help
    return ui.Label(
        text=_words(field.label.strip() or field.key, limits.FIELD_LABEL),
        description=_words(told, limits.FIELD_DESCRIPTION) if told.strip() else None,
        component=_select(field, offered) if can_be_picked else _input(field, asked_by),
    )


def _select(field: Field, offered: list[Choice]) -> ui.Select[ui.Modal]:
    return ui.Select(
        custom_id=field.key,
        required=field.required,
        min_values=1 if field.required else 0,
        max_values=1,
        options=[option(choice, default=choice.value == field.value) for choice in offered],
    )


def _input(field: Field, asked_by: str) -> ui.TextInput[ui.Modal]:
    hint = ""
    if field.suggest and asked_by.startswith("/"):
        hint = f"{asked_by} completes this as you type"
    elif field.choices:
        hint = f"One of: {', '.join(choice.value for choice in field.choices)}"
    return ui.TextInput(
        custom_id=field.key,
        style=discord.TextStyle.paragraph if field.multiline else discord.TextStyle.short,
        required=field.required,
        default=units.cut(spans.harmless(field.value), limits.INPUT) or None,
        placeholder=_words(hint, limits.INPUT_PLACEHOLDER) if hint else None,
        max_length=limits.INPUT,
    )


def _words(words: str, most: int) -> str:
    return units.cut(spans.one_line(words).strip(), most) or "–"
