"""Knows how an incident stands after all that happened in it. Knows nothing of where that is kept or shown.

`evolve` is total: it never refuses what is recorded. What may happen is decided before, in `bot.domain.incident_moves`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from bot.domain import incident_events as events
from bot.domain import letter_events
from bot.domain.backups import EnvironmentName
from bot.domain.checklist import OVER, Move, State, StepState
from bot.domain.drills import Drill, evolve_drill
from bot.domain.incident_events import Brake, Event, IncidentId, Point, Prompt
from bot.domain.people import PersonId
from bot.domain.plan_parts import Step

_UNDOABLE = 50
"""How many moves can be taken back, one after the other."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class Moment(_Part):
    """One of the three moments: as a time, in nanoseconds, and as it was said."""

    at: datetime
    ns: int
    said: str
    by: PersonId


class Room(_Part):
    """Where it is worked on."""

    platform: str
    channel: str
    name: str
    url: str = ""
    own: bool = True


class MoveMade(_Part):
    """A move that can be taken back: which step, how it stood before, and whether all had recovered."""

    step: str
    move: Move
    before: StepState
    recovered_at: datetime | None = None


class Stopped(_Part):
    """Something that is stopped and must go on again."""

    brake: Brake
    key: str
    effect: str
    since: datetime
    by: PersonId


class LetterState(_Part):
    """The letter to support: its text, when it was sent, and what came of it."""

    to: tuple[str, ...]
    subject: str
    text: str
    message_id: str
    by_hand: bool = False
    drafted_at: datetime
    pressed_at: datetime | None = None
    sent_at: datetime | None = None
    way: str = ""
    answered_at: datetime | None = None
    chased: int = 0
    chased_at: datetime | None = None


class FollowUp(_Part):
    """Something to be done afterwards."""

    key: str
    text: str
    owner: PersonId | None
    due_at: datetime | None
    added_at: datetime
    done_at: datetime | None = None
    reminded: int = 0
    reminded_at: datetime | None = None


class Incident(_Part):
    """How it stands. `seq` is the last event that it knows of, `names` those that people came with; `prompted` counts,
    per step, what was said since it
    last changed, and `prompted_at` when something last was, or when it changed. `drill` is None where it is real.
    """

    id: IncidentId
    seq: int
    title: str
    what: str
    cause: str
    environment: EnvironmentName
    opened_at: datetime
    opened_by: PersonId
    noticed_at: datetime
    recover_within: timedelta | None
    place: tuple[str, str]
    checklist: tuple[Step, ...]
    steps: Mapping[str, StepState]
    points: Mapping[Point, Moment] = {}
    rooms: tuple[Room, ...] = ()
    names: Mapping[PersonId, str] = {}
    stopped: tuple[Stopped, ...] = ()
    undoable: tuple[MoveMade, ...] = ()
    prompted: Mapping[str, Mapping[Prompt, int]] = {}
    prompted_at: Mapping[str, datetime] = {}
    letter: LetterState | None = None
    follow_ups: tuple[FollowUp, ...] = ()
    restored: bool = False
    recovered_at: datetime | None = None
    touched_at: datetime
    closed_at: datetime | None = None
    drill: Drill | None = None

    @property
    def breaches_at(self) -> datetime | None:
        """When the recovery target is missed; None where the plan has none."""
        return self.opened_at + self.recover_within if self.recover_within is not None else None

    @property
    def current(self) -> Step | None:
        """The step whose turn it is: the first in progress, else the first to do that waits for nothing."""
        doing = [one for one in self.checklist if self.steps[one.key].state is State.DOING]
        ready = [one for one in self.checklist if self.steps[one.key].state in (State.TODO, State.FAILED)]
        free = [one for one in ready if all(self.steps[key].state in OVER for key in one.needs if key in self.steps)]
        return next(iter([*doing, *free, *ready]), None)

    @property
    def open_steps(self) -> tuple[Step, ...]:
        """The steps that are not done and not skipped."""
        return tuple(one for one in self.checklist if self.steps[one.key].state not in OVER)

    def step(self, key: str) -> Step | None:
        """The step of that key."""
        return next((one for one in self.checklist if one.key == key), None)

    def number(self, key: str) -> int:
        """The step's place in the list, from 1, as people say it. Records and buttons use the key."""
        return next(number for number, one in enumerate(self.checklist, 1) if one.key == key)

    def room(self, platform: str, channel: str) -> Room | None:
        """Its room there."""
        return next((one for one in self.rooms if (one.platform, one.channel) == (platform, channel)), None)


def fold(happened: Iterable[Event]) -> Incident:
    """How an incident stands after all its events, in their order; the first is its start."""
    incident: Incident | None = None
    for event in happened:
        incident = evolve(incident, event)
    assert incident is not None
    return incident


def evolve(incident: Incident | None, event: Event) -> Incident:
    """How an incident stands after one more event."""
    if incident is None:
        return _begun(event)
    changed = _change(incident, event)
    touched = {} if isinstance(event.body, events.Prompted) else {"touched_at": event.at}
    names = incident.names if event.by in incident.names else {**incident.names, event.by: event.by_name}
    if incident.drill is not None:
        changed = {**changed, "drill": evolve_drill(incident.drill, event)}
    return incident.model_copy(update={**touched, **changed, "names": names, "seq": event.seq})


def _begun(event: Event) -> Incident:
    body = event.body
    assert isinstance(body, events.Started)
    noticed = Moment(at=body.noticed_at, ns=_ns(body.noticed_at), said="", by=event.by)
    return Incident(
        id=event.incident,
        seq=event.seq,
        title=body.title,
        what=body.what,
        cause=body.cause,
        environment=body.environment,
        opened_at=event.at,
        opened_by=event.by,
        noticed_at=body.noticed_at,
        recover_within=body.recover_within,
        place=(body.platform, body.channel),
        checklist=body.checklist,
        steps={one.key: StepState(since=event.at, assignee=body.owners.get(one.key)) for one in body.checklist},
        points={Point.NOTICED: noticed},
        names={event.by: event.by_name},
        touched_at=event.at,
        drill=Drill(practice=body.practice) if body.practice else None,
    )


def _change(incident: Incident, event: Event) -> Mapping[str, object]:
    match event.body:
        case events.RoomOpened() as opened:
            room = Room(**opened.model_dump(exclude={"type"}))
            others = (one for one in incident.rooms if (one.platform, one.channel) != (room.platform, room.channel))
            return {"rooms": (*others, room)}
        case events.StepMoved() as moved:
            stood, recovered_at = incident.steps[moved.step], incident.recovered_at
            before = MoveMade(step=moved.step, move=moved.move, before=stood, recovered_at=recovered_at)
            undoable = (*incident.undoable, before)[-_UNDOABLE:]
            return _held(incident, event, moved.step, moved.held, recovered_at) | {"undoable": undoable}
        case events.Undone() as undone:
            recovered_at = incident.undoable[-1].recovered_at if incident.undoable else None
            undoable = incident.undoable[:-1]
            return _held(incident, event, undone.step, undone.held, recovered_at) | {"undoable": undoable}
        case events.StepAdded(step=step):
            steps = {**incident.steps, step.key: StepState(since=event.at)}
            return {"checklist": (*incident.checklist, step), "steps": steps}
        case events.PointSet() as set_:
            moment = Moment(at=set_.at, ns=set_.ns, said=set_.said, by=event.by)
            return {"points": {**incident.points, set_.point: moment}}
        case events.Prompted() as prompted:
            counts = {**incident.prompted.get(prompted.step, {}), prompted.prompt: prompted.round}
            at = {**incident.prompted_at, prompted.step: event.at}
            return {"prompted": {**incident.prompted, prompted.step: counts}, "prompted_at": at}
        case events.Braked() as braked:
            return {"stopped": _stopped(incident, event, braked)}
        case events.Restored():
            return {"restored": True}
        case events.FollowUpAdded() as added:
            new = FollowUp(**added.model_dump(exclude={"type"}), added_at=event.at)
            return {"follow_ups": (*incident.follow_ups, new)}
        case events.FollowUpDone(key=key):
            return {"follow_ups": _follow_ups(incident, key, done_at=event.at)}
        case events.FollowUpReminded(key=key, round=times):
            return {"follow_ups": _follow_ups(incident, key, reminded=times, reminded_at=event.at)}
        case events.Closed():
            return {"closed_at": event.at}
        case events.Reopened():
            return {"closed_at": None}
    return _letter(incident, event)


def _letter(incident: Incident, event: Event) -> Mapping[str, object]:
    letter = incident.letter
    match event.body:
        case letter_events.LetterDrafted() as drafted:
            return {"letter": LetterState(**drafted.model_dump(exclude={"type"}), drafted_at=event.at)}
        case letter_events.LetterPressed() if letter:
            return {"letter": letter.model_copy(update={"pressed_at": event.at})}
        case letter_events.LetterFailed() if letter:
            return {"letter": letter.model_copy(update={"pressed_at": None})}
        case letter_events.LetterSent(way=way) if letter:
            return {"letter": letter.model_copy(update={"sent_at": event.at, "way": way})}
        case letter_events.LetterAnswered() if letter:
            return {"letter": letter.model_copy(update={"answered_at": event.at})}
        case letter_events.LetterChased(round=times) if letter:
            return {"letter": letter.model_copy(update={"chased": times, "chased_at": event.at})}
    return {}


def _held(
    incident: Incident, event: Event, key: str, held: StepState, recovered_at: datetime | None
) -> dict[str, object]:
    steps = {**incident.steps, key: held}
    prompted = {step: counts for step, counts in incident.prompted.items() if step != key}
    # Whoever has just been given a step is not silent yet.
    prompted_at = {**incident.prompted_at, key: event.at}
    changed: dict[str, object] = {"steps": steps, "prompted": prompted, "prompted_at": prompted_at}
    # The clock of the recovery target stops when operations are resumed: what comes afterwards is paper.
    in_time = [one.key for one in incident.checklist if not one.afterwards]
    over = all(steps[one].state in OVER for one in in_time)
    changed["recovered_at"] = (recovered_at or event.at) if over else None
    return changed


def _stopped(incident: Incident, event: Event, braked: events.Braked) -> tuple[Stopped, ...]:
    others = tuple(one for one in incident.stopped if (one.brake, one.key) != (braked.brake, braked.key))
    if not braked.on:
        return others
    return (
        *others,
        Stopped(brake=braked.brake, key=braked.key, effect=braked.effect, since=event.at, by=event.by),
    )


def _follow_ups(incident: Incident, key: str, **changes: object) -> tuple[FollowUp, ...]:
    return tuple(one.model_copy(update=changes) if one.key == key else one for one in incident.follow_ups)


def _ns(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000_000 + at.microsecond * 1000
