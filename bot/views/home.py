"""Knows what one may want to do now, as buttons: the way to every command for who types none. Knows no handler."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.chat.cards import Block, Bold, Button, Buttons, Card, Divider, Text, Tone, When, fields, text
from bot.domain import calendar
from bot.domain.backups import Operation, OperationKind
from bot.domain.calendar import Occasion
from bot.domain.health import Concern, Health, Safety, worst
from bot.domain.incidents import Incident
from bot.domain.people import Person, Role
from bot.domain.plan import Plan
from bot.domain.plan_rehearsals import REHEARSAL
from bot.views import words
from bot.views.actions import say
from bot.views.calendar import standing_line
from bot.views.status import TONES, first_line


def home_card(
    judged: Sequence[Health],
    running: Sequence[Operation],
    plan: Plan,
    by: Person,
    now: datetime,
    incidents: Sequence[Incident] = (),
    occasions: Sequence[Occasion] = (),
    unheard: str = "",
) -> Card:
    """How things stand in a few lines, and what this person may do about it now.

    `incidents` are the open ones, `occasions` the quarterly tests; `unheard` is the mend where nobody can be reminded.
    """
    blocks: list[Block] = [block for one in incidents for block in _incident(one)]
    blocks += [_environment(one) for one in judged if one.safety is not Safety.UNPLANNED]
    blocks += [_running(one, plan, now) for one in running]
    blocks += _next_drill(occasions, plan, now, unheard)
    blocks.append(Buttons((say("Data is lost or wrong…", "/incident start", "danger"),)))
    blocks.append(Buttons((say("Am I safe?", "/backup status", "primary"), *_work(judged, running, by))))
    blocks.append(Divider())
    blocks.append(
        Buttons(
            (
                say("Copies", "/backup list"),
                say("Runbook", "/lifeboat runbook"),
                *([say("Rehearse a disaster", "/drill start --rehearsal")] if REHEARSAL in plan.environments else []),
                say("Examine Lifeboat", "/lifeboat doctor"),
                say("All commands", "/lifeboat help"),
            )
        )
    )
    return Card(first_line(judged, now), tuple(blocks), TONES[worst(judged)])


def _incident(incident: Incident) -> tuple[Block, ...]:
    line = (Bold(f"Incident: {incident.title}"), " · ", When(incident.opened_at, relative=True))
    step = incident.current
    now = f" · now: {incident.number(step.key)}. {step.title}" if step else ""
    shown = say("Show the board", f"/incident status --of {incident.id}", "primary")
    caught = say("Catch me up", f"/incident catchup --of {incident.id}")
    return (text(*line, now, tone=Tone.BAD), Buttons((shown, caught)))


def _environment(health: Health) -> Text:
    age = "no verified copy" if health.age is None else f"newest verified copy {words.span(health.age)} old"
    return text(Bold(health.environment.title), f" · {age}", tone=TONES[health.safety])


def _running(operation: Operation, plan: Plan, now: datetime) -> Text:
    since = f"{operation.phase}, {words.span(now - operation.started_at)}"
    kind = "Export" if operation.kind is OperationKind.EXPORT else "Check"
    return text(Bold(f"{kind} of {operation.environment}"), f" · {since}, by {plan.name_of(operation.started_by)}")


def _next_drill(occasions: Sequence[Occasion], plan: Plan, now: datetime, unheard: str) -> Iterator[Block]:
    line, tone = standing_line(occasions or calendar.occasions(plan.drill, {}, (), now, now), plan, now)
    if tone is Tone.NEUTRAL:
        yield fields([("Next quarterly test", line)])
    else:
        yield text(Bold("Quarterly test: "), *line, tone=tone)
        yield Buttons((say("Schedule of the tests", "/drill schedule"),))
    if unheard:
        yield text(f"Nobody can be reminded of it. {unheard}", tone=Tone.WARNING)


def _work(judged: Sequence[Health], running: Sequence[Operation], by: Person) -> list[Button]:
    """What changes something, for those who may."""
    if not by.may(Role.OPERATOR):
        return []
    busy = {one.environment for one in running if one.kind is OperationKind.EXPORT}
    free = [
        one.environment
        for one in judged
        if one.environment.may_export and Concern.NOT_CONNECTED not in one.concerns and one.environment.name not in busy
    ]
    exports = [say(f"Export {one.title.lower()}", f"/backup export {one.name}") for one in free]
    kept = [say("Keep a copy…", "/backup keep")] if any(one.newest for one in judged) else []
    return exports + kept + [say(f"Cancel {one.kind}", f"/backup cancel {one.id}", "danger") for one in running]
