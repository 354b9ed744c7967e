"""Knows how a table is shown where there are none: in one typeface if a phone can show it, else a line for each row.

Knows nothing of what stands in its cells.
"""

import unicodedata
from collections.abc import Callable, Sequence
from itertools import zip_longest

from bot.chat.cards import Bold, Line, Table, Tone, plain
from bot.platforms.discord import limits
from bot.platforms.discord.fit import Passage, Rank
from bot.platforms.discord.spans import fenced, one_line

SIGNS = {Tone.GOOD: "✅", Tone.WARNING: "⚠️", Tone.BAD: "❌", Tone.WORKING: "⏳"}
"""What a tone looks like beside its colour."""

Draw = Callable[[Line], str]
"""Writes a line as Discord's markdown."""

_GAP = "  "
_NOTHING = ("", "–")
"""What says nothing beside a label."""

_SHORT_ROW = 3
"""Up to so many columns a row is one line and the labels stand above; more, and each value bears its label."""


def table(shown: Table, draw: Draw) -> Passage:
    """The table, its first column standing out."""
    if not shown.rows or not shown.columns:
        return Passage(())
    shown = _named(shown)
    if (grid := _grid(shown)) is not None:
        head, *lines = grid
        return Passage(tuple(lines), Rank.ROWS, f"```\n{head}", "```", "rows")
    if len(shown.columns) > _SHORT_ROW:
        lines = [_labelled(shown, place, draw) for place in range(len(shown.rows))]
        return Passage(tuple(lines), Rank.ROWS, noun="rows")
    labels = draw((" · ".join(filter(str.strip, shown.columns)),))
    lines = [" · ".join(filter(None, _cells(shown, place, draw))) for place in range(len(shown.rows))]
    return Passage(tuple(lines), Rank.ROWS, f"-# {labels}" if labels else "", noun="rows")


def signed(words: str, tone: Tone) -> str:
    """Words after the sign of their tone."""
    return f"{SIGNS[tone]} {words}" if tone in SIGNS and words else words


def _named(shown: Table) -> Table:
    """With the number of each row before what is numbered, where the first column holds but numbers."""
    if len(shown.columns) < _SHORT_ROW or not all(len(row) > 1 and plain(row[0]).isdecimal() for row in shown.rows):
        return shown
    rows = tuple(((f"{plain(row[0])}. ", *row[1]), *row[2:]) for row in shown.rows)
    numeric = tuple(place - 1 for place in shown.numeric if place > 1)
    return Table(shown.columns[1:], rows, numeric, shown.tones)


def _cells(shown: Table, place: int, draw: Draw) -> list[str]:
    """What stands in a row, the first in bold and after the sign of the row's tone."""
    first, *rest = shown.rows[place] or ((),)
    tone = shown.tones[place] if place < len(shown.tones) else Tone.NEUTRAL
    return [signed(draw(_bold(first)) or "–", tone), *map(draw, rest)]


def _labelled(shown: Table, place: int, draw: Draw) -> str:
    """A row with its values below in small print, beside one another if they are short."""
    name, *values = _cells(shown, place, draw)
    pairs = zip_longest(shown.columns[1:], values, fillvalue="")
    told = [f"{draw((label,))}: {value}" if label.strip() else value for label, value in pairs if value not in _NOTHING]
    to_read = sum(map(len, shown.columns[1:])) + sum(len(plain(cell)) + 5 for cell in shown.rows[place][1:])
    between = " · " if to_read <= limits.SMALL_PRINT else "\n-# "
    return f"{name}\n-# {between.join(told)}" if told else name


def _bold(cell: Line) -> Line:
    return tuple(Bold(span) if isinstance(span, str) else span for span in cell)


def _grid(shown: Table) -> list[str] | None:
    """The lines of a table in one typeface; None where it is too wide, or would lose a link, a moment or a sign."""
    if any(tone is not Tone.NEUTRAL for tone in shown.tones):
        return None
    if not all(isinstance(span, str | Bold) for row in shown.rows for cell in row for span in cell):
        return None
    rows = [list(map(one_line, shown.columns)), *([one_line(plain(cell)) for cell in row] for row in shown.rows)]
    columns = list(zip_longest(*rows, fillvalue=""))
    widths = [max(map(len, column)) for column in columns]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > limits.TABLE_WIDTH or not all(map(_is_even, _all(columns))):
        return None
    return [fenced(_aligned(row, widths, shown.numeric)) for row in zip(*columns, strict=True)]


def _aligned(row: Sequence[str], widths: Sequence[int], numeric: Sequence[int]) -> str:
    cells = zip(range(len(widths)), row, widths, strict=True)
    padded = [cell.rjust(width) if place in numeric else cell.ljust(width) for place, cell, width in cells]
    return _GAP.join(padded).rstrip()


def _all(columns: Sequence[Sequence[str]]) -> list[str]:
    return ["".join(column) for column in columns]


def _is_even(cells: str) -> bool:
    """Whether every character takes one place, so that columns stay under one another."""
    return all(unicodedata.east_asian_width(one) not in "WF" and not unicodedata.combining(one) for one in cells)
