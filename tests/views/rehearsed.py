"""Rehearsals as cards, made by the real views of fixed records."""

from collections.abc import Iterator
from datetime import timedelta

from bot.chat.cards import Card
from bot.domain.drill_events import Hinted, Scored, ScoreLine
from bot.domain.incident_events import IncidentId
from bot.domain.snapshot import Severity, Verdict
from bot.views.boards import announced, board
from bot.views.rehearsal import (
    begun_rehearsal_card,
    choose_card,
    chosen_card,
    first_rehearsal_card,
    hint_card,
    scenarios_card,
    score_card,
)
from tests.domain.test_health import NOW, PLAN, copy
from tests.domain.test_scoring import RULES, Played, played
from tests.domain.test_scoring import copy as taken

GOOD = copy("rehearsal-drill-1a2b3c4d", timedelta(minutes=9))
DAMAGED = copy("rehearsal-drill-5e6f7a8b", timedelta(minutes=4), Verdict.FINDINGS, worst=Severity.ERROR)
SCORED = Scored(
    scenario="bad-migration",
    title=RULES.scenario("bad-migration").title,
    story=RULES.scenario("bad-migration").story,
    total=77,
    best=95,
    last=60,
    lines=(
        ScoreLine(title="Find out what is wrong", points=7, most=10, why="6 minutes, of 6 minutes that there were."),
        ScoreLine(title="A copy from before it happened", points=30, most=30, why="It was made before it happened."),
        ScoreLine(title="Hints: 2", points=-10, most=0, why="For Find out what is wrong; Restore it."),
    ),
)


def _striking() -> Played:
    course = Played()
    course.by_lifeboat("snapshot", taken("good", NOW))
    course.by_lifeboat("strike")
    return course


GOLDEN = {
    "rehearsal_board": board(_striking().stands, PLAN),
    "rehearsal_first": first_rehearsal_card(Played().stands),
    "rehearsal_score": score_card(SCORED),
    "rehearsal_scenarios": scenarios_card(RULES, {"bad-migration": 95}),
    "rehearsal_choose": choose_card([DAMAGED, GOOD], IncidentId("2026-12-01-rehearsal"), NOW),
}


def cards() -> Iterator[Card]:
    """Every card of a rehearsal."""
    yield from GOLDEN.values()
    yield score_card(SCORED.model_copy(update={"best": None, "last": None, "total": 20}))
    yield hint_card(Hinted(step="scope", text="Look at the rows."), 5)
    yield choose_card([], IncidentId("2026-12-01-rehearsal"), NOW)
    for new in (True, False):
        yield begun_rehearsal_card(Played().stands, new=new)
    for course in (Played(), played()):
        yield announced(course.stands, PLAN)
        yield board(course.stands, PLAN)
    yield chosen_card(played().stands)
