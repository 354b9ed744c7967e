"""Knows what can be wrong with a Slack app, and the mend of each. Knows nothing of how it is noticed."""

from collections.abc import Collection

from bot.domain.errors import LifeboatError
from bot.platforms.slack.api import Declined, NoAccess
from bot.platforms.slack.scopes import room_scopes, scopes
from bot.ports import Symptom

_VITAL = frozenset({"chat:write", "commands"})
_REINSTALL = "Take the scopes from `lifeboat manifest slack` into the app, then press Reinstall under Install App."
_NO_ROOMS = " Until it does, no incident gets a channel of its own in Slack."
_MEND_BOT = (
    "Copy the Bot User OAuth Token (xoxb-…) from OAuth & Permissions at api.slack.com/apps; set "
    "LIFEBOAT_SLACK__BOT_TOKEN."
)
_MEND_APP = (
    "Make an app-level token (xapp-…) with connections:write under Basic Information at api.slack.com/apps; set "
    "LIFEBOAT_SLACK__APP_TOKEN."
)
_SOCKET_MODE = "Switch it on under Socket Mode at api.slack.com/apps; an app-level token needs connections:write."
ITSELF = "It is tried again by itself; slack-status.com says how Slack is."


def of_login(problem: LifeboatError) -> Symptom:
    """Why the bot token does not open Slack."""
    if isinstance(problem, NoAccess):
        return Symptom(f"Slack does not take the bot token ({problem.code}).", _MEND_BOT, broken=True)
    return Symptom(problem.problem, ITSELF, broken=True)


def of_socket(problem: LifeboatError) -> Symptom:
    """Why no socket opens."""
    if isinstance(problem, NoAccess):
        return Symptom(f"Slack does not take the app-level token ({problem.code}).", _MEND_APP, broken=True)
    if isinstance(problem, Declined):
        return Symptom(f"Slack opens no socket for this app ({problem.code}).", _SOCKET_MODE, broken=True)
    return Symptom(problem.problem, ITSELF, broken=True)


def of_tokens(bot_token: str, app_token: str | None) -> list[Symptom]:
    """Tokens that cannot be what they are set as, seen from their first letters."""
    found = []
    if not bot_token.startswith("xoxb-"):
        found.append(Symptom("The bot token is of another kind: it must begin with xoxb-.", _MEND_BOT, broken=True))
    if app_token is not None and not app_token.startswith("xapp-"):
        found.append(Symptom("The app token is of another kind: it must begin with xapp-.", _MEND_APP, broken=True))
    return found


def of_scopes(granted: Collection[str] | None, *, private_rooms: bool) -> list[Symptom]:
    """What the token may not do; nothing where Slack does not say what it may."""
    asked = scopes(private_rooms=private_rooms)
    lacking = [] if granted is None else [scope for scope in asked if scope not in granted]
    rooms = room_scopes(private=private_rooms)
    return [
        Symptom(
            f"The bot token lacks {scope}, which {asked[scope]}.{_NO_ROOMS if scope in rooms else ''}",
            _REINSTALL,
            broken=scope in _VITAL,
        )
        for scope in lacking
    ]


def of_groups(problem: LifeboatError | None) -> list[Symptom]:
    """Why the user groups give no roles now."""
    if problem is None:
        return []
    mend = _REINSTALL if isinstance(problem, NoAccess) else "Look at `slack` under [roles.<name>] in the plan."
    return [Symptom(f"The user groups could not be read, so they may give no roles. {problem.problem}", mend)]


SOCKET_MODE_OFF = Symptom("Socket Mode was switched off for this app.", _SOCKET_MODE, broken=True)
CONNECTING = Symptom("Connecting.", "Wait a moment, then look again.")
LOST = Symptom("The connection was lost.", "It is opened again by itself.", broken=True)
QUIET = Symptom("Slack told nothing for long, so the socket is renewed to be sure.", "It is done by itself.")
DEAF = Symptom("Slack was silent for long, so the connection is made anew.", ITSELF, broken=True)
OWN_MISTAKE = Symptom("Lifeboat made a mistake while connecting.", "Its log has the details.", broken=True)
