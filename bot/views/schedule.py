"""Knows how scheduled exports are shown: on the card of each, and in the status. Knows nothing of when they are due."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.chat.cards import Bold, Card, Line, When, text
from bot.domain import export_schedule
from bot.domain.backups import Operation
from bot.domain.conditions import Condition
from bot.domain.export_schedule import ATTEMPTS, LATE, Slot, SlotState
from bot.domain.people import LIFEBOAT
from bot.domain.plan_parts import Environment
from bot.views import words
from bot.views.conditions import lasting_line

_STANDS = {
    SlotState.BEGUN: "is running",
    SlotState.DONE: "left a copy",
    SlotState.RETRY: "failed, and is tried again",
    SlotState.FAILED: "failed",
    SlotState.STOPPED: "was stopped",
    SlotState.MISSED: "did not happen",
}


def planned_card(card: Card, operation: Operation, slot: Slot, missed: Sequence[Slot]) -> Card:
    """The card of an export, with what it was planned for on top; `missed` are the slots right before it."""
    lines = [_planned(operation, slot)]
    if missed:
        planned = words.many(len(missed), "planned export")
        lines.append((f"{planned} before it did not happen, the first of them planned for ", When(missed[0].at), "."))
    if slot.state is SlotState.RETRY and slot.again_at is not None:
        lines.append(("I try once more at ", When(slot.again_at), "."))
    elif slot.state is SlotState.FAILED and slot.attempts >= ATTEMPTS:
        lines.append(("That was the second try: it is not tried again before the next planned export.",))
    return replace(card, blocks=(*(text(*line) for line in lines), *card.blocks))


def watched_lines(
    environment: Environment, slots: Sequence[Slot], lasting: Sequence[Condition], now: datetime
) -> list[Line]:
    """What the status says of an environment besides its copies: its schedule, and what lasts since when."""
    scheduled = schedule_line(environment, slots, now)
    lines: list[Line] = [(Bold("Exports:"), " ", *scheduled, ".")] if scheduled else []
    return lines + [lasting_line(one, now) for one in lasting]


def schedule_line(environment: Environment, slots: Sequence[Slot], now: datetime) -> Line:
    """ "daily at 02:00 UTC; next …; last …"; empty where nothing is scheduled."""
    following = export_schedule.next_at(environment, now)
    if following is None:
        return ()
    files = ", with stored files" if environment.export_with_files else ""
    daily = f"daily at {export_schedule.schedule_words(environment)}{files}; next "
    last = export_schedule.newest(slots)
    if last is None:
        return (daily, When(following), "; none so far")
    return (daily, When(following), "; last ", When(last.at), f": it {_STANDS[last.state]}")


def _planned(operation: Operation, slot: Slot) -> Line:
    if operation.started_by != LIFEBOAT.id:
        return ("It serves as the export planned for ", When(slot.at), " too.")
    begun = slot.begun_at or slot.at
    if slot.attempts > 1:
        return ("Planned for ", When(slot.at), "; begun once more at ", When(begun), " after the first try failed.")
    if begun - slot.at >= LATE:
        return ("Planned for ", When(slot.at), "; begun at ", When(begun), " because Lifeboat was not running then.")
    return ("Planned for ", When(slot.at), ".")
