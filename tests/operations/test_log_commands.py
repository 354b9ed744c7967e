"""`/drill log` over the whole way: a line that somebody typed or pressed, the records, the card, and its files."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.chat.cards import Attachment, Button, Buttons, Card, Items
from bot.chat.markdown import to_markdown
from bot.domain.people import Person, PersonId
from bot.house import Place
from bot.operations.files import fetch
from bot.router import Pressed, Reply, Request, Router, Said
from commands import GROUPS
from tests.operations.test_evidence import kept
from tests.routing import FakeClock, routing
from tests.views.drill_stages import Q4, failed, passed, rehearsal
from tests.views.logged import QUARTER

EVE = Person(PersonId("eve"), "Eve")
HERE = Place("paper", "backups")
TESTS = 14


@pytest.fixture
async def router(tmp_path: Path) -> AsyncIterator[Router]:
    """Fourteen tests, the newest of which failed, and a rehearsal."""
    async with routing(tmp_path, *GROUPS, clock=FakeClock(Q4 + timedelta(days=5))) as one:
        for number in reversed(range(1, TESTS)):
            await kept(one.house.database, passed(Q4 - number * QUARTER, f"test {number}"))
        await kept(one.house.database, failed())
        await kept(one.house.database, rehearsal())
        yield one


async def card(router: Router, asked: Said | Pressed) -> Card:
    reply: Reply = await router.handle(Request(f"paper:{asked}", EVE, HERE, asked))
    assert isinstance(reply.shown, Card)
    return reply.shown


def lines(shown: Card) -> int:
    return sum(len(block.lines) for block in shown.blocks if isinstance(block, Items))


def button(shown: Card, label: str) -> str:
    rows = [block.buttons for block in shown.blocks if isinstance(block, Buttons)]
    return next(one.press for row in rows for one in row if isinstance(one, Button) and one.label == label)


async def test_the_log_is_shown_newest_first_and_its_older_page_by_its_button(router: Router) -> None:
    first = await card(router, Said("/drill log"))
    assert first.title == f"{TESTS} tests: 13 pass, 1 fail"
    assert lines(first) == 12
    told = to_markdown(first)
    assert told.index("2026-Q4") < told.index("test 1")
    assert "12 of 14 kept" not in told and "13 of 14 kept the target; 1 test failed" in told, "the plot, in words"
    second = await card(router, Pressed(button(first, "2 older")))
    assert lines(second) == 2
    assert "test 13" in to_markdown(second) and "2026-Q4" not in to_markdown(second)
    assert to_markdown(await card(router, Said("/drill log --page 2"))) == to_markdown(second)


async def test_rehearsals_are_shown_by_themselves(router: Router) -> None:
    shown = await card(router, Said("/drill log --rehearsals"))
    assert shown.title == "1 rehearsal: 1 pass"
    assert rehearsal().id in to_markdown(shown)
    assert not any(isinstance(block, Attachment) for block in shown.blocks)


async def test_the_evidence_of_the_last_is_one_press_away(router: Router) -> None:
    shown = await card(router, Said("/drill log"))
    handed = await card(router, Pressed(button(shown, "Evidence of the last")))
    assert "Evidence of Backup test 2026-Q4: fail" in handed.title


async def test_its_files_hold_every_test(router: Router) -> None:
    shown = await card(router, Said("/drill log"))
    names = [block.file for block in shown.blocks if isinstance(block, Attachment)]
    markdown, table = [await fetch(router.house, name, EVE) for name in names]
    assert isinstance(markdown.content, bytes) and isinstance(table.content, bytes)
    assert markdown.content.decode().count("| pass |") == 13
    read = list(csv.DictReader(io.StringIO(table.content.decode())))
    assert [one["status"] for one in read] == ["fail", *["pass"] * 13]
