"""Knows how a typed line becomes a call. Knows nothing of what the call does or who may make it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any

from bot.chat.declare import Command, Group, Parameter
from bot.domain.errors import Refused

# Phones and word processors turn quotes and double hyphens into their own characters.
_TYPOGRAPHIC = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‘": "'", "’": "'"})
_YES = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class Call:
    """A command with its arguments, converted and complete."""

    command: Command
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bare:
    """A group alone: `/backup`."""

    group: Group


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A command that lacks required arguments; `given` is what was typed, by parameter."""

    command: Command
    given: Mapping[str, str]


class Usage(Refused):
    """The line cannot be read. `suggestion` is a line that could, ready to be copied, or empty."""

    def __init__(self, problem: str, hint: str = "", suggestion: str = "") -> None:
        super().__init__(problem, hint)
        self.suggestion = suggestion


def parse(line: str, groups: Iterable[Group]) -> Call | Bare | Incomplete:
    """Read a line such as `/backup export production --files` (the slash may be left out).

    Raises Usage, with a corrected line where one can be guessed.
    """
    by_name = {group.name: group for group in groups}
    words = split(line)
    if not words:
        raise Usage("There is nothing to do in an empty line.", "Type /lifeboat help.", "/lifeboat help")
    name = words[0].removeprefix("/").lower()
    group = by_name.get(name)
    if group is None:
        raise _unknown(f"There is no command /{name}.", name, by_name, "/{}", words[1:])
    if len(words) == 1:
        return Bare(group)
    command = group.commands.get(words[1].lower())
    if command is None:
        raise _unknown(f"/{name} has no “{words[1]}”.", words[1].lower(), group.commands, f"/{name} {{}}", words[2:])
    return bind(command, gather(command, words[2:]))


def bind(command: Command, given: Mapping[str, str]) -> Call | Incomplete:
    """Convert texts by parameter name into a call; what is not given takes its default."""
    arguments: dict[str, Any] = {}
    for parameter in command.parameters:
        written = given.get(parameter.name, "")
        if written == "":
            if parameter.required:
                return Incomplete(command, given)
            arguments[parameter.name] = parameter.default
        else:
            arguments[parameter.name] = _convert(command, parameter, written)
    return Call(command, arguments)


def gather(command: Command, words: list[str]) -> dict[str, str]:
    """Sort the words after a command's name to its parameters, unconverted."""
    given: dict[str, str] = {}
    options = {parameter.option: parameter for parameter in command.parameters}
    places = [parameter for parameter in command.parameters if parameter.type is not bool]
    queue = list(words)
    while queue:
        word = queue.pop(0)
        if word.startswith("--"):
            written, equals, value = word.partition("=")
            option = options.get(written.lower())
            if option is None:
                raise _unknown(f"{command.line} has no option {written}.", written, options, command.line + " {}", [])
            if option.type is bool:
                value = value or "yes"
            elif not equals:
                if not queue:
                    raise Usage(f"{written} needs a value.", f"Usage: {command.usage}")
                value = queue.pop(0)
            given[option.name] = value
            continue
        place = next((parameter for parameter in places if parameter.name not in given), None)
        if place is None:
            raise Usage(f"“{word}” is one word too many.", f"Usage: {command.usage}", command.line)
        given[place.name] = " ".join((word, *queue)) if place.rest else word
        if place.rest:
            break
    return given


def split(line: str) -> list[str]:
    """Words of a line; quotes of any kind hold words together, and a dash typed by a phone counts as two hyphens."""
    text = line.translate(_TYPOGRAPHIC)
    words: list[str] = []
    current: list[str] | None = None
    quote = ""
    for at, character in enumerate(text):
        if quote:
            if character == quote:
                quote = ""
            else:
                current = [*(current or []), character]
        elif character == '"' or (character == "'" and not current):
            quote, current = character, current or []
        elif character.isspace():
            if current is not None:
                words.append("".join(current))
            current = None
        else:
            dash = character in "—–" and current is None and at + 1 < len(text) and text[at + 1].isalpha()
            current = [*(current or []), "--" if dash else character]
    if quote:
        raise Usage(f"A quote ({quote}) is open at the end of the line.", "Close it, or leave it out.", line + quote)
    if current is not None:
        words.append("".join(current))
    return words


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    candidates = list(known)
    starts = [name for name in candidates if word and name.startswith(word)]
    found = get_close_matches(word, candidates, n=1, cutoff=0.6)
    return found[0] if found else starts[0] if len(starts) == 1 else None


def quote(value: str) -> str:
    """A value as it must be typed to be one word."""
    return f'"{value}"' if not value or any(character.isspace() for character in value) else value


def _unknown(problem: str, word: str, known: Mapping[str, object], template: str, rest: list[str]) -> Usage:
    meant = closest(word, known)
    if meant is None:
        return Usage(problem, f"Known: {', '.join(known)}.", "/lifeboat help")
    suggestion = " ".join((template.format(meant), *map(quote, rest)))
    return Usage(problem, f"Did you mean {suggestion}?", suggestion)


def _convert(command: Command, parameter: Parameter, written: str) -> Any:
    if parameter.type is bool:
        if written.lower() not in _YES:
            raise Usage(f"{parameter.option} is yes or no, not “{written}”.", f"Usage: {command.usage}")
        return _YES[written.lower()]
    if parameter.type is int:
        if not written.lstrip("+-").isdecimal():
            raise Usage(f"{parameter.name} is a whole number, not “{written}”.", f"Usage: {command.usage}")
        return int(written)
    if issubclass(parameter.type, Enum):
        for member in parameter.type:
            if str(member.value) == written.lower():
                return member
        choices = {choice: choice for choice in parameter.choices}
        problem = f"{parameter.name} cannot be “{written}”."
        raise _unknown(problem, written.lower(), choices, command.line + " {}", [])
    return written
