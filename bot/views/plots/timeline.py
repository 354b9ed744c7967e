"""Knows how what happened is plotted as a timeline: bars with who had them, and points. Knows not what they mean."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from bot.chat.cards import Tone
from bot.views import words
from bot.views.plots.style import (
    INK,
    QUIET,
    TONES,
    WIDTH,
    Marks,
    Plot,
    Spec,
    across,
    day,
    marked,
    milliseconds,
    position,
    said,
    spark,
    styled,
)

MOST_ROWS = 24
_LONGEST = 32
_PARTS = 40
_SHAPES = {
    Tone.NEUTRAL: "circle",
    Tone.GOOD: "circle",
    Tone.WARNING: "triangle",
    Tone.BAD: "cross",
    Tone.WORKING: "diamond",
}


class Entry(NamedTuple):
    """Something in a timeline: a bar up to `until`, or a point. `lane` is who it belongs to."""

    at: datetime
    label: str
    lane: str = ""
    tone: Tone = Tone.NEUTRAL
    until: datetime | None = None


def timeline(entries: Sequence[Entry], marks: Marks | None = None) -> Plot:
    """A row for each label, in the order of time; beside each bar or point who had it, and how long.

    Of more than 24 rows the first are drawn, and it is said how many are not. Raises ValueError without entries.
    """
    if not entries:
        raise ValueError("a timeline without entries: there is nothing to plot")
    ordered, named = sorted(entries, key=lambda one: one.at), marks or {}
    moments = [one.at for one in ordered] + [_end(one) for one in ordered] + list(named.values())
    start = min(moments)
    end = max(*moments, start + timedelta(minutes=1))
    rows = list(dict.fromkeys(one.label for one in ordered))
    shown = [one for one in ordered if one.label in rows[:MOST_ROWS]]
    more = f" · {words.many(len(rows) - MOST_ROWS, 'more row')}" if len(rows) > MOST_ROWS else ""
    finding = _finding(ordered, start, end)
    return Plot(
        styled(
            finding,
            f"{_counted(ordered)} · {day(start, end)}{more}",
            {"height": {"step": 26}, "layer": [_rows(shown, start, end), *marked(named, start, end)]},
        ),
        f"Timeline of {_counted(ordered)}, {start:%H:%M} to {end:%H:%M} UTC. {finding}.{said(named)}",
        spark(_at_once(ordered, start, end)),
    )


def _end(entry: Entry) -> datetime:
    return entry.until or entry.at


def _length(entry: Entry) -> timedelta:
    return _end(entry) - entry.at


def _finding(entries: Sequence[Entry], start: datetime, end: datetime) -> str:
    whole = f"{words.span(end - start)} in all"
    longest = max(entries, key=_length)
    if not _length(longest):
        return whole
    return f"{whole}; longest: {_short(longest.label)}, {words.span(_length(longest))}"


def _counted(entries: Sequence[Entry]) -> str:
    bars = sum(one.until is not None for one in entries)
    points = len(entries) - bars
    told = [words.many(bars, "step")] if bars else []
    return " and ".join([*told, words.many(points, "event")] if points else told)


def _short(label: str) -> str:
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1].rstrip()}…"


def _at_once(entries: Sequence[Entry], start: datetime, end: datetime) -> list[float]:
    """How much was under way, in each part of the time."""
    part = (end - start) / _PARTS
    return [
        sum(one.at < start + part * (at + 1) and _end(one) >= start + part * at for one in entries)
        for at in range(_PARTS)
    ]


def _beside(entry: Entry) -> str:
    lasted = words.span(_length(entry)) if entry.until else ""
    return " · ".join(part for part in (entry.lane, lasted) if part)


def _rows(entries: Sequence[Entry], start: datetime, end: datetime) -> Spec:
    values = [
        {
            "at": milliseconds(one.at),
            "until": milliseconds(_end(one)),
            "row": one.label,
            "tone": one.tone.value,
            "is_bar": one.until is not None,
            "beside": _beside(one),
            "left": position(_end(one), start, end) > WIDTH * 0.7,
        }
        for one in entries
    ]
    names = [tone.value for tone in Tone]
    colour = {"field": "tone", "scale": {"domain": names, "range": [TONES[tone] for tone in Tone]}, "legend": None}
    shape = {"field": "tone", "scale": {"domain": names, "range": [_SHAPES[tone] for tone in Tone]}, "legend": None}
    row = {
        "field": "row",
        "type": "nominal",
        # Bars and points are layers of their own; without this the rows of the first would all come first.
        "sort": list(dict.fromkeys(one.label for one in entries)),
        "axis": {"title": None, "labelColor": INK, "labelLimit": 220, "grid": True},
    }
    x, text = across(start, end), {"type": "text", "baseline": "middle", "color": QUIET}
    bar = {"type": "bar", "height": 14, "cornerRadius": 3, "minBandSize": 2}
    point = {"type": "point", "filled": True, "size": 90, "opacity": 1}
    beside = {"text": {"field": "beside"}}
    return {
        "data": {"values": values},
        "encoding": {"y": row},
        "layer": [
            _only("datum.is_bar", bar, {"x": x, "x2": {"field": "until"}, "color": colour}),
            _only("!datum.is_bar", point, {"x": x, "color": colour, "shape": shape}),
            _only("!datum.left", {**text, "align": "left", "dx": 8}, {"x": {**x, "field": "until"}, **beside}),
            _only("datum.left", {**text, "align": "right", "dx": -8}, {"x": x, **beside}),
        ],
    }


def _only(which: str, mark: Spec, encoding: Spec) -> Spec:
    return {"transform": [{"filter": which}], "mark": mark, "encoding": encoding}
