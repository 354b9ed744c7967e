"""Knows how the record of an incident is read: caught up with in ten lines, whole, and proved. Knows no board."""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.cards import Bold, Buttons, Card, Items, Line, Span, Tone, When, fields, text
from bot.domain.checklist import State
from bot.domain.incident_events import Event, Noted, Point, Prompted
from bot.domain.incidents import Incident, LetterState
from bot.domain.plan import Plan, Step
from bot.views import words
from bot.views.actions import say
from bot.views.incident import stopped_words
from bot.views.incident_said import line_of
from bot.views.incident_steps import name_of

_LINES = 10
_EVENTS = 150


def catchup_card(incident: Incident, happened: Sequence[Event], plan: Plan, now: datetime) -> Card:
    """What somebody who has just joined must know, in ten lines."""
    ended = incident.closed_at or now
    lines: list[Line] = [
        (Bold("What: "), incident.what),
        (
            Bold("Since: "),
            When(incident.opened_at),
            f", {words.span(ended - incident.opened_at)}{_left(incident, now)}",
        ),
    ]
    if incident.drill is None:
        lines.append((Bold("Go back to: "), *_target(incident)))
        lines.append((Bold("Stopped: "), stopped_words(incident) or "nothing"))
    elif incident.drill.tested is not None:
        lines.append((Bold("Copy: "), incident.drill.tested.copy_id, ", of ", When(incident.drill.tested.snapshot_at)))
    if incident.letter is not None:
        lines.append((Bold("Letter to support: "), *_letter(incident.letter)))
    doing = [one for one in incident.checklist if incident.steps[one.key].state is State.DOING][:2]
    turns = [("Now", one) for one in doing] or [("Next", one) for one in (incident.current,) if one is not None]
    left = len(incident.open_steps)
    late: list[Line] = [(Bold(f"{turn}: "), _held(incident, step, plan)) for turn, step in turns]
    late.append((Bold("Open: "), f"{words.many(left, 'step')} of {len(incident.checklist)}"))
    decisions = [one for one in happened if isinstance(one.body, Noted) and one.body.decision]
    # The newest of them, as many as the ten lines leave room for.
    lines += [line_of(incident, one, plan) for one in decisions[-(_LINES - len(lines) - len(late)) :]]
    board = say("Show the board", f"/incident status --of {incident.id}", "primary")
    whole = say("Whole timeline", f"/incident timeline --of {incident.id}")
    return Card(f"Caught up: {incident.title}", (Items((*lines, *late)), Buttons((board, whole))), Tone.NEUTRAL)


def timeline_card(incident: Incident, happened: Sequence[Event], plan: Plan) -> Card:
    """Everything that happened, in its order; what Lifeboat asked by itself is left out."""
    told = [one for one in happened if not isinstance(one.body, Prompted)]
    shown = told[-_EVENTS:]
    lines: list[Line] = [(When(one.at), " · ", *line_of(incident, one, plan)) for one in shown]
    left = len(told) - len(shown)
    whole = "/incident report" if incident.drill is None else "/drill evidence"
    first = (text(f"The first {left} are left out here; {whole} has them all."),) if left else ()
    prove = Buttons((say("Prove that it is whole", f"/incident timeline --prove --of {incident.id}"),))
    return Card(f"Timeline: {incident.title}", (*first, Items(tuple(lines)), prove), Tone.NEUTRAL)


def chain_card(incident: Incident, broken: int | None) -> Card:
    """Whether the record is as it was written."""
    if broken is None:
        proved = text(
            f"Each of its {words.many(incident.seq, 'event')} carries the hash of the one before, and all fit."
        )
        return Card("The record is whole.", (proved,), Tone.GOOD)
    facts = fields([("First that does not fit", f"event {broken}"), ("Events recorded", str(incident.seq))])
    told = text("Something was changed, left out or put in outside Lifeboat. Do not rely on what follows that event.")
    return Card("The record is broken.", (facts, told), Tone.BAD)


def _letter(letter: LetterState) -> Line:
    if letter.answered_at is not None:
        return ("answered ", When(letter.answered_at))
    return ("sent ", When(letter.sent_at), ", no answer yet") if letter.sent_at is not None else ("not sent yet",)


def _held(incident: Incident, step: Step, plan: Plan) -> str:
    holder = incident.steps[step.key].assignee
    held = name_of(incident, plan, holder) if holder else "nobody"
    return f"{incident.number(step.key)}. {step.title}, held by {held}"


def _left(incident: Incident, now: datetime) -> str:
    if incident.recovered_at is not None:
        return f"; recovered after {words.span(incident.recovered_at - incident.opened_at)}"
    if incident.breaches_at is None:
        return "; no recovery target"
    left = incident.breaches_at - now
    return (
        f"; {words.span(left)} left" if left.total_seconds() > 0 else f"; the target was missed {words.span(left)} ago"
    )


def _target(incident: Incident) -> Sequence[Span]:
    held = incident.points.get(Point.TARGET)
    return (When(held.at), f" ({held.at:%Y-%m-%dT%H:%M:%SZ})") if held else ("not known yet",)
