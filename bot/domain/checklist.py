"""Knows the legal life of a step of a checklist: which move leads where, and what each move asks for.

Knows nothing of incidents or drills, of buttons, or of who is told.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from bot.domain.errors import Refused
from bot.domain.people import PersonId
from bot.domain.plan_parts import Step


class State(StrEnum):
    """Where a step stands."""

    TODO = "to do"
    DOING = "in progress"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Move(StrEnum):
    """What somebody does with a step, as it is typed."""

    ASSIGN = "assign"
    CLAIM = "claim"
    HAND_BACK = "hand-back"
    START = "begin"
    FINISH = "done"
    FAIL = "fail"
    SKIP = "skip"
    REOPEN = "redo"


MOVES: Mapping[State, Mapping[Move, State]] = {
    State.TODO: {
        Move.ASSIGN: State.TODO,
        Move.CLAIM: State.TODO,
        Move.HAND_BACK: State.TODO,
        Move.START: State.DOING,
        Move.FINISH: State.DONE,
        Move.FAIL: State.FAILED,
        Move.SKIP: State.SKIPPED,
    },
    State.DOING: {
        Move.ASSIGN: State.DOING,
        Move.CLAIM: State.DOING,
        Move.HAND_BACK: State.TODO,
        Move.FINISH: State.DONE,
        Move.FAIL: State.FAILED,
        Move.SKIP: State.SKIPPED,
    },
    State.DONE: {Move.REOPEN: State.TODO},
    State.FAILED: {
        Move.ASSIGN: State.FAILED,
        Move.CLAIM: State.FAILED,
        Move.START: State.DOING,
        Move.FINISH: State.DONE,
        Move.SKIP: State.SKIPPED,
        Move.REOPEN: State.TODO,
    },
    State.SKIPPED: {Move.REOPEN: State.TODO},
}
"""What may happen when: the state that each move leads to. What is not here may not happen."""

OVER = frozenset({State.DONE, State.SKIPPED})
"""States in which nobody has anything to do, and what waited for the step may begin."""

_INSTEAD = {
    State.TODO: "Begin it, or say that it is done.",
    State.DOING: "It can be done, failed, skipped or handed back.",
    State.DONE: "Say redo first, if it is to be done again.",
    State.FAILED: "Begin it again, or say redo.",
    State.SKIPPED: "Say redo first, if it is to be done after all.",
}
_WAITS_FOR_OTHERS = frozenset({Move.START, Move.FINISH})


class StepState(BaseModel):
    """How one step stands: who holds it, since when, and how it ended.

    `claimed` says that the assignee took it themselves, and has it until they hand it back or it is assigned anew.
    `since` is the last change of state, `started_at` the last start since it was opened, `note` what was last said
    with a move: its evidence, or the reason it was skipped or failed.
    """

    model_config = ConfigDict(frozen=True)

    state: State = State.TODO
    assignee: PersonId | None = None
    claimed: bool = False
    since: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: PersonId | None = None
    note: str = ""


def blocked_by(step: Step, steps: Sequence[Step], states: Mapping[str, StepState]) -> tuple[Step, ...]:
    """The earlier steps that this one waits for."""
    return tuple(one for one in steps if one.key in step.needs and states[one.key].state not in OVER)


def moves_for(step: Step, steps: Sequence[Step], states: Mapping[str, StepState]) -> tuple[Move, ...]:
    """The moves that may be made now, in their usual order, so that only legal buttons are drawn."""
    held = states[step.key]
    waits = bool(blocked_by(step, steps, states))
    out = {
        Move.SKIP: not step.may_skip,
        Move.CLAIM: held.claimed,
        Move.HAND_BACK: held.assignee is None,
    }
    return tuple(
        move for move in MOVES[held.state] if not out.get(move, False) and not (waits and move in _WAITS_FOR_OTHERS)
    )


def moved(
    step: Step,
    steps: Sequence[Step],
    states: Mapping[str, StepState],
    move: Move,
    by: PersonId,
    at: datetime,
    *,
    to: PersonId | None = None,
    note: str = "",
) -> StepState:
    """How a step stands after a move. Raises Refused, with what to do instead, for a move that may not be made.

    `to` is whom ASSIGN gives it to. FINISH needs a `note` where the step asks for evidence, SKIP and FAIL always.
    """
    held = states[step.key]
    state = MOVES[held.state].get(move)
    if state is None:
        raise Refused(f"“{step.title}” is {held.state}; nothing was changed.", _INSTEAD[held.state])
    _check_order(step, steps, states, move)
    _check_words(step, move, note)
    _check_holder(step, held, move, by)
    match move:
        case Move.ASSIGN:
            return held.model_copy(update={"assignee": to, "claimed": False})
        case Move.CLAIM:
            return held.model_copy(update={"assignee": by, "claimed": True})
        case Move.HAND_BACK:
            return held.model_copy(update={"state": state, "assignee": None, "claimed": False, "since": at})
        case Move.START:
            # Whoever starts it holds it: a role or somebody asleep has it no more.
            taken = {"state": state, "assignee": by, "claimed": True}
            return held.model_copy(update={**taken, "since": at, "started_at": at, "ended_at": None, "note": ""})
        case Move.REOPEN:
            return StepState(state=state, assignee=held.assignee, since=at)
    ended = {"ended_at": at, "ended_by": by, "note": note, "assignee": held.assignee or by}
    return held.model_copy(update={"state": state, "since": at, **ended})


def _check_order(step: Step, steps: Sequence[Step], states: Mapping[str, StepState], move: Move) -> None:
    waits_for = blocked_by(step, steps, states) if move in _WAITS_FOR_OTHERS else ()
    if waits_for:
        names = " and ".join(f"“{one.title}”" for one in waits_for)
        raise Refused(
            f"“{step.title}” waits for {names}. Nothing was changed.",
            "Finish that first, or skip it with a reason where it may be skipped.",
        )


def _check_holder(step: Step, held: StepState, move: Move, by: PersonId) -> None:
    if move is Move.CLAIM and held.claimed:
        if held.assignee == by:
            raise Refused(f"You hold “{step.title}” already; nothing was changed.")
        raise Refused(
            f"Somebody has taken “{step.title}” before you. Nothing was changed.",
            "They hand it back, or anybody assigns it anew.",
        )
    if move is Move.HAND_BACK and held.assignee is None:
        raise Refused(f"Nobody holds “{step.title}”, so nothing was changed.", "Anybody may take it.")


def _check_words(step: Step, move: Move, note: str) -> None:
    if move is Move.SKIP and not step.may_skip:
        raise Refused(
            f"“{step.title}” may not be skipped. Nothing was changed.",
            "Do it, or say that it failed and why; the plan says which steps may be skipped.",
        )
    if note:
        return
    if move is Move.FINISH and step.evidence:
        raise Refused(
            f"“{step.title}” needs its evidence. Nothing was changed.", f"Say it: {step.evidence}.", parameter="note"
        )
    if move in (Move.SKIP, Move.FAIL):
        verb = "skipped" if move is Move.SKIP else "failed"
        raise Refused(
            f"A step is {verb} with a reason, which stands in the report. Nothing was changed.",
            "Say why in a few words.",
            parameter="note",
        )
