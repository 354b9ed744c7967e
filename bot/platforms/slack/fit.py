"""Knows how the parts of a message are brought under Slack's limits. Knows nothing of what they say.

Buttons and menus have their room first, and what finds none is said in words. Then the text, from the top: the
beginning stays whole, what comes last gives way, and it is said how much that was.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain
from typing import Any

from bot.platforms.slack import limits
from bot.platforms.slack.spans import Element, said, section

BUTTON = "button"
"""What a line is that stands for one."""

_NOTICE = 150
"""Weight of the words for what was left out of one part, and of all of them."""


Frame = Callable[[Sequence[Any]], Element]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines in a frame, which makes a block's content of as many as fit. `noun`: what one is; '' where there is but
    one. `left_out` are lines that never had room. What is `firm` has its room before the rest, as buttons have.
    """

    lines: tuple[Any, ...]
    frame: Frame
    noun: str = ""
    left_out: int = 0
    firm: bool = False

    def within(self, room: int) -> "Lines":
        """With as many lines as fit into the room, told how many did not."""
        room -= limits.block_weight(self.frame(())) + _NOTICE
        keep = 0
        for line in self.lines:
            room -= limits.weight(line) + 8
            if room < 0:
                break
            keep += 1
        return replace(self, lines=self.lines[:keep], left_out=self.left_out + len(self.lines) - keep)

    def blocks(self) -> Iterator[Element]:
        """As they are sent; nothing without a line."""
        if not self.lines:
            return
        content = self.frame(self.lines)
        told = [small(limits.more(self.left_out, self.noun))] if self.left_out else []
        if content["type"] in ("table", "header", "context", "image"):
            yield content
            if told:
                yield rich(told)
        else:
            yield rich([content, *told])


@dataclass(frozen=True, slots=True)
class Control:
    """A button or a menu; `twin` is said in its place where there is no room."""

    drawn: Element
    twin: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Controls beside one another."""

    controls: tuple[Control, ...]

    def blocks(self) -> Iterator[Element]:
        """As they are sent."""
        for start in range(0, len(self.controls), limits.ACTIONS):
            shown = self.controls[start : start + limits.ACTIONS]
            yield {"type": "actions", "elements": [control.drawn for control in shown]}


@dataclass(frozen=True, slots=True)
class Rule:
    """A line between parts."""

    def blocks(self) -> Iterator[Element]:
        """As it is sent."""
        yield {"type": "divider"}


Piece = Lines | Row | Rule


def rich(parts: Iterable[Element]) -> Element:
    """A block of rich text."""
    return {"type": "rich_text", "elements": list(parts)}


def small(words: str) -> Element:
    """A line that stands back."""
    return section((said(words, italic=True),))


def bullets(lines: Sequence[tuple[Element, ...]]) -> Element:
    """Lines as a list."""
    return {"type": "rich_text_list", "style": "bullet", "elements": [section(line) for line in lines]}


def fitted(head: Lines, body: Sequence[Piece], foot: Lines) -> list[Element]:
    """The blocks of one message within every limit."""
    placed = _placed(body)
    room = limits.WEIGHT - _NOTICE - sum(_weight(piece) for piece in (head, foot, *placed) if _is_firm(piece))
    short: list[Piece] = []
    gone = 0
    for piece in placed:
        if isinstance(piece, Lines) and not piece.firm:
            piece = piece.within(room)
            gone += not piece.lines
        if not _is_firm(piece):
            room -= _weight(piece)
        if not isinstance(piece, Rule) or room >= 0:
            short.append(piece)
    notice = [rich([small(f"{limits.more(gone, 'part')}, too much for one message.")])] if gone else []
    top, bottom = list(head.blocks()), [*notice, *foot.blocks()]
    return [*top, *_stacked(_tidy(short), limits.BLOCKS - len(top) - len(bottom)), *bottom]


def _is_firm(piece: Piece) -> bool:
    return isinstance(piece, Row) or (isinstance(piece, Lines) and piece.firm)


def _weight(piece: Piece) -> int:
    return sum(map(limits.block_weight, piece.blocks()))


def _placed(pieces: Iterable[Piece]) -> list[Piece]:
    """What draws something; controls that find no room are said in words."""
    placed: list[Piece] = []
    room = limits.CONTROLS
    for piece in pieces:
        match piece:
            case Lines(lines=lines, firm=firm) if lines:
                room -= _weight(piece) if firm else 0
                placed.append(replace(piece, firm=firm and room >= 0))
            case Rule():
                placed.append(piece)
            case Row(controls=controls):
                room -= limits.block_weight({})
                taken = list(accumulate(limits.weight(control.drawn) for control in controls))
                fit = sum(total <= room for total in taken)
                room -= taken[-1]
                placed += [Row(controls[:fit])] if fit else []
                _say(placed, [control.twin for control in controls[fit:]])
    return placed


def _say(placed: list[Piece], twins: Sequence[tuple[Element, ...]]) -> None:
    """Put what is said of controls into the list before, where there is one."""
    before = placed[-1] if placed else None
    if twins and isinstance(before, Lines) and before.noun == BUTTON:
        placed[-1] = replace(before, lines=(*before.lines, *twins))
    elif twins:
        placed.append(Lines(tuple(twins), bullets, BUTTON))


def _tidy(pieces: Iterable[Piece]) -> list[Piece]:
    """Without what draws nothing, and with rules only between two things."""
    tidy: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, Lines) and not piece.lines:
            continue
        if isinstance(piece, Rule) and (not tidy or isinstance(tidy[-1], Rule)):
            continue
        tidy.append(piece)
    return tidy[:-1] if tidy and isinstance(tidy[-1], Rule) else tidy


def _stacked(pieces: list[Piece], most: int) -> list[Element]:
    """The pieces as at most so many blocks: the space between them gives way first, then their order."""
    for squeezed in (_same, _without_rules, _gathered):
        pieces = squeezed(pieces)
        blocks = list(chain.from_iterable(piece.blocks() for piece in pieces))
        if len(blocks) <= most or len(blocks := _joined(blocks)) <= most:
            return blocks
    return _joined([_lowered(block) for block in blocks])


def _same(pieces: list[Piece]) -> list[Piece]:
    return pieces


def _without_rules(pieces: list[Piece]) -> list[Piece]:
    return [piece for piece in pieces if not isinstance(piece, Rule)]


def _gathered(pieces: list[Piece]) -> list[Piece]:
    """All text, then all controls in full rows."""
    controls = chain.from_iterable(piece.controls for piece in pieces if isinstance(piece, Row))
    return [*(piece for piece in pieces if not isinstance(piece, Row)), Row(tuple(controls))]


def _joined(blocks: Iterable[Element]) -> list[Element]:
    """Neighbouring rich texts as one."""
    joined: list[Element] = []
    for block in blocks:
        if joined and block["type"] == joined[-1]["type"] == "rich_text":
            joined[-1] = rich([*joined[-1]["elements"], *block["elements"]])
        else:
            joined.append(block)
    return joined


def _lowered(block: Element) -> Element:
    """A heading as a line of the text around it."""
    if block["type"] != "header":
        return block
    return rich([section((said(block["text"]["text"], bold=True),))])
