"""Incidents for tests: one whose record is written down by hand, and any that people could have lived through."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.domain import follow_ups, incident_moves
from bot.domain.backups import EnvironmentName
from bot.domain.checklist import Move
from bot.domain.errors import Refused
from bot.domain.incident_events import (
    Acted,
    Body,
    Brake,
    Braked,
    Event,
    IncidentId,
    Noted,
    Point,
    PointSet,
    Reopened,
    Restored,
    RoomOpened,
    SideCallFailed,
    Started,
)
from bot.domain.incidents import Incident, evolve, fold
from bot.domain.letter_events import LetterAnswered, LetterDrafted, LetterFailed, LetterPressed, LetterSent
from bot.domain.people import LIFEBOAT, Person, PersonId
from bot.domain.plan_incidents import IncidentPlan
from tests.domain.test_health import PLAN

OPENED = datetime(2026, 11, 22, 2, 52, 30, tzinfo=UTC)
ADA, BEN = Person(PersonId("ada"), "Ada Okafor"), Person(PersonId("ben"), "Ben Lindqvist")
NAME = IncidentId("2026-11-22-users-are-gone")
RULES = IncidentPlan()


class Record:
    """A record that grows, with a clock that is moved by hand."""

    def __init__(self, title: str = "Users are gone", what: str = "The table users is empty") -> None:
        self.now = OPENED
        self.events: list[Event] = []
        self.add(
            Started(
                title=title,
                what=what,
                cause="buggy-migration",
                environment=EnvironmentName("production"),
                noticed_at=OPENED - timedelta(minutes=2),
                recover_within=timedelta(hours=4),
                checklist=PLAN.checklist,
                owners={PLAN.checklist[0].key: ADA.id, PLAN.checklist[1].key: BEN.id},
                platform="web",
                channel="ops",
            )
        )

    @property
    def stands(self) -> Incident:
        return fold(self.events)

    def add(self, *bodies: Body, by: Person = ADA) -> None:
        for body in bodies:
            seq = len(self.events) + 1
            self.events.append(Event(incident=NAME, seq=seq, at=self.now, by=by.id, by_name=by.name, body=body))

    def after(self, **length: int) -> "Record":
        self.now += timedelta(**length)
        return self

    def move(self, step: int, move: Move, by: Person = ADA, *, to: PersonId | None = None, note: str = "") -> None:
        stands = self.stands
        self.add(*incident_moves.move(stands, stands.checklist[step - 1], move, by, self.now, to=to, note=note), by=by)

    def undo(self, by: Person = ADA) -> None:
        self.add(incident_moves.undo(self.stands), by=by)


Act = tuple[str, int, int]
"""What somebody tries: which act, which of the steps or kinds it is about, and how many seconds after the last."""

_POINTS, _BRAKES = tuple(Point), tuple(Brake)
_PEOPLE = (ADA, BEN)
WORDS = ("", "as planned", "a | b `c` <b>d</b>", "line\nanother", "*bold* [x](javascript:alert(1)) \x00\u2028")


def _letter(number: int) -> LetterDrafted:
    return LetterDrafted(
        to=("support@convex.dev",),
        subject=WORDS[number % len(WORDS)],
        text=WORDS[number % len(WORDS)],
        message_id=f"<{number % 2}@example.com>",
    )


def _tried(act: str, number: int, stands: Incident, now: datetime) -> Sequence[Body]:
    by, words = _PEOPLE[number % 2], WORDS[number % len(WORDS)]
    step = stands.checklist[number % len(stands.checklist)]
    if act in tuple(Move):
        return incident_moves.move(stands, step, Move(act), by, now, to=_PEOPLE[number // 2 % 2].id, note=words)
    at = now - timedelta(seconds=number * 37)
    tries: dict[str, Callable[[], Sequence[Body]]] = {
        "undo": lambda: (incident_moves.undo(stands),),
        "add": lambda: (incident_moves.added(stands, words, "operator", timedelta(minutes=5)),),
        "close": lambda: (incident_moves.close(stands),),
        "reopen": lambda: (Reopened(reason=words),) if stands.closed_at else (),
        "due": lambda: incident_moves.due(stands, now, RULES),
        "note": lambda: (Noted(text=words, decision=number % 3 == 0),),
        "point": lambda: (PointSet(point=_POINTS[number % 3], at=at, ns=int(at.timestamp()) * 10**9, said=words),),
        "brake": lambda: (
            Braked(brake=_BRAKES[number % 4], key=("", "clerk")[number % 2], on=number % 3 != 0, effect=words),
        ),
        "acted": lambda: (Acted(action="Tests", ok=number % 2 == 0, effect=words, file="suite/x.txt"),),
        "restored": lambda: (Restored(what=words, source=words, how=words),),
        "room": lambda: (RoomOpened(platform="slack", channel="C1", name=words),),
        "side": lambda: (SideCallFailed(platform="slack", what="pin", problem=words),),
        "draft": lambda: (_letter(number),),
        "press": lambda: (LetterPressed(message_id="<0@example.com>"),),
        "sent": lambda: (LetterSent(way=("smtp", "by hand")[number % 2], message_id="<0@example.com>"),),
        "failed": lambda: (LetterFailed(problem=words),),
        "answered": lambda: (LetterAnswered(text=words),),
        "follow": lambda: (follow_ups.added(stands, words, by.id, now + timedelta(hours=number % 50)),),
        "followed": lambda: (follow_ups.done(stands, str(number % 4 + 1)),),
    }
    return tries[act]()


KINDS = (
    *(*tuple(map(str, Move)), "undo", "add", "close", "reopen", "due", "note", "point", "brake", "acted", "restored"),
    *("room", "side", "draft", "press", "sent", "failed", "answered", "follow", "followed"),
)


def played(acts: Sequence[Act]) -> list[Event]:
    """What is recorded when these acts are tried one after the other: those that may be done, are."""
    record = Record()
    stands = record.stands
    for act, number, seconds in acts:
        record.after(seconds=seconds)
        try:
            bodies = _tried(act, number, stands, record.now)
        except Refused:
            continue
        count = len(record.events)
        record.add(*bodies, by=LIFEBOAT if act == "due" else _PEOPLE[number % 2])
        for event in record.events[count:]:
            stands = evolve(stands, event)
    return record.events


def acts(*kinds: str, most: int = 60) -> st.SearchStrategy[list[Act]]:
    """Any acts of some kinds, or of all."""
    one = st.tuples(st.sampled_from(kinds or KINDS), st.integers(0, 200), st.sampled_from((0, 1, 59, 600, 3600, 90000)))
    return st.lists(one, max_size=most)
