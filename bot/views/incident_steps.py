"""Knows how the steps of an incident are shown, and which moves each offers now. Knows nothing of the rest of it."""

from collections.abc import Sequence

from bot.chat.cards import (
    Block,
    Bold,
    Button,
    Buttons,
    Card,
    Choice,
    Code,
    Items,
    Line,
    Mention,
    Pick,
    Snippet,
    Span,
    Text,
    Tone,
    When,
    fields,
    text,
)
from bot.domain import checklist, drill_moves
from bot.domain.checklist import MOVES, OVER, Move, State
from bot.domain.durations import duration_words
from bot.domain.incident_events import Brake, Point
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT, PersonId
from bot.domain.plan import Automation, Plan, Step
from bot.views import words
from bot.views.actions import SAY, say
from bot.views.prose import prose

MARKS = {State.TODO: "○", State.DOING: "▸", State.DONE: "✓", State.FAILED: "✗", State.SKIPPED: "–"}
"""A step's state at a glance; the word stands beside it where it is not plain."""

PAGE = 20
"""Steps on a board; the rest is a page of `/incident status`."""

_TONES = {State.DOING: Tone.WORKING, State.FAILED: Tone.BAD}

_OFFERS = {
    Automation.EXPORT: ("Safety export", "/backup export {environment}"),
    Automation.VERIFY: ("Compare with the last good copy", "/recovery integrity"),
    Automation.POINT: ("Say the moment…", "/incident point"),
    Automation.NOTIFY: ("Announce…", "/recovery announce"),
    Automation.PAUSE: ("Pause Convex…", "/recovery stop pause"),
    Automation.MAINTENANCE: ("Maintenance mode…", "/recovery stop maintenance"),
    Automation.WEBHOOKS: ("Webhooks off…", "/recovery stop webhooks"),
    Automation.IMPORT: ("Record what was restored…", "/recovery restored"),
    Automation.LETTER: ("Letter to support", "/incident email"),
    Automation.TEST_SUITE: ("Run the tests", "/recovery test"),
    Automation.RESUME: ("Resume…", "/recovery resume"),
    Automation.WATCH_ERRORS: ("Error rate", "/recovery watch"),
    Automation.REPORT: ("Report", "/incident report"),
    Automation.LOOK: ("Take a copy and look", "/backup export {environment}"),
    Automation.CHOOSE: ("Choose a copy…", "/drill use"),
    Automation.NEW_KEY: ("A new key", "/drill new-key"),
    Automation.HINT: ("Hint, for points", "/drill hint"),
}
"""What a step may offer by a press: its label and the line that it says."""
_BRAKES = {
    Automation.PAUSE: Brake.PAUSE,
    Automation.MAINTENANCE: Brake.MAINTENANCE,
    Automation.WEBHOOKS: Brake.WEBHOOKS,
}

_MOVES = {
    Move.CLAIM: ("I take it", "claim", "default"),
    Move.START: ("Begin", "begin", "primary"),
    Move.FINISH: ("Done", "done", "primary"),
    Move.FAIL: ("Failed…", "fail", "danger"),
    Move.SKIP: ("Skip…", "skip", "default"),
    Move.ASSIGN: ("Assign…", "assign", "default"),
    Move.HAND_BACK: ("Hand back", "hand-back", "default"),
    Move.REOPEN: ("Redo", "redo", "default"),
}


def step_card(incident: Incident, step: Step, plan: Plan) -> Card:
    """One step in full: how to do it, who holds it, and everything that may be done with it."""
    held = incident.steps[step.key]
    blocks: list[Block] = [held_line(incident, step, plan)]
    blocks.append(Items(tuple(prose(line) for line in step.guidance)))
    if step.snippet:
        blocks.append(Snippet(step.snippet.strip("\n"), "bash"))
    blocks += prerequisites(incident, step, plan)
    if step.evidence:
        blocks.append(text("To be given when it is done: ", step.evidence, "."))
    if held.note:
        blocks.append(text(Bold("Said: "), held.note))
    blocks += step_buttons(incident, step, moves=tuple(_MOVES))
    return Card(f"{incident.number(step.key)}. {step.title}", tuple(blocks), _TONES.get(held.state, Tone.NEUTRAL))


def prerequisites(incident: Incident, step: Step, plan: Plan) -> list[Block]:
    """What must be at hand before data is brought back, with what is known of it; nothing for other steps."""
    if not {Automation.LETTER, Automation.IMPORT} & set(step.automations):
        return []
    target = incident.points.get(Point.TARGET)
    known: list[tuple[str, Line]] = [
        ("Convex plan", (plan.incidents.convex_plan or "not said: set convex_plan under [incidents] in the plan",)),
        ("Admin access", ("whoever restores in the dashboard needs it; Lifeboat cannot see it",)),
        ("Target timestamp", (When(target.at),) if target else ("not set yet: ", Code("/incident point"))),
    ]
    return [text(Bold("Before it begins:")), Items(tuple(map(prose, plan.recovery.prerequisites))), fields(known)]


def who(incident: Incident, plan: Plan, person: PersonId) -> Span:
    """Somebody, or a role, called by name."""
    return Mention(person, name_of(incident, plan, person))


def name_of(incident: Incident, plan: Plan, person: PersonId) -> str:
    """Their name alone, where nobody is to be called; of somebody the plan does not know, the one they came with."""
    kind, _, name = person.partition(":")
    if kind == "role" and name in plan.roles:
        return plan.roles[name].title
    return plan.name_of(person) if person in plan.people else incident.names.get(person) or plan.name_of(person)


def steps_list(incident: Incident, plan: Plan, page: int = 1) -> list[Block]:
    """The checklist, a page of it."""
    shown = incident.checklist[(page - 1) * PAGE : page * PAGE]
    blocks: list[Block] = [Items(tuple(_step_line(incident, one, plan) for one in shown))]
    left = len(incident.checklist) - page * PAGE
    if left > 0:
        more = f"/incident status --of {incident.id} --page {page + 1}"
        blocks.append(Buttons((say(f"{words.many(left, 'more step')}", more),)))
    choices = tuple(Choice(f"{incident.number(one.key)}. {one.title}"[:75], one.key) for one in shown)
    if choices:
        blocks.append(Pick("Open a step", SAY(f"/incident step --of {incident.id}"), choices))
    return blocks


def held_line(incident: Incident, step: Step, plan: Plan) -> Text:
    """How a step stands: its state, who holds it, until when, and what it waits for."""
    held = incident.steps[step.key]
    role = plan.roles[step.role].title if step.role in plan.roles else step.role
    line: list[Span] = [Bold(str(held.state).capitalize()), " · "]
    line += [who(incident, plan, held.assignee)] if held.assignee else ["nobody holds it"]
    line.append(f" · {role} · ")
    if held.state is State.DOING and held.started_at is not None:
        line += ["due ", When(held.started_at + step.within, relative=True)]
    elif held.state in OVER and held.ended_at is not None:
        line += ["ended ", When(held.ended_at)]
    else:
        line.append(f"{duration_words(step.within)} for it")
    blocked = checklist.blocked_by(step, incident.checklist, incident.steps)
    if blocked and held.state not in OVER:
        line.append(f" · waits for step {words.listed([str(incident.number(one.key)) for one in blocked])}")
    return Text(tuple(line), _TONES.get(held.state, Tone.NEUTRAL))


def step_buttons(incident: Incident, step: Step, moves: Sequence[Move]) -> list[Block]:
    """Those of the moves that may be made now, and what Lifeboat may do for the step."""
    legal = checklist.moves_for(step, incident.checklist, incident.steps)
    # Where a copy is chosen, the choice is what ends the step.
    without = {Move.FINISH} if Automation.CHOOSE in step.automations else set()
    shown = [_move_button(incident, step, move) for move in moves if move in legal and move not in without]
    stopped = {one.brake for one in incident.stopped}
    offered = [
        say(label, line.format(environment=incident.environment))
        for automation in step.automations
        # In a drill Lifeboat does these by itself, and what an incident has for them would touch what is real.
        if (incident.drill is None or automation not in drill_moves.AUTOMATIC)
        and incident.steps[step.key].state not in OVER
        and _BRAKES.get(automation) not in stopped
        for label, line in ([_OFFERS[automation]] if automation in _OFFERS else ())
    ]
    return [Buttons(tuple(row)) for row in (shown, offered) if row]


def _move_button(incident: Incident, step: Step, move: Move) -> Button:
    label, verb, style = _MOVES[move]
    line = f"/incident {verb} --of {incident.id} {step.key}"
    if not SAY.fits(f"{line} as planned"):
        line = f"/incident {verb} --of {incident.id} {incident.number(step.key)}"
    if move is Move.FINISH:
        # One button leads on: to begin, then to be done.
        style = "default" if Move.START in MOVES[incident.steps[step.key].state] else style
        # A step that asks for evidence asks for it by a form.
        return say(f"{label}…" if step.evidence else label, line if step.evidence else f"{line} as planned", style)
    return say(label, line, style)


def _holder(incident: Incident, step: Step) -> PersonId | None:
    """Who does a step; in a drill Lifeboat what it can, until somebody takes it."""
    held = incident.steps[step.key]
    automatic = incident.drill is not None and drill_moves.automation_of(step) is not None
    return LIFEBOAT.id if automatic and held.state is State.TODO and not held.claimed else held.assignee


def _step_line(incident: Incident, step: Step, plan: Plan) -> Line:
    held = incident.steps[step.key]
    line: list[Span] = [f"{MARKS[held.state]} {incident.number(step.key)}. "]
    line.append(Bold(step.title) if step == incident.current else step.title)
    if held.state is State.SKIPPED:
        line.append(f" · skipped: {held.note}")
    elif held.state is State.FAILED:
        line.append(f" · failed: {held.note}")
    elif holder := _holder(incident, step):
        line += [" · ", name_of(incident, plan, holder)]
    if held.state is State.DONE and held.started_at and held.ended_at:
        line.append(f" · {words.span(held.ended_at - held.started_at)}")
    return tuple(line)
