"""Knows how the tests are plotted over the quarters: how long a recovery took, against its target. Knows no drill."""

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


def log_plot(rows: Sequence[Row]) -> Plot | None:
    """The newest tests, oldest first: minutes of recovery, size and result; None where there are no two to compare."""
    shown = [one for one in reversed(rows) if one.status in _SHAPES][-_MOST:]
    timed = [one for one in shown if one.took is not None]
    if len(timed) < 2:
        return None
    target = next((one.target for one in reversed(timed) if one.target is not None), None)
    minutes = [_minutes(one) for one in timed]
    values = [
        {
            "test": f"{one.occasion or 'test'} · {one.at:%-d %b %y}",
            "minutes": _minutes(one) if one.took is not None else 0,
            "result": one.status,
            "label": f"{one.status}{f', {words.size(one.size)}' if one.size is not None else ''}",
        }
        for one in shown
    ]
    order = [one["test"] for one in values]
    x: Spec = {"field": "minutes", "type": "quantitative", "axis": {"title": "minutes to recover", "tickCount": 5}}
    y: Spec = {"field": "test", "type": "nominal", "sort": order, "axis": {"title": None, "labelLimit": 200}}
    names = list(_SHAPES)
    colour = {
        "field": "result",
        "type": "nominal",
        "scale": {"domain": names, "range": [TONES[_COLOURS[name]] for name in names]},
        "legend": None,
    }
    shape = {
        "field": "result",
        "type": "nominal",
        "scale": {"domain": names, "range": list(_SHAPES.values())},
        "legend": None,
    }
    layers: list[Spec] = [
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": {"x": x, "x2": {"datum": 0}, "y": y, "color": colour}},
        {
            "mark": {"type": "point", "filled": True, "size": 110, "opacity": 1},
            "encoding": {"x": x, "y": y, "color": colour, "shape": shape},
        },
        {
            "mark": {"type": "text", "align": "left", "dx": 11, "color": INK},
            "encoding": {"x": x, "y": y, "text": {"field": "label"}},
        },
    ]
    close = target is not None and target.total_seconds() / 60 <= max(minutes) * 4
    if target is not None and close:
        at = {"datum": target.total_seconds() / 60}
        layers.append({"mark": {"type": "rule", "color": QUIET, "strokeDash": [4, 3]}, "encoding": {"x": at}})
    met = sum(one.in_time is True for one in timed)
    told = f"{words.span(timed[-1].took or timed[-1].at - timed[-1].at)} the last time"
    against = f", {met} of {len(timed)} within the target of {words.span(target)}" if target is not None else ""
    missed = sum(one.status == drill_log.MISSED for one in shown)
    gone = f"; {words.many(missed, 'test')} missed" if missed else ""
    failed = sum(one.status == Result.FAIL for one in shown)
    bad = f"; {words.many(failed, 'test')} failed" if failed else ""
    finding = f"A recovery took {told}{against}{gone}{bad}."
    spec: Spec = {"data": {"values": values}, "height": {"step": 30}, "layer": layers}
    title = "How long a recovery took, test by test"
    return Plot(styled(title, finding, spec), finding, spark(minutes))


def _minutes(one: Row) -> float:
    return round(one.took.total_seconds() / 60, 2) if one.took is not None else 0.0
