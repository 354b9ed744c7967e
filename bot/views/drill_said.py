"""Knows what is said in a drill's room when something happens, and its timeline. Knows nothing of the board."""

from bot.chat.cards import Bold, Buttons, Card, Line, Text, Tone, plain, text
from bot.domain import drill_events as events
from bot.domain import drill_moves
from bot.domain.checklist import Move
from bot.domain.incident_events import Body, Closed, Event, Prompted, RoomOpened, StepMoved
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.domain.plan import Plan, Step
from bot.views import words
from bot.views.drill import concluded_card, conclusion, failed_buttons, first_drill_card, over_card
from bot.views.dry_run import dry_run_card
from bot.views.rehearsal import first_rehearsal_card, score_card

_LONGEST = 120
"""Characters of a title."""


def drill_said_card(incident: Incident, event: Event, plan: Plan) -> Card | None:
    """What one event of a drill says; None for one that says the same in an incident."""
    body = event.body
    match body:
        case RoomOpened():
            rehearsal = incident.drill is not None and incident.drill.practice.rehearsal
            return first_rehearsal_card(incident) if rehearsal else first_drill_card(incident, plan)
        case events.ImportPlanned(put_back=False):
            return dry_run_card(incident, body, plan)
        case Prompted() if incident.drill and (planned := drill_moves.agreement_open(incident.drill)):
            return dry_run_card(incident, planned, plan)
        case Prompted(step=key) if (step := incident.step(key)) is not None and drill_moves.documents(step):
            return _document(incident, step)
        case events.DrillConcluded():
            return concluded_card(incident) if incident.drill and incident.drill.concluded else None
        case events.Imported():
            title = "The target is put back" if body.put_back else "The copy is restored"
            took = words.span(event.at - body.began_at)
            return Card(title, (text(f"{body.rows:,} rows in {took}, from the upload to the end."),), Tone.GOOD)
        case events.Scored():
            return score_card(body)
        case StepMoved(move=Move.FAIL) if event.by == LIFEBOAT.id and (step := incident.step(body.step)):
            told = Text((body.held.note,), Tone.BAD)
            return Card(f"Failed: {step.title}", (told, Buttons(tuple(failed_buttons(incident, step)))), Tone.BAD)
        case StepMoved(held=held) if held.note and (step := incident.step(body.step)):
            return Card(f"{incident.number(step.key)}. {step.title}: {held.state}", (text(held.note),))
        case StepMoved() | events.Checked() | events.DrillWork() | events.ToolsNoted() | events.CleanedUp():
            return None
        case Closed():
            return over_card(incident)
    line = drill_line(body, event.by_name)
    return _told(plain(line)) if line else None


def _told(line: str) -> Card:
    """A small card: one line, of which what is long is no title."""
    head, _, rest = line.partition(": ")
    return Card(line) if len(line) <= _LONGEST or not rest else Card(head[:_LONGEST], (text(rest),))


def _document(incident: Incident, step: Step) -> Card:
    """The question how it went, in the room."""
    drill = incident.drill
    if incident.closed_at is not None or drill is None or drill.concluded is not None:
        return Card("It was said how it went.")
    return Card(f"Next: {incident.number(step.key)}. {step.title}", tuple(conclusion(incident)), Tone.WARNING)


def drill_line(body: Body, by: str) -> Line | None:
    """One event of a drill in a line; None for one that incidents have as well."""
    match body:
        case events.DrillWork():
            return (f"An export of {body.environment} began: {body.operation}",)
        case events.CopyTaken():
            what = "The target's own state is kept" if body.safety else "The copy under test"
            return (f"{what}: {body.copy_id}, SHA-256 {body.sha256}",)
        case events.ImportPlanned():
            create, delete = sum(one.create for one in body.changes), sum(one.delete for one in body.changes)
            what = "Dry run of putting it back" if body.put_back else "Dry run"
            return (f"{what}, into {body.deployment}: {create:,} rows to create, {delete:,} to delete",)
        case events.ImportAgreed():
            return (f"{by} agreed to the import {body.digest[:8]}",)
        case events.ImportRefused():
            return (f"{by} refused the import: {body.reason}",)
        case events.Imported():
            what = "The target's own state" if body.put_back else "The copy"
            return (f"{what} was imported: {body.rows:,} rows",)
        case events.Checked():
            mark = {True: "holds", False: "does not hold", None: "could not be asked"}[body.ok]
            return (f"{body.title} {mark}: expected {body.expected}, found {body.found}",)
        case events.Deviated():
            return (f"{by} did otherwise: {body.what}, since {body.reason}",)
        case events.DrillConcluded():
            proved = "the procedure proved right" if body.proved else "the plan must change"
            return (f"{by} concluded: ", Bold(str(body.result)), f", {proved}. {body.notes}".rstrip())
        case events.Hinted():
            return (f"{by} asked for a hint: ", body.text)
        case events.Scored():
            return (f"{body.total} points of 100: ", body.title)
        case events.DrillCancelled():
            return (f"{by} cancelled the test: {body.reason}",)
        case events.ToolsNoted():
            return (f"Held with {words.listed([f'{name} {version}' for name, version in body.tools.items()])}",)
        case events.CleanedUp():
            return (f"Cleaned up: {' '.join(body.lines)}",)
    return None
