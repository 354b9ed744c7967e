"""Knows how rehearsals are shown: what can be practised, a hint, the points and the story. Knows no rule of either."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.chat.cards import Block, Bold, Buttons, Card, Choice, Heading, Items, Line, Pick, Table, Tone, When, text
from bot.domain.backups import Backup
from bot.domain.drill_events import Hinted, Scored
from bot.domain.incident_events import IncidentId
from bot.domain.plan import RehearsalPlan
from bot.domain.plan_rehearsals import SURPRISE
from bot.views import words
from bot.views.actions import SAY, say
from bot.views.copies import label, tone_of

_GOOD, _FAIR = 80, 50


def scenarios_card(plan: RehearsalPlan, best: Mapping[str, int]) -> Card:
    """What can be practised, with the best points so far. Whoever wants to be surprised reads no further."""
    begin = "/drill start --rehearsal --scenario"
    lines: list[Line] = [
        (
            Bold(one.title),
            f" · {one.key} · " + (f"best: {best[one.key]} points" if one.key in best else "not tried yet"),
        )
        for one in plan.scenarios
    ]
    choices = tuple(Choice(one.title[:75], one.key) for one in plan.scenarios)
    blocks: tuple[Block, ...] = (
        text("Something goes wrong in a simulated production: find out what, and restore it. Nothing real is touched."),
        Buttons((say("Surprise me", f"{begin} {SURPRISE}", "primary"),)),
        Items(tuple(lines)),
        Pick("Practise one", SAY(begin), choices),
    )
    return Card("What can be rehearsed", blocks)


def choose_card(copies: Sequence[Backup], incident: IncidentId, now: datetime) -> Card:
    """The copies of a rehearsal, to choose the one that is restored."""
    if not copies:
        return Card("There is no copy of this rehearsal yet.", (text("Lifeboat takes the first one by itself."),))
    rows = tuple(
        ((one.id,), (When(one.snapshot_at),), (f"{one.rows:,}" if one.rows is not None else "–",), (_worth(one),))
        for one in copies
    )
    choices = tuple(Choice(label(one, now)[:75], one.id) for one in copies)
    blocks: tuple[Block, ...] = (
        Table(("Copy", "Data as of", "Rows", "Check"), rows, numeric=(2,), tones=tuple(map(tone_of, copies))),
        Pick("Restore this one", SAY(f"/drill use --of {incident}"), choices),
        Pick("Show the report of", SAY("/backup report"), choices),
    )
    return Card("Which copy shall be restored?", blocks)


def hint_card(hint: Hinted, cost: int) -> Card:
    """A hint, and what it costs."""
    return Card(hint.text, (), Tone.NEUTRAL, (f"A hint costs {cost} of 100 points; this one is not charged again.",))


def score_card(score: Scored) -> Card:
    """The points with their reasons, how they compare, and what had happened."""
    rows = tuple(((one.title,), (_points(one.points, one.most),), (one.why,)) for one in score.lines)
    blocks: list[Block] = [
        text(_compared(score)),
        Table(("For", "Points", "Why"), rows, numeric=(1,)),
        Heading(f"What had happened: {score.title}"),
        text(score.story),
        Buttons(
            (
                say("Once more", f"/drill start --rehearsal --scenario {score.scenario}", "primary"),
                say("A surprise", f"/drill start --rehearsal --scenario {SURPRISE}"),
                say("What can be rehearsed", "/drill scenarios"),
            )
        ),
    ]
    tone = Tone.GOOD if score.total >= _GOOD else Tone.WARNING if score.total >= _FAIR else Tone.BAD
    return Card(f"{words.many(score.total, 'point')} of 100", tuple(blocks), tone)


def _worth(copy: Backup) -> str:
    if copy.verdict is None:
        return "not checked"
    return "would be restored" if copy.restorable else "damaged"


def _points(points: int, most: int) -> str:
    return f"{points} of {most}" if most else f"{points}"


def _compared(score: Scored) -> str:
    if score.best is None or score.last is None:
        return "The first time with this scenario."
    change = score.total - score.last
    than = f"{abs(change)} {'more' if change > 0 else 'fewer'} than" if change else "as many as"
    best = f"a new best, before it was {score.best}" if score.total > score.best else f"the best so far is {score.best}"
    return f"That is {than} the last time; {best}."
