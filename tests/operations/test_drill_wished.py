"""What is tested where somebody names only what they care for."""

from datetime import UTC, datetime

import pytest

from bot.domain.errors import Refused
from bot.house import House
from bot.operations import drills
from bot.store.database import Database
from tests.operations.home import PRODUCTION, STAGING
from tests.routing import FakeClock
from tests.two_years import house_of, plan_in

DUE = datetime(2026, 3, 15, 9, tzinfo=UTC)


@pytest.fixture
def house(sqlite: Database) -> House:
    return house_of(sqlite, FakeClock(DUE), plan_in("UTC"))


async def test_without_a_word_it_is_the_plans_and_the_one_of_the_year_that_is_due(house: House) -> None:
    wished = await drills.wished(house, None, None, None)
    assert (wished.source, wished.target, wished.occasion, wished.copy_id) == (PRODUCTION, STAGING, "2026-Q1", None)
    assert wished.put_back is house.plan.drill.put_back


async def test_between_other_environments_it_is_none_of_the_year(house: House) -> None:
    wished = await drills.wished(house, STAGING, PRODUCTION, None)
    assert (wished.source, wished.target, wished.occasion) == (STAGING, PRODUCTION, "")


@pytest.mark.parametrize("wish", [("prodution", None, None), (None, "stagin", None), (None, None, "production-1999")])
async def test_what_there_is_not_is_refused(house: House, wish: tuple[str | None, str | None, str | None]) -> None:
    with pytest.raises(Refused):
        await drills.wished(house, *wish)


async def test_of_no_copies_none_is_taken_by_chance(house: House) -> None:
    with pytest.raises(Refused, match="No verified copy of production"):
        await drills.wished(house, None, None, drills.RANDOM)
