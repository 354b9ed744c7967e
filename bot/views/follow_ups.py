"""Knows how follow-ups are shown: one that was added or done, and all that are open. Knows nothing of the rest."""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.cards import Bold, Buttons, Card, Choice, Code, Items, Line, Pick, Span, Tone, When, text
from bot.domain.follow_ups import open_ones
from bot.domain.incidents import FollowUp, Incident
from bot.domain.plan import Plan
from bot.views import words
from bot.views.actions import SAY, say
from bot.views.incident_steps import name_of

_MOST = 25


def follow_up_card(incident: Incident, added: FollowUp, plan: Plan) -> Card:
    """The answer to whoever added one."""
    owner = f"{name_of(incident, plan, added.owner)} does it" if added.owner else "Nobody is named for it"
    until: Line = (", until ", When(added.due_at)) if added.due_at else (", with no date: nobody is reminded",)
    done = say("Done", f"/incident followed-up --of {incident.id} {added.key}")
    return Card(f"Follow-up {added.key}: {added.text}", (text(owner, *until, "."), Buttons((done,))))


def followed_up_card(incident: Incident, done: FollowUp) -> Card:
    """The answer to whoever did one."""
    left = len(open_ones(incident))
    told = f"{words.many(left, 'follow-up is', 'follow-ups are')} left." if left else "It was the last one."
    return Card(f"Done: {done.text}", (text(told),), Tone.GOOD)


def follow_ups_card(found: Sequence[tuple[Incident, FollowUp]], plan: Plan, now: datetime) -> Card:
    """All that are open, in their order, with one to pick that is done."""
    if not found:
        return Card("No follow-up is open.", (text(Code("/incident follow-up"), " adds one."),), Tone.GOOD)
    late = sum(one.due_at is not None and one.due_at <= now for _, one in found)
    title = f"{words.many(len(found), 'follow-up is', 'follow-ups are')} open{f', {late} late' if late else ''}."
    lines = [_line(incident, one, plan, now) for incident, one in found[:_MOST]]
    if len(found) > _MOST:
        lines.append((f"and {len(found) - _MOST} more; the report of each incident has its own",))
    choices = tuple(Choice(one.text[:75], spoken(incident, one)) for incident, one in found[:_MOST])
    pick = Pick("One is done", SAY("/incident followed-up"), choices)
    return Card(title, (Items(tuple(lines)), pick), Tone.WARNING if late else Tone.NEUTRAL)


def spoken(incident: Incident, one: FollowUp) -> str:
    """A follow-up as it is named outside its incident's room."""
    return f"{incident.id}/{one.key}"


def _line(incident: Incident, one: FollowUp, plan: Plan, now: datetime) -> Line:
    owner = name_of(incident, plan, one.owner) if one.owner else "nobody"
    line: list[Span] = [Bold(one.text), f" · {owner}"]
    if one.due_at is not None:
        line += [" · was due " if one.due_at <= now else " · until ", When(one.due_at)]
    return (*line, f" · {incident.title} · ", Code(spoken(incident, one)))
