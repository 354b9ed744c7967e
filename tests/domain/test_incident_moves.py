"""What may happen in an incident, what is taken back, and what Lifeboat says by itself: in time, and never twice."""

from datetime import timedelta

import pytest
from hypothesis import given

from bot.domain import incident_moves
from bot.domain.checklist import Move, State
from bot.domain.errors import Refused
from bot.domain.incident_events import Brake, Braked, FollowUpAdded, FollowUpReminded, Prompt, Prompted, Reopened
from bot.domain.incidents import Incident, evolve, fold
from bot.domain.letter_events import LetterChased, LetterDrafted, LetterSent
from bot.domain.people import LIFEBOAT
from tests.domain.acts import ADA, BEN, KINDS, OPENED, RULES, Act, Record, acts, played

MOVED = (*map(str, Move), "add")
FIRST = 1


def finished(record: Record, *, skipped: bool = True) -> None:
    """Every step over, in the shortest way."""
    for number, step in enumerate(record.stands.checklist, 1):
        if record.stands.steps[step.key].state is State.TODO:
            move = Move.SKIP if skipped and step.may_skip else Move.FINISH
            record.move(number, move, note="as planned")


# --- moves, and taking them back -----------------------------------------------------------------------------------


@given(acts(*MOVED, "undo"))
def test_taking_back_one_move_after_the_other_leads_back_through_every_state(tried: list[Act]) -> None:
    record = Record()
    record.events = played(tried)
    record.now = record.events[-1].at
    stood: list[Incident] = []
    for event in record.events:
        stood.append(evolve(stood[-1] if stood else None, event))
    stands = stood[-1]
    by_depth = {len(one.undoable): one for one in stood}
    while stands.undoable:
        last = stands.undoable[-1]
        record.after(minutes=1).undo()
        stands = record.stands
        before = by_depth[len(stands.undoable)]
        assert stands.steps[last.step] == last.before
        if [one.step for one in stands.undoable] == [one.step for one in before.undoable]:
            assert {key: stands.steps[key] for key in before.steps} == dict(before.steps)
    with pytest.raises(Refused, match="no move to take back"):
        incident_moves.undo(stands)


@given(acts())
def test_a_move_that_is_taken_back_leaves_steps_and_the_moment_of_recovery_as_they_were(tried: list[Act]) -> None:
    record = Record()
    record.events = played(tried)
    record.now = record.events[-1].at + timedelta(seconds=1)
    before = record.stands
    for step in before.checklist:
        for move in Move:
            try:
                record.move(before.number(step.key), move, BEN, to=BEN.id, note="because")
            except Refused:
                continue
            record.after(minutes=5).undo()
            after = record.stands
            assert (after.steps, after.recovered_at) == (before.steps, before.recovered_at)
            assert after.undoable == before.undoable
            return


def test_a_redo_by_mistake_does_not_move_the_moment_of_recovery() -> None:
    record = Record()
    finished(record.after(minutes=30))
    recovered_at = record.stands.recovered_at
    assert recovered_at == OPENED + timedelta(minutes=30)
    record.after(hours=1).move(FIRST, Move.REOPEN)
    assert record.stands.recovered_at is None
    record.after(minutes=1).undo()
    assert record.stands.recovered_at == recovered_at


def test_a_step_added_after_the_recovery_does_not_undo_it() -> None:
    record = Record()
    finished(record.after(minutes=30))
    record.after(hours=2).add(incident_moves.added(record.stands, "Tell the board", "operator", timedelta(minutes=5)))
    last = len(record.stands.checklist)
    record.move(last, Move.START)
    assert record.stands.recovered_at == OPENED + timedelta(minutes=30)
    early = Record()
    early.add(incident_moves.added(early.stands, "Call the host", "operator", timedelta(minutes=5)))
    finished(early.after(minutes=10))
    early.after(minutes=10).move(last, Move.REOPEN)
    assert early.stands.recovered_at is None


def test_the_same_move_twice_is_refused() -> None:
    record = Record()
    record.move(FIRST, Move.FINISH, note="all of users")
    with pytest.raises(Refused, match="is done"):
        record.move(FIRST, Move.FINISH, BEN, note="all of users")
    record.move(2, Move.ASSIGN, to=ADA.id)
    with pytest.raises(Refused, match="stands so already"):
        record.move(2, Move.ASSIGN, to=ADA.id)


def test_whoever_finishes_a_step_offers_the_next_to_its_owner_at_once() -> None:
    record = Record()
    record.move(FIRST, Move.FINISH, note="all of users")
    offered = record.events[-1].body
    assert offered == Prompted(prompt=Prompt.NEXT, step=record.stands.checklist[1].key, to=BEN.id)


# --- what is due ---------------------------------------------------------------------------------------------------


@given(acts())
def test_something_is_due_exactly_from_the_moment_that_is_named(tried: list[Act]) -> None:
    stands = fold(played(tried))
    at = incident_moves.next_due_at(stands, RULES)
    if at is None:
        assert incident_moves.due(stands, OPENED + timedelta(days=9999), RULES) == ()
        return
    assert incident_moves.due(stands, at, RULES)
    assert incident_moves.due(stands, at - timedelta(microseconds=1), RULES) == ()


@given(acts(most=30))
def test_what_was_said_is_not_due_again_at_once_and_none_of_it_is_said_twice_or_for_ever(tried: list[Act]) -> None:
    record = Record()
    record.events = played(tried)
    record.now, count = record.events[-1].at, len(record.events)
    stands = record.stands
    # Nobody does anything any more: whatever is due is said, from one moment to the next.
    for _ in range(1000):
        at = incident_moves.next_due_at(stands, RULES)
        if at is None:
            break
        record.now = max(record.now, at)
        record.add(*incident_moves.due(stands, record.now, RULES), by=LIFEBOAT)
        stands = fold(record.events)
        assert incident_moves.due(stands, record.now, RULES) == ()
    else:
        raise AssertionError("it never ends")
    told = [one.body.model_dump_json() for one in record.events[count:]]
    assert len(told) == len(set(told))


@given(acts(*(one for one in KINDS if one != "reopen")))
def test_a_closed_incident_reminds_of_follow_ups_and_says_nothing_else(tried: list[Act]) -> None:
    record = Record()
    record.events = played(tried)
    record.now = record.events[-1].at
    if record.stands.closed_at is None:
        for brake in record.stands.stopped:
            record.add(Braked(brake=brake.brake, key=brake.key, on=False, effect=""))
        for step in record.stands.checklist:
            if step in record.stands.open_steps:
                record.move(record.stands.number(step.key), Move.FINISH, note="as planned")
        record.add(incident_moves.close(record.stands))
    late = incident_moves.due(record.stands, record.now + timedelta(days=9999), RULES)
    assert all(isinstance(one, FollowUpReminded) for one in late)
    assert len(late) == sum(one.done_at is None for one in record.stands.follow_ups if one.reminded < 30)


def test_a_silent_owner_is_asked_alone_then_before_all_and_then_left_in_peace() -> None:
    record = Record()
    record.move(FIRST, Move.CLAIM)
    step = record.stands.checklist[0]
    said = []
    for _ in range(24 * 12):
        record.after(minutes=5)
        bodies = incident_moves.due(record.stands, record.now, RULES)
        said += [(record.now - OPENED, one.prompt, one.round) for one in bodies if isinstance(one, Prompted)]
        record.add(*bodies, by=LIFEBOAT)
    patience = min(RULES.nudge_after, step.within)
    assert [(prompt, times) for _, prompt, times in said if prompt is Prompt.NUDGE] == [
        (Prompt.NUDGE, 1),
        (Prompt.NUDGE, 2),
    ]
    assert next(at for at, prompt, _ in said if prompt is Prompt.NUDGE) == patience
    assert sum(prompt is Prompt.OVERDUE for _, prompt, _ in said) == 1


def test_whoever_has_just_been_given_a_step_is_not_called_silent() -> None:
    record = Record()
    record.move(FIRST, Move.HAND_BACK)
    record.after(hours=2).move(FIRST, Move.ASSIGN, to=BEN.id)
    due = incident_moves.due(record.stands, record.now + timedelta(seconds=1), RULES)
    assert [one for one in due if isinstance(one, Prompted) and one.prompt is Prompt.NUDGE] == []


def test_after_a_pause_of_ours_a_letter_is_chased_and_a_follow_up_reminded_of_once() -> None:
    record = Record()
    record.add(LetterDrafted(to=("support@convex.dev",), subject="s", text="t", message_id="<1@x>"))
    record.add(LetterSent(way="smtp", message_id="<1@x>"))
    record.add(FollowUpAdded(key="1", text="Write a test", owner=ADA.id, due_at=OPENED + timedelta(days=1)))
    record.after(days=9)
    said = []
    for _ in range(10):
        bodies = incident_moves.due(record.after(minutes=1).stands, record.now, RULES)
        said += [one for one in bodies if isinstance(one, LetterChased | FollowUpReminded)]
        record.add(*bodies, by=LIFEBOAT)
    assert sorted(one.type for one in said) == ["follow_up_reminded", "letter_chased"]


# --- the end -------------------------------------------------------------------------------------------------------


def test_closing_names_everything_that_is_open_or_stopped() -> None:
    record = Record()
    record.add(Braked(brake=Brake.PAUSE, on=True, effect="Convex is paused"))
    with pytest.raises(Refused, match=r"Still stopped: pause\. Still open: 1\. .*; 10\. .*The incident stays open"):
        incident_moves.close(record.stands)
    finished(record)
    with pytest.raises(Refused, match="Still stopped: pause"):
        incident_moves.close(record.stands)
    record.add(Braked(brake=Brake.PAUSE, on=False, effect="Convex runs"))
    record.add(incident_moves.close(record.stands))
    with pytest.raises(Refused, match="is closed"):
        record.move(FIRST, Move.REOPEN)
    record.add(Reopened(reason="the feed is empty again"))
    record.move(FIRST, Move.REOPEN)
    assert record.stands.steps[record.stands.checklist[0].key].state is State.TODO


def test_a_step_that_no_plan_foresaw_is_added_at_the_end_until_there_are_too_many() -> None:
    record = Record()
    for _ in range(50):
        record.add(incident_moves.added(record.stands, " Call the host ", "operator", timedelta(minutes=5)))
    last = record.stands.checklist[-1]
    assert (last.key, last.title, last.within) == ("extra-50", "Call the host", timedelta(minutes=5))
    with pytest.raises(Refused, match="at most 60 steps"):
        incident_moves.added(record.stands, "One more", "operator", timedelta(minutes=5))
    with pytest.raises(Refused, match="needs a title"):
        incident_moves.added(Record().stands, " ", "operator", timedelta(minutes=5))


@pytest.mark.parametrize(("said", "found"), [("1", 1), ("#10", 10), ("post-mortem", 9), ("full test", 7)])
def test_a_step_is_named_by_number_key_or_words(said: str, found: int) -> None:
    stands = Record().stands
    assert stands.number(incident_moves.find(stands, said).key) == found


@pytest.mark.parametrize(("said", "problem"), [("0", "no step"), ("11", "no step"), ("", "no step"), ("e", "several")])
def test_what_names_no_step_or_several_is_asked_about(said: str, problem: str) -> None:
    with pytest.raises(Refused, match=problem):
        incident_moves.find(Record().stands, said)
