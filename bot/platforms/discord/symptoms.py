"""Knows how it is told that Discord is well, or what is wrong and how it is mended. Knows nothing of connecting."""

from collections.abc import Iterable, Iterator

import aiohttp
import discord
import structlog

from bot.platforms.discord.permissions import PERMISSIONS, lacking, lacking_in
from bot.ports import Symptom
from bot.views import words

CONNECTING = Symptom("Connecting.", "Wait a moment, then look again.")
CLOSED = Symptom("Discord closed the connection.", "It is opened again by itself.", broken=True)
_AGAIN = "It is tried again by itself; see discordstatus.com."
_WRONG_TOKEN, _WRONG_INTENTS = (4004,), (4013, 4014)
_EVERYWHERE = tuple(name for name in PERMISSIONS if name != "manage_channels")
"""Channels may be managed in one category alone, and not at all where rooms are threads."""
_TO_OPEN_CHANNELS = ("view_channel", "manage_channels")
_TO_OPEN_THREADS = (
    "view_channel",
    "send_messages",
    "send_messages_in_threads",
    "create_public_threads",
    "read_message_history",
)
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


def of_rooms(client: discord.Client, guild: int | None, rooms_in: int | None, category: int | None) -> Symptom | None:
    """Why no rooms can be opened, and the mend; None where they can, or where nobody knows yet."""
    server = server_of(client, guild)
    if server is None:
        found = "No room can be opened: it is not set in which server."
        return Symptom(found, "Set LIFEBOAT_DISCORD__GUILD to its id.")
    if server.unavailable:
        return None
    setting, place = ("ROOMS_IN", rooms_in) if rooms_in is not None else ("CATEGORY", category)
    if place is None:
        missing = lacking(server.me.guild_permissions, ("manage_channels",))
        found = f"No room can be opened: in {server.name} it lacks {words.listed(missing, 9)}."
        return Symptom(found, invite(client)) if missing else None
    channel = server.get_channel(place)
    kind = discord.TextChannel if rooms_in is not None else discord.CategoryChannel
    if not isinstance(channel, kind):
        noun = "text channel" if rooms_in is not None else "category"
        found = f"No room can be opened: there is no {noun} {place} in {server.name}."
        return Symptom(found, f"Set LIFEBOAT_DISCORD__{setting} to the id of one, or leave it out.")
    needed = _TO_OPEN_THREADS if rooms_in is not None else _TO_OPEN_CHANNELS
    if not (missing := lacking(channel.permissions_for(server.me), needed)):
        return None
    found = f"No room can be opened: in {channel.name} it lacks {words.listed(missing, 9)}."
    return Symptom(found, f"Allow its role there, in its settings: {words.listed(missing, 9)}.")


def server_of(client: discord.Client, guild: int | None) -> discord.Guild | None:
    """The server in which rooms are opened: the one that is set, or the only one."""
    if guild is not None:
        return client.get_guild(guild)
    return client.guilds[0] if len(client.guilds) == 1 else None


def of_connection(
    client: discord.Client, guild: int | None, channels: Iterable[int], commands: Symptom | None, rooms: Symptom | None
) -> list[Symptom]:
    """Connected as whom and where; what it may not do there, what Discord has against its commands; why no `rooms`."""
    names = ", ".join(one.name for one in client.guilds)
    found = [Symptom(f"Connected as {client.user} in {names or 'no server'}.", "" if names else invite(client))]
    if guild is not None and client.get_guild(guild) is None:
        found.append(Symptom(f"It is not in the server {guild}.", invite(client), broken=True))
    elif commands is not None:
        found.append(commands)
    found += [*_set_wrongly(client.application, guild), *_forbidden(client, channels)]
    return found if rooms is None else [*found, rooms]


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
        missing = [] if guild.unavailable else lacking(guild.me.guild_permissions, _EVERYWHERE)
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
