"""Knows what can be shown: blocks, cards and forms. Knows nothing of who draws them.

Every value here survives JSON, so that a card can wait in a queue or cross a socket. Spans are part of the same
vocabulary, and are handed on from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Discriminator, TypeAdapter

from bot.chat.spans import Bold as Bold
from bot.chat.spans import Code as Code
from bot.chat.spans import Line as Line
from bot.chat.spans import Link as Link
from bot.chat.spans import Mention as Mention
from bot.chat.spans import Span as Span
from bot.chat.spans import When as When
from bot.chat.spans import plain as plain


class Tone(StrEnum):
    """How a card or a line should feel; never the only carrier of a meaning."""

    NEUTRAL = "neutral"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    WORKING = "working"


# --- blocks: inside a card -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    line: Line
    tone: Tone = Tone.NEUTRAL
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Heading:
    """The name of a part of a long card."""

    text: str
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True, slots=True)
class Items:
    """A list; numbered where the order matters."""

    lines: tuple[Line, ...]
    ordered: bool = False
    kind: Literal["items"] = "items"


@dataclass(frozen=True, slots=True)
class Fields:
    """Labels with their values."""

    pairs: tuple[tuple[str, Line], ...]
    kind: Literal["fields"] = "fields"


@dataclass(frozen=True, slots=True)
class Table:
    """Columns and rows. Columns in `numeric` (by position) are set right; `tones` colours whole rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]
    numeric: tuple[int, ...] = ()
    tones: tuple[Tone, ...] = ()
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Snippet:
    """Several lines to copy as they stand: a command, a letter."""

    text: str
    language: str = ""
    kind: Literal["snippet"] = "snippet"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far something is: `done` of `total` (None: unknown), in a unit that `label` names."""

    label: str
    done: float
    total: float | None
    kind: Literal["progress"] = "progress"


@dataclass(frozen=True, slots=True)
class Button:
    """A labelled press. `press` is an encoded action (see `bot.chat.ids`)."""

    label: str
    press: str
    style: Literal["default", "primary", "danger"] = "default"
    kind: Literal["button"] = "button"


@dataclass(frozen=True, slots=True)
class LinkButton:
    """A labelled way out to a page."""

    label: str
    url: str
    kind: Literal["link_button"] = "link_button"


@dataclass(frozen=True, slots=True)
class Buttons:
    """Buttons in a row."""

    buttons: tuple[Annotated[Button | LinkButton, Discriminator("kind")], ...]
    kind: Literal["buttons"] = "buttons"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to pick: what is shown, and the value that is sent."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Pick:
    """A choice of one; the value picked is sent along with `press`."""

    label: str
    press: str
    choices: tuple[Choice, ...]
    kind: Literal["pick"] = "pick"


@dataclass(frozen=True, slots=True)
class Image:
    """A stored picture; `alt` says what is to be seen. `file` is a key that `bot.operations.files` opens, of a PNG;
    the key that ends in `.svg` instead is the same picture in lines.
    """

    alt: str
    file: str
    kind: Literal["image"] = "image"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A stored file to take away. `file` is a key that `bot.operations.files` opens."""

    name: str
    file: str
    size: int | None = None
    kind: Literal["attachment"] = "attachment"


@dataclass(frozen=True, slots=True)
class Divider:
    """A thin line between parts."""

    kind: Literal["divider"] = "divider"


Block = Annotated[
    Text | Heading | Items | Fields | Table | Snippet | Progress | Buttons | Pick | Image | Attachment | Divider,
    Discriminator("kind"),
]


@dataclass(frozen=True, slots=True)
class Card:
    """One message. The title alone must tell the reader whether to worry."""

    title: str
    blocks: tuple[Block, ...] = ()
    tone: Tone = Tone.NEUTRAL
    footer: Line = ()
    kind: Literal["card"] = "card"


# --- forms ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Field:
    """One question of a form. With `choices`, one of them; with `suggest`, free text with completions."""

    key: str
    label: str
    help: str = ""
    value: str = ""
    required: bool = True
    multiline: bool = False
    choices: tuple[Choice, ...] = ()
    suggest: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """At most five questions, sent together as the press `submit` with one value for each field."""

    title: str
    fields: tuple[Field, ...]
    submit: str
    label: str = "Send"
    intro: Line = ()
    kind: Literal["form"] = "form"

    def __post_init__(self) -> None:
        if len(self.fields) > 5:
            raise ValueError(f"a form has at most five fields, {self.title!r} has {len(self.fields)}")


# --- short ways to write them --------------------------------------------------------------------------------------


def text(*line: Span, tone: Tone = Tone.NEUTRAL) -> Text:
    """A paragraph of the given spans."""
    return Text(line, tone)


def fields(pairs: Sequence[tuple[str, Span | Line]]) -> Fields:
    """Labels with values; a value may be one span or a whole line."""
    return Fields(tuple((label, value if isinstance(value, tuple) else (value,)) for label, value in pairs))


_ADAPTER: TypeAdapter[Card | Form] = TypeAdapter(Annotated[Card | Form, Discriminator("kind")])


def to_json(shown: Card | Form) -> Any:
    """The card or form as plain JSON values, each block and span with its `kind`."""
    return _ADAPTER.dump_python(shown, mode="json")


def from_json(value: Any) -> Card | Form:
    """What `to_json` gave, as a card or form again. Raises pydantic.ValidationError on anything else."""
    return _ADAPTER.validate_python(value)
