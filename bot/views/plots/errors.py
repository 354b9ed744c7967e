"""Knows how errors around an incident are plotted. Knows not who counts them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat.cards import Tone
from bot.domain.error_rates import MINUTE, ErrorCount, is_normal, rate, step_of
from bot.views import words
from bot.views.plots.style import (
    INK,
    LETTER,
    TONES,
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

_TONES = {"before": Tone.NEUTRAL, "during": Tone.BAD, "after": Tone.WORKING}
_NAMES = 18
"""Height of the line above the plot in which its parts are named, in pixels."""


@dataclass(frozen=True, slots=True)
class _Part:
    """The errors of one part of the time, in equal steps, oldest first."""

    name: str
    counts: Sequence[ErrorCount]

    @property
    def step(self) -> timedelta:
        return step_of(self.counts)

    @property
    def start(self) -> datetime:
        return self.counts[0].at

    @property
    def end(self) -> datetime:
        return self.counts[-1].at + self.step

    def per_minute(self, errors: float) -> float:
        return errors / (self.step / MINUTE)

    @property
    def rate(self) -> float:
        return rate(self.counts)

    @property
    def peak(self) -> float:
        return self.per_minute(max(count.errors for count in self.counts))


def error_rate(
    before: Sequence[ErrorCount],
    during: Sequence[ErrorCount],
    after: Sequence[ErrorCount],
    marks: Marks | None = None,
) -> Plot:
    """Errors a minute before, during and after an incident, each oldest first and in equal steps; some may be empty.

    Marks outside that time are left out. Raises ValueError where nothing was counted.
    """
    named = (("before", before), ("during", during), ("after", after))
    parts = [_Part(name, counts) for name, counts in named if counts]
    if not parts:
        raise ValueError("no errors were counted: there is nothing to plot")
    start, end = parts[0].start, parts[-1].end
    within = {name: at for name, at in (marks or {}).items() if start <= at <= end}
    finding = _finding(parts)
    return Plot(
        styled(
            finding,
            f"Errors a minute · {day(start, end)}",
            {"height": 200, "layer": [*_bars(parts, start, end), *marked(within, start, end, above=_NAMES)]},
        ),
        _alt(finding, parts) + said(within),
        spark([one.per_minute(count.errors) for one in parts for count in one.counts]),
    )


def _finding(parts: Sequence[_Part]) -> str:
    by_name = {one.name: one for one in parts}
    before, last = by_name.get("before"), parts[-1]
    told = f"{_amount(last.rate)} a minute"
    if last.name == "after" and is_normal(before.counts if before else (), last.counts):
        return f"Errors are back to normal: {told}"
    lead = {"after": "Errors are not back to normal", "during": "Errors during the incident"}
    compared = ""
    if before is not None and before is not last and last.rate > before.rate > 0:
        compared = f", {_amount(last.rate / before.rate)} times as many as before"
    return f"{lead.get(last.name, 'Errors before the incident')}: {told}{compared}"


def _alt(finding: str, parts: Sequence[_Part]) -> str:
    told = [f"{one.name} {_amount(one.rate)} a minute, at most {_amount(one.peak)}" for one in parts]
    return f"{finding}. {'; '.join(told).capitalize()}."


def _amount(value: float) -> str:
    """`1,234`, `12`, `1.5`, `0.2`, `0`."""
    rounded = round(value, 1)
    return words.number(value) if rounded >= 10 or rounded == int(rounded) else f"{rounded}"


def _bars(parts: Sequence[_Part], start: datetime, end: datetime) -> list[Spec]:
    bars = [
        {
            "at": milliseconds(count.at),
            "until": milliseconds(count.at + one.step),
            "errors": one.per_minute(count.errors),
            "part": one.name,
        }
        for one in parts
        for count in one.counts
    ]
    levels = [{"at": milliseconds(one.start), "until": milliseconds(one.end), "errors": one.rate} for one in parts]
    names = [
        {"at": milliseconds(one.start + (one.end - one.start) / 2), "words": label, "part": one.name}
        for one in parts
        if (label := f"{one.name} {_amount(one.rate)}")
        # A part that is too narrow for its name goes without: the words have it.
        and position(one.end, start, end) - position(one.start, start, end) > LETTER * len(label)
    ]
    highest = max(1.0, *(one.peak for one in parts))
    place: Spec = {
        "x": across(start, end),
        "x2": {"field": "until"},
        "y": {
            "field": "errors",
            "type": "quantitative",
            "scale": {"domain": [0, highest], "nice": True},
            "axis": {"title": None, "tickCount": 4, "tickMinStep": 1},
        },
    }
    colours = {"domain": list(_TONES), "range": [TONES[tone] for tone in _TONES.values()]}
    colour = {"field": "part", "scale": colours, "legend": None}
    return [
        {
            "data": {"values": bars},
            "mark": {"type": "rect", "opacity": 0.85},
            "encoding": {**place, "y2": {"datum": 0}, "color": colour},
        },
        {
            "data": {"values": levels},
            "mark": {"type": "rule", "color": INK, "strokeWidth": 1.5, "strokeDash": [4, 3]},
            "encoding": place,
        },
        {
            "data": {"values": names},
            "mark": {"type": "text", "baseline": "middle", "fontWeight": 700},
            "encoding": {"x": place["x"], "y": {"value": -9}, "text": {"field": "words"}, "color": colour},
        },
    ]
