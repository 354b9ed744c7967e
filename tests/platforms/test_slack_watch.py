"""Staying connected to Slack: reconnecting at once, noticing silence, and saying what is wrong with the mend."""

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.platforms.slack.scopes import EVENTS, SCOPES
from bot.ports import Symptom
from tests.emulators.slack import SlackEmulator
from tests.platforms.slack_bot import Desk, at_slack
from tests.waiting import until


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    """An emulated workspace."""
    async with SlackEmulator(scopes=SCOPES) as emulator:
        yield emulator


async def _status(desk: Desk) -> None:
    made = len(desk.world.made)
    sent = await desk.eve.say("/tide status", "backups")
    assert sent.answered
    await until(lambda: len(desk.world.made) == made + 1)


async def test_a_broken_line_is_replaced_at_once_and_not_at_the_next_ping(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack, ping_seconds=10.0) as desk:
        slack.faults.drop_sockets()
        begun = time.monotonic()
        await until(lambda: slack.sockets.opened == 2)
        assert time.monotonic() - begun < 5
        await _status(desk)


async def test_a_line_that_slack_renews_is_replaced_at_once(slack: SlackEmulator, tmp_path: Path) -> None:
    def opened(times: int) -> bool:
        return slack.sockets.opened == times

    async with at_slack(tmp_path, slack) as desk:
        for times in range(1, 4):
            slack.faults.disconnect("refresh_requested")
            await until(partial(opened, times + 1), within=1)
            await _status(desk)


async def test_a_command_whose_line_breaks_before_its_acknowledgement_is_still_answered(
    slack: SlackEmulator, tmp_path: Path
) -> None:
    async with at_slack(tmp_path, slack) as desk:
        slack.faults.cut_after_delivery = 1
        asking = asyncio.create_task(desk.eve.say("/tide status", "backups"))
        await desk.eve.sees("The tide is low", "backups")
        await asking
        await _status(desk)


@pytest.mark.parametrize("status", [0, 503])
async def test_a_slack_that_is_away_and_comes_back_is_connected_to_again(
    slack: SlackEmulator, tmp_path: Path, status: int
) -> None:
    async with at_slack(tmp_path, slack) as desk:
        slack.faults.down(status)
        await until(desk.door.deaf)
        assert "Slack" in (await desk.door.symptoms())[0].found
        assert (await desk.door.symptoms())[0].broken
        slack.faults.up()
        await desk.hears()
        await _status(desk)


async def test_a_bot_that_starts_while_slack_is_away_connects_later(slack: SlackEmulator, tmp_path: Path) -> None:
    slack.faults.down(0)
    async with at_slack(tmp_path, slack, hears=False) as desk:
        await until(lambda: len(slack.called("auth.test")) > 1)
        assert "could not be reached" in await desk.door.deaf()
        slack.faults.up()
        await desk.hears()
        await _status(desk)


async def test_silence_is_noticed_said_and_mended(slack: SlackEmulator, tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with at_slack(tmp_path, slack, deaf_after=0.6) as desk:
            slack.faults.deaf = True
            slack.faults.fail("auth.test", 503, times=1000)
            await until(lambda: [one for one in logs if one["event"] == "slack_deaf"])
            assert await desk.door.deaf() != ""
            slack.faults.clear()
            await desk.hears()
            await _status(desk)


async def test_a_quiet_slack_that_answers_is_no_reason_for_alarm(slack: SlackEmulator, tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with at_slack(tmp_path, slack, deaf_after=0.5) as desk:
            await asyncio.sleep(1.5)
            assert await desk.door.deaf() == ""
    assert "slack_deaf" not in [one["event"] for one in logs]
    assert slack.sockets.opened == 1


async def test_a_line_that_told_nothing_for_long_is_renewed_without_a_gap(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack, renew_after=0.5) as desk:
        while slack.sockets.opened < 3:
            assert await desk.door.deaf() == ""
            assert len(slack.sockets.sockets) > 0
            await asyncio.sleep(0.005)
        await _status(desk)
        await until(lambda: len(slack.sockets.sockets) == 1)


async def test_what_is_being_answered_is_finished_before_the_end(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack) as desk:
        desk.world.seconds = 0.4
        await desk.eve.say("/tide status", "backups")
    await desk.eve.sees("The tide is low", "backups", within=0.1)
    assert slack.sockets.sockets == []


async def test_what_was_heard_before_the_end_is_acknowledged_first(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack) as desk:
        await desk.eve.say("/tide keep", "backups")
        await until(lambda: desk.eve.modal)
        desk.world.seconds = 0.4
        sending = asyncio.create_task(desk.eve.submit(copy="copy-1"))
        await until(lambda: desk.world.begun)
    assert await sending is None
    assert slack.timeouts == []


# --- symptoms --------------------------------------------------------------------------------------------------------


async def test_all_is_well_where_all_is_well(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack) as desk:
        assert await desk.door.symptoms() == [Symptom("Connected as lifeboat in Campus (Socket Mode).")]


async def test_in_http_mode_the_login_is_what_counts(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack, http=True) as desk:
        assert await desk.door.symptoms() == [Symptom("Connected as lifeboat in Campus (HTTP mode).")]
        assert slack.sockets.opened == 0


@pytest.mark.parametrize(
    ("settings", "found", "mend"),
    [
        (
            {"bot_token": "xoxb-of-another-app"},
            "does not take the bot token (invalid_auth)",
            "LIFEBOAT_SLACK__BOT_TOKEN",
        ),
        ({"bot_token": "xapp-1-A1-2-abc"}, "The bot token is of another kind", "xoxb-"),
        ({"app_token": "xapp-of-another-app"}, "app-level token (invalid_auth)", "LIFEBOAT_SLACK__APP_TOKEN"),
        ({"app_token": "xoxb-0"}, "The app token is of another kind", "connections:write"),
    ],
)
async def test_a_wrong_token_is_named_with_the_mend(
    slack: SlackEmulator, tmp_path: Path, settings: dict[str, Any], found: str, mend: str
) -> None:
    async with at_slack(tmp_path, slack, hears=False, **settings) as desk:

        async def said() -> list[Symptom]:
            return [one for one in await desk.door.symptoms() if found in one.found]

        await until(said)
        (symptom,) = await said()
        assert symptom.broken and mend in symptom.mend
        assert await desk.door.deaf() != ""


@pytest.mark.parametrize("scope", list(SCOPES))
async def test_a_missing_scope_is_named_with_what_it_is_for(slack: SlackEmulator, tmp_path: Path, scope: str) -> None:
    slack.web_api.scopes = frozenset(SCOPES) - {scope}
    async with at_slack(tmp_path, slack) as desk:
        found = [one for one in await desk.door.symptoms() if scope in one.found and SCOPES[scope] in one.found]
        assert len(found) == 1 and "lifeboat manifest slack" in found[0].mend


async def test_socket_mode_that_is_switched_off_is_named(slack: SlackEmulator, tmp_path: Path) -> None:
    async with at_slack(tmp_path, slack) as desk:
        slack.faults.disconnect("link_disabled")

        async def said() -> bool:
            return "Socket Mode was switched off" in await desk.door.deaf()

        await until(said)
        (symptom,) = [one for one in await desk.door.symptoms() if "switched off" in one.found]
        assert symptom.broken and "Switch it on" in symptom.mend
        slack.sockets.disabled = False
        await desk.hears()


def test_every_scope_and_event_says_what_it_is_for() -> None:
    assert all(SCOPES.values()) and all(EVENTS.values())
