"""Knows what crosses the socket: one JSON object per line. Knows neither the socket nor what is done about it.

Asked: `{"line": …}`, or `{"press": …, "picked": …, "values": {…}}`.
Answered: `{"card": … or null, "ok": …}`, then for work `{"post": <message>, "card": …}` as it goes, and at last
`{"end": true}`.
"""

import json
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from bot.chat import cards
from bot.chat.cards import Card
from bot.domain.errors import Refused
from bot.platforms.terminal.post import Posted
from bot.platforms.terminal.talk import Answer
from bot.router import Pressed, Said

LONGEST_ASK = 64 * 1024
LONGEST_ANSWER = 16 * 1024 * 1024

_ASK: TypeAdapter[Said | Pressed] = TypeAdapter(Said | Pressed)


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more follows on what was asked."""


def write_ask(ask: Said | Pressed) -> bytes:
    """A request as a line."""
    return _ASK.dump_json(ask) + b"\n"


def read_ask(line: bytes) -> Said | Pressed:
    """The request in a line. Raises Refused for anything else."""
    try:
        return _ASK.validate_json(line)
    except ValidationError:
        raise Refused(
            "That is not a request I can read. Nothing was done.",
            "Use the `lifeboat` of the same version as the one that runs.",
        ) from None


def write(said: Answer | Posted | End) -> bytes:
    """What the bot says, as a line."""
    match said:
        case Answer(shown=shown, ok=ok):
            return _line({"card": None if shown is None else cards.to_json(shown), "ok": ok})
        case Posted(message=message, card=card):
            return _line({"post": message, "card": cards.to_json(card)})
        case End():
            return _line({"end": True})


def read(line: bytes) -> Answer | Posted | End:
    """What the bot said in a line. Raises Refused for anything else."""
    try:
        match json.loads(line):
            case {"card": None, "ok": bool(ok)}:
                return Answer(None, ok)
            case {"card": shown, "ok": bool(ok)}:
                return Answer(cards.from_json(shown), ok)
            case {"post": str(message), "card": shown} if isinstance(card := cards.from_json(shown), Card):
                return Posted(message, card)
            case {"end": True}:
                return End()
    except ValueError:
        pass
    raise unreadable()


def unreadable() -> Refused:
    """What to raise for an answer that makes no sense here."""
    return Refused(
        "The running Lifeboat answered in a way this one cannot read; what was asked may have been done.",
        "They are of different versions: restart the one that runs.",
    )


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"
