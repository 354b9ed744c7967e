"""Knows what is said of a drill as evidence, as values. Knows nothing of how it is found out, written or checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import AwareDatetime

from bot.domain.backups import BackupId, EnvironmentName, Record
from bot.domain.drill_events import Link, Scored
from bot.domain.incident_events import Event, IncidentId
from bot.domain.people import PersonId
from bot.domain.snapshot import Report

Outcome = Literal["pass", "partial", "fail", "cancelled", "not concluded"]
Purpose = Literal["restore", "put back"]


class Who(Record):
    """Somebody, by the name they had."""

    id: PersonId
    name: str


class Copy(Record):
    """A copy that it went by; `rows` per table."""

    what: Literal["under test", "target before"]
    id: BackupId
    environment: EnvironmentName
    snapshot_at: AwareDatetime
    size: int
    sha256: str
    verdict: str
    made_for_this: bool
    rows_in_all: int
    rows: dict[str, int]


class DryRun(Record):
    """What Convex said that an import would do, and in which deployment, as the server calls itself."""

    purpose: Purpose
    at: AwareDatetime
    import_id: str
    digest: str
    copy_id: BackupId
    target: EnvironmentName
    deployment: str
    url: str
    create: int
    delete: int


class Approval(Record):
    """Somebody's answer to a dry run, by the digest that they were shown."""

    at: AwareDatetime
    by: Who
    digest: str
    agreed: bool
    reason: str = ""


class Import(Record):
    """An import that was performed, from its upload to its end."""

    purpose: Purpose
    import_id: str
    rows: int
    began_at: AwareDatetime
    ended_at: AwareDatetime
    seconds: float


class Check(Record):
    """A verification query as it was answered last. `ok` null: it could not be asked."""

    key: str
    title: str
    expected: str
    found: str
    ok: bool | None


class Step(Record):
    """A step of the procedure. `seconds` null: it was never begun, or never ended."""

    number: int
    key: str
    title: str
    state: str
    automatic: bool
    assignee: Who | None
    started_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    seconds: float | None
    budget_seconds: float
    evidence: str


class Deviation(Record):
    """What was done otherwise than the procedure says, and why."""

    at: AwareDatetime
    by: Who
    what: str
    reason: str


class FollowUp(Record):
    """What is to be done afterwards."""

    key: str
    text: str
    owner: Who | None
    due_at: AwareDatetime | None
    done_at: AwareDatetime | None


class Recovery(Record):
    """What a real restore would have taken: from the begin of the import to the last query, against the target.

    `waited_seconds` of it went by until somebody agreed.
    """

    seconds: float | None
    waited_seconds: float | None
    target_seconds: float | None
    met: bool | None


class Chain(Record):
    """The record that all this is made from. `hash` is that of its last event, and `closing` the event with which the
    drill was over, whose hash was posted in its channel then; null before.
    """

    events: int
    last_at: AwareDatetime
    hash: str
    closing: Link | None


class Evidence(Record):
    """Everything that is said of a drill.

    `previous` is where the record of the one that was begun last before stood when this one began, and `tools` what it
    was held with: both are events of the record.
    """

    drill: IncidentId
    title: str
    project: str
    rehearsal: bool
    occasion: str
    scenario: str
    source: EnvironmentName
    target: EnvironmentName
    began_at: AwareDatetime
    began_by: Who
    ended_at: AwareDatetime | None
    people: tuple[Who, ...]
    result: Outcome
    concluded_by: Who | None
    procedure_proved_right: bool | None
    notes: str
    findings: tuple[str, ...]
    recovery: Recovery
    copies: tuple[Copy, ...]
    copy_verified: bool
    dry_runs: tuple[DryRun, ...]
    approvals: tuple[Approval, ...]
    imports: tuple[Import, ...]
    checks: tuple[Check, ...]
    steps: tuple[Step, ...]
    deviations: tuple[Deviation, ...]
    follow_ups: tuple[FollowUp, ...]
    cancelled: str
    clean_up: tuple[str, ...]
    score: Scored | None
    record: Chain
    previous: Link | None
    tools: dict[str, str]

    @property
    def under_test(self) -> Copy | None:
        """The copy that was tested."""
        return next((one for one in self.copies if one.what == "under test"), None)


@dataclass(frozen=True, slots=True)
class Dossier:
    """Evidence with what it was made from, and the versions by which: `made_with` is no part of the record.

    `verification` is None where the copy was never checked.
    """

    evidence: Evidence
    happened: tuple[Event, ...]
    verification: Report | None
    made_with: Mapping[str, str]
