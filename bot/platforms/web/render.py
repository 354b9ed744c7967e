"""Knows how a card becomes HTML. Knows nothing of sessions, channels or the network.

A `str` is data: the templates escape it, always. An address becomes a link only when it is http, https or mailto.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.runtime import Macro

from bot.chat.cards import Card, Tone, plain
from bot.domain.people import LIFEBOAT, Person, Role
from bot.store.console import Message

LIMITS = {"table": 300, "items": 200, "fields": 60, "choices": 200, "blocks": 100, "snippet": 20_000}
"""How much of a block is drawn; a reader is told how much more there is."""

WORDS = {Tone.GOOD: "Good", Tone.WARNING: "Warning", Tone.BAD: "Problem", Tone.WORKING: "Working"}
"""What a tone is called, for those who do not see its colour."""

_SCHEMES = ("http", "https", "mailto")
_PALETTE = 8


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a message, as it is drawn."""

    name: str
    is_bot: bool
    id: str = ""
    roles: str = ""

    @property
    def initials(self) -> str:
        """One or two letters for the picture."""
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"

    @property
    def hue(self) -> int:
        """Which of the palette's colours is theirs, the same on every page."""
        return int.from_bytes(hashlib.sha256(self.name.encode()).digest()[:4]) % _PALETTE


@dataclass(frozen=True, slots=True)
class Line:
    """A message with its author, and the channel in which it is read."""

    message: Message
    author: Author
    channel: str


def author_of(message: Message, person: Person | None) -> Author:
    """The author to draw, given who the plan says it is."""
    if message.author == LIFEBOAT.id:
        return Author(LIFEBOAT.name, is_bot=True)
    return Author(person.name if person else message.author, is_bot=False)


def person(who: Person) -> Author:
    """Somebody who reads the page, as they are drawn."""
    roles = ", ".join(sorted(who.roles - {Role.RESPONDER})) or Role.RESPONDER.value
    return Author(who.name, is_bot=False, id=who.id, roles=roles)


def draw(template: str, **values: Any) -> str:
    """A whole template, filled in."""
    return _environment().get_template(template).render(**values)


def message(line: Line, *, swap: str = "") -> str:
    """One message of the list. `swap` is how a browser that has it already puts it in place."""
    return str(_macro("message.html", "message")(line, swap))


def spoken(line: Line) -> str:
    """What a screen reader is told of a new message."""
    word = WORDS.get(line.message.card.tone, "")
    return f"{line.author.name}: {word + ': ' if word else ''}{line.message.card.title}"


def fresh() -> str:
    """The name of one delivery that has not been made yet."""
    return secrets.token_urlsafe(12)


def safe_url(url: str) -> str:
    """The address, or '' for one that a link must not lead to."""
    try:
        scheme = urlsplit(url.strip()).scheme.lower()
    except ValueError:
        return ""
    return url.strip() if scheme in _SCHEMES else ""


@cache
def static(name: str) -> str:
    """The address of a file of ours, changing with what is in it, so that browsers may keep it for good."""
    content = resources.files(__package__).joinpath("static", *name.split("/")).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def size(octets: int) -> str:
    """Bytes for people: 12.3 MB."""
    amount = float(octets)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def percent(done: float, total: float) -> int:
    """How far, from 0 to 100, whatever is claimed."""
    return int(100 * min(1.0, max(0.0, done / total))) if total > 0 else 0


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def _short_moment(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at.day} {at:%b %H:%M} UTC"


def _machine(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _macro(template: str, name: str) -> Macro:
    macro: Macro = getattr(_environment().get_template(template).module, name)
    return macro


def _is_bare(card: Card) -> bool:
    return not card.blocks and not card.footer


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bot.platforms.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {"LIMITS": LIMITS, "WORDS": WORDS, "fresh": fresh, "static": static, "percent": percent}
    environment.filters |= _FILTERS
    return environment


_FILTERS: Mapping[str, Any] = {
    "safe_url": safe_url,
    "size": size,
    "plain": plain,
    "moment": _moment,
    "short_moment": _short_moment,
    "machine": _machine,
    "mark": lambda label: hashlib.sha256(label.encode()).hexdigest()[:12],
    "path": lambda text: quote(text, safe=""),
    "in_lines": lambda key: key.removesuffix(".png") + ".svg" if key.endswith(".png") else key,
    "bare": _is_bare,
}
