"""Knows how Discord gets to know the commands, and keeps to them. Knows nothing of what they are.

What Discord has is compared with what is declared, because it takes few changes a day: nothing has to be remembered,
and what somebody else changed there is mended at the next start.
"""

from collections.abc import Sequence
from typing import Any

import discord
import structlog

from bot.platforms.discord import symptoms
from bot.platforms.discord.commands import same
from bot.ports import Symptom

_MISSING_ACCESS = 50001
_log = structlog.get_logger()


async def register(client: discord.Client, guild: int | None, declared: Sequence[Any]) -> Symptom | None:
    """Give Discord these commands where it has others; what it has against that, if it has anything.

    With a guild they are its alone, and there at once; without, everywhere. Raises what a lost connection and a Discord
    that does not work raise.
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
        mend = f"It takes none for {error.retry_after / 60:.0f} minutes. Restart Lifeboat then, or wait a day."
        return Symptom("Discord took too many changes of the commands: those it shows are old.", mend, broken=True)
    except discord.DiscordServerError:
        raise
    except discord.HTTPException as error:
        _log.error("discord_commands_not_synced", status=error.status, code=error.code, said=error.text)
        if error.code == _MISSING_ACCESS:
            found = f"It may not have commands in the server {guild}."
            return Symptom(found, symptoms.invite(client), broken=True)
        mend = "The log has what it said; another command prefix may help."
        return Symptom(f"Discord does not take the commands ({error.code}): those it shows are old.", mend, broken=True)
    return None


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
