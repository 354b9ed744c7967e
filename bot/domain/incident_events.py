"""Knows everything that can happen in an incident, each as a record of its own. Knows nothing of what follows from it.

Names are a public format: records are kept for good, so a name is never used again for something else.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal, NewType

from pydantic import BaseModel, ConfigDict, Field

from bot.domain.backups import EnvironmentName
from bot.domain.checklist import Move, StepState
from bot.domain.people import PersonId
from bot.domain.plan_parts import Step

IncidentId = NewType("IncidentId", str)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Started(_Record):
    """It begins, with its checklist pinned: a plan that changes later changes no incident. `owners` is by step."""

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


class RoomOpened(_Record):
    """It has a place of its own on a platform, or where none could be opened, the place it was started in."""

    type: Literal["room_opened"] = "room_opened"
    platform: str
    channel: str
    name: str
    url: str = ""
    own: bool = True


class SideCallFailed(_Record):
    """Something beside the point did not work: a pin, a topic, an invitation, a room on one of the platforms."""

    type: Literal["side_call_failed"] = "side_call_failed"
    platform: str
    what: str
    problem: str


class StepMoved(_Record):
    """Somebody moved a step: how it stands since."""

    type: Literal["step_moved"] = "step_moved"
    step: str
    move: Move
    held: StepState


class StepAdded(_Record):
    """A step that no plan foresaw."""

    type: Literal["step_added"] = "step_added"
    step: Step


class Undone(_Record):
    """The last move was taken back: the step stands as before it."""

    type: Literal["undone"] = "undone"
    step: str
    move: Move
    held: StepState


class PointSet(_Record):
    """One of the three moments was said. `ns` is Convex's own unit: nanoseconds since the epoch."""

    type: Literal["point_set"] = "point_set"
    point: Point
    at: datetime
    ns: int
    said: str


class Noted(_Record):
    """Somebody wrote something down; a `decision` stands out in the report."""

    type: Literal["noted"] = "noted"
    text: str
    decision: bool = False


class Prompted(_Record):
    """Lifeboat spoke about a step. `round` counts from 1 for each kind, since the step last changed."""

    type: Literal["prompted"] = "prompted"
    prompt: Prompt
    step: str
    round: int = 1
    to: PersonId | None = None


class Braked(_Record):
    """Something was stopped (`on`), or goes on again: `effect` is what was done, `key` tells alike ones apart."""

    type: Literal["braked"] = "braked"
    brake: Brake
    key: str = ""
    on: bool
    effect: str


class Acted(_Record):
    """An automation ended: what it did exactly, or why it could not. `file` is what it left to look at."""

    type: Literal["acted"] = "acted"
    action: str
    ok: bool
    effect: str
    file: str = ""


class Restored(_Record):
    """Somebody brought data back by hand: what, from which copy, and how."""

    type: Literal["restored"] = "restored"
    what: str
    source: str
    how: str


class LetterDrafted(_Record):
    """The letter to support has this text now; `by_hand` says that somebody wrote into it."""

    type: Literal["letter_drafted"] = "letter_drafted"
    by_hand: bool = False
    to: tuple[str, ...]
    subject: str
    text: str
    message_id: str


class LetterPressed(_Record):
    """An operator said that the letter goes: it is handed to the mail server, again if nobody knows how that ended."""

    type: Literal["letter_pressed"] = "letter_pressed"
    message_id: str


class LetterFailed(_Record):
    """The mail server did not take the letter: it was not sent, and waits for another press."""

    type: Literal["letter_failed"] = "letter_failed"
    problem: str


class LetterSent(_Record):
    """The letter is on its way. `way` is `smtp`, or `by hand` when somebody says so."""

    type: Literal["letter_sent"] = "letter_sent"
    way: str
    message_id: str


class LetterAnswered(_Record):
    """What support answered."""

    type: Literal["letter_answered"] = "letter_answered"
    text: str


class LetterChased(_Record):
    """Nobody answered in time: Lifeboat named the next contact."""

    type: Literal["letter_chased"] = "letter_chased"
    round: int


class FollowUpAdded(_Record):
    """Something to be done after the incident, by whom and until when."""

    type: Literal["follow_up_added"] = "follow_up_added"
    key: str
    text: str
    owner: PersonId | None = None
    due_at: datetime | None = None


class FollowUpDone(_Record):
    """A follow-up is done."""

    type: Literal["follow_up_done"] = "follow_up_done"
    key: str


class FollowUpReminded(_Record):
    """The owner of a follow-up was reminded; `round` counts."""

    type: Literal["follow_up_reminded"] = "follow_up_reminded"
    key: str
    round: int


class Closed(_Record):
    """It is over. `reason` says why it was closed with something left open, if it was."""

    type: Literal["closed"] = "closed"
    reason: str = ""


class Reopened(_Record):
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
    | Reopened,
    Field(discriminator="type"),
]


class Event(_Record):
    """Something that happened: the `seq`th of its incident, counted from 1, at a moment (aware, UTC), by somebody."""

    incident: IncidentId
    seq: int
    at: datetime
    by: PersonId
    by_name: str
    body: Body
