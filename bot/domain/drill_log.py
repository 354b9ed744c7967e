"""Knows the test log: what is remembered of each drill, and of the tests that nobody held. Pure.

Knows nothing of how it is shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain import drill_moves
from bot.domain.backups import BackupId
from bot.domain.calendar import Occasion, Standing
from bot.domain.drill_events import Result
from bot.domain.drills import Drill
from bot.domain.incident_events import IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import PersonId

CANCELLED, RUNNING, MISSED = "cancelled", "running", "missed"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the log. `took` is the measured recovery time and `waited` how much of it went by until somebody
    agreed; both None where nothing was restored. `size` is bytes, `sha256` hex; a missed test has no drill.
    """

    at: datetime
    occasion: str
    status: str
    notes: str = ""
    tester: PersonId | None = None
    tester_name: str = ""
    drill: IncidentId | None = None
    rehearsal: bool = False
    took: timedelta | None = None
    waited: timedelta | None = None
    target: timedelta | None = None
    rows: int | None = None
    copy: BackupId | None = None
    size: int | None = None
    sha256: str = ""
    held: int = 0
    checks: int = 0
    open_follow_ups: int = 0

    @property
    def in_time(self) -> bool | None:
        """Whether the recovery met its target; None where either is not known."""
        return None if self.took is None or self.target is None else self.took <= self.target


def log(drills: Iterable[Incident], occasions: Sequence[Occasion] = (), *, rehearsals: bool = False) -> tuple[Row, ...]:
    """Every test, newest first; the rehearsals instead, if they are asked for: they prove nothing about real copies."""
    rows = [
        _row(one, one.drill) for one in drills if one.drill is not None and one.drill.practice.rehearsal is rehearsals
    ]
    if not rehearsals:
        rows += [
            Row(one.due_at, one.key, MISSED, "Nobody held it.") for one in occasions if one.standing is Standing.MISSED
        ]
    return tuple(sorted(rows, key=lambda row: row.at, reverse=True))


def pending(statuses: Iterable[str]) -> bool:
    """Whether the first test is still to be held: none of the document's year ended with a result."""
    return not {*statuses} & {*map(str, Result)}


def _row(incident: Incident, drill: Drill) -> Row:
    tested = drill.tested
    return Row(
        at=incident.opened_at,
        occasion=drill.practice.occasion,
        status=_status(incident, drill),
        notes=_notes(incident, drill),
        tester=drill.concluded_by or incident.opened_by,
        tester_name=incident.names.get(drill.concluded_by or incident.opened_by, ""),
        drill=incident.id,
        rehearsal=drill.practice.rehearsal,
        took=drill_moves.recovery_time(drill),
        waited=drill_moves.waited(drill),
        target=incident.recover_within,
        rows=drill.imported.rows if drill.imported else None,
        copy=tested.copy_id if tested else None,
        size=tested.size if tested else None,
        sha256=tested.sha256 if tested else "",
        held=sum(one.ok is True for one in drill.checks),
        checks=len(drill.checks),
        open_follow_ups=sum(one.done_at is None for one in incident.follow_ups),
    )


def _status(incident: Incident, drill: Drill) -> str:
    if drill.cancelled_at is not None:
        return CANCELLED
    if drill.result is not None:
        return str(drill.result)
    return RUNNING if incident.closed_at is None else CANCELLED


def _notes(incident: Incident, drill: Drill) -> str:
    if drill.cancelled_at is not None:
        return drill.cancelled
    said = [drill.concluded.notes] if drill.concluded and drill.concluded.notes else []
    if drill.concluded is not None and drill.concluded.result is not Result.PASS and not said:
        said = [one.text for one in incident.follow_ups[:2]]
    said += [f"{one.what} ({one.reason})" for one in drill.deviations]
    return " ".join(f"{one.rstrip('. ')}." for one in said)
