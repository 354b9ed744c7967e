"""Knows what a channel says when nobody has said anything in it. Knows nothing of who reads it."""

from bot.chat.cards import Buttons, Card, Text, text
from bot.views.actions import say


def welcome_card(*, demo: bool = False) -> Card:
    """What one does first, as buttons."""
    told: tuple[Text, ...] = (text("Lifeboat keeps, checks and shows the copies of your database. You can:"),)
    rows = [
        Buttons(
            (
                say("Am I safe?", "/backup status", "primary"),
                say("Data is lost or wrong…", "/incident start", "danger"),
                say("Take a copy", "/backup export"),
                say("What now? The runbook", "/lifeboat runbook"),
                say("All commands", "/lifeboat help"),
            )
        )
    ]
    if demo:
        told += (text("This is the demo: simulated deployments, nothing real can break."),)
        rehearse = say("Rehearse a disaster", "/drill start --rehearsal")
        rows.append(Buttons((say("Break production", "/simulator break", "danger"), rehearse)))
    return Card("Welcome", (*told, *rows))
