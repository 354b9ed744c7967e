"""Knows everything that can happen in an incident, each as a record of its own. Knows nothing of what follows from it.

Names are a public format: records are kept for good, so a name is never used again for something else.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, NewType

from pydantic import Field

from bot.domain.backups import EnvironmentName, Record
from bot.domain.checklist import Move, StepState
from bot.domain.drill_events import (
    Checked,
    CleanedUp,
    CopyTaken,
    Deviated,
    DrillCancelled,
    DrillConcluded,
    DrillWork,
    Hinted,
    ImportAgreed,
    Imported,
    ImportPlanned,
    ImportRefused,
    Practice,
    Scored,
    ToolsNoted,
)
from bot.domain.letter_events import (
    LetterAnswered,
    LetterChased,
    LetterDrafted,
    LetterFailed,
    LetterPressed,
    LetterSent,
)
from bot.domain.people import PersonId
from bot.domain.plan_parts import Step

IncidentId = NewType("IncidentId", str)


class Point(StrEnum):
    """The three moments that are never mixed: when it happened, when it was noticed, and the one to go back to."""

    HAPPENED = "happened"
    NOTICED = "noticed"
    TARGET = "target"


class Brake(StrEnum):
    """What was stopped for the time of the recovery, and must go on afterwards."""

    PAUSE = "pause"
    KILL_SWITCH = "kill-switch"
    MAINTENANCE = "maintenance"
    WEBHOOKS = "webhooks"


class Prompt(StrEnum):
    """What Lifeboat says by itself about a step: whose turn it is, that nobody holds it, that its owner is silent."""

    NEXT = "next"
    UNOWNED = "unowned"
    NUDGE = "nudge"
    OVERDUE = "overdue"


# --- what can happen -----------------------------------------------------------------------------------------------


class Started(Record):
    """It begins, with its checklist pinned: a plan that changes later changes no incident. `owners` is by step.

    With `practice` it is a drill: the same checklist, and nothing real is at stake.
    """

    type: Literal["started"] = "started"
    title: str
    what: str
    cause: str
    environment: EnvironmentName
    noticed_at: datetime
    recover_within: timedelta | None
    checklist: tuple[Step, ...]
    owners: dict[str, PersonId] = {}
    platform: str
    channel: str
    practice: Practice | None = None


class RoomOpened(Record):
    """It has a place of its own on a platform, or where none could be opened, the place it was started in."""

    type: Literal["room_opened"] = "room_opened"
    platform: str
    channel: str
    name: str
    url: str = ""
    own: bool = True


class SideCallFailed(Record):
    """Something beside the point did not work: a pin, a topic, an invitation, a room on one of the platforms."""

    type: Literal["side_call_failed"] = "side_call_failed"
    platform: str
    what: str
    problem: str


class StepMoved(Record):
    """Somebody moved a step: how it stands since."""

    type: Literal["step_moved"] = "step_moved"
    step: str
    move: Move
    held: StepState


class StepAdded(Record):
    """A step that no plan foresaw."""

    type: Literal["step_added"] = "step_added"
    step: Step


class Undone(Record):
    """The last move was taken back: the step stands as before it."""

    type: Literal["undone"] = "undone"
    step: str
    move: Move
    held: StepState


class PointSet(Record):
    """One of the three moments was said. `ns` is Convex's own unit: nanoseconds since the epoch."""

    type: Literal["point_set"] = "point_set"
    point: Point
    at: datetime
    ns: int
    said: str


class Noted(Record):
    """Somebody wrote something down; a `decision` stands out in the report."""

    type: Literal["noted"] = "noted"
    text: str
    decision: bool = False


class Prompted(Record):
    """Lifeboat spoke about a step. `round` counts from 1 for each kind, since the step last changed."""

    type: Literal["prompted"] = "prompted"
    prompt: Prompt
    step: str
    round: int = 1
    to: PersonId | None = None


class Braked(Record):
    """Something was stopped (`on`), or goes on again: `effect` is what was done, `key` tells alike ones apart."""

    type: Literal["braked"] = "braked"
    brake: Brake
    key: str = ""
    on: bool
    effect: str


class Acted(Record):
    """An automation ended: what it did exactly, or why it could not. `file` is what it left to look at."""

    type: Literal["acted"] = "acted"
    action: str
    ok: bool
    effect: str
    file: str = ""


class Restored(Record):
    """Somebody brought data back by hand: what, from which copy, and how."""

    type: Literal["restored"] = "restored"
    what: str
    source: str
    how: str


class FollowUpAdded(Record):
    """Something to be done after the incident, by whom and until when."""

    type: Literal["follow_up_added"] = "follow_up_added"
    key: str
    text: str
    owner: PersonId | None = None
    due_at: datetime | None = None


class FollowUpDone(Record):
    """A follow-up is done."""

    type: Literal["follow_up_done"] = "follow_up_done"
    key: str


class FollowUpReminded(Record):
    """The owner of a follow-up was reminded; `round` counts."""

    type: Literal["follow_up_reminded"] = "follow_up_reminded"
    key: str
    round: int


class Closed(Record):
    """It is over. `reason` says why it was closed with something left open, if it was."""

    type: Literal["closed"] = "closed"
    reason: str = ""


class Reopened(Record):
    """It was not over."""

    type: Literal["reopened"] = "reopened"
    reason: str = ""


Body = Annotated[
    Started
    | RoomOpened
    | SideCallFailed
    | StepMoved
    | StepAdded
    | Undone
    | PointSet
    | Noted
    | Prompted
    | Braked
    | Acted
    | Restored
    | LetterDrafted
    | LetterPressed
    | LetterFailed
    | LetterSent
    | LetterAnswered
    | LetterChased
    | FollowUpAdded
    | FollowUpDone
    | FollowUpReminded
    | Closed
    | Reopened
    | DrillWork
    | CopyTaken
    | ImportPlanned
    | ImportAgreed
    | ImportRefused
    | Imported
    | Checked
    | Deviated
    | Hinted
    | Scored
    | ToolsNoted
    | DrillConcluded
    | DrillCancelled
    | CleanedUp,
    Field(discriminator="type"),
]


class Event(Record):
    """Something that happened: the `seq`th of its incident, counted from 1, at a moment (aware, UTC), by somebody."""

    incident: IncidentId
    seq: int
    at: datetime
    by: PersonId
    by_name: str
    body: Body
