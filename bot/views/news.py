"""Knows how news of an incident is shown to those who are not in its rooms. Knows nothing of where they are."""

from bot.chat.cards import Card, Line, Tone, When, text
from bot.domain.incident_events import Acted, Event, Noted
from bot.domain.incidents import Incident
from bot.domain.plan import Plan


def news_card(incident: Incident, event: Event, plan: Plan) -> Card:
    """What an announcement channel is told."""
    by = plan.name_of(event.by) if event.by in plan.people else event.by_name
    footer: Line = (f"{incident.id} · {by} · ", When(event.at))
    decided = isinstance(event.body, Noted) and event.body.decision
    title = f"{'Decision taken alone' if decided else 'News'}: {incident.title}"
    return Card(title, (text(_words(event)),), Tone.BAD if decided else Tone.NEUTRAL, footer)


def news_letter(incident: Incident, words: str, by: str) -> tuple[str, str]:
    """Subject and text of an e-mail to the list."""
    subject = f"[{incident.environment}] {incident.title}"
    return subject, f"{words}\n\n{by}, by Lifeboat · incident {incident.id}\n"


def _words(event: Event) -> str:
    match event.body:
        case Acted(effect=effect):
            return effect
        case Noted(text=noted):
            return noted
    return ""
