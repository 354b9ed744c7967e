"""Knows how a card gets ready to be sent: drawn, with its files, calling only whom it means. Knows no channel."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import discord
import structlog

from bot.chat.cards import Attachment, Card, Form, Image
from bot.chat.prefix import prefixed
from bot.domain.errors import LifeboatError
from bot.domain.people import Person, PersonId
from bot.house import House
from bot.operations import files
from bot.platforms.discord.forms import modal
from bot.platforms.discord.render import WHOLE, draw

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes; what every server allows."""

# A message is for everybody in its channel: it holds only files that anybody may have.
_ANYBODY = Person(PersonId("discord"), "Discord")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Ready:
    """A message, ready to be sent."""

    view: discord.ui.LayoutView
    files: list[discord.File]
    mentions: discord.AllowedMentions


class Stationery:
    """Turns what is shown into what discord.py sends."""

    def __init__(self, house: House, prefix: str) -> None:
        self._house = house
        self._prefix = prefix
        self._groups = [group.name for group in house.groups]
        self._calls = partial(house.plan.called, "discord")

    async def card(self, card: Card) -> Ready:
        """A card as a message, with the files that anybody may have."""
        shown = prefixed(card, self._prefix, self._groups)
        assert isinstance(shown, Card)
        found = {key: content for key in _keys(shown) if (content := await self._content(key)) is not None}
        drawn = draw(shown, self._calls, {*found, WHOLE}, self._prefix)
        sent = [
            discord.File(io.BytesIO(one.text.encode() if one.text else found[one.key]), one.name) for one in drawn.files
        ]
        return Ready(drawn.view(), sent, drawn.mentions)

    def form(self, form: Form) -> discord.ui.Modal:
        """A form as a modal."""
        shown = prefixed(form, self._prefix, self._groups)
        assert isinstance(shown, Form)
        return modal(shown, self._calls)

    async def _content(self, key: str) -> bytes | None:
        try:
            found = await files.fetch(self._house, key, _ANYBODY)
        except LifeboatError as problem:
            _log.info("file_not_sent", file=key, problem=problem.problem)
            return None
        content = found.content
        return content if isinstance(content, bytes) and len(content) <= LARGEST_FILE else None


def _keys(card: Card) -> Iterator[str]:
    return (block.file for block in card.blocks if isinstance(block, Attachment | Image))
