"""Knows how it is told that Discord is well, or what is wrong and how it is mended. Knows nothing of connecting."""

from collections.abc import Iterable, Iterator

import aiohttp
import discord
import structlog

from bot.platforms.discord.permissions import lacking, lacking_in
from bot.ports import Symptom
from bot.views import words

CONNECTING = Symptom("Connecting.", "Wait a moment, then look again.")
CLOSED = Symptom("Discord closed the connection.", "It is opened again by itself.", broken=True)
_AGAIN = "It is tried again by itself; see discordstatus.com."
_WRONG_TOKEN, _WRONG_INTENTS = (4004,), (4013, 4014)
_log = structlog.get_logger()


def of_failure(error: Exception) -> Symptom:
    """Why there is no connection, and the mend."""
    code = error.code if isinstance(error, discord.ConnectionClosed) else 0
    if isinstance(error, discord.LoginFailure) or code in _WRONG_TOKEN:
        mend = "Copy the token anew: developer portal, Bot, Reset Token; set LIFEBOAT_DISCORD__TOKEN."
        return Symptom("Discord does not know the bot's token.", mend, broken=True)
    if code in _WRONG_INTENTS:
        mend = "Lifeboat asks for no privileged intent; look whether another bot uses its token."
        return Symptom("Discord refuses the intents.", mend, broken=True)
    if isinstance(error, discord.DiscordException | aiohttp.ClientError | OSError | TimeoutError):
        return Symptom(f"Discord could not be reached ({type(error).__name__}).", _AGAIN, broken=True)
    _log.error("bug", platform="discord", exc_info=error)
    return Symptom(
        "Lifeboat made a mistake while connecting.", "See its log; it is tried again by itself.", broken=True
    )


def of_silence(why: str) -> Symptom:
    """That a connection which was there does not answer."""
    return Symptom(f"Not connected: {why}.", _AGAIN, broken=True)


def of_connection(
    client: discord.Client, guild: int | None, channels: Iterable[int], commands: Symptom | None
) -> list[Symptom]:
    """Connected as whom and where; what it may not do there, and what Discord has against its commands."""
    names = ", ".join(one.name for one in client.guilds)
    found = [Symptom(f"Connected as {client.user} in {names or 'no server'}.", "" if names else invite(client))]
    if guild is not None and client.get_guild(guild) is None:
        found.append(Symptom(f"It is not in the server {guild}.", invite(client), broken=True))
    elif commands is not None:
        found.append(commands)
    return [*found, *_set_wrongly(client.application, guild), *_forbidden(client, channels)]


def _set_wrongly(application: discord.AppInfo | None, guild: int | None) -> Iterator[Symptom]:
    """What stands wrongly in Discord's developer portal."""
    if application is not None and application.interactions_endpoint_url:
        found = f"What people type and press goes to {application.interactions_endpoint_url}, not to this bot."
        yield Symptom(found, "Developer portal, General Information: empty Interactions Endpoint URL.", broken=True)
    if application is not None and application.bot_public and guild is None:
        mend = "Developer portal, Bot: switch Public Bot off; or set LIFEBOAT_DISCORD__GUILD."
        yield Symptom("Anybody may add it to a server of theirs, and ask it there.", mend)


def _forbidden(client: discord.Client, channels: Iterable[int]) -> Iterator[Symptom]:
    everywhere: set[str] = set()
    for guild in client.guilds:
        # A server that is out of order has told of nobody in it.
        missing = [] if guild.unavailable else lacking(guild.me.guild_permissions)
        everywhere.update(missing)
        if missing:
            yield Symptom(f"In {guild.name} it lacks {words.listed(missing, 9)}.", invite(client))
    for channel in sorted(channels):
        name, missing = lacking_in(client, channel)
        if missing := [one for one in missing if one not in everywhere]:
            mend = f"Allow its role there, in the channel's settings: {words.listed(missing, 9)}."
            yield Symptom(f"In {name} it lacks {words.listed(missing, 9)}.", mend)


def invite(client: discord.Client) -> str:
    """How the bot gets what it lacks in a server."""
    return f"Invite it anew by the link of: lifeboat manifest discord {client.application_id}"
