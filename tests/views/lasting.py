"""What is lastingly wrong, and scheduled exports, as cards, made by the real views of fixed records."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import time, timedelta
from typing import Any

from bot.chat.cards import Card
from bot.domain import health
from bot.domain.backups import Backup, Observation, Operation, OperationId, OperationKind, Phase
from bot.domain.conditions import Condition, ConditionId, Kind
from bot.domain.export_schedule import Slot, SlotState
from bot.domain.health import Health
from bot.domain.people import LIFEBOAT
from bot.domain.snapshot import Severity, Verdict
from bot.views.conditions import muted_card, over_card, reminder_card
from bot.views.operation import operation_card
from bot.views.schedule import planned_card, watched_lines
from bot.views.status import status_card
from tests.domain.test_health import NOW, PLAN, PRODUCTION, copy, observed

NIGHTLY = PRODUCTION.model_copy(update={"export_at": time(2), "export_zone": "Europe/Berlin"})
OLD = copy("production-20261119-0100-k7f3", timedelta(days=3, hours=2))
_NIGHT = NOW - timedelta(hours=2)
_WORDS = "02:00 Europe/Berlin"
MISSED = Slot(NIGHTLY.name, _NIGHT - timedelta(days=1), _WORDS, SlotState.MISSED)
RETRY = Slot(
    *(NIGHTLY.name, _NIGHT, _WORDS, SlotState.RETRY, _NIGHT, OperationId("production-20261122-0100-aaaa"), 1),
    again_at=NOW + timedelta(minutes=12),
    problem="Convex did not accept Lifeboat's key.",
    hint="Make a new one: dashboard, Settings → Deploy keys.",
)
GIVEN_UP = replace(RETRY, state=SlotState.FAILED, attempts=2, again_at=None)


def judged(*copies: Backup, seen: Observation | None = None, connected: bool = True) -> Health:
    return health.judge(NIGHTLY, copies, seen or observed(), None, NOW, connected=connected)


def condition(kind: Kind, number: int = 1, **more: Any) -> Condition:
    since = NOW - timedelta(days=number - 1, hours=5)
    found = Condition(ConditionId(f"production-{kind}-1"), NIGHTLY.name, kind, since, since, number, NOW)
    return replace(found, **more)


def _reminder(kind: Kind, found: Health, *amiss: Slot, number: int = 1) -> Card:
    return reminder_card(condition(kind, number), number, found, amiss, NOW)


def _export(slot: Slot, phase: Phase, *missed: Slot) -> Card:
    begun = slot.begun_at or slot.at
    operation = Operation(
        id=slot.operation or OperationId("production-20261122-0255-m9pl"),
        kind=OperationKind.EXPORT,
        environment=NIGHTLY.name,
        phase=phase,
        started_at=begun,
        started_by=LIFEBOAT.id,
        phase_at=begun,
        updated_at=NOW,
        ended_at=NOW if phase.ended else None,
        problem=slot.problem,
        hint=slot.hint,
    )
    return planned_card(operation_card(operation, None, None, PLAN, NOW), operation, slot, missed)


def _status() -> Card:
    lines = watched_lines(NIGHTLY, [RETRY, MISSED], [condition(Kind.NO_FRESH_COPY), condition(Kind.SCHEDULE)], NOW)
    return status_card([judged(OLD)], PLAN.project, None, (), NOW, watched={NIGHTLY.name: lines})


def _expiring() -> Health:
    newer = copy("production-20261122-0200-w4ve", timedelta(hours=1), Verdict.FINDINGS, worst=Severity.WARNING)
    return judged(copy("production-20261025-0200-0ars", timedelta(days=28)), newer)


def _unseen() -> Health:
    seen = {
        "seen_at": NOW - timedelta(hours=5),
        "problem": "Convex did not answer.",
        "hint": "I look again in a minute.",
    }
    return judged(OLD, seen=observed().model_copy(update=seen))


_QUIET = condition(
    Kind.NO_FRESH_COPY,
    muted_until=NOW + timedelta(days=3),
    muted_by="Ada Okafor",
    muted_reason="Convex moves us to EU",
)
GOLDEN: dict[str, Card] = {
    "condition_muted": reminder_card(_QUIET, 1, judged(OLD), (), NOW),
    "condition_muted_answer": muted_card(_QUIET, NIGHTLY),
    "condition_expires": _reminder(Kind.EXPIRES, _expiring()),
    "condition_no_copy": _reminder(Kind.NO_FRESH_COPY, judged()),
    "condition_no_fresh_copy": _reminder(Kind.NO_FRESH_COPY, judged(OLD), number=2),
    "condition_not_connected": _reminder(Kind.UNSEEN, judged(OLD, connected=False), number=3),
    "condition_over": over_card(condition(Kind.SCHEDULE, 2, ended_at=NOW), NIGHTLY),
    "condition_schedule": _reminder(Kind.SCHEDULE, judged(OLD), MISSED, RETRY),
    "condition_schedule_given_up": _reminder(Kind.SCHEDULE, judged(OLD), GIVEN_UP, number=2),
    "condition_unseen": _reminder(Kind.UNSEEN, _unseen()),
    "export_planned_failed": _export(RETRY, Phase.FAILED),
    "export_planned_late": _export(replace(RETRY, state=SlotState.BEGUN, begun_at=NOW), Phase.EXPORTING, MISSED),
    "status_lasting": _status(),
}


def cards() -> Iterator[Card]:
    """Every card of these, and what a reminder and the end of one become later."""
    yield from GOLDEN.values()
    yield reminder_card(condition(Kind.SCHEDULE, ended_at=NOW), 1, judged(OLD), (), NOW)
    yield over_card(condition(Kind.UNSEEN), None)
    yield muted_card(condition(Kind.UNSEEN), NIGHTLY)
