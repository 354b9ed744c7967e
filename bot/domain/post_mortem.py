"""Knows what the record of an incident adds up to: times, steps, decisions, brakes, letters, evidence, what went wrong.

Knows nothing that the record does not say: what is not in it is None here, and never guessed. It reads no clock, so
that the same record is always the same report.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.checklist import Move, StepState
from bot.domain.incident_events import (
    Acted,
    Braked,
    Event,
    Noted,
    Point,
    PointSet,
    Prompted,
    Restored,
    SideCallFailed,
    StepMoved,
    Undone,
)
from bot.domain.incidents import Incident, fold
from bot.domain.letter_events import LetterAnswered, LetterDrafted, LetterFailed, LetterSent
from bot.domain.plan_parts import Step


@dataclass(frozen=True, slots=True)
class Measure:
    """From one moment to another; either is None where the record does not know it."""

    since: datetime | None
    until: datetime | None

    @property
    def length(self) -> timedelta | None:
        """How long it was; None where it is not known, or where the moments contradict one another."""
        if self.since is None or self.until is None or self.contradictory:
            return None
        return self.until - self.since

    @property
    def contradictory(self) -> bool:
        """Whether the end is said to have been before the beginning."""
        return self.since is not None and self.until is not None and self.until < self.since


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step as it stands. `took` is its last time from begun to ended, None where it was never begun or ended."""

    number: int
    step: Step
    held: StepState

    @property
    def took(self) -> timedelta | None:
        return Measure(self.held.started_at, self.held.ended_at).length

    @property
    def over(self) -> bool | None:
        """Whether it took longer than its budget; None where it is not known how long it took."""
        return None if self.took is None else self.took > self.step.within


@dataclass(frozen=True, slots=True)
class Miss:
    """A step that was skipped or failed at a time, and why, however it stands by now."""

    event: Event
    record: StepRecord
    move: Move
    reason: str


@dataclass(frozen=True, slots=True)
class BrakeRecord:
    """Something that was stopped; `off` is None as long as it is."""

    braked: Braked
    on: Event
    off: Event | None = None

    @property
    def lasted(self) -> timedelta | None:
        return Measure(self.on.at, self.off.at if self.off else None).length


@dataclass(frozen=True, slots=True)
class LetterRecord:
    """A letter with its last text: whether it was sent, what the mail server said, what came back."""

    draft: LetterDrafted
    drafted: Event
    sent: Event | None = None
    way: str = ""
    failures: tuple[tuple[datetime, LetterFailed], ...] = ()
    answers: tuple[tuple[datetime, LetterAnswered], ...] = ()


@dataclass(frozen=True, slots=True)
class PostMortem:
    """What the whole record says. `decided` is what counts as the first decision, if there was one."""

    incident: Incident
    happened: tuple[Event, ...]
    steps: tuple[StepRecord, ...]
    misses: tuple[Miss, ...]
    decisions: tuple[Event, ...]
    decided: Event | None
    brakes: tuple[BrakeRecord, ...]
    letters: tuple[LetterRecord, ...]

    @property
    def as_of(self) -> datetime:
        """The moment of the last event: later ones are in no report that was made before."""
        return self.happened[-1].at

    @property
    def to_detect(self) -> Measure:
        """From when it happened until somebody noticed."""
        return Measure(self._point(Point.HAPPENED), self._point(Point.NOTICED))

    @property
    def to_decide(self) -> Measure:
        """From when it was noticed until the first decision: a target set, or one that was written down."""
        return Measure(self._point(Point.NOTICED), self.decided.at if self.decided else None)

    @property
    def to_recover(self) -> Measure:
        """From when it was opened until operations were resumed: what the recovery target limits."""
        return Measure(self.incident.opened_at, self.incident.recovered_at)

    @property
    def in_all(self) -> Measure:
        """From when it happened until operations were resumed."""
        return Measure(self._point(Point.HAPPENED), self.incident.recovered_at)

    @property
    def in_time(self) -> bool | None:
        """Whether the recovery target was met; None without a target, or before the recovery."""
        took, within = self.to_recover.length, self.incident.recover_within
        return None if took is None or within is None else took <= within

    @property
    def acted(self) -> tuple[tuple[Event, Acted], ...]:
        """What automations did."""
        return tuple((one, one.body) for one in self.happened if isinstance(one.body, Acted))

    @property
    def restored(self) -> tuple[Event, ...]:
        """Data that was brought back by hand."""
        return tuple(one for one in self.happened if isinstance(one.body, Restored))

    @property
    def failed_calls(self) -> tuple[tuple[datetime, SideCallFailed], ...]:
        """What did not work beside the point."""
        return tuple((one.at, one.body) for one in self.happened if isinstance(one.body, SideCallFailed))

    @property
    def prompts(self) -> tuple[Event, ...]:
        """What Lifeboat asked by itself."""
        return tuple(one for one in self.happened if isinstance(one.body, Prompted))

    @property
    def timeline(self) -> tuple[Event, ...]:
        """Everything else."""
        return tuple(one for one in self.happened if not isinstance(one.body, Prompted))

    def _point(self, point: Point) -> datetime | None:
        held = self.incident.points.get(point)
        return held.at if held else None


def post_mortem(happened: Sequence[Event]) -> PostMortem:
    """What a whole record, in its order and from its start, adds up to."""
    incident = fold(happened)
    steps = tuple(StepRecord(incident.number(one.key), one, incident.steps[one.key]) for one in incident.checklist)
    decisions = tuple(one for one in happened if _decides(one))
    return PostMortem(
        incident=incident,
        happened=tuple(happened),
        steps=steps,
        misses=tuple(_misses(happened, {one.step.key: one for one in steps}.__getitem__)),
        decisions=decisions,
        decided=next(iter(decisions), None),
        brakes=_brakes(happened),
        letters=_letters(happened),
    )


def _decides(event: Event) -> bool:
    match event.body:
        case Noted(decision=decision):
            return decision
        case PointSet(point=point):
            return point is Point.TARGET
    return False


def _misses(happened: Sequence[Event], record: Callable[[str], StepRecord]) -> Iterator[Miss]:
    stood: list[Event] = []
    for event in happened:
        match event.body:
            case StepMoved():
                stood.append(event)
            case Undone() if stood:
                stood.pop()
    for event in stood:
        body = event.body
        if isinstance(body, StepMoved) and body.move in (Move.SKIP, Move.FAIL):
            yield Miss(event, record(body.step), body.move, body.held.note)


def _brakes(happened: Sequence[Event]) -> tuple[BrakeRecord, ...]:
    # What is stopped again while it is stopped is one time; what goes on without having been stopped is none.
    records: list[BrakeRecord] = []
    pulled: dict[tuple[str, str], int] = {}
    for event in happened:
        body = event.body
        if not isinstance(body, Braked):
            continue
        key = (body.brake, body.key)
        if body.on and key not in pulled:
            pulled[key] = len(records)
            records.append(BrakeRecord(body, event))
        elif not body.on and key in pulled:
            place = pulled.pop(key)
            records[place] = replace(records[place], off=event)
    return tuple(records)


def _letters(happened: Sequence[Event]) -> tuple[LetterRecord, ...]:
    # A draft replaces the one before as long as that was not sent.
    letters: list[LetterRecord] = []
    for event in happened:
        body = event.body
        if isinstance(body, LetterDrafted):
            new = LetterRecord(body, event, failures=letters[-1].failures if letters and not letters[-1].sent else ())
            letters[-1:] = [*(one for one in letters[-1:] if one.sent), new]
        elif letters:
            letters[-1] = _letter(letters[-1], event)
    return tuple(letters)


def _letter(letter: LetterRecord, event: Event) -> LetterRecord:
    match event.body:
        case LetterSent(way=way):
            return replace(letter, sent=letter.sent or event, way=way)
        case LetterFailed() as failed:
            return replace(letter, failures=(*letter.failures, (event.at, failed)))
        case LetterAnswered() as answered:
            return replace(letter, answers=(*letter.answers, (event.at, answered)))
    return letter
