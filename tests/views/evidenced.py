"""The cards that evidence of a drill is handed over with, each with a name fit for a file."""

from datetime import timedelta

from bot.chat.cards import Card
from bot.domain import evidence_chain
from bot.domain.evidence import Dossier
from bot.domain.evidence_chain import Link
from bot.domain.evidence_made import dossier
from bot.views.evidence_card import evidence_card
from tests.evidence_files import rows_of
from tests.views.drill_stages import Q4, Course, cancelled, failed, passed, rehearsal, running, verification


def made(course: Course, previous: Link | None = None) -> Dossier:
    """What the evidence of a drill is made of."""
    tools = {"lifeboat": "1.0", "python": "3.11"}
    return dossier(course.events, rows_of(course.events)[-1].hash, verification(course), previous, tools)


def _card(course: Course, previous: Link | None = None) -> Card:
    return evidence_card(made(course, previous), f"evidence-{course.id}.zip", 84_211)


_BEFORE = evidence_chain.link(rows_of(passed(Q4 - timedelta(days=91), "2026-Q3").events), Q4)
GOLDEN: dict[str, Card] = {
    "drill_evidence": _card(failed(), _BEFORE),
    "drill_evidence_running": _card(running()),
}
OTHERS = (_card(passed()), _card(cancelled()), _card(rehearsal()))
