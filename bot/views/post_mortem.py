"""Knows how a post-mortem is shown: short in the channel, whole as Markdown and as a page, and as a plot.

Knows nothing of who draws the plot, or of where the files are kept.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat.cards import (
    Attachment,
    Block,
    Bold,
    Button,
    Buttons,
    Card,
    Code,
    Image,
    Items,
    Line,
    Text,
    Tone,
    fields,
    text,
)
from bot.chat.html import Drawings, to_html
from bot.chat.markdown import to_markdown
from bot.domain import checklist
from bot.domain.checklist import Move, State
from bot.domain.follow_ups import open_ones
from bot.domain.incident_events import Point, Restored
from bot.domain.incidents import Incident
from bot.domain.letter_events import LetterAnswered, LetterSent
from bot.domain.plan import Automation, Plan, Step
from bot.domain.post_mortem import PostMortem
from bot.views import words
from bot.views.actions import SAY, say
from bot.views.incident import BRAKES
from bot.views.incident_said import author
from bot.views.incident_steps import name_of
from bot.views.plots import Entry, Plot, timeline
from bot.views.post_mortem_sections import lasted, sections, verdict

_TONES = {
    State.TODO: Tone.NEUTRAL,
    State.DOING: Tone.WORKING,
    State.DONE: Tone.GOOD,
    State.FAILED: Tone.BAD,
    State.SKIPPED: Tone.WARNING,
}
_VERBS = {Move.SKIP: "skipped", Move.FAIL: "failed"}
_POINTS: dict[type, str] = {
    LetterSent: "Letter sent",
    LetterAnswered: "Support answered",
    Restored: "Data restored",
}
_MISSES = 5


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a record's chain of hashes; `broken_at` is the first event that does not fit, None where all do."""

    hash: str
    broken_at: int | None


def post_mortem_card(record: PostMortem, plot: Text | Image, ending: Ending) -> Card:
    """The report for the channel: its figures, the timeline, the documents, and what is next."""
    incident = record.incident
    open_left = len(open_ones(incident))
    chain = "whole" if ending.broken_at is None else f"broken at event {ending.broken_at}"
    facts: list[tuple[str, str]] = [
        ("To detect", lasted(record.to_detect)),
        ("To decide", lasted(record.to_decide)),
        ("To recover", lasted(record.to_recover)),
        ("Recovery target", verdict(record)),
        ("Follow-ups", f"{open_left} open of {len(incident.follow_ups)}"),
        ("Record", f"{words.many(len(record.happened), 'event')}, {chain}"),
    ]
    blocks: list[Block] = [fields(facts), plot, *_missed(record)]
    blocks.append(text("Two parts wait for whoever writes it: what went well, and what to change."))
    blocks += [Attachment(f"{incident.id}{suffix}", f"incident/{incident.id}{suffix}") for suffix in (".md", ".html")]
    return Card(_title(record), (*blocks, Buttons(_buttons(incident))), _tone(record, ending))


def post_mortem_markdown(record: PostMortem, plan: Plan, ending: Ending) -> str:
    """The whole report as Markdown; its plot is told in words."""
    plot = timeline_plot(record, plan)
    parts = sections(record, plan, text(Code(plot.spark), f" {plot.alt}"), _ending(ending))
    return "\n".join((to_markdown(Card(_heading(record))), *(to_markdown(part, 2) for part in parts)))


def post_mortem_html(record: PostMortem, plan: Plan, ending: Ending, svg: str = "") -> str:
    """The whole report as a page that loads nothing; its plot as the drawing that is given, else told in words."""
    plot = timeline_plot(record, plan)
    drawings: Drawings = {"timeline": svg} if svg else {}
    shown = Image(plot.alt, "timeline") if svg else text(Code(plot.spark), f" {plot.alt}")
    return to_html(_heading(record), sections(record, plan, shown, _ending(ending)), drawings)


def timeline_plot(record: PostMortem, plan: Plan) -> Plot:
    """What was done until operations were resumed: steps and brakes as bars, letters and what came back as points."""
    incident = record.incident
    end = incident.recovered_at or record.as_of
    entries = [Entry(incident.opened_at, "Opened", name_of(incident, plan, incident.opened_by), Tone.BAD)]
    for one in record.steps:
        held, owner = one.held, one.held.assignee
        if one.step.afterwards or (at := held.started_at or held.ended_at) is None:
            continue
        until = (held.ended_at or max(at, end)) if held.started_at else None
        lane = name_of(incident, plan, owner) if owner else ""
        entries.append(Entry(at, f"{one.number}. {one.step.title}", lane, _TONES[held.state], until))
    for brake in record.brakes:
        named = f"{BRAKES[brake.braked.brake]} {brake.braked.key}".strip()
        until = brake.off.at if brake.off else max(brake.on.at, end)
        entries.append(Entry(brake.on.at, named, author(brake.on, plan), Tone.WARNING, until))
    for event in record.happened:
        label = _POINTS.get(type(event.body))
        if label and event.at <= end:
            entries.append(Entry(event.at, label, author(event, plan), Tone.GOOD))
    return timeline(entries, _marks(record))


def _marks(record: PostMortem) -> dict[str, datetime]:
    incident = record.incident
    points = {str(one): held.at for one, held in incident.points.items() if one is not Point.TARGET}
    marks = points | ({"recovered": incident.recovered_at} if incident.recovered_at else {})
    # What was long before would leave no room for the rest; the table has it.
    length = max((incident.recovered_at or record.as_of) - incident.opened_at, timedelta(hours=1))
    return {name: at for name, at in marks.items() if abs(at - incident.opened_at) <= length}


# --- parts of the card ---------------------------------------------------------------------------------------------


def _heading(record: PostMortem) -> str:
    return f"Post-mortem: {record.incident.title}"


def _title(record: PostMortem) -> str:
    took, title = record.to_recover.length, record.incident.title
    if took is None:
        return f"Not recovered yet: {title}"
    met = {True: ", within its target", False: ", later than its target", None: ""}[record.in_time]
    return f"Recovered in {words.span(took)}{met}: {title}"


def _tone(record: PostMortem, ending: Ending) -> Tone:
    if ending.broken_at is not None or record.in_time is False:
        return Tone.BAD
    return Tone.WARNING if record.incident.recovered_at is None or record.incident.stopped else Tone.GOOD


def _missed(record: PostMortem) -> list[Block]:
    lines: list[Line] = [
        (Bold(f"{one.record.number}. {one.record.step.title}"), f" {_VERBS[one.move]}: {one.reason}")
        for one in record.misses
    ]
    more = len(lines) - _MISSES
    shown = [*lines[:_MISSES], (f"and {more} more, in the documents",)] if more > 0 else lines
    return [Items(tuple(shown))] if shown else []


def _buttons(incident: Incident) -> tuple[Button, ...]:
    named = f"--of {incident.id}"
    buttons = [say("Add a follow-up…", f"/incident follow-up {named}"), say("Timeline", f"/incident timeline {named}")]
    for step in incident.checklist:
        moves = checklist.moves_for(step, incident.checklist, incident.steps)
        if Automation.REPORT in step.automations and Move.FINISH in moves and incident.closed_at is None:
            buttons.insert(0, _done(incident, step))
    return tuple(buttons)


def _done(incident: Incident, step: Step) -> Button:
    """A button that says where the report is, or where that is too long for a button, how to get it."""
    label = f"Done: {incident.number(step.key)}. {step.title}"[:75]
    named = f"/incident done --of {incident.id}"
    long = f"{named} {step.key} report in incident/{incident.id}.md"
    return say(label, long if SAY.fits(long) else f"{named} {incident.number(step.key)} in /incident report", "primary")


def _ending(ending: Ending) -> Card:
    if ending.broken_at is None:
        told = text("Each event carries the hash of the one before, and all fit.")
    else:
        told = text(
            f"From event {ending.broken_at} on the record does not fit: something was changed outside Lifeboat. "
            "Do not rely on what follows.",
            tone=Tone.BAD,
        )
    return Card("The record", (told, fields([("Hash of the last event", (Code(ending.hash),))])))
