"""Knows how Discord's client turns a typed line into a command's options, and what it refuses. Knows no server."""

import re
import shlex
from typing import Any

from tests.emulators.discord.command_rules import (
    BOOLEAN,
    CHANNEL,
    GROUP,
    INTEGER,
    NUMBER,
    ROLE,
    STRING,
    SUBCOMMAND,
    USER,
)
from tests.emulators.discord.world import World

NAMED = re.compile(r"^([-_a-z0-9]+):(.*)$", re.DOTALL)
BOOLEANS = {"true": True, "yes": True, "false": False, "no": False}


class NotPossible(Exception):
    """Discord's client does not let a person do this."""


def path(command: dict[str, Any], words: list[str]) -> tuple[list[dict[str, Any]], list[str]]:
    """The sub-commands that the first words name, and the words after them."""
    chosen: list[dict[str, Any]] = []
    options = command.get("options") or []
    while options and options[0]["type"] in (SUBCOMMAND, GROUP):
        names = [option["name"] for option in options]
        if not words or words[0] not in names:
            raise NotPossible(f"/{command['name']} needs one of {names}, not {' '.join(words) or 'nothing'}")
        chosen.append(next(option for option in options if option["name"] == words[0]))
        words, options = words[1:], chosen[-1].get("options") or []
    return chosen, words


def split(line: str) -> tuple[str, list[str]]:
    """The command's name and the words after it."""
    if not line.startswith("/"):
        raise NotPossible(f"{line!r} is a message, not a command")
    words = shlex.split(line[1:])
    return words[0], words[1:]


def nested(chosen: list[dict[str, Any]], options: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The options under the sub-commands, as an interaction carries them."""
    for part in reversed(chosen):
        options = [{"type": part["type"], "name": part["name"], "options": options}]
    return options


def values(declared: list[dict[str, Any]], words: list[str]) -> dict[str, str]:
    """What was typed for each option, by name: `name:value`, `--name value`, `--flag`, or in the order declared."""
    by_name = {option["name"]: option for option in declared}
    given: dict[str, str] = {}
    loose: list[str] = []
    rest = list(words)
    while rest:
        word = rest.pop(0)
        named = NAMED.match(word)
        if word.startswith("--"):
            name, _, value = word[2:].partition("=")
            name = _known(name, by_name)
            if not value:
                value = "true" if by_name[name]["type"] == BOOLEAN else _next(rest, name)
            given[name] = value
        elif named and named[1] in by_name:
            given[named[1]] = named[2] or _next(rest, named[1])
        else:
            loose.append(word)
    return given | _placed([option for option in declared if option["name"] not in given], loose)


def _known(name: str, by_name: dict[str, dict[str, Any]]) -> str:
    for spelling in (name, name.replace("-", "_"), name.replace("_", "-")):
        if spelling in by_name:
            return spelling
    raise NotPossible(f"There is no option {name!r}; there are {list(by_name)}")


def _next(rest: list[str], name: str) -> str:
    if not rest:
        raise NotPossible(f"The option {name!r} needs a value")
    return rest.pop(0)


def _placed(free: list[dict[str, Any]], loose: list[str]) -> dict[str, str]:
    places = [option for option in free if option["type"] != BOOLEAN]
    if len(loose) > len(places):
        if not places or places[-1]["type"] != STRING:
            raise NotPossible(f"There is no option left for {loose[len(places) :]}")
        last = len(places) - 1
        loose = [*loose[:last], " ".join(loose[last:])]
    return {option["name"]: word for option, word in zip(places, loose, strict=False)}


def options(declared: list[dict[str, Any]], given: dict[str, str], world: World) -> tuple[list[dict[str, Any]], Any]:
    """The options as an interaction carries them, and what they resolve to. Raises NotPossible, as the client would."""
    missing = [option["name"] for option in declared if option.get("required") and option["name"] not in given]
    if missing:
        raise NotPossible(f"These options are required: {missing}")
    resolved: dict[str, dict[str, Any]] = {}
    sent = []
    for option in declared:
        if option["name"] in given:
            value = _value(option, given[option["name"]], world, resolved)
            sent.append({"type": option["type"], "name": option["name"], "value": value})
    return sent, resolved


def _value(option: dict[str, Any], typed: str, world: World, resolved: dict[str, dict[str, Any]]) -> Any:
    kind, name = option["type"], option["name"]
    if option.get("choices"):
        found = [one["value"] for one in option["choices"] if typed in (one["name"], str(one["value"]))]
        if not found:
            raise NotPossible(f"{name} is one of {[one['name'] for one in option['choices']]}, not {typed!r}")
        return found[0]
    if kind == STRING:
        if not option.get("min_length", 0) <= len(typed) <= option.get("max_length", 6000):
            raise NotPossible(f"{name} has the wrong length: {typed!r}")
        return typed
    if kind in (INTEGER, NUMBER):
        return _number(option, typed)
    if kind == BOOLEAN:
        if typed.lower() not in BOOLEANS:
            raise NotPossible(f"{name} is true or false, not {typed!r}")
        return BOOLEANS[typed.lower()]
    return _resolve(kind, typed, world, resolved)


def _number(option: dict[str, Any], typed: str) -> int | float:
    try:
        number = int(typed) if option["type"] == INTEGER else float(typed)
    except ValueError:
        raise NotPossible(f"{option['name']} is a number, not {typed!r}") from None
    if not option.get("min_value", number) <= number <= option.get("max_value", number):
        raise NotPossible(f"{option['name']} does not go so far: {typed}")
    return number


def _resolve(kind: int, typed: str, world: World, resolved: dict[str, dict[str, Any]]) -> str:
    typed = typed.strip("<@&#!>")
    if kind == USER:
        found = next((key for key, about in world.users.items() if typed in (key, about["username"])), None)
        if found is None:
            raise NotPossible(f"Nobody here is called {typed!r}")
        member = {key: value for key, value in world.member(found).items() if key not in ("user", "mute", "deaf")}
        resolved.setdefault("users", {})[found] = world.users[found]
        resolved.setdefault("members", {})[found] = member | {"permissions": "0"}
        return found
    if kind == ROLE:
        role_id = world.role_id(typed)
        resolved.setdefault("roles", {})[role_id] = world.roles[role_id]
        return role_id
    if kind == CHANNEL:
        channel_id = world.channel_id(typed)
        resolved.setdefault("channels", {})[channel_id] = world.channels[channel_id].shown() | {"permissions": "0"}
        return channel_id
    raise NotPossible(f"The driver cannot fill in an option of type {kind}")
