"""Knows how what is shown becomes what Slack takes: drawn, named as commands are here, calling people by their ids.

Knows nothing of where it is sent.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.chat.cards import Card, Form
from bot.chat.prefix import prefixed
from bot.house import House
from bot.platforms.slack import forms
from bot.platforms.slack.incoming import Address
from bot.platforms.slack.render import draw


class Stationery:
    """Draws cards and forms for the people of one plan."""

    def __init__(self, house: House, prefix: str) -> None:
        self._calls = partial(house.plan.called, "slack")
        self._groups = [group.name for group in house.groups]
        self._prefix = prefix

    def message(self, card: Card, *, tables: bool = True, pictures: Mapping[str, str] | None = None) -> dict[str, Any]:
        """A card as the blocks and the text of a message; `pictures` are Slack's ids of those that it can show."""
        shown = prefixed(card, self._prefix, self._groups)
        assert isinstance(shown, Card)
        drawn = draw(shown, self._calls, tables=tables, prefix=self._prefix, pictures=pictures or {})
        return {"blocks": drawn.blocks, "text": drawn.text}

    def modal(self, form: Form, address: Address) -> dict[str, Any]:
        """A form as a modal that knows where its answer goes."""
        shown = prefixed(form, self._prefix, self._groups)
        assert isinstance(shown, Form)
        return forms.view(shown, address.written(form.submit), self._calls)

    def home(self, card: Card, address: Address) -> dict[str, Any]:
        """A card as somebody's Home tab."""
        blocks = self.message(card, tables=False)["blocks"]
        return {"type": "home", "private_metadata": address.written(), "blocks": blocks}
