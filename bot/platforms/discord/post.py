"""Knows how messages are put into Discord's channels and threads, once. Knows nothing of who asked for them.

A message bears the mark of its key: the number of its outermost component, which Discord keeps and gives back. The
same key is its nonce, by which Discord itself refuses a second one for some minutes.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal

import aiohttp
import discord
import structlog

from bot.chat.cards import Card
from bot.domain.errors import Outage, Refused
from bot.platforms.discord.send import Ready, Stationery
from bot.ports import Clock, Gone

OLD = timedelta(hours=1)
"""Discord lets older messages be edited seldom (error 30046)."""
LOOKED_THROUGH = 100
"""Messages of a channel that are searched for one that may have been posted."""
THREAD_NAME = 100
THREAD_MINUTES: Literal[1440] = 1440

_UNKNOWN_CHANNEL, _UNKNOWN_MESSAGE = 10003, 10008
_NO_THREADS_HERE = 50024
_ARCHIVED = 50083
_TOO_MANY_OLD_EDITS = 30046
_HAS_A_THREAD = 160004
_NOBODY = discord.AllowedMentions.none()
_log = structlog.get_logger()


class Posting:
    """The `Poster` of Discord; `client` gives the connected client, or raises Outage."""

    platform = "discord"
    pace = 5.0
    threads = True

    def __init__(self, stationery: Stationery, clock: Clock, client: Callable[[], discord.Client]) -> None:
        self._stationery = stationery
        self._clock = clock
        self._client = client

    async def post(self, channel: str, card: Card, key: str, under: str | None = None, /) -> str:
        """Post a card, in the thread of the message `under` if that is given."""
        with _said():
            where = await self._place(channel, under, card)
            return str((await self._send(where, await self._stationery.card(card), key)).id)

    async def edit(self, channel: str, message: str, card: Card) -> str:
        """Redraw a message. One that is older than an hour is posted anew and taken away, and has another id then."""
        with _said():
            ready = await self._stationery.card(card)
            standing = self._messageable(channel).get_partial_message(int(message))
            if self._clock.now() - discord.utils.snowflake_time(int(message)) < OLD:
                try:
                    await standing.edit(view=ready.view, attachments=ready.files, allowed_mentions=_NOBODY)
                    return message
                except discord.HTTPException as error:
                    if error.code != _TOO_MANY_OLD_EDITS:
                        raise
                    ready = await self._stationery.card(card)
            anew = await self._send(self._messageable(channel), ready, f"instead of {message}", silent=True)
            await standing.delete()
            return str(anew.id)

    async def find(self, channel: str, key: str, under: str | None = None, /) -> str | None:
        """The message with the mark of that key, among the newest hundred."""
        with _said():
            where = self._messageable(under or channel)
            try:
                async for message in where.history(limit=LOOKED_THROUGH):
                    if any(getattr(component, "id", None) == mark(key) for component in message.components):
                        return str(message.id)
            except discord.NotFound:
                if under is None:
                    raise
        return None

    async def _send(
        self, where: discord.PartialMessageable, ready: Ready, key: str, *, silent: bool = False
    ) -> discord.Message:
        ready.view.children[0].id = mark(key)
        return await where.send(
            view=ready.view,
            files=ready.files,
            nonce=hashlib.sha256(key.encode()).hexdigest()[:25],
            allowed_mentions=ready.mentions,
            silent=silent,
        )

    async def _place(self, channel: str, under: str | None, card: Card) -> discord.PartialMessageable:
        if under is None:
            await self._awake(channel)
            return self._messageable(channel)
        try:
            # A thread has the id of the message that it hangs from.
            await (
                self._messageable(channel)
                .get_partial_message(int(under))
                .create_thread(name=card.title[:THREAD_NAME], auto_archive_duration=THREAD_MINUTES)
            )
        except discord.HTTPException as error:
            if error.code == _NO_THREADS_HERE:
                return self._messageable(channel)
            if error.code != _HAS_A_THREAD:
                raise
            await self._awake(under)
        return self._messageable(under)

    async def _awake(self, channel: str) -> None:
        """Threads fall asleep; one that did takes no message of a bot."""
        found = self._client().get_channel(int(channel))
        if isinstance(found, discord.Thread) and found.archived:
            await found.edit(archived=False)

    def _messageable(self, channel: str) -> discord.PartialMessageable:
        client = self._client()
        # Threads can only be made in a guild; which one it is, only the channel itself knows.
        guild = getattr(client.get_channel(int(channel)), "guild", None)
        return client.get_partial_messageable(int(channel), guild_id=guild.id if guild else None)


def mark(key: str) -> int:
    """A key as a component's number: 31 bits, never 0, which Discord would fill in itself."""
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4]) >> 1 or 1


@contextmanager
def _said() -> Iterator[None]:
    """Say Discord's errors in our words."""
    try:
        yield
    except discord.RateLimited as error:
        again = discord.utils.utcnow() + timedelta(seconds=error.retry_after)
        raise Outage("Discord", "Discord asks for a pause.", retry_at=again) from error
    except discord.NotFound as error:
        if error.code in (_UNKNOWN_CHANNEL, _UNKNOWN_MESSAGE):
            raise Gone(error.text) from error
        raise Outage("Discord", f"Discord did not find what it was asked for ({error.code}).") from error
    except discord.Forbidden as error:
        raise Refused(
            f"Discord does not let Lifeboat post there ({error.text or error.code}).",
            "Give its role in that channel: View Channel, Send Messages, Send Messages in Threads, Create Public "
            "Threads, Attach Files, Read Message History.",
        ) from error
    except discord.DiscordServerError as error:
        raise Outage("Discord", f"Discord did not answer well ({error.status}).") from error
    except discord.HTTPException as error:
        if error.status == 429:
            raise Outage("Discord", "Discord asks for a pause.") from error
        _log.exception("discord_refused_a_message", status=error.status, code=error.code)
        raise Refused(f"Discord did not take the message ({error.code}).", "The log has what it said.") from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Outage("Discord", "Discord could not be reached.") from error
