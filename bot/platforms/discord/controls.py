"""Knows how buttons, links and choices are drawn as Discord's controls. Knows nothing of what pressing them does.

A control's custom id is its press, whole and unchanged, so that a later process can read it. Discord takes an id once
in a message: a second button that does the same is left out, a choice with the id of another control is said in words.
"""

from collections.abc import Iterator
from functools import partial

import discord
from discord import ui

from bot.chat import units
from bot.chat.cards import Button, Buttons, Choice, Code, Line, Link, LinkButton, Pick
from bot.chat.ids import decode
from bot.chat.prefix import with_prefix
from bot.domain.errors import Refused
from bot.platforms.discord import limits
from bot.platforms.discord.fit import Control, Piece, Rank, rows, words
from bot.platforms.discord.spans import one_line, safe_url
from bot.platforms.discord.tables import Draw
from bot.views.actions import SAY

_STYLES = {
    "default": discord.ButtonStyle.secondary,
    "primary": discord.ButtonStyle.primary,
    "danger": discord.ButtonStyle.danger,
}


class Controls:
    """Draws the controls of one message; remembers which ids it has used. `prefix` is what commands are called by."""

    def __init__(self, draw: Draw, prefix: str) -> None:
        self._draw = draw
        self._prefix = prefix
        self._used: dict[str, type[Button | Pick]] = {}

    def buttons(self, block: Buttons) -> Iterator[Piece]:
        """Rows of buttons; what cannot be a button is said in words."""
        controls: list[Control] = []
        said: list[str] = []
        for button in block.buttons:
            if isinstance(button, LinkButton):
                address, twin = safe_url(button.url), self._draw((Link(button.label, button.url),))
                if address:
                    controls.append(Control(partial(_link, button.label, address), twin))
                else:
                    said.append(twin)
            elif self._claims(button):
                controls.append(Control(partial(_button, button), self._twin(button.label, button.press)))
            elif self._used.get(button.press) is not Button:
                said.append(self._twin(button.label, button.press))
        yield words(*said, rank=Rank.LISTED)
        yield from rows(controls)

    def pick(self, pick: Pick) -> Iterator[Piece]:
        """A select menu; what does not fit into it can be typed."""
        fitting = [choice for choice in _distinct(pick.choices) if 0 < units.length(choice.value) <= limits.OPTION]
        shown, twin = fitting[: limits.OPTIONS], self._twin(pick.label, pick.press, "…")
        if shown and self._claims(pick):
            yield from rows([Control(partial(_select, pick, shown), twin, width=limits.ROW)])
            if len(pick.choices) > len(shown):
                line = self._typed(pick.press)
                how: Line = (", to be typed: ", Code(f"{line} …")) if line else ()
                yield words("-# " + self._draw((limits.more(len(pick.choices) - len(shown)), *how)))
        elif pick.choices:
            yield words(twin)

    def _claims(self, control: Button | Pick) -> bool:
        """Whether the control can have its press for its id."""
        if control.press in self._used or not 0 < units.length(control.press) <= limits.CUSTOM_ID:
            return False
        self._used[control.press] = type(control)
        return True

    def _twin(self, label: str, press: str, value: str = "") -> str:
        line = self._typed(press)
        if line is None:
            return self._draw((f"{label} (there is no room for its button here)",))
        return self._draw((f"{label}: type ", Code(f"{line} {value}".strip())))

    def _typed(self, press: str) -> str | None:
        """The line that a press says, as it is typed here, or None for one that cannot be."""
        try:
            line = dict(decode(press, {SAY.name: SAY})[1].values)["line"]
        except Refused:
            return None
        return with_prefix(line, self._prefix)


def _distinct(choices: tuple[Choice, ...]) -> list[Choice]:
    return list({choice.value: choice for choice in reversed(choices)}.values())[::-1]


def _label(words: str, most: int) -> str:
    return units.cut(one_line(words).strip(), most) or "…"


def _button(button: Button) -> ui.Button[ui.LayoutView]:
    label = _label(button.label, limits.BUTTON_LABEL)
    return ui.Button(style=_STYLES[button.style], label=label, custom_id=button.press)


def _link(label: str, address: str) -> ui.Button[ui.LayoutView]:
    return ui.Button(style=discord.ButtonStyle.link, label=_label(label, limits.BUTTON_LABEL), url=address)


def _select(pick: Pick, choices: list[Choice]) -> ui.Select[ui.LayoutView]:
    return ui.Select(
        custom_id=pick.press,
        placeholder=_label(pick.label, limits.PLACEHOLDER),
        options=[option(choice) for choice in choices],
    )


def option(choice: Choice, *, default: bool = False) -> discord.SelectOption:
    """A choice as an option; its value is sent as it stands."""
    label = _label(choice.label.strip() or choice.value, limits.OPTION)
    return discord.SelectOption(label=label, value=choice.value, default=default)
