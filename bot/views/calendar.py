"""Knows how the year of tests is shown, and a reminder of one. Knows nothing of when one is due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.chat.cards import (
    Attachment,
    Block,
    Bold,
    Buttons,
    Card,
    Code,
    Items,
    Line,
    Mention,
    Span,
    Text,
    Tone,
    When,
    text,
)
from bot.domain.calendar import Occasion, Standing
from bot.domain.drill_events import Result
from bot.domain.incidents import Incident
from bot.domain.people import PersonId
from bot.domain.plan import Plan
from bot.views import words
from bot.views.actions import say

_TONES = {
    Standing.COMING: Tone.NEUTRAL,
    Standing.TODAY: Tone.WARNING,
    Standing.RUNNING: Tone.WORKING,
    Standing.OVERDUE: Tone.BAD,
    Standing.MISSED: Tone.BAD,
    Standing.HELD: Tone.GOOD,
}
_RESULTS = {Result.PASS: "✓ pass", Result.PARTIAL: "~ partial", Result.FAIL: "✗ fail"}
_OPEN = (Standing.OVERDUE, Standing.TODAY, Standing.RUNNING, Standing.COMING)
_FOLLOW_UPS = 5
FILE = "calendar/tests.ics"


@dataclass(frozen=True, slots=True)
class Lateness:
    """When a reminder was due and when it was sent; `away`: it is late, since Lifeboat was not running in between."""

    due_at: datetime
    sent_at: datetime
    away: bool


def schedule_card(occasions: Sequence[Occasion], plan: Plan, year: int, now: datetime) -> Card:
    """The tests of a year, and whatever was missed before it: that stays in sight."""
    missed = [one for one in occasions if one.standing is Standing.MISSED and one.planned_at.year < year]
    shown = [one for one in occasions if one.planned_at.year == year]
    if not shown:
        told = text(f"Lifeboat knows nothing of {year}: it was not there yet, or it is more than a year ahead.")
        return Card(f"No tests in {year}", (told, *([_missed(missed)] if missed else [])), Tone.NEUTRAL)
    blocks: list[Block] = [text(sentence(occasions, plan, now))]
    if missed:
        blocks.append(_missed(missed))
    blocks.append(Items(tuple(_line(one, plan) for one in shown)))
    drill = plan.drill
    who, deputy = plan.roles[drill.responsible].title, plan.roles[drill.deputy].title
    before = words.listed([str(one) for one in drill.remind_before])
    rule = f"{who} is reminded {before} days before, on the day, then daily"
    blocks.append(text(f"{rule}; {words.span(drill.escalate_after)} later {deputy} and the announcement channels too."))
    start = say("Start the test", "/drill start", "primary")
    blocks.append(Buttons((start, say("Postpone…", "/drill postpone"), say("Calendar file", "/drill calendar"))))
    first = next((one for one in occasions if one.standing in _OPEN), None)
    tone = Tone.BAD if missed else _TONES[first.standing] if first else Tone.NEUTRAL
    return Card(f"Backup tests {year}", tuple(blocks), tone, (f"{drill.time:%H:%M} {drill.zone}",))


def sentence(occasions: Sequence[Occasion], plan: Plan, now: datetime) -> str:
    """How the tests stand, in one sentence."""
    first = next((one for one in occasions if one.standing in _OPEN), None)
    who = plan.roles[plan.drill.responsible].title
    if first is None:
        return "No test is coming up."
    match first.standing:
        case Standing.OVERDUE:
            return f"The test {first.key} is overdue since {first.due_at:%-d %B %Y} ({words.span(now - first.due_at)})."
        case Standing.TODAY:
            return f"The test {first.key} is due today. {who} holds it."
        case Standing.RUNNING:
            return f"The test {first.key} is running."
    return f"The next test is {first.key}, in {words.span(first.due_at - now)}. {who} holds it."


def reminder_card(occasion: Occasion, lateness: Lateness, plan: Plan, drills: Sequence[Incident]) -> Card:
    """One reminder, as things stand when it is drawn: one that was kept waiting says so if the test was held meanwhile.

    `drills` are the tests that were held, newest first.
    """
    title, tone = _title(occasion, lateness.sent_at), _TONES[occasion.standing]
    blocks: list[Block] = []
    if occasion.standing is Standing.HELD:
        test = occasion.test
        shown = (say("Evidence", f"/drill evidence --of {test.drill}"),) if test is not None else ()
        return Card(title, (Buttons((*shown, say("Test log", "/drill log"))),), tone)
    blocks.append(
        text(
            Bold("Due: "), When(occasion.due_at), ". ", *_called(plan),
            f" proves that the copies restore: {plan.drill.source} into {plan.drill.target}.",
        )
    )  # fmt: skip
    if occasion.postponed:
        blocks.append(text("It was ", _put_off(occasion), "."))
    if lateness.away:
        times = ("This reminder was due ", When(lateness.due_at), ", and was sent ", When(lateness.sent_at))
        blocks.append(text(*times, " because Lifeboat was not running.", tone=Tone.WARNING))
    last = next((one.drill for one in drills if one.drill is not None and one.drill.concluded is not None), None)
    if last and last.concluded and last.concluded_at:
        found = f": {last.concluded.notes}" if last.concluded.notes else "."
        blocks.append(text(Bold("The last one: "), f"{last.concluded.result}, ", When(last.concluded_at), found))
    open_ = [one for drill in drills for one in drill.follow_ups if one.done_at is None]
    if open_:
        blocks.append(text(Bold(f"{words.many(len(open_), 'follow-up')} still open:")))
        blocks.append(Items(tuple((one.text,) for one in open_[:_FOLLOW_UPS])))
    start = say("Start the test", "/drill start", "primary")
    others = [say("Schedule", "/drill schedule")]
    if occasion.standing in (Standing.TODAY, Standing.OVERDUE, Standing.MISSED):
        others.insert(0, say("It was held by hand…", f"/drill record --test {occasion.key}"))
    if occasion.standing is not Standing.MISSED:
        others.insert(0, say("Postpone…", "/drill postpone"))
    blocks.append(Buttons((start, *others)))
    return Card(title, tuple(blocks), tone)


def postponed_card(occasion: Occasion, plan: Plan) -> Card:
    """The answer to whoever put a test off."""
    left = plan.drill.postpone_times - len(occasion.postponed)
    told = f"It may be postponed {words.many(left, 'more time')}." if left else "It cannot be postponed again."
    return Card(f"{occasion.key} is postponed", (text("It is due ", When(occasion.due_at), f". {told}"),), Tone.GOOD)


def calendar_card(url: str) -> Card:
    """The calendar as a file, and where it can be subscribed to."""
    blocks: list[Block] = [Attachment("backup-tests.ics", FILE)]
    if url:
        blocks.append(text("Subscribe to it in your calendar: ", Code(url)))
        blocks.append(
            text("Whoever has this address reads when tests are, how they went and why one was put off; nothing else.")
        )
        blocks.append(Buttons((say("Make the address invalid", "/drill calendar --renew", "danger"),)))
    else:
        blocks.append(text("It cannot be subscribed to: set LIFEBOAT_PUBLIC_URL to the address of Lifeboat's page."))
    return Card("The calendar of the tests", tuple(blocks), Tone.NEUTRAL)


def standing_line(occasions: Sequence[Occasion], plan: Plan, now: datetime) -> tuple[Line, Tone]:
    """The next test in a line, with how bad it is; what was missed comes first."""
    missed = [one.key for one in occasions if one.standing is Standing.MISSED]
    first = next((one for one in occasions if one.standing in _OPEN), None)
    line: list[Span] = [f"missed: {', '.join(missed)} · "] if missed else []
    if first is None:
        return (*line, "none is coming up"), Tone.NEUTRAL
    who = plan.roles[plan.drill.responsible].title
    match first.standing:
        case Standing.OVERDUE:
            late = words.span(now - first.due_at)
            line += [f"{first.key} is overdue since ", When(first.due_at), f" ({late}) · {who}"]
        case Standing.COMING:
            line += [When(first.due_at), f" · in {words.span(first.due_at - now)} · {who}"]
        case _:
            line += [When(first.due_at), f" · {first.standing} · {who}"]
    return tuple(line), Tone.BAD if missed or first.standing is Standing.OVERDUE else Tone.NEUTRAL


def owed_words(occasions: Sequence[Occasion], unheard: str) -> str:
    """What is owed, for the foot of a card about something else; '' when all is well.

    `unheard` is the mend where nobody can be reminded.
    """
    late = [f"{one.key} is overdue since {one.due_at:%-d %B}" for one in occasions if one.standing is Standing.OVERDUE]
    missed = [f"{one.key} was missed" for one in occasions if one.standing is Standing.MISSED]
    owed = f"Quarterly test: {words.listed([*late, *missed])}." if late or missed else ""
    return f"{owed} Nobody can be reminded of the tests: /lifeboat doctor.".strip() if unheard else owed


def _title(occasion: Occasion, told_at: datetime) -> str:
    match occasion.standing:
        case Standing.HELD:
            result = occasion.test.result if occasion.test else None
            return f"The backup test {occasion.key} was held: {result}"
        case Standing.MISSED:
            return f"The backup test {occasion.key} was missed"
        case Standing.OVERDUE:
            return f"The backup test {occasion.key} is overdue since {occasion.due_at:%-d %B}"
        case Standing.TODAY:
            return f"The backup test {occasion.key} is today"
        case Standing.RUNNING:
            return f"The backup test {occasion.key} is running"
    return f"The backup test {occasion.key} is in {words.span(occasion.due_at - told_at)}"


def _called(plan: Plan) -> list[Span]:
    people = plan.holders(plan.drill.responsible)
    named: list[Span] = []
    for one in people:
        named += [Mention(PersonId(one.id), one.name), " "]
    return named[:-1] or [Mention(PersonId(f"role:{plan.drill.responsible}"), plan.roles[plan.drill.responsible].title)]


def _line(one: Occasion, plan: Plan) -> Line:
    line: list[Span] = [Bold(one.key), " · ", When(one.due_at), " · "]
    test, missed = one.test, one.standing is Standing.MISSED
    if missed or test is None or test.result is None:
        line.append(str(one.standing))
    if test is not None and test.result is not None:
        late = ", too late: " if missed else ""
        line.append(f"{late}{_RESULTS[test.result]}, {plan.name_of(test.by)}, {test.drill}")
    elif test is not None:
        line += [f", {test.drill} is open since ", When(test.begun_at)]
    if one.postponed:
        line.append(f" · {_put_off(one)}")
    return tuple(line)


def _put_off(one: Occasion) -> str:
    last = one.postponed[-1]
    return f"postponed from {one.planned_at:%-d %B} by {last.by_name}: {last.reason}"


def _missed(missed: Sequence[Occasion]) -> Text:
    return text(Bold("Missed before: "), ", ".join(one.key for one in missed), tone=Tone.BAD)
