"""Knows what Lifeboat needs from a platform that people come in by. Knows no platform."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.chat.cards import Card
from bot.domain.people import PersonId


class Gone(Exception):
    """The channel or message is not there any more: nothing will ever be posted to it."""


class Poster(Protocol):
    """How one platform is written to. Called by the sender alone.

    A `channel` is the platform's own id of one, or `dm:<person>`: what is private to somebody of the plan.
    """

    platform: str
    pace: float
    """Shortest time between two redraws of one message, in seconds."""
    threads: bool
    """Whether a message can have others under it. Where not, what belongs under one is not posted."""

    async def post(self, channel: str, card: Card, key: str, under: str | None = None, /) -> str:
        """Post a card and give the message's id. `key` is unique per message and findable afterwards.

        `under` is the id of the message in whose thread it belongs.
        """
        ...

    async def edit(self, channel: str, message: str, card: Card) -> str:
        """Redraw a message and give its id: another one, where a platform had to post it anew."""
        ...

    async def find(self, channel: str, key: str, under: str | None = None, /) -> str | None:
        """The message posted with `key`, asked after a post whose outcome is unknown."""
        ...


@dataclass(frozen=True, slots=True)
class Room:
    """A place that was opened for one incident: where to post, its name there, and a link to it where there is one."""

    channel: str
    name: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Symptom:
    """What was seen of a platform: well without a `mend`; otherwise what to do, and whether it is broken by it."""

    found: str
    mend: str = ""
    broken: bool = False


class Host(Protocol):
    """Where a platform opens rooms. Called by `bot.operations.rooms` alone; nobody calls where `rooms` is False."""

    @property
    def rooms(self) -> bool:
        """Whether a room can be opened here: a channel of its own, or a thread."""
        ...

    async def open_room(self, name: str, key: str) -> Room:
        """Open a room, its name fitted to the platform's rules and, where it is taken, with a number behind it.

        `key` is unique per room and findable afterwards: asked again with it, this gives the room that stands.
        """
        ...

    async def invite(self, channel: str, people: Sequence[PersonId]) -> Sequence[PersonId]:
        """Bring people of the plan into a room. Gives those who could not be: not known there, or refused."""
        ...

    async def set_topic(self, channel: str, words: str) -> None:
        """Set what a room says about itself, cut to what the platform takes. Raises Gone with the room."""
        ...

    async def pin(self, channel: str, message: str) -> None:
        """Keep a message in sight; pinned already is no error. Raises Gone with the room or the message."""
        ...


class Door(Poster, Host, Protocol):
    """A platform that people come in by."""

    def open(self) -> None:
        """Begin to connect, in a task of its own that goes on trying. Never raises."""
        ...

    async def close(self) -> None:
        """Leave, and wait for what is being answered."""
        ...

    async def symptoms(self) -> Sequence[Symptom]:
        """How it is, seen now: connected as whom, or why not. Never raises."""
        ...

    async def deaf(self) -> str:
        """Why it hears nothing now, in a few words for readiness; '' when it does. Asks nobody. Never raises."""
        ...
