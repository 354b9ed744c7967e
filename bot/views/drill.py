"""Knows how a drill is shown: its board, its first words, the dry run that waits for somebody. Knows no move.

Everything here is stamped practice, so that nobody takes it for an incident.
"""

from collections.abc import Iterator

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
    Text,
    Tone,
    When,
    fields,
    text,
)
from bot.chat.cards import Progress as CardProgress
from bot.domain import drill_moves
from bot.domain.checklist import OVER, Move, State, StepState
from bot.domain.drill_events import CopyTaken, Result
from bot.domain.drills import PRACTICE, Drill, Progress
from bot.domain.durations import duration_words
from bot.domain.incidents import FollowUp, Incident
from bot.domain.people import LIFEBOAT
from bot.domain.plan import Automation, Plan, Step
from bot.views import words
from bot.views.actions import say
from bot.views.drill_checks import found_blocks
from bot.views.dry_run import dry_run_blocks
from bot.views.incident_steps import held_line, name_of, step_buttons, steps_list
from bot.views.prose import prose

_RESULTS = {Result.PASS: Tone.GOOD, Result.PARTIAL: Tone.WARNING, Result.FAIL: Tone.BAD}
_FEW_TABLES = 5
"""Of a dry run on the board; the message that asks has more."""


def stamped(card: Card) -> Card:
    """A card with the word that keeps practice apart from what is real."""
    if card.title.startswith(PRACTICE):
        return card
    return Card(f"{PRACTICE} · {card.title}", card.blocks, card.tone, card.footer)


def drill_card(incident: Incident, plan: Plan, page: int = 1, progress: Progress | None = None) -> Card:
    """The living board of a drill."""
    drill = incident.drill
    assert drill is not None
    facts, turn = _facts(incident, drill, plan), _turn(incident, drill, plan, progress)
    # What is asked of somebody comes first: on a phone the rest is below the edge.
    blocks: list[Block] = [*turn, facts] if incident.closed_at is None else [facts, *turn]
    blocks += found_blocks(drill, plan)
    if drill.deviations:
        blocks.append(Items(tuple((Bold("Deviation: "), f"{one.what} ({one.reason})") for one in drill.deviations)))
    blocks += steps_list(incident, plan, page)
    if incident.follow_ups:
        blocks += [Heading("Follow-ups"), Items(tuple(_follow_up(incident, one, plan) for one in incident.follow_ups))]
    blocks.append(Buttons(tuple(_everything(incident, drill))))
    footer: Line = (
        f"{incident.id} · begun by {name_of(incident, plan, incident.opened_by)} · ",
        When(incident.opened_at),
    )
    return stamped(Card(_title(incident, drill), tuple(blocks), _tone(incident, drill), footer))


def first_drill_card(incident: Incident, plan: Plan) -> Card:
    """The first message of a drill's room: what this is, and what will happen without anybody's doing."""
    drill = incident.drill
    assert drill is not None
    source, target = plan.title_of(drill.practice.source), plan.title_of(drill.practice.target)
    mine = [str(incident.number(one.key)) for one in incident.checklist if drill_moves.automation_of(one)]
    after = "put back to what it was" if drill.practice.put_back else "left with the restored data"
    lines: list[Line] = [
        (Bold("What happens: "), incident.what, f" {target} is {after} afterwards."),
        (Bold("Nothing real is at stake: "), f"{source} is read, and only {target} is written."),
        (Bold("Lifeboat does "), f"the steps {words.listed(mine, 9)} by itself. To do one by hand, take it first."),
        (Bold("You are asked "), "before anything is written, and at the end how it went."),
    ]
    blocks: list[Block] = [Items(tuple(lines))]
    if incident.closed_at is None:
        blocks.append(Buttons((say("Cancel the test…", f"/drill cancel --of {incident.id}", "danger"),)))
    return stamped(Card("What happens in this test", tuple(blocks), Tone.NEUTRAL))


def announced_drill_card(incident: Incident, plan: Plan) -> Card:
    """What an announcement channel is told of a drill."""
    drill = incident.drill
    assert drill is not None
    target = plan.title_of(drill.practice.target)
    if incident.closed_at is None:
        told: Line = (f"{target} is written to and read meanwhile; nothing else is touched. No action is needed.",)
        return stamped(Card(f"{incident.title} has begun", (Text(told),), Tone.NEUTRAL))
    result = drill.result or "cancelled"
    return stamped(Card(f"{incident.title} is over: {result}", (), _tone(incident, drill)))


def begun_drill_card(incident: Incident, plan: Plan, *, new: bool) -> Card:
    """The answer to whoever began it."""
    target = plan.title_of(incident.environment)
    title = f"{incident.title} has begun." if new else f"A test into {target} runs already. No second one begins."
    show = say("Show the board", f"/drill status --of {incident.id}", "primary")
    return stamped(Card(title, (text("Its room is being opened; you are invited."), Buttons((show,))), Tone.WORKING))


def concluded_card(incident: Incident) -> Card:
    """How a drill ended, in its room."""
    drill = incident.drill
    assert drill is not None
    assert drill.concluded is not None
    facts: list[tuple[str, Line]] = [("Result", (Bold(str(drill.concluded.result)),)), *_recovery(incident, drill)]
    good = sum(one.ok is True for one in drill.checks)
    facts.append(("Checks", (f"{good} of {len(drill.checks)} hold",)))
    facts.append(("The procedure", ("proved right" if drill.concluded.proved else "must change",)))
    blocks: list[Block] = [fields(facts)]
    if drill.concluded.notes:
        blocks.append(text(drill.concluded.notes))
    if incident.follow_ups:
        blocks.append(Heading("Follow-ups"))
        blocks.append(Items(tuple((one.text,) for one in incident.follow_ups)))
    evidence = say("Evidence", f"/drill evidence --of {incident.id}", "primary")
    blocks.append(Buttons((evidence, say("Test log", "/drill log"))))
    return Card(f"The test is a {drill.concluded.result}", tuple(blocks), _RESULTS[drill.concluded.result])


def over_card(incident: Incident) -> Card:
    """The end of a drill in its room: what became of what was taken for it."""
    drill = incident.drill
    assert drill is not None
    # Of one that was held without Lifeboat nothing was to be cleaned up, and that is what it deviates by.
    without = tuple(f"{one.what}: {one.reason}" for one in drill.deviations)
    left = tuple((line,) for line in drill.cleaned or without or ("Nothing was cleaned up.",))
    return Card(f"Over: {_title(incident, drill)}", (Items(left),), _tone(incident, drill))


def answer_card(incident: Incident, told: str) -> Card:
    """For whoever said something: that it is recorded, and where the rest stands."""
    show = say("Show the board", f"/drill status --of {incident.id}")
    return stamped(Card(told, (Buttons((show,)),)))


# --- the parts of a board --------------------------------------------------------------------------------------------


def _title(incident: Incident, drill: Drill) -> str:
    if drill.cancelled_at is not None:
        state = "cancelled" if incident.closed_at else "cancelled, cleaning up"
        return f"{incident.title}: {state}"
    if drill.result is not None:
        return f"{incident.title}: {drill.result}"
    return incident.title


def _tone(incident: Incident, drill: Drill) -> Tone:
    if drill.result is not None:
        return _RESULTS[drill.result]
    failed = any(one.state is State.FAILED for one in incident.steps.values())
    return Tone.BAD if failed else Tone.NEUTRAL if drill.cancelled_at else Tone.WORKING


def _facts(incident: Incident, drill: Drill, plan: Plan) -> Fields:
    source, target = plan.title_of(drill.practice.source), plan.title_of(drill.practice.target)
    pairs: list[tuple[str, Line]] = [
        ("From and into", (f"{source} → {target}" if source != target else target,)),
        ("Running since", (When(incident.opened_at, relative=True),)),
    ]
    if incident.closed_at is not None:
        pairs[1] = ("Took", (words.span(incident.closed_at - incident.opened_at), " in all"))
    if drill.tested is not None:
        pairs.append(("Copy", _copy(drill.tested)))
    if drill.safety is not None:
        pairs.append((f"{target} before", _copy(drill.safety)))
    pairs += _recovery(incident, drill)
    if drill.cancelled_at is not None:
        pairs.append(("Cancelled", (drill.cancelled,)))
    if drill.concluded is not None and drill.concluded_by is not None:
        proved = "the procedure proved right" if drill.concluded.proved else "the procedure must change"
        by = name_of(incident, plan, drill.concluded_by)
        pairs.append(("Concluded by", (f"{by}: {proved}. {drill.concluded.notes}".rstrip(),)))
    done = sum(incident.steps[one.key].state in OVER for one in incident.checklist)
    pairs.append(("Steps", (f"{done} of {len(incident.checklist)} done",)))
    return fields(pairs)


def _recovery(incident: Incident, drill: Drill) -> list[tuple[str, Line]]:
    """How long it took, and how much of that nobody had agreed yet; nothing before it is known."""
    took, waited, target = drill_moves.recovery_time(drill), drill_moves.waited(drill), incident.recover_within
    if took is None:
        return []
    until = f", {words.span(waited)} of it until somebody agreed" if waited is not None else ""
    within = f"target {duration_words(target)}" if target is not None else "no target"
    return [("Recovery took", (f"{words.span(took)}{until} · {within}",))]


def _follow_up(incident: Incident, one: FollowUp, plan: Plan) -> Line:
    owner = name_of(incident, plan, one.owner) if one.owner else "nobody"
    if one.done_at is not None:
        return (f"✓ {one.text} · {owner}",)
    return (f"○ {one.text} · {owner}", *((" · due ", When(one.due_at)) if one.due_at else ()))


def _copy(taken: CopyTaken) -> Line:
    rows = f" · {sum(taken.rows.values()):,} rows" if taken.rows else ""
    return (taken.copy_id, " · ", When(taken.snapshot_at), f" · {words.size(taken.size)}{rows}")


def _turn(incident: Incident, drill: Drill, plan: Plan, progress: Progress | None) -> list[Block]:
    step = incident.current
    if incident.closed_at is not None or step is None:
        return [Items(tuple((line,) for line in drill.cleaned))] if drill.cleaned else []
    held, planned = incident.steps[step.key], drill_moves.agreement_awaited(drill, plan)
    if planned is not None and held.state is State.DOING:
        waits = dry_run_blocks(incident, planned, plan, _FEW_TABLES)
        return [Heading(f"Now: {incident.number(step.key)}. {step.title}"), *waits]
    if held.assignee == LIFEBOAT.id and held.state is State.DOING:
        busy = text(Bold("Lifeboat is doing it"), " since ", When(held.since or incident.opened_at, relative=True), ".")
        return [Heading(f"Now: {incident.number(step.key)}. {step.title}"), busy, *_how_far(held, drill, progress)]
    if held.state is State.FAILED:
        return [
            Heading(f"Failed: {incident.number(step.key)}. {step.title}"),
            text(held.note, tone=Tone.BAD),
            Buttons(tuple(failed_buttons(incident, step))),
        ]
    if drill_moves.turn(incident) is not None:
        by_hand = say("I do it by hand", f"/incident claim --of {incident.id} {step.key}")
        return [
            Heading(f"Next: {incident.number(step.key)}. {step.title}"),
            text(Bold("Lifeboat does it"), ", as soon as it can."),
            Buttons((by_hand,)),
        ]
    verb = "Now" if held.state is State.DOING else "Next"
    blocks: list[Block] = [
        Heading(f"{verb}: {incident.number(step.key)}. {step.title}"),
        held_line(incident, step, plan),
        Items(tuple(prose(line) for line in step.guidance)),
    ]
    if drill_moves.documents(step):
        return [*blocks, *conclusion(incident)]
    return [*blocks, *step_buttons(incident, step, moves=(Move.CLAIM, Move.START, Move.FINISH, Move.SKIP, Move.ASSIGN))]


def _how_far(held: StepState, drill: Drill, progress: Progress | None) -> list[Block]:
    """How far what Lifeboat waits for is; nothing where that was said of an earlier step, or before an answer."""
    if progress is None or held.since is None or progress.at < max(held.since, drill.planned_at or held.since):
        return []
    return [CardProgress(progress.words, progress.done, progress.total)]


def failed_buttons(incident: Incident, step: Step) -> list[Button]:
    """What may be done about an automatic step that failed."""
    named, ending = f"--of {incident.id}", incident.drill is not None and incident.drill.ending
    return [
        say("Try again", f"/incident redo {named} {step.key}", "primary"),
        say("I do it by hand", f"/incident claim {named} {step.key}"),
        *([] if ending else [say("Conclude as failed…", f"/drill conclude {named} --result fail")]),
        *([say("A new key", f"/drill new-key {named}")] if Automation.NEW_KEY in step.automations else []),
    ]


def conclusion(incident: Incident) -> list[Block]:
    """The question that a test ends with, and what was found that speaks for the answer."""
    best, findings = drill_moves.proposed(incident)
    found = [Items(tuple((one,) for one in findings[:10]))] if findings else []
    named, result = f"/drill conclude --of {incident.id} --result {best}", best.capitalize()
    right = say(f"{result}, and the procedure proved right…", named, "primary")
    change = say(f"{result}, but the plan must change…", f"{named} --plan-must-change")
    deviate = say("Something was done otherwise…", f"/drill deviate --of {incident.id}")
    asked = " Did the procedure prove right, or must the plan change?"
    question = text(Bold(f"By what was found it is a {best}."), asked)
    return [question, *found, Buttons((right, change, deviate))]


def _everything(incident: Incident, drill: Drill) -> Iterator[Button]:
    named = f"--of {incident.id}"
    if incident.closed_at is not None:
        yield say("Evidence", f"/drill evidence {named}", "primary")
        yield say("Test log", "/drill log")
        return
    yield say("Timeline", f"/incident timeline {named}")
    yield say("Note…", f"/incident note {named}")
    if not drill.ending:
        yield say("Cancel…", f"/drill cancel {named}", "danger")
