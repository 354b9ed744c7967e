"""Knows what the bot asks of a Discord server, and what for. Knows nothing of how it is used."""

from collections.abc import Iterable

import discord

PERMISSIONS = {
    "view_channel": "see the channels that it posts to",
    "send_messages": "post progress and results",
    "send_messages_in_threads": "post details under a message",
    "create_public_threads": "open the thread for them",
    "attach_files": "attach reports",
    "manage_channels": "open a channel for an incident, and say in its topic how it stands",
    "pin_messages": "keep the board of an incident in sight",
    "read_message_history": "look whether a message arrived before posting it again",
}
"""By discord.py's names (https://discord.com/developers/docs/topics/permissions); nothing more is asked for."""
POSTING = tuple(name for name in PERMISSIONS if name not in ("manage_channels", "pin_messages"))
"""What is needed wherever something is posted; the rest serves rooms alone."""

INTENTS = discord.Intents(guilds=True)
"""Channels, threads and roles. Commands and buttons need no intent, and no privileged one is used."""


def bits() -> int:
    """The permissions as the number that an invite link carries."""
    return discord.Permissions(**dict.fromkeys(PERMISSIONS, True)).value


def titles(names: Iterable[str]) -> list[str]:
    """Permissions as Discord's settings name them."""
    return [name.replace("_", " ").title() for name in names]


def lacking(allowed: discord.Permissions, needed: Iterable[str]) -> list[str]:
    """Those needed that the bot does not have, as Discord's settings name them."""
    return titles(name for name in needed if not getattr(allowed, name))


def lacking_in(client: discord.Client, channel: int, needed: Iterable[str] = POSTING) -> tuple[str, list[str]]:
    """A channel's name, and what the bot lacks in it, as far as the gateway has told of that channel."""
    found = client.get_channel(channel)
    if not isinstance(found, discord.abc.GuildChannel | discord.Thread) or found.guild.unavailable:
        return "that channel", []
    return f"#{found.name}", lacking(found.permissions_for(found.guild.me), needed)
