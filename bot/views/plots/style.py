"""Knows how every plot looks: one theme, its colours on light and dark pages, moments marked. Knows no data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.chat.cards import Code, Text, Tone, text
from bot.views import words

Spec = dict[str, Any]
Marks = Mapping[str, datetime]
"""Named moments."""

WIDTH = 480
"""Of the time that is plotted, in pixels: little wider than chats and phones show a picture, so that it is legible."""
PAGE, INK, QUIET, GRID = "#ffffff", "#1b1f26", "#59626f", "#e3e6ea"
TONES: Mapping[Tone, str] = {
    Tone.NEUTRAL: "#6b7684",
    Tone.GOOD: "#00875f",
    Tone.WARNING: "#b07500",
    Tone.BAD: "#d55e00",
    Tone.WORKING: "#0072b2",
}
"""Told apart by who does not tell red from green (after Okabe and Ito); each has 3:1 and more against the page."""

_DARK = {
    PAGE: "#1d2026",
    INK: "#e8eaee",
    QUIET: "#a3abb8",
    GRID: "#3a404a",
    TONES[Tone.NEUTRAL]: "#98a2b0",
    TONES[Tone.GOOD]: "#35c79a",
    TONES[Tone.WARNING]: "#e8b04b",
    TONES[Tone.BAD]: "#ff8a4c",
    TONES[Tone.WORKING]: "#56b4e9",
}
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first is in the library that draws; the others are measured alike."""
LETTER = 6.4
"""Width of an average letter of a label, in pixels."""
_LEVEL, _GAP = 15, 10
_SPARKS = 40


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: its specification (Vega-Lite), its finding in words, and its twin of text for private answers."""

    spec: Spec
    alt: str
    spark: str


def spark(values: Sequence[float]) -> str:
    """A line of at most forty text bars; neighbours share one where there are more values."""
    share = max(1.0, len(values) / _SPARKS)
    parts = [values[round(at * share) : round((at + 1) * share)] for at in range(min(len(values), _SPARKS))]
    return words.sparkline([sum(part) / len(part) for part in parts])


def told(plot: Plot) -> Text:
    """A plot for where no picture is shown: its bars of text and its finding."""
    return text(Code(plot.spark), f" {plot.alt}")


def styled(title: str, subtitle: str, spec: Spec) -> Spec:
    """A whole specification in the one style. The title says what is to be seen."""
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": PAGE,
        # A browser without the fonts writes a little wider than was measured.
        "padding": {"left": 24, "right": 24, "top": 16, "bottom": 16},
        "width": WIDTH,
        "title": {"text": title, "subtitle": subtitle},
        "config": _CONFIG,
        **spec,
    }


def marked(marks: Marks, start: datetime, end: datetime, *, above: int = 0) -> list[Spec]:
    """Layers with a line down from the name of each moment; names stand as flags `above` the plot (pixels)."""
    values = [
        {"words": f"{name} {at:%H:%M}", "at": milliseconds(at), "top": -8 - height, "tip": -14 - height}
        for (name, at), level in zip(_sorted(marks), _levels(marks, start, end), strict=True)
        for height in (above + _LEVEL * level,)
    ]
    if not values:
        return []
    top = {"field": "top", "type": "quantitative", "scale": None, "axis": None}
    across_ = across(start, end)
    return [
        {
            "data": {"values": values},
            "mark": {"type": "rule", "color": QUIET, "strokeWidth": 1},
            "encoding": {"x": across_, "y": {**top, "field": "tip"}, "y2": {"value": "height"}},
        },
        {
            "data": {"values": values},
            "mark": {"type": "text", "align": "left", "baseline": "middle", "dx": 4, "color": INK},
            "encoding": {"x": across_, "y": top, "text": {"field": "words"}},
        },
    ]


def said(marks: Marks) -> str:
    """The same moments in words."""
    return "".join(f" {name} at {at:%H:%M} UTC." for name, at in _sorted(marks))


def across(start: datetime, end: datetime) -> Spec:
    """The axis of time from one moment to another, in UTC."""
    shown = "%-d %b %H:%M" if end - start > timedelta(days=1) else "%H:%M"
    return {
        "field": "at",
        "type": "temporal",
        "scale": {"type": "utc", "domain": [milliseconds(start), milliseconds(end)], "nice": False},
        "axis": {"title": "UTC", "format": shown, "tickCount": 6, "labelFlush": True},
    }


def position(at: datetime, start: datetime, end: datetime) -> float:
    """Where a moment stands on the axis of time, in pixels."""
    return WIDTH * ((at - start) / (end - start))


def milliseconds(at: datetime) -> int:
    """A moment as Vega reads it."""
    return round(at.timestamp() * 1000)


def day(start: datetime, end: datetime) -> str:
    """The day, or the days, of a plot."""
    first, last = start.astimezone(UTC), end.astimezone(UTC)
    if first.date() == last.date():
        return f"{first.day} {first:%B %Y}"
    return f"{first.day} {first:%B} to {last.day} {last:%B %Y}"


def on_dark_pages_too(svg: str) -> str:
    """An SVG whose colours turn with the page that it stands in."""
    rules = "".join(
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}'
        for colour, dark in _DARK.items()
        # Vega writes white as a word.
        for light in ([colour, "white"] if colour == PAGE else [colour])
    )
    head, bracket, body = svg.partition(">")
    return f"{head}{bracket}<style>@media (prefers-color-scheme: dark){{{rules}}}</style>{body}"


def _sorted(marks: Marks) -> list[tuple[str, datetime]]:
    return sorted(((name, at.astimezone(UTC)) for name, at in marks.items()), key=lambda one: one[1])


def _levels(marks: Marks, start: datetime, end: datetime) -> list[int]:
    """Lines of names, counted upwards: one that reaches over the next flag stands higher than that."""
    flags = [(position(at, start, end), name) for name, at in _sorted(marks)]
    levels: list[int] = []
    for at, (x, name) in reversed(list(enumerate(flags))):
        reaches = x + LETTER * len(f"{name} 00:00") + _GAP
        under = [level for (other, _), level in zip(flags[at + 1 :], levels, strict=True) if other < reaches]
        levels.insert(0, max(under, default=-1) + 1)
    return levels


_CONFIG: Spec = {
    "font": _FONT,
    "view": {"stroke": None},
    "title": {
        "anchor": "start",
        "frame": "bounds",
        "offset": 16,
        "font": _FONT,
        "fontSize": 16,
        "fontWeight": 700,
        "color": INK,
        "subtitleFont": _FONT,
        "subtitleFontSize": 12.5,
        "subtitleColor": QUIET,
        "subtitlePadding": 5,
    },
    "axis": {
        "labelFont": _FONT,
        "labelFontSize": 12,
        "labelColor": QUIET,
        "titleFont": _FONT,
        "titleFontSize": 12,
        "titleColor": QUIET,
        "titleFontWeight": 400,
        "domainColor": QUIET,
        "tickColor": QUIET,
        "gridColor": GRID,
    },
    "axisX": {"grid": False, "titleAnchor": "end"},
    "axisY": {"domain": False, "ticks": False, "labelPadding": 8},
    "text": {"font": _FONT, "fontSize": 12, "color": INK},
}
