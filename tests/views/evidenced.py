"""The cards that evidence of a drill is handed over with, each with a name fit for a file."""

from collections.abc import Iterator
from datetime import timedelta

from bot.chat.cards import Card
from bot.domain.evidence import Dossier
from bot.domain.evidence_made import dossier
from bot.domain.incident_events import Closed
from bot.views import boards
from bot.views.evidence_card import evidence_card, sealed_card
from tests.domain.test_health import PLAN
from tests.evidence_files import MADE_WITH, link, rows_of
from tests.views.drill_stages import Q4, Course, cancelled, failed, passed, rehearsal, running, verification


def made(course: Course) -> Dossier:
    """What the evidence of a drill is made of."""
    return dossier(course.events, [one.hash for one in rows_of(course.events)], verification(course), MADE_WITH)


def _card(course: Course) -> Card:
    return evidence_card(made(course), f"evidence-{course.id}.zip", 84_211)


def _sealed(course: Course) -> Card:
    """The end of a drill, as its channel keeps it."""
    over = next(one for one in course.events if isinstance(one.body, Closed))
    hash_ = rows_of(course.events)[over.seq - 1].hash
    return sealed_card(boards.said(course.stands, over, PLAN), course.id, over.seq, hash_)


_BEFORE = link(passed(Q4 - timedelta(days=91), "2026-Q3").events)
GOLDEN: dict[str, Card] = {
    "drill_evidence": _card(failed(previous=_BEFORE)),
    "drill_over": _sealed(failed()),
    "drill_evidence_running": _card(running()),
}
_OTHERS = (_card(passed()), _card(cancelled()), _card(rehearsal()), _sealed(cancelled()), _sealed(rehearsal()))


def cards() -> Iterator[Card]:
    """Every card about evidence."""
    yield from GOLDEN.values()
    yield from _OTHERS
