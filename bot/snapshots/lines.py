"""Knows JSON lines as strictly as a restore reads them. Knows nothing of tables, ids or archives."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import msgspec
import numpy as np

from bot.snapshots.ids import LONGEST, SHORTEST

LONGEST_LINE = 16 << 20
DEEPEST = 64
# Beyond this a line is only checked for syntax: built as Python objects it could take fifty times its length.
LONGEST_BUILT = 2 << 20

_BOM = b"\xef\xbb\xbf"
_NEWLINE, _OPEN, _CLOSE = 10, 123, 125
_INT64 = 1 << 63
_HIGH_BITS = np.uint64(0x8080808080808080)
_build: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


class _Head(msgspec.Struct):
    """The two fields that every document has, unread; whatever else there is passes by."""

    id: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"null"), name="_id")
    at: msgspec.Raw = msgspec.field(default=msgspec.Raw(b"null"), name="_creationTime")


_skim = msgspec.json.Decoder(_Head)


class Flaw(Exception):
    """What is wrong with one line; `code` names the finding."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


def whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes | None]:
    """The same bytes cut into blocks of whole lines; the last may lack its newline.

    None stands for one line of more than 16 MiB, which is passed over without being kept.
    """
    held: list[bytes | memoryview] = []
    length = 0
    skipping = False
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if not cut:
            length += len(piece)
            if length > LONGEST_LINE:
                held.clear()
                skipping = True
            if not skipping:
                held.append(piece)
            continue
        start = 0
        if skipping:
            yield None
            start = piece.find(b"\n") + 1
            skipping = False
        if start < cut:
            held.append(memoryview(piece)[start:cut])
            yield b"".join(held)
        held.clear()
        length = len(piece) - cut
        if length:
            held.append(memoryview(piece)[cut:])
    if skipping:
        yield None
    elif held:
        yield b"".join(held)


class Block(NamedTuple):
    """Whole lines; `documents` is how many lines are in it if each is shaped as one document, else 0."""

    octets: bytes
    documents: int


def survey(octets: bytes | None) -> Block | None:
    """Look at a block without parsing it: UTF-8, and every newline between `}` and `{`."""
    if octets is None:
        return None
    try:
        if not octets.isascii():
            str(_beyond_ascii(octets), "utf-8")
    except UnicodeDecodeError:
        return Block(octets, 0)
    array = np.frombuffer(octets, np.uint8)
    ends = np.flatnonzero(array == _NEWLINE)
    one_each = (
        array[0] == _OPEN
        and array[-1] == _NEWLINE
        and bool((array[ends - 1] == _CLOSE).all())
        and bool((array[ends[:-1] + 1] == _OPEN).all())
    )
    return Block(octets, len(ends) if one_each else 0)


def _beyond_ascii(octets: bytes) -> bytes:
    """What is UTF-8 exactly when `octets` are: the words with a byte beyond ASCII in them, and the word after each.

    What is left out stands between ASCII bytes. Decoding all of it costs five times as much: one emoji makes Python
    build a text of four bytes a character.
    """
    words = np.frombuffer(octets, np.uint64, len(octets) // 8)
    beyond = (words & _HIGH_BITS) != 0
    chosen = beyond.copy()
    chosen[1:] |= beyond[:-1]
    kept: bytes = words[chosen].tobytes()
    return kept + octets[len(words) * 8 :]


def read_line(line: bytes) -> dict[str, Any]:
    """The document on one line (without its newline; a carriage return may end it). Raises Flaw.

    Of a line longer than 2 MiB only `_id` and `_creationTime` are built.
    """
    if not line.strip(b" \t\r"):
        raise Flaw("blank-line")
    if line.startswith(_BOM):
        raise Flaw("bom")
    if len(line) > LONGEST_LINE:
        raise Flaw("line-too-long", f"{len(line)} bytes")
    try:
        line.decode()
    except UnicodeDecodeError as error:
        raise Flaw("bad-utf8", f"at byte {error.start + 1} of the line") from None
    try:
        document = _build.decode(line) if len(line) <= LONGEST_BUILT else _head(line)
    except RecursionError:
        raise Flaw("too-deep") from None
    except msgspec.ValidationError:
        # Built without a type, a line fails validation for a number out of range only.
        raise Flaw("number-too-large" if len(line) <= LONGEST_BUILT else "not-an-object") from None
    except msgspec.DecodeError as error:
        raise Flaw("bad-json", str(error)) from None
    if not isinstance(document, dict):
        raise Flaw("not-an-object", f"it holds {type(document).__name__}")
    return document


def _head(line: bytes) -> dict[str, Any]:
    head = _skim.decode(line)
    return {name: _build.decode(raw) for name, raw in (("_id", head.id), ("_creationTime", head.at)) if len(raw) < 100}


def examine(document: dict[str, Any], line: bytes) -> list[tuple[tuple[str, ...], str]]:
    """Every string of a document that is as long as an id, with its path (arrays add nothing to a path).

    On the way what the quick decoder lets pass is noticed: nesting, integers out of range and a key that is there
    twice. Raises Flaw for it.
    """
    found: list[tuple[tuple[str, ...], str]] = []
    keys = 0
    waiting: list[tuple[tuple[str, ...], Any, int]] = [((), document, 1)]
    while waiting:
        path, value, depth = waiting.pop()
        if depth > DEEPEST:
            raise Flaw("too-deep")
        items: Iterable[tuple[str | None, Any]]
        if isinstance(value, dict):
            keys += len(value)
            items = value.items()
        else:
            items = ((None, item) for item in value)
        for key, item in items:
            kind = type(item)
            if kind is str:
                if SHORTEST <= len(item) <= LONGEST:
                    found.append((path if key is None else (*path, key), item))
            elif kind is dict or kind is list:
                waiting.append((path if key is None else (*path, key), item, depth + 1))
            elif kind is int and not -_INT64 <= item < _INT64:
                raise Flaw("number-too-large", str(item)[:40])
    # Counting quotes before colons is quick, and wrong only for odd strings and blanks; those are looked at again.
    if line.count(b'":') != keys and (twice := _double_key(line)):
        raise Flaw("duplicate-key", twice)
    return found


def _double_key(line: bytes) -> str:
    """The first key that one object holds twice, '' without any."""

    twice: list[str] = []

    def look(pairs: list[tuple[str, Any]]) -> None:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                twice.append(key)
            seen.add(key)

    json.loads(line, object_pairs_hook=look)
    return twice[0] if twice else ""
