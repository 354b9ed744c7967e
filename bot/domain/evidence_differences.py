"""Knows how two files of an archive differ, and where first, in words. Knows nothing of what they should hold."""

import json
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from pydantic_core import from_json

_NOTHING = object()
_LONGEST = 60


def loaded(content: bytes) -> Any:
    """What a file of JSON holds; something like nothing else where it is none."""
    try:
        return from_json(content)
    except ValueError:
        return _NOTHING


def figures_apart(found: bytes, expected: bytes, said_by: str, worded: Sequence[str]) -> str:
    """Where a figure differs first from what it should be; nothing where none does.

    What is `worded`, or is not named where it was found, is left out.
    """
    given, known = loaded(found), json.loads(expected)
    for name in worded:
        for one in (given, known):
            if isinstance(one, dict):
                one.pop(name, None)
    return _told(given, _counted(known, given), said_by)


def apart(name: str, found: bytes, expected: bytes, said_by: str = "the events") -> str:
    """Where a file differs first from what it should be; nothing where it does not."""
    if found == expected:
        return ""
    if name.endswith(".json"):
        given = loaded(found)
        if given is _NOTHING:
            return "it is no JSON"
        return _told(given, json.loads(expected), said_by) or "it is not written as Lifeboat writes it"
    lines = zip(found.split(b"\n"), expected.split(b"\n"), strict=False)
    number = next((number for number, (one, other) in enumerate(lines, 1) if one != other), None)
    where = f"line {number}" if number else "its end"
    return f"{where} is not what {said_by} say"


def shown(value: Any) -> str:
    """A value from anywhere, short and harmless to a terminal."""
    text = "not there" if value is _NOTHING else json.dumps(value, ensure_ascii=False)
    text = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _told(found: Any, expected: Any, said_by: str) -> str:
    place = _first(found, expected, "")
    if place is None:
        return ""
    where, there, should_be = place
    return f"{where or 'all of it'} is {shown(there)}, and by {said_by} it is {shown(should_be)}"


def _counted(expected: Any, found: Any) -> Any:
    """What is expected, without what is nowhere named in what was found."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return {key: _counted(value, found[key]) for key, value in expected.items() if key in found}
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        return [_counted(*both) for both in zip(expected, found, strict=True)]
    return expected


def _first(found: Any, expected: Any, at: str) -> tuple[str, Any, Any] | None:
    """The first place where two values differ, and both values there."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in [*expected, *(key for key in found if key not in expected)]:
            place = _first(found.get(key, _NOTHING), expected.get(key, _NOTHING), f"{at}.{key}".lstrip("."))
            if place:
                return place
        return None
    if isinstance(found, list) and isinstance(expected, list):
        for number, (there, should_be) in enumerate(zip_longest(found, expected, fillvalue=_NOTHING)):
            place = _first(there, should_be, f"{at}[{number}]")
            if place:
                return place
        return None
    return None if found == expected and type(found) is type(expected) else (at, found, expected)
