"""Knows what can stand inside a line: words, and the few things that carry markup. Knows nothing of who draws them.

A plain `str` is data and is escaped by whoever draws it; only spans carry markup. That one rule ends forged links,
`@everyone` and HTML injection.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Discriminator


@dataclass(frozen=True, slots=True)
class Bold:
    """Words that carry the line."""

    text: str
    kind: Literal["bold"] = "bold"


@dataclass(frozen=True, slots=True)
class Code:
    """Something to type, an id, a file name."""

    text: str
    kind: Literal["code"] = "code"


@dataclass(frozen=True, slots=True)
class Link:
    """A label that leads to an http(s) or mailto address."""

    label: str
    url: str
    kind: Literal["link"] = "link"


@dataclass(frozen=True, slots=True)
class Mention:
    """A person or a role, drawn so that the platform calls them; `id` is a `PersonId`."""

    id: str
    name: str
    kind: Literal["mention"] = "mention"


@dataclass(frozen=True, slots=True)
class When:
    """A moment (aware, UTC), drawn so that every reader sees UTC and their own local time.

    `relative` also shows the distance from now ("3 hours ago"), where the platform can keep it true.
    """

    at: datetime
    relative: bool = False
    kind: Literal["when"] = "when"


Span = str | Annotated[Bold | Code | Link | Mention | When, Discriminator("kind")]
Line = tuple[Span, ...]


def plain(line: Line) -> str:
    """A line as bare words (times as UTC), for alt texts, notifications and tests."""
    return "".join(_plain(span) for span in line)


def _plain(span: Span) -> str:
    match span:
        case str():
            return span
        case Bold(text=words) | Code(text=words):
            return words
        case Link(label=label):
            return label
        case Mention(name=name):
            return f"@{name}"
        case When(at=at):
            return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
