"""Knows how words, moments, links and people are written in Slack's rich text. Knows no block and no card.

Rich text is data, not markup: Slack reads no `*`, `<!channel>` or `:emoji:` in it, so nothing has to be escaped and no
invisible sign goes along when an id is copied. Small print knows only Slack's markup; what could be misread there is
sent as plain text.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlsplit

from bot.chat import units
from bot.chat.cards import Bold, Code, Line, Link, Mention, Span, When, plain
from bot.platforms.slack import limits

Calls = Callable[[str], str | None]
"""Gives Slack's id of a person, or of a user group for `role:<name>`, or None."""

Element = dict[str, Any]

_BLANK = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_FORMATS_THAT_HARM_NOBODY = "\u200c\u200d"
_PERSON = re.compile(r"[UW][A-Z0-9]{2,}", re.ASCII)
_GROUP = re.compile(r"S[A-Z0-9]{2,}", re.ASCII)
# What Slack's markup could read as emphasis, code or a quotation; an underscore inside a word it leaves.
_MARKUP = re.compile(r"[*~`]|(?<!\w)_|_(?!\w)|^\s*>")
_JOINED = re.compile(r"\w[*`]|[*`][\w*`]")
_EMOJI = re.compile(r":[\w+-]+:")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def elements(spans: Line, calls: Calls, most: int = limits.LINE) -> tuple[Element, ...]:
    """A line as elements of rich text; none for a blank one. A very long one is cut."""
    drawn: list[Element] = []
    room = most
    for span in spans:
        reads = units.length(plain((span,)))
        if reads > room:
            drawn += _span(_cut(span, room), calls)
            break
        drawn += _span(span, calls)
        room -= reads
    # Slack refuses a message that holds an empty text anywhere.
    drawn = [one for one in drawn if one["type"] != "text" or one["text"]]
    return tuple(drawn) if any(one["type"] != "text" or one["text"].strip() for one in drawn) else ()


def said(words: str, **style: bool) -> Element:
    """Words as they stand."""
    return {"type": "text", "text": words, **({"style": style} if style else {})}


def section(line: Iterable[Element]) -> Element:
    """A line of rich text."""
    return {"type": "rich_text_section", "elements": list(line)}


def plain_text(words: str, most: int) -> Element:
    """A text object in which nothing is markup; `–` for a blank one, which Slack refuses."""
    return {"type": "plain_text", "text": units.cut(one_line(words).strip(), most) or "–", "emoji": False}


def small_print(spans: Line, calls: Calls) -> Element:
    """A text object for a footer: with local times and links, unless something of it could be misread."""
    written = _markup(spans, calls)
    if written is None or units.length(written) > limits.FOOTER:
        return plain_text(plain(spans), limits.FOOTER)
    return {"type": "mrkdwn", "text": written, "verbatim": True}


def escaped(data: str) -> str:
    """Data for a text that Slack reads as markup: nothing in angle brackets calls anybody."""
    return data.translate(_ESCAPES)


def one_line(data: str) -> str:
    """Data made harmless, and on one line."""
    return harmless(_BLANK.sub(" ", data))


def harmless(data: str) -> str:
    """Data without characters that reorder or hide text, or that cannot be sent; lines stay lines."""
    if data.isprintable():
        return data
    return "".join(one if one in "\n\t" or _is_harmless(one) else "�" for one in data)


def safe_url(url: str) -> str:
    """An address (http, https or mailto) as it may stand in a link, or '' for one that no reader should follow."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if not url.isprintable() or not (parts.path if parts.scheme == "mailto" else parts.netloc):
        return ""
    if parts.scheme not in ("http", "https", "mailto"):
        return ""
    # Brackets belong to an address only around the numbers of an IPv6 host.
    address = quote(url, safe="%/:=&?~#+!$,;'@*()-._" + ("[]" if "[" in parts.netloc else ""))
    return address if units.length(address) <= limits.URL else ""


def _is_harmless(character: str) -> bool:
    if character in _FORMATS_THAT_HARM_NOBODY:
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _cut(span: Span, room: int) -> Span:
    """What fits of a span."""
    match span:
        case str():
            return units.cut(span, max(1, room))
        case Bold(text=words) | Code(text=words) if room > 1:
            return replace(span, text=units.cut(words, room))
    return "…"


def _span(span: Span, calls: Calls) -> Iterator[Element]:
    match span:
        case str():
            yield said(one_line(span))
        case Bold(text=words):
            yield said(one_line(words), bold=True)
        case Code(text=words):
            yield said(one_line(words), code=True)
        case Link(label=label, url=url):
            yield from _link(one_line(label).strip(), url)
        case Mention(id=who, name=name):
            yield _mention(who, calls) or said(one_line(name), bold=True)
        case When(at=at, relative=relative):
            yield said(f"{utc(at)} (")
            yield {"type": "date", "timestamp": unix(at), "format": _format(relative=relative), "fallback": utc(at)}
            yield said(")")


def _link(label: str, url: str) -> Iterator[Element]:
    address = safe_url(url)
    if not address:
        shown = one_line(url).removeprefix("mailto:")
        yield said(label if label == shown or not shown else f"{label} ({shown})".strip())
    elif "://" in label and label != url:
        # A label that reads like another address is shown beside the one where it leads.
        yield said(f"{label} (")
        yield {"type": "link", "url": address}
        yield said(")")
    else:
        yield {"type": "link", "url": address, **({"text": label} if label else {})}


def _mention(who: str, calls: Calls) -> Element | None:
    found = calls(who) or ""
    if who.startswith("role:"):
        return {"type": "usergroup", "usergroup_id": found} if _GROUP.fullmatch(found) else None
    return {"type": "user", "user_id": found} if _PERSON.fullmatch(found) else None


def utc(at: datetime) -> str:
    """A moment as everybody reads it the same."""
    return plain((When(at),))


def unix(at: datetime) -> int:
    """A moment in whole seconds since 1970."""
    return int(at.timestamp())


def _format(*, relative: bool) -> str:
    return "{date_short_pretty} {time}, {ago}" if relative else "{date_short_pretty} {time}"


def _markup(spans: Line, calls: Calls) -> str | None:
    """A line in Slack's markup; None where it could be read as something that nobody meant."""
    if _EMOJI.search(one_line(plain(spans))):
        return None
    written = ""
    for span in spans:
        part = _mark(span, calls)
        # Signs of emphasis inside a word, or touching those of the span before, mean something else.
        if part is None or _JOINED.fullmatch(written[-1:] + part[:1]):
            return None
        written += part
    return written


def _mark(span: Span, calls: Calls) -> str | None:
    words = one_line(plain((span,)))
    if isinstance(span, Code):
        return f"`{escaped(words)}`" if words.strip() and "`" not in words else None
    if _MARKUP.search(words):
        return None
    match span:
        case Bold():
            return f"*{escaped(words)}*" if words and words == words.strip() else None
        case Link(url=url):
            address = safe_url(url)
            return f"<{address}|{escaped(words)}>" if address and words.strip() and "://" not in words else None
        case Mention(id=who, name=name):
            return _called(_mention(who, calls), name)
        case When(at=at, relative=relative):
            return f"{words} (<!date^{unix(at)}^{_format(relative=relative)}|{words}>)"
    return escaped(words)


def _called(mention: Element | None, name: str) -> str | None:
    if mention is None:
        return _mark(Bold(name), lambda _: None)
    return f"<!subteam^{mention['usergroup_id']}>" if "usergroup_id" in mention else f"<@{mention['user_id']}>"
