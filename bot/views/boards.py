"""Knows which views a record has: those of an incident, or those of a drill, each stamped. Knows nothing of either."""

from bot.chat.cards import Card
from bot.domain.incident_events import Event
from bot.domain.incidents import Incident
from bot.domain.plan import Plan
from bot.views.drill import announced_drill_card, drill_card, stamped
from bot.views.drill_said import drill_said_card
from bot.views.incident import announced_card, board_card
from bot.views.incident_said import said_card
from bot.views.rehearsal import announced_rehearsal_card


def board(incident: Incident, plan: Plan, page: int = 1) -> Card:
    """The living card."""
    return board_card(incident, plan, page) if incident.drill is None else drill_card(incident, plan, page)


def announced(incident: Incident, plan: Plan) -> Card:
    """What an announcement channel is told."""
    if incident.drill is not None and incident.drill.practice.rehearsal:
        return stamped(announced_rehearsal_card(incident, plan))
    return announced_card(incident, plan) if incident.drill is None else announced_drill_card(incident, plan)


def said(incident: Incident, event: Event, plan: Plan) -> Card:
    """What one event says in the rooms."""
    if incident.drill is None:
        return said_card(incident, event, plan)
    return stamped(drill_said_card(incident, event, plan) or said_card(incident, event, plan))
