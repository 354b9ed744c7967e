"""Knows how a table is shown in Slack, which takes one table in a message. Knows nothing of what stands in its cells.

The largest is a table of Slack's. Any other is set in one typeface where every window can show it so, and else is a
list with a line for each row.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import zip_longest
from typing import Any

from bot.chat.cards import Bold, Card, Line, Table, Tone, plain
from bot.platforms.slack import limits
from bot.platforms.slack.fit import Lines, bullets
from bot.platforms.slack.spans import Calls, Element, elements, harmless, one_line, said, section

SIGNS = {Tone.GOOD: "✅", Tone.WARNING: "⚠️", Tone.BAD: "❌", Tone.WORKING: "⏳"}
"""What a tone looks like."""

_GAP = "  "


def signed(line: Line, tone: Tone) -> Line:
    """A line after the sign of its tone."""
    return (f"{SIGNS[tone]} ", *line) if tone in SIGNS else line


def largest(card: Card) -> Table | None:
    """The table that would suffer most from not being one."""
    tables = [block for block in card.blocks if isinstance(block, Table) and _fits(block)]
    return max(tables, key=lambda table: len(table.rows) * len(table.columns), default=None)


def table(shown: Table, calls: Calls, *, native: bool) -> Lines:
    """The table, its first column standing out."""
    if native:
        return _native(shown, calls)
    first = replace(shown, rows=shown.rows[: limits.LINES])
    rows = tuple(_row(first, place, calls) for place in range(len(first.rows)))
    return replace(_grid(first) or Lines(rows, bullets, "row"), left_out=len(shown.rows) - len(rows))


def preformatted(lines: Sequence[Sequence[Element]]) -> Element:
    """Lines in one typeface, as they stand."""
    words = "\n".join(element["text"] for line in lines for element in line)
    return {"type": "rich_text_preformatted", "elements": [said(words)]}


def _fits(shown: Table) -> bool:
    width = max([len(shown.columns), *map(len, shown.rows)], default=0)
    return bool(shown.rows) and 0 < width <= limits.TABLE_COLUMNS


def _native(shown: Table, calls: Calls) -> Lines:
    width = max(len(shown.columns), *map(len, shown.rows))
    labels = _cells(tuple((Bold(label),) for label in shown.columns), width, calls)
    room = limits.TABLE_CHARACTERS - limits.weight(labels)
    rows: list[list[Element]] = []
    for place in range(min(len(shown.rows), limits.TABLE_ROWS - 1)):
        cells = _cells(_standing_out(shown, place), width, calls)
        room -= limits.weight(cells)
        if room < 0:
            break
        rows.append(cells)
    settings = [
        {"align": "right" if place in shown.numeric else "left", "is_wrapped": place not in shown.numeric}
        for place in range(width)
    ]
    return Lines(tuple(rows), partial(_framed, labels, settings), "row", len(shown.rows) - len(rows))


def _framed(labels: list[Element], settings: list[dict[str, Any]], rows: Sequence[Any]) -> Element:
    return {"type": "table", "column_settings": settings, "rows": [labels, *rows]}


def _cells(row: Sequence[Line], width: int, calls: Calls) -> list[Element]:
    """The cells of a row, as many as the table has columns; Slack refuses empty ones."""
    every = zip_longest(row, range(width), fillvalue=())
    lines = [elements(cell, calls, limits.CELL) or (said("–"),) for cell, _ in every]
    return [{"type": "rich_text", "elements": [section(line)]} for line in lines]


def _standing_out(shown: Table, place: int) -> tuple[Line, ...]:
    """A row, its first cell in bold and after the sign of the row's tone."""
    first, *rest = shown.rows[place] or ((),)
    tone = shown.tones[place] if place < len(shown.tones) else Tone.NEUTRAL
    bold = tuple(Bold(span) if isinstance(span, str) and span else span for span in first)
    return (signed(bold or ("–",), tone), *rest)


def _row(shown: Table, place: int, calls: Calls) -> tuple[Element, ...]:
    """A row in a line: each value but the first bears its label."""
    first, *rest = _standing_out(shown, place)
    told: list[Any] = list(first)
    for label, value in zip_longest(shown.columns[1:], rest, fillvalue=()):
        if value:
            told += [" · ", *([f"{label}: "] if label else []), *value]
    return elements(tuple(told), calls) or (said("–"),)


def _grid(shown: Table) -> Lines | None:
    """The table in one typeface; None where it is too wide, or would lose a link, a moment, a code or a sign."""
    if any(tone is not Tone.NEUTRAL for tone in shown.tones):
        return None
    if not all(isinstance(span, str | Bold) for row in shown.rows for cell in row for span in cell):
        return None
    rows = [list(map(one_line, shown.columns)), *([one_line(plain(cell)) for cell in row] for row in shown.rows)]
    columns = list(zip_longest(*rows, fillvalue=""))
    widths = [max(map(len, column)) for column in columns]
    if (
        not widths
        or sum(widths) + len(_GAP) * (len(widths) - 1) > limits.GRID
        or not all(map(_is_even, map("".join, columns)))
    ):
        return None
    head, *lines = [_aligned(row, widths, shown.numeric) for row in zip(*columns, strict=True)]
    return Lines(tuple((said(line),) for line in lines), partial(_headed, head), "row")


def _headed(head: str, lines: Sequence[Sequence[Element]]) -> Element:
    return preformatted([(said(head),), *lines])


def _aligned(row: Sequence[str], widths: Sequence[int], numeric: Sequence[int]) -> str:
    cells = zip(range(len(widths)), row, widths, strict=True)
    padded = [cell.rjust(width) if place in numeric else cell.ljust(width) for place, cell, width in cells]
    return harmless(_GAP.join(padded).rstrip())


def _is_even(cells: str) -> bool:
    """Whether every character takes one place, so that columns stay under one another."""
    return all(unicodedata.east_asian_width(one) not in "WF" and not unicodedata.combining(one) for one in cells)
