"""Knows what a half-typed line may become, from the declarations of the commands. Knows no command by name."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.chat import parse
from bot.chat.cards import Choice
from bot.chat.declare import Command, Group, Parameter
from bot.domain.errors import Refused

Suggesting = Callable[[Command, str, str], Awaitable[Sequence[Choice]]]
"""Asks the router for a parameter's values: the command, the parameter's name, what was typed."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way to go on: what is shown, what it means, and the whole line it makes."""

    label: str
    help: str
    line: str


@dataclass(frozen=True, slots=True)
class Completion:
    """The ways to go on, best first, and how the command is typed once it is known."""

    options: tuple[Option, ...] = ()
    usage: str = ""
    help: str = ""


async def complete(line: str, groups: Sequence[Group], suggest: Suggesting) -> Completion:
    """The completions of a line. Empty for an empty line and for one that cannot be read."""
    try:
        words = parse.split(line)
    except Refused:
        return Completion()
    if not line.strip():
        return Completion()
    typed = "" if line[-1].isspace() else words.pop() if words else ""
    if not words:
        return Completion(_commands(groups, typed))
    group = next((group for group in groups if group.name == words[0].removeprefix("/").lower()), None)
    if group is None:
        return Completion()
    command = group.commands.get(words[1].lower()) if len(words) > 1 else None
    if command is None:
        known = group.commands.values() if len(words) == 1 else ()
        return Completion(tuple(_command(one) for one in known if one.name.startswith(typed.lower())))
    options = await _arguments(command, words[2:], typed, suggest)
    return Completion(tuple(options), command.usage, command.help)


def _commands(groups: Sequence[Group], typed: str) -> tuple[Option, ...]:
    wanted = typed.removeprefix("/").lower()
    every = [command for group in groups for command in group.commands.values()]
    groups_first = [command for command in every if command.group.startswith(wanted)]
    by_name = [command for command in every if command not in groups_first and command.name.startswith(wanted)]
    return tuple(_command(one) for one in (*groups_first, *by_name))


def _command(command: Command) -> Option:
    return Option(command.line, command.help, command.line + (" " if command.parameters else ""))


async def _arguments(command: Command, words: list[str], typed: str, suggest: Suggesting) -> list[Option]:
    options = {parameter.option: parameter for parameter in command.parameters}
    before = " ".join((command.line, *map(parse.quote, words)))
    awaited = options.get(words[-1].lower()) if words else None
    if awaited is not None and awaited.type is not bool:
        return await _values(command, awaited, before, typed, suggest)
    try:
        given = parse.gather(command, words)
    except Refused:
        return []
    if typed.startswith("--"):
        return _flags(command, given, before, typed)
    place = next((one for one in command.parameters if one.type is not bool and one.name not in given), None)
    values = await _values(command, place, before, typed, suggest) if place else []
    return values if typed else [*values, *_flags(command, given, before, "--")]


def _flags(command: Command, given: dict[str, str], before: str, typed: str) -> list[Option]:
    wanted = [one for one in command.parameters if one.type is bool and one.name not in given]
    return [
        Option(one.option, one.help, f"{before} {one.option} ")
        for one in wanted
        if one.option.startswith(typed.lower())
    ]


async def _values(command: Command, parameter: Parameter, before: str, typed: str, suggest: Suggesting) -> list[Option]:
    if parameter.choices:
        choices = [Choice(choice, choice) for choice in parameter.choices if choice.startswith(typed.lower())]
    else:
        choices = list(await suggest(command, parameter.name, typed))
    return [
        Option(choice.value, choice.label if choice.label != choice.value else parameter.help, _line(before, choice))
        for choice in choices
    ]


def _line(before: str, choice: Choice) -> str:
    return f"{before} {parse.quote(choice.value)} "
