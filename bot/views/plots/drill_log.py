"""Knows how the tests are plotted over the quarters: recovery time against its target, size and result.

Knows nothing of how a test is run.
"""

from collections.abc import Sequence

from bot.chat.cards import Tone
from bot.domain import drill_log
from bot.domain.drill_events import Result
from bot.domain.drill_log import Row
from bot.views import words
from bot.views.plots.style import INK, QUIET, TONES, Plot, Spec, spark, styled

_MOST = 16
_SHAPES = {"pass": "circle", "partial": "triangle-up", "fail": "cross", "missed": "square"}
_COLOURS = {"pass": Tone.GOOD, "partial": Tone.WARNING, "fail": Tone.BAD, "missed": Tone.NEUTRAL}
_STEP, _TIMES, _SIZES = 30, 340, 80
"""Height of a line, and width of the two parts, in pixels: together as wide as other plots."""
_FAR = 4
"""A target that is further away than so many times the longest recovery is said, not drawn."""


def log_plot(rows: Sequence[Row]) -> Plot | None:
    """The newest tests, oldest first; None where there are no two recoveries to compare."""
    shown = [one for one in reversed(rows) if one.status in _SHAPES][-_MOST:]
    minutes = [_minutes(one) for one in shown if one.took is not None]
    if len(minutes) < 2:
        return None
    finding, names = _finding(shown), _names(shown)
    spec: Spec = {
        "data": {"values": [_value(one, name) for one, name in zip(shown, names, strict=True)]},
        "hconcat": [_recoveries(shown, names, max(minutes)), _sizes(names)],
        "spacing": 16,
    }
    return Plot(styled("How long a recovery took, test by test", finding, spec), finding, spark(minutes))


def _finding(shown: Sequence[Row]) -> str:
    timed = [one for one in shown if one.took is not None]
    aimed = [one for one in timed if one.in_time is not None]
    took = timed[-1].took
    told = f"A recovery took {words.span(took)} the last time" if took is not None else ""
    if aimed:
        told += f"; {sum(one.in_time is True for one in aimed)} of {len(aimed)} kept the target"
    for status, what in ((drill_log.MISSED, "missed"), (Result.FAIL, "failed")):
        count = sum(one.status == status for one in shown)
        told += f"; {words.many(count, 'test')} {what}" if count else ""
    return f"{told}."


def _names(shown: Sequence[Row]) -> list[str]:
    """A name for each that no other has: those of one day are told apart by their hour."""
    days = [f"{one.occasion or 'in between'} · {one.at:%-d %b %y}" for one in shown]
    return [f"{day}, {one.at:%H:%M:%S}" if days.count(day) > 1 else day for one, day in zip(shown, days, strict=True)]


def _value(one: Row, name: str) -> Spec:
    took = f"{words.span(one.took)}, " if one.took is not None else ""
    missing = "" if one.took is not None or one.status == drill_log.MISSED else ", nothing restored"
    if missing and one.rows is not None:
        missing = ", not measured"
    return {
        "test": name,
        "minutes": _minutes(one),
        "result": one.status,
        "label": f"{took}{one.status}{missing}",
        "size": one.size or 0,
        "told": words.size(one.size) if one.size is not None else "",
    }


def _recoveries(shown: Sequence[Row], names: Sequence[str], longest: float) -> Spec:
    x: Spec = {"field": "minutes", "type": "quantitative", "axis": {"title": "minutes to recover", "tickCount": 5}}
    y = _tests(names, {"title": None, "labelLimit": 200, "labelPadding": 12})
    colour, shape = _told_apart([TONES[tone] for tone in _COLOURS.values()]), _told_apart(list(_SHAPES.values()))
    place = {"x": x, "y": y}
    layers: list[Spec] = [
        *_target(shown, longest),
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": {**place, "x2": {"datum": 0}, "color": colour}},
        {
            "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
            "encoding": {**place, "color": colour, "shape": shape},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 11, "color": INK},
            "encoding": {**place, "text": {"field": "label"}},
        },
    ]
    return {"width": _TIMES, "height": {"step": _STEP}, "layer": layers}


def _target(shown: Sequence[Row], longest: float) -> list[Spec]:
    """The newest target, as a line with its name above."""
    target = next((one.target for one in reversed(shown) if one.target is not None), None)
    if target is None or target.total_seconds() / 60 > longest * _FAR:
        return []
    x: Spec = {"datum": target.total_seconds() / 60, "type": "quantitative"}
    once: Spec = {"data": {"values": [{}]}}
    name = {"type": "text", "color": QUIET, "baseline": "bottom", "text": f"target {words.span(target)}"}
    return [
        {**once, "mark": {"type": "rule", "color": QUIET, "strokeDash": [4, 3]}, "encoding": {"x": x}},
        {**once, "mark": name, "encoding": {"x": x, "y": {"value": -3}}},
    ]


def _sizes(names: Sequence[str]) -> Spec:
    x: Spec = {"field": "size", "type": "quantitative", "axis": None}
    place = {"x": x, "y": _tests(names, None)}
    bars: Spec = {"mark": {"type": "bar", "color": TONES[Tone.WORKING], "height": 8}, "encoding": place}
    told: Spec = {
        "mark": {"type": "text", "align": "left", "dx": 6, "color": INK},
        "encoding": {**place, "text": {"field": "told"}},
    }
    title = {"text": "Size of the copy", "fontSize": 12, "fontWeight": 400, "color": QUIET, "offset": 6}
    return {"width": _SIZES, "height": {"step": _STEP}, "title": title, "layer": [bars, told]}


def _tests(names: Sequence[str], axis: Spec | None) -> Spec:
    return {"field": "test", "type": "nominal", "sort": list(names), "axis": axis}


def _told_apart(by: Sequence[str]) -> Spec:
    return {"field": "result", "type": "nominal", "scale": {"domain": list(_SHAPES), "range": by}, "legend": None}


def _minutes(one: Row) -> float:
    return round(one.took.total_seconds() / 60, 2) if one.took is not None else 0.0
