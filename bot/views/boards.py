"""Knows which views a record has: those of an incident, or those of a drill, each stamped. Knows nothing of either."""

from dataclasses import replace

from bot.chat.cards import Card
from bot.domain.drills import Progress
from bot.domain.incident_events import Event
from bot.domain.incidents import Incident
from bot.domain.plan import Plan, Step
from bot.views.drill import announced_drill_card, drill_card, stamped
from bot.views.drill_checks import asked_blocks
from bot.views.drill_said import drill_said_card
from bot.views.incident import announced_card, board_card
from bot.views.incident_said import said_card
from bot.views.incident_steps import step_card
from bot.views.rehearsal import announced_rehearsal_card


def board(incident: Incident, plan: Plan, page: int = 1, *, progress: Progress | None = None) -> Card:
    """The living card; a drill's says how far its long work is."""
    return board_card(incident, plan, page) if incident.drill is None else drill_card(incident, plan, page, progress)


def stamp(incident: Incident, card: Card) -> Card:
    """A card about an incident as it is, and about a drill stamped."""
    return card if incident.drill is None else stamped(card)


def step(incident: Incident, which: Step, plan: Plan) -> Card:
    """One step in full; in a drill with what it asked, and what came out."""
    card = step_card(incident, which, plan)
    if incident.drill is None:
        return card
    asked = tuple(asked_blocks(incident.drill, which))
    return stamped(replace(card, blocks=(*card.blocks[:-1], *asked, *card.blocks[-1:])))


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
