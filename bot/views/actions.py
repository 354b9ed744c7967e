"""Knows every button there is. Knows nothing of what they do.

Most buttons say a line, so that each has a text twin; the others are declared here with their fields.
"""

from bot.chat.cards import Button
from bot.chat.ids import Action, Answer

SAY = Action("say", ("line",))
"""Does what typing the line does; with a picked value, that is its last word."""

FILL = Action("fill", ("command",))
"""Sent by a form that asks for a command's arguments."""

CONFIRM = Action("confirm", ("ask",))
"""Answers yes to a question that the router asked first; what follows is for whoever said yes."""

CONFIRM_OPENLY = Action("confirm-openly", ("ask",), Answer.PUBLIC)
"""The same, where what follows is for everybody: an id must say so, for platforms that ask at acknowledgement."""

CORRECT = Action("correct", ("ask",), Answer.FORM)
"""Opens a form again that was sent with something wrong in it, with what was written."""

EDIT_LETTER = Action("letter.edit", ("incident",), Answer.FORM)
"""Opens the letter to support, to edit it."""

SAVE_LETTER = Action("letter.save", ("incident",))
"""Sent by the form of the letter."""

STOP = Action("incident.stop", ("incident", "brake"), Answer.FORM)
"""Asks, by a form, for the name of the environment that is about to be stopped."""

ROUTED = (SAY, FILL, CONFIRM, CONFIRM_OPENLY, CORRECT)
"""The router's own: they lead to commands and need no handler."""


def say(label: str, line: str, style: str = "default") -> Button:
    """A button that does what typing the line does."""
    if style == "primary":
        return Button(label, SAY(line), "primary")
    return Button(label, SAY(line), "danger" if style == "danger" else "default")
