"""Knows what is posted of what happened in an incident: where, to whom, and what of it is a detail under the board.

Knows nothing of what may happen, or of how it is shown.
"""

from collections.abc import Iterator, Sequence

from bot.domain.checklist import Move
from bot.domain.drill_events import (
    Checked,
    CleanedUp,
    CopyTaken,
    DrillCancelled,
    DrillConcluded,
    DrillWork,
    Hinted,
    ImportAgreed,
    Imported,
    ImportPlanned,
    ImportRefused,
    ToolsNoted,
)
from bot.domain.incident_events import (
    Body,
    Braked,
    Closed,
    Event,
    FollowUpAdded,
    FollowUpDone,
    Noted,
    Prompt,
    Prompted,
    RoomOpened,
    SideCallFailed,
    Started,
    StepAdded,
    StepMoved,
    Undone,
)
from bot.domain.incidents import Incident, Room
from bot.domain.letter_events import LetterDrafted, LetterPressed
from bot.domain.people import PersonId
from bot.domain.scoring import STAND_IN
from bot.operations.live import BOARD, SAID
from bot.store import incidents, posts
from bot.store.database import Connection
from bot.store.posts import Wanted

_SILENT = (Started, SideCallFailed, LetterPressed, Checked, DrillWork, ToolsNoted, CleanedUp)
_DETAILS = (
    StepMoved,
    StepAdded,
    Undone,
    Noted,
    LetterDrafted,
    FollowUpAdded,
    FollowUpDone,
    CopyTaken,
    ImportAgreed,
    Hinted,
)
"""What stands on the board anyway: it is told under the board, so that the room itself stays readable."""


_ANSWERS = (ImportPlanned, ImportAgreed, ImportRefused, Imported, DrillConcluded, DrillCancelled, Closed)
"""What answers a question that stands in a drill's rooms, or puts another in its place."""


def said(incident: Incident, event: Event) -> Iterator[Wanted]:
    """The posts that say an event: to one person where it is for them alone, else in each room or under its board."""
    body = event.body
    if isinstance(body, _SILENT):
        return
    rooms_told: Sequence[Room] = incident.rooms
    if isinstance(body, RoomOpened):
        rooms_told = [one for one in incident.rooms if one.platform == body.platform]
        for room in rooms_told:
            board = _board(incident, room)
            yield Wanted(board, room.platform, room.channel, BOARD, incident.id, event.at)
    private = _private_to(body)
    subject = f"{incident.id}/{event.seq}"
    for room in rooms_told:
        key, channel = f"{SAID}:{subject}:{room.platform}", f"dm:{private}" if private else room.channel
        under = _board(incident, room) if _is_detail(incident, body) else None
        yield Wanted(key, room.platform, channel, SAID, subject, event.at, under)


async def answered(db: Connection, drill: Incident, happened: Sequence[Event]) -> None:
    """Redraw what was asked in a drill's rooms, once it is no question any more."""
    if drill.drill is None or not any(isinstance(one.body, _ANSWERS) for one in happened):
        return
    for event in await incidents.timeline(db, drill.id):
        if isinstance(event.body, RoomOpened | ImportPlanned | Prompted):
            await posts.changed(db, SAID, f"{drill.id}/{event.seq}")


def _is_detail(incident: Incident, body: Body) -> bool:
    """Whether it is told under the board: of several alike, the first that stops and the last that goes on are not."""
    if isinstance(body, Braked):
        alike = [one for one in incident.stopped if one.brake is body.brake]
        return len(alike) > 1 if body.on else bool(alike)
    if isinstance(body, ImportPlanned | Imported):
        # Nobody is asked about the target's own state: it returns to where it was.
        return body.put_back
    # What Lifeboat could not do is somebody's turn now.
    failed = isinstance(body, StepMoved) and body.move is Move.FAIL and incident.drill is not None
    return isinstance(body, _DETAILS) and not failed


def _board(incident: Incident, room: Room) -> str:
    return f"{BOARD}:{incident.id}:{room.platform}"


def _private_to(body: Body) -> PersonId | None:
    if not isinstance(body, Prompted) or body.prompt is not Prompt.NUDGE or body.round > 1 or body.to is None:
        return None
    # A role has no messages of its own, and neither has whom a rehearsal made up.
    return None if body.to.startswith(("role:", STAND_IN)) else body.to
