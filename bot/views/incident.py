"""Knows how an incident is shown: its board, and where it is announced. Knows nothing of what may happen.

The board says what is wrong, how long there is, who holds what and what is next; everything else stands under it.
"""

from collections.abc import Sequence

from bot.chat.cards import (
    Block,
    Bold,
    Button,
    Buttons,
    Card,
    Fields,
    Heading,
    Items,
    Line,
    Link,
    Span,
    Tone,
    When,
    fields,
    text,
)
from bot.domain.checklist import OVER, Move, State
from bot.domain.durations import duration_words
from bot.domain.incident_events import Brake, Point
from bot.domain.incidents import Incident
from bot.domain.plan import Plan, Step
from bot.views import words
from bot.views.actions import say
from bot.views.incident_steps import held_line, name_of, prerequisites, step_buttons, steps_list
from bot.views.prose import prose

BRAKES = {
    Brake.PAUSE: "Convex is paused",
    Brake.KILL_SWITCH: "the kill switch is set",
    Brake.MAINTENANCE: "the site is in maintenance mode",
    Brake.WEBHOOKS: "webhooks are off",
}
"""What each brake means while it is on."""


def board_card(incident: Incident, plan: Plan, page: int = 1) -> Card:
    """The living card of an incident."""
    blocks: list[Block] = [*_alarm(incident), _facts(incident)]
    step = incident.current
    if incident.closed_at is None and step is not None:
        blocks += _turn(incident, step, plan)
    blocks += steps_list(incident, plan, page)
    blocks.append(Buttons(_everything(incident)))
    return Card(_title(incident), tuple(blocks), _tone(incident), _footer(incident, plan))


def announced_card(incident: Incident, plan: Plan) -> Card:
    """What the announcement channel is told: that it began, where it is worked on, and that it is over."""
    if incident.closed_at is not None:
        took = words.span(incident.closed_at - incident.opened_at)
        over = (text("Everything runs again. It took ", took, "; a report follows."),)
        return Card(f"Over: {incident.title}", over, Tone.GOOD, _footer(incident, plan))
    blocks: list[Block] = [] if incident.what == incident.title else [text(incident.what)]
    if incident.stopped:
        blocks += _alarm(incident)
    blocks.append(text("Please do not deploy, migrate, import or edit data there until this says that it is over."))
    rooms = rooms_line(incident)
    if rooms:
        blocks.append(text("It is worked on in ", *rooms, "."))
    return Card(_title(incident), tuple(blocks), Tone.BAD, _footer(incident, plan))


def begun_card(incident: Incident, plan: Plan, *, new: bool) -> Card:
    """The answer to whoever began it."""
    rooms = rooms_line(incident)
    where = ("It is worked on in ", *rooms, ".") if rooms else ("Its room is being opened; you are invited.",)
    title = f"The incident “{incident.title}” is open" + ("." if new else " already. No second one begins.")
    buttons = [say("Show the board", f"/incident status --of {incident.id}", "primary")]
    if not new:
        buttons.append(say("It is another one…", "/incident start --another"))
    return Card(title, (text(*where), Buttons(tuple(buttons))), Tone.WARNING, _footer(incident, plan))


def incidents_card(incidents: Sequence[Incident]) -> Card:
    """The newest incidents, newest first."""
    if not incidents:
        return Card("There was no incident yet.", (text("/incident start begins one."),))
    lines: list[Line] = []
    for one in incidents:
        state = "open" if one.closed_at is None else f"closed after {words.span(one.closed_at - one.opened_at)}"
        lines.append((Bold(one.title), f" · {one.environment} · ", When(one.opened_at), f" · {state} · {one.id}"))
    open_ones = [one for one in incidents if one.closed_at is None]
    title = f"{words.many(len(open_ones), 'incident is', 'incidents are')} open." if open_ones else "None is open."
    first = (open_ones or list(incidents))[0]
    button = say("Show it", f"/incident status --of {first.id}")
    return Card(title, (Items(tuple(lines)), Buttons((button,))), Tone.BAD if open_ones else Tone.NEUTRAL)


# --- the parts of a board ------------------------------------------------------------------------------------------


def _title(incident: Incident) -> str:
    if incident.closed_at is not None:
        return f"Closed: {incident.title}"
    if incident.recovered_at is not None:
        return f"Recovered, paperwork left: {incident.title}"
    return f"{incident.environment.capitalize()}: {incident.title}"


def _tone(incident: Incident) -> Tone:
    if incident.closed_at is not None:
        return Tone.GOOD
    return Tone.BAD if incident.recovered_at is None or incident.stopped else Tone.WARNING


def _alarm(incident: Incident) -> list[Block]:
    """What is stopped and must go on again: red until it does."""
    shown: list[Block] = []
    for brake in dict.fromkeys(one.brake for one in incident.stopped):
        alike = [one for one in incident.stopped if one.brake is brake]
        effect = alike[0].effect if len(alike) == 1 else f"{len(alike)} of them."
        shown.append(
            text(Bold(f"Still stopped: {BRAKES[brake]}"), " since ", When(alike[0].since), f". {effect}", tone=Tone.BAD)
        )
    return shown


def stopped_words(incident: Incident) -> str:
    """What is stopped, in a few words; '' where nothing is."""
    return words.listed([BRAKES[brake] for brake in dict.fromkeys(one.brake for one in incident.stopped)])


def _facts(incident: Incident) -> Fields:
    pairs: list[tuple[str, Line]] = [("Open since", (When(incident.opened_at, relative=True),))]
    if incident.recovered_at is not None:
        took = words.span(incident.recovered_at - incident.opened_at)
        pairs.append(("Recovered", (When(incident.recovered_at), f" · after {took}")))
    elif incident.breaches_at is not None and incident.recover_within is not None:
        within = duration_words(incident.recover_within)
        pairs.append(("To be recovered by", (When(incident.breaches_at, relative=True), f" · {within} in all")))
    else:
        pairs.append(("Recovery target", ("none for this environment",)))
    pairs += [(f"{point.capitalize()}", _moment(incident, point)) for point in Point]
    done = sum(incident.steps[one.key].state in OVER for one in incident.checklist)
    pairs.append(("Steps", (f"{done} of {len(incident.checklist)} done",)))
    return fields(pairs)


def _moment(incident: Incident, point: Point) -> Line:
    held = incident.points.get(point)
    if held is None:
        return ("not known yet",)
    return (When(held.at),)


def _turn(incident: Incident, step: Step, plan: Plan) -> list[Block]:
    held = incident.steps[step.key]
    verb = "Now" if held.state is State.DOING else "Next"
    return [
        Heading(f"{verb}: {incident.number(step.key)}. {step.title}"),
        held_line(incident, step, plan),
        Items(tuple(prose(line) for line in step.guidance)),
        *prerequisites(incident, step, plan),
        *step_buttons(incident, step, moves=(Move.CLAIM, Move.START, Move.FINISH, Move.SKIP, Move.ASSIGN)),
    ]


def rooms_line(incident: Incident) -> list[Span]:
    """Where it is worked on; nothing before any room is open."""
    found: list[Span] = []
    for room in incident.rooms:
        where = room.platform.capitalize()
        name = f"#{room.name} ({where})" if room.own else f"the channel where it was started ({where})"
        found += [", " if found else "", Link(name, room.url) if room.url else Bold(name)]
    return [one for one in found if one != ""]


def _everything(incident: Incident) -> tuple[Button, ...]:
    named = f"--of {incident.id}"
    if incident.closed_at is not None:
        return (say("Report", f"/incident report {named}"), say("Timeline", f"/incident timeline {named}"))
    buttons = [say("Catch me up", f"/incident catchup {named}"), say("Note…", f"/incident note {named}")]
    if incident.undoable:
        buttons.append(say("Undo", f"/incident undo {named}"))
    if not incident.open_steps and not incident.stopped:
        buttons.append(say("Close", f"/incident close {named}", "primary"))
    return tuple(buttons)


def _footer(incident: Incident, plan: Plan) -> Line:
    return (f"{incident.id} · opened by {name_of(incident, plan, incident.opened_by)} · ", When(incident.opened_at))
