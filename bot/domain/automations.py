"""Knows what an incident's automations leave, as records: questions to a second person, test runs, watches.

Knows nothing of where they are kept, or of how they are shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.incident_events import IncidentId
from bot.domain.people import PersonId


class Answer(StrEnum):
    """How a question stands; `alone` is the break-glass of somebody who had nobody to ask."""

    OPEN = "open"
    AGREED = "agreed"
    REFUSED = "refused"
    EXPIRED = "expired"
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Approval:
    """A question: exactly what is to be done, bound by `digest` and said in `words`; who asks, until when, and who
    answered.
    """

    code: str
    incident: IncidentId
    action: str
    arguments: Mapping[str, str]
    digest: str
    words: str
    asked_by: PersonId
    asked_by_name: str
    asked_at: datetime
    expires_at: datetime
    answer: Answer = Answer.OPEN
    reason: str = ""
    answered_by: PersonId | None = None
    answered_by_name: str = ""
    answered_at: datetime | None = None
    begun_at: datetime | None = None


class RunPhase(StrEnum):
    """Where a run stands; only the first goes on. `broken` could not be run to its end."""

    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """One run. `after` is the incident's last event when it was asked for. `attempts` counts how often it was begun: a
    process that died leaves it to be begun again.

    `lines` and `tail` are what it has printed so far: how much, and the last of it. The whole output is kept apart.
    """

    id: str
    incident: IncidentId
    suite: str
    phase: RunPhase
    started_by: PersonId
    started_by_name: str
    started_at: datetime
    after: int
    attempts: int = 0
    lines: int = 0
    tail: str = ""
    passed: int | None = None
    failed: int | None = None
    url: str = ""
    problem: str = ""
    cancel_by: PersonId | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """Errors are watched from one moment to another; `told_at` is when it was said how they went."""

    incident: IncidentId
    since: datetime
    until: datetime
    told_at: datetime | None = None
