"""Knows how a button's id is written and read. Knows nothing of what pressing it does.

An id is a letter to a future process: `lb1:<action>:<value>:…`, at most 100 characters, holding stable keys only.
It is a request, never a permission: role and state are checked again on every press. Names are a public format:
never used again for something else.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.errors import Refused

LONGEST = 100
_SCHEME = "lb1"
_ESCAPES = {"%": "%25", ":": "%3A"}


class Answer(StrEnum):
    """How a press is answered; fixed per action, because Discord fixes it at acknowledgement."""

    PRIVATE = "private"
    PUBLIC = "public"
    REPLACE = "replace"
    FORM = "form"


@dataclass(frozen=True, slots=True)
class Press:
    """A decoded button: the action's name, and its values by field name."""

    action: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Action:
    """A kind of button. Calling it with its fields gives the id of one button.

    `retired` says what to type instead, for a name that is no longer drawn.
    """

    name: str
    fields: tuple[str, ...] = ()
    answer: Answer = Answer.PRIVATE
    retired: str = ""

    def __call__(self, *values: str) -> str:
        encoded = self._encode(values)
        if len(encoded) > LONGEST:
            raise ValueError(f"{encoded!r} is longer than {LONGEST} characters")
        return encoded

    def fits(self, *values: str) -> bool:
        """Whether a button can carry these values, for those whose length nobody bounds."""
        return len(self._encode(values)) <= LONGEST

    def _encode(self, values: tuple[str, ...]) -> str:
        if len(values) != len(self.fields):
            raise ValueError(f"{self.name} takes {self.fields}, not {len(values)} values")
        return ":".join((_SCHEME, self.name, *(_escape(str(value)) for value in values)))


def decode(encoded: str, actions: dict[str, Action]) -> tuple[Action, Press]:
    """The action and values of a button's id. Raises Refused for an id nobody drew, or one that is retired."""
    scheme, _, rest = encoded.partition(":")
    name, *values = rest.split(":")
    action = actions.get(name)
    if scheme != _SCHEME or action is None or len(values) != len(action.fields):
        raise Refused(
            "That button is not one of mine, or is from a version that no longer exists. Nothing was changed.",
            "Type /lifeboat help to see what I can do.",
        )
    if action.retired:
        raise Refused("That button is from an earlier version. Nothing was changed.", action.retired)
    return action, Press(name, tuple(zip(action.fields, map(_unescape, values), strict=True)))


def _escape(value: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in value)


def _unescape(value: str) -> str:
    return value.replace("%3A", ":").replace("%25", "%")
