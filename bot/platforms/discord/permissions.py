"""Knows what the bot asks of a Discord server, and what for. Knows nothing of how it is used."""

import discord

PERMISSIONS = {
    "view_channel": "see the channels that it posts to",
    "send_messages": "post progress and results",
    "send_messages_in_threads": "post details under a message",
    "create_public_threads": "open the thread for them",
    "attach_files": "attach reports",
    "read_message_history": "look whether a message arrived before posting it again",
}
"""By discord.py's names (https://discord.com/developers/docs/topics/permissions); nothing more is asked for."""

INTENTS = discord.Intents(guilds=True)
"""Channels, threads and roles. Commands and buttons need no intent, and no privileged one is used."""


def bits() -> int:
    """The permissions as the number that an invite link carries."""
    return discord.Permissions(**dict.fromkeys(PERMISSIONS, True)).value
