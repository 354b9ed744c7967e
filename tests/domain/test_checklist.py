"""The legal life of a step: from any state each move follows the table or is refused, and buttons show just those."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.checklist import MOVES, OVER, Move, State, StepState, blocked_by, moved, moves_for
from bot.domain.errors import Refused
from bot.domain.people import PersonId
from bot.domain.plan_parts import Step

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ADA, BEN, EVE = PersonId("ada"), PersonId("ben"), PersonId("eve")
EARLIER = Step(key="first", title="First", guidance=(), role="operator", within=timedelta(minutes=5))


def step(*, may_skip: bool = True, evidence: str = "", waits: bool = False) -> Step:
    return EARLIER.model_copy(
        update={
            "key": "second",
            "title": "Second",
            "may_skip": may_skip,
            "evidence": evidence,
            "needs": ("first",) if waits else (),
        }
    )


steps = st.builds(step, may_skip=st.booleans(), evidence=st.sampled_from(("", "a link")), waits=st.booleans())
held = st.builds(
    StepState,
    state=st.sampled_from(State),
    assignee=st.sampled_from((None, ADA, BEN)),
    claimed=st.booleans(),
    since=st.just(NOW - timedelta(minutes=9)),
    started_at=st.sampled_from((None, NOW - timedelta(minutes=8))),
).filter(lambda one: one.assignee is not None or not one.claimed)
earlier = st.builds(StepState, state=st.sampled_from(State))


@given(steps, held, earlier, st.sampled_from(Move), st.sampled_from((ADA, BEN)), st.sampled_from(("", "because")))
def test_each_move_leads_where_the_table_says_or_is_refused(
    one: Step, stands: StepState, before: StepState, move: Move, by: PersonId, note: str
) -> None:
    states = {"first": before, "second": stands}
    try:
        after = moved(one, (EARLIER, one), states, move, by, NOW, to=EVE, note=note)
    except Refused as refused:
        assert refused.problem.endswith("nothing was changed.") or "Nothing was changed." in refused.problem
        return
    assert after.state is MOVES[stands.state][move]
    if blocked_by(one, (EARLIER, one), states):
        assert move not in (Move.START, Move.FINISH)
    match move:
        case Move.ASSIGN:
            assert (after.assignee, after.claimed) == (EVE, False)
        case Move.CLAIM | Move.START:
            assert (after.assignee, after.claimed) == (by, True)
        case Move.HAND_BACK:
            assert (after.assignee, after.claimed) == (None, False)
        case Move.FINISH | Move.FAIL | Move.SKIP:
            assert (after.ended_at, after.ended_by, after.note) == (NOW, by, note)


@given(steps, held, earlier, st.sampled_from((ADA, BEN)))
def test_the_moves_that_are_offered_are_just_those_that_are_accepted(
    one: Step, stands: StepState, before: StepState, by: PersonId
) -> None:
    states = {"first": before, "second": stands}
    accepted = []
    for move in MOVES[stands.state]:
        try:
            moved(one, (EARLIER, one), states, move, by, NOW, to=EVE, note="because")
        except Refused:
            continue
        accepted.append(move)
    assert moves_for(one, (EARLIER, one), states) == tuple(accepted)


@pytest.mark.parametrize("state", sorted(OVER))
def test_what_is_over_is_only_opened_again(state: State) -> None:
    states = {"second": StepState(state=state)}
    assert moves_for(step(), (step(),), states) == (Move.REOPEN,)
    with pytest.raises(Refused, match="nothing was changed"):
        moved(step(), (step(),), states, Move.FINISH, ADA, NOW, note="again")


def test_a_step_opened_again_has_forgotten_how_it_ended_but_not_who_holds_it() -> None:
    done = StepState(state=State.DONE, assignee=ADA, claimed=True, started_at=NOW, ended_at=NOW, note="fine")
    again = moved(step(), (step(),), {"second": done}, Move.REOPEN, BEN, NOW)
    assert again == StepState(assignee=ADA, since=NOW)


def test_a_step_that_waits_names_what_it_waits_for_and_may_be_given_away_meanwhile() -> None:
    one = step(waits=True)
    states = {"first": StepState(), "second": StepState()}
    with pytest.raises(Refused, match="“Second” waits for “First”"):
        moved(one, (EARLIER, one), states, Move.START, ADA, NOW)
    assert moved(one, (EARLIER, one), states, Move.ASSIGN, ADA, NOW, to=BEN).assignee == BEN


@pytest.mark.parametrize(
    ("move", "problem"),
    [(Move.FINISH, "needs its evidence"), (Move.SKIP, "skipped with a reason"), (Move.FAIL, "failed with a reason")],
)
def test_what_must_be_said_is_asked_for_by_its_name(move: Move, problem: str) -> None:
    one = step(evidence="the report")
    with pytest.raises(Refused, match=problem) as refused:
        moved(one, (one,), {"second": StepState()}, move, ADA, NOW)
    assert refused.value.parameter == "note"


def test_a_step_that_may_not_be_skipped_is_not_even_with_a_reason() -> None:
    one = step(may_skip=False)
    with pytest.raises(Refused, match="may not be skipped"):
        moved(one, (one,), {"second": StepState()}, Move.SKIP, ADA, NOW, note="no time")


@pytest.mark.parametrize(
    ("by", "problem"), [(ADA, "You hold “Second” already"), (BEN, "has taken “Second” before you")]
)
def test_a_step_is_taken_once(by: PersonId, problem: str) -> None:
    taken = moved(step(), (step(),), {"second": StepState()}, Move.CLAIM, ADA, NOW)
    with pytest.raises(Refused, match=problem):
        moved(step(), (step(),), {"second": taken}, Move.CLAIM, by, NOW)


def test_what_nobody_holds_is_not_handed_back() -> None:
    with pytest.raises(Refused, match="Nobody holds"):
        moved(step(), (step(),), {"second": StepState()}, Move.HAND_BACK, ADA, NOW)
