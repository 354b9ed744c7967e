"""What people read of a test: how far it is, who may answer, what did not hold, and that it is practice."""

from datetime import timedelta

from bot.chat.cards import Button, Buttons, Card
from bot.chat.cards import Progress as CardProgress
from bot.chat.markdown import to_markdown
from bot.domain.drill_events import ImportAgreed, ImportPlanned, RowChange
from bot.domain.drills import Progress
from bot.domain.incident_events import Closed
from bot.domain.incident_moves import find
from bot.domain.plan import MayImport
from bot.views import boards
from bot.views.report import report_card
from tests.domain.test_health import PLAN, copy
from tests.views import drilled
from tests.views.drill_stages import ADA, STAGES, STAGING, Course, failed, passed, running, waiting_for_agreement
from tests.views.drill_stages import verification as report_of

TWO = PLAN.model_copy(
    update={
        "environments": {
            **PLAN.environments,
            STAGING: PLAN.environments[STAGING].model_copy(update={"may_import": MayImport.TWO_PEOPLE}),
        }
    }
)


def shown(card: Card) -> str:
    return to_markdown(card).replace("\\", "")


def labels(card: Card) -> list[str]:
    rows = [one for one in card.blocks if isinstance(one, Buttons)]
    return [one.label for row in rows for one in row.buttons if isinstance(one, Button)]


def agreed(course: Course) -> Course:
    assert course.drill.planned is not None
    course.happens(ImportAgreed(digest=course.drill.planned.digest), by=ADA)
    return course


def test_everything_that_is_said_of_a_test_is_stamped() -> None:
    assert [one.title for one in drilled.cards() if not one.title.startswith("PRACTICE")] == []


def test_while_an_import_waits_the_board_names_who_may_agree() -> None:
    board = boards.board(waiting_for_agreement().stands, PLAN)
    assert "Nothing is written until one of them agrees: Ada Okafor, Ben Lindqvist or Chloe Tanaka." in shown(board)
    assert {"Agree", "Refuse…"} <= {*labels(board)}


def test_the_rows_of_tables_that_the_copy_has_not_are_shown_first_however_few() -> None:
    course = waiting_for_agreement()
    planned = course.drill.planned
    assert planned is not None
    lost = RowChange(table="drafts", create=0, delete=1)
    course.happens(planned.model_copy(update={"changes": (*planned.changes, lost)}))
    board = shown(boards.board(course.stands, PLAN))
    assert board.index("| drafts") < board.index("| notifications")


def test_stored_files_are_told_apart_from_rows_and_are_said_to_stay_where_the_copy_has_none() -> None:
    course = waiting_for_agreement()
    planned = course.drill.planned
    assert planned is not None
    board = shown(boards.board(course.stands, PLAN))
    assert "not touched, as the copy has none" in board
    [rows] = [line for line in board.splitlines() if "Rows" in line and "created" in line]
    files = RowChange(table="_storage", create=12, delete=7)
    course.happens(planned.model_copy(update={"changes": (*planned.changes, files)}))
    board = shown(boards.board(course.stands, PLAN))
    assert rows in board
    assert "12 created, 7 deleted" in board
    assert "not touched" not in board


def test_where_two_have_to_agree_the_second_is_named_without_the_first() -> None:
    board = boards.board(agreed(waiting_for_agreement()).stands, TWO)
    assert "Ada Okafor agreed; a second person has to as well: Ben Lindqvist or Chloe Tanaka." in shown(board)
    assert "Agree" in labels(board)


def test_once_it_is_agreed_to_nobody_is_asked_any_more() -> None:
    course = agreed(waiting_for_agreement())
    assert "Agree" not in labels(boards.board(course.stands, PLAN))
    question = next(one for one in course.events if isinstance(one.body, ImportPlanned))
    answered = boards.said(course.stands, question, PLAN)
    assert answered.title == "PRACTICE · This is what Convex does, agreed to by Ada Okafor"
    assert labels(answered) == []


def test_that_the_target_returns_to_what_it_was_is_a_line_and_keeps_who_agreed() -> None:
    course = passed()
    first, back = (one for one in course.events if isinstance(one.body, ImportPlanned))
    assert boards.said(course.stands, back, PLAN).blocks == ()
    assert "Dry run of putting it back" in boards.said(course.stands, back, PLAN).title
    assert boards.said(course.stands, first, PLAN).title.endswith("This is what Convex did, agreed to by Ada Okafor")


def test_what_does_not_hold_stands_in_full_and_what_holds_in_a_line() -> None:
    board = shown(boards.board(failed().stands, PLAN))
    assert "✗ Staging: Users" in board
    assert "✓ Staging, 3 of 4:" in board
    assert "✓ The copy, 4 of 4:" in board


def test_a_step_shows_each_of_its_checks_with_what_was_expected_and_found() -> None:
    course = failed()
    step = boards.step(course.stands, find(course.stands, "queries"), PLAN)
    assert step.title.startswith("PRACTICE")
    assert "0 orphans" in shown(step)


def test_how_far_it_is_stands_on_the_board_while_its_step_goes_on_and_no_longer() -> None:
    course = agreed(waiting_for_agreement())
    far = Progress(words="Uploading the copy to staging: 5 MB of 16 MB", done=5, total=16, at=course.at)
    during = boards.board(course.stands, PLAN, progress=far)
    assert CardProgress(far.words, 5, 16) in during.blocks
    earlier = far.model_copy(update={"at": course.at - timedelta(hours=1)})
    assert not any(isinstance(one, CardProgress) for one in boards.board(course.stands, PLAN, progress=earlier).blocks)


def test_what_was_said_of_the_dry_run_is_gone_once_it_was_agreed_to() -> None:
    course = agreed(waiting_for_agreement())
    assert course.drill.planned_at is not None
    at = course.drill.planned_at - timedelta(seconds=1)
    said = Progress(words="Convex looks at what the import would do", at=at)
    assert not any(isinstance(one, CardProgress) for one in boards.board(course.stands, PLAN, progress=said).blocks)


def test_a_step_that_lifeboat_does_offers_nothing_that_would_touch_what_is_real() -> None:
    course = running()
    for one in course.stands.checklist:
        assert not {"Safety export", "Record what was restored…"} & {*labels(boards.step(course.stands, one, PLAN))}


def test_the_end_says_what_became_of_what_was_taken() -> None:
    over = [one for make in STAGES.values() if isinstance((one := make()).events[-1].body, Closed)]
    assert over
    for course in over:
        told = shown(boards.said(course.stands, course.events[-1], PLAN))
        assert course.drill.cleaned is not None
        assert [line for line in course.drill.cleaned if line not in told] == []


def test_where_nobody_expects_new_copies_nobody_must_have_written_lately() -> None:
    report = report_of(passed())
    for environment, told in (("production", True), ("staging", False)):
        backup = copy("some-copy", timedelta(hours=1)).model_copy(update={"environment": environment})
        assert ("recent posts" in shown(report_card(backup, report, PLAN))) is told
