"""A test that was held without Lifeboat: how somebody records it, and what that is worth."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chat.cards import Card
from bot.chat.markdown import to_markdown
from bot.domain.calendar import Standing
from bot.domain.evidence_archive import DRILL
from bot.domain.people import Person
from bot.operations import records, reminding
from bot.operations.evidence import gather, newest
from bot.operations.evidence_file import unpack
from bot.operations.live import SAID, draw
from bot.router import Request, Router, Said
from bot.store import incidents, posts
from commands import GROUPS
from tests.evidence_files import checked, loaded
from tests.operations.test_schedule_commands import DUE, EVE, HERE, OPERATOR
from tests.routing import FakeClock, routing

TOLD = "--on 2026-09-15 --reason 'The bot was down' --notes 'Restored by the CLI, users counted: see the wiki'"


@pytest.fixture
async def router(tmp_path: Path) -> AsyncIterator[Router]:
    """Two days after a test was due that nobody began."""
    clock = FakeClock(DUE - timedelta(days=13))
    async with routing(tmp_path, *GROUPS, clock=clock) as one:
        await reminding.look(one.house)
        clock.pass_by(timedelta(days=15))
        yield one


async def said(router: Router, line: str, by: Person = OPERATOR) -> str:
    reply = await router.handle(Request(f"paper:{by.id}:{line}", by, HERE, Said(line)))
    assert isinstance(reply.shown, Card)
    return to_markdown(reply.shown)


async def test_a_test_that_was_held_by_hand_counts_as_held_and_is_no_more_than_partial(
    router: Router, tmp_path: Path
) -> None:
    answer = await said(router, f"/drill record partial {TOLD}")
    assert "PRACTICE · Backup test 2026-Q3, held by hand: partial" in answer
    year = await reminding.year(router.house)
    held = next(one for one in year.occasions if one.key == "2026-Q3")
    assert held.standing is Standing.HELD
    assert "1 test: 1 partial" in await said(router, "/drill log")
    drill = await newest(router.house)
    (tmp_path / "it.zip").write_bytes((await gather(router.house, drill)).packed)
    files = unpack(tmp_path / "it.zip").files
    assert checked(files).problems == ()
    told = loaded(files, DRILL)
    assert told["deviations"][0]["reason"] == "The bot was down"
    assert (told["copies"], told["checks"], told["recovery"]["seconds"]) == ([], [], None)
    assert told["began_by"]["name"] == OPERATOR.name
    assert f"`{told['record']['closing']['hash'][:16]}`" in answer, "the channel keeps what the archive must have"
    whole = await records.examine(router.house.database, 30)
    assert (whole.broken, whole.strayed, whole.unlinked) == ({}, (), {})


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (f"/drill record pass {TOLD}", "It was no pass: It was held on 15 September 2026 without Lifeboat"),
        (f"/drill record fail {TOLD.replace('09-15', '09-20')}", "20 September 2026 is still to come"),
        (f"/drill record fail {TOLD.replace('2026-09-15', 'yesterday')}", "is no day that I can read"),
        (f"/drill record fail {TOLD} --test 2031-Q1", "There is no test '2031-Q1'"),
    ],
)
async def test_what_cannot_be_recorded_is_refused_and_nothing_is_left_of_it(
    router: Router, line: str, why: str
) -> None:
    assert why in await said(router, line)
    assert "TBD" in await said(router, "/drill log")


async def test_a_test_is_recorded_once_and_by_an_operator(router: Router) -> None:
    assert "operator" in await said(router, f"/drill record fail {TOLD}", EVE)
    await said(router, f"/drill record fail {TOLD}")
    assert "There is a test of 2026-Q3 already" in await said(router, f"/drill record partial {TOLD} --test 2026-Q3")


@pytest.mark.parametrize("channel", ["news", HERE.channel], ids=["elsewhere", "where it was said"])
async def test_a_test_that_was_held_by_hand_is_announced_with_its_fingerprint_where_it_was_not_said(
    router: Router, channel: str
) -> None:
    plan = router.house.plan
    rules = plan.incidents.model_copy(update={"announce": {HERE.platform: channel}})
    announcing = replace(router.house, plan=plan.model_copy(update={"incidents": rules}))
    answer = await said(Router(announcing, GROUPS), f"/drill record partial {TOLD}")
    async with announcing.database.read() as db:
        [drill] = await incidents.listed(db, practice=True)
        subject = f"{drill.id}/{drill.seq}"
        told = [one.channel for one in await posts.of(db, SAID, subject)]
    assert told == (["news"] if channel == "news" else [])
    card = to_markdown(await draw(announcing, SAID, subject))
    assert "Over: Backup test 2026-Q3, held by hand: partial" in card
    assert "It was held on 15 September 2026 without Lifeboat" in card
    assert "The bot was down" in card
    [seal] = [line for line in answer.splitlines() if line.startswith("Record closed")]
    assert seal in card
