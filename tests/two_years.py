"""Two years of reminders in simulated time: pauses, restarts, two processes, changes of the clocks, a team's own deeds.
`python -m tests.two_years` prints what was due and what was said.
"""

import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain import calendar as rules
from bot.domain.calendar import Standing
from bot.domain.drill_events import DrillCancelled, DrillConcluded, Practice, Result
from bot.domain.incident_events import Closed, IncidentId
from bot.domain.people import LIFEBOAT, Person, PersonId
from bot.domain.plan import Plan
from bot.domain.plan_incidents import IncidentPlan
from bot.house import House, Place
from bot.operations import drills, reminding
from bot.operations import incidents as acting
from bot.ports import Clock
from bot.store import calendar, posts
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.databases import sqlite_database
from tests.operations.home import PLAN, PRODUCTION, STAGING
from tests.routing import FakeClock, house

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
HOURS = {"Europe/Berlin": time(2, 30), "America/New_York": time(9), "Australia/Lord_Howe": time(2, 15)}
"""At the first and the last of these hours, the clocks skip a reminder's time once a year, or show it twice."""
ZONES = tuple(HOURS)
ADA = Person(PersonId("ada"), "Ada Okafor")
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_QUARTERS = [(f"{year}-Q{n}", date(year, n * 3, 15)) for year in (2026, 2027, 2028) for n in (1, 2, 3, 4)]
_DUE_ON = dict(_QUARTERS)
_FOLLOWING = {key: day for (key, _), (_, day) in pairwise(_QUARTERS)}

DEEDS: Sequence[tuple[str, float, str]] = (
    ("2026-Q1", 0.1, "begin"),
    ("2026-Q1", 0.3, "conclude"),
    ("2026-Q2", 5.4, "begin"),
    ("2026-Q2", 6.6, "cancel"),
    ("2026-Q2", 7.6, "postpone"),
    ("2026-Q2", 20.6, "begin"),
    ("2026-Q2", 21.1, "conclude"),
    ("2026-Q4", -5.4, "postpone"),
    ("2026-Q4", 3.4, "begin"),
    ("2026-Q4", 3.5, "conclude"),
    ("2027-Q1", -2.4, "begin"),
    ("2027-Q1", 94.5, "conclude"),
    ("2027-Q2", 3.5, "postpone"),
    ("2027-Q2", 9.5, "postpone"),
    ("2027-Q2", 40.5, "begin"),
    ("2027-Q2", 40.6, "conclude"),
)
"""What the team does, in days from the plan's date: one in time, one begun in vain and put off, one nobody holds, one
put off before its day, one left running until the next is due, one put off twice; then nobody does anything any more.
"""
STANDS = {"2026-Q1": "held", "2026-Q2": "held", "2026-Q3": "missed", "2026-Q4": "held", "2027-Q1": "missed",
          "2027-Q2": "held", "2027-Q3": "missed", "2027-Q4": "overdue"}  # fmt: skip


@dataclass
class Told:
    """What was due and what was said, in one zone; `due` is by which kind of reminder it was."""

    zone: str
    due: set[str] = field(default_factory=set)
    said: Counter[str] = field(default_factory=Counter)
    late: int = 0
    away: int = 0
    down: timedelta = timedelta()
    looks: int = 0
    restarts: int = 0
    stands: dict[str, Standing] = field(default_factory=dict)

    @property
    def missing(self) -> set[str]:
        return self.due - set(self.said)

    @property
    def doubled(self) -> set[str]:
        return {key for key, times in self.said.items() if times > 1}

    @property
    def unasked(self) -> set[str]:
        return set(self.said) - self.due


@dataclass
class Owed:
    """What is owed of one test: reckoned by days alone, apart from how the product reckons it."""

    zone: str
    key: str
    day: date
    begins: datetime = SINCE
    running: bool = False
    held: bool = False

    def newest(self, now: datetime) -> tuple[str, bool] | None:
        """The reminder that whoever looks now owes, and whether everybody hears of it."""
        over = moment(self.zone, _FOLLOWING[self.key])
        if self.held or (self.running and now < over):
            return None
        if now >= over:
            return f"{self.day}:missed", True
        told = [n for n in (-14, -7, -1, *range(400)) if self.begins <= moment(self.zone, self.day + n * _DAY) <= now]
        return (f"{self.day}:{told[-1]:+d}", told[-1] >= 3) if told else None


def moment(zone: str, day: date) -> datetime:
    """The plan's hour on a day."""
    return datetime.combine(day, HOURS.get(zone, time(9)), ZoneInfo(zone)).astimezone(UTC)


def plan_in(zone: str) -> Plan:
    """The shipped plan in a zone, with a channel in which everybody reads."""
    drill = PLAN.drill.model_copy(update={"zone": zone, "time": HOURS.get(zone, time(9))})
    incidents = IncidentPlan.model_validate({"announce": {"paper": "all-hands"}})
    return PLAN.model_copy(update={"drill": drill, "incidents": incidents})


def pauses(chance: random.Random) -> Iterator[tuple[datetime, datetime]]:
    """When no process runs: some minutes to some days, about thirty times."""
    at = SINCE
    while at < UNTIL:
        at += timedelta(hours=chance.uniform(200, 900))
        length = timedelta(hours=chance.choice((0.05, 0.5, 3, 11, 30, 60, 100)))
        yield at, at + length
        at += length


def moments(zone: str, down: Sequence[tuple[datetime, datetime]], *, every_minute: bool) -> list[datetime]:
    """The minutes of interest: around the plan's hour of each day, each deed and the end of each pause."""
    around = (-1, 0, 1) if every_minute else (0,)
    days = [(SINCE + n * _DAY).date() for n in range((UNTIL - SINCE).days)]
    near = {moment(zone, day) + n * _MINUTE for day in days for n in around}
    shown = near | {at for at, *_ in deeds(zone)} | {end for _, end in down}
    return sorted(at for at in shown if SINCE <= at < UNTIL and not any(begin <= at < end for begin, end in down))


def deeds(zone: str) -> list[tuple[datetime, str, str]]:
    """What the team does, by when."""
    return sorted((moment(zone, _DUE_ON[key]) + days * _DAY, key, deed) for key, days, deed in DEEDS)


class Team:
    """Does what is in the script once somebody is there to hear it, and says what is owed since."""

    def __init__(self, zone: str, clock: FakeClock) -> None:
        self.owed = {key: Owed(zone, key, day) for key, day in _QUARTERS if key in _FOLLOWING}
        self._clock = clock
        self._script = deeds(zone)
        self._drills: dict[str, IncidentId] = {}

    async def act(self, house: House) -> None:
        while self._script and self._script[0][0] <= self._clock.now():
            _, key, deed = self._script.pop(0)
            await getattr(self, deed)(house, self.owed[key])

    async def begin(self, house: House, owed: Owed) -> None:
        practice = Practice(occasion=owed.key, source=PRODUCTION, target=STAGING)
        drill, new = await drills.begin(house, ADA, Place("paper", "all-hands"), practice, f"Backup test {owed.key}")
        assert new
        self._drills[owed.key], owed.running = drill.id, True

    async def conclude(self, house: House, owed: Owed) -> None:
        concluded = DrillConcluded(result=Result.PASS, proved=True, notes="It works.")
        await acting.act(house, self._drills[owed.key], LIFEBOAT, lambda _: (concluded, Closed()))
        owed.running, owed.held = False, self._clock.now() < moment(owed.zone, _FOLLOWING[owed.key])

    async def cancel(self, house: House, owed: Owed) -> None:
        cancelled = DrillCancelled(reason="The lead is called away")
        await acting.act(house, self._drills[owed.key], LIFEBOAT, lambda _: (cancelled, Closed()))
        owed.running = False

    async def postpone(self, house: House, owed: Owed) -> None:
        to = max(owed.day, self._clock.now().astimezone(ZoneInfo(owed.zone)).date()) + 8 * _DAY
        moved = await reminding.postpone(house, to, "The lead is away", ADA, owed.key)
        assert moved.due_at == moment(owed.zone, to)
        owed.day, owed.begins = to, self._clock.now()


async def two_years(urls: Sequence[str], zone: str, *, every_minute: bool = True, until: datetime = UNTIL) -> Told:
    """Live through them with one process per address of the database, all looking at once, begun anew after a pause."""
    down = list(pauses(random.Random(zone)))
    clock, told = FakeClock(SINCE), Told(zone, down=sum((end - begin for begin, end in down), timedelta()))
    team, ends = Team(zone, clock), {end for _, end in down}
    houses = _houses(urls, clock, zone)
    try:
        await migrate(houses[0].database)
        await asyncio.gather(*(reminding.look(one) for one in houses))
        for at in moments(zone, down, every_minute=every_minute):
            if at >= until:
                break
            clock.pass_by(at - clock.now())
            if at in ends:
                await _close(houses)
                houses, told.restarts = _houses(urls, clock, zone), told.restarts + 1
            for owed in team.owed.values():
                told.due |= _keys(owed, at)
            told.looks += 1
            await asyncio.gather(*(reminding.look(one) for one in houses))
            await team.act(houses[told.looks % len(houses)])
        told.stands = {one.key: one.standing for one in (await reminding.year(houses[0])).occasions}
        async with houses[0].database.read() as db:
            for one in await calendar.every(db):
                places = Counter((post.platform, post.channel) for post in await posts.of(db, reminding.KIND, one.key))
                told.said[one.key] = max(places.values(), default=0)
                told.late += one.told_at - one.due_at > rules.LATE
                told.away += one.away
    finally:
        await _close(houses)
    return told


def _keys(owed: Owed, at: datetime) -> set[str]:
    newest = owed.newest(at)
    if newest is None:
        return set()
    return {f"{owed.key}:{newest[0]}:{who}" for who in (("ada", "ben", "everybody") if newest[1] else ("ada",))}


def _houses(urls: Sequence[str], clock: FakeClock, zone: str) -> list[House]:
    return [house_of(Database.open(url), clock, plan_in(zone)) for url in urls]


async def _close(houses: Sequence[House]) -> None:
    for one in houses:
        await one.database.close()


def house_of(database: Database, clock: Clock, plan: Plan) -> House:
    """A house in which everybody reads paper, and nothing is ever connected to."""
    there: Any = object()
    deployments = {PRODUCTION: there, STAGING: there}
    bare = house(database, FakeClock(), ())
    return replace(bare, clock=clock, plan=plan, hosts={"paper": _Paper()}, deployments=deployments)


class _Paper:
    rooms = False

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"{name} was asked of paper")


_TITLES = ("looks", "restarts", "down", "due", "said", "late", "missing", "doubled", "unasked")
HEAD = f"{'zone':20} " + " ".join(f"{title:>8}" for title in _TITLES)


def row(one: Told) -> str:
    """What was due and what was said in one zone, under `HEAD`."""
    numbers = (one.looks, one.restarts, f"{one.down / _HOUR:.0f} h", len(one.due), len(one.said), one.late)
    wrong = (len(one.missing), len(one.doubled), len(one.unasked))
    return f"{one.zone:20} " + " ".join(f"{value:>8}" for value in (*numbers, *wrong))


async def main() -> None:
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        for number, zone in enumerate(ZONES):
            place = Path(folder) / str(number)
            place.mkdir()
            told = await two_years([sqlite_database(place)] * 2, zone)
            print(row(told), flush=True)
    print(", ".join(f"{key} {told.stands[key]}" for key in STANDS))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
