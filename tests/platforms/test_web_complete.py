"""What a half-typed line may become."""

from collections.abc import Sequence
from typing import Any

import pytest

from bot.chat.cards import Choice
from bot.chat.declare import Command
from bot.platforms.web.complete import complete
from tests.platforms.console import World, shelf

GROUP = shelf(World())


async def _suggest(command: Command, parameter: str, typed: str) -> Sequence[Choice]:
    source: Any = next(one.suggest for one in command.parameters if one.name == parameter)
    return tuple(await source.source(None, typed)) if source else ()


async def lines(typed: str) -> list[str]:
    return [option.line for option in (await complete(typed, [GROUP], _suggest)).options]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("/", "/shelf status"),
        ("/she", "/shelf status"),
        ("shel", "/shelf status"),
        ("/ech", "/shelf echo "),
        ("/shelf ev", "/shelf everything"),
        ("/SHELF EV", "/shelf everything"),
        ("/shelf show ", "/shelf show atlas "),
        ("/shelf show al", "/shelf show almanac "),
        ("/shelf show tw", '/shelf show "two words" '),
        ("/shelf show atlas ", "/shelf show atlas small "),
        ("/shelf show atlas l", "/shelf show atlas large "),
        ("/shelf show atlas small ", "/shelf show atlas small --open-it "),
        ("/shelf show --o", "/shelf show --open-it "),
        ("/shelf show --open-it ", "/shelf show --open-it atlas "),
        ("/shelf show --size ", "/shelf show --size small "),
        ("/shelf show --title at", "/shelf show --title atlas "),
    ],
)
async def test_the_best_way_to_go_on_comes_first(typed: str, first: str) -> None:
    assert (await lines(typed))[0] == first


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "/nobody ",
        "/shelf nothing",
        "/shelf nothing here",
        '/shelf show "',
        "/shelf show --what ",
        "/shelf show a small more ",
    ],
)
async def test_where_nothing_fits_nothing_is_offered(typed: str) -> None:
    assert await lines(typed) == []


async def test_a_known_command_shows_how_it_is_typed() -> None:
    found = await complete("/shelf show ", [GROUP], _suggest)
    assert found.usage == "/shelf show [title] [small|large] [--open-it]"
    assert found.help == "Show a book to everybody."
