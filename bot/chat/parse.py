"""Knows how a typed line becomes a call. Knows nothing of what the call does or who may make it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from typing import Any

from bot.chat.declare import Command, Group, Parameter
from bot.domain.errors import Refused

# Phones and word processors turn quotes and double hyphens into their own characters.
_TYPOGRAPHIC = str.maketrans({"“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "‚": "'", "‘": "'", "’": "'"})
# Longer numbers mean nothing here, and Python refuses to read those of thousands of digits.
_WHOLE = re.compile(r"[+-]?\d{1,18}")
# An option after free text, as it was typed: its name, and whatever stands between it and the next.
_AFTERWARDS = re.compile(r"(?:(?<=\s)|^)(?:--|[—–](?=[a-z]))([\w-]+)(?:=|(?=\s)|$)", re.IGNORECASE)
_HELP = ("help", "--help", "-h", "?")
# High enough that a wish for what there is not (restore) is not taken for something else (report).
_ALIKE = 0.7
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
    """The line cannot be read; `suggestion` is one that could."""


def parse(line: str, groups: Iterable[Group]) -> Call | Bare | Incomplete:
    """Read a line such as `/backup export production --files` (the slash may be left out).

    Raises Usage, with a corrected line where one can be guessed.
    """
    line = line.strip()
    by_name = {group.name: group for group in groups}
    if not line:
        raise Usage("There is nothing to do in an empty line.", "Type /lifeboat help.", "/lifeboat help")
    word, end = _word(line, 0)
    name = word.removeprefix("/").lower()
    group = by_name.get(name)
    if group is None:
        owners = [one for one in by_name.values() if name in one.commands]
        if len(owners) == 1:
            meant = f"{owners[0].commands[name].line}{line[end:]}"
            raise Usage(f"There is no command /{name}.", f"Did you mean {meant}?", meant)
        raise _unknown(f"There is no command /{name}.", name, by_name, "/", line[end:])
    start = _skip(line, end)
    if start == len(line):
        return Bare(group)
    word, end = _word(line, start)
    command = group.commands.get(word.lower())
    if command is None and word.lower() in _HELP:
        return Bare(group)
    if command is None:
        raise _unknown(f"/{name} has no “{word}”.", word.lower(), group.commands, f"/{name} ", line[end:])
    return bind(command, _gather(command, line[end:]))


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
            arguments[parameter.name] = _convert(command, parameter, given)
    return Call(command, arguments)


def gather(command: Command, words: Iterable[str]) -> dict[str, str]:
    """Sort the words after a command's name to its parameters, unconverted."""
    return _gather(command, " ".join(map(quote, words)))


def _gather(command: Command, line: str) -> dict[str, str]:
    """Sort what follows a command's name, as it was typed, to its parameters."""
    given: dict[str, str] = {}
    places = [parameter for parameter in command.parameters if parameter.type is not bool and not parameter.named]
    at = 0
    while (start := _skip(line, at)) < len(line):
        place = next((parameter for parameter in places if parameter.name not in given), None)
        if place and place.rest and not _is_option(line, start):
            text, options = _options_after(command, line[start:].rstrip())
            given |= {place.name: _rest(text), **options}
            break
        word, at = _word(line, start)
        if _is_option(line, start):
            at = _gather_option(command, line, start, given)
        elif place is None:
            shorter = command.line + line[:start].rstrip()
            raise Usage(f"“{word}” is one word too many.", f"Usage: {command.usage}", shorter)
        else:
            given[place.name] = word
    return given


def _gather_option(command: Command, line: str, start: int, given: dict[str, str]) -> int:
    """Take the option that begins at a place, with its value; where it ends."""
    word, end = _word(line, start)
    written, equals, value = word.partition("=")
    options = {parameter.option: parameter for parameter in command.parameters}
    option = options.get(written.lower())
    if option is None:
        _, _, typed = line[start:end].partition("=")
        after = f"{equals}{typed}{line[end:]}"
        raise _unknown(
            f"{command.line} has no option {written}.", written.lower(), options, command.line + line[:start], after
        )
    if option.type is bool:
        value = value or "yes"
    elif not equals:
        start = _skip(line, end)
        if start == len(line) or _is_option(line, start):
            raise Usage(f"{written} needs a value.", f"Usage: {command.usage}")
        value, end = _word(line, start)
    given[option.name] = value
    return end


def _options_after(command: Command, text: str) -> tuple[str, dict[str, str]]:
    """Free text, and the options that it ends with: the command's own, each with a value if it takes one.

    Words that only look like that stay text. A value is as long as it was typed: `--noticed 10 min ago`.
    """
    known = {parameter.option: parameter for parameter in command.parameters if not parameter.rest}
    found = [one for one in _AFTERWARDS.finditer(text) if f"--{one[1].lower()}" in known]
    if _rest(text) != text:
        return text, {}
    for first, option in enumerate(found):
        ends = [one.start() for one in found[first + 1 :]] + [len(text)]
        values = {
            known[f"--{one[1].lower()}"]: _rest(text[one.end() : end].strip())
            for one, end in zip(found[first:], ends, strict=True)
        }
        if option.start() and all(bool(value) != (taken.type is bool) for taken, value in values.items()):
            return text[: option.start()].rstrip(), {taken.name: value or "yes" for taken, value in values.items()}
    return text, {}


def split(line: str) -> list[str]:
    """Words of a line; quotes of any kind hold words together, and a dash typed by a phone counts as two hyphens."""
    words, at = [], 0
    while (start := _skip(line, at)) < len(line):
        word, at = _word(line, start)
        words.append(word)
    return words


def _word(line: str, start: int) -> tuple[str, int]:
    """The word that begins at a place, and where it ends. Raises Usage when a quote in it is never closed."""
    word, quote, at = "", "", start
    while at < len(line):
        character = line[at].translate(_TYPOGRAPHIC)
        if quote:
            quote, word = ("", word) if character == quote else (quote, word + character)
        elif character.isspace():
            break
        elif character == '"' or (character == "'" and at == start):
            quote = character
        else:
            word += "--" if at == start and _is_dash(line, at) else character
        at += 1
    if quote:
        raise Usage(f"A quote ({quote}) is open at the end of the line.", "Close it, or leave it out.")
    return word, at


def _rest(text: str) -> str:
    """Text as it was typed; without its quotes where they hold all of it."""
    try:
        word, end = _word(text, 0)
    except Usage:
        return text
    return word if end == len(text) else text


def _skip(line: str, at: int) -> int:
    while at < len(line) and line[at].isspace():
        at += 1
    return at


def _is_option(line: str, at: int) -> bool:
    return line.startswith("--", at) or _is_dash(line, at)


def _is_dash(line: str, at: int) -> bool:
    return line[at] in "—–" and line[at + 1 : at + 2].isalpha()


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    candidates = list(known)
    starts = [name for name in candidates if word and name.startswith(word)]
    found = get_close_matches(word, candidates, n=1, cutoff=_ALIKE)
    return found[0] if found else starts[0] if len(starts) == 1 else None


def quote(value: str) -> str:
    """A value as it must be typed to be one word. One that holds both kinds of quotes loses the double ones."""
    typed = value.translate(_TYPOGRAPHIC)
    opens = value == "" or typed[0] == "'" or _is_dash(typed, 0)
    if not opens and not any(one == '"' or one.isspace() for one in typed):
        return value
    if '"' not in typed:
        return f'"{value}"'
    return f"'{value}'" if "'" not in typed else quote(typed.replace('"', ""))


def _unknown(problem: str, word: str, known: Mapping[str, object], before: str, after: str) -> Usage:
    """What to say of a word that is not known, with the line in which the closest known one stands instead."""
    meant = closest(word, known)
    if meant is None:
        return Usage(problem, f"Known: {', '.join(known)}.", "/lifeboat help")
    suggestion = f"{before}{meant}{after}"
    return Usage(problem, f"Did you mean {suggestion}?", suggestion)


def _written(command: Command, given: Mapping[str, str]) -> str:
    """A line that gives these texts to a command."""
    words, by_place = [command.line], True
    for parameter in sorted(command.parameters, key=lambda one: one.rest):
        value = given.get(parameter.name, "")
        if parameter.type is bool:
            words += [parameter.option] if _YES.get(value.lower()) else []
        elif value == "":
            by_place = by_place and parameter.named
        else:
            words += [quote(value)] if by_place and not parameter.named else [parameter.option, quote(value)]
    return " ".join(words)


def _convert(command: Command, parameter: Parameter, given: Mapping[str, str]) -> Any:
    written = given[parameter.name]
    if parameter.type is bool:
        if written.lower() not in _YES:
            problem = f"{parameter.option} is yes or no, not “{written}”."
            raise Usage(problem, f"Usage: {command.usage}", parameter=parameter.name)
        return _YES[written.lower()]
    if parameter.type is int:
        if not _WHOLE.fullmatch(written):
            problem = f"{parameter.name} is a whole number, not “{written}”."
            raise Usage(problem, f"Usage: {command.usage}", parameter=parameter.name)
        return int(written)
    if issubclass(parameter.type, Enum):
        return _member(command, parameter, parameter.type, given)
    return written


def _member(command: Command, parameter: Parameter, kind: type[Enum], given: Mapping[str, str]) -> Enum:
    written = given[parameter.name]
    by_value = {str(member.value).lower(): member for member in kind}
    found = by_value.get(written.lower())
    if found is not None:
        return found
    problem = f"{parameter.name} cannot be “{written}”."
    meant = closest(written.lower(), by_value)
    if meant is None:
        raise Usage(problem, f"Known: {', '.join(parameter.choices)}.", "/lifeboat help", parameter=parameter.name)
    suggestion = _written(command, {**given, parameter.name: str(by_value[meant].value)})
    raise Usage(problem, f"Did you mean {suggestion}?", suggestion, parameter=parameter.name)
