"""Knows how commands are declared: a typed async function is the declaration. Knows nothing of who calls it.

The signature gives the parameters, the docstring's first line the help, the decorator who may call it. Everything is
checked when it is declared, so that a wrong declaration stops the start.
"""

import inspect
import types
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import pairwise
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from bot.chat.cards import Card, Choice, Form
from bot.chat.ids import Action
from bot.domain.people import Role

LONGEST_HELP = 100
"""Characters; Discord's limit for the description of a command or option."""

MOST_COMMANDS = 25
"""In a group; Discord's limit for the sub-commands of a command."""

Shown = Card | Form | None
Handler = Callable[..., Awaitable[Shown]]
HandlerT = TypeVar("HandlerT", bound=Handler)


@dataclass(frozen=True, slots=True)
class Help:
    """What a parameter means, in at most 100 characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Suggest:
    """Where completions come from: called with the context and what was typed, gives the best first.

    Of a `few`, which the plan names, a form lists all to pick from.
    """

    source: Callable[[Any, str], Awaitable[Sequence[Choice]]]
    few: bool = False


@dataclass(frozen=True, slots=True)
class Rest:
    """The parameter takes the rest of the line, spaces and all."""


@dataclass(frozen=True, slots=True)
class Unasked:
    """No form asks for the parameter; one that was given is carried on in it."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """An argument of a command. `type` is str, int, bool or an Enum; a bool is an `--option` without a value.

    `named` ones (keyword-only in the signature) are only ever given as `--option value`.
    """

    name: str
    type: type
    required: bool
    default: Any
    help: str
    suggest: Suggest | None = None
    rest: bool = False
    named: bool = False
    asked: bool = True

    @property
    def option(self) -> str:
        """As it is typed: `--with-files`."""
        return "--" + self.name.replace("_", "-")

    @property
    def otherwise(self) -> str:
        """The default as it would be typed; empty where there is none."""
        if self.type is bool:
            return "yes" if self.default else "no"
        return "" if self.default is None else str(getattr(self.default, "value", self.default))

    @property
    def choices(self) -> tuple[str, ...]:
        """The values it is limited to, if it is."""
        return tuple(str(member.value) for member in self.type) if issubclass(self.type, Enum) else ()


@dataclass(frozen=True, slots=True)
class Command:
    """Something people can say. `confirm`, when set, is the question asked before it is done."""

    group: str
    name: str
    help: str
    details: str
    parameters: tuple[Parameter, ...]
    needs: Role
    private: bool
    confirm: str
    handler: Handler

    @property
    def line(self) -> str:
        """As it is typed, without arguments: `/backup status`."""
        return f"/{self.group} {self.name}"

    @property
    def usage(self) -> str:
        """As it is typed, with its arguments: `/backup export [environment] [--files]`."""
        # What takes the rest of the line is typed last.
        ordered = sorted(self.parameters, key=lambda one: one.rest)
        return " ".join((self.line, *map(_usage, ordered)))


@dataclass(frozen=True, slots=True)
class Handled:
    """What a press does: its action, who may press it, and its handler."""

    action: Action
    needs: Role
    confirm: str
    handler: Handler


@dataclass(slots=True)
class Group:
    """The commands under one word, and the presses that belong to them."""

    name: str
    help: str
    commands: dict[str, Command] = field(default_factory=dict)
    presses: dict[str, Handled] = field(default_factory=dict)

    def command(
        self, *, needs: Role = Role.RESPONDER, private: bool = True, confirm: str = ""
    ) -> Callable[[HandlerT], HandlerT]:
        """Declare a command named as the function (`show_all` is typed `show-all`)."""

        def declare(handler: HandlerT) -> HandlerT:
            name = handler.__name__.strip("_").replace("_", "-")
            if name in self.commands:
                raise ValueError(f"/{self.group_and(name)} is declared twice")
            if len(self.commands) == MOST_COMMANDS:
                raise ValueError(f"/{self.name} has {MOST_COMMANDS} commands; /{self.group_and(name)} is one too many")
            documentation = inspect.getdoc(handler) or ""
            first, _, details = documentation.partition("\n")
            _check_help(f"/{self.group_and(name)}", first)
            self.commands[name] = Command(
                self.name, name, first, details.strip(), _parameters(handler), needs, private, confirm, handler
            )
            return handler

        return declare

    def on(self, action: Action, *, needs: Role = Role.RESPONDER, confirm: str = "") -> Callable[[HandlerT], HandlerT]:
        """Declare what pressing `action` does. The handler takes the context and the action's fields by name."""

        def declare(handler: HandlerT) -> HandlerT:
            if action.name in self.presses:
                raise ValueError(f"{action.name} has two handlers")
            self.presses[action.name] = Handled(action, needs, confirm, handler)
            return handler

        return declare

    def group_and(self, name: str) -> str:
        """`backup status`, for messages."""
        return f"{self.name} {name}"


def _usage(parameter: Parameter) -> str:
    if parameter.type is bool:
        return f"[{parameter.option}]"
    shown = "|".join(parameter.choices) or parameter.name.replace("_", "-")
    shown += "…" if parameter.rest else ""
    shown = f"{parameter.option} {shown}" if parameter.named else shown
    return f"<{shown}>" if parameter.required else f"[{shown}]"


def _parameters(handler: Handler) -> tuple[Parameter, ...]:
    hints = get_type_hints(handler, include_extras=True)
    signature = list(inspect.signature(handler).parameters.values())
    parameters = tuple(_parameter(handler, given, hints[given.name]) for given in signature[1:])
    _check_order(handler, [one for one in parameters if one.type is not bool and not one.named])
    return parameters


def _parameter(handler: Handler, given: inspect.Parameter, hint: Any) -> Parameter:
    notes: tuple[Any, ...] = ()
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        notes = tuple(extras)
    where = f"{handler.__name__}({given.name})"
    words = next((note.text for note in notes if isinstance(note, Help)), "")
    _check_help(where, words)
    required = given.default is inspect.Parameter.empty
    return Parameter(
        name=given.name,
        type=_plain_type(where, hint),
        required=required,
        default=None if required else given.default,
        help=words,
        suggest=next((note for note in notes if isinstance(note, Suggest)), None),
        rest=any(isinstance(note, Rest) for note in notes),
        named=given.kind is inspect.Parameter.KEYWORD_ONLY,
        asked=not any(isinstance(note, Unasked) for note in notes),
    )


def _check_order(handler: Handler, places: list[Parameter]) -> None:
    for before, after in pairwise(places):
        if before.rest:
            where = f"{handler.__name__}({after.name})"
            raise ValueError(f"{where} can never be given: {before.name} takes the rest of the line")


def _plain_type(where: str, hint: Any) -> type:
    if get_origin(hint) in (Union, types.UnionType):
        hints = [part for part in get_args(hint) if part is not type(None)]
        hint = hints[0] if len(hints) == 1 else hint
    hint = getattr(hint, "__supertype__", hint)
    if isinstance(hint, type) and (hint in (str, int, bool) or issubclass(hint, Enum)):
        return hint
    raise TypeError(f"{where}: a parameter is a str, int, bool or Enum, not {hint!r}")


def _check_help(where: str, words: str) -> None:
    if not words or len(words) > LONGEST_HELP:
        raise ValueError(f"{where} needs a help of 1 to {LONGEST_HELP} characters, not {len(words)}")
