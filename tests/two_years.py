"""Two years of reminders in simulated time: pauses, two processes, changes of the clocks. `python -m tests.two_years`
prints what was due and what was said.
"""

import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.chat.declare import Group
from bot.domain import calendar as rules
from bot.domain.plan import Plan
from bot.domain.plan_incidents import IncidentPlan
from bot.house import House
from bot.operations import reminding
from bot.store import calendar, posts
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.databases import sqlite_database
from tests.operations.home import PLAN
from tests.routing import FakeClock, house

SINCE, UNTIL = datetime(2026, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass
class Told:
    """What was due and what was said, in one zone."""

    zone: str
    due: set[str] = field(default_factory=set)
    said: Counter[str] = field(default_factory=Counter)
    late: int = 0
    down: timedelta = timedelta()
    looks: int = 0

    @property
    def missing(self) -> set[str]:
        return self.due - set(self.said)

    @property
    def doubled(self) -> set[str]:
        return {key for key, times in self.said.items() if times > 1}

    @property
    def unasked(self) -> set[str]:
        return set(self.said) - self.due


def plan_in(zone: str) -> Plan:
    """The shipped plan in a zone, with a channel in which everybody reads."""
    drill = PLAN.drill.model_copy(update={"zone": zone})
    incidents = IncidentPlan.model_validate({"announce": {"paper": "all-hands"}})
    return PLAN.model_copy(update={"drill": drill, "incidents": incidents})


def pauses(chance: random.Random) -> list[tuple[datetime, datetime]]:
    """When no process runs: some hours to some days, about thirty times."""
    found, at = [], SINCE
    while at < UNTIL:
        at += timedelta(hours=chance.uniform(200, 900))
        length = timedelta(hours=chance.choice((0.05, 0.5, 3, 11, 30, 60, 100)))
        found.append((at, at + length))
        at += length
    return found


def reminders(zone: str) -> dict[str, list[tuple[datetime, str, bool]]]:
    """Every reminder of every test when nobody holds any: its moment, its name, and whether everybody hears of it.

    Reckoned from the document's dates by days alone, apart from how the product reckons it.
    """
    here = ZoneInfo(zone)

    def at(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 9, tzinfo=here).astimezone(UTC)

    days = [(f"{year}-Q{number}", date(year, number * 3, 15)) for year in (2026, 2027, 2028) for number in (1, 2, 3, 4)]
    found: dict[str, list[tuple[datetime, str, bool]]] = {}
    for (key, day), (_, following) in pairwise(days):
        told = [(at(day + n * _DAY), f"{day}:{n:+d}", n >= 3) for n in (-14, -7, -1, 0)]
        told += [(at(day + n * _DAY), f"{day}:{n:+d}", n >= 3) for n in range(1, (following - day).days)]
        found[key] = [*told, (at(following), f"{day}:missed", True)]
    return found


def moments(zone: str, down: Sequence[tuple[datetime, datetime]], *, every_minute: bool) -> list[datetime]:
    """The minutes of interest: around each reminder, at the end of each pause, and midnight of every day."""
    around = (-1, 0, 1, 2) if every_minute else (0,)
    near = {at + n * _MINUTE for told in reminders(zone).values() for at, _, _ in told for n in around}
    days = {SINCE + n * _DAY for n in range((UNTIL - SINCE).days)} if every_minute else set()
    shown = sorted(at for at in near | days | {end for _, end in down} if SINCE <= at < UNTIL)
    return [at for at in shown if not any(begin <= at < end for begin, end in down)]


async def two_years(urls: Sequence[str], zone: str, *, every_minute: bool = True, until: datetime = UNTIL) -> Told:
    """Live through them with one process per address of the database, all looking at once."""
    chance, plan = random.Random(zone), plan_in(zone)
    down = pauses(chance)
    clock, told = FakeClock(SINCE), Told(zone, down=sum((end - begin for begin, end in down), timedelta()))
    databases = [Database.open(url) for url in urls]
    try:
        await migrate(databases[0])
        houses = [house_of(database, clock, plan) for database in databases]
        await asyncio.gather(*(reminding.look(one) for one in houses))
        owed = reminders(zone)
        for at in moments(zone, down, every_minute=every_minute):
            if at >= until:
                break
            clock.pass_by(at - clock.now())
            # Of each test, the newest reminder that has come due: whoever was away owes no more than that.
            for key, told_of in owed.items():
                newest = max((one for one in told_of if SINCE <= one[0] <= at), default=None)
                if newest is not None:
                    whom = ("ada", "ben", "everybody") if newest[2] else ("ada",)
                    told.due |= {f"{key}:{newest[1]}:{person}" for person in whom}
            told.looks += 1
            await asyncio.gather(*(reminding.look(one) for one in houses))
        async with databases[0].read() as db:
            for key, due_at, said_at in await calendar.every(db):
                places = Counter((one.platform, one.channel) for one in await posts.of(db, reminding.KIND, key))
                told.said[key] = max(places.values(), default=0)
                told.late += said_at - due_at > rules.LATE
    finally:
        for database in databases:
            await database.close()
    return told


def house_of(database: Database, clock: FakeClock, plan: Plan) -> House:
    """A process that can write to everybody alone, and reminds."""
    groups: tuple[Group, ...] = ()
    furnished = house(database, clock, groups)
    return replace(furnished, plan=plan, hosts={"paper": furnished})  # type: ignore[dict-item] # only asked for its name


def table(every: Sequence[Told]) -> str:
    """What was due and what was said, a line per zone."""
    lines = [f"{'zone':22} {'looks':>6} {'down':>8} {'due':>6} {'said':>6} {'late':>6} {'missing':>8} {'doubled':>8}"]
    for one in every:
        down = f"{one.down.total_seconds() / 3600:.0f} h"
        lines.append(
            f"{one.zone:22} {one.looks:>6} {down:>8} {len(one.due):>6} {len(one.said):>6} {one.late:>6}"
            f" {len(one.missing):>8} {len(one.doubled):>8}"
        )
    return "\n".join(lines)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for number, zone in enumerate(ZONES):
            place = Path(folder) / str(number)
            place.mkdir()
            found.append(await two_years([sqlite_database(place)] * 2, zone))
    print(table(found))


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
