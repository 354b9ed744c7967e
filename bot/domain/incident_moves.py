"""Knows what may happen in an incident now, and what is due. Pure: given how it stands, it says what follows.

Knows nothing of where events are kept, or of who is told.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bot.domain import checklist, drill_moves
from bot.domain.checklist import OVER, Move, State
from bot.domain.drills import DOCUMENT
from bot.domain.errors import Refused
from bot.domain.incident_events import (
    Body,
    Closed,
    FollowUpReminded,
    Prompt,
    Prompted,
    Reopened,
    StepAdded,
    StepMoved,
    Undone,
)
from bot.domain.incidents import Incident
from bot.domain.letter_events import LetterChased
from bot.domain.people import LIFEBOAT, Person, PersonId
from bot.domain.plan_incidents import IncidentPlan
from bot.domain.plan_parts import Automation, Step

_ASKED_FOR = 3
"""How often somebody is looked for in the channel before it is left to the board."""
_NUDGES = 2
"""Privately, then in the channel."""
_REMINDERS = 30
_CHASED = 6
_DAY = timedelta(days=1)
_MOST_STEPS = 60


def find(incident: Incident, said: str) -> Step:
    """The step that somebody means: its number, its key, or words of its title. Raises Refused where none is meant."""
    word = said.strip().removeprefix("#").casefold()
    if word.isdecimal() and 1 <= int(word) <= len(incident.checklist):
        return incident.checklist[int(word) - 1]
    found = [one for one in incident.checklist if one.key == word]
    found = found or [one for one in incident.checklist if word and word in one.title.casefold()]
    if len(found) == 1:
        return found[0]
    raise Refused(
        f"{said!r} names {'several steps' if found else 'no step'} of this incident. Nothing was changed.",
        f"Name one by its number, 1 to {len(incident.checklist)}; /incident status shows them.",
        "/incident status",
        parameter="step",
    )


def move(
    incident: Incident,
    step: Step,
    wanted: Move,
    by: Person,
    at: datetime,
    *,
    to: PersonId | None = None,
    note: str = "",
) -> tuple[Body, ...]:
    """A move and what follows from it: whose turn it is then. Raises Refused for one that may not be made."""
    _running(incident)
    _check_hands(incident, step, wanted, by)
    held = checklist.moved(step, incident.checklist, incident.steps, wanted, by.id, at, to=to, note=note.strip())
    made = StepMoved(step=step.key, move=wanted, held=held)
    if held == incident.steps[step.key]:
        raise Refused("It stands so already; nothing was changed.")
    if held.state not in OVER:
        return (made,)
    after = incident.model_copy(update={"steps": {**incident.steps, step.key: held}})
    following = after.current
    if following is None or following == incident.current or after.steps[following.key].state is State.DOING:
        return (made,)
    if drill_moves.turn(after) is not None:
        return (made,)
    return (made, prompt_for(after, following))


def _check_hands(incident: Incident, step: Step, wanted: Move, by: Person) -> None:
    """What Lifeboat is doing is moved by it alone, and a drill is concluded by saying how it went."""
    held = incident.steps[step.key]
    if by.id == LIFEBOAT.id or incident.drill is None:
        return
    if held.state is State.DOING and held.assignee == LIFEBOAT.id:
        raise Refused(
            f"Lifeboat is doing “{step.title}”. Nothing was changed.",
            "It says when it is done; /drill cancel ends the test, and cleans up.",
        )
    drill_moves.check_ending(incident, step, wanted)
    tested = incident.drill.tested
    if wanted is Move.FINISH and Automation.CHOOSE in step.automations and (tested is None or tested.made):
        raise Refused(f"“{step.title}” is done by choosing one. Nothing was changed.", "Type /drill use.", "/drill use")
    if wanted is Move.FINISH and drill_moves.documents(step):
        raise Refused(
            f"“{step.title}” is done by saying how it went. Nothing was changed.",
            "Type /drill conclude.",
            "/drill conclude",
        )


def follows(incident: Incident, moves: Sequence[Body]) -> tuple[Body, ...]:
    """The offer of what is somebody's to do once Lifeboat has ended a step; nothing where it goes on by itself."""
    held = {one.step: one.held for one in moves if isinstance(one, StepMoved)}
    after = incident.model_copy(update={"steps": {**incident.steps, **held}})
    following = after.current
    if not held or following is None or following.key in held or drill_moves.turn(after) is not None:
        return ()
    return (prompt_for(after, following),)


def prompt_for(incident: Incident, step: Step) -> Prompted:
    """The offer of a step to its owner, or the question who takes it."""
    owner = incident.steps[step.key].assignee
    return Prompted(prompt=Prompt.NEXT if owner else Prompt.UNOWNED, step=step.key, to=owner)


def undo(incident: Incident) -> Undone:
    """Take the last move back. Raises Refused when there is none."""
    _running(incident)
    if not incident.undoable:
        raise Refused("There is no move to take back.", "/incident timeline shows what happened.")
    last = incident.undoable[-1]
    if LIFEBOAT.id in (incident.steps[last.step].assignee, incident.steps[last.step].ended_by):
        raise Refused(
            "The last move was Lifeboat's own, and what it did stays done.",
            "Redo the step instead, once it has ended.",
        )
    if incident.drill is not None and last.step == DOCUMENT and last.move is Move.REOPEN:
        raise Refused(
            "What was said of how it went is taken back already. Nothing was changed.",
            "Say it anew: /drill conclude.",
            "/drill conclude",
        )
    return Undone(step=last.step, move=last.move, held=last.before)


def added(incident: Incident, title: str, role: str, within: timedelta) -> StepAdded:
    """A step that no plan foresaw, at the end of the list."""
    _running(incident)
    if incident.drill is not None and incident.drill.concluded is not None:
        raise Refused(
            "The test is concluded, and a step that nobody has done would contradict what was said. Nothing was added.",
            "What is still to be done is a follow-up: /incident follow-up.",
            "/incident follow-up",
        )
    if not title.strip():
        raise Refused("A step needs a title. Nothing was added.", parameter="title")
    if len(incident.checklist) >= _MOST_STEPS:
        raise Refused(
            f"An incident has at most {_MOST_STEPS} steps. Nothing was added.", "Write a note: /incident note."
        )
    number = 1 + sum(one.key.startswith("extra-") for one in incident.checklist)
    words, key = title.strip()[:200], f"extra-{number}"
    # What is thought of after the recovery does not undo it.
    late = incident.recovered_at is not None
    step = Step(key=key, title=words, guidance=(), role=role, within=within, may_skip=True, afterwards=late)
    return StepAdded(step=step)


def reopened(incident: Incident, reason: str) -> Reopened:
    """Open it again. Raises Refused while it is open, and for a drill: what was concluded of it stays as it is."""
    if incident.closed_at is None:
        raise Refused("It is open. Nothing was changed.", "", f"/incident status --of {incident.id}")
    if incident.drill is not None:
        raise Refused(
            f"{incident.title} is over, and its evidence stays as it is. Nothing was changed.",
            "/drill start begins another test.",
            "/drill start",
        )
    return Reopened(reason=reason.strip())


def close(incident: Incident) -> Closed:
    """End it. Raises Refused while something is open or still stopped, and names each."""
    _running(incident)
    left = [f"{incident.number(one.key)}. {one.title}" for one in incident.open_steps]
    off = sorted({str(one.brake) for one in incident.stopped})
    if left or off:
        told = []
        if off:
            told.append(f"Still stopped: {', '.join(off)}.")
        if left:
            told.append(f"Still open: {'; '.join(left)}.")
        raise Refused(
            f"{' '.join(told)} The incident stays open.",
            "Finish each, or skip it with a reason; what is stopped goes on again with /recovery resume.",
            "/incident status",
        )
    return Closed()


def due(incident: Incident, now: datetime, rules: IncidentPlan) -> tuple[Body, ...]:
    """What Lifeboat has to say by itself now, if anything."""
    return tuple(body for at, body in _coming(incident, rules) if at <= now)


def next_due_at(incident: Incident, rules: IncidentPlan) -> datetime | None:
    """When it has to say something next, if nothing happens before."""
    return min((at for at, _ in _coming(incident, rules)), default=None)


def _running(incident: Incident) -> None:
    if incident.closed_at is not None:
        raise Refused(
            f"“{incident.title}” is closed. Nothing was changed.",
            "/incident reopen opens it again, with a reason." if incident.drill is None else "/drill log shows it.",
        )


def _coming(incident: Incident, rules: IncidentPlan) -> Iterator[tuple[datetime, Body]]:
    yield from _reminders(incident)
    if incident.closed_at is not None:
        return
    letter = incident.letter
    if letter and letter.sent_at and not letter.answered_at and letter.chased < _CHASED:
        # From the last time on: after a pause, what was missed meanwhile is not said all at once.
        yield (letter.chased_at or letter.sent_at) + rules.chase_after, LetterChased(round=letter.chased + 1)
    current, lifeboats = incident.current, drill_moves.turn(incident)
    if lifeboats is not None:
        yield from _agreement(incident, lifeboats.step, rules)
        return
    for step in incident.checklist:
        if step == current or incident.steps[step.key].state is State.DOING:
            yield from _about(incident, step, rules)


def _agreement(incident: Incident, step: Step, rules: IncidentPlan) -> Iterator[tuple[datetime, Body]]:
    """A drill that waits for somebody to agree says so."""
    drill, times = incident.drill, incident.prompted.get(step.key, {}).get(Prompt.NUDGE, 0)
    if drill is None or drill.planned_at is None or drill_moves.agreement_open(drill) is None or times >= _NUDGES:
        return
    since = max(drill.planned_at, incident.prompted_at.get(step.key, drill.planned_at))
    yield since + rules.nudge_after, Prompted(prompt=Prompt.NUDGE, step=step.key, round=times + 1)


def _about(incident: Incident, step: Step, rules: IncidentPlan) -> Iterator[tuple[datetime, Body]]:
    held, said = incident.steps[step.key], incident.prompted.get(step.key, {})
    since = max(filter(None, (held.since, incident.prompted_at.get(step.key), incident.opened_at)))
    patience = min(rules.nudge_after, step.within) if not step.afterwards else max(rules.nudge_after, step.within)
    if held.assignee is None:
        times = said.get(Prompt.UNOWNED, 0)
        if times < _ASKED_FOR:
            at = since + patience if times else since
            yield at, Prompted(prompt=Prompt.UNOWNED, step=step.key, round=times + 1)
        return
    times = said.get(Prompt.NUDGE, 0)
    if times < _NUDGES:
        yield since + patience, Prompted(prompt=Prompt.NUDGE, step=step.key, round=times + 1, to=held.assignee)
    if Prompt.OVERDUE not in said:
        begun = held.started_at or held.since or incident.opened_at
        yield begun + step.within, Prompted(prompt=Prompt.OVERDUE, step=step.key, to=held.assignee)


def _reminders(incident: Incident) -> Iterator[tuple[datetime, Body]]:
    for one in incident.follow_ups:
        if one.due_at is not None and one.done_at is None and one.reminded < _REMINDERS:
            at = one.reminded_at + _DAY if one.reminded_at else one.due_at
            yield at, FollowUpReminded(key=one.key, round=one.reminded + 1)


def slug(title: str) -> str:
    """A title as part of a name: small letters, digits and hyphens, at most 24 characters: buttons carry it."""
    words = re.sub(r"[^a-z0-9]+", "-", title.casefold()).strip("-")
    return words[:24].strip("-") or "incident"
