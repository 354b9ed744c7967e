"""Knows how Discord gets to know the commands, and keeps to them. Knows nothing of what they are.

What Discord has is compared with what is declared, because it takes few changes a day: nothing has to be remembered,
and what somebody else changed there is mended at the next start.
"""

from collections.abc import Sequence
from typing import Any

import discord
import structlog

from bot.platforms.discord.commands import same

_MISSING_ACCESS = 50001
_log = structlog.get_logger()


async def register(client: discord.Client, guild: int | None, declared: Sequence[Any]) -> str:
    """Give Discord these commands where it has others; what it says against that, or ''.

    With a guild they are its alone, and there at once; without, everywhere. Raises what a lost connection raises.
    """
    try:
        if guild is None:
            await _everywhere(client, declared)
        else:
            await _in_guild(client, guild, declared)
            # The same command would stand there twice.
            await _everywhere(client, ())
    except discord.RateLimited as error:
        _log.error("discord_commands_not_synced", again_in=error.retry_after)
        return f"Discord takes no more changes for {error.retry_after / 60:.0f} minutes"
    except discord.HTTPException as error:
        _log.error("discord_commands_not_synced", status=error.status, code=error.code, said=error.text)
        if error.code == _MISSING_ACCESS:
            return f"the bot is not in the server {guild}, or was invited without applications.commands"
        return f"Discord says {error.text or error.status}"
    return ""


async def _everywhere(client: discord.Client, declared: Sequence[Any]) -> None:
    app = _application(client)
    if not same(await client.http.get_global_commands(app), declared):
        await client.http.bulk_upsert_global_commands(app, list(declared))
        _log.info("discord_commands_synced", where="everywhere", count=len(declared))


async def _in_guild(client: discord.Client, guild: int, declared: Sequence[Any]) -> None:
    app = _application(client)
    if not same(await client.http.get_guild_commands(app, guild), declared):
        await client.http.bulk_upsert_guild_commands(app, guild, list(declared))
        _log.info("discord_commands_synced", where=guild, count=len(declared))


def _application(client: discord.Client) -> int:
    assert client.application_id is not None, "known since the login"
    return client.application_id
