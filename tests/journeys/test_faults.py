"""What goes wrong between a whole bot and its platforms: each story is written once, and played wherever it can be.

An outage of ten minutes is played as one of a few seconds: long enough for three tries, each later than the one before,
and for the export to end meanwhile. The pauses between tries would grow to a minute, and no further.
"""

import asyncio

import pytest
from playwright.async_api import Browser

from bot.simulator.server import Simulator
from tests.journeys.bot import Bot
from tests.journeys.conftest import WITH_PAGE, NewBot, in_browser
from tests.journeys.emulated import Emulated
from tests.journeys.test_everywhere import copy_in
from tests.marks import first_with
from tests.waiting import until

pytestmark = pytest.mark.asyncio(loop_scope="session")
REPORT = "SHA-256"


@first_with("place", "discord", "slack")
async def test_what_two_bots_hear_has_one_effect_and_one_answer(
    place: Emulated, shared: str, bots: NewBot, convex: Simulator
) -> None:
    both = [bots(place, DATABASE_URL=shared), bots(place, DATABASE_URL=shared)]
    await asyncio.gather(*(one.start() for one in both))
    await place.connected(2)
    place.tell_every_bot()

    await place.chat.say("/backup export production")
    copy = copy_in(await place.chat.sees(REPORT, within=30))
    kept = f"{copy} is kept."
    await place.chat.press("Verify again", REPORT)
    await place.chat.sees(REPORT, within=30, times=2)
    await place.chat.say("/lifeboat home")
    await place.chat.press("Keep a copy…", "Next quarterly test")
    await place.chat.fill(backup=copy)
    await place.chat.sees(kept)
    # Once this is answered, nothing that came before it is under way any more.
    await place.chat.say("/lifeboat help")
    await place.chat.sees("What Lifeboat can do")

    assert exported(convex) == 1
    assert [len(place.posted(words)) for words in (REPORT, "production")] == [2, 2]
    assert len(place.under(REPORT)) == 1
    assert place.private(kept) == place.private("Next quarterly test") == 1
    assert_no_errors(*both)


@first_with("place", "slack", "discord")
async def test_what_ended_during_an_outage_is_told_once_it_is_over(
    place: Emulated, bots: NewBot, convex: Simulator
) -> None:
    bot = bots(place)
    await bot.start()
    convex.exports.seconds = 4
    await place.chat.say("/backup export production")
    await until(lambda: place.posted("production"))

    await outage(place, bot)

    await until(lambda: place.posted(REPORT) and place.under(REPORT), within=30)
    assert len(place.posted("production")) == 1
    assert "Production: sound" in place.under(REPORT)[0]
    assert len(place.under(REPORT)) == 1
    await until(bot.is_ready)
    assert_no_errors(bot)


@first_with("place", "discord", "slack")
async def test_what_was_wanted_during_an_outage_is_posted_in_order_once_it_is_over(
    place: Emulated, bots: NewBot, convex: Simulator
) -> None:
    bot = bots(place)
    await bot.start()
    place.take_no_posts()
    await place.chat.say("/backup export production")

    await outage(place, bot)

    await until(lambda: place.posted(REPORT) and place.under(REPORT), within=30)
    assert len(place.posted("production")) == len(place.under(REPORT)) == 1
    assert_no_errors(bot)


async def outage(place: Emulated, bot: Bot) -> None:
    """The platform is out of reach until an export has ended and the bot has failed to say so a few times."""
    place.down()
    await until(lambda: is_verified(bot), within=30)
    await until(lambda: bot.log.count('"event": "post_failed"') >= 3, within=30)
    assert place.name in await bot.troubles()
    place.up()


@first_with("place", "slack", "discord")
async def test_a_bot_killed_after_a_post_and_before_its_record_does_not_post_again(
    place: Emulated, bots: NewBot
) -> None:
    bot = bots(place)
    await bot.start()
    place.lose_answer_to_post()
    await place.chat.say("/backup export production")
    await until(lambda: place.posted("production"))
    await bot.kill()
    await bot.start()

    await until(lambda: place.posted(REPORT) and place.under(REPORT), within=30)
    assert len(place.posted("production")) == len(place.under(REPORT)) == 1
    assert_no_errors(bot)


async def test_a_press_in_discord_redraws_the_card_in_slack_and_on_the_page(
    places: dict[str, Emulated], bots: NewBot, convex: Simulator, browser: Browser
) -> None:
    slack, discord = places["slack"], places["discord"]
    bot = bots(slack, discord, **WITH_PAGE)
    await bot.start()
    convex.exports.seconds = 60
    async with in_browser(browser, bot) as page:
        await slack.chat.say("/backup export production")
        for asker in (discord.chat, page):
            await asker.say("/backup export production")
        for chat in (slack.chat, discord.chat, page):
            await chat.sees("Convex is exporting production")

        await discord.chat.press("Cancel", "Convex is exporting production")

        # Two redraws, "as asked" and the end, each at most a pace of five seconds after the one before.
        for chat in (page, slack.chat, discord.chat):
            await chat.sees("The export of production was cancelled", within=11)
    assert exported(convex) == 1
    assert len(slack.posted("production")) == len(discord.posted("production")) == 1
    assert_no_errors(bot)


@pytest.mark.parametrize(("well", "unwell"), [("slack", "discord"), ("discord", "slack")])
async def test_a_platform_that_takes_no_login_is_named_on_the_other_with_the_mend(
    places: dict[str, Emulated], bots: NewBot, well: str, unwell: str
) -> None:
    works, fails = places[well], places[unwell]
    bot = bots(works, fails, **fails.wrong)
    await bot.start(ready=False)
    await works.connected(1)

    await works.chat.say("/lifeboat doctor")

    assert fails.mend in await works.chat.sees(f"Broken: {unwell.capitalize()}.")
    assert "token" in (await bot.troubles())[unwell]
    await works.chat.say("/backup export production")
    await works.chat.sees(REPORT, within=30)
    assert list(await bot.troubles()) == [unwell]
    assert_no_errors(bot)


async def test_a_command_whose_socket_is_cut_is_still_answered_once(place: Emulated, bots: NewBot) -> None:
    bot = bots(place)
    await bot.start()

    await place.say_and_cut("/backup status")

    await place.chat.sees("Not safe.")
    await until(bot.is_ready, within=30)
    await place.chat.say("/lifeboat help")
    await place.chat.sees("What Lifeboat can do")
    assert place.private("Not safe.") == 1
    assert_no_errors(bot)


@first_with("place", "discord", "slack")
async def test_a_rolling_deploy_loses_no_command_and_no_export(
    place: Emulated, shared: str, bots: NewBot, convex: Simulator
) -> None:
    old, new = bots(place, DATABASE_URL=shared), bots(place, DATABASE_URL=shared)
    await old.start()
    convex.exports.hold(endless=True)
    await place.chat.say("/backup export production")
    await place.chat.sees("Convex is exporting production")
    await new.start()
    await place.connected(2)

    stopping = asyncio.create_task(old.stop())
    heard = []
    while not stopping.done():
        heard.append(await place.is_heard("/backup status"))
        # A team's pace: what is answered when the bot ends has a few seconds, which a flood on a busy machine exceeds.
        await asyncio.sleep(0.2)
    await stopping
    heard.append(await place.is_heard("/backup status"))

    # What Slack sends into a socket in the millisecond in which it closes is nobody's: Ada reads that the app did not
    # respond, and nothing was done. Discord tells both bots.
    assert heard.count(False) <= (1 if place.name == "slack" else 0)
    await until(lambda: place.private("Not safe.") == heard.count(True))
    convex.exports.hold(endless=False)
    await place.chat.sees(REPORT, within=30)
    assert len(place.posted("production")) == 1
    assert exported(convex) == 1
    assert '"event": "work_adopted"' in new.log
    assert_no_errors(old, new)


def exported(convex: Simulator) -> int:
    """How many exports were asked of Convex."""
    return sum(one.requestor == "snapshotExport" for one in convex.exports.all)


async def is_verified(bot: Bot) -> bool:
    """Whether production has a verified copy."""
    return 'lifeboat_verified_copy_age_seconds{environment="production"}' in await bot.metrics()


def assert_no_errors(*bots: Bot) -> None:
    """Nothing in their logs is more than a warning."""
    wrong = [line for bot in bots for line in bot.log.splitlines() if '"error"' in line or '"critical"' in line]
    assert wrong == []
