"""One story on every platform: the real bot as a process, a simulated Convex, and a person who knows no ids."""

import pytest

from bot.simulator.server import Simulator
from tests.journeys.bot import Bot
from tests.journeys.chat import Chat


@pytest.mark.asyncio(loop_scope="session")
async def test_a_team_backs_up_restarts_verifies_keeps_and_cancels(chat: Chat, bot: Bot, convex: Simulator) -> None:
    await chat.say("/backup status")
    await chat.sees("Not safe. Production: there is no copy in the vault")

    convex.exports.seconds = 6
    await chat.say("/backup export production")
    await chat.sees("Convex is exporting production")
    await chat.sees("%")
    convex.exports.seconds = 0.1
    report = await chat.sees("SHA-256", within=60)
    assert "Production: sound" in report

    await bot.kill()
    await bot.start()
    await chat.press("Verify again", "Production: sound")
    await chat.sees("SHA-256", within=60, times=2)

    await chat.say("/lifeboat home")
    await chat.press("Keep a copy…", "Next quarterly test")
    await chat.fill(backup="production-1999")
    await chat.form_says("There is no copy production-1999")
    await chat.fill(backup=copy_in(report))
    await chat.sees("is kept")

    convex.exports.seconds = 60
    await chat.say("/backup export production")
    await chat.sees("Convex is exporting production")
    await chat.press("Cancel", "Convex is exporting production")
    await chat.sees("The export of production was cancelled", within=30)
    assert '"level": "error"' not in bot.log


def copy_in(report: str) -> str:
    """The id of the copy that a report is about."""
    return next(word for word in report.split() if word.startswith("production-2"))
