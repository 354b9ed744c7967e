"""Knows how commands are named where their own names are taken: `/cc-backup`. Knows nothing of who took them."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from bot.chat.cards import Card, Form, from_json, to_json

# What is sent, not read, keeps the names that the router knows; so does what somebody typed.
_SENT = frozenset({"press", "submit", "url", "file", "kind", "key", "value"})


def prefixed(shown: Card | Form, prefix: str, groups: Sequence[str]) -> Card | Form:
    """The same, with `/backup …` written as `/<prefix>backup …` wherever people read it."""
    if not prefix or not groups:
        return shown
    return from_json(_renamed(to_json(shown), _commands(tuple(groups)), f"/{prefix}"))


def unprefixed(line: str, prefix: str) -> str:
    """A line as the router knows it."""
    return line.replace(f"/{prefix}", "/", 1) if prefix and line.startswith(f"/{prefix}") else line


def with_prefix(line: str, prefix: str) -> str:
    """A line of the router's as people type it."""
    return f"/{prefix}{line.removeprefix('/')}"


@lru_cache(8)
def _commands(groups: tuple[str, ...]) -> re.Pattern[str]:
    # Not inside a path or an address, and not the beginning of a longer word.
    return re.compile(rf"(?<![\w/.:-])/(?=(?:{'|'.join(map(re.escape, groups))})(?![\w/-]))")


def _renamed(value: Any, commands: re.Pattern[str], start: str) -> Any:
    match value:
        case str():
            return commands.sub(start, value)
        case list():
            return [_renamed(item, commands, start) for item in value]
        case dict():
            return {key: item if key in _SENT else _renamed(item, commands, start) for key, item in value.items()}
    return value
