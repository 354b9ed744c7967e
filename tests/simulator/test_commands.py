"""What people can say to the simulated deployments in the demo."""

from typing import Any

import pytest

from bot.chat.cards import Card, Snippet, Text
from bot.chat.spans import plain
from bot.domain.errors import Outage, Refused
from bot.domain.letters import iso
from bot.simulator.commands import Scenario, group
from bot.simulator.server import Simulator
from bot.simulator.support import SupportDesk
from tests.simulator.client import Client
from tests.simulator.test_support import asked, lines, settle


class Sayer:
    """Says commands of the group, which want nothing of their context."""

    def __init__(self, url: str, token: str) -> None:
        self._commands = group(url, token).commands

    async def __call__(self, name: str, **arguments: Any) -> Card:
        card = await self._commands[name].handler(None, **arguments)
        assert isinstance(card, Card)
        return card


@pytest.fixture
def say(simulator: Simulator) -> Sayer:
    return Sayer(simulator.url, simulator.token)


async def test_production_is_broken_and_repaired(simulator: Simulator, say: Sayer) -> None:
    before = simulator.deployment.tables["users"].count
    assert "Something happened" in (await say("break", scenario=Scenario.BUGGY_MIGRATION)).title
    assert simulator.deployment.tables["users"].count == before - 312
    assert "312 documents put back" in (await say("repair")).title


async def test_a_paused_production_says_why_it_cannot_be_broken(say: Sayer, client: Client) -> None:
    await client.post("/api/v1/pause_deployment")
    with pytest.raises(Refused, match="Cannot run functions while this deployment is paused"):
        await say("break", scenario=Scenario.BUGGY_MIGRATION)


async def test_supports_inbox_shows_each_letter_with_its_answer(simulator: Simulator, say: Sayer) -> None:
    async with SupportDesk({simulator.name: simulator.deployment}) as desk:
        simulator.desk = desk
        assert (await say("support")).title == "Convex support has no letters."
        target = await settle(simulator)
        await asked(desk, "Please help!")
        await asked(desk, lines(simulator.name, iso(target)))

        card = await say("support")

    assert card.title == "Convex support has 2 letters and restored 1 time."
    snippets = [block.text for block in card.blocks if isinstance(block, Snippet)]
    assert snippets[0].strip() == lines(simulator.name, iso(target)).strip()
    assert [text[:9] for text in snippets[1:]] == ["[CX-1043]", "[CX-1042]"]
    told = [plain(block.line) for block in card.blocks if isinstance(block, Text)]
    assert "team@campus.example" in told[0]


async def test_without_a_support_desk_that_is_said(say: Sayer) -> None:
    with pytest.raises(Refused, match="no support desk"):
        await say("support")


async def test_a_simulator_that_is_gone_is_an_outage() -> None:
    with pytest.raises(Outage, match="did not answer"):
        await Sayer("http://127.0.0.1:9", "token")("support")
