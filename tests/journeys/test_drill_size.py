"""A test with data that take a while: its boards tell how far it is, and no platform is asked too much."""

from itertools import takewhile
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.journeys.test_faults import assert_no_errors
from tests.shown_drill import ASKED_ON_BOARD, JUDGED, OVER, Board, at_the_page, play, stage

MEGABYTES = 50
BYTES_PER_SECOND = 500_000
"""So slow that a copy takes longer than chats wait between two boards, on any machine."""
TAKEN_BY_SLACK = 50
"""Edits a minute that Slack allows an app (https://docs.slack.dev/apis/web-api/rate-limits)."""


@pytest.mark.soak
@pytest.mark.asyncio(loop_scope="session")
async def test_a_test_of_fifty_megabytes_is_followed_on_three_platforms(browser: Browser, tmp_path: Path) -> None:
    async with stage(MEGABYTES, tmp_path, BYTES_PER_SECOND) as played, at_the_page(browser, played.bot) as pages:
        await play(played, tmp_path, pages)
    assert {*played.boards} == {"slack", "discord", "web"}
    for platform, boards in played.boards.items():
        for words in ("1. Create a test snapshot", "3. Test import to staging", ASKED_ON_BOARD, JUDGED, OVER):
            assert any(words in one.words for one in boards), (platform, words)
        assert any(" MB of " in one.words for one in boards), platform
        assert [one.words for one in _performed(boards) if "what the import would do" in one.words] == []
    # Discord lets a topic be set twice in ten minutes: it says so once, and is not asked again before.
    assert len(played.refusals()) <= 1, played.refusals()
    assert max(played.edits().values()) < TAKEN_BY_SLACK
    assert_no_errors(played.bot)


def _performed(boards: list[Board]) -> list[Board]:
    """The boards from the agreement until the import was done."""
    asked = [number for number, one in enumerate(boards) if ASKED_ON_BOARD in one.words]
    return list(takewhile(lambda one: "3. Test import" in one.stage, boards[asked[-1] + 1 :]))
