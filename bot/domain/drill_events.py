"""Knows what can happen in a drill beside the moves of its checklist, each as a record of its own.

Knows nothing of what follows from it. Names are a public format, like those of `bot.domain.incident_events`.
"""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime

from bot.domain.backups import BackupId, EnvironmentName, OperationId, Record


class Result(StrEnum):
    """How a drill ended, from best to worst."""

    PASS = "pass"  # noqa: S105 - the word of the test log, no password
    PARTIAL = "partial"
    FAIL = "fail"


class Link(Record):
    """A place in the record of another incident or drill that must be there: which event, and its hash."""

    id: str
    seq: int
    hash: str


class Practice(Record):
    """What makes it a drill: which test of the year (`occasion`, like 2026-Q4; empty for one in between), from where
    into where, and which copy (None: one is taken for it).

    `put_back`: the target is put back at the end. `scenario` is that of a rehearsal, which touches simulated
    deployments alone. `previous` is where the record of the one of its kind that was begun last ended when this one
    began, whether that was over by then or not: so each record holds the one before, and none can be written anew
    alone. None for the first. `project` is whose data is tested, by the name it had.
    """

    occasion: str = ""
    source: EnvironmentName
    target: EnvironmentName
    copy_id: BackupId | None = None
    put_back: bool = True
    rehearsal: bool = False
    scenario: str = ""
    previous: Link | None = None
    project: str = ""


class ToolsNoted(Record):
    """What it is held with, by name and version, as each says of itself at that moment."""

    type: Literal["tools_noted"] = "tools_noted"
    tools: dict[str, str]


class DrillWork(Record):
    """An automatic step began a piece of work that can be followed: an export, of which environment."""

    type: Literal["drill_work"] = "drill_work"
    step: str
    operation: OperationId
    environment: EnvironmentName


class CopyTaken(Record):
    """A copy the drill goes by: the one under test (`safety` False), or the target's own state, to be put back.

    `made`: it was taken for this drill, and goes at its end. `rows` per table, once verified.
    """

    type: Literal["copy_taken"] = "copy_taken"
    copy_id: BackupId
    environment: EnvironmentName
    safety: bool
    made: bool
    snapshot_at: AwareDatetime
    size: int
    sha256: str
    verdict: str = ""
    rows: dict[str, int] = {}


class RowChange(Record):
    """What an import would do to one table, in rows."""

    table: str
    create: int
    delete: int


class ImportPlanned(Record):
    """Convex's own dry run: what an import would create and delete, in which deployment, as the server calls itself.

    `digest` binds an agreement to exactly this. With `put_back` it is the target's own state that returns.
    """

    type: Literal["import_planned"] = "import_planned"
    import_id: str
    digest: str
    changes: tuple[RowChange, ...]
    copy_id: BackupId
    target: EnvironmentName
    deployment: str
    url: str
    put_back: bool = False


class ImportAgreed(Record):
    """Somebody agreed to exactly this import."""

    type: Literal["import_agreed"] = "import_agreed"
    digest: str


class ImportRefused(Record):
    """Somebody refused it, or Lifeboat took it back before it was performed: nothing was imported."""

    type: Literal["import_refused"] = "import_refused"
    digest: str
    reason: str


class Imported(Record):
    """An import was performed: rows written, by Convex's own count. It began at `began_at`."""

    type: Literal["imported"] = "imported"
    import_id: str
    rows: int
    began_at: AwareDatetime
    put_back: bool = False


class Checked(Record):
    """One verification query: what was expected, and what was found. `ok` None: it could not be asked."""

    type: Literal["checked"] = "checked"
    key: str
    title: str
    expected: str
    found: str
    ok: bool | None


class Deviated(Record):
    """Something was done otherwise than the procedure says, and why."""

    type: Literal["deviated"] = "deviated"
    what: str
    reason: str


class Hinted(Record):
    """Somebody asked for a hint in a rehearsal, and was given this one."""

    type: Literal["hinted"] = "hinted"
    step: str
    text: str


class ScoreLine(Record):
    """What one part of a rehearsal was worth: `points` of at most `most`, and why."""

    title: str
    points: int
    most: int
    why: str


class Scored(Record):
    """How a rehearsal went, in 100 points, and what it was that had happened.

    `best` and `last` are the points of those before with the same scenario; None of the first.
    """

    type: Literal["scored"] = "scored"
    scenario: str
    title: str
    story: str
    total: int
    lines: tuple[ScoreLine, ...]
    best: int | None = None
    last: int | None = None


class DrillConcluded(Record):
    """The tester said how it went. `proved`: the procedure as it is written did."""

    type: Literal["drill_concluded"] = "drill_concluded"
    result: Result
    proved: bool
    notes: str


class DrillCancelled(Record):
    """Somebody ended it before its time: what was begun is cleaned up."""

    type: Literal["drill_cancelled"] = "drill_cancelled"
    reason: str


class CleanedUp(Record):
    """What was removed and put back, and what stands; one line each."""

    type: Literal["cleaned_up"] = "cleaned_up"
    lines: tuple[str, ...]
    put_back: bool
