"""One incident at every stage of its life, made by the domain's own rules of fixed moments, and its cards."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.chat.cards import Card
from bot.domain import brackets, incident_moves, letters
from bot.domain.backups import EnvironmentName
from bot.domain.checklist import Move
from bot.domain.history import ConfigChange, FunctionRun
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
    Prompt,
    Prompted,
    Restored,
    RoomOpened,
    SideCallFailed,
    Started,
)
from bot.domain.incidents import Incident, evolve
from bot.domain.letter_events import LetterAnswered, LetterDrafted, LetterPressed, LetterSent
from bot.domain.letter_questions import missing
from bot.domain.mail import Letter
from bot.domain.moments import moment_of
from bot.domain.people import LIFEBOAT, Person, PersonId
from bot.views.actions import EDIT_LETTER
from bot.views.brakes import outcome_card, resume_card, stop_card
from bot.views.incident import announced_card, begun_card, board_card, incidents_card
from bot.views.incident_record import catchup_card, chain_card, timeline_card
from bot.views.incident_said import said_card
from bot.views.incident_steps import step_card
from bot.views.letters import letter_card, sent_card
from bot.views.point import point_card
from tests.domain.test_health import NOW, PLAN, PRODUCTION, copy

ADA, BEN = Person(PersonId("ada"), "Ada Okafor"), Person(PersonId("ben"), "Ben Lindqvist")
WHAT = "Users are gone: their posts show no author"
OPENED = NOW - timedelta(minutes=40)
TARGET = OPENED - timedelta(minutes=12)
GOOD = copy("production-20261122-0200-k7f3", timedelta(hours=1))
ID = IncidentId("2026-11-22-users-are-gone")
SENDER = "ops@campus.example"


class Course:
    """What happened, minute by minute; `stands` is what it adds up to."""

    def __init__(self) -> None:
        self.at = OPENED
        self.events: list[Event] = []
        started = Started(
            title="Users are gone",
            what=WHAT,
            cause="buggy-migration",
            environment=EnvironmentName("production"),
            noticed_at=OPENED - timedelta(minutes=3),
            recover_within=timedelta(hours=4),
            checklist=PLAN.checklist,
            owners={one.key: PersonId("ada") for one in PLAN.checklist},
            platform="slack",
            channel="C1",
        )
        self.stands: Incident = self._add(None, started, ADA)

    def happens(self, *bodies: Body, by: Person = ADA) -> Event:
        """Let these happen, a minute after what was before; gives the last event."""
        self.at += timedelta(minutes=1)
        for body in bodies:
            self.stands = self._add(self.stands, body, by)
        return self.events[-1]

    def moves(self, key: str, move: Move, by: Person = ADA, to: str | None = None, note: str = "") -> None:
        """Let somebody move a step, with what follows from it."""
        step, person = incident_moves.find(self.stands, key), PersonId(to) if to else None
        self.happens(*incident_moves.move(self.stands, step, move, by, self.at, to=person, note=note), by=by)

    def _add(self, stands: Incident | None, body: Body, by: Person) -> Incident:
        event = Event(incident=ID, seq=len(self.events) + 1, at=self.at, by=by.id, by_name=by.name, body=body)
        self.events.append(event)
        return evolve(stands, event)


def at_start() -> Course:
    """It has just begun: two rooms, and one side call that did not work."""
    course = Course()
    for platform, url in (("slack", "https://campus.slack.example/archives/C9"), ("web", "")):
        course.happens(RoomOpened(platform=platform, channel="C9", name=f"inc-{ID}", url=url), by=LIFEBOAT)
    course.happens(
        SideCallFailed(platform="slack", what="invite", problem="Not brought in: Chloe Tanaka."), by=LIFEBOAT
    )
    return course


def midway() -> Course:
    """Production is stopped, the moment is known, the letter is out; one step did not work, one was left out."""
    course = at_start()
    course.happens(PointSet(point=Point.TARGET, at=TARGET, ns=_ns(TARGET), said="02:08"), by=BEN)
    course.happens(PointSet(point=Point.HAPPENED, at=_later(TARGET), ns=_ns(_later(TARGET)), said="20 s later"))
    course.moves("scope", Move.ASSIGN, to="ben")
    course.moves("scope", Move.START, BEN)
    course.moves("scope", Move.FINISH, BEN, note="users: 312 are missing; their 1,204 posts point at nobody")
    course.moves("timestamp", Move.FINISH, note=f"{TARGET:%Y-%m-%dT%H:%M:%SZ}")
    course.moves("notify", Move.SKIP, note="everybody is in this room")
    course.happens(
        Braked(brake=Brake.PAUSE, on=True, effect="Convex is paused for production: no function runs."),
        Braked(brake=Brake.MAINTENANCE, on=True, effect="The site shows its maintenance page."),
    )
    for name in ("users", "sessions"):
        course.happens(Braked(brake=Brake.WEBHOOKS, key=name, on=True, effect=f"Nothing is delivered to /{name}."))
    course.moves("maintenance", Move.FAIL, BEN, note="the release hangs")
    course.happens(Noted(text="We restore whole tables, not single rows", decision=True))
    course.moves("recover", Move.START)
    drafted = draft()
    course.happens(
        LetterDrafted(to=drafted.to, subject=drafted.subject, text=drafted.text, message_id=drafted.id),
        LetterPressed(message_id=drafted.id),
    )
    course.happens(LetterSent(way="smtp", message_id=drafted.id), by=LIFEBOAT)
    return course


def recovered() -> Course:
    """Everything runs again; the paperwork is left."""
    course = midway()
    course.happens(LetterAnswered(text="[CX-1042] We restored it to that moment, in place."), by=BEN)
    course.happens(Restored(what="all tables", source="Convex support", how="in place"))
    course.moves("maintenance", Move.FINISH, BEN)
    course.moves("recover", Move.FINISH, note="all tables, by Convex support, in place")
    course.happens(Acted(action="Test suite", ok=True, effect="61 passed.", file="suite/tests-1.txt"))
    for key in ("verify", "tests"):
        course.moves(key, Move.FINISH, note="as before")
    for one in course.stands.stopped:
        course.happens(Braked(brake=one.brake, key=one.key, on=False, effect="It is on again."))
    course.moves("resume", Move.FINISH, BEN, note="all on again")
    return course


def closed() -> Course:
    """It is over."""
    course = recovered()
    course.moves("post-mortem", Move.FINISH, note="in the wiki")
    course.moves("procedures", Move.SKIP, note="nothing to change")
    course.happens(incident_moves.close(course.stands))
    return course


TELLING = {
    *("incident_board_start", "incident_board_mid", "incident_board_recovered", "incident_board_closed"),
    *("incident_first", "incident_prompt", "incident_point", "incident_letter", "incident_announced"),
    *("incident_catchup", "incident_timeline", "incident_step", "recovery_stop", "recovery_resume"),
}
"""The cards whose every detail is looked at on each platform."""
STAGES = {"start": at_start, "mid": midway, "recovered": recovered, "closed": closed}


def cards() -> Iterator[tuple[str, Card]]:
    """Every kind of card of an incident, with a name fit for a file."""
    for stage, make in STAGES.items():
        course = make()
        yield f"incident_board_{stage}", board_card(course.stands, PLAN)
    start, mid, late, over = at_start(), midway(), recovered(), closed()
    yield "incident_first", said_card(start.stands, start.events[1], PLAN)
    yield "incident_begun", begun_card(start.stands, PLAN, new=True)
    yield "incident_announced", announced_card(mid.stands, PLAN)
    yield "incident_announced_over", announced_card(over.stands, PLAN)
    yield "incident_list", incidents_card([start.stands, over.stands])
    yield "incident_catchup", catchup_card(mid.stands, mid.events, PLAN, NOW)
    yield "incident_timeline", timeline_card(over.stands, over.events, PLAN)
    yield "incident_chain_broken", chain_card(over.stands, 7)
    yield "incident_step", step_card(mid.stands, incident_moves.find(mid.stands, "recover"), PLAN)
    yield "incident_prompt", said_card(mid.stands, _event(mid, Prompted), PLAN)
    yield "incident_nudge", said_card(start.stands, _nudge(start), PLAN)
    yield "incident_point", _point(mid.stands)
    yield "incident_point_said", said_card(mid.stands, _event(mid, PointSet), PLAN)
    yield "incident_stopped", said_card(mid.stands, _event(mid, Braked), PLAN)
    yield "incident_resumed", said_card(late.stands, _event(late, Braked), PLAN)
    yield "incident_tests", said_card(late.stands, _event(late, Acted), PLAN)
    yield "incident_closed", said_card(over.stands, over.events[-1], PLAN)
    yield "incident_letter", _letter(mid.stands)
    yield "incident_letter_sent", sent_card(draft(), "Ada Okafor", NOW, NOW, eml=f"letter/{ID}.eml")
    yield "recovery_stop", stop_card(start.stands, Brake.PAUSE, "")
    yield "recovery_stop_by_hand", stop_card(start.stands, Brake.MAINTENANCE, "Set LIFEBOAT_VERCEL__TOKEN.")
    yield "recovery_resume", resume_card(mid.stands, dict.fromkeys(Brake, ""))
    yield "recovery_outcome", outcome_card(mid.stands, [_event(mid, Braked)])


def draft() -> Letter:
    """The letter of it."""
    return letters.draft(PLAN.letter, _facts()).letter(ID, SENDER)


def _facts() -> letters.LetterFacts:
    return letters.LetterFacts(
        reference=ID,
        environment="Production",
        project=PLAN.project.name,
        written_at=NOW,
        project_id="815",
        deployment="brave-otter-412",
        convex_plan="Pro",
        target=TARGET,
        noticed=OPENED - timedelta(minutes=3),
        description=WHAT,
        contact=SENDER,
    )


def _letter(incident: Incident) -> Card:
    return letter_card(
        draft(),
        missing(_facts()),
        eml=f"letter/{ID}.eml",
        edit=EDIT_LETTER(incident.id),
        sender=SENDER,
        target=TARGET,
        copy=GOOD,
        ways=PLAN.ways[:2],
    )


def _point(incident: Incident) -> Card:
    target = moment_of(TARGET)
    return point_card(
        target,
        brackets.bracket(target, [GOOD], None, PRODUCTION, NOW),
        happened=moment_of(_later(TARGET)),
        noticed=moment_of(incident.noticed_at),
        zone=ZoneInfo("Europe/Berlin"),
        changes=[ConfigChange(TARGET, "push_config", "ada@example.org", "12 functions")],
        runs=[FunctionRun(_later(TARGET), "migrations:mergeDuplicateUsers", "Mutation", 312, 124_800, success=True)],
        now=NOW,
    )


def _event(course: Course, kind: type) -> Event:
    """The last event of a kind."""
    return next(one for one in reversed(course.events) if isinstance(one.body, kind))


def _nudge(course: Course) -> Event:
    return course.happens(Prompted(prompt=Prompt.NUDGE, step="scope", to=PersonId("ada")), by=LIFEBOAT)


def _later(at: datetime) -> datetime:
    return at + timedelta(seconds=20)


def _ns(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000_000
