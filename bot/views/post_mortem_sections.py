"""Knows the parts of a post-mortem, in their order, as cards that are printed one after the other.

Knows nothing that is not in the record: what only people can say is left to them, and marked so.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bot.chat.cards import (
    Block,
    Bold,
    Card,
    Code,
    Heading,
    Image,
    Items,
    Line,
    Snippet,
    Table,
    Text,
    Tone,
    fields,
    text,
)
from bot.domain.checklist import Move, State
from bot.domain.durations import duration_words
from bot.domain.incident_events import Event, Point, PointSet
from bot.domain.incidents import FollowUp
from bot.domain.people import PersonId
from bot.domain.plan import Plan
from bot.domain.post_mortem import LetterRecord, Measure, PostMortem, StepRecord
from bot.views.incident import BRAKES
from bot.views.incident_said import author, line_of
from bot.views.incident_steps import name_of

UNKNOWN = "not known"
_TONES = {State.FAILED: Tone.BAD, State.SKIPPED: Tone.WARNING, State.DOING: Tone.WORKING}


def exact(length: timedelta) -> str:
    """A length of time to the second: `1 d 0 h 03 min 20 s`."""
    seconds = int(length.total_seconds())
    days, hours, minutes = seconds // 86400, seconds // 3600 % 24, seconds // 60 % 60
    parts = [f"{days} d"] if days else []
    parts += [f"{hours} h"] if hours or parts else []
    parts += [f"{minutes:02} min" if parts else f"{minutes} min"] if minutes or parts else []
    return " ".join([*parts, f"{seconds % 60:02} s" if parts else f"{seconds % 60} s"])


def moment(at: datetime | None) -> str:
    """A moment to the second, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if at else UNKNOWN


def lasted(measure: Measure) -> str:
    """How long something was, or why that is not known."""
    if measure.length is not None:
        return exact(measure.length)
    return "contradictory: it is said to end before it begins" if measure.contradictory else UNKNOWN


def verdict(record: PostMortem) -> str:
    """How the time to recover stands to its target."""
    within, took = record.incident.recover_within, record.to_recover.length
    if within is None:
        return "no target for this environment"
    if took is None:
        return f"{duration_words(within)}; not recovered yet"
    apart = exact(abs(within - took))
    return f"{duration_words(within)}: " + (f"met, {apart} to spare" if took <= within else f"missed by {apart}")


def sections(record: PostMortem, plan: Plan, plot: Text | Image, ending: Card) -> tuple[Card, ...]:
    """All parts; `plot` shows the timeline, `ending` says whether the record is whole."""
    steps, letters = _steps(record, plan), _letters(record, plan)
    said = "To be filled in by hand: "
    return (
        Card("Summary", _summary(record, plan)),
        Card("Impact", _impact(record, plan)),
        Card("Measured times", (_times(record), plot)),
        Card("Decisions", _listed(record, record.decisions, plan, "No decision is recorded.")),
        Card("Steps", (steps,)),
        Card("Skipped or failed, and why", _misses(record, plan)),
        Card("Evidence", _evidence(record, plan)),
        Card("Letters", letters),
        Card("What went well", (text(f"{said}what helped, and should be kept.", tone=Tone.WARNING),)),
        Card("What to change", (text(f"{said}what hindered, and what is changed about it.", tone=Tone.WARNING),)),
        Card("Follow-ups", _follow_ups(record, plan)),
        Card("What did not work on the side", _failed_calls(record)),
        Card("Timeline", (_events(record, record.timeline, plan),)),
        Card("Appendix: what Lifeboat asked by itself", _prompts(record, plan)),
        ending,
    )


# --- what happened -------------------------------------------------------------------------------------------------


def _summary(record: PostMortem, plan: Plan) -> tuple[Block, ...]:
    incident = record.incident
    points = {point: held.at for point, held in incident.points.items()}
    cause = next((one.title for one in plan.causes if one.key == incident.cause), incident.cause)
    closed = moment(incident.closed_at) if incident.closed_at else "not closed yet"
    facts = [
        ("Incident", incident.id),
        ("Environment", incident.environment),
        ("Kind", cause),
        ("Happened", moment(points.get(Point.HAPPENED))),
        ("Noticed", moment(points.get(Point.NOTICED))),
        ("Opened", f"{moment(incident.opened_at)} by {name_of(incident, plan, incident.opened_by)}"),
        ("Go back to", moment(points.get(Point.TARGET)) if Point.TARGET in points else "no target was set"),
        ("Operations resumed", moment(incident.recovered_at) if incident.recovered_at else "not yet"),
        ("Recovery target", verdict(record)),
        ("Closed", closed),
        ("This report", f"made from {len(record.happened)} events, the last at {moment(record.as_of)}"),
    ]
    return (text(incident.what), fields(facts))


def _impact(record: PostMortem, plan: Plan) -> tuple[Block, ...]:
    blocks: list[Block] = [
        text("From when it happened until operations were resumed: ", Bold(lasted(record.in_all)), ".")
    ]
    rows: list[tuple[Line, ...]] = []
    tones: list[Tone] = []
    for one in record.brakes:
        until = moment(one.off.at) if one.off else "still stopped"
        length = exact(one.lasted) if one.lasted is not None else UNKNOWN
        by = author(one.on, plan)
        off = author(one.off, plan) if one.off else ""
        named = BRAKES[one.braked.brake] + (f" ({one.braked.key})" if one.braked.key else "")
        cells = (named, moment(one.on.at), by, until, off, length)
        rows.append(tuple((cell,) for cell in cells))
        tones.append(Tone.NEUTRAL if one.off else Tone.BAD)
    if rows:
        columns = ("Stopped for the recovery", "From", "By", "Until", "By", "Length")
        blocks.append(Table(columns, tuple(rows), tones=tuple(tones)))
    else:
        blocks.append(text("Nothing is recorded as stopped for the recovery."))
    blocks.append(text("To be filled in by hand: who was affected, and what is lost for good.", tone=Tone.WARNING))
    return tuple(blocks)


def _times(record: PostMortem) -> Table:
    measured = [
        ("To detect", "happened, noticed", record.to_detect, ""),
        ("To decide", f"noticed, {_decided(record)}", record.to_decide, ""),
        ("To recover", "opened, operations resumed", record.to_recover, verdict(record)),
        ("In all", "happened, operations resumed", record.in_all, ""),
    ]
    rows = [
        ((Bold(name),), (between,), (moment(one.since),), (moment(one.until),), (lasted(one),), (target,))
        for name, between, one, target in measured
    ]
    tone = {True: Tone.GOOD, False: Tone.BAD, None: Tone.NEUTRAL}[record.in_time]
    tones = (Tone.NEUTRAL, Tone.NEUTRAL, tone, Tone.NEUTRAL)
    return Table(("Time", "Between", "From", "To", "Length", "Target"), tuple(rows), tones=tones)


def _decided(record: PostMortem) -> str:
    if record.decided is None:
        return "first decision"
    return "target set" if isinstance(record.decided.body, PointSet) else "first decision written down"


# --- steps ---------------------------------------------------------------------------------------------------------


def _steps(record: PostMortem, plan: Plan) -> Table:
    columns = ("", "Step", "State", "Owner", "Begun (UTC)", "Ended (UTC)", "Length", "Budget")
    rows = tuple(_step(record, one, plan) for one in record.steps)
    tones = tuple(Tone.WARNING if one.over else _TONES.get(one.held.state, Tone.NEUTRAL) for one in record.steps)
    return Table(columns, rows, numeric=(0,), tones=tones)


def _step(record: PostMortem, one: StepRecord, plan: Plan) -> tuple[Line, ...]:
    held = one.held
    begun = _clock(held.started_at) if held.started_at else "not said"
    ended = f"{_clock(held.ended_at)} by {_name(record, plan, held.ended_by)}" if held.ended_at else "not ended"
    budget = duration_words(one.step.within)
    if one.over is not None:
        budget += ": over it" if one.over else ": kept"
    took = exact(one.took) if one.took is not None else "" if held.ended_at is None else UNKNOWN
    cells = (str(one.number), one.step.title, str(held.state), _name(record, plan, held.assignee), begun, ended)
    return tuple((cell,) for cell in (*cells, took, budget))


def _misses(record: PostMortem, plan: Plan) -> tuple[Block, ...]:
    if not record.misses:
        return (text("No step was skipped, and none failed."),)
    rows = tuple(
        (
            (f"{one.record.number}. {one.record.step.title}",),
            ("skipped" if one.move is Move.SKIP else "failed",),
            (one.reason or UNKNOWN,),
            (f"{author(one.event, plan)}, {moment(one.event.at)}",),
            (str(one.record.held.state),),
        )
        for one in record.misses
    )
    return (Table(("Step", "What", "Why", "Said by", "Now"), rows),)


def _evidence(record: PostMortem, plan: Plan) -> tuple[Block, ...]:
    lines: list[Line] = []
    for one in record.steps:
        if one.held.state is State.DONE and one.held.note:
            asked = f" ({one.step.evidence})" if one.step.evidence else ""
            lines.append((Bold(f"{one.number}. {one.step.title}"), f"{asked}: {one.held.note}"))
    for event, body in record.acted:
        file: Line = (" ", Code(body.file)) if body.file else ()
        lines.append((f"{moment(event.at)} · ", *line_of(record.incident, event, plan), *file))
    lines += [(f"{moment(one.at)} · ", *line_of(record.incident, one, plan)) for one in record.restored]
    return (Items(tuple(lines)),) if lines else (text("No evidence is recorded."),)


# --- letters, follow-ups, the record ---------------------------------------------------------------------------------


def _letters(record: PostMortem, plan: Plan) -> tuple[Block, ...]:
    blocks: list[Block] = []
    for number, letter in enumerate(record.letters, 1):
        blocks += _letter(number, letter, plan)
    return tuple(blocks) or (text("No letter was written."),)


def _letter(number: int, letter: LetterRecord, plan: Plan) -> list[Block]:
    way = "by the mail server" if letter.way == "smtp" else letter.way
    sent = f"{moment(letter.sent.at)}, {way} ({author(letter.sent, plan)})" if letter.sent else "not sent"
    written = f"{moment(letter.drafted.at)} by {author(letter.drafted, plan)}"
    facts = [
        ("To", ", ".join(letter.draft.to)),
        ("Subject", letter.draft.subject),
        ("Last written", written),
        ("Sent", sent),
    ]
    facts += [("Not taken", f"{moment(at)}: {failed.problem}") for at, failed in letter.failures]
    blocks: list[Block] = [Heading(f"Letter {number}"), fields(facts), Snippet(letter.draft.text)]
    for at, answer in letter.answers:
        blocks += [text(f"Answered, {moment(at)}:"), Snippet(answer.text)]
    return blocks


def _follow_ups(record: PostMortem, plan: Plan) -> tuple[Block, ...]:
    if not record.incident.follow_ups:
        return (text("None is recorded yet: ", Code("/incident follow-up"), " adds one."),)
    rows = tuple(_follow_up(record, one, plan) for one in record.incident.follow_ups)
    return (Table(("", "What", "Owner", "Until", "State"), rows, numeric=(0,)),)


def _follow_up(record: PostMortem, one: FollowUp, plan: Plan) -> tuple[Line, ...]:
    state = f"done {moment(one.done_at)}" if one.done_at else "open"
    until = moment(one.due_at) if one.due_at else "no date"
    return tuple((cell,) for cell in (one.key, one.text, _name(record, plan, one.owner), until, state))


def _failed_calls(record: PostMortem) -> tuple[Block, ...]:
    cells = [(moment(at), one.platform, one.what, one.problem) for at, one in record.failed_calls]
    rows = tuple(tuple((cell,) for cell in row) for row in cells)
    return (Table(("When", "Where", "What", "Why"), rows),) if rows else (text("Nothing is recorded."),)


def _prompts(record: PostMortem, plan: Plan) -> tuple[Block, ...]:
    return (_events(record, record.prompts, plan),) if record.prompts else (text("It asked nothing."),)


def _listed(record: PostMortem, happened: Sequence[Event], plan: Plan, none: str) -> tuple[Block, ...]:
    return (_events(record, happened, plan),) if happened else (text(none),)


def _events(record: PostMortem, happened: Sequence[Event], plan: Plan) -> Table:
    rows = tuple(
        ((str(one.seq),), (_clock(one.at),), line_of(record.incident, one, plan), (author(one, plan),))
        for one in happened
    )
    return Table(("", "When (UTC)", "What", "By"), rows, numeric=(0,))


def _clock(at: datetime) -> str:
    """A moment for a column that says UTC at its head."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _name(record: PostMortem, plan: Plan, person: PersonId | None) -> str:
    return name_of(record.incident, plan, person) if person else "nobody"
