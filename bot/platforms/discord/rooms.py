"""Knows how an incident gets a channel of Discord, or a thread: made once, filled, named, what matters pinned.

Knows nothing of what it is for. Names need not be unique on Discord: a channel bears the mark of its key in its topic;
a thread has no topic, and is known again by its name, which nobody else gives a thread of ours.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Literal

import discord

from bot.domain.errors import Outage, Refused
from bot.domain.people import PersonId
from bot.house import House
from bot.platforms.discord import errors, limits
from bot.platforms.discord.post import Posting
from bot.platforms.discord.send import Stationery
from bot.platforms.discord.spot import Spot
from bot.ports.chat import Room

NAME, TOPIC = 100, 1024
_THREAD_MINUTES: Literal[10080] = 10080
_NOT_THERE = frozenset({errors.UNKNOWN_MEMBER, errors.UNKNOWN_USER, errors.MISSING_ACCESS})


class Rooms(Posting):
    """The `Poster` of Discord, which opens rooms as well: channels in the `category`, or threads in `rooms_in`."""

    def __init__(
        self,
        stationery: Stationery,
        house: House,
        client: Callable[[], discord.Client],
        *,
        guild: int | None,
        rooms_in: int | None,
        category: int | None,
    ) -> None:
        super().__init__(stationery, house, client)
        self._rooms_guild, self._rooms_in, self._category = guild, rooms_in, category

    @property
    def rooms(self) -> bool:
        """Whether the bot may open one; the doctor names the permission that it lacks."""
        try:
            guild = self._server()
        except (Outage, Refused):
            # Not connected yet: it is tried again until it is, or refused with the reason.
            return True
        if guild.unavailable:
            return True
        allowed = guild.me.guild_permissions
        return allowed.create_public_threads if self._rooms_in else allowed.manage_channels

    async def open_room(self, name: str, key: str) -> Room:
        """Open a channel, or a thread, or give the one that was opened with this key."""
        guild = self._server()
        with self._told(str(self._rooms_in or 0)):
            try:
                found = await self._opened(guild, fitted(name), _mark(key))
            except discord.Forbidden as error:
                raise Refused(
                    f"Discord does not let Lifeboat open a channel or thread ({error.text}), so none was opened.",
                    "/lifeboat doctor names the permission that its role lacks.",
                ) from error
        return Room(str(found.id), found.name, f"https://discord.com/channels/{guild.id}/{found.id}")

    async def invite(self, channel: str, people: Sequence[PersonId]) -> Sequence[PersonId]:
        """Bring people of the plan into a thread; a channel they see already. Gives those who could not be brought."""
        ids = {person: self._house.plan.called(self.platform, person) for person in people}
        missed = [person for person, user in ids.items() if user is None]
        if self._rooms_in is None:
            return missed
        with self._told(channel):
            for person, user in ids.items():
                if user is not None and not await self._bring(int(channel), int(user)):
                    missed.append(person)
        return missed

    async def set_topic(self, channel: str, words: str) -> None:
        """Set the topic of a channel, behind which its mark stays. A thread has none."""
        if self._rooms_in is not None:
            return
        with self._told(channel):
            found = await self._client().fetch_channel(int(channel))
            assert isinstance(found, discord.TextChannel)
            mark = (found.topic or "").rpartition("\n")[2]
            shown = limits.cut(" ".join(words.split()), TOPIC - len(mark) - 1)
            if found.topic != f"{shown}\n{mark}":
                await found.edit(topic=f"{shown}\n{mark}")

    async def pin(self, channel: str, message: str) -> None:
        """Pin a message; Discord takes a second time for the first."""
        spot = Spot.read(channel, message)
        with self._told(channel):
            try:
                await self._client().http.pin_message(spot.channel, spot.message)
            except discord.HTTPException as error:
                if error.code != errors.TOO_MANY_PINS:
                    raise
                problem = "The channel has as many pinned messages as Discord takes."
                raise Refused(problem, "Unpin one; the board stands in the channel all the same.") from error

    # --- opening ----------------------------------------------------------------------------------------------------

    async def _opened(self, guild: discord.Guild, name: str, mark: str) -> discord.TextChannel | discord.Thread:
        if self._rooms_in is not None:
            return await self._thread_room(guild, self._rooms_in, name)
        return await self._channel_room(guild, name, mark)

    async def _channel_room(self, guild: discord.Guild, name: str, mark: str) -> discord.TextChannel:
        for one in await guild.fetch_channels():
            if isinstance(one, discord.TextChannel) and (one.topic or "").endswith(mark):
                return one
        category = discord.Object(self._category) if self._category else None
        return await guild.create_text_channel(name, topic=mark, category=category)  # type: ignore[arg-type] # its id is all that is used

    async def _thread_room(self, guild: discord.Guild, where: int, name: str) -> discord.Thread:
        client = self._client()
        assert client.user is not None
        for one in await guild.active_threads():
            if (one.name, one.parent_id, one.owner_id) == (name, where, client.user.id):
                return one
        parent = await client.fetch_channel(where)
        if not isinstance(parent, discord.TextChannel):
            raise Refused(
                f"The channel {where}, in which incidents get their threads, is no text channel.",
                "Set LIFEBOAT_DISCORD__ROOMS_IN to the id of one.",
            )
        kind = discord.ChannelType.public_thread
        return await parent.create_thread(name=name, type=kind, auto_archive_duration=_THREAD_MINUTES)

    async def _bring(self, thread: int, user: int) -> bool:
        try:
            await self._client().http.add_user_to_thread(thread, user)
        except discord.HTTPException as error:
            if error.code not in _NOT_THERE:
                raise
            return False
        return True

    def _server(self) -> discord.Guild:
        client = self._client()
        if self._rooms_guild is not None:
            found = client.get_guild(self._rooms_guild)
        else:
            found = client.guilds[0] if len(client.guilds) == 1 else None
        if found is None:
            raise Refused(
                "Nobody said in which server of Discord incidents get their rooms.",
                "Set LIFEBOAT_DISCORD__GUILD to its id.",
            )
        return found


def fitted(name: str) -> str:
    """A name as Discord writes those of text channels: small letters, digits and hyphens."""
    letters = (one for one in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(one))
    return re.sub(r"[^\w]+", "-", "".join(letters)).strip("-_")[:NAME].rstrip("-_") or "lifeboat"


def _mark(key: str) -> str:
    return f"Lifeboat's mark: {sha256(key.encode()).hexdigest()[:16]}"
