"""Knows how messages are put into Discord's channels and threads, once. Knows nothing of who asked for them.

A message bears the mark of its key: the number of its outermost component, which Discord keeps and gives back with the
history of a channel, to its author without any privileged intent. The key is its nonce too, by which Discord itself
refuses a second one for some minutes; but no history tells a nonce.
"""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import timedelta
from functools import partial
from typing import Literal, TypeVar

import discord

from bot.chat import units
from bot.chat.cards import Buttons, Card, LinkButton
from bot.domain.errors import Refused
from bot.house import House
from bot.platforms.discord import errors
from bot.platforms.discord.permissions import POSTING, lacking_in, titles
from bot.platforms.discord.send import Ready, Stationery
from bot.platforms.discord.spot import Spot
from bot.ports import Gone

OLD = timedelta(hours=1)
"""Discord lets older messages be edited seldom (error 30046)."""
LOOKED_THROUGH = 100
"""Messages of a channel that are searched for one that may have been posted."""
THREAD_NAME = 100
THREAD_MINUTES: Literal[1440] = 1440

_NO_THREAD = (errors.NO_THREADS_HERE, errors.MISSING_PERMISSIONS, errors.TOO_MANY_THREADS)
_NOBODY = discord.AllowedMentions.none()
_REMEMBERED = 1000
_ALONE = "dm:"
_T = TypeVar("_T")


class Posting:
    """The `Poster` of Discord; `client` gives the connected client, or raises Outage."""

    platform = "discord"
    pace = 5.0
    threads = True

    def __init__(self, stationery: Stationery, house: House, client: Callable[[], discord.Client]) -> None:
        self._stationery = stationery
        self._house = house
        self._clock = house.clock
        self._client = client
        self._keys: dict[int, str] = {}
        self._alone: dict[str, str] = {}

    async def post(self, channel: str, card: Card, key: str, under: str | None = None, /) -> str:
        """Post a card: in the thread of the message `under`, or as a reply to it where there can be none."""
        channel = await self._where(channel)
        with self._told(channel):
            if under is None:
                return await self._post(channel, int(channel), card, key)
            head = Spot.read(channel, under)
            thread = await self._thread(head, card)
            if thread is not None:
                return await self._post(channel, thread, card, key)
            return await self._post(channel, head.channel, card, key, reply_to=head.message)

    async def edit(self, channel: str, message: str, card: Card) -> str:
        """Redraw a message. One that is older than an hour is posted anew and taken away, and has another id then."""
        channel = await self._where(channel)
        with self._told(channel):
            spot = Spot.read(channel, message)
            if self._clock.now() - discord.utils.snowflake_time(spot.message) < OLD:
                await self._awake(spot.channel, partial(self._redraw, spot, card))
                return message
            return (await self._anew(spot, card)).written_in(channel)

    async def find(self, channel: str, key: str, under: str | None = None, /) -> str | None:
        """The message with the mark of that key, among the newest hundred of its channel or thread."""
        channel = await self._where(channel)
        with self._told(channel):
            if under is None:
                found = await self._marked(int(channel), key)
            else:
                head = Spot.read(channel, under)
                found = await self._marked(head.thread or head.message, key) or await self._marked(head.channel, key)
        return found.written_in(channel) if found else None

    # --- one message ------------------------------------------------------------------------------------------------

    async def _post(self, channel: str, where: int, card: Card, key: str, *, reply_to: int | None = None) -> str:
        reference = discord.MessageReference(message_id=reply_to, channel_id=where) if reply_to else None
        sent = await self._awake(where, partial(self._send, where, card, key, reference))
        return Spot(sent.id, where).written_in(channel)

    async def _send(
        self,
        where: int,
        card: Card,
        key: str,
        reference: discord.MessageReference | None = None,
        *,
        again: bool = False,
    ) -> discord.Message:
        ready = _bearing(key, await self._stationery.card(card))
        sent = await self._messageable(where).send(
            view=ready.view,
            files=ready.files,
            nonce=hashlib.sha256(key.encode()).hexdigest()[:25],
            # Nobody is called, or woken, twice by the same message.
            allowed_mentions=_NOBODY if again else ready.mentions,
            silent=again,
            reference=reference,  # type: ignore[arg-type] # None is taken, and means none
        )
        self._remember(sent.id, key)
        return sent

    async def _redraw(self, spot: Spot, card: Card) -> None:
        ready = await self._stationery.card(card)
        if (key := self._keys.get(spot.message)) is not None:
            # It may have to be found again: nobody has recorded yet that it is there.
            _bearing(key, ready)
        await self._message(spot).edit(view=ready.view, attachments=ready.files, allowed_mentions=_NOBODY)

    async def _anew(self, old: Spot, card: Card) -> Spot:
        """Post a message again further down, and take the old one away. A thread goes on where it hangs."""
        key = f"instead of {old.message}"
        standing = await self._standing(old)
        # There already, where an earlier try was cut off.
        found = await self._marked(old.channel, key)
        if found is not None:
            await self._redraw(found, card)
        elif standing is not None:
            sent = await self._awake(old.channel, partial(self._send, old.channel, card, key, again=True))
            found = Spot(sent.id, old.channel)
        else:
            raise Gone("The message is not there any more.")
        has_thread = standing is not None and standing.flags.has_thread
        if standing is not None and has_thread:
            await self._redraw(old, _pointer(self._message(found).jump_url))
        elif standing is not None:
            with suppress(discord.NotFound):
                await standing.delete()
        return Spot(found.message, found.channel, old.message if has_thread else old.thread)

    async def _standing(self, spot: Spot) -> discord.Message | None:
        try:
            return await self._message(spot).fetch()
        except discord.NotFound as error:
            if error.code != errors.UNKNOWN_MESSAGE:
                raise
            return None

    async def _marked(self, where: int, key: str) -> Spot | None:
        try:
            async for message in self._messageable(where).history(limit=LOOKED_THROUGH):
                if any(getattr(component, "id", None) == mark(key) for component in message.components):
                    self._remember(message.id, key)
                    return Spot(message.id, where)
        except discord.NotFound:
            # A thread that was never opened; a channel that is gone is found to be so when something is posted there.
            pass
        return None

    # --- where it goes ----------------------------------------------------------------------------------------------

    async def _thread(self, head: Spot, card: Card) -> int | None:
        """The thread of a message, opened where it is not yet; None where there can be none."""
        if head.thread is not None:
            return head.thread
        if isinstance(self._client().get_channel(head.message), discord.Thread):
            return head.message
        name = units.cut(" ".join(card.title.split()), THREAD_NAME) or "Details"
        http = self._client().http
        try:
            await http.start_thread_with_message(
                head.channel, head.message, name=name, auto_archive_duration=THREAD_MINUTES
            )
        except discord.HTTPException as error:
            if error.code in _NO_THREAD:
                return None
            if error.code != errors.HAS_A_THREAD:
                raise
        # A thread has the id of the message that it hangs from.
        return head.message

    async def _where(self, channel: str) -> str:
        """The channel's id; what is private to a person of the plan goes to their direct messages."""
        if not channel.startswith(_ALONE):
            return channel
        person = channel.removeprefix(_ALONE)
        user = self._house.plan.called(self.platform, person)
        if user is None:
            raise Refused(
                f"The plan knows no Discord id of {person}, so no direct message could be sent.",
                f"Set discord under [people.{person}].",
            )
        if user not in self._alone:
            with self._told("0"):
                self._alone[user] = await self._begin_alone(person, int(user))
        return self._alone[user]

    async def _begin_alone(self, person: str, user: int) -> str:
        """The channel of the direct messages with somebody: given again by Discord, if it is there."""
        try:
            return str((await self._client().http.start_private_message(user))["id"])
        except discord.HTTPException as error:
            if error.code not in (errors.UNKNOWN_USER, errors.NO_SUCH_RECIPIENT):
                raise
            raise Refused(
                f"Discord has nobody of the id that the plan has of {person}, so no direct message could be sent.",
                f"Correct discord under [people.{person}].",
            ) from error

    async def _awake(self, where: int, act: Callable[[], Awaitable[_T]]) -> _T:
        """Do something in a channel; a thread that fell asleep is woken for it."""
        try:
            return await act()
        except discord.HTTPException as error:
            if error.code != errors.ARCHIVED:
                raise
        thread = await self._client().fetch_channel(where)
        if isinstance(thread, discord.Thread):
            await thread.edit(archived=False)
        return await act()

    def _messageable(self, where: int) -> discord.PartialMessageable:
        client = self._client()
        known = client.get_channel(where)
        guild = known.guild.id if isinstance(known, discord.abc.GuildChannel | discord.Thread) else None
        return client.get_partial_messageable(where, guild_id=guild)

    def _message(self, spot: Spot) -> discord.PartialMessage:
        return self._messageable(spot.channel).get_partial_message(spot.message)

    def _remember(self, message: int, key: str) -> None:
        self._keys[message] = key
        if len(self._keys) > _REMEMBERED:
            del self._keys[next(iter(self._keys))]

    def _told(self, channel: str, what: str = "post", needed: Sequence[str] = POSTING) -> AbstractContextManager[None]:
        def lacks() -> tuple[str, list[str]]:
            name, missing = lacking_in(self._client(), int(channel), needed)
            # Where the gateway has told of nothing that is missing, any of them may be.
            return name, missing or titles(needed)

        return errors.told(self._clock, lacks, what)


def mark(key: str) -> int:
    """A key as a component's number: 31 bits, never 0, which Discord would fill in itself."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) >> 1 or 1


def _bearing(key: str, ready: Ready) -> Ready:
    ready.view.children[0].id = mark(key)
    return ready


def _pointer(url: str) -> Card:
    """What is left of a message whose thread goes on."""
    return Card("This goes on further down", (Buttons((LinkButton("Go there", url),)),))
