"""A fresh copy is held against the last good one from before the target, by real exports of a real deployment."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.chat.markdown import to_markdown
from bot.domain.errors import Refused
from bot.domain.incident_events import Point, PointSet, Restored
from bot.operations import incidents as acting
from bot.operations import integrity
from bot.simulator.server import Simulator
from tests.databases import sqlite_database
from tests.operations.conftest import Access
from tests.operations.recovery import ADA, Recovery, recovery


@pytest.fixture
async def here(tmp_path: Path, access: Access) -> AsyncIterator[Recovery]:
    async with recovery(sqlite_database(tmp_path), tmp_path, access) as one:
        yield one


async def copied(here: Recovery) -> str:
    done = await here.home.ended(await here.home.export())
    assert done.backup is not None
    return done.backup


async def test_what_was_deleted_is_named_table_by_table_and_what_was_brought_back_is_not(
    here: Recovery, convex: Simulator
) -> None:
    good = await copied(here)
    incident = await here.begun()
    target = PointSet(point=Point.TARGET, at=here.house.clock.now(), ns=1, said="now")
    await acting.act(here.house, incident.id, ADA, lambda _: (target,))
    convex.scenarios.play("webhook-delete")
    damaged = await copied(here)
    card = await integrity.compare(here.house, await here.stands(incident), ADA)
    assert "users (" in card.title
    assert "rows fewer" in card.title
    assert {good, damaged} <= set(to_markdown(card).replace("`", " ").split())

    convex.scenarios.play("reset")
    restored = Restored(what="users", source=good, how="by import")
    stands = await acting.act(here.house, incident.id, ADA, lambda _: (restored,))
    stale = await integrity.compare(here.house, stands, ADA)
    assert "from before data was restored" in to_markdown(stale), "the damaged copy says nothing of the restored data"
    whole = await copied(here)
    fine = await integrity.compare(here.house, stands, ADA)
    assert fine.title.startswith("Nothing of the last known good copy is missing")
    acted = await here.acted(incident, integrity.ACTION)
    assert [one.ok for one in acted] == [False, False, True]
    assert acted[-1].file == f"report/{whole}.json"


async def test_without_a_copy_it_says_what_to_type(here: Recovery) -> None:
    incident = await here.begun()
    with pytest.raises(Refused, match="no verified copy") as refused:
        await integrity.compare(here.house, incident, ADA)
    assert refused.value.suggestion == "/backup export production"


async def test_without_a_good_copy_from_before_the_target_nothing_is_called_good(here: Recovery) -> None:
    incident = await here.begun()
    await copied(here)
    with pytest.raises(Refused, match="nothing to hold the newest one against"):
        await integrity.compare(here.house, incident, ADA)
    assert await here.acted(incident) == []
