"""Tests of the backups as cards, made by the real views of drills staged at fixed moments."""

from collections.abc import Iterator
from datetime import timedelta

from bot.chat.cards import Card
from bot.domain.checklist import Move
from bot.domain.drill_events import DrillConcluded, ImportAgreed, Imported, ImportPlanned
from bot.domain.drills import Progress
from bot.domain.incident_events import Event, Prompt, Prompted, RoomOpened
from bot.domain.incident_moves import find
from bot.views import boards
from bot.views.drill import begun_drill_card
from bot.views.incident_record import catchup_card, timeline_card
from tests.domain.test_health import PLAN
from tests.views import drill_stages
from tests.views.drill_stages import ADA, BEFORE, STAGES, STAGING, Course, running


def _failing() -> Course:
    """A check of the copy did not hold: somebody decides how it goes on."""
    course = running()
    course.begins("import")
    course.takes(STAGING, BEFORE, safety=True)
    course.ends("import", "Convex gave the import up: the file is damaged. Redo the step.", Move.FAIL)
    return course


def _to_conclude(*, lost: int = 0) -> Course:
    course = drill_stages.restored()
    course.checks("target", lost=lost)
    note = "Staging is not as expected: 3 of 4 checks hold, 1 do not." if lost else "4 of 4 checks hold."
    course.ends("queries", note, Move.FAIL if lost else Move.FINISH)
    return course


def _importing() -> Course:
    """Agreed to, and Convex is at it."""
    course = drill_stages.waiting_for_agreement()
    planned = course.drill.planned
    assert planned is not None
    course.happens(ImportAgreed(digest=planned.digest), by=ADA)
    return course


def _far(course: Course) -> Progress:
    at = course.at + timedelta(seconds=30)
    return Progress(words='Convex: Imported "posts" (20,480 documents)', done=3, total=8, at=at)


def _said(course: Course, kind: type) -> Card:
    return boards.said(course.stands, _event(course, kind), PLAN)


def _event(course: Course, kind: type) -> Event:
    """The first event of a kind."""
    return next(one for one in course.events if isinstance(one.body, kind))


def _question(course: Course) -> Card:
    asked = course.happens(Prompted(prompt=Prompt.NEXT, step="document", to=ADA.id))
    return boards.said(course.stands, asked, PLAN)


_WAITING, _PASSED, _FAILED = drill_stages.waiting_for_agreement(), drill_stages.passed(), drill_stages.failed()
GOLDEN = {
    **{f"drill_board_{name}": boards.board(STAGES[name]().stands, PLAN) for name in STAGES if name != "rehearsal"},
    "drill_board_importing": boards.board(_importing().stands, PLAN, progress=_far(_importing())),
    "drill_board_failing": boards.board(_failing().stands, PLAN),
    "drill_board_to_conclude": boards.board(_to_conclude().stands, PLAN),
    "drill_first": _said(_WAITING, RoomOpened),
    "drill_dry_run": _said(_WAITING, ImportPlanned),
    "drill_dry_run_done": _said(_PASSED, ImportPlanned),
    "drill_restored": _said(_PASSED, Imported),
    "drill_question": _question(_to_conclude(lost=12)),
    "drill_concluded": _said(_FAILED, DrillConcluded),
    "drill_announced": boards.announced(_WAITING.stands, PLAN),
    "drill_announced_over": boards.announced(_PASSED.stands, PLAN),
    "drill_step": boards.step(_FAILED.stands, find(_FAILED.stands, "queries"), PLAN),
}


def cards() -> Iterator[Card]:
    """Every card of a test, with whatever its events say."""
    yield from GOLDEN.values()
    for make in STAGES.values():
        course = make()
        yield from (boards.said(course.stands, one, PLAN) for one in course.events)
        yield from (boards.step(course.stands, one, PLAN) for one in course.stands.checklist)
        yield boards.stamp(course.stands, catchup_card(course.stands, course.events, PLAN, course.at))
        yield boards.stamp(course.stands, timeline_card(course.stands, course.events, PLAN))
        yield begun_drill_card(course.stands, PLAN, new=False)
