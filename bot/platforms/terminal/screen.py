"""Knows how a talk appears on a console: live, as lines, or as JSON. Knows nothing of where its cards come from."""

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live

from bot.chat import cards
from bot.chat.cards import Card, Form, Tone
from bot.platforms.terminal.render import render, summary
from bot.platforms.terminal.spans import Reader

LINE_EVERY = 10.0
"""Seconds between two lines about the same work, where nothing can be redrawn."""


def open_console(file: TextIO | None = None) -> Console:
    """A console that writes what the terminal's encoding has, and a question mark for the rest."""
    file = file or sys.stdout
    if hasattr(file, "reconfigure"):
        file.reconfigure(errors="replace")
    return Console(file=file, highlight=False, markup=False, emoji=False)


class Screen:
    """Draws cards as they come. With `as_json`, only the last card is written, as one line of JSON, when closed."""

    def __init__(
        self,
        console: Console,
        *,
        as_json: bool = False,
        notes: Console | None = None,
        answers: TextIO | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.console = console
        self.answers = sys.stdin if answers is None else answers
        self._as_json = as_json
        self._notes = notes or Console(stderr=True, highlight=False, markup=False, emoji=False)
        self._now = now
        self._last: Card | Form | None = None
        self._working: dict[str, Card] = {}
        self._live: Live | None = None
        self._logged: tuple[str, float] | None = None

    @property
    def asks(self) -> bool:
        """Whether somebody is there to answer questions."""
        return self.console.is_terminal and not self._as_json and self.answers.isatty()

    def draw(self, shown: Card | Form) -> None:
        """Show something that stays."""
        self._last = shown
        if not self._as_json:
            self.console.print(render(shown, self.reader()), crop=False)

    def post(self, message: str, card: Card) -> None:
        """Show a message, or show it differently: what is at work is redrawn in place, or told now and then."""
        if card.tone is not Tone.WORKING:
            self._working.pop(message, None)
            self._redraw()
            self.draw(card)
            return
        self._last = card
        self._working[message] = card
        if self._as_json:
            return
        if self.console.is_terminal and not self.console.is_dumb_terminal:
            self._redraw()
        else:
            self._log(card)

    def note(self, words: str) -> None:
        """Say something about the talk itself."""
        self._stop()
        self._notes.print(words)

    def close(self) -> None:
        """End what is live; write the JSON."""
        self._stop()
        if self._as_json and self._last is not None:
            self.console.file.write(json.dumps(cards.to_json(self._last)) + "\n")
            self.console.file.flush()
            self._last = None

    def reader(self) -> Reader:
        """Who looks, right now."""
        links = self.console.is_terminal and self.console.color_system is not None
        return Reader(self._now(), links=links, ascii_only=self.console.options.ascii_only)

    def _redraw(self) -> None:
        if not self._working:
            self._stop()
            return
        if self._live is None:
            self._live = Live(console=self.console, auto_refresh=False, transient=True)
            self._live.start()
        reader = self.reader()
        self._live.update(Group(*(render(card, reader) for card in self._working.values())), refresh=True)

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _log(self, card: Card) -> None:
        before, at = self._logged or ("", 0.0)
        if card.title == before and time.monotonic() - at < LINE_EVERY:
            return
        self._logged = (card.title, time.monotonic())
        reader = self.reader()
        self.console.print(f"{reader.now:%H:%M:%S} UTC · {summary(card, reader)}", soft_wrap=True)
