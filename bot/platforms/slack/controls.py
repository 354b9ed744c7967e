"""Knows how buttons, links and choices are drawn as Slack's controls. Knows nothing of what pressing them does.

A control's `action_id` is its press, with a number behind it where the message holds the same one before; a button's
`value` is the press, whole and unchanged, so that a later process can read it.
"""

from collections.abc import Iterable, Iterator

from bot.chat import units
from bot.chat.cards import Button, Buttons, Choice, Code, Line, Link, LinkButton, Pick
from bot.chat.ids import decode
from bot.chat.prefix import with_prefix
from bot.domain.errors import Refused
from bot.platforms.slack import limits
from bot.platforms.slack.fit import BUTTON, Control, Lines, Piece, Row, bullets, small
from bot.platforms.slack.spans import Calls, Element, elements, harmless, plain_text, safe_url, said
from bot.views.actions import SAY

AGAIN = "~"
"""Stands in an `action_id` between a press and the number that tells it from the same one before."""


class Controls:
    """Draws the controls of one message; remembers which ids it has used."""

    def __init__(self, calls: Calls, prefix: str) -> None:
        self._calls = calls
        self._prefix = prefix
        self._used: set[str] = set()

    def buttons(self, block: Buttons) -> Iterator[Piece]:
        """A row of buttons; what cannot be a button is said in words."""
        controls: list[Control] = []
        said_instead: list[tuple[Element, ...]] = []
        for button in block.buttons:
            twin = self._said(self._in_words(button))
            drawn = self._link(button) if isinstance(button, LinkButton) else self._button(button)
            if drawn is not None:
                controls.append(Control(drawn, twin))
            else:
                said_instead.append(twin)
        if said_instead:
            yield Lines(tuple(said_instead), bullets, BUTTON)
        if controls:
            yield Row(tuple(controls))

    def pick(self, pick: Pick) -> Iterator[Piece]:
        """A menu; what does not fit into it can be typed."""
        shown = [choice for choice in distinct(pick.choices) if is_value(choice.value)][: limits.OPTIONS]
        twin = self._said(self._typed_line(pick.label, pick.press, "…"))
        if not shown or not _can_be_id(pick.press):
            yield Lines((twin,) if pick.choices else (), bullets, BUTTON)
            return
        menu = {
            "type": "static_select",
            "action_id": self._id(pick.press),
            "placeholder": plain_text(pick.label, limits.PLACEHOLDER),
            "options": [option(choice) for choice in shown],
        }
        yield Row((Control(menu, twin),))
        if len(pick.choices) > len(shown):
            left_out = limits.more(len(pick.choices) - len(shown))
            line = self._typed(pick.press)
            told = f"{left_out}, to be typed: {line} …" if line else left_out
            yield Lines((told,), lambda _: small(told))

    def _button(self, button: Button) -> Element | None:
        if not _can_be_id(button.press):
            return None
        drawn = {
            "type": "button",
            "action_id": self._id(button.press),
            "text": plain_text(button.label, limits.BUTTON_TEXT),
            "value": button.press,
        }
        return drawn if button.style == "default" else {**drawn, "style": button.style}

    def _link(self, button: LinkButton) -> Element | None:
        address = safe_url(button.url)
        if not address or address.startswith("mailto:"):
            return None
        label = plain_text(button.label, limits.BUTTON_TEXT)
        return {"type": "button", "action_id": self._id("link"), "text": label, "url": address}

    def _id(self, press: str) -> str:
        number = 1
        unique = press if pressed(press) == press else f"{press}{AGAIN}1"
        while unique in self._used:
            number += 1
            unique = f"{press}{AGAIN}{number}"
        self._used.add(unique)
        return unique

    def _said(self, line: Line) -> tuple[Element, ...]:
        return elements(line, self._calls) or (said("–"),)

    def _in_words(self, button: Button | LinkButton) -> Line:
        if isinstance(button, LinkButton):
            return (Link(button.label, button.url),)
        return self._typed_line(button.label, button.press)

    def _typed_line(self, label: str, press: str, value: str = "") -> Line:
        line = self._typed(press)
        if line is None:
            return (f"{label} (there is no room for its button here)",)
        return (f"{label}: type ", Code(f"{line} {value}".strip()))

    def _typed(self, press: str) -> str | None:
        """The line that a press says, or None for one that cannot be typed."""
        try:
            line = dict(decode(press, {SAY.name: SAY})[1].values)["line"]
        except Refused:
            return None
        return with_prefix(line, self._prefix) if self._prefix else line


def pressed(action_id: str) -> str:
    """The press of a control, from its `action_id`."""
    press, again, number = action_id.rpartition(AGAIN)
    return press if again and number.isdecimal() else action_id


def option(choice: Choice) -> Element:
    """A choice as an option; its value is sent as it stands."""
    return {"text": plain_text(choice.label.strip() or choice.value, limits.OPTION_TEXT), "value": choice.value}


def is_value(value: str) -> bool:
    """Whether an option can carry it."""
    return 0 < units.length(value) <= limits.OPTION_VALUE and harmless(value) == value


def _can_be_id(press: str) -> bool:
    return 0 < units.length(press) <= limits.ACTION_ID - 8 and harmless(press) == press


def distinct(choices: Iterable[Choice]) -> list[Choice]:
    """The choices, the first of each value."""
    found: dict[str, Choice] = {}
    for choice in choices:
        found.setdefault(choice.value, choice)
    return list(found.values())
