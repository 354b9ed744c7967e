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
_SHORT_ROW = 3
"""Up to so many columns a row is one line and the labels stand above; more, and each value bears its label."""


def table(shown: Table, draw: Draw) -> Passage:
    """The table, its first column standing out."""
    if not shown.rows:
        return Passage(())
    grid = _grid(shown)
    if grid is not None:
        head, *lines = grid
        return Passage(tuple(lines), Rank.ROWS, f"```\n{head}", "```", "rows")
    several = len(shown.columns) > _SHORT_ROW
    labels = "" if several else draw((" · ".join(filter(str.strip, shown.columns)),))
    lines = [_row(shown, place, draw, labelled=several) for place in range(len(shown.rows))]
    return Passage(tuple(lines), Rank.ROWS, f"-# {labels}" if labels else "", noun="rows")


def signed(words: str, tone: Tone) -> str:
    """Words after the sign of their tone."""
    return f"{SIGNS[tone]} {words}" if tone in SIGNS and words else words


def _row(shown: Table, place: int, draw: Draw, *, labelled: bool) -> str:
    first, *rest = shown.rows[place] or ((),)
    tone = shown.tones[place] if place < len(shown.tones) else Tone.NEUTRAL
    name = signed(draw(_bold(first)) or "–", tone)
    values = [(label, draw(cell)) for label, cell in zip_longest(shown.columns[1:], rest, fillvalue=())]
    if not labelled:
        return " · ".join([name, *(value for _, value in values if value)])
    told = [f"{draw((label or '',))}: {value}" for label, value in values if value]
    return f"{name}\n-# {' · '.join(told)}" if told else name


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
