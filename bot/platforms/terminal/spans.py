"""Knows how words, moments and links look in a terminal, and what must never reach one. Knows no block and no card."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import quote, urlsplit

from rich.style import Style
from rich.text import Text

from bot.chat.cards import Bold, Code, Line, Link, Mention, Span, Tone, When
from bot.domain.durations import duration_words

COLOURS: Mapping[Tone, str] = {
    Tone.NEUTRAL: "",
    Tone.GOOD: "green",
    Tone.WARNING: "yellow",
    Tone.BAD: "red",
    Tone.WORKING: "cyan",
}
_WORDS = {Tone.GOOD: "OK", Tone.WARNING: "Warning", Tone.BAD: "Problem", Tone.WORKING: "Working"}
_ICONS = {Tone.GOOD: "✔", Tone.WARNING: "▲", Tone.BAD: "✖", Tone.WORKING: "●"}
_ASCII_ICONS = {Tone.GOOD: "+", Tone.WARNING: "!", Tone.BAD: "x", Tone.WORKING: "~"}
_SCHEMES = ("http", "https", "mailto")
# Emoji are joined by the zero-width joiner, and some scripts need the non-joiner; neither reorders or hides text.
_HARMLESS_FORMATS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, and through what: the moment, their zone (None: the machine's), and what their terminal can do."""

    now: datetime
    zone: tzinfo | None = None
    links: bool = False
    ascii_only: bool = False

    def icon(self, tone: Tone) -> str:
        """One character for a tone, or none for the neutral one."""
        return (_ASCII_ICONS if self.ascii_only else _ICONS).get(tone, "")


def harmless(data: str) -> str:
    """Data without anything that a terminal obeys or that reorders text: such characters are shown as marks.

    ESC would start a command to the terminal; U+202E writes backwards; a lone surrogate cannot be written at all.
    """
    return "".join(character if _is_harmless(character) else _mark(character) for character in data)


def one_line(data: str) -> str:
    """Data made harmless, and on one line."""
    return " ".join(harmless(data).split())


def spans(line: Line, reader: Reader, style: str = "") -> Text:
    """A line as rich text; strings are data, and no markup in them is read."""
    drawn = Text(style=style)
    for span in line:
        _append(drawn, span, reader)
    return foldable(drawn)


def foldable(drawn: Text) -> Text:
    """Text whose words are broken where one is wider than the terminal; never addresses, for those are copied."""
    drawn.overflow = "ignore" if "://" in drawn.plain else "fold"
    return drawn


def toned(line: Line, tone: Tone, reader: Reader, style: str = "") -> Text:
    """A line with its tone as an icon, a word and a colour, so that none of them is needed to understand it."""
    if tone is Tone.NEUTRAL:
        return spans(line, reader, style)
    drawn = Text(style=f"{style} {COLOURS[tone]}".strip())
    drawn.append(f"{reader.icon(tone)} {_WORDS[tone]}", style="bold").append(": ")
    return foldable(drawn.append_text(spans(line, reader)))


def moment(at: datetime, reader: Reader, *, relative: bool = False) -> str:
    """A moment in UTC and in the reader's own time, where the two differ."""
    utc, local = at.astimezone(UTC), at.astimezone(reader.zone)
    shown = f"{utc:%Y-%m-%d %H:%M} UTC"
    if local.utcoffset():
        day = "" if local.date() == utc.date() else f"{local:%Y-%m-%d} "
        name = local.tzname() or ""
        shown += f" ({day}{local:%H:%M} {'UTC' if name.startswith(('+', '-')) else ''}{name})"
    return f"{shown}, {_distance(at - reader.now)}" if relative else shown


def link(label: str, url: str, reader: Reader) -> Text:
    """A label that leads to an address: as a hyperlink where the terminal has them, else with the address beside it."""
    shown = harmless(label)
    if reader.links and (target := _target(url)):
        return Text(shown, style=Style(underline=True, link=target))
    # Of a letter that a link would open, the address is what can be used here.
    address = harmless(url.partition("?")[0] if url.startswith("mailto:") else url)
    return foldable(Text(shown if shown == address else f"{shown} ({address})"))


def _append(drawn: Text, span: Span, reader: Reader) -> None:
    match span:
        case str():
            drawn.append(harmless(span))
        case Bold(text=words):
            drawn.append(harmless(words), style="bold")
        case Code(text=words):
            drawn.append(harmless(words), style="cyan")
        case Link(label=label, url=url):
            drawn.append_text(link(label, url, reader))
        case Mention(name=name):
            drawn.append("@" + harmless(name), style="bold")
        case When(at=at, relative=relative):
            drawn.append(moment(at, reader, relative=relative))


def _distance(ahead: timedelta) -> str:
    words = duration_words(abs(ahead))
    return f"in {words}" if ahead > timedelta() else f"{words} ago"


def _target(url: str) -> str:
    """The address as it may stand inside an escape sequence; empty for one that no reader should follow."""
    try:
        scheme = urlsplit(url).scheme.lower()
    except ValueError:
        return ""
    if scheme not in _SCHEMES:
        return ""
    return quote(url.encode("utf-8", "replace"), safe="%/:=&?~#+!$,;'@()*[]-._")


def _is_harmless(character: str) -> bool:
    if character in "\n\t" or character in _HARMLESS_FORMATS:
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _mark(character: str) -> str:
    code = ord(character)
    if code == 0x7F:
        return "␡"
    return chr(0x2400 + code) if code < 0x20 else "�"
