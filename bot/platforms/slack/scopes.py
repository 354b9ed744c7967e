"""Knows what Lifeboat asks of a Slack workspace, and what each is for. Knows nothing of how it is used."""

SCOPES: dict[str, str] = {
    "app_mentions:read": "hears “@Lifeboat backup status”, the way to speak to it inside a thread",
    "channels:history": "finds what it posted in a public channel, so that a lost answer never makes it post twice",
    "chat:write": "posts and redraws messages, and answers privately",
    "commands": "takes slash commands, buttons and forms",
    "files:write": "puts reports into the thread of their message",
    "groups:history": "finds what it posted in a private channel, so that a lost answer never makes it post twice",
    "im:history": "finds what it posted in a direct message, so that a lost answer never makes it post twice",
    "usergroups:read": "sees who is in the user groups that give roles",
}
"""Scopes of the bot token; each is used, and no other is. https://docs.slack.dev/reference/scopes"""

APP_SCOPES: dict[str, str] = {"connections:write": "opens the socket of Socket Mode"}
"""Scopes of the app-level token (`xapp-…`)."""

EVENTS: dict[str, str] = {
    "app_home_opened": "draws the Home tab for whoever opens it",
    "app_mention": "hears “@Lifeboat backup status”, the way to speak to it inside a thread",
}
"""Events that the app subscribes to."""
