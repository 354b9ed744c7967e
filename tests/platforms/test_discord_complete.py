"""Completions in Discord: few enough, short enough, in time, and only for who may use them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import pytest

from bot.chat.cards import Card, Choice
from bot.chat.declare import Group, Help, Suggest
from bot.domain.errors import Outage
from bot.domain.people import Role
from bot.house import Context
from bot.router import Router
from tests.platforms.discord_bot import Sea, sea

CALLBACK = "POST /interactions/{id}/{token}/callback"


async def boats(ctx: Context, typed: str) -> Sequence[Choice]:
    if typed == "storm":
        raise Outage("harbour", "The harbour did not answer.")
    return [Choice(f"Boat {number} {'ö' * 100}", f"boat-{number}") for number in range(40)]


def harbour() -> Group:
    group = Group("harbour", "Boats.")

    @group.command(needs=Role.OPERATOR)
    async def launch(ctx: Context, boat: Annotated[str, Help("Which"), Suggest(boats)]) -> Card:
        """Launch one."""
        return Card(f"Launched {boat}")

    return group


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Sea]:
    group = harbour()
    async with sea(tmp_path) as opened:
        house = replace(opened.router.house, groups=(group,))
        harboured = replace(opened, router=Router(house, house.groups))
        async with harboured.opened():
            yield harboured


async def offered(here: Sea, person: str, typed: str = "", **of: Any) -> list[Any]:
    who = here.emulator.person(person, **of)
    return await who.autocomplete("/harbour launch", "boat", typed, "general")


async def test_no_more_is_offered_than_discord_takes(here: Sea) -> None:
    given = await offered(here, "ada")
    assert [one.value for one in given] == [f"boat-{number}" for number in range(25)]
    assert all(len(one.name) <= 100 for one in given)


async def test_who_may_not_use_a_command_is_offered_nothing(here: Sea) -> None:
    assert await offered(here, "zoe") == []
    assert len(await offered(here, "mia", roles=["operators"])) == 25


async def test_a_source_that_is_out_of_reach_offers_nothing(here: Sea) -> None:
    assert await offered(here, "ada", "storm") == []
    assert [call.status for call in here.emulator.called(CALLBACK)] == [200]
