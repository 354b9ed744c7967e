"""Knows what may happen in a drill now, and whose turn it is: Lifeboat's or somebody's. Pure.

Whoever takes an automatic step does it by hand; a step that failed is begun again by Redo.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.backups import EnvironmentName
from bot.domain.checklist import OVER, Move, State
from bot.domain.checks import Outcome
from bot.domain.checks import Result as Seen
from bot.domain.drill_events import DrillConcluded, ImportPlanned, Result
from bot.domain.drills import COPY, DOCUMENT, TARGET, Drill
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, FollowUpAdded, StepMoved
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT, Person
from bot.domain.plan import Automation, MayImport, Plan, Step

AUTOMATIC = frozenset(
    {
        Automation.EXPORT,
        Automation.VERIFY,
        Automation.IMPORT,
        Automation.QUERIES,
        Automation.CLEAN_UP,
        Automation.STRIKE,
    }
)
"""What Lifeboat does by itself in a drill."""
FOLLOW_UP_WITHIN = timedelta(days=14)
_MOST_FOLLOW_UPS = 10


@dataclass(frozen=True, slots=True)
class Turn:
    """A piece of work that is Lifeboat's now: the `round`th time that this step is begun."""

    step: Step
    automation: Automation
    round: int


def automation_of(step: Step) -> Automation | None:
    """What Lifeboat does of a step by itself; None for one that somebody does."""
    return next((one for one in step.automations if one in AUTOMATIC), None)


def documents(step: Step) -> bool:
    """Whether a step is the one that asks how it went: it is ended by the conclusion alone."""
    return step.key == DOCUMENT


def turn(incident: Incident) -> Turn | None:
    """What is Lifeboat's to do now, or is being done by it; None while it is somebody's turn, or all is over."""
    drill = incident.drill
    if drill is None or incident.closed_at is not None:
        return None
    if drill.ending:
        if drill.cleaned is not None or under_way(incident):
            return None
        step = next((one for one in incident.checklist if automation_of(one) is Automation.CLEAN_UP), None)
        return _turn(drill, incident, step) if step is not None else None
    step = incident.current
    if step is None or any(incident.steps[key].state not in OVER for key in step.needs if key in incident.steps):
        return None
    return _turn(drill, incident, step)


def _turn(drill: Drill, incident: Incident, step: Step) -> Turn | None:
    automation, held, rounds = automation_of(step), incident.steps[step.key], drill.rounds.get(step.key, 0)
    if automation is None:
        return None
    if held.state is State.DOING and held.assignee == LIFEBOAT.id:
        return Turn(step, automation, rounds)
    if held.state is State.TODO and not held.claimed:
        return Turn(step, automation, rounds + 1)
    # Who ends a drill early waits for nobody: what was begun by hand, or failed, is cleaned up all the same.
    if drill.cancelled_at is not None and held.state is not State.FAILED and held.state not in OVER:
        return Turn(step, automation, rounds + 1)
    return None


def begun(incident: Incident, step: Step, at: datetime) -> tuple[Body, ...]:
    """Lifeboat takes a step up. One that a cancelled drill is cleaned up by waits for nothing before it."""
    held = incident.steps[step.key]
    taken = {"state": State.DOING, "assignee": LIFEBOAT.id, "claimed": True, "since": at, "started_at": at}
    held = held.model_copy(update={**taken, "ended_at": None, "note": ""})
    return (StepMoved(step=step.key, move=Move.START, held=held),)


def ended(incident: Incident, step: Step, move: Move, note: str, at: datetime) -> tuple[Body, ...]:
    """Lifeboat has done a step, or could not; nothing where it was not its own any more. It waits for no other step."""
    held = incident.steps[step.key]
    if held.state is not State.DOING or held.assignee != LIFEBOAT.id:
        return ()
    state = State.DONE if move is Move.FINISH else State.FAILED
    after = {"state": state, "since": at, "ended_at": at, "ended_by": LIFEBOAT.id, "note": note}
    return (StepMoved(step=step.key, move=move, held=held.model_copy(update=after)),)


def under_way(incident: Incident) -> tuple[Step, ...]:
    """The steps that Lifeboat still has under way: in a drill that is ending they end before it is cleaned up."""
    return tuple(
        one
        for one in incident.checklist
        if automation_of(one) is not Automation.CLEAN_UP
        and incident.steps[one.key].state is State.DOING
        and incident.steps[one.key].assignee == LIFEBOAT.id
    )


def check_ending(incident: Incident, step: Step, wanted: Move) -> None:
    """Refuse to move a step of which the conclusion speaks, to do one again of a cancelled drill, and to conclude anew
    while it is cleaned up.
    """
    drill = incident.drill
    if drill is None or not drill.ending or automation_of(step) is Automation.CLEAN_UP:
        return
    if drill.cancelled_at is None and not documents(step):
        raise Refused(
            f"It is concluded: “{step.title}” is part of what was said. Nothing was changed.",
            f"Redo “{next(one.title for one in incident.checklist if documents(one))}” first.",
        )
    if wanted is not Move.REOPEN:
        return
    if drill.cancelled_at is not None:
        raise Refused("It was cancelled, so no step is done again. Nothing was changed.", "/drill start begins anew.")
    cleaning = turn(incident)
    if cleaning is not None and incident.steps[cleaning.step.key].state is State.DOING:
        raise Refused(
            "It is concluded, and Lifeboat cleans up. Nothing was changed.",
            "/incident note adds to the record until it is over.",
        )


def agreement_open(drill: Drill) -> ImportPlanned | None:
    """The dry run that waits for somebody to agree; None where none does."""
    planned = drill.planned
    if planned is None or planned.put_back or drill.refused or drill.cancelled_at is not None:
        return None
    done = drill.imported is not None and drill.imported.import_id == planned.import_id
    return None if done else planned


def agreements_needed(plan: Plan, target: EnvironmentName) -> int:
    """How many people have to agree to an import into a target."""
    known = plan.environments.get(target)
    return 2 if known is not None and known.may_import is MayImport.TWO_PEOPLE else 1


def agreement_awaited(drill: Drill, plan: Plan) -> ImportPlanned | None:
    """The dry run that somebody has to agree to still; None once enough people have."""
    enough = len(drill.agreed) >= agreements_needed(plan, drill.practice.target)
    return None if enough else agreement_open(drill)


# --- how it ends -----------------------------------------------------------------------------------------------------


def proposed(incident: Incident) -> tuple[Result, tuple[str, ...]]:
    """The best that may be said of a drill, and why it is no better, each reason as a finding."""
    drill = incident.drill
    assert drill is not None
    failed = [
        f"{one.title} failed: {incident.steps[one.key].note}"
        for one in incident.checklist
        if incident.steps[one.key].state is State.FAILED and automation_of(one) is not Automation.CLEAN_UP
    ]
    failed += [f"{one.title}: expected {one.expected}, found {one.found}" for one in drill.checks if one.ok is False]
    before = [one for one in incident.checklist if automation_of(one) not in (None, Automation.CLEAN_UP)]
    failed += [
        f"{one.title} was not done" for one in before if incident.steps[one.key].state in (State.TODO, State.DOING)
    ]
    if failed:
        return Result.FAIL, tuple(failed)
    partly = [*_unproven(incident, drill), *_left(incident)]
    partly += [f"{one.title}: {one.found}, so nobody knows" for one in drill.checks if one.ok is None]
    partly += [f"{one.what} ({one.reason})" for one in drill.deviations]
    partly += [
        f"{one.title} was skipped: {incident.steps[one.key].note}"
        for one in incident.checklist
        if incident.steps[one.key].state is State.SKIPPED and automation_of(one) is not Automation.CLEAN_UP
    ]
    took, target = recovery_time(drill), incident.recover_within
    if took is not None and target is not None and took > target:
        partly.append(f"The recovery took {took}, longer than its target of {target}")
    return (Result.PARTIAL if partly else Result.PASS), tuple(partly)


def _unproven(incident: Incident, drill: Drill) -> list[str]:
    """The automatic steps that count as done, and of which nothing recorded speaks for the copy under test: somebody
    did them by hand, or what they showed was of another copy, or from before the last import.
    """
    tested, imported = drill.tested, drill.imported
    asked = {one.of for one in drill.checks}
    shown = {
        Automation.EXPORT: tested is not None,
        Automation.VERIFY: COPY in asked,
        Automation.IMPORT: tested is not None and imported is not None and imported.copy_id == tested.copy_id,
        Automation.QUERIES: TARGET in asked,
    }
    return [
        f"{one.title}: nothing is recorded that shows it of the copy under test"
        for one in incident.checklist
        if incident.steps[one.key].state is State.DONE and any(not shown.get(kind, True) for kind in one.automations)
    ]


def _left(incident: Incident) -> list[str]:
    """What somebody had to do, and nobody has."""
    return [
        f"{one.title} was not done"
        for one in incident.checklist
        if automation_of(one) is None
        and not (documents(one) or one.afterwards)
        and incident.steps[one.key].state in (State.TODO, State.DOING)
    ]


def recovery_time(drill: Drill) -> timedelta | None:
    """From the begin of the import to the last verification query: what a real restore would have taken, with the
    time that somebody took to agree (see `waited`). None before that.
    """
    if drill.imported is None or drill.checked_at is None:
        return None
    return drill.checked_at - drill.imported.began_at


def waited(drill: Drill) -> timedelta | None:
    """How long the import waited for somebody to agree; None where nobody did."""
    newest = drill.agreed[-1] if drill.agreed else None
    return newest.at - newest.asked_at if newest is not None and newest.asked_at is not None else None


def conclude(
    incident: Incident, said: Result | None, proved: bool, notes: str, by: Person, plan: Plan, at: datetime
) -> tuple[Body, ...]:
    """Write down how it went, and what follows: of a result that is not a pass, and of a procedure that must change.

    A test that cannot go on is concluded where it stands. Raises Refused while Lifeboat is at work, and for a result
    better than what was found.
    """
    drill, step = incident.drill, next((one for one in incident.checklist if documents(one)), None)
    assert drill is not None
    if drill.cancelled_at is not None or step is None:
        raise Refused("It was cancelled, so there is nothing to conclude. Nothing was changed.")
    if drill.concluded is not None:
        raise Refused(f"It is concluded already: {drill.concluded.result}. Nothing was changed.")
    busy = turn(incident)
    if busy is not None:
        raise Refused(
            f"Lifeboat is doing “{busy.step.title}”. Nothing was concluded.",
            "It says when it is done; /drill cancel ends the test, and cleans up.",
        )
    best, findings = proposed(incident)
    result = said or best
    order = list(Result)
    if order.index(result) < order.index(best):
        raise Refused(
            f"It was no {result}: {'; '.join(findings)}. Nothing was concluded.",
            f"Say {best}, or redo the step.",
            parameter="result",
        )
    if not proved and not notes.strip():
        raise Refused(
            "Say what must change in the plan. Nothing was concluded.", "It becomes a follow-up.", parameter="notes"
        )
    bodies: list[Body] = [DrillConcluded(result=result, proved=proved, notes=notes.strip())]
    wanted = [] if result is Result.PASS else list(findings or (f"The test was a {result}: {notes.strip()}",))
    wanted += [] if proved else [f"Change the plan: {notes.strip()}"]
    # A rehearsal proves nothing of the real copies, so nobody is reminded of it.
    wanted = [] if drill.practice.rehearsal else wanted
    owner = next((one.id for one in plan.holders(plan.drill.responsible)), by.id)
    due_at = at + FOLLOW_UP_WITHIN
    for number, one in enumerate(wanted[:_MOST_FOLLOW_UPS], len(incident.follow_ups) + 1):
        bodies.append(FollowUpAdded(key=str(number), text=one[:500], owner=owner, due_at=due_at))
    note = f"{result}; the procedure {'proved right' if proved else 'must change'}. {notes.strip()}".strip()
    ended = {"state": State.DONE, "since": at, "ended_at": at, "ended_by": by.id, "assignee": by.id, "note": note}
    held = incident.steps[step.key].model_copy(update=ended)
    bodies.append(StepMoved(step=step.key, move=Move.FINISH, held=held))
    return tuple(bodies)


def checked(outcome: Outcome) -> tuple[str, str, str, str, bool | None]:
    """A check of the plan as key, title, what was expected, what was found, and whether it holds."""
    ok = None if outcome.result is Seen.UNKNOWN else outcome.result is Seen.PASSED
    return outcome.check.key, outcome.check.title, outcome.expected, outcome.found, ok
