"""Knows how an incident gets a channel of Discord, or a thread: made once, filled, named, what matters pinned.

Knows nothing of what it is for. Names need not be unique on Discord: a channel bears the mark of its key in its topic;
a thread hangs from a message that bears it, and has that message's id.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Literal

import discord

from bot.chat import units
from bot.chat.cards import Card
from bot.domain.errors import Outage, Refused
from bot.domain.people import PersonId
from bot.house import House
from bot.platforms.discord import errors, spans, symptoms
from bot.platforms.discord.post import Posting
from bot.platforms.discord.send import Stationery
from bot.platforms.discord.spot import Spot
from bot.ports import Gone, Symptom
from bot.ports.chat import Room

NAME, TOPIC = 100, 1024
_THREAD_MINUTES: Literal[10080] = 10080
_MARK = re.compile(r"Lifeboat's mark: [0-9a-f]{16}$")
_NOT_BROUGHT = frozenset({errors.UNKNOWN_MEMBER, errors.UNKNOWN_USER, errors.MISSING_ACCESS, errors.TOO_MANY_IN_THREAD})


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
        """Whether the bot may open one. Where it is not connected it will be tried until it is."""
        try:
            client = self._client()
        except Outage:
            return True
        return self.hindrance(client) is None

    def hindrance(self, client: discord.Client) -> Symptom | None:
        """Why it may not, and the mend."""
        return symptoms.of_rooms(client, self._rooms_guild, self._rooms_in, self._category)

    async def open_room(self, name: str, key: str) -> Room:
        """Open a channel, or a thread, or give the one that was opened with this key."""
        guild = symptoms.server_of(self._client(), self._rooms_guild)
        if guild is None:
            raise Refused(
                "It is not known in which server of Discord rooms are to be opened, so none was.",
                "Set LIFEBOAT_DISCORD__GUILD to its id.",
            )
        try:
            with self._told("0"):
                found = await self._opened(guild, fitted(name), key)
        except Gone as error:
            raise Refused(
                f"The channel {self._rooms_in}, in which threads were to be opened, is not there any more.",
                "Set LIFEBOAT_DISCORD__ROOMS_IN to the id of another one, or leave it out.",
            ) from error
        return Room(str(found.id), found.name, f"https://discord.com/channels/{guild.id}/{found.id}")

    async def invite(self, channel: str, people: Sequence[PersonId]) -> Sequence[PersonId]:
        """Bring people of the plan into a thread; a channel they see already. Gives those who could not be brought."""
        ids = {person: self._house.plan.called(self.platform, person) for person in people}
        missed = [person for person, user in ids.items() if user is None]
        with self._told(channel, "bring people in", ("view_channel", "send_messages_in_threads")):
            if isinstance(await self._place(int(channel)), discord.Thread):
                for person, user in ids.items():
                    if user is not None and not await self._bring(int(channel), int(user)):
                        missed.append(person)
        return missed

    async def set_topic(self, channel: str, words: str) -> None:
        """Set the topic of a channel, behind which its mark stays. A thread has none."""
        with self._told(channel, "set the topic", ("view_channel", "manage_channels")):
            # What stands there is asked for: the gateway may not have told of the last change yet.
            place = await self._client().fetch_channel(int(channel))
            if not isinstance(place, discord.TextChannel):
                return
            mark = _MARK.search(place.topic or "")
            topic = topic_of(words, mark[0] if mark else "")
            if place.topic != topic:
                await place.edit(topic=topic)

    async def pin(self, channel: str, message: str) -> None:
        """Pin a message; Discord takes a second time for the first."""
        spot = Spot.read(channel, message)
        with self._told(channel, "pin the message", ("view_channel", "read_message_history", "pin_messages")):
            try:
                await self._awake(spot.channel, lambda: self._client().http.pin_message(spot.channel, spot.message))
            except discord.HTTPException as error:
                if error.code != errors.TOO_MANY_PINS:
                    raise
                problem = "The channel has as many pinned messages as Discord takes."
                raise Refused(problem, "Unpin one; the board stands in the channel all the same.") from error

    # --- opening ----------------------------------------------------------------------------------------------------

    async def _opened(self, guild: discord.Guild, name: str, key: str) -> discord.TextChannel | discord.Thread:
        try:
            if self._rooms_in is not None:
                return await self._thread_room(self._rooms_in, name, key)
            return await self._channel_room(guild, name, _mark(key))
        except discord.Forbidden as error:
            raise Refused(
                f"Discord does not let Lifeboat open a channel or thread ({error.text}), so none was opened.",
                "/lifeboat doctor names the permission that its role lacks.",
            ) from error

    async def _channel_room(self, guild: discord.Guild, name: str, mark: str) -> discord.TextChannel:
        for one in await guild.fetch_channels():
            if isinstance(one, discord.TextChannel) and (one.topic or "").endswith(mark):
                return one
        category = discord.Object(self._category) if self._category else None
        try:
            return await guild.create_text_channel(name, topic=mark, category=category)  # type: ignore[arg-type] # its id is all that is used
        except discord.HTTPException as error:
            if error.code not in (errors.TOO_MANY_CHANNELS, errors.WRONG_BODY):
                raise
            raise Refused(
                f"Discord took no further channel ({spans.one_line(error.text)}), so none was opened.",
                "A server holds 500, a category 50: delete some. /lifeboat doctor says whether the category is there.",
            ) from error

    async def _thread_room(self, where: int, name: str, key: str) -> discord.Thread:
        head = await self._marked(where, key) or Spot((await self._send(where, Card(name), key)).id, where)
        client = self._client()
        try:
            await client.http.start_thread_with_message(
                where, head.message, name=name, auto_archive_duration=_THREAD_MINUTES
            )
        except discord.HTTPException as error:
            if error.code != errors.HAS_A_THREAD:
                raise
        found = await client.fetch_channel(head.message)
        assert isinstance(found, discord.Thread)
        return found

    async def _place(self, channel: int) -> object:
        """A channel or thread; those that sleep are not among what the gateway tells of."""
        client = self._client()
        return client.get_channel(channel) or await client.fetch_channel(channel)

    async def _bring(self, thread: int, user: int) -> bool:
        try:
            await self._awake(thread, lambda: self._client().http.add_user_to_thread(thread, user))
        except discord.HTTPException as error:
            if error.code not in _NOT_BROUGHT:
                raise
            return False
        return True


def fitted(name: str) -> str:
    """A name as Discord writes those of text channels: small letters, digits and hyphens."""
    letters = (one for one in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(one))
    return re.sub(r"[^\w]+", "-", "".join(letters)).strip("-_")[:NAME].rstrip("-_") or "lifeboat"


def topic_of(words: str, mark: str) -> str:
    """Words as a topic, without markup of their own; the mark stands behind, on its own line."""
    room, said = TOPIC - len(mark) - 1, spans.one_line(words).strip()
    shown, most = spans.escaped(units.cut(said, room)), room
    while units.length(shown) > room:
        most -= 1
        shown = spans.escaped(units.cut(said, most))
    return f"{shown}\n{mark}".strip()


def _mark(key: str) -> str:
    return f"Lifeboat's mark: {sha256(key.encode()).hexdigest()[:16]}"
