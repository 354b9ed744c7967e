"""Whose turn it is in a drill, what may be said of how it went, and what follows. Pure: no clock, no store."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.domain import drill_moves, incident_moves
from bot.domain.backups import BackupId
from bot.domain.checklist import Move, State
from bot.domain.drill_events import (
    Checked,
    CleanedUp,
    CopyTaken,
    Deviated,
    DrillCancelled,
    DrillConcluded,
    ImportAgreed,
    Imported,
    ImportPlanned,
    Practice,
    Result,
    RowChange,
)
from bot.domain.drills import Drill
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, Event, FollowUpAdded, IncidentId, Started
from bot.domain.incidents import Incident, evolve, fold
from bot.domain.people import LIFEBOAT, Person, PersonId, Role
from bot.domain.plan_incidents import IncidentPlan
from tests.operations.home import PLAN, PRODUCTION, STAGING

ADA = Person(PersonId("ada"), "Ada Okafor", frozenset({Role.RESPONDER, Role.OPERATOR}))
START = datetime(2026, 12, 15, 9, tzinfo=UTC)
AUTOMATIC = ("snapshot", "integrity", "import", "queries")
COPY_1 = BackupId("copy-1")


def planned(digest: str = "abc", copy_id: BackupId = COPY_1) -> ImportPlanned:
    return ImportPlanned(
        import_id=digest,
        digest=digest,
        changes=(RowChange(table="users", create=3, delete=2),),
        copy_id=copy_id,
        target=STAGING,
        deployment="wise-heron-42",
        url="http://127.0.0.1",
    )


def taken(copy_id: BackupId) -> CopyTaken:
    return CopyTaken(
        copy_id=copy_id, environment=PRODUCTION, safety=False, made=True, snapshot_at=START, size=7, sha256="ab"
    )


def holds(key: str, *, ok: bool | None = True) -> Checked:
    return Checked(key=key, title=key, expected="1", found="1" if ok else "2", ok=ok)


class Course:
    """A drill as it goes on, a minute between two events."""

    def __init__(self) -> None:
        self.now = START
        body = Started(
            title="Practice",
            what="A test.",
            cause="",
            environment=STAGING,
            noticed_at=START,
            recover_within=timedelta(hours=4),
            checklist=PLAN.drill.steps,
            platform="paper",
            channel="ops",
            practice=Practice(occasion="2026-Q4", source=PRODUCTION, target=STAGING),
        )
        first = Event(incident=IncidentId("drill"), seq=1, at=START, by=ADA.id, by_name=ADA.name, body=body)
        self.stands = fold([first])

    @property
    def drill(self) -> Drill:
        assert self.stands.drill is not None
        return self.stands.drill

    def happens(self, *bodies: Body, by: Person = LIFEBOAT) -> Incident:
        self.now += timedelta(minutes=1)
        for body in bodies:
            seq = self.stands.seq + 1
            event = Event(incident=self.stands.id, seq=seq, at=self.now, by=by.id, by_name=by.name, body=body)
            self.stands = evolve(self.stands, event)
        return self.stands

    def moves(self, step: str, move: Move, by: Person = LIFEBOAT, note: str = "Done.") -> Incident:
        found = self.stands.step(step)
        assert found is not None
        return self.happens(*incident_moves.move(self.stands, found, move, by, self.now, note=note), by=by)

    def done(self, *steps: str) -> None:
        for key in steps:
            step = self.stands.step(key)
            assert step is not None
            self.happens(*drill_moves.begun(self.stands, step, self.now))
            self.happens(*self.shown(key))
            self.moves(key, Move.FINISH)

    def shown(self, key: str) -> tuple[Body, ...]:
        """What Lifeboat records of an automatic step that goes well."""
        copy_id = BackupId(f"copy-{self.drill.rounds.get('snapshot', 1)}")
        match key:
            case "snapshot":
                return (taken(copy_id),)
            case "integrity":
                return (holds("copy.tables"),)
            case "import":
                copy = self.drill.tested.copy_id if self.drill.tested else copy_id
                number = f"{self.drill.rounds['import']}"
                return (planned(number, copy), Imported(import_id=number, rows=7, began_at=self.now))
            case "queries":
                return (holds("target.counts"),)
        return (CleanedUp(lines=("Nothing was changed.",), put_back=False),)

    def concludes(self, result: Result | None = None, notes: str = "", *, proved: bool = True) -> Incident:
        return self.happens(*drill_moves.conclude(self.stands, result, proved, notes, ADA, PLAN, self.now), by=ADA)


def test_lifeboat_begins_the_steps_that_it_does_by_itself_one_after_the_other() -> None:
    course = Course()
    for key in AUTOMATIC:
        turn = drill_moves.turn(course.stands)
        assert turn is not None
        assert (turn.step.key, turn.round) == (key, 1)
        course.done(key)
    assert drill_moves.turn(course.stands) is None, "now somebody says how it went"


def test_the_same_turn_stands_while_lifeboat_is_at_it() -> None:
    course = Course()
    step = course.stands.checklist[0]
    course.happens(*drill_moves.begun(course.stands, step, course.now))
    turn = drill_moves.turn(course.stands)
    assert turn is not None
    assert (turn.step.key, turn.round) == ("snapshot", 1)


def test_a_failed_step_waits_for_somebody_and_redo_begins_another_round() -> None:
    course = Course()
    course.happens(*drill_moves.begun(course.stands, course.stands.checklist[0], course.now))
    course.moves("snapshot", Move.FAIL, note="Convex was down.")
    assert drill_moves.turn(course.stands) is None
    course.moves("snapshot", Move.REOPEN, by=ADA)
    turn = drill_moves.turn(course.stands)
    assert turn is not None
    assert (turn.step.key, turn.round) == ("snapshot", 2)


def test_what_lifeboat_is_doing_is_moved_by_nobody_else() -> None:
    course = Course()
    course.happens(*drill_moves.begun(course.stands, course.stands.checklist[0], course.now))
    for move in (Move.FINISH, Move.FAIL, Move.HAND_BACK, Move.ASSIGN):
        with pytest.raises(Refused, match="Lifeboat is doing"):
            course.moves("snapshot", move, by=ADA)


def test_a_move_of_lifeboats_cannot_be_taken_back() -> None:
    course = Course()
    course.done("snapshot")
    with pytest.raises(Refused, match="Lifeboat's own"):
        incident_moves.undo(course.stands)


def test_whoever_takes_an_automatic_step_does_it() -> None:
    course = Course()
    course.moves("snapshot", Move.CLAIM, by=ADA)
    assert drill_moves.turn(course.stands) is None
    course.moves("snapshot", Move.HAND_BACK, by=ADA)
    assert drill_moves.turn(course.stands) is not None


def test_nobody_is_reminded_of_what_lifeboat_does() -> None:
    course = Course()
    assert incident_moves.due(course.stands, START + timedelta(days=2), IncidentPlan()) == ()


def test_an_import_that_waits_is_reminded_of_twice() -> None:
    course = Course()
    course.done("snapshot", "integrity")
    course.happens(*drill_moves.begun(course.stands, course.stands.checklist[2], course.now))
    course.happens(planned())
    reminded = 0
    for _ in range(10):
        course.now += timedelta(minutes=30)
        bodies = incident_moves.due(course.stands, course.now, IncidentPlan())
        reminded += len(bodies)
        course.happens(*bodies)
    assert reminded == 2


def test_a_new_dry_run_has_no_agreement_yet() -> None:
    course = Course()
    course.happens(planned(), ImportAgreed(digest="abc"), by=ADA)
    assert [one.by for one in course.drill.agreed] == ["ada"]
    course.happens(planned("def"))
    assert course.drill.agreed == ()


def test_a_dry_run_that_an_earlier_round_has_left_is_nobodys_to_agree_to() -> None:
    course = Course()
    course.done("snapshot", "integrity")
    step = course.stands.checklist[2]
    course.happens(*drill_moves.begun(course.stands, step, course.now), planned())
    assert drill_moves.agreement_open(course.drill) is not None
    course.moves("import", Move.FAIL, note="The engine gave it up.")
    course.moves("import", Move.REOPEN, by=ADA)
    course.happens(*drill_moves.begun(course.stands, step, course.now))
    assert drill_moves.agreement_open(course.drill) is None
    course.happens(planned("def"))
    assert drill_moves.agreement_open(course.drill) is not None


def test_a_test_in_which_everything_held_is_a_pass() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    assert drill_moves.proposed(course.stands) == (Result.PASS, ())
    course.concludes()
    assert course.drill.result is Result.PASS
    assert course.stands.steps["document"].state is State.DONE
    assert course.stands.follow_ups == ()


@pytest.mark.parametrize(
    ("body", "result"),
    [
        (Deviated(what="Exported by hand", reason="the key was too weak"), Result.PARTIAL),
        (Checked(key="b", title="B", expected="1", found="not known", ok=None), Result.PARTIAL),
        (Checked(key="b", title="B", expected="1", found="2", ok=False), Result.FAIL),
    ],
)
def test_what_was_found_bounds_what_may_be_said(body: Body, result: Result) -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.happens(body)
    with pytest.raises(Refused, match="no pass"):
        course.concludes(Result.PASS)
    course.concludes()
    assert course.drill.result is result
    assert len(course.stands.follow_ups) == 1


def test_a_recovery_slower_than_its_target_is_no_pass() -> None:
    course = Course()
    course.done("snapshot", "integrity", "import")
    course.now += timedelta(hours=5)
    course.done("queries")
    result, findings = drill_moves.proposed(course.stands)
    assert result is Result.PARTIAL
    assert "longer than its target" in findings[0]


def test_a_procedure_that_must_change_says_how_and_becomes_a_follow_up() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    with pytest.raises(Refused, match="must change"):
        course.concludes(proved=False)
    course.concludes(notes="Name the staging deployment", proved=False)
    assert course.drill.result is Result.PASS
    follow_up = course.stands.follow_ups[0]
    assert "Name the staging deployment" in follow_up.text
    assert follow_up.owner == "ada"
    assert follow_up.due_at == course.now - timedelta(minutes=1) + drill_moves.FOLLOW_UP_WITHIN


def test_a_test_that_cannot_go_on_is_concluded_as_failed_and_cleaned_up() -> None:
    course = Course()
    course.happens(*drill_moves.begun(course.stands, course.stands.checklist[0], course.now))
    course.moves("snapshot", Move.FAIL, note="Convex was down.")
    course.concludes()
    assert course.drill.result is Result.FAIL
    turn = drill_moves.turn(course.stands)
    assert turn is not None
    assert turn.step.key == "clean-up"


def test_nothing_is_concluded_while_lifeboat_is_at_work_or_twice() -> None:
    course = Course()
    with pytest.raises(Refused, match="Lifeboat is doing"):
        course.concludes()
    course.done(*AUTOMATIC)
    course.concludes()
    with pytest.raises(Refused, match="already"):
        course.concludes()


@pytest.mark.parametrize("after", [(), ("snapshot",), AUTOMATIC[:3], AUTOMATIC])
def test_a_cancelled_test_is_cleaned_up_wherever_it_stood(after: tuple[str, ...]) -> None:
    course = Course()
    course.done(*after)
    course.happens(DrillCancelled(reason="No time"), by=ADA)
    turn = drill_moves.turn(course.stands)
    assert turn is not None
    assert turn.step.key == "clean-up"
    course.happens(CleanedUp(lines=("Nothing was changed.",), put_back=False))
    assert drill_moves.turn(course.stands) is None


def test_every_conclusion_adds_its_follow_ups_under_keys_of_their_own() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.happens(FollowUpAdded(key="1", text="Before"))
    course.happens(Checked(key="b", title="B", expected="1", found="2", ok=False))
    course.concludes()
    assert [one.key for one in course.stands.follow_ups] == ["1", "2"]


def test_a_conclusion_that_is_redone_is_asked_again() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.concludes()
    course.moves("document", Move.REOPEN, by=ADA)
    assert course.drill.concluded is None


def test_the_record_of_a_conclusion_can_be_folded_again() -> None:
    body = DrillConcluded(result=Result.PARTIAL, proved=True, notes="")
    assert DrillConcluded.model_validate_json(body.model_dump_json()) == body
