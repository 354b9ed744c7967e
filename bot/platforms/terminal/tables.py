"""Knows how labels, values and columns share the width of a terminal. Knows nothing of what stands in them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table as Grid
from rich.text import Text as Words

from bot.chat import cards
from bot.chat.cards import Line, Tone
from bot.platforms.terminal.spans import COLOURS, Reader, harmless, spans

MOST_ROWS = 200
_ICON = 2
_GAP = 2


@dataclass(frozen=True, slots=True)
class Hanging:
    """Words beside a mark, their lines below one another. What may not be broken sticks out; a cell would cut it."""

    mark: Words
    words: Words

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        room = max(1, options.max_width - self.mark.cell_len)
        before = self.mark
        for line in self.words.wrap(console, room) or [Words()]:
            line.rstrip()
            yield Words.assemble(before, line, no_wrap=True, overflow="ignore")
            before = Words(" " * self.mark.cell_len)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Labels beside their values; below one another where the labels would take half of the width."""

    pairs: Sequence[tuple[str, Words]]
    indent: int = 0

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        margin = " " * self.indent
        labels = [Words.assemble(margin, (harmless(label), "dim")) for label, _ in self.pairs]
        width = max((label.cell_len for label in labels), default=0)
        for label, (_, value) in zip(labels, self.pairs, strict=True):
            if width * 2 > options.max_width:
                yield label
                yield Hanging(Words(f"{margin}  "), value)
            else:
                label.pad_right(width - label.cell_len + _GAP)
                yield Hanging(label, value)


@dataclass(frozen=True, slots=True)
class Rows:
    """A table; where a word would have to be broken to fit, each row becomes a paragraph of labelled values."""

    table: cards.Table
    reader: Reader

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = [self._cells(number, row) for number, row in enumerate(self.table.rows[:MOST_ROWS])]
        widths = self._widths(rows, options.max_width)
        if widths is None:
            yield from self._paragraphs(rows)
        else:
            yield self._grid(rows, widths)
        if len(self.table.rows) > MOST_ROWS:
            yield Words(f"… and {len(self.table.rows) - MOST_ROWS} more")

    def _widths(self, rows: Sequence[Sequence[Words]], room: int) -> list[int] | None:
        """How wide each column is, so that no word is broken; None when there is no such way."""
        least, most = [], []
        for position, heading in enumerate(self.table.columns):
            column = [Words(harmless(heading)), *(row[position] for row in rows if position < len(row))]
            lines = [cell_len(line) for cell in column for line in cell.plain.splitlines()]
            words = [cell_len(word) for cell in column for word in cell.plain.split()]
            most.append(max(lines, default=0))
            icon = _ICON if position == 0 and self._has_icons else 0
            least.append(most[-1] if position in self.table.numeric else min(most[-1], max(words, default=0) + icon))
        spare = room - _GAP * (len(least) - 1) - sum(least)
        wanted = sum(most) - sum(least)
        if spare < 0:
            return None
        if spare >= wanted:
            return most
        return [short + spare * (long - short) // wanted for short, long in zip(least, most, strict=True)]

    def _grid(self, rows: Sequence[Sequence[Words]], widths: Sequence[int]) -> Grid:
        grid = Grid(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False, show_edge=False)
        for position, column in enumerate(self.table.columns):
            justify: Literal["left", "right"] = "right" if position in self.table.numeric else "left"
            grid.add_column(Words(harmless(column)), justify=justify, width=widths[position])
        for number, row in enumerate(rows):
            grid.add_row(*row[: len(widths)], style=COLOURS[self._tone(number)])
        return grid

    def _paragraphs(self, rows: Sequence[Sequence[Words]]) -> Iterable[RenderableType]:
        for number, (first, *rest) in enumerate(rows):
            first.stylize(f"bold {COLOURS[self._tone(number)]}")
            yield first
            labelled = list(zip(self.table.columns[1:], rest, strict=False))
            yield Pairs([(label, value) for label, value in labelled if value.plain], indent=_GAP)

    def _cells(self, number: int, row: Sequence[Line]) -> list[Words]:
        cells = [spans(cell, self.reader) for cell in row] or [Words()]
        icon = self.reader.icon(self._tone(number))
        if self._has_icons:
            cells[0] = Words(f"{icon or ' '} ").append_text(cells[0])
        return cells

    @property
    def _has_icons(self) -> bool:
        return any(tone is not Tone.NEUTRAL for tone in self.table.tones)

    def _tone(self, number: int) -> Tone:
        return self.table.tones[number] if number < len(self.table.tones) else Tone.NEUTRAL
