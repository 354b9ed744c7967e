r"""Knows how words, moments, links and people are written in Discord's markdown. Knows no block and no card.

A `str` is data: whatever it holds, a reader sees its characters and nothing of it becomes markup, a link, an emoji, a
moment or a call. Discord takes `\` before any sign for the sign itself; `@everyone` and `@here` are the exception
(they call whatever stands before them), and get an invisible space inside.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlsplit

from bot.chat import units
from bot.chat.cards import Bold, Code, Line, Link, Mention, Span, When, plain
from bot.platforms.discord import limits

Calls = Callable[[str], str | None]
"""Gives Discord's id of a person or role of the plan, or None."""

APART = "\u200b"
"""An invisible space: keeps signs apart that would be read as one."""

_BLANK = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
_INLINE = re.compile(
    r"[\\*_~|`\[\]<]"  # emphasis, spoilers, code, masked links, and everything in angle brackets
    r"|(?<=<)[@#]"  # the insides of a call, for readers that know no backslash
    r"|:(?=(?:\d*[a-zA-Z_+-][\w+-]*|100|1234):)"  # :emoji:, but no time of day
    r"|:(?=//)"  # an address, which would become a link without anybody having meant it
)
_EVERYBODY = re.compile(r"@(?=everyone|here)", re.IGNORECASE)
# A heading, a quote, a list or small print, where they stand first on a line.
_START = re.compile(r"^(\d+(?=[.)](?:\s|$))|(?=[#>+-]))")
_ID = re.compile(r"\d{1,20}", re.ASCII)
_FORMATS_THAT_HARM_NOBODY = "\u200c\u200d"


def line(spans: Line, calls: Calls) -> str:
    """A line of a message, safe wherever a line begins; a very long one is cut."""
    drawn = ""
    for span in _joined(spans):
        written = _beside(drawn, _span(span, calls))
        if units.length(drawn) + units.length(written) > limits.LINE:
            drawn += _beside(drawn, _span(_cut(span, (limits.LINE - units.length(drawn)) // 2), calls))
            break
        drawn += written
    return _START.sub(r"\1\\", drawn.strip())


def escaped(data: str) -> str:
    """Data inside a line."""
    signs = _INLINE.sub(r"\\\g<0>", one_line(data))
    return _EVERYBODY.sub(f"@{APART}", signs)


def bold(words: str) -> str:
    """Data in bold, the space around it outside; asterisks with nothing between them would be seen."""
    shown = escaped(words)
    before, inner, after = shown.partition(shown.strip()) if shown.strip() else (shown, "", "")
    return f"{before}**{inner}**{after}" if inner else before


def one_line(data: str) -> str:
    """Data made harmless, and on one line."""
    return harmless(_BLANK.sub(" ", data))


def harmless(data: str) -> str:
    """Data without characters that reorder or hide text, or that cannot be sent; lines stay lines."""
    return "".join(one if one in "\n\t" or _is_harmless(one) else "�" for one in data)


def fenced(data: str) -> str:
    """Data inside a block of code, which only three backticks end."""
    return re.sub("`(?=`)", f"`{APART}", harmless(data))


def moment(at: datetime, *, relative: bool = False) -> str:
    """A moment in UTC and on the reader's own clock; the distance counts by itself."""
    unix = int(at.timestamp())
    distance = f", <t:{unix}:R>" if relative else ""
    return f"{plain((When(at),))} (<t:{unix}:t> local{distance})"


def safe_url(url: str) -> str:
    """An http(s) address as it may stand in a link, or '' for one that no reader should follow."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    if parts.scheme.lower() not in ("http", "https") or not parts.netloc or not url.isprintable():
        return ""
    # Brackets belong to an address only around the numbers of an IPv6 host.
    address = quote(url, safe="%/:=&?~#+!$,;'@*-._" + ("[]" if "[" in parts.netloc else ""))
    return address if units.length(address) <= limits.URL else ""


def _joined(spans: Line) -> list[Span]:
    """The same with neighbours of one kind as one: a sign could mean something with what follows in the next."""
    joined: list[Span] = []
    for span in spans:
        match joined[-1:], span:
            case [str() as before], str():
                joined[-1] = before + span
            case [Bold(text=before)], Bold(text=words):
                joined[-1] = Bold(before + words)
            case _:
                joined.append(span)
    return joined


def _cut(span: Span, most: int) -> Span:
    """What fits of a span, before it is written: half a link or half a code would be markup that nobody meant."""
    match span:
        case str():
            return units.cut(span, max(1, most))
        case Bold(text=words) | Code(text=words) if most > 1:
            return replace(span, text=units.cut(words, most))
    return "…"


def _span(span: Span, calls: Calls) -> str:
    match span:
        case str():
            return escaped(span)
        case Bold(text=words):
            return bold(words)
        case Code(text=words):
            return _code(words)
        case Link(label=label, url=url):
            return _link(label, url)
        case Mention(id=who, name=name):
            return _mention(who, name, calls)
        case When(at=at, relative=relative):
            return moment(at, relative=relative)


def _beside(before: str, after: str) -> str:
    """Asterisks or backticks that touch those of the span before would be taken together with them."""
    touching = before[-1:] in ("*", "`") and before[-1:] == after[:1]
    return APART + after if touching else after


def _code(words: str) -> str:
    inner = one_line(words)
    if not inner.strip():
        return escaped(inner)
    if "``" in inner:
        # Three backticks open a block even inside a line, so there is no fence for these.
        return escaped(inner)
    if "`" not in inner:
        return f"`{inner}`"
    # One of the spaces at an edge with a backtick is taken away again by the reader.
    edges = " " if inner.lstrip(" ")[0] == "`" else "", " " if inner.rstrip(" ")[-1] == "`" else ""
    return f"``{edges[0]}{inner}{edges[1]}``"


def _link(label: str, url: str) -> str:
    shown, address = one_line(label).strip(), safe_url(url)
    if not address:
        # Of a letter that a link would open, the address is what can be used here.
        written = url.removeprefix("mailto:").partition("?")[0] if url.startswith("mailto:") else url
        return escaped(shown if shown in (url, written) or not written else f"{shown} ({written})".strip())
    if shown in (url, ""):
        return f"<{address}>"
    if "://" in shown or re.search(r"[\[\]\\]", shown):
        # Discord shows no link behind a label that reads like another address, nor behind one with brackets.
        return f"{escaped(shown)} (<{address}>)"
    return f"[{escaped(shown)}]({address})"


def _mention(who: str, name: str, calls: Calls) -> str:
    found = calls(who)
    if found is None or not is_id(found):
        return bold(name)
    return f"<@&{found}>" if who.startswith("role:") else f"<@{found}>"


def is_id(found: str) -> bool:
    """Whether it can be one of Discord's ids; a wrong plan must not write markup."""
    return _ID.fullmatch(found) is not None


def _is_harmless(character: str) -> bool:
    if character in _FORMATS_THAT_HARM_NOBODY:
        return True
    return unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
