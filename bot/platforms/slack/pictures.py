"""Knows how a card's pictures get into Slack's messages: uploaded first, then named. Knows nothing of what they show.

A picture may be named by whoever uploaded it, but only once Slack has looked into it, some moments after the upload was
answered (github.com/slackapi/python-slack-sdk/issues/1521 and 1658): until then it refuses the message. Slack tells
nobody when, except those with a further scope; so the message is tried again for a while, and then says in words what
was to be seen.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import PurePath
from typing import Any, TypeVar

import structlog

from bot.chat.cards import Card, Image
from bot.domain.errors import LifeboatError
from bot.platforms.slack.api import UNREADY, Api, Declined
from bot.platforms.slack.stationery import Stationery

PATIENCE = (0.3, 0.7, 1.5, 3.0)
"""Seconds between two tries of a message whose pictures Slack has not looked into yet."""
MOST = 5
"""Pictures of one message."""
_REMEMBERED = 500
_T = TypeVar("_T")
_log = structlog.get_logger()


class Pictures:
    """Sends cards with their pictures. `content` gives the bytes of a file's key, or raises why nobody may have it."""

    def __init__(self, api: Api, stationery: Stationery, content: Callable[[str], Awaitable[bytes]]) -> None:
        self._api = api
        self._stationery = stationery
        self._content = content
        self._uploaded: dict[str, str] = {}
        self._refused: dict[str, None] = {}

    async def send(self, card: Card, send: Callable[[dict[str, Any]], Awaitable[_T]]) -> tuple[_T, frozenset[str]]:
        """Send a card as one message; gives what that gave, and the keys of the pictures that are in it."""
        pictures = await self._named(card)
        for seconds in PATIENCE if pictures else ():
            try:
                return await send(self._stationery.message(card, pictures=pictures)), frozenset(pictures)
            except Declined as declined:
                if declined.code != UNREADY:
                    raise
            await asyncio.sleep(seconds)
        if pictures:
            _log.warning("slack_pictures_not_taken", files=sorted(pictures))
            _remember(self._refused, dict.fromkeys(pictures))
        return await send(self._stationery.message(card)), frozenset()

    async def _named(self, card: Card) -> Mapping[str, str]:
        """Slack's ids of a card's pictures, by their keys; without those that it does not get or take."""
        keys = dict.fromkeys(block.file for block in card.blocks if isinstance(block, Image))
        wanted = [key for key in keys if key not in self._refused][:MOST]
        for key in wanted:
            if key not in self._uploaded:
                try:
                    name = await self._api.upload(PurePath(key).name, await self._content(key))
                    _remember(self._uploaded, {key: name})
                except (LifeboatError, OSError) as problem:
                    # The next redraw is another chance.
                    _log.warning("slack_picture_not_uploaded", file=key, problem=str(problem))
        return {key: self._uploaded[key] for key in wanted if key in self._uploaded}


def _remember(known: dict[str, _T], new: Mapping[str, _T]) -> None:
    known.update(new)
    while len(known) > _REMEMBERED:
        del known[next(iter(known))]
