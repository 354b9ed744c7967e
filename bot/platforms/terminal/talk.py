"""Knows how one line is asked, answered and followed to its end. Knows neither sockets nor how anything is drawn."""

import asyncio
import signal
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from bot.chat.cards import Card, Form, Tone
from bot.domain.errors import LifeboatError, Outage
from bot.domain.people import Person
from bot.platforms.terminal.ask import next_ask
from bot.platforms.terminal.post import Channel, Posted
from bot.platforms.terminal.screen import Screen
from bot.router import Pressed, Request, Router, Said
from bot.views.answers import outage_card, refused_card

PATIENCE = 60.0
"""Seconds after which nobody waits any longer for a first post about something that was accepted."""

INTERRUPTED = 130
"""The exit status of a command that was ended by Ctrl-C."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back at once: a card or form, or None when it comes as posts."""

    shown: Card | Form | None
    ok: bool


class Talk(Protocol):
    """A talk with a router, in this process or in another. `goes_on` says what becomes of the work when we leave."""

    goes_on: str

    async def ask(self, ask: Said | Pressed) -> Answer: ...

    def posts(self) -> AsyncIterator[Posted]:
        """The cards that follow, until the work has ended."""
        ...


class Near:
    """A talk with the router of this process."""

    goes_on = "Stopped. What was begun is recorded, and goes on when Lifeboat next runs on this data folder."

    def __init__(self, router: Router, person: Person, channel: Channel) -> None:
        self._router = router
        self._person = person
        self._channel = channel

    async def ask(self, ask: Said | Pressed) -> Answer:
        """Hand a request in."""
        request = Request(f"terminal:{uuid.uuid4().hex}", self._person, self._channel.place, ask)
        reply = await self._router.handle(request)
        return Answer(reply.shown, reply.ok)

    def posts(self) -> AsyncIterator[Posted]:
        """What the sender shows here."""
        return self._channel.posts(PATIENCE)


async def converse(talk: Talk, screen: Screen, line: str) -> int:
    """Say a line, draw what comes back until the work has ended, and give the exit status.

    0: carried out, and well. 1: refused, an outage, a bug, a question left open, a card that says something is bad
    (not safe, broken), or work whose last card warns. 130: Ctrl-C, after which the work goes on; a second one quits
    at once.
    """
    talking = asyncio.ensure_future(_to_its_end(talk, screen, line))
    with _interrupting(talking) as interrupted:
        try:
            return await talking
        except asyncio.CancelledError:
            if not interrupted.is_set():
                raise
            screen.note(talk.goes_on)
            screen.note('To see where it stands: lifeboat say "/backup status"')
            return INTERRUPTED
        except LifeboatError as problem:
            screen.draw(error_card(problem))
            return 1
        finally:
            screen.close()


async def _to_its_end(talk: Talk, screen: Screen, line: str) -> int:
    # Bytes of another encoding arrive from a shell as lone surrogates, which cannot be written anywhere.
    ask: Said | Pressed | None = Said(line.encode("utf-8", "replace").decode())
    status = 1
    while ask is not None:
        answer = await talk.ask(ask)
        if answer.shown is None:
            return await _follow(talk, screen) if answer.ok else 1
        screen.draw(answer.shown)
        ask, is_question = await next_ask(answer.shown, screen)
        bad = isinstance(answer.shown, Card) and answer.shown.tone is Tone.BAD
        status = 0 if answer.ok and not is_question and not bad else 1
    return status


async def _follow(talk: Talk, screen: Screen) -> int:
    last: dict[str, Card] = {}
    async for posted in talk.posts():
        last[posted.message] = posted.card
        screen.post(posted.message, posted.card)
    if not last:
        screen.draw(Card("Accepted; nothing has been shown here yet.", tone=Tone.WORKING))
    return 1 if any(card.tone in (Tone.WARNING, Tone.BAD) for card in last.values()) else 0


def error_card(problem: LifeboatError) -> Card:
    """What went wrong before the router could be asked, or on the way back."""
    return outage_card(problem) if isinstance(problem, Outage) else refused_card(problem)


@contextmanager
def _interrupting(task: "asyncio.Future[int]") -> Iterator[asyncio.Event]:
    """The first Ctrl-C cancels the task, and sets what is given; the second is Python's own again."""
    loop, interrupted = asyncio.get_running_loop(), asyncio.Event()

    def leave() -> None:
        interrupted.set()
        loop.remove_signal_handler(signal.SIGINT)
        task.cancel()

    loop.add_signal_handler(signal.SIGINT, leave)
    try:
        yield interrupted
    finally:
        loop.remove_signal_handler(signal.SIGINT)
