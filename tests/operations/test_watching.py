"""After the resume errors are watched for as long as the plan says, and it is said once whether they are normal."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.error_rates import ErrorCount
from bot.domain.errors import Outage
from bot.domain.incidents import Incident
from bot.operations import watching
from bot.store import watches
from tests.operations.conftest import Access
from tests.operations.home import ShiftedClock
from tests.operations.recovery import Recovery, recovery

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Counting:
    """Counts errors by the minute: so many at first, so many from `bad` on, so many from `good` on."""

    def __init__(self) -> None:
        self.bad: datetime | None = None
        self.good: datetime | None = None
        self.left = 1
        self.away = False

    async def counts(self, since: datetime, until: datetime) -> Sequence[ErrorCount]:
        if self.away:
            raise Outage("Sentry", "Sentry did not answer.")
        minutes = max(1, round((until - since) / MINUTE))
        return [ErrorCount(at, self._at(at)) for at in (since + MINUTE * number for number in range(minutes))]

    def _at(self, at: datetime) -> int:
        if self.good is not None and at >= self.good:
            return self.left
        return 40 if self.bad is not None and at >= self.bad else 1


class Drawing:
    """Draws one point, and remembers of what."""

    def __init__(self) -> None:
        self.drawn: list[Any] = []

    async def png(self, spec: Any) -> bytes:
        self.drawn.append(spec)
        return b"\x89PNG"

    async def svg(self, spec: Any) -> str:
        self.drawn.append(spec)
        return '<svg xmlns="http://www.w3.org/2000/svg"/>'


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def errors() -> Counting:
    return Counting()


@pytest.fixture
async def here(
    database_url: str, tmp_path: Path, access: Access, clock: ShiftedClock, errors: Counting
) -> AsyncIterator[Recovery]:
    async with recovery(database_url, tmp_path, access, clock=clock) as one:
        near = replace(one.house.neighbours, error_watch=errors, charts=Drawing())
        yield Recovery(one.home, replace(one.house, neighbours=near))


async def resumed(here: Recovery, errors: Counting) -> Incident:
    """An incident that was resumed just now, an hour after it was noticed."""
    incident = await here.begun()
    errors.bad = incident.noticed_at
    errors.good = here.house.clock.now()
    await watching.begin(here.house, incident.id)
    return incident


async def said(here: Recovery, incident: Incident) -> list[tuple[bool, str, str]]:
    return [(one.ok, one.effect, one.file) for one in await here.acted(incident, watching.ACTION)]


async def test_nothing_is_said_before_the_hour_is_over(here: Recovery, errors: Counting, clock: ShiftedClock) -> None:
    incident = await resumed(here, errors)
    clock.shift = HOUR - MINUTE
    await watching.look(here.house)
    assert await said(here, incident) == []


async def test_errors_that_are_normal_again_are_said_to_be_with_a_picture(
    here: Recovery, errors: Counting, clock: ShiftedClock
) -> None:
    incident = await resumed(here, errors)
    clock.shift = HOUR + MINUTE
    await watching.look(here.house)
    [(ok, effect, file)] = await said(here, incident)
    assert ok
    assert effect.startswith("Errors are back to normal")
    assert file.startswith("picture/")


async def test_errors_that_are_not_normal_are_said_not_to_be(
    here: Recovery, errors: Counting, clock: ShiftedClock
) -> None:
    errors.left = 12
    incident = await resumed(here, errors)
    clock.shift = HOUR + MINUTE
    await watching.look(here.house)
    [(ok, effect, _)] = await said(here, incident)
    assert not ok
    assert effect.startswith("Errors are not back to normal")


async def test_it_is_said_once_even_where_the_process_ended_before_it_was_noted(
    here: Recovery, errors: Counting, clock: ShiftedClock
) -> None:
    incident = await resumed(here, errors)
    clock.shift = HOUR + MINUTE
    await watching.look(here.house)
    async with here.house.database.read() as db:
        watch = await watches.get(db, incident.id)
    assert watch is not None
    async with here.house.database.write() as db:
        await watches.put(db, replace(watch, told_at=None))
    errors.left = 3
    await watching.look(here.house)
    await watching.look(here.house)
    assert len(await said(here, incident)) == 1


async def test_who_counts_and_is_away_is_asked_again_until_it_is_too_late(
    here: Recovery, errors: Counting, clock: ShiftedClock
) -> None:
    incident = await resumed(here, errors)
    errors.away = True
    clock.shift = HOUR + MINUTE
    await watching.look(here.house)
    assert await said(here, incident) == []
    clock.shift = HOUR * 4
    await watching.look(here.house)
    [(ok, effect, _)] = await said(here, incident)
    assert not ok
    assert effect.startswith("Nobody knows how they went: Sentry did not answer.")


async def test_without_anybody_who_draws_it_is_said_in_bars_of_text(
    here: Recovery, errors: Counting, clock: ShiftedClock
) -> None:
    incident = await resumed(here, errors)
    clock.shift = HOUR + MINUTE
    plain = replace(here.house, neighbours=replace(here.house.neighbours, charts=None))
    await watching.look(plain)
    [(_, effect, file)] = await said(here, incident)
    assert "▁" in effect
    assert file == ""


async def test_whoever_looks_meanwhile_sees_how_they_go(here: Recovery, errors: Counting) -> None:
    incident = await resumed(here, errors)
    card = await watching.now_card(here.house, incident)
    assert card.title in ("Errors so far", "Errors back to normal")
    none = replace(here.house, neighbours=replace(here.house.neighbours, error_watch=None))
    assert (await watching.now_card(none, incident)).title == "Nobody counts errors for Lifeboat."
