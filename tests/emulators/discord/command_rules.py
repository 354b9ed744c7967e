"""Knows what application commands may be. Knows nothing of who registers or calls them.

Source: https://discord.com/developers/docs/interactions/application-commands
"""

import re
from collections import Counter
from typing import Any

from tests.emulators.discord.errors import DiscordError, Problems

NAME = re.compile(r"^[-_a-z0-9]{1,32}$")
SUBCOMMAND, GROUP, STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT = range(1, 12)
VALUES = (STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, MENTIONABLE, NUMBER, ATTACHMENT)
SUGGESTING = (STRING, INTEGER, NUMBER)

Place = tuple[str | int, ...]


def check_commands(commands: Any) -> None:
    """Raise DiscordError when Discord would refuse to register these commands together."""
    problems = Problems()
    if not isinstance(commands, list):
        raise DiscordError(400, 50035, {"_errors": [{"code": "LIST_TYPE_CONVERT", "message": "Only lists."}]})
    if len(commands) > 100:
        raise DiscordError(400, 30032)
    for at, command in enumerate(commands):
        _command(command, (at,), problems)
    _unique(commands, (), problems)
    problems.raise_if_any()


def _command(command: dict[str, Any], place: Place, problems: Problems) -> None:
    if command.get("type", 1) != 1:
        problems.length((*place, "name"), command.get("name"), 1, 32)
        return
    _named(command, place, problems)
    _options(command.get("options"), (*place, "options"), (SUBCOMMAND, GROUP, *VALUES), problems)
    if _letters(command) > 8000:
        code = "APPLICATION_COMMAND_TOO_LARGE"
        problems.add(place, code, "Command exceeds maximum size (8000)")


def _named(thing: dict[str, Any], place: Place, problems: Problems) -> None:
    if not NAME.match(str(thing.get("name") or "")):
        problems.add((*place, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    problems.length((*place, "description"), thing.get("description"), 1, 100)


def _unique(things: list[dict[str, Any]], place: Place, problems: Problems) -> None:
    counted = Counter((thing.get("name"), thing.get("type", 1) if not place else 0) for thing in things)
    for (name, _), count in counted.items():
        if count > 1:
            code = "APPLICATION_COMMANDS_DUPLICATE_NAME" if not place else "APPLICATION_COMMAND_OPTIONS_NAME_INVALID"
            problems.add(place, code, f"Names must be unique: {name}")


def _options(options: Any, place: Place, allowed: tuple[int, ...], problems: Problems) -> None:
    if not options:
        return
    problems.length(place, options, 0, 25)
    _unique(options, place, problems)
    optional_seen = False
    for at, option in enumerate(options):
        if optional_seen and option.get("required"):
            code = "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"
            problems.add((*place, at), code, "Required options must be placed before non-required options")
        optional_seen = optional_seen or (option.get("type") in VALUES and not option.get("required"))
        _option(option, (*place, at), allowed, problems)
    nested = [option.get("type") in (SUBCOMMAND, GROUP) for option in options]
    if any(nested) and not all(nested):
        code = "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"
        problems.add(place, code, "Sub-command and sub-command group option types are mutually exclusive to others")


def _option(option: dict[str, Any], place: Place, allowed: tuple[int, ...], problems: Problems) -> None:
    _named(option, place, problems)
    if not problems.one_of((*place, "type"), option.get("type"), allowed):
        return
    if option["type"] == GROUP:
        problems.length((*place, "options"), option.get("options"), 1, 25)
        _options(option.get("options"), (*place, "options"), (SUBCOMMAND,), problems)
    elif option["type"] == SUBCOMMAND:
        _options(option.get("options"), (*place, "options"), VALUES, problems)
    else:
        _value(option, place, problems)


def _value(option: dict[str, Any], place: Place, problems: Problems) -> None:
    choices = option.get("choices") or []
    if (choices or option.get("autocomplete")) and option["type"] not in SUGGESTING:
        problems.add(place, "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID", "This option type takes no choices")
    if choices and option.get("autocomplete"):
        problems.add(place, "APPLICATION_COMMAND_AUTOCOMPLETE_CHOICES", "Choices and autocomplete exclude each other")
    problems.length((*place, "choices"), choices, 0, 25)
    for at, choice in enumerate(choices):
        problems.length((*place, "choices", at, "name"), choice.get("name"), 1, 100)
        if option["type"] == STRING:
            problems.length((*place, "choices", at, "value"), choice.get("value"), 0, 100)


def _letters(thing: dict[str, Any]) -> int:
    own = len(str(thing.get("name") or "")) + len(str(thing.get("description") or ""))
    own += sum(len(str(choice.get("name"))) + len(str(choice.get("value"))) for choice in thing.get("choices") or [])
    return own + sum(_letters(option) for option in thing.get("options") or [])
