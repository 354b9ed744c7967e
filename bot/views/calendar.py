"""Knows how the year of tests is shown, and a reminder of one. Knows nothing of when one is due."""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.cards import Attachment, Block, Bold, Buttons, Card, Code, Items, Line, Mention, Span, Tone, When, text
from bot.domain.calendar import LATE, Occasion, Standing
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


def schedule_card(occasions: Sequence[Occasion], plan: Plan, year: int, now: datetime) -> Card:
    """The tests of a year, and whatever was missed before it: that stays in sight."""
    missed = [one for one in occasions if one.standing is Standing.MISSED and one.planned_at.year < year]
    shown = [one for one in occasions if one.planned_at.year == year]
    if not shown:
        told = f"Lifeboat knows nothing of {year}: it was not running then, or it is too far ahead."
        return Card(f"No tests in {year}", (text(told),), Tone.NEUTRAL)
    blocks: list[Block] = [text(sentence(occasions, plan, now))]
    if missed:
        blocks.append(text(Bold("Missed before: "), ", ".join(one.key for one in missed), tone=Tone.BAD))
    blocks.append(Items(tuple(_line(one, plan) for one in shown)))
    drill = plan.drill
    rule = f"Reminded {words.listed([str(one) for one in drill.remind_before])} days before and on the day, then daily."
    blocks.append(text(rule))
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


def reminder_card(
    occasion: Occasion, due_at: datetime, told_at: datetime, plan: Plan, drills: Sequence[Incident]
) -> Card:
    """One reminder. It is redrawn as things stand, so that what was held meanwhile bothers nobody."""
    title, tone = _title(occasion, told_at), _TONES[occasion.standing]
    blocks: list[Block] = []
    if occasion.standing is Standing.HELD:
        return Card(title, (Buttons((say("Test log", "/drill log"),)),), tone)
    blocks.append(
        text(*_called(plan), f" proves that the copies restore: {plan.drill.source} into {plan.drill.target}.")
    )
    if told_at - due_at > LATE:
        late = f"This was due at {due_at:%Y-%m-%d %H:%M} UTC; Lifeboat was not running then."
        blocks.append(text(late, tone=Tone.WARNING))
    last = next((one for one in drills if one.drill and one.drill.result and not one.drill.practice.rehearsal), None)
    if last is not None and last.drill is not None:
        blocks.append(text(Bold("The last one: "), f"{last.drill.result}, ", When(last.opened_at), "."))
    open_ = [one for drill in drills for one in drill.follow_ups if one.done_at is None]
    if open_:
        blocks.append(text(Bold(f"{words.many(len(open_), 'follow-up')} still open:")))
        blocks.append(Items(tuple((one.text,) for one in open_[:_FOLLOW_UPS])))
    start = say("Start the test", "/drill start", "primary")
    blocks.append(Buttons((start, say("Postpone…", "/drill postpone"), say("Schedule", "/drill schedule"))))
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
        blocks.append(text("Whoever has this address reads the dates of the tests, and nothing else."))
        blocks.append(Buttons((say("Make the address invalid", "/drill calendar --renew", "danger"),)))
    else:
        blocks.append(text("It cannot be subscribed to: set LIFEBOAT_PUBLIC_URL to the address of Lifeboat's page."))
    return Card("The calendar of the tests", tuple(blocks), Tone.NEUTRAL)


def standing_line(occasions: Sequence[Occasion], plan: Plan, now: datetime) -> tuple[Line, Tone]:
    """The next test in a line for the home card, with how bad it is; what was missed comes first."""
    missed = [one.key for one in occasions if one.standing is Standing.MISSED]
    first = next((one for one in occasions if one.standing in _OPEN), None)
    line: list[Span] = [f"missed: {', '.join(missed)} · "] if missed else []
    if first is None:
        return (*line, "none is coming up"), Tone.NEUTRAL
    who = plan.roles[plan.drill.responsible].title
    line += [When(first.due_at), " · "]
    match first.standing:
        case Standing.OVERDUE:
            line.append(f"overdue for {words.span(now - first.due_at)} · {who}")
        case Standing.COMING:
            line.append(f"in {words.span(first.due_at - now)} · {who}")
        case _:
            line.append(f"{first.standing} · {who}")
    return tuple(line), Tone.BAD if missed or first.standing is Standing.OVERDUE else Tone.NEUTRAL


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
    if one.test is not None and one.test.result is not None:
        line.append(f"{_RESULTS[one.test.result]}, {plan.name_of(one.test.by)}, {one.test.drill}")
    else:
        line.append(str(one.standing))
    if one.postponed:
        last = one.postponed[-1]
        line.append(f" · postponed from {one.planned_at:%-d %B} by {last.by_name}: {last.reason}")
    return tuple(line)
