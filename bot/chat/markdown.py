"""Knows how a card is written as Markdown: CommonMark, with GitHub's tables. Knows nothing of what the card is about.

Data never becomes markup: whatever a `str` holds, a reader of the Markdown sees exactly its characters. Buttons do
nothing on paper and are left out; a `LinkButton` becomes its link.
"""

import re
import string
from collections.abc import Iterable

from bot.chat.cards import (
    Attachment,
    Block,
    Bold,
    Buttons,
    Card,
    Code,
    Divider,
    Fields,
    Heading,
    Image,
    Items,
    Line,
    Link,
    LinkButton,
    Mention,
    Pick,
    Progress,
    Snippet,
    Span,
    Table,
    Text,
    When,
    plain,
)

DEEPEST = 6
_BLANK = re.compile(r"[\s\x00-\x1f\x7f\x85\u2028\u2029]+")
# Signs that mean something inside a line: `_` only at the edge of a word, `&` only where an entity could begin, `!`
# only where a link could follow.
_INLINE = re.compile(r"[\\`*\[\]<~$]|(?<![^\W_])_|_(?![^\W_])|&(?=[#\w]|\Z)|!\Z")
# Signs that mean something at the start of a line, where they would open a heading, a list, a quote or a rule.
_START = re.compile(r"^(\d{1,9}(?=[.)](?:\s|$))|(?=[#+\-=>:|]))")
_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)
_AUTOMATIC = re.compile(r"https?://[\w./#?=+:-]+|[\w.+-]+@[\w.-]+\w", re.ASCII)


def to_markdown(card: Card, level: int = 1) -> str:
    """The card, its title as a heading of that level (1 to 6), ending with one line break."""
    parts = [_heading(card.title, level), *(_block(block, level) for block in card.blocks), _paragraph(card.footer)]
    return "\n\n".join(part for part in parts if part) + "\n"


def contents(titles: Iterable[str]) -> str:
    """A list of links to headings of the same document, by the anchors that Markdown renderers give them."""
    return "".join(f"- [{_inline((title,))}](#{_anchor(title)})\n" for title in titles)


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def _heading(words: str, level: int) -> str:
    # A closing run of # would be taken for the heading's own end.
    return f"{'#' * min(level, DEEPEST)} {_inline((words,)).replace('#', chr(92) + '#')}"


def _block(block: Block, level: int) -> str:
    match block:
        case Text(line=line):
            return _paragraph(line)
        case Heading(text=words):
            return _heading(words, level + 1)
        case Items(lines=lines, ordered=ordered):
            marks = (f"{place}." if ordered else "-" for place in range(1, len(lines) + 1))
            return "\n".join(f"{mark} {_paragraph(line)}" for mark, line in zip(marks, lines, strict=True))
        case Fields(pairs=pairs):
            return "\n".join(f"- {_inline((Bold(label), ': ', *line))}" for label, line in pairs)
        case Table():
            return _table(block)
        case Snippet():
            return _fenced(block)
        case Buttons(buttons=buttons):
            links = (Link(button.label, button.url) for button in buttons if isinstance(button, LinkButton))
            return "\n".join(f"- {_inline((link,))}" for link in links)
        case Divider():
            return "---"
        case Progress() | Pick() | Image() | Attachment():
            return _paragraph((_words(block),))


def _words(block: Progress | Pick | Image | Attachment) -> str:
    match block:
        case Progress(label=label, done=done, total=total):
            return f"{label}: {done:g}" if total is None else f"{label}: {done:g} of {total:g}"
        case Pick(label=label, choices=choices):
            return f"{label}: {', '.join(choice.label for choice in choices)}"
        case Image(alt=alt):
            return f"Picture: {alt}"
        case Attachment(name=name):
            return f"Attachment: {name}"


def _paragraph(line: Line) -> str:
    return _START.sub(r"\g<1>\\", _inline(line).strip())


def _inline(line: Line) -> str:
    written = ""
    for place, span in enumerate(line):
        after = plain(line[place + 1 :])[:1]
        written += _span(span, written[-1:], after)
    return written


def _span(span: Span, before: str, after: str) -> str:
    match span:
        case Bold(text=words):
            return _bold(words, before, after)
        case Code(text=words):
            return _code(words, before)
        case Link():
            return _link(span)
        case str() | Mention() | When():
            return _escape(plain((span,)))


def _escape(words: str) -> str:
    return _INLINE.sub(r"\\\g<0>", _BLANK.sub(" ", words))


def _bold(words: str, before: str, after: str) -> str:
    """Asterisks beside punctuation do not always open or close; where they would not, the words stay plain."""
    inner = _BLANK.sub(" ", words).strip()
    opens = before != "*" and (inner[:1].isalnum() or _apart(before))
    closes = inner[-1:].isalnum() or _apart(after)
    return f"**{_escape(inner)}**" if inner and opens and closes else _escape(words)


def _apart(sign: str) -> bool:
    return not sign or sign.isspace() or sign in string.punctuation


def _code(words: str, before: str) -> str:
    inner = _BLANK.sub(" ", words)
    if not inner.strip() or before == "`":
        # Backticks that touch those of another span would be taken as one fence.
        return _escape(inner)
    fence = "`" * (_longest_run(inner) + 1)
    # One space on each side is taken away again by the reader; without it a backtick at the edge would join the fence.
    edge = " " if inner[0] in "` " or inner[-1] in "` " else ""
    return f"{fence}{edge}{inner}{edge}{fence}"


def _link(link: Link) -> str:
    if not (_ADDRESS.fullmatch(link.url) and link.url.isprintable()):
        return _escape(link.label)
    if link.label == link.url.removeprefix("mailto:") and _AUTOMATIC.fullmatch(link.label):
        return f"<{link.label}>"
    url = re.sub(r"[<>()\\|`]", lambda sign: f"%{ord(sign[0]):02X}", link.url).replace("&", "&amp;")
    return f"[{_escape(link.label)}]({url})"


def _longest_run(words: str) -> int:
    return max(map(len, re.findall("`+", words)), default=0)


def _fenced(snippet: Snippet) -> str:
    fence = "`" * max(3, _longest_run(snippet.text) + 1)
    language = re.sub(r"[^\w+\-]", "", snippet.language)
    return f"{fence}{language}\n{snippet.text.strip(chr(10))}\n{fence}"


def _table(table: Table) -> str:
    rules = ["---:" if place in table.numeric else "---" for place in range(len(table.columns))]
    rows = [[_cell((column,)) for column in table.columns], rules]
    rows += [[_cell(cell) for cell in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) if table.columns else ""


def _cell(line: Line) -> str:
    # Inside code a backslash before a pipe cannot be written so that every reader takes it the same way.
    spans = tuple(span.text if isinstance(span, Code) and "\\|" in span.text else span for span in line)
    return _inline(spans).replace("|", r"\|").strip()
