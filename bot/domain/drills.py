"""Knows how a drill stands beside its checklist: copies, dry runs, who agreed, checks, result.

Knows nothing of incidents, though a drill is one that is stamped practice.
"""

from collections.abc import Mapping
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from bot.domain import drill_events as events
from bot.domain.backups import BackupId, Record
from bot.domain.checklist import Move
from bot.domain.drill_events import CopyTaken, DrillConcluded, ImportPlanned, Practice, Result
from bot.domain.incident_events import Event, StepMoved, Undone
from bot.domain.people import LIFEBOAT, PersonId

PRACTICE = "PRACTICE"
"""What everything that is shown of a drill is stamped with."""
DOCUMENT = "document"
"""The key of the step in which the tester says how it went."""
COPY, TARGET = "copy", "target"
"""What a check's key begins with: of what it was asked."""


class TestLogRow(Record):
    """One line of the test log: when, how it ended ("pass", "partial", "fail"), what was seen, who ran it."""

    __test__ = False  # pytest collects classes by this prefix; the document calls it the test log

    on: date
    status: str
    notes: str
    tester: str


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Check(_Part):
    """One verification query, as it was answered last. `ok` None: it could not be asked."""

    key: str
    title: str
    expected: str
    found: str
    ok: bool | None

    @property
    def of(self) -> str:
        """COPY or TARGET: of what it was asked."""
        return self.key.partition(".")[0]


class Deviation(_Part):
    """Something that was done otherwise than the procedure says."""

    what: str
    reason: str
    by: PersonId
    at: datetime


class Agreement(_Part):
    """Somebody agreed to an import, of which the dry run was shown at `asked_at`."""

    by: PersonId
    by_name: str
    at: datetime
    digest: str
    asked_at: datetime | None = None


class Progress(_Part):
    """How far what Lifeboat waits for is, in words and as `done` of `total` (None: unknown). It is shown, no record."""

    words: str
    done: float = 0
    total: float | None = None
    at: datetime


class Imported(_Part):
    """An import that was performed, from its upload to its end; `copy_id` is what its dry run was of."""

    import_id: str
    copy_id: BackupId | None
    rows: int
    began_at: datetime
    ended_at: datetime


class Drill(_Part):
    """How it stands. `tested` is the copy under test, `safety` the target's own state, `work` the newest piece of work
    of each step that has one, `rounds` how often a step was begun. `checks` speak of the copy under test and of what
    the last import left, and of nothing before; the target answered the last of them at `checked_at`. `concluded_at` is
    when it was concluded first: that somebody looked at it again later makes no test late.

    `planned` is the newest dry run and `agreed` who agreed to it; a new dry run has no agreement yet.
    """

    practice: Practice
    tested: CopyTaken | None = None
    safety: CopyTaken | None = None
    work: Mapping[str, str] = {}
    rounds: Mapping[str, int] = {}
    planned: ImportPlanned | None = None
    planned_at: datetime | None = None
    agreed: tuple[Agreement, ...] = ()
    refused: str = ""
    imported: Imported | None = None
    put_back: Imported | None = None
    checks: tuple[Check, ...] = ()
    checked_at: datetime | None = None
    deviations: tuple[Deviation, ...] = ()
    concluded: DrillConcluded | None = None
    concluded_by: PersonId | None = None
    concluded_at: datetime | None = None
    cancelled_at: datetime | None = None
    cancelled: str = ""
    cleaned: tuple[str, ...] | None = None
    hinted: tuple[str, ...] = ()
    score: events.Scored | None = None
    tools: Mapping[str, str] = {}

    @property
    def result(self) -> Result | None:
        """How it ended, as the tester said; None before, and of one that was cancelled."""
        return self.concluded.result if self.concluded else None

    @property
    def ending(self) -> bool:
        """Whether nothing is left to be done but to clean up."""
        return self.concluded is not None or self.cancelled_at is not None


def evolve_drill(drill: Drill, event: Event) -> Drill:
    """How a drill stands after one more event. Never refuses what is recorded."""
    return drill.model_copy(update=dict(_change(drill, event)))


def _change(drill: Drill, event: Event) -> Mapping[str, object]:
    match event.body:
        case StepMoved(step=step, move=Move.START):
            before = drill.rounds.get(step, 0)
            # A dry run that an earlier round has left is nobody's to agree to any more.
            lapsed = bool(before and drill.planned and event.by == LIFEBOAT.id)
            refused = drill.refused or ("the step was begun again" if lapsed else "")
            return {"rounds": {**drill.rounds, step: before + 1}, "refused": refused}
        case StepMoved(step="document", move=Move.REOPEN) | Undone(step="document"):
            return {"concluded": None, "concluded_by": None}
        case events.DrillWork() as begun:
            return {"work": {**drill.work, begun.step: begun.operation}}
        case CopyTaken() as taken:
            return {"safety": taken} if taken.safety else {"tested": taken, **_without(drill, taken)}
        case ImportPlanned(put_back=True) as planned:
            # Nobody is asked about it: who agreed to the other import stays known.
            return {"planned": planned, "planned_at": event.at}
        case ImportPlanned() as planned:
            return {"planned": planned, "planned_at": event.at, "agreed": (), "refused": ""}
        case events.ImportAgreed(digest=digest):
            said = Agreement(by=event.by, by_name=event.by_name, at=event.at, digest=digest, asked_at=drill.planned_at)
            return {"agreed": (*drill.agreed, said)}
        case events.ImportRefused(reason=reason):
            return {"refused": reason, "agreed": ()}
        case events.Imported() as done:
            return _imported(drill, done, event.at)
        case events.Checked() as asked:
            check = Check(**asked.model_dump(exclude={"type"}))
            others = tuple(one for one in drill.checks if one.key != check.key)
            return {"checks": (*others, check), **({"checked_at": event.at} if check.of == TARGET else {})}
        case events.Deviated() as other:
            deviation = Deviation(what=other.what, reason=other.reason, by=event.by, at=event.at)
            return {"deviations": (*drill.deviations, deviation)}
        case DrillConcluded() as concluded:
            first = drill.concluded_at or event.at
            return {"concluded": concluded, "concluded_by": event.by, "concluded_at": first}
        case events.DrillCancelled(reason=reason):
            return {"cancelled_at": event.at, "cancelled": reason}
        case events.Hinted(step=step):
            return {"hinted": (*drill.hinted, step)}
        case events.Scored() as scored:
            return {"score": scored}
        case events.ToolsNoted(tools=tools):
            return {"tools": {**drill.tools, **tools}}
        case events.CleanedUp(lines=lines):
            return {"cleaned": lines}
    return {}


def _without(drill: Drill, taken: CopyTaken) -> Mapping[str, object]:
    """Nothing that was found of another copy speaks of this one."""
    same = drill.tested is not None and drill.tested.copy_id == taken.copy_id
    return {} if same else {"checks": (), "checked_at": None}


def _imported(drill: Drill, done: events.Imported, at: datetime) -> Mapping[str, object]:
    shown = drill.planned
    copy_id = shown.copy_id if shown is not None and shown.import_id == done.import_id else None
    imported = Imported(import_id=done.import_id, copy_id=copy_id, rows=done.rows, began_at=done.began_at, ended_at=at)
    if done.put_back:
        return {"put_back": imported}
    # What the target answered before speaks of what it held before.
    checks = tuple(one for one in drill.checks if one.of != TARGET)
    return {"imported": imported, "put_back": None, "checks": checks, "checked_at": None}
