"""Knows how declared commands look to Discord, and how a call of one becomes a line. Knows no command by name.

Both are made of plain data. discord.py's command tree wants a Python function for each command, whose signature it
reads: ours stand in the declarations already, and a call is read from what Discord sends like every other request.

Source: https://discord.com/developers/docs/interactions/application-commands
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from discord import AppCommandOptionType as Kind

from bot.chat import parse
from bot.chat.declare import Command, Group, Parameter

CHOICES = 25
CHOICE = 100
_KINDS = {bool: Kind.boolean, int: Kind.integer}


class Called(NamedTuple):
    """A command as it was called: the line that it is, and the option that is still being typed, if one is."""

    line: str
    command: Command | None
    typing: str = ""
    typed: str = ""


def declared(groups: Sequence[Group], prefix: str) -> list[dict[str, Any]]:
    """Every command as Discord takes it: a command for each group, a sub-command for each of its commands."""
    return [
        {
            "type": 1,
            "name": prefix + group.name,
            "description": group.help,
            "options": [_subcommand(one) for one in group.commands.values()],
        }
        for group in groups
    ]


def same(there: Sequence[Mapping[str, Any]], ours: Sequence[Mapping[str, Any]]) -> bool:
    """Whether Discord has these commands already; what it adds by itself does not count."""
    return _known(there) == _known(ours)


def called(data: Mapping[str, Any], groups: Sequence[Group], prefix: str) -> Called:
    """The line that a call of a command is, whatever the order of its options.

    A text with both kinds of quotes loses the double ones: no line could hold them.
    """
    group_name = str(data["name"]).removeprefix(prefix)
    chosen: Mapping[str, Any] = next(iter(data.get("options", ())), {})
    group = next((one for one in groups if one.name == group_name), None)
    command = group.commands.get(chosen.get("name", "")) if group else None
    words = [f"/{group_name}", str(chosen.get("name", ""))]
    typing = typed = ""
    parameters = {one.name: one for one in command.parameters} if command else {}
    for option in chosen.get("options", ()):
        if option.get("focused"):
            typing, typed = option["name"], str(option["value"])
        else:
            words += _said(parameters.get(option["name"]), option)
    return Called(" ".join(filter(None, words)), command, typing, typed)


def _subcommand(command: Command) -> dict[str, Any]:
    # Discord wants what is required first.
    ordered = sorted(command.parameters, key=lambda one: not one.required)
    return {
        "type": Kind.subcommand.value,
        "name": command.name,
        "description": command.help,
        "options": [_option(one) for one in ordered[:CHOICES]],
    }


def _option(parameter: Parameter) -> dict[str, Any]:
    option: dict[str, Any] = {
        "type": _KINDS.get(parameter.type, Kind.string).value,
        "name": parameter.name,
        "description": parameter.help,
        "required": parameter.required,
    }
    if parameter.choices and len(parameter.choices) <= CHOICES:
        option["choices"] = [{"name": choice, "value": choice} for choice in parameter.choices]
    elif parameter.suggest is not None and parameter.type is not int:
        # Suggestions are texts, which Discord does not take for a number.
        option["autocomplete"] = True
    return option


def _said(parameter: Parameter | None, option: Mapping[str, Any]) -> list[str]:
    value = option["value"]
    name = parameter.option if parameter else "--" + option["name"].replace("_", "-")
    if isinstance(value, bool):
        return [name] if value else []
    word = parse.quote(str(value))
    # After a space it would be read as an option.
    return [f"{name}={word}"] if word.startswith("--") else [name, word]


def _known(commands: Sequence[Mapping[str, Any]]) -> list[Any]:
    return sorted((_plain(one) for one in commands), key=lambda one: str(one["name"]))


def _plain(one: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: one.get(name) for name in ("type", "name", "description")}
    kept |= {name: bool(one.get(name)) for name in ("required", "autocomplete")}
    kept["choices"] = [(choice["name"], choice["value"]) for choice in one.get("choices") or ()]
    kept["options"] = [_plain(option) for option in one.get("options") or ()]
    return kept
