"""Knows what is said in an incident's room when something happens, each event as a card. Knows nothing of the board.

A card is drawn from its event and from how the incident stands when it is drawn; it is a message, not a state.
"""

from collections.abc import Sequence

from bot.chat.cards import (
    Attachment,
    Block,
    Bold,
    Buttons,
    Card,
    Heading,
    Image,
    Items,
    Line,
    Span,
    Text,
    Tone,
    When,
    plain,
    text,
)
from bot.domain import incident_events as events
from bot.domain import letter_events
from bot.domain.checklist import Move, State
from bot.domain.incident_events import Event, Point, Prompt
from bot.domain.incidents import Incident
from bot.domain.plan import Plan, Step
from bot.views import words
from bot.views.actions import say
from bot.views.drill_said import drill_line
from bot.views.incident import BRAKES, stopped_words
from bot.views.incident_steps import held_line, name_of, step_buttons, who
from bot.views.letters import follow_up_card
from bot.views.prose import prose

_VERBS = {
    Move.ASSIGN: "assigned",
    Move.CLAIM: "took",
    Move.HAND_BACK: "handed back",
    Move.START: "began",
    Move.FINISH: "finished",
    Move.FAIL: "could not do",
    Move.SKIP: "skipped",
    Move.REOPEN: "opened again",
}
_POINTS = {
    Point.HAPPENED: "It happened at",
    Point.NOTICED: "It was noticed at",
    Point.TARGET: "The data is to be as it was at",
}


def said_card(incident: Incident, event: Event, plan: Plan) -> Card:
    """What one event says."""
    body = event.body
    match body:
        case events.RoomOpened():
            return first_card(incident, plan)
        case events.Prompted():
            return _prompt(incident, body, plan)
        case events.StepMoved():
            return _plain(event, plan, _moved(incident, body, event, plan))
        case events.PointSet():
            return _point(incident, body, event, plan)
        case events.Braked():
            return _braked(incident, body, event, plan)
        case events.Acted():
            return _acted(body)
        case letter_events.LetterAnswered():
            return Card("Support has answered.", (text(body.text),), Tone.GOOD, _by(event, plan))
        case letter_events.LetterChased(round=asked) if incident.letter and incident.letter.sent_at:
            return follow_up_card(plan.contacts, asked, incident.letter.sent_at, event.at)
        case events.FollowUpReminded():
            return _reminded(incident, body, plan)
        case events.Closed():
            return _closed(incident, event, plan)
    return _plain(event, plan, line_of(incident, event, plan))


def first_card(incident: Incident, plan: Plan) -> Card:
    """The first message of a room: what stops the bleeding, and what not to do yet."""
    cause = next((one for one in plan.causes if one.key == incident.cause), None)
    blocks: list[Block] = [text(Bold("What happened: "), incident.what)]
    if cause is not None:
        blocks.append(text(Bold(f"{cause.title}: "), *prose(cause.advice)))
    blocks.append(
        Items(
            (
                (Bold("Stop what writes: "), "jobs, migrations, deployments, the webhook that may be doing it."),
                (Bold("Do not restore yet. "), "A restore overwrites what was written since; first know what is lost."),
                (Bold("Keep a copy now: "), "a safety export of the present state, damaged as it is."),
            ),
            ordered=True,
        )
    )
    environment = incident.environment
    blocks.append(
        Buttons(
            (
                say("Take a safety export", f"/backup export {environment}", "primary"),
                say("Pause Convex…", "/recovery stop pause", "danger"),
                say("When was it?…", "/incident point"),
            )
        )
    )
    if cause is not None:
        ways = [way for key in cause.ways for way in plan.ways if way.key == key]
        blocks.append(Heading("Ways back, for later"))
        blocks.append(Items(tuple((Bold(way.title), ": ", *prose(way.summary)) for way in ways)))
        blocks.append(Buttons(tuple(say(way.title.partition(":")[0], f"/lifeboat runbook {way.key}") for way in ways)))
    step = incident.current
    if step is not None:
        blocks.append(
            text(Bold(f"First: {incident.number(step.key)}. {step.title}."), " ", *_called(incident, step, plan))
        )
    return Card("Stop the bleeding", tuple(blocks), Tone.BAD)


def line_of(incident: Incident, event: Event, plan: Plan) -> Line:
    """One event in a line, for the timeline and what is told under the board."""
    body = event.body
    by = author(event, plan)
    match body:
        case events.Started():
            return (f"{by} opened the incident: ", body.what)
        case events.RoomOpened():
            return (f"A room was opened on {body.platform}: ", Bold(body.name))
        case events.SideCallFailed():
            return (f"{body.platform.capitalize()}: {body.what} did not work. ", body.problem)
        case events.StepMoved():
            return _moved(incident, body, event, plan)
        case events.StepAdded():
            return (f"{by} added a step: ", Bold(body.step.title))
        case events.Undone():
            return (f"{by} took back the last move: ", _title(incident, body.step), f" is {body.held.state} again")
        case events.PointSet():
            return (f"{_POINTS[body.point]} ", When(body.at), f", said {by}")
        case events.Noted():
            return (Bold("Decision: ") if body.decision else "", body.text, f" ({by})")
        case events.Prompted():
            return (f"Lifeboat asked about {_title(incident, body.step)} ({body.prompt})",)
        case events.Braked():
            verb = "stopped" if body.on else "resumed"
            return (f"{by} {verb} {body.brake} {body.key}".rstrip(), ". ", body.effect)
        case events.Acted():
            return (f"{body.action}: ", "" if body.ok else "failed. ", body.effect, f" (asked by {by})")
        case events.Restored():
            return (f"{by} restored ", Bold(body.what), f" from {body.source}: {body.how}")
    return _late_line(body, by)


def _late_line(body: events.Body, by: str) -> Line:
    match body:
        case letter_events.LetterDrafted():
            return (f"{by} has the letter to {', '.join(body.to)} ready",)
        case letter_events.LetterPressed():
            return (f"{by} has the letter sent",)
        case letter_events.LetterFailed():
            return ("The letter was not sent. ", body.problem)
        case letter_events.LetterSent():
            how = "by the mail server" if body.way == "smtp" else body.way
            return (f"The letter to support is sent, {how}",)
        case letter_events.LetterAnswered():
            return ("Support answered: ", body.text)
        case letter_events.LetterChased():
            return (f"No answer yet; reminder {body.round}",)
        case events.FollowUpAdded():
            return (f"{by} added a follow-up: ", Bold(body.text))
        case events.FollowUpDone():
            return (f"{by} did the follow-up {body.key}",)
        case events.FollowUpReminded():
            return (f"Reminded of the follow-up {body.key}",)
        case events.Closed():
            return (f"{by} closed the incident",)
        case events.Reopened():
            return (f"{by} opened the incident again: ", body.reason)
    return drill_line(body, by) or (body.type,)


def author(event: Event, plan: Plan) -> str:
    """Who did it: by the plan's name, or for somebody it does not know, by the one they had then."""
    return plan.name_of(event.by) if event.by in plan.people else event.by_name


# --- single events -------------------------------------------------------------------------------------------------


def _prompt(incident: Incident, body: events.Prompted, plan: Plan) -> Card:
    step = incident.step(body.step)
    if step is None or incident.steps[step.key].state in (State.DONE, State.SKIPPED):
        return Card(f"{_title(incident, body.step)}: settled meanwhile.")
    number, held = incident.number(step.key), incident.steps[step.key]
    within = words.span(step.within)
    match body.prompt:
        case Prompt.NEXT:
            title, tone = f"Next: {number}. {step.title}", Tone.NEUTRAL
        case Prompt.UNOWNED:
            title, tone = f"Who takes {number}. {step.title}?", Tone.WARNING
        case Prompt.NUDGE:
            title, tone = f"Are you on {number}. {step.title}?", Tone.WARNING
        case Prompt.OVERDUE:
            title, tone = f"{number}. {step.title} takes longer than its {within}", Tone.WARNING
    # Whoever holds it is called once, by either line.
    offered = body.prompt in (Prompt.NEXT, Prompt.UNOWNED)
    blocks: list[Block] = [] if offered and held.assignee else [Text(_called(incident, step, plan))]
    if offered:
        blocks += [held_line(incident, step, plan), Items(tuple(prose(line) for line in step.guidance))]
    elif held.started_at is None:
        blocks.append(text("It has not been begun. Begin it, or hand it back so that somebody else can."))
    else:
        blocks.append(text("Say how it goes: done, failed, or hand it back."))
    moves = (Move.CLAIM, Move.START, Move.FINISH, Move.FAIL, Move.SKIP, Move.HAND_BACK)
    return Card(title, (*blocks, *step_buttons(incident, step, moves)), tone)


def _called(incident: Incident, step: Step, plan: Plan) -> Line:
    """Whoever has to do it, called by name; where nobody holds it, everybody with its role."""
    held = incident.steps[step.key]
    if held.assignee is not None:
        return (who(incident, plan, held.assignee), " holds it.")
    holders = plan.holders(step.role) if step.role in plan.roles else ()
    names: list[Span] = []
    for one in holders:
        names += [who(incident, plan, one.id), " "]
    return (*names, "nobody holds it yet.")


def _moved(incident: Incident, body: events.StepMoved, event: Event, plan: Plan) -> Line:
    title = f"{incident.number(body.step)}. {_title(incident, body.step)}"
    by = author(event, plan)
    if body.move is Move.ASSIGN and body.held.assignee is not None:
        return (f"{by} gave ", Bold(title), " to ", name_of(incident, plan, body.held.assignee))
    line: list[Span] = [f"{by} {_VERBS[body.move]} ", Bold(title)]
    if body.held.note:
        line.append(f": {body.held.note}")
    return tuple(line)


def _point(incident: Incident, body: events.PointSet, event: Event, plan: Plan) -> Card:
    said = f"said as “{body.said}”" if body.said else ""
    line: Line = (When(body.at, relative=True), f" · {body.at:%Y-%m-%dT%H:%M:%SZ} · {said}".rstrip(" ·"))
    look = f"/incident point --of {incident.id}"
    title = f"{_POINTS[body.point]} {body.at:%Y-%m-%d %H:%M:%S} UTC"
    return Card(title, (Text(line), Buttons((say("What brackets it", look),))), Tone.NEUTRAL, _by(event, plan))


def _braked(incident: Incident, body: events.Braked, event: Event, plan: Plan) -> Card:
    if body.on:
        resume = say("Resume…", f"/recovery resume --of {incident.id}")
        blocks: tuple[Block, ...] = (text(body.effect), Buttons((resume,)))
        return Card(f"Stopped: {BRAKES[body.brake]}.", blocks, Tone.BAD, _by(event, plan))
    left = stopped_words(incident)
    still = f"Still stopped: {left}." if left else "Nothing is stopped any more."
    title = f"{str(body.brake).capitalize()}: it goes on again."
    return Card(title, (text(body.effect), text(still)), Tone.WARNING if left else Tone.GOOD, _by(event, plan))


def _acted(body: events.Acted) -> Card:
    title = body.action if body.ok else f"{body.action}: look at this"
    tone = Tone.GOOD if body.ok else Tone.BAD
    if body.file.startswith("picture/"):
        return Card(title, (Image(body.effect, body.file), text(body.effect)), tone)
    files = (Attachment(body.file.rpartition("/")[2], body.file),) if body.file else ()
    return Card(title, (text(body.effect), *files), tone)


def _reminded(incident: Incident, body: events.FollowUpReminded, plan: Plan) -> Card:
    found = next((one for one in incident.follow_ups if one.key == body.key), None)
    if found is None or found.done_at is not None:
        return Card("A follow-up was settled meanwhile.")
    owner: Sequence[Span] = (who(incident, plan, found.owner), ": ") if found.owner else ()
    done = say("Done", f"/incident followed-up --of {incident.id} {found.key}", "primary")
    return Card("A follow-up is due", (text(*owner, found.text), Buttons((done,))), Tone.WARNING)


def _closed(incident: Incident, event: Event, plan: Plan) -> Card:
    took = words.span(event.at - incident.opened_at)
    report = say("Report", f"/incident report --of {incident.id}", "primary")
    return Card(f"Closed after {took}", (text(incident.title), Buttons((report,))), Tone.GOOD, _by(event, plan))


def _plain(event: Event, plan: Plan, line: Line) -> Card:
    """A small card: one line, which is its title."""
    return Card(plain(line)[:250], (), Tone.NEUTRAL, _by(event, plan))


def _title(incident: Incident, key: str) -> str:
    step = incident.step(key)
    return step.title if step else key


def _by(event: Event, plan: Plan) -> Line:
    by = author(event, plan)
    return (f"{by} · ", When(event.at))
