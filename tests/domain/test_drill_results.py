"""What may be said of a drill: whatever is done, undone and done again, it is no better than what was found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import drill_moves, incident_moves
from bot.domain.checklist import OVER, Move, State
from bot.domain.drill_events import Checked, CleanedUp, Deviated, DrillCancelled, Result
from bot.domain.errors import Refused
from bot.domain.incident_events import Closed
from bot.domain.people import LIFEBOAT
from bot.domain.plan import Automation
from tests.domain.test_drill_moves import ADA, AUTOMATIC, Course, holds


def finding(course: Course) -> str:
    result, findings = drill_moves.proposed(course.stands)
    assert result is not Result.PASS
    return " ".join(findings)


def test_a_copy_that_was_taken_anew_is_not_proven_by_the_restore_of_the_one_before() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.moves("snapshot", Move.REOPEN, by=ADA)
    course.done("snapshot")
    assert course.drill.tested is not None
    assert course.drill.tested.copy_id == "copy-2"
    told = finding(course)
    assert "Verify export integrity: nothing is recorded" in told
    assert "Test import to staging: nothing is recorded" in told
    assert "Run verification queries: nothing is recorded" in told


def test_what_the_target_answered_before_the_last_import_speaks_of_nothing_any_more() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.moves("import", Move.REOPEN, by=ADA)
    course.done("import")
    assert "Run verification queries: nothing is recorded" in finding(course)
    assert drill_moves.recovery_time(course.drill) is None


@pytest.mark.parametrize("step", AUTOMATIC)
def test_a_step_that_somebody_did_by_hand_proves_nothing_by_itself(step: str) -> None:
    course = Course()
    for one in AUTOMATIC:
        if one != step:
            course.done(one)
            continue
        course.moves(one, Move.CLAIM, by=ADA)
        course.moves(one, Move.FINISH, by=ADA)
    assert "nothing is recorded" in finding(course)


def test_a_step_that_somebody_added_and_nobody_did_is_said() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.happens(incident_moves.added(course.stands, "Look at the app", "", course.stands.checklist[0].within))
    assert finding(course) == "Look at the app was not done"


def test_no_step_is_added_once_it_is_said_how_the_test_went() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.concludes()
    with pytest.raises(Refused, match="Nothing was added"):
        incident_moves.added(course.stands, "Look at the app", "", course.stands.checklist[0].within)
    assert drill_moves.proposed(course.stands)[0] is Result.PASS


@pytest.mark.parametrize("move", [Move.CLAIM, Move.FINISH, Move.FAIL, Move.SKIP])
def test_a_step_that_was_open_when_the_test_was_concluded_stays_as_it_was_said(move: Move) -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.happens(incident_moves.added(course.stands, "Look at the app", "", course.stands.checklist[0].within))
    course.concludes()
    with pytest.raises(Refused, match="part of what was said"):
        course.moves("extra-1", move, by=ADA)


def test_the_recovery_ends_with_what_the_target_answers_not_with_a_later_look_at_the_copy() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    took = drill_moves.recovery_time(course.drill)
    course.happens(holds("copy.tables", ok=None))
    assert took is not None
    assert drill_moves.recovery_time(course.drill) == took


def test_a_clean_up_that_failed_is_tried_again_and_what_was_concluded_stands() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.concludes()
    course.happens(*drill_moves.begun(course.stands, course.stands.checklist[-1], course.now))
    course.moves("clean-up", Move.FAIL, note="Convex was down.")
    course.moves("clean-up", Move.REOPEN, by=ADA)
    assert course.drill.result is Result.PASS
    turn = drill_moves.turn(course.stands)
    assert turn is not None
    assert turn.automation is Automation.CLEAN_UP


def test_what_was_concluded_is_taken_back_with_its_step_whichever_way() -> None:
    for undone in (False, True):
        course = Course()
        course.done(*AUTOMATIC)
        course.concludes()
        if undone:
            course.happens(incident_moves.undo(course.stands), by=ADA)
        else:
            course.moves("document", Move.REOPEN, by=ADA)
            with pytest.raises(Refused, match="taken back already"):
                incident_moves.undo(course.stands)
        assert course.drill.concluded is None


def test_no_step_is_done_again_that_the_conclusion_speaks_of() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.concludes()
    with pytest.raises(Refused, match="It is concluded"):
        course.moves("queries", Move.REOPEN, by=ADA)
    course.happens(*drill_moves.begun(course.stands, course.stands.checklist[-1], course.now))
    with pytest.raises(Refused, match="Lifeboat cleans up"):
        course.moves("document", Move.REOPEN, by=ADA)


def test_a_drill_that_is_over_is_not_opened_again() -> None:
    course = Course()
    course.done(*AUTOMATIC)
    course.concludes()
    course.happens(Closed(reason=""))
    with pytest.raises(Refused, match="its evidence stays as it is"):
        incident_moves.reopened(course.stands, "Let me see")


# --- whatever anybody does -------------------------------------------------------------------------------------------


@st.composite
def acts(draw: st.DrawFn) -> tuple[str, str, bool | None]:
    kinds = (*["lifeboat"] * 25, *["conclude"] * 5, "undo", "add", "deviate", "cancel", "check", *Move)
    steps = (*AUTOMATIC, "document", "clean-up", "extra-1")
    return draw(st.sampled_from(kinds)), draw(st.sampled_from(steps)), draw(st.sampled_from([True, True, False, None]))


def lifeboat(course: Course, ok: bool | None) -> None:
    """Lifeboat's turn, which goes well, or finds something amiss, or fails."""
    turn = drill_moves.turn(course.stands)
    if turn is None:
        return
    step = turn.step
    course.happens(*drill_moves.begun(course.stands, step, course.now))
    if ok is None:
        course.happens(*drill_moves.ended(course.stands, step, Move.FAIL, "Convex was down.", course.now))
        return
    if step.key == "import" and course.drill.tested is None:
        course.happens(*drill_moves.ended(course.stands, step, Move.FAIL, "No copy was chosen.", course.now))
        return
    shown = course.shown(step.key)
    if not ok:
        shown = tuple(holds(one.key, ok=False) if isinstance(one, Checked) else one for one in shown)
    course.happens(*shown)
    amiss = any(isinstance(one, Checked) and not one.ok for one in shown)
    course.happens(*drill_moves.ended(course.stands, step, Move.FAIL if amiss else Move.FINISH, "So.", course.now))
    if any(isinstance(one, CleanedUp) for one in shown):
        course.happens(Closed(reason=""))


def act(course: Course, kind: str, key: str, ok: bool | None) -> None:
    step = course.stands.step(key)
    match kind:
        case "lifeboat":
            lifeboat(course, ok)
        case "conclude":
            course.concludes(Result.PASS if ok else None)
        case "undo":
            course.happens(incident_moves.undo(course.stands), by=ADA)
        case "add":
            course.happens(incident_moves.added(course.stands, "Look", "", course.stands.checklist[0].within), by=ADA)
        case "deviate" if not course.drill.ending:
            course.happens(Deviated(what="By hand", reason="no key"), by=ADA)
        case "cancel" if not course.drill.ending:
            course.happens(DrillCancelled(reason="No time"), by=ADA)
        case "check" if not course.drill.ending:
            course.happens(holds("target.counts" if course.drill.imported else "copy.tables", ok=ok))
        case _ if step is not None and kind in set(Move):
            course.happens(*incident_moves.move(course.stands, step, Move(kind), ADA, course.now, note="So."), by=ADA)


@given(st.lists(acts(), min_size=5, max_size=40))
@settings(max_examples=200)
def test_a_pass_means_that_the_copy_was_restored_and_everything_held(
    course_of: list[tuple[str, str, bool | None]],
) -> None:
    course = Course()
    for kind, key, ok in course_of:
        try:
            act(course, kind, key, ok)
        except Refused:
            continue
        drill = course.drill
        if drill.result is None:
            continue
        order = list(Result)
        best, _ = drill_moves.proposed(course.stands)
        assert order.index(drill.result) >= order.index(best)
        if drill.result is Result.PASS:
            assert drill.cancelled_at is None
            assert drill.tested is not None
            assert drill.imported is not None
            assert drill.imported.copy_id == drill.tested.copy_id
            assert {one.of for one in drill.checks} == {"copy", "target"}
            assert all(one.ok for one in drill.checks)
            assert drill.deviations == ()
            assert all(course.stands.steps[one].state in OVER for one in AUTOMATIC)
        if course.stands.closed_at is None:
            cleaning = course.stands.steps["clean-up"]
            turn = drill_moves.turn(course.stands)
            stuck = turn is None and cleaning.state is State.TODO and not cleaning.claimed
            assert not stuck or drill_moves.under_way(course.stands), "somebody must be able to go on"


def test_the_walk_reaches_a_pass() -> None:
    course = Course()
    for _ in AUTOMATIC:
        lifeboat(course, ok=True)
    course.concludes(Result.PASS)
    lifeboat(course, ok=True)
    assert course.stands.closed_at is not None
    assert course.drill.result is Result.PASS
    assert all(one.ended_by in (LIFEBOAT.id, ADA.id) for one in course.stands.steps.values())
