"""Error counts from a stand-in of Sentry, over a real socket."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest

from bot.adapters.sentry import SentryErrors, connect
from bot.domain.errors import Outage, Refused
from bot.ports import ErrorCount
from bot.simulator.neighbours import Neighbours, sentry
from tests.adapters.recovery.conftest import Naps

MINUTE = timedelta(minutes=1)
AT = datetime(2026, 2, 20, 14, 30, 20, tzinfo=UTC)


@pytest.fixture
async def errors(neighbours: Neighbours, naps: Naps) -> AsyncIterator[SentryErrors]:
    where = (sentry.ORGANIZATION, sentry.PROJECT, neighbours.sentry_url)
    async with connect(sentry.TOKEN, *where, sleep=naps) as errors:
        yield errors


async def test_an_hour_is_counted_by_the_minute_without_gaps(errors: SentryErrors) -> None:
    found = await errors.counts(AT, AT + timedelta(hours=1))
    assert [each.at for each in found] == [AT.replace(second=0) + MINUTE * number for number in range(61)]
    assert all(0 <= each.errors < 20 for each in found)
    assert sum(each.errors for each in found) > 0


async def test_the_first_and_the_last_minute_are_counted_whole(neighbours: Neighbours, errors: SentryErrors) -> None:
    neighbours.sentry.broken(True, AT.timestamp() - 3600)
    for counted in await errors.counts(AT, AT + 2 * MINUTE):
        start = int(counted.at.timestamp())
        assert counted.errors == sum(neighbours.sentry.errors(start + second) for second in range(0, 60, 10))


async def test_errors_rise_while_production_is_broken_and_fall_when_it_is_repaired(
    neighbours: Neighbours, errors: SentryErrors
) -> None:
    start = AT.timestamp()
    neighbours.sentry.broken(True, start)
    neighbours.sentry.broken(False, start + 1200)
    found = await errors.counts(AT - 30 * MINUTE, AT + 60 * MINUTE)
    by_minute = {round((each.at - AT.replace(second=0)) / MINUTE): each.errors for each in found}
    before, during, after = ([by_minute[n] for n in span] for span in (range(-30, 0), range(5, 20), range(35, 60)))
    assert max(before) < 20 < 100 < min(during)
    assert max(after) < 20


@pytest.mark.parametrize(
    ("span", "step"),
    [
        (timedelta(minutes=10), MINUTE),
        (timedelta(hours=3), MINUTE),
        (timedelta(hours=7), 5 * MINUTE),
        (timedelta(days=2), timedelta(hours=1)),
        (timedelta(days=30), timedelta(days=1)),
    ],
)
async def test_the_steps_suit_the_span_and_are_equal(errors: SentryErrors, span: timedelta, step: timedelta) -> None:
    found = await errors.counts(AT, AT + span)
    assert {later.at - earlier.at for earlier, later in pairwise(found)} == {step}
    assert found[0].at <= AT < found[0].at + step
    assert found[-1].at <= AT + span < found[-1].at + step


async def test_a_minute_is_the_sum_of_its_ten_second_counts_and_a_silent_one_is_none() -> None:
    start = int(AT.replace(second=0).timestamp())
    points = [[start + 10 * number, number] for number in range(6)] + [[start + 120, 7]]
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=points))
    async with connect("t", "o", "p", transport=transport) as errors:
        found = await errors.counts(AT, AT + 2 * MINUTE)
    first = AT.replace(second=0)
    assert found == (ErrorCount(first, 15), ErrorCount(first + MINUTE, 0), ErrorCount(first + 2 * MINUTE, 7))


async def test_an_answer_of_another_shape_is_an_outage() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"data": []}))
    async with connect("t", "o", "p", transport=transport) as errors:
        with pytest.raises(Outage, match="was not understood"):
            await errors.counts(AT, AT + MINUTE)


async def test_a_wrong_project_names_the_settings(neighbours: Neighbours, naps: Naps) -> None:
    async with connect(sentry.TOKEN, "campus", "other", neighbours.sentry_url, sleep=naps) as errors:
        with pytest.raises(Refused, match="Sentry does not know the project") as refused:
            await errors.counts(AT, AT + MINUTE)
    assert "LIFEBOAT_SENTRY__PROJECT" in refused.value.hint
