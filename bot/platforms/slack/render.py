"""Knows how a card looks in Slack: as blocks, and in the few words of a notice. Knows nothing of where it is sent.

The verdict is the header, after the sign of its tone. There is no bar of colour: Slack gives one to `attachments`
alone, which it calls legacy and folds away when they are long, and no notice and no screen reader conveys it. Facts are
lines below one another: an id, a hash or a moment on two clocks is too wide for the two columns of a section.
"""

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from bot.chat import units
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
    Pick,
    Progress,
    Snippet,
    Table,
    Text,
    plain,
)
from bot.platforms.slack import limits, spans
from bot.platforms.slack.controls import Controls
from bot.platforms.slack.fit import Frame, Lines, Piece, Rule, bullets, fitted
from bot.platforms.slack.spans import Calls, Element
from bot.platforms.slack.tables import largest, preformatted, signed, table
from bot.views import words

_BAR = 20


@dataclass(frozen=True, slots=True)
class Drawn:
    """A card as one message. `text` is its notice, and what is read where no blocks are shown."""

    blocks: list[Element]
    text: str


_NO_PICTURES: Mapping[str, str] = {}


def draw(
    card: Card,
    calls: Calls,
    *,
    tables: bool = True,
    prefix: str = "",
    pictures: Mapping[str, str] = _NO_PICTURES,
) -> Drawn:
    """The card within Slack's limits. `tables`: whether Slack's own may be in it, which Home tabs and modals refuse.

    `prefix` is what commands are called by here, for the lines that stand in place of buttons. `pictures` are Slack's
    ids of files by their keys; a picture without one is told in words.
    """
    drawing = _Drawing(card, Controls(calls, prefix), calls, largest(card) if tables else None, pictures)
    body = [piece for block in card.blocks for piece in drawing.pieces(block)]
    return Drawn(fitted(drawing.title(), body, drawing.footer()), notice(card))


def notice(card: Card) -> str:
    """The title and the first lines of a card, for notifications; what is in it calls nobody."""
    lines = [plain(signed((card.title.strip() or "–",), card.tone))]
    for block in card.blocks:
        match block:
            case Text(line=line):
                lines.append(plain(line))
            case Fields(pairs=pairs):
                lines += [f"{label}: {plain(value)}" for label, value in pairs]
    told = "\n".join(spans.one_line(line) for line in lines if line.strip())
    return spans.escaped(units.cut(told, limits.TEXT))


def attachments(card: Card, shown: Container[str] = ()) -> tuple[Attachment, ...]:
    """The files that belong to a card, which only names them: they are uploaded beside the message.

    Pictures too, unless they are `shown` in it.
    """
    files: list[Attachment] = []
    for block in card.blocks:
        match block:
            case Attachment():
                files.append(block)
            case Image(file=file) if file not in shown:
                files.append(Attachment(PurePath(file).name, file))
    return tuple(files)


class _Drawing:
    """Draws the blocks of one card."""

    def __init__(
        self, card: Card, controls: Controls, calls: Calls, native: Table | None, pictures: Mapping[str, str]
    ) -> None:
        self._card = card
        self._calls = calls
        self._controls = controls
        self._native = native
        self._pictures = pictures

    def title(self) -> Lines:
        """The verdict; one that is too long for a header is a bold paragraph, so that nothing of it is lost."""
        title = signed((self._card.title.strip() or "–",), self._card.tone)
        if units.length(plain(title)) <= limits.HEADER:
            return replace(_header(plain(title)), firm=True)
        return replace(self._paragraph((Bold(plain(title)),)), firm=True)

    def footer(self) -> Lines:
        """Small print."""
        if not plain(self._card.footer).strip():
            return Lines((), spans.section)
        block = {"type": "context", "elements": [spans.small_print(self._card.footer, self._calls)]}
        return Lines((block,), lambda _: block, firm=True)

    def pieces(self, block: Block) -> Iterator[Piece]:
        match block:
            case Text(line=line, tone=tone):
                yield self._paragraph(signed(line, tone) if plain(line).strip() else ())
            case Heading(text=text) if text.strip():
                yield _header(text)
            case Items(lines=lines, ordered=ordered):
                yield self._listed(lines, _ordered if ordered else bullets)
            case Fields(pairs=pairs):
                yield self._listed([_labelled(label, value) for label, value in pairs], _beneath, "fact")
            case Table() if block.rows:
                native = block is self._native
                self._native = None if native else self._native
                yield table(block, self._calls, native=native)
            case Snippet(text=text):
                yield _snippet(text)
            case Progress():
                yield self._paragraph((_bar(block),))
            case Buttons():
                yield from self._controls.buttons(block)
            case Pick():
                yield from self._controls.pick(block)
            case Image(alt=alt, file=file) if file in self._pictures:
                yield _picture(alt, self._pictures[file])
            case Image(alt=alt):
                yield self._paragraph((Bold("Picture:"), f" {alt}"))
            case Attachment(name=name, size=size):
                weighs = f" · {words.size(size)}" if size is not None else ""
                yield replace(self._paragraph((Bold("File:"), " ", Code(name), weighs)), firm=True)
            case Divider():
                yield Rule()

    def _paragraph(self, line: Line) -> Lines:
        drawn = spans.elements(line, self._calls)
        return Lines((drawn,) if drawn else (), lambda _: spans.section(drawn))

    def _listed(self, lines: Sequence[Line], frame: Frame, noun: str = "line") -> Lines:
        drawn = tuple(spans.elements(line, self._calls) or (spans.said("–"),) for line in lines[: limits.LINES])
        return Lines(drawn, frame, noun, len(lines) - len(drawn))


def _picture(alt: str, file: str) -> Lines:
    described = units.cut(spans.one_line(alt).strip(), limits.ALT) or "Picture"
    block = {"type": "image", "slack_file": {"id": file}, "alt_text": described}
    return Lines((described,), lambda _: block)


def _header(words: str) -> Lines:
    block = {"type": "header", "text": spans.plain_text(words, limits.HEADER)}
    return Lines((block["text"],), lambda _: block)


def _labelled(label: str, value: Line) -> Line:
    return (Bold(f"{label}:"), " ", *value) if label.strip() else value


def _ordered(lines: Sequence[tuple[Element, ...]]) -> Element:
    return {**bullets(lines), "style": "ordered"}


def _beneath(lines: Sequence[tuple[Element, ...]]) -> Element:
    """Lines beneath one another, without marks."""
    parted = [(*line, spans.said("\n")) for line in lines[:-1]]
    return spans.section(tuple(element for line in (*parted, *lines[-1:]) for element in line))


def _snippet(text: str) -> Lines:
    lines = text.strip("\n").split("\n") if text.strip() else []
    drawn = tuple((spans.said(spans.harmless(units.cut(line, limits.LINE))),) for line in lines[: limits.LINES])
    return Lines(drawn, preformatted, "line", len(lines) - len(drawn))


def _bar(progress: Progress) -> str:
    """`███░░░ 50 % · 4 of 8 tables`; without a bar where nobody knows how far it is."""
    if not progress.total or not math.isfinite(progress.done) or not math.isfinite(progress.total):
        return f"⏳ {progress.label}"
    share = min(1.0, max(0.0, progress.done / progress.total))
    full = math.floor(share * _BAR)
    bar = "█" * full + "░" * (_BAR - full)
    return f"{bar} {math.floor(100 * share)} % · {progress.label}"
