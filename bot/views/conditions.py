"""Knows how what is lastingly wrong with the copies is said: each reminder, and that it is over. Knows not when."""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.cards import Block, Bold, Button, Buttons, Card, Code, Line, Tone, When, text
from bot.domain import export_schedule
from bot.domain.conditions import Condition, Kind
from bot.domain.durations import duration_words
from bot.domain.export_schedule import Slot, SlotState
from bot.domain.health import Concern, Health
from bot.domain.plan_parts import Environment
from bot.views import words
from bot.views.actions import say
from bot.views.prose import prose

_TITLES = {
    Kind.NO_FRESH_COPY: "{} has no fresh verified copy",
    Kind.EXPIRES: "The last good copy of {} expires soon",
    Kind.SCHEDULE: "A planned export of {} left no copy",
    Kind.UNSEEN: "{} is out of Lifeboat's sight",
}
_OVER = {
    Kind.NO_FRESH_COPY: "{} has a fresh verified copy again",
    Kind.EXPIRES: "The last good copy of {} is safe from expiring",
    Kind.SCHEDULE: "Planned exports of {} work again",
    Kind.UNSEEN: "{} is in sight again",
}
_LASTING = {
    Kind.NO_FRESH_COPY: "no fresh verified copy",
    Kind.EXPIRES: "the last good copy expires soon",
    Kind.SCHEDULE: "a planned export left no copy",
    Kind.UNSEEN: "out of sight",
}


def reminder_card(condition: Condition, number: int, health: Health, amiss: Sequence[Slot], now: datetime) -> Card:
    """What is wrong, since when, what it means, what happens next and what to press; `number` counts from 1."""
    environment = health.environment
    title = _TITLES[condition.kind].format(environment.title)
    footer: Line = (f"Reminder {number} of this · ", When(condition.told_at or now))
    if condition.ended_at is not None:
        lasted = text("It is over. It lasted ", Bold(words.span(condition.ended_at - condition.since)), ".")
        return Card(title, (lasted,), Tone.GOOD, footer)
    blocks: list[Block] = [
        text(Bold("Since"), " ", When(condition.since, relative=True), ". ", *_found(condition, health))
    ]
    blocks += [text(*line) for line in _next(condition, health, amiss, now)]
    if condition.is_muted(now):
        blocks.append(text(*_muted(condition)))
    blocks.append(Buttons((*_buttons(condition, health), _mute(condition, now))))
    serious = condition.kind in (Kind.NO_FRESH_COPY, Kind.EXPIRES)
    return Card(title, tuple(blocks), Tone.BAD if serious else Tone.WARNING, footer)


def over_card(condition: Condition, environment: Environment | None) -> Card:
    """That it is over, and how long it lasted."""
    if condition.ended_at is None or environment is None:
        return Card(f"The plan has no {condition.environment} any more: Lifeboat no longer watches it.")
    lasted = words.span(condition.ended_at - condition.since)
    line = text("It lasted ", Bold(lasted), ", since ", When(condition.since), " until ", When(condition.ended_at), ".")
    show = Buttons((say("Status", f"/backup status {environment.name}"),))
    return Card(_OVER[condition.kind].format(environment.title), (line, show), Tone.GOOD)


def muted_card(condition: Condition, environment: Environment) -> Card:
    """The answer to whoever muted the reminders of something, or wants to hear of it again."""
    what = f"{environment.title}: {_LASTING[condition.kind]}"
    status = Buttons((say("Status", f"/backup status {environment.name}"),))
    if condition.muted_until is None:
        return Card(f"{what}. You hear of it again.", (text("The next reminder comes when it is due."), status))
    worse = text("It is still wrong. That it becomes worse, or is over, is told all the same.", tone=Tone.WARNING)
    return Card(f"{what}. Its reminders are muted.", (text(*_muted(condition)), worse, status), Tone.WARNING)


def lasting_line(condition: Condition, now: datetime) -> Line:
    """One line of the status: what is wrong, since when, and whether its reminders are muted."""
    muted = (" ", *_muted(condition)) if condition.is_muted(now) else ()
    return (Bold("Lasting:"), f" {_LASTING[condition.kind]}, since ", When(condition.since, relative=True), ".", *muted)


def _muted(condition: Condition) -> Line:
    until = When(condition.muted_until) if condition.muted_until is not None else ""
    return (Bold("Muted"), " until ", until, f" by {condition.muted_by}: {condition.muted_reason.rstrip('. ')}.")


def _mute(condition: Condition, now: datetime) -> Button:
    asked = f"/backup mute {condition.environment} {condition.kind}"
    if condition.is_muted(now):
        return say("Hear of it again", f"{asked} --days 0 --reason 'to hear of it again'")
    return say("Mute…", asked)


def _found(condition: Condition, health: Health) -> Line:
    match condition.kind:
        case Kind.NO_FRESH_COPY | Kind.SCHEDULE:
            return _copy(health)
        case Kind.EXPIRES if health.sound is not None and health.sound_expires_at is not None:
            return (
                "Retention takes ",
                Code(health.sound.id),
                " at ",
                When(health.sound_expires_at),
                ": no newer one is sound.",
            )
        case Kind.UNSEEN if Concern.NOT_CONNECTED in health.concerns:
            return ("No key is set for it.",)
        case Kind.UNSEEN if health.observation is not None and health.observation.problem:
            return prose(f"{health.observation.problem} {health.observation.hint}".strip())
    return ()


def _copy(health: Health) -> Line:
    if health.newest is None:
        return ("No copy in the vault has passed a check. If data were lost now, nothing could be restored.",)
    interval = health.environment.expected_interval
    planned = f"; the plan allows {duration_words(interval)}" if interval else ""
    taken = When(health.newest.snapshot_at, relative=True)
    return ("The newest verified copy is of ", taken, f"{planned}. What was written since is in no copy.")


def _next(condition: Condition, health: Health, amiss: Sequence[Slot], now: datetime) -> list[Line]:
    environment = health.environment
    if condition.kind is Kind.UNSEEN:
        return _out_of_sight(health)
    following = export_schedule.next_at(environment, now)
    after: Line = ("The next export is planned for ", When(following), ".") if following else ()
    if condition.kind is not Kind.SCHEDULE or not amiss:
        return [after or ("Nothing is scheduled: a copy is taken when somebody asks for one.",)]
    return [*_slots(amiss), after] if after else _slots(amiss)


def _out_of_sight(health: Health) -> list[Line]:
    meaning = "No copies can be taken, and nobody sees when its data shrinks."
    if Concern.NOT_CONNECTED in health.concerns:
        key = f"[environments.{health.environment.name}]"
        mend = f"If no copies are to be kept of it, write `may_export = false` under `{key}`."
        return [(meaning,), prose(f"`/lifeboat doctor` says what to set. {mend}")]
    return [(f"{meaning} I say when it is back.",)]


def _slots(amiss: Sequence[Slot]) -> list[Line]:
    newest = amiss[-1]
    lines: list[Line] = []
    if len(amiss) > 1:
        lines.append((f"{len(amiss)} planned exports in a row left none, the last planned for ", When(newest.at), "."))
    if newest.problem:
        lines.append(prose(f"{newest.problem} {newest.hint}".strip()))
    match newest.state:
        case SlotState.RETRY if newest.again_at is not None:
            lines.append(("No data was changed. I try once more at ", When(newest.again_at), "."))
        case SlotState.FAILED if newest.attempts >= export_schedule.ATTEMPTS:
            lines.append(("It failed twice, so it is not tried again. No data was changed.",))
        case SlotState.BEGUN:
            lines.append(("It is being tried once more.",))
        case SlotState.MISSED:
            lines.append(("Lifeboat was not running then.",))
    return lines


def _buttons(condition: Condition, health: Health) -> tuple[Button, ...]:
    environment = health.environment
    status = say("Status", f"/backup status {environment.name}")
    if condition.kind is Kind.UNSEEN:
        return (say("Check the set-up", "/lifeboat doctor", "primary"), status)
    files = " --files" if environment.export_at and environment.export_with_files else ""
    export = say("Export now", f"/backup export {environment.name}{files}", "primary")
    if condition.kind is Kind.EXPIRES and health.sound is not None:
        return (export, say("Keep that copy", f"/backup keep {health.sound.id}"), status)
    return (export, status)
