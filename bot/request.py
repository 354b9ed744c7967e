"""Knows what a platform hands in, and what it is given to draw. Knows nothing of what happens in between."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.chat.declare import Shown
from bot.domain.people import Person
from bot.house import Place


@dataclass(frozen=True, slots=True)
class Said:
    """A typed line."""

    line: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button's id; for a `Pick`, with the value picked; for a form, with its values by field."""

    press: str
    picked: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """What a platform hands in. `delivery` names this delivery, the same each time it is delivered again."""

    delivery: str
    by: Person
    place: Place
    ask: Said | Pressed


@dataclass(frozen=True, slots=True)
class Reply:
    """What a platform draws. `shown` None: nothing more (it is on its way as a post, or was a second delivery).

    `replaces`: take the place of the card that was pressed. `ok` is False when the request was not carried out.
    """

    shown: Shown
    private: bool = True
    replaces: bool = False
    ok: bool = True
