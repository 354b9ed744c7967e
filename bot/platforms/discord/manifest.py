"""Knows how the bot is invited to a Discord server, with exactly what it uses. Knows nothing of any server."""

import base64
from urllib.parse import urlencode

from bot.platforms.discord.permissions import bits

INVITE = "https://discord.com/oauth2/authorize"
PORTAL = (
    "In the developer portal, under Bot: every Privileged Gateway Intent off; Public Bot off, so that nobody else "
    "invites it. Under General Information: no Interactions Endpoint URL."
)


def invite(application: str) -> str:
    """The link by which somebody who manages a server lets the bot in."""
    asked = {"client_id": application, "scope": "bot applications.commands", "permissions": str(bits())}
    return f"{INVITE}?{urlencode(asked)}"


def application_of(token: str) -> str | None:
    """The application's id, with which a bot's token begins; None for what is no such token."""
    first = token.partition(".")[0]
    try:
        found = base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)).decode("ascii")
    except ValueError:
        return None
    return found if found.isdecimal() else None
