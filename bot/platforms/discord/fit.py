"""Knows how the parts of a message are brought under Discord's limits. Knows nothing of what they say.

What gives way, in this order: the space between parts, lines between them, pictures; then rows of tables, lines of
lists, paragraphs from the end. Buttons stay, the title stays.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import chain, islice

from discord import ui

from bot.chat import units
from bot.platforms.discord import limits

Item = ui.Item[ui.LayoutView]
_ROOM = limits.COMPONENTS - 3
"""One more is the container, two are for the notice of what was left out and the file with all of it."""
_NOTICE = 150


class Rank(IntEnum):
    """Who gives way first when there are too many characters."""

    ROWS = 0
    LISTED = 1
    SAID = 2
    FIRM = 3


_GIVE_WAY = (((Rank.ROWS,), 4), ((Rank.LISTED,), 12), ((Rank.ROWS,), 0), ((Rank.LISTED, Rank.SAID), 0))
"""Which ranks are shortened in turn, and how many lines of each passage stay."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of text between a head and a tail that stand only if a line does; lines may be left out from the end."""

    lines: tuple[str, ...]
    rank: Rank = Rank.SAID
    head: str = ""
    tail: str = ""
    noun: str = ""
    left_out: int = 0

    def __str__(self) -> str:
        if not self.lines:
            return ""
        left = (f"-# {limits.more(self.left_out, self.noun)}",) if self.left_out else ()
        # Empty lines belong to what stands in a frame, such as a letter to copy.
        lines = self.lines if self.head else tuple(filter(None, self.lines))
        return "\n".join((*filter(None, (self.head,)), *lines, *filter(None, (self.tail,)), *left))

    def shortened(self, excess: int, fewest: int) -> "Passage":
        """Without as many of its last lines as are needed to save `excess` characters; at least `fewest` stay."""
        keep, saved = len(self.lines), -len(limits.more(len(self.lines), self.noun))
        while keep > fewest and saved < excess:
            keep -= 1
            saved += units.length(self.lines[keep]) + 1
        return replace(self, lines=self.lines[:keep], left_out=self.left_out + len(self.lines) - keep)


@dataclass(frozen=True, slots=True)
class Words:
    """Passages in one text display. One that `leads` stands over the next text, if that leads less."""

    passages: tuple[Passage, ...]
    leads: int = 0
    cost: int = 1

    def __str__(self) -> str:
        return "\n".join(filter(None, map(str, self.passages)))


@dataclass(frozen=True, slots=True)
class Control:
    """A button or a select menu; `twin` is said in its place where there is no room."""

    build: Callable[[], ui.Button[ui.LayoutView] | ui.Select[ui.LayoutView]]
    twin: str
    width: int = 1


@dataclass(frozen=True, slots=True)
class Row:
    """Controls beside one another."""

    controls: tuple[Control, ...]

    @property
    def cost(self) -> int:
        """How many components it is."""
        return 1 + len(self.controls)


@dataclass(frozen=True, slots=True)
class Extra:
    """A picture or a file; `twin` is said in its place where there is no room."""

    build: Callable[[], Item]
    twin: str
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """A line between parts."""

    cost: int = 1


Piece = Words | Row | Extra | Rule


def words(*lines: str, rank: Rank = Rank.SAID, leads: int = 0) -> Words:
    """One passage of its own."""
    return Words((Passage(lines, rank),), leads)


@dataclass(frozen=True, slots=True)
class Fit:
    """Pieces within every limit. `gone` passages were left out as a whole; `short`: something of the text was."""

    pieces: tuple[Piece, ...]
    gone: int
    short: bool


def fitted(pieces: Sequence[Piece]) -> Fit:
    """The pieces within every limit, with room for a notice of what was left out and for one file."""
    laid = _laid_out(_tidy(pieces))
    passages = [passage for piece in laid if isinstance(piece, Words) for passage in piece.passages]
    short = _shortened(passages)
    after = iter(short)
    fit = [Words(tuple(islice(after, len(one.passages)))) if isinstance(one, Words) else one for one in laid]
    gone = sum(bool(str(one)) for one in passages) - sum(bool(str(one)) for one in short)
    return Fit(tuple(_tidy(fit)), gone, short != passages)


def rows(controls: Iterable[Control]) -> Iterator[Row]:
    """The controls in as few rows as hold them, in their order."""
    row: list[Control] = []
    for control in controls:
        if sum(one.width for one in row) + control.width > limits.ROW:
            yield Row(tuple(row))
            row = []
        row.append(control)
    if row:
        yield Row(tuple(row))


def _tidy(pieces: Iterable[Piece]) -> list[Piece]:
    """Without blank texts, and with lines only between two things."""
    tidy: list[Piece] = []
    for piece in pieces:
        match piece:
            case Words() if not str(piece):
                pass
            case Rule() if not tidy or isinstance(tidy[-1], Rule):
                pass
            case _:
                tidy.append(piece)
    return tidy[:-1] if tidy and isinstance(tidy[-1], Rule) else tidy


def _laid_out(pieces: list[Piece]) -> list[Piece]:
    for squeezed in (_same, _joined, _bare, _gathered):
        pieces = squeezed(pieces)
        if sum(piece.cost for piece in pieces) <= _ROOM:
            return pieces
    return _said(pieces)


def _same(pieces: list[Piece]) -> list[Piece]:
    return pieces


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbouring texts as one."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and isinstance(joined[-1], Words) and isinstance(piece, Words):
            joined[-1] = _one((joined[-1], piece))
        else:
            joined.append(piece)
    return joined


def _bare(pieces: list[Piece]) -> list[Piece]:
    """Without lines, pictures and files, which are told of in words."""
    told = [words(piece.twin) if isinstance(piece, Extra) else piece for piece in pieces]
    return _joined([piece for piece in told if not isinstance(piece, Rule)])


def _gathered(pieces: list[Piece]) -> list[Piece]:
    """All texts, then all controls in full rows."""
    controls = chain.from_iterable(piece.controls for piece in pieces if isinstance(piece, Row))
    return [_one(pieces), *rows(controls)]


def _said(pieces: list[Piece]) -> list[Piece]:
    """Without the last controls, which are told of in words."""
    first, *rest = pieces
    room, kept, twins = _ROOM - first.cost, list[Piece](), list[str]()
    for row in rest:
        if isinstance(row, Row) and row.cost <= room:
            kept.append(row)
            room -= row.cost
        elif isinstance(row, Row):
            twins += [control.twin for control in row.controls]
    return [_one([first, words(*twins, rank=Rank.LISTED)]), *kept]


def _one(pieces: Iterable[Piece]) -> Words:
    return Words(tuple(passage for piece in pieces if isinstance(piece, Words) for passage in piece.passages))


def _shortened(passages: Sequence[Passage]) -> list[Passage]:
    """The passages under the limit of characters: the last give way first, those of a lower rank before."""
    short = list(passages)
    total = sum(units.length(str(passage)) + 1 for passage in short)
    if total <= limits.CHARACTERS:
        return short
    excess = total - limits.CHARACTERS + _NOTICE
    for ranks, fewest in _GIVE_WAY:
        for place in reversed(range(len(short))):
            if excess > 0 and short[place].rank in ranks:
                before = units.length(str(short[place]))
                short[place] = short[place].shortened(excess, fewest)
                excess -= before - units.length(str(short[place]))
    return short
