"""A command is declared by its signature, and a wrong declaration stops the start."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, NewType, Optional

import pytest

from bot.chat.cards import Card, Choice
from bot.chat.declare import Group, Help, Rest, Suggest, Unasked
from bot.chat.ids import Action
from bot.domain.people import Role
from bot.views.answers import command_form

Name = NewType("Name", str)


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


async def names(ctx: Any, typed: str) -> Sequence[Choice]:
    return (Choice("Ada", "ada"),)


def declared(handler: Any, **how: Any) -> Any:
    """The command that a group makes of a function."""
    group = Group("team", "People.")
    group.command(**how)(handler)
    return next(iter(group.commands.values()))


def test_the_signature_is_the_declaration() -> None:
    async def show_all(
        ctx: Any,
        name: Annotated[Name, Help("Who"), Suggest(names)],
        size: Annotated[Size, Help("How much")] = Size.SMALL,
        limit: Annotated[Optional[int], Help("How many")] = None,  # noqa: UP045 - the old way of writing is read too
        with_files: Annotated[bool, Help("Files too")] = False,
        words: Annotated[str | None, Help("Why"), Rest()] = None,
    ) -> Card:
        """Show everybody.

        And everything about them.
        """
        return Card("")

    command = declared(show_all, needs=Role.OPERATOR, private=False, confirm="Really?")
    assert command.usage == "/team show-all <name> [small|large] [limit] [--with-files] [words…]"
    assert (command.help, command.details) == ("Show everybody.", "And everything about them.")
    assert (command.needs, command.private, command.confirm) == (Role.OPERATOR, False, "Really?")
    assert [(one.name, one.type, one.required, one.default) for one in command.parameters] == [
        ("name", str, True, None),
        ("size", Size, False, Size.SMALL),
        ("limit", int, False, None),
        ("with_files", bool, False, False),
        ("words", str, False, None),
    ]
    assert command.parameters[0].suggest == Suggest(names)
    assert command.parameters[1].choices == ("small", "large")


def test_a_command_may_be_called_like_a_word_of_python() -> None:
    async def list_(ctx: Any) -> Card:
        """List."""
        return Card("")

    assert declared(list_).line == "/team list"


def _without_help() -> Any:
    async def show(ctx: Any) -> Card:
        return Card("")

    return show


def _with_long_help() -> Any:
    async def show(ctx: Any) -> Card:
        return Card("")

    show.__doc__ = "x" * 101
    return show


def _with_a_bare_parameter() -> Any:
    async def show(ctx: Any, name: str) -> Card:
        """Show."""
        return Card("")

    return show


def _with_a_float() -> Any:
    async def show(ctx: Any, share: Annotated[float, Help("How much")]) -> Card:
        """Show."""
        return Card("")

    return show


def _with_two_types() -> Any:
    async def show(ctx: Any, name: Annotated[int | str, Help("Who")]) -> Card:
        """Show."""
        return Card("")

    return show


def _with_words_after_the_rest() -> Any:
    async def show(ctx: Any, words: Annotated[str, Help("Why"), Rest()], name: Annotated[str, Help("Who")]) -> Card:
        """Show."""
        return Card("")

    return show


@pytest.mark.parametrize(
    "handler",
    [
        _without_help(),
        _with_long_help(),
        _with_a_bare_parameter(),
        _with_a_float(),
        _with_two_types(),
        _with_words_after_the_rest(),
    ],
)
def test_a_wrong_declaration_stops_the_start(handler: Any) -> None:
    with pytest.raises((ValueError, TypeError), match="show"):
        declared(handler)


def test_a_command_and_a_press_are_declared_once() -> None:
    group = Group("team", "People.")

    async def show(ctx: Any) -> Card:
        """Show."""
        return Card("")

    stop = Action("stop")
    group.command()(show)
    group.on(stop, needs=Role.APPROVER, confirm="Really?")(show)
    with pytest.raises(ValueError, match="/team show is declared twice"):
        group.command()(show)
    with pytest.raises(ValueError, match="stop has two handlers"):
        group.on(stop)(show)
    assert (group.presses["stop"].needs, group.presses["stop"].confirm) == (Role.APPROVER, "Really?")


def test_what_no_form_asks_for_is_carried_on_in_one_once_it_was_given() -> None:
    async def note(
        ctx: Any,
        text: Annotated[str, Help("What"), Rest()],
        *,
        of: Annotated[str | None, Help("About which"), Unasked()] = None,
    ) -> Card:
        """Write something down."""
        return Card("")

    command = declared(note)
    assert [field.key for field in command_form(command, {}).fields] == ["text"]
    assert [(field.key, field.value) for field in command_form(command, {"of": "7"}).fields] == [
        ("text", ""),
        ("of", "7"),
    ]
