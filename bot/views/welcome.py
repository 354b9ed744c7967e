"""Knows what greets those who open a channel for the first time. Knows nothing of what the commands answer."""

from bot.chat.cards import Buttons, Card, Code, text
from bot.views.actions import say


def welcome_card(project: str) -> Card:
    """What Lifeboat is for, and what one does first."""
    return Card(
        f"This is Lifeboat: it brings {project}’s database back.",
        (
            text(
                "I take snapshot exports, verify every one, and tell you which data you could get back right now. "
                "Type a command below, or begin with one of these."
            ),
            Buttons(
                (
                    say("Am I safe?", "/backup status", "primary"),
                    say("Back up now", "/backup export"),
                    say("What can you do?", "/lifeboat help"),
                    say("Recovery runbook", "/lifeboat runbook"),
                )
            ),
        ),
        footer=("Press ", Code("Tab"), " to complete a command. Most answers are for your eyes only."),
    )
