"""Knows what Lifeboat asks of a Slack workspace, and what each is for. Knows nothing of how it is used."""

_ALWAYS: dict[str, str] = {
    "app_mentions:read": "hears “@Lifeboat backup status”, the way to speak to it inside a thread",
    "channels:history": "finds what it posted in a public channel, so that a lost answer never makes it post twice",
    "chat:write": "posts and redraws messages, and answers privately",
    "commands": "takes slash commands, buttons and forms",
    "files:write": "puts reports into the thread of their message",
    "groups:history": "finds what it posted in a private channel, so that a lost answer never makes it post twice",
    "im:history": "hears what is typed in its Messages tab, and finds what it posted there",
    "im:write": "tells people of the plan what is for them alone",
    "pins:write": "pins the board of an incident in its channel",
    "usergroups:read": "sees who is in the user groups that give roles",
}
PUBLIC_ROOMS: dict[str, str] = {
    "channels:manage": "opens a channel for an incident, brings people into it and sets its topic",
    "channels:read": "finds the channel it opened, so that a lost answer never makes it open two",
}
PRIVATE_ROOMS: dict[str, str] = {
    "groups:read": "finds the private channel it opened, so that a lost answer never makes it open two",
    "groups:write": "opens a private channel for an incident, brings people into it and sets its topic",
}
"""In the place of those, where incidents are worked on in private channels."""


def room_scopes(*, private: bool) -> dict[str, str]:
    """Without any of these no channel can be opened."""
    return PRIVATE_ROOMS if private else PUBLIC_ROOMS


def scopes(*, private_rooms: bool = False) -> dict[str, str]:
    """Scopes of the bot token; each is used, and no other is. https://docs.slack.dev/reference/scopes"""
    return dict(sorted((_ALWAYS | room_scopes(private=private_rooms)).items()))


SCOPES = scopes()

APP_SCOPES: dict[str, str] = {"connections:write": "opens the socket of Socket Mode"}
"""Scopes of the app-level token (`xapp-…`)."""

EVENTS: dict[str, str] = {
    "app_home_opened": "draws the Home tab for whoever opens it",
    "app_mention": "hears “@Lifeboat backup status”, the way to speak to it inside a thread",
    "message.im": "hears “backup status” in its Messages tab, where nobody else is spoken to",
}
"""Events that the app subscribes to."""
