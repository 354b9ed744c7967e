"""A reminder of the quarterly test as it arrives: real doors, real sockets, one look."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.chat.cards import Card
from bot.domain.plan import Plan
from bot.domain.plan_incidents import IncidentPlan
from bot.house import House
from bot.operations import live, reminding
from bot.operations.sender import Sender
from bot.ports import Door
from tests.emulators.slack import SlackEmulator
from tests.platforms.discord_bot import sea
from tests.platforms.slack_bot import at_slack
from tests.routing import PLAN, FakeClock
from tests.waiting import until


def plan(**accounts: str) -> Plan:
    """The shipped plan, with the lead's accounts, and a channel on Slack in which everybody reads."""
    lead = PLAN.people[PLAN.holders(PLAN.drill.responsible)[0].id]
    incidents = IncidentPlan.model_validate({"announce": {"slack": "C0BACKUPS"}})
    people = {**PLAN.people, lead.id: lead.model_copy(update=accounts)}
    return PLAN.model_copy(update={"people": people, "incidents": incidents})


@asynccontextmanager
async def sending(house: House, clock: FakeClock, doors: dict[str, Door], *consoles: str) -> AsyncIterator[House]:
    """A house with these doors and consoles, and its sender at work."""

    async def draw(kind: str, subject: str) -> Card:
        return await live.draw(furnished, kind, subject)

    sender = Sender(house.database, clock, dict(doors), draw)
    hosts: dict[str, Any] = {**doors, **{name: object() for name in consoles}}
    furnished = replace(house, doors=doors, hosts=hosts, wake=sender.wake)
    task = asyncio.create_task(sender.run())
    try:
        yield furnished
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_lead_is_reminded_alone_on_slack_and_on_discord_and_told_why_it_is_late(tmp_path: Path) -> None:
    for folder in ("slack", "discord"):
        (tmp_path / folder).mkdir()
    async with SlackEmulator() as slack, at_slack(tmp_path / "slack", slack) as desk, sea(tmp_path / "discord") as here:
        clock, discord, ada = desk.clock, here.emulator, slack.person("ada")
        accounts = {"slack": ada.id, "discord": discord.person("ada").id}
        async with here.opened() as door:
            bare = replace(desk.router.house, plan=plan(**accounts))
            async with sending(bare, clock, {"slack": desk.door, "discord": door}) as house:
                await reminding.look(house)
                clock.pass_by(datetime(2026, 9, 15, 11, 12, tzinfo=UTC) - clock.now())
                for _ in range(3):
                    await reminding.look(house)
                await until(lambda: ada.messages("dm") and discord.posted("dm:ada"))
                for words in (ada.messages("dm")[0].words, discord.posted("dm:ada")[0].words):
                    assert "The backup test 2026-Q3 is today" in words
                    assert "because Lifeboat was not running" in words
                    assert "@ada proves that the copies restore" in words
                assert (len(ada.messages("dm")), len(discord.posted("dm:ada"))) == (1, 1)


async def test_who_can_no_longer_be_written_to_is_called_where_everybody_reads(tmp_path: Path) -> None:
    async with SlackEmulator() as slack, at_slack(tmp_path, slack) as desk:
        ada = slack.person("ada")
        bare = replace(desk.router.house, plan=plan(slack=ada.id))
        slack.deactivate(ada)
        async with sending(bare, desk.clock, {"slack": desk.door}, "web") as house:
            await reminding.look(house)
            desk.clock.pass_by(datetime(2026, 9, 15, 9, 1, tzinfo=UTC) - desk.clock.now())

            async def called() -> list[str]:
                await reminding.look(house)
                return [one.words for one in slack.person("eve").messages("backups") if "2026-Q3" in one.words]

            await until(called)
            [words] = await called()
            assert "@ada proves that the copies restore" in words
