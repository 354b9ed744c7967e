"""Knows how many points a rehearsal is worth, by its timeline alone. Knows nothing of how they are shown.

Of 100 points, 40 are for time, 30 for a copy from before it happened, and 30 for checks that hold afterwards; hints and
what was done blindly cost some. Time is charged to whatever step is people's to move on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from bot.domain import drill_moves
from bot.domain.checklist import State
from bot.domain.drill_events import Hinted, ImportRefused, Scored, ScoreLine
from bot.domain.durations import duration_words
from bot.domain.incident_events import Event
from bot.domain.incidents import Incident, evolve
from bot.domain.people import LIFEBOAT
from bot.domain.plan_parts import Automation, Step
from bot.domain.plan_rehearsals import RehearsalPlan

TIME, COPY, CHECKS = 40, 30, 30
"""How many points there are for each."""
REFUSED_COSTS = 5
"""For a dry run that was made of the wrong copy, or refused though it was of a good one."""
HELD_BY_ABSENT_COSTS = 5
STAND_IN = "rehearsal:"
"""What the id of somebody begins with who does not answer."""
_FULL, _NONE = Fraction(1, 2), Fraction(2)
"""The shares of a time budget within which all points are given, and from which on none are."""


@dataclass(slots=True)
class Spent:
    """What a step took of people's time: before anybody began it, and after."""

    waiting: timedelta = timedelta()
    working: timedelta = timedelta()

    @property
    def total(self) -> timedelta:
        return self.waiting + self.working


def score(happened: Sequence[Event], plan: RehearsalPlan, earlier: Sequence[int] = ()) -> Scored:
    """The points of a rehearsal; `earlier` are the totals of those before with the same scenario, oldest first."""
    stands = _moments(happened)[-1]
    assert stands.drill is not None
    scenario = plan.scenario(stands.drill.practice.scenario)
    lines = (*_times(stands, spent(happened)), _copy(stands), _checks(stands), *_costs(stands, happened, plan))
    return Scored(
        scenario=scenario.key,
        title=scenario.title,
        story=scenario.story,
        total=max(0, sum(one.points for one in lines)),
        lines=lines,
        best=max(earlier, default=None),
        last=earlier[-1] if earlier else None,
    )


def spent(happened: Sequence[Event]) -> Mapping[str, Spent]:
    """People's time on each step, by its key. What Lifeboat was at is nobody's."""
    found: dict[str, Spent] = {}
    for (before, then), (_, event) in pairwise(zip(_moments(happened), happened, strict=True)):
        step = before.current
        if step is None or before.closed_at is not None:
            continue
        took, held = event.at - then.at, before.steps[step.key]
        if drill_moves.automation_of(step) is None:
            share = found.setdefault(step.key, Spent())
            if held.state is State.DOING:
                share.working += took
            else:
                share.waiting += took
        elif before.drill and (held.state is State.FAILED or drill_moves.agreement_open(before.drill)):
            found.setdefault(step.key, Spent()).working += took
    return found


def _moments(happened: Sequence[Event]) -> list[Incident]:
    """How it stood after each event."""
    stands: list[Incident] = []
    for event in happened:
        stands.append(evolve(stands[-1] if stands else None, event))
    return stands


def _times(stands: Incident, taken: Mapping[str, Spent]) -> Iterator[ScoreLine]:
    steps = [one for one in stands.checklist if _of_people(one)]
    for place, step in enumerate(steps):
        most = TIME * (place + 1) // len(steps) - TIME * place // len(steps)
        took = taken.get(step.key, Spent())
        share = Fraction(took.total / step.within).limit_denominator(1000)
        part = min(max((_NONE - share) / (_NONE - _FULL), Fraction(0)), Fraction(1))
        ended = stands.steps[step.key].state is State.DONE
        yield ScoreLine(
            title=step.title, points=round(most * part) if ended else 0, most=most, why=_why(step, took, ended)
        )


def _of_people(step: Step) -> bool:
    """Whether people move it on: by doing it, or, where a copy is imported, by agreeing."""
    return drill_moves.automation_of(step) in (None, Automation.IMPORT)


def _why(step: Step, took: Spent, ended: bool) -> str:
    if not ended:
        return "It was not done."
    told = f"{duration_words(took.total)}, of {duration_words(step.within)} that there were."
    if took.waiting > took.working and took.waiting > step.within / 10:
        return f"{told} Most of it passed before anybody began."
    if took.total > step.within:
        return f"{told} The work itself took longest: practise this one."
    return told


def _copy(stands: Incident) -> ScoreLine:
    assert stands.drill is not None
    chosen, struck = stands.drill.tested, _struck(stands)
    title = "A copy from before it happened"
    if stands.drill.imported is None or chosen is None or struck is None:
        return ScoreLine(title=title, points=0, most=COPY, why="None was restored.")
    early = stands.steps[struck.key].started_at
    good = early is not None and chosen.snapshot_at < early
    why = f"{chosen.copy_id} was made {'before' if good else 'after'} it happened."
    return ScoreLine(title=title, points=COPY if good else 0, most=COPY, why=why)


def _struck(stands: Incident) -> Step | None:
    return next((one for one in stands.checklist if Automation.STRIKE in one.automations), None)


def _checks(stands: Incident) -> ScoreLine:
    assert stands.drill is not None
    asked = stands.drill.checks if stands.drill.imported else ()
    good = sum(one.ok is True for one in asked)
    wrong = [one.title for one in asked if one.ok is not True]
    why = "Nothing was restored, so nothing was checked." if not asked else f"{good} of {len(asked)} hold."
    why += f" Not so: {'; '.join(wrong[:3])}." if wrong else ""
    points = CHECKS * good // len(asked) if asked else 0
    return ScoreLine(title="Everything is back", points=points, most=CHECKS, why=why)


def _costs(stands: Incident, happened: Sequence[Event], plan: RehearsalPlan) -> Iterator[ScoreLine]:
    hinted = [event.body for event in happened if isinstance(event.body, Hinted)]
    if hinted:
        titles = dict.fromkeys(step.title for one in hinted if (step := stands.step(one.step)))
        why = f"For {'; '.join(titles)}."
        yield ScoreLine(title=f"Hints: {len(hinted)}", points=-plan.hint_costs * len(hinted), most=0, why=why)
    refused = sum(isinstance(event.body, ImportRefused) and event.by != LIFEBOAT.id for event in happened)
    if refused:
        why = "Look at the copies before you choose one: a dry run takes time."
        yield ScoreLine(title=f"Dry runs refused: {refused}", points=-REFUSED_COSTS * refused, most=0, why=why)
    left = [one for one in stands.checklist if (stands.steps[one.key].assignee or "").startswith(STAND_IN)]
    if left:
        why = "They were done while somebody held them who does not answer: nobody else could see that."
        cost = -HELD_BY_ABSENT_COSTS * len(left)
        yield ScoreLine(title=f"Steps never taken over: {len(left)}", points=cost, most=0, why=why)
