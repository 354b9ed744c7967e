"""Knows how cards are written as one page of HTML that stands alone: to keep, to send, to print.

Knows nothing of what the cards are about, of the web console, or of anything that a page could load: it loads nothing.
Data never becomes markup. Buttons do nothing on paper and are left out; a `LinkButton` becomes its link.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from html import escape

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
    Tone,
    When,
    plain,
)

Drawings = Mapping[str, str]
"""Pictures as SVG, by the key of the `Image`; these alone are markup already, and must come from who draws."""

_ADDRESS = re.compile(r"(?:https?://|mailto:)[^\s]+", re.IGNORECASE)
# Control characters are no HTML, whatever they are escaped as; a line break and a tab are.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_STYLE = """
:root{color-scheme:light dark;--ink:#1b1f26;--page:#fff;--quiet:#59626f;--grid:#d5d9df;--good:#00875f;--warning:#b07500;
--bad:#c04f00;--working:#0072b2;--neutral:#6b7684}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaee;--page:#1d2026;--quiet:#a3abb8;--grid:#3a404a;--good:#35c79a;
--warning:#e8b04b;--bad:#ff8a4c;--working:#56b4e9;--neutral:#98a2b0}}
body{font:15px/1.5 system-ui,"Liberation Sans",Arial,sans-serif;color:var(--ink);background:var(--page);
max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.7rem;line-height:1.25}h2{margin-top:2.2rem;border-bottom:1px solid var(--grid);padding-bottom:.2rem}
h1,h2,h3,p,li,dd,code{overflow-wrap:anywhere}td,th{overflow-wrap:break-word}
table{border-collapse:collapse;width:100%;font-size:.92em}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--grid)}
th{color:var(--quiet);font-weight:600}.number{text-align:right;white-space:nowrap}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1.2rem}dt{color:var(--quiet)}dd{margin:0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;border:1px solid var(--grid);border-radius:4px;padding:.8rem}
code,pre{font-family:ui-monospace,"Liberation Mono",monospace;font-size:.92em}
figure{margin:1rem 0}figure svg{max-width:100%;height:auto}footer{color:var(--quiet);margin-top:2rem}
p[class]{border-left:4px solid;padding-left:.7rem}
tr[class] td:first-child{border-left:4px solid;border-left-color:inherit;padding-left:.5rem}
.good{border-color:var(--good)!important}.warning{border-color:var(--warning)!important}
.bad{border-color:var(--bad)!important}.working{border-color:var(--working)!important}
@media screen{section{overflow-x:auto}}
@media screen and (max-width:44rem){thead{display:none}table,tbody,tr,td{display:block}tr{padding:.5rem 0}
td{position:relative;border:0;padding:.1rem 0 .1rem 8rem;overflow-wrap:anywhere}
td.number{text-align:left;white-space:normal}td:empty{display:none}
td::before{content:attr(data-label);position:absolute;left:0;width:7.4rem;color:var(--quiet);overflow-wrap:break-word}
tr[class] td:first-child{padding-left:8rem}tr[class] td:first-child::before{left:.5rem}
td:not([data-label]),tr[class] td:not([data-label]):first-child{padding-left:0;font-weight:600}
tr[class] td:not([data-label]):first-child{padding-left:.5rem}tbody tr{border-bottom:1px solid}
tbody tr,tbody tr[class]{border-bottom-color:var(--grid)!important}}
@page{margin:16mm 14mm}
@media print{body{margin:0;max-width:none;padding:0;font-size:10pt}h2,h3{break-after:avoid}
tr,figure,li,dl{break-inside:avoid}thead{display:table-header-group}}
"""


def to_html(title: str, cards: Sequence[Card], drawings: Drawings | None = None) -> str:
    """A whole page: its title, then each card as a part with a heading."""
    parts = "\n".join(_part(card, drawings or {}) for card in cards)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{_escape(title)}</h1>\n{parts}\n</body>\n</html>\n"
    )


def _part(card: Card, drawings: Drawings) -> str:
    blocks = "\n".join(part for part in (_block(block, drawings) for block in card.blocks) if part)
    footer = f"\n<footer>{_inline(card.footer)}</footer>" if card.footer else ""
    return f"<section>\n<h2>{_escape(card.title)}</h2>\n{blocks}{footer}\n</section>"


def _block(block: Block, drawings: Drawings) -> str:
    match block:
        case Text(line=line, tone=tone):
            return f"<p{_class(tone)}>{_inline(line)}</p>"
        case Heading(text=words):
            return f"<h3>{_escape(words)}</h3>"
        case Items(lines=lines, ordered=ordered):
            tag = "ol" if ordered else "ul"
            return f"<{tag}>{''.join(f'<li>{_inline(line)}</li>' for line in lines)}</{tag}>" if lines else ""
        case Fields(pairs=pairs):
            listed = "".join(f"<dt>{_escape(label)}</dt><dd>{_inline(line)}</dd>" for label, line in pairs)
            return f"<dl>{listed}</dl>" if pairs else ""
        case Table():
            return _table(block)
        case Snippet(text=words):
            # The first line break of a <pre> is not shown.
            return f"<pre>\n{_escape(words)}</pre>"
        case Buttons(buttons=buttons):
            links = (Link(button.label, button.url) for button in buttons if isinstance(button, LinkButton))
            return "".join(f"<p>{_span(link)}</p>" for link in links)
        case Divider():
            return "<hr>"
        case Image(alt=alt, file=file):
            drawing = drawings.get(file, "")
            return f"<figure>{drawing}<figcaption>{_escape(alt)}</figcaption></figure>"
        case Progress() | Pick() | Attachment():
            return f"<p>{_escape(_words(block))}</p>"


def _words(block: Progress | Pick | Attachment) -> str:
    match block:
        case Progress(label=label, done=done, total=total):
            return f"{label}: {done:g}" if total is None else f"{label}: {done:g} of {total:g}"
        case Pick(label=label, choices=choices):
            return f"{label}: {', '.join(choice.label for choice in choices)}"
        case Attachment(name=name):
            return f"Attachment: {name}"


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col"{_number(table, at)}>{_escape(one)}</th>' for at, one in enumerate(table.columns))
    rows = ""
    for place, row in enumerate(table.rows):
        tone = table.tones[place] if place < len(table.tones) else Tone.NEUTRAL
        cells = "".join(
            f"<td{_number(table, at)}{_label(table, at)}>{_inline(cell)}</td>" for at, cell in enumerate(row)
        )
        rows += f"<tr{_class(tone)}>{cells}</tr>\n"
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>"


def _label(table: Table, column: int) -> str:
    # On a narrow screen a row is read from top to bottom, each cell behind the name of its column.
    name = table.columns[column] if column < len(table.columns) else ""
    return f' data-label="{_escape(name)}"' if name else ""


def _number(table: Table, column: int) -> str:
    return ' class="number"' if column in table.numeric else ""


def _class(tone: Tone) -> str:
    return "" if tone is Tone.NEUTRAL else f' class="{tone.value}"'


def _inline(line: Line) -> str:
    return "".join(_span(span) for span in line)


def _span(span: Span) -> str:
    match span:
        case Bold(text=words):
            return f"<strong>{_escape(words)}</strong>"
        case Code(text=words):
            return f"<code>{_escape(words)}</code>"
        case Link(label=label, url=url):
            safe = _ADDRESS.fullmatch(url) and url.isprintable()
            return f'<a href="{_escape(url)}">{_escape(label)}</a>' if safe else _escape(label)
        case When(at=at):
            return f'<time datetime="{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}">{_escape(plain((span,)))}</time>'
        case str() | Mention():
            return _escape(plain((span,)))


def _escape(words: str) -> str:
    return escape(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", words))
