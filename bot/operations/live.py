"""Knows how a post's kind and subject become the card it should show now. Knows nothing of where it is shown."""

from bot.chat.cards import Card, Tone, text
from bot.domain.backups import BackupId, OperationId
from bot.domain.incident_events import Closed, IncidentId
from bot.house import House
from bot.operations import conditions, reminding
from bot.store import approvals, backups, drill_links, export_slots, incidents, operations, progress, reports, suites
from bot.views import boards
from bot.views.approvals import approval_card
from bot.views.evidence_card import sealed_card
from bot.views.news import news_card
from bot.views.operation import ended_card, operation_card
from bot.views.report import report_card
from bot.views.schedule import planned_card
from bot.views.suites import suite_card

OPERATION, ENDED, REPORT = "operation", "ended", "report"
BOARD, SAID, ANNOUNCED = "incident", "incident_event", "incident_announced"
"""Kinds of posts: living cards, and what is said once. Of an incident: its board, what one event says in the room, and
what the announcement channel is told."""


NEWS, APPROVAL, SUITE = "incident_news", "approval", "suite"
"""Of an incident's automations: what an announcement channel hears of one event, a question to a second person, and a
run of the tests.
"""


async def draw(house: House, kind: str, subject: str) -> Card:
    """The card as of now. What is not recorded any more is said to be so, and never stops the others in its channel."""
    card: Card | None
    if kind in (NEWS, APPROVAL, SUITE):
        card = await _automation(house, kind, subject)
    elif kind == conditions.KIND:
        card = await conditions.drawn(house, subject)
    elif kind == reminding.KIND:
        card = await reminding.drawn(house, subject)
    elif kind in (BOARD, SAID, ANNOUNCED):
        card = await _incident(house, kind, subject)
    else:
        card = await (_report(house, subject) if kind == REPORT else _operation(house, subject, ended=kind == ENDED))
    return card or Card(
        "This is not recorded any more.",
        (text(f"Nothing is kept of the {kind} {subject}. The copies in the vault: /backup list."),),
        Tone.NEUTRAL,
    )


async def _incident(house: House, kind: str, subject: str) -> Card | None:
    name, _, seq = subject.partition("/")
    async with house.database.read() as db:
        incident = await incidents.get(db, IncidentId(name))
        event = await incidents.event(db, IncidentId(name), int(seq)) if seq else None
        far = await progress.get(db, IncidentId(name)) if kind == BOARD else None
        over = event is not None and isinstance(event.body, Closed) and incident is not None and incident.drill
        sealed = await drill_links.hash_of(db, IncidentId(name), int(seq)) if over else None
    if incident is None:
        return None
    if event is not None:
        card = boards.said(incident, event, house.plan)
        return sealed_card(card, incident.id, event.seq, sealed) if sealed is not None else card
    return boards.board(incident, house.plan, progress=far) if kind == BOARD else boards.announced(incident, house.plan)


async def _automation(house: House, kind: str, subject: str) -> Card | None:
    name, _, seq = subject.partition("/")
    async with house.database.read() as db:
        if kind == APPROVAL:
            asked = await approvals.get(db, subject)
            return approval_card(asked, house.plan) if asked else None
        if kind == SUITE:
            run = await suites.get(db, subject)
            return suite_card(run, house.plan, house.clock.now()) if run else None
        incident = await incidents.get(db, IncidentId(name))
        event = await incidents.event(db, IncidentId(name), int(seq))
    return news_card(incident, event, house.plan) if incident and event else None


async def _operation(house: House, subject: str, *, ended: bool) -> Card | None:
    async with house.database.read() as db:
        operation = await operations.get(db, OperationId(subject))
        if operation is None:
            return None
        backup = await backups.get(db, operation.backup) if operation.backup else None
        report = await reports.get(db, operation.backup) if operation.backup else None
        slot = await export_slots.of_operation(db, operation.id)
        missed = await export_slots.missed_before(db, slot) if slot else []
    if ended:
        card = ended_card(operation, report, house.plan)
    else:
        card = operation_card(operation, backup, report, house.plan, house.clock.now())
    return planned_card(card, operation, slot, missed) if slot else card


async def _report(house: House, subject: str) -> Card | None:
    async with house.database.read() as db:
        backup = await backups.get(db, BackupId(subject))
        report = await reports.get(db, BackupId(subject))
    return report_card(backup, report, house.plan) if backup and report else None
