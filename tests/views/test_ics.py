"""The calendar that people subscribe to, read back by two libraries that know nothing of one another."""

from datetime import UTC, datetime, timedelta
from typing import Any

import icalendar
import pytest
import vobject  # type: ignore[import-untyped] # it tells no types
from aiohttp import ClientSession

from bot.domain import calendar
from bot.domain.calendar import Occasion, Postponement
from bot.domain.people import PersonId
from bot.domain.plan import Plan
from bot.server import Server
from bot.views.ics import feed
from tests.operations.home import PLAN
from tests.two_years import ZONES, plan_in
from tests.views import dated

SINCE, NOW = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
OFF = Postponement(
    "2026-Q1", datetime(2026, 3, 15, 9, tzinfo=UTC), datetime(2026, 3, 20, 9, tzinfo=UTC), PersonId("ada"), "Ada",
    NOW, "Somebody, who; is\naway",
)  # fmt: skip


def occasions(plan: Plan, *put_off: Postponement, now: datetime = NOW) -> tuple[Occasion, ...]:
    return calendar.occasions(plan.drill, {}, put_off, SINCE, now)


def by_name(written: bytes) -> dict[str, Any]:
    """Its events, as icalendar reads them."""
    return {str(one["uid"]): one for one in icalendar.Calendar.from_ical(written).walk("VEVENT")}


@pytest.mark.parametrize("zone", [*ZONES, "UTC", "Asia/Kolkata"])
def test_both_libraries_read_the_moments_that_were_meant(zone: str) -> None:
    plan = plan_in(zone)
    every = occasions(plan)
    written = feed(every, plan)
    expected = {f"{one.key}@lifeboat.backup-tests": one.due_at for one in every}
    assert {name: one["dtstart"].dt.astimezone(UTC) for name, one in by_name(written).items()} == expected
    second = vobject.readOne(written.decode())
    assert {one.uid.value: one.dtstart.value.astimezone(UTC) for one in second.vevent_list} == expected


def test_a_test_that_was_put_off_is_the_same_event_with_a_higher_sequence() -> None:
    before, after = by_name(feed(occasions(PLAN), PLAN)), by_name(feed(occasions(PLAN, OFF), PLAN))
    assert before.keys() == after.keys()
    moved = after["2026-Q1@lifeboat.backup-tests"]
    assert (before["2026-Q1@lifeboat.backup-tests"]["sequence"], moved["sequence"]) == (0, 1)
    assert moved["dtstart"].dt.astimezone(UTC) == OFF.to_at
    assert "Somebody, who; is\naway" in str(moved["description"])


def test_it_reminds_as_the_plan_does() -> None:
    event = next(iter(by_name(feed(occasions(PLAN), PLAN)).values()))
    assert sorted(one["trigger"].dt for one in event.walk("VALARM")) == [-timedelta(days=n) for n in (14, 7, 1)]


def test_it_is_the_same_whenever_it_is_asked_for() -> None:
    shown = occasions(PLAN)
    assert feed(shown, PLAN) == feed(shown, PLAN)
    later = occasions(PLAN, now=NOW + timedelta(hours=3))[: len(shown)]
    assert feed(later, PLAN) == feed(shown, PLAN)


def test_a_missed_test_stays_in_sight_and_says_so_and_what_to_type_if_it_was_held_after_all() -> None:
    late = occasions(PLAN, now=datetime(2026, 7, 1, tzinfo=UTC))
    event = next(iter(icalendar.Calendar.from_ical(feed(late, PLAN)).walk("VEVENT")))
    assert (str(event["status"]), str(event["summary"])) == ("CONFIRMED", "Backup test 2026-Q1: missed")
    assert "type /drill record" in str(event["description"])


def test_each_test_says_what_to_type_about_it_now_and_names_nobody() -> None:
    told = by_name(feed(dated.occasions(datetime(2026, 9, 29, 12, tzinfo=UTC)), PLAN))
    said = {name.partition("@")[0]: str(one["description"]) for name, one in told.items()}
    assert "It was held: pass.\nType /drill evidence drill-2025-q4." in said["2025-Q4"]
    assert "It was held, too late: fail." in said["2026-Q2"]
    assert "It is open: type /drill status --of drill-2026-q4." in said["2026-Q4"]
    assert "Type /drill start." in said["2027-Q1"]
    assert not any("Okafor" in one for key, one in said.items() if key != "2026-Q3"), "but for who put one off"


async def test_its_address_is_served_to_whoever_knows_the_secret_and_only_when_it_changed() -> None:
    async def content(secret: str) -> bytes | None:
        return feed(occasions(PLAN), PLAN) if secret == "right" else None

    async def gauges() -> dict[str, float]:
        return {}

    server = Server({}, gauges)
    server.publish_calendar(content)
    url = await server.start()
    try:
        async with ClientSession() as session:
            async with session.get(f"{url}/calendar/right.ics") as answer:
                assert (answer.status, answer.content_type) == (200, "text/calendar")
                assert "private" in answer.headers["Cache-Control"]
                tag = answer.headers["ETag"]
                assert (await answer.read()).startswith(b"BEGIN:VCALENDAR")
            async with session.get(f"{url}/calendar/right.ics", headers={"If-None-Match": tag}) as answer:
                assert answer.status == 304
            async with session.get(f"{url}/calendar/wrong.ics") as answer:
                assert answer.status == 404
    finally:
        await server.stop()
