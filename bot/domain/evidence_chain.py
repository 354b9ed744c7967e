"""Knows how a record is written line by line, each event exactly as it was stored, and how it is followed again.

Knows nothing of what the events add up to. A chain shows that nothing inside it was changed; whoever writes all of it
anew, to its end, is found only by its last hash, kept elsewhere.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from bot.domain.incident_events import Event

GENESIS = "0" * 64
"""What the first event follows."""
_FINGERPRINT = 16
_LINE = re.compile(
    r'\{"seq":([1-9]\d{0,8}),"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})","event":(\{.*\})\}', re.ASCII
)


@dataclass(frozen=True, slots=True)
class Row:
    """One event as it is stored: its number, the hash before it, its own, and its text to the byte."""

    seq: int
    prev: str
    hash: str
    event: str


class Broken(Exception):
    """A record that cannot be followed, and the first place where."""


def digest(prev: str, event: str) -> str:
    """The hash of an event: SHA-256 over the hash before it, a line break, and its text."""
    return hashlib.sha256(f"{prev}\n{event}".encode()).hexdigest()


def written(rows: Sequence[Row]) -> bytes:
    """A line for each event, its text as it was stored."""
    lines = (f'{{"seq":{one.seq},"prev":"{one.prev}","hash":"{one.hash}","event":{one.event}}}\n' for one in rows)
    return "".join(lines).encode()


def read(content: bytes) -> list[Row]:
    """The events of such lines. Raises Broken for what is none."""
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Broken(f"line {line} is no text") from error
    if lines.pop():
        raise Broken("the last line has no end")
    return [_row(number, line) for number, line in enumerate(lines, 1)]


def followed(rows: Sequence[Row]) -> list[Event]:
    """What happened, each event following from the one before. Raises Broken with the first that does not."""
    return list(_followed(rows))


def fingerprint(hash_: str) -> str:
    """The beginning of a hash, to be compared by eye and looked for in a file."""
    return hash_[:_FINGERPRINT]


def _row(number: int, line: str) -> Row:
    found = _LINE.fullmatch(line)
    if found is None:
        raise Broken(f"line {number} is not written like an event")
    return Row(int(found[1]), found[2], found[3], found[4])


def _followed(rows: Sequence[Row]) -> Iterator[Event]:
    if not rows:
        raise Broken("there is no event in it")
    prev, first = GENESIS, None
    for number, row in enumerate(rows, 1):
        if row.seq > number:
            raise Broken(f"event {number} is missing: event {row.seq} stands in its place")
        if row.seq < number:
            raise Broken(f"event {row.seq} stands where event {number} should")
        if row.prev != prev:
            before = f"event {number - 1}" if number > 1 else "the beginning"
            raise Broken(f"event {number} does not follow from {before}")
        if row.hash != digest(prev, row.event):
            raise Broken(f"event {number} is not what was recorded: it has another hash")
        try:
            event = Event.model_validate_json(row.event)
        except ValidationError as error:
            raise Broken(f"event {number} cannot be read as an event") from error
        first = first or event.incident
        if (event.seq, event.incident) != (number, first):
            raise Broken(f"event {number} is event {event.seq} of {event.incident}, and the record is that of {first}")
        prev = row.hash
        yield event
