"""Knows how people are reminded of the quarterly tests, each of them once. Knows nothing of what is due, or when.

A reminder is wanted in the transaction that records it, so any number of processes, restarts and pauses send one.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from bot.chat.cards import Card
from bot.domain import calendar as rules
from bot.domain.calendar import Occasion, Reach, Reminder, Standing
from bot.domain.errors import Refused
from bot.domain.incidents import Incident
from bot.domain.people import Person, PersonId
from bot.domain.plan import Plan
from bot.house import House, Place
from bot.ports import Clock
from bot.store import calendar, incidents, posts
from bot.store.database import Connection, Database
from bot.views.calendar import reminder_card
from bot.views.ics import feed

KIND = "reminder"
_DRILLS = 400


@dataclass(frozen=True, slots=True)
class Year:
    """Every occasion since Lifeboat was first started, the coming ones, and the drills that were held."""

    occasions: Sequence[Occasion]
    drills: Sequence[Incident]
    since: datetime

    @property
    def open_follow_ups(self) -> int:
        """What earlier tests left to be done."""
        return sum(one.done_at is None for drill in self.drills for one in drill.follow_ups)


class Known(Protocol):
    """What the year is known from. A house is one; to read it, no more of it has to stand."""

    @property
    def plan(self) -> Plan: ...

    @property
    def database(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...


async def year(house: Known) -> Year:
    """How the tests stand now, from our own records alone."""
    now = house.clock.now()
    async with house.database.write() as db:
        return await _year(db, house, now)


async def look(house: House) -> None:
    """Say what is due: part of every sweep."""
    now = house.clock.now()
    async with house.database.write() as db:
        found = await _year(db, house, now)
        said = 0
        for reminder in rules.due(house.plan.drill, found.occasions, found.since, now):
            said += await _say(db, house, reminder, now)
    if said:
        house.wake()


async def drawn(house: House, subject: str) -> Card | None:
    """The card of one reminder as of now: a test that was held meanwhile says so."""
    async with house.database.write() as db:
        told = await calendar.told(db, subject)
        found = await _year(db, house, house.clock.now())
    occasion = next((one for one in found.occasions if told and one.key == told[0]), None)
    if told is None or occasion is None:
        return None
    return reminder_card(occasion, told[1], told[2], house.plan, found.drills)


async def postpone(house: House, to: date, reason: str, by: Person, key: str | None = None) -> Occasion:
    """Put off the test that is due next, or the one named. Raises Refused where the plan does not allow it."""
    now = house.clock.now()
    async with house.database.write() as db:
        found = await _year(db, house, now)
        occasion = meant(found.occasions, key)
        number = len(occasion.postponed) + 1
        put_off = rules.postpone(house.plan.drill, occasion, found.occasions, to, by.id, by.name, reason, now)
        await calendar.postpone(db, put_off, number)
        after = await _year(db, house, now)
    house.wake()
    return meant(after.occasions, occasion.key)


def meant(every: Sequence[Occasion], key: str | None) -> Occasion:
    """The occasion that is named, else the one that is due next. Raises Refused for one that is not there."""
    if key is not None:
        found = next((one for one in every if one.key.casefold() == key.casefold()), None)
        if found is None:
            raise Refused(f"There is no test {key!r}.", "/drill schedule shows them.", "/drill schedule")
        return found
    open_ = (Standing.OVERDUE, Standing.TODAY, Standing.RUNNING, Standing.COMING)
    found = next((one for one in every if one.standing in open_), None)
    if found is None:
        raise Refused("No test is coming up.", "/drill schedule shows the year.", "/drill schedule")
    return found


async def published(house: House, secret: str) -> bytes | None:
    """The calendar, for whoever knows its secret; None for anybody else."""
    async with house.database.write() as db:
        found = await _year(db, house, house.clock.now())
        known = await calendar.secret(db)
    if not known or not hmac.compare_digest(known.encode(), secret.encode()):
        return None
    return feed(found.occasions, house.plan)


async def _year(db: Connection, house: Known, now: datetime) -> Year:
    since = await calendar.since(db, now)
    drills = await incidents.listed(db, practice=True, limit=_DRILLS)
    postponed = await calendar.postponed(db)
    occasions = rules.occasions(house.plan.drill, rules.tests(drills), postponed, since, now)
    return Year(occasions, drills, since)


async def _say(db: Connection, house: House, reminder: Reminder, now: datetime) -> int:
    """Remind everybody whom it concerns, who was not reminded yet; gives how many."""
    said = 0
    for whom, places in _whom(house, reminder.reach).items():
        key = f"{reminder.occasion.key}:{reminder.round}:{whom}"
        if not await calendar.tell(db, key, reminder.occasion.key, whom, reminder.at, now):
            continue
        said += 1
        for place in places:
            post = f"{KIND}:{key}:{place.platform}:{place.channel}"
            await posts.want(db, post, place.platform, place.channel, KIND, key, now)
    return said


def _whom(house: House, reach: Reach) -> Mapping[str, Sequence[Place]]:
    """Who is reminded, and where: people alone, on every platform that knows them; else all, where it is announced."""
    plan = house.plan
    roles = [plan.drill.responsible, *([plan.drill.deputy] if reach is Reach.EVERYBODY else [])]
    people = {one.id for role in roles for one in plan.holders(role)}
    found: dict[str, Sequence[Place]] = {}
    for person in sorted(people):
        if places := _alone(house, person):
            found[person] = places
    announced = [Place(platform, channel) for platform, channel in plan.incidents.announce.items()]
    # Whoever cannot be written to is called where everybody reads.
    if announced and (reach is Reach.EVERYBODY or not found):
        found["everybody"] = announced
    return found


def _alone(house: House, person: PersonId) -> list[Place]:
    known = [platform for platform in house.doors if house.plan.called(platform, person)]
    others = [platform for platform in house.hosts if platform not in house.doors]
    return [Place(platform, f"dm:{person}") for platform in [*known, *others]]
