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
from bot.store.calendar import Told
from bot.store.database import Connection, Database
from bot.store.posts import PostState
from bot.views.calendar import Lateness, reminder_card
from bot.views.ics import feed

KIND = "reminder"
EVERYBODY = "everybody"
"""Who is reminded where it is announced, in the place of a person."""
_DRILLS = 100


@dataclass(frozen=True, slots=True)
class Year:
    """Every occasion since Lifeboat was first started, and the coming ones."""

    occasions: Sequence[Occasion]
    since: datetime


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
    async with house.database.read() as db:
        return await year_of(db, house.plan, house.clock.now())


async def year_of(db: Connection, plan: Plan, now: datetime) -> Year:
    """How the tests stand now, for who reads something else beside it."""
    since = await calendar.since(db) or now
    tests = rules.tests(await incidents.of_occasions(db))
    return Year(rules.occasions(plan.drill, tests, await calendar.postponed(db), since, now), since)


async def look(house: House) -> None:
    """Say what is due: part of every sweep."""
    now, said = house.clock.now(), 0
    async with house.database.write() as db:
        await calendar.begin(db, now)
        if not (house.doors or house.hosts):
            return  # nobody can be written to yet: a process opens its platforms after its first sweep
        before = await calendar.looked(db, now)
        found = await year_of(db, house.plan, now)
        for reminder in rules.due(house.plan.drill, found.occasions, found.since, now):
            away = now - reminder.at > rules.LATE and (before is None or before < reminder.at)
            said += await _say(db, house, reminder, now, away=away)
    if said:
        house.wake()


async def drawn(house: House, subject: str) -> Card | None:
    """The card of one reminder as of now: a test that was held meanwhile says so."""
    async with house.database.read() as db:
        told = await calendar.told(db, subject)
        found = await year_of(db, house.plan, house.clock.now())
        drills = await incidents.listed(db, practice=True, limit=_DRILLS)
    occasion = next((one for one in found.occasions if told and one.key == told.occasion), None)
    if told is None or occasion is None:
        return None
    lateness = Lateness(told.due_at, told.told_at, away=told.away)
    return reminder_card(occasion, lateness, house.plan, [one for one in drills if _is_test(one)])


def unheard(house: House) -> str:
    """What to set where nobody can be reminded; '' where somebody can."""
    readers = _readers(house, Reach.EVERYBODY)
    if readers.alone or readers.together:
        return ""
    if not (house.doors or house.hosts):
        return "Run the bot with Slack, Discord or the web console (LIFEBOAT_WEB_TOKENS__<PERSON>): lifeboat run."
    role = house.plan.roles[house.plan.drill.responsible].title
    return f"Give the {role} an account under [people] of the plan, or set a channel under [incidents.announce]."


async def postpone(house: House, to: date, reason: str, by: Person, key: str | None = None) -> Occasion:
    """Put off the test that is due next, or the one named. Raises Refused where the plan does not allow it."""
    now = house.clock.now()
    async with house.database.write() as db:
        found = await year_of(db, house.plan, now)
        occasion = meant(found.occasions, key)
        number = len(occasion.postponed) + 1
        put_off = rules.postpone(house.plan.drill, occasion, found.occasions, to, by.id, by.name, reason, now)
        if not await calendar.postpone(db, put_off, number):
            raise Refused(f"Somebody else put {occasion.key} off at the same moment.", "/drill schedule shows to when.")
        after = await year_of(db, house.plan, now)
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
    async with house.database.read() as db:
        known = await calendar.secret(db)
        # Nobody who asks without the secret costs more than this.
        if not known or not hmac.compare_digest(known.encode(), secret.encode()):
            return None
        found = await year_of(db, house.plan, house.clock.now())
    return feed(found.occasions, house.plan)


def _is_test(drill: Incident) -> bool:
    return drill.drill is not None and not drill.drill.practice.rehearsal


async def _say(db: Connection, house: House, reminder: Reminder, now: datetime, *, away: bool) -> int:
    """Remind everybody whom it concerns, who was not reminded yet; gives how many."""
    readers = _readers(house, reminder.reach)
    told, in_vain = 0, False
    for person, places in readers.alone.items():
        told += await _tell(db, reminder, person, places, now, away=away)
        sent = await posts.of(db, KIND, _key(reminder, person))
        spoken = [one for one in sent if one.platform in house.doors] or sent
        in_vain = in_vain or (bool(spoken) and all(one.state is PostState.GIVEN_UP for one in spoken))
    # Whoever cannot be written to is called where everybody reads.
    if readers.together and (readers.silent or in_vain or reminder.reach is Reach.EVERYBODY):
        told += await _tell(db, reminder, EVERYBODY, readers.together, now, away=away)
    return told


async def _tell(
    db: Connection, reminder: Reminder, whom: str, places: Sequence[Place], now: datetime, *, away: bool
) -> bool:
    key = _key(reminder, whom)
    if not await calendar.tell(db, Told(key, reminder.occasion.key, reminder.at, now, away), whom):
        return False
    for place in places:
        post = f"{KIND}:{key}:{place.platform}:{place.channel}"
        await posts.want(db, post, place.platform, place.channel, KIND, key, now)
    return True


def _key(reminder: Reminder, whom: str) -> str:
    return f"{reminder.occasion.key}:{reminder.round}:{whom}"


@dataclass(frozen=True, slots=True)
class _Readers:
    """Where each person is written to alone, where everybody reads, and whether anybody meant has no account."""

    alone: Mapping[PersonId, Sequence[Place]]
    together: Sequence[Place]
    silent: bool


def _readers(house: House, reach: Reach) -> _Readers:
    """Who is reminded, and where: on every platform where they are, as an incident's nudges are.

    Nobody knows which of them somebody looks at today.
    """
    plan, open_ = house.plan, {*house.doors, *house.hosts}
    roles = [plan.drill.responsible, *([plan.drill.deputy] if reach is Reach.EVERYBODY else [])]
    consoles = [platform for platform in house.hosts if platform not in house.doors]
    silent, alone = any(not plan.holders(role) for role in roles), dict[PersonId, Sequence[Place]]()
    for person in sorted({one.id for role in roles for one in plan.holders(role)}):
        known = [platform for platform in house.doors if plan.called(platform, person)]
        if known or consoles:
            alone[person] = [Place(platform, f"dm:{person}") for platform in [*known, *consoles]]
        # Who has no account where the team talks may never open the console.
        silent = silent or (not known and (bool(house.doors) or not consoles))
    announced = [Place(platform, channel) for platform, channel in plan.incidents.announce.items() if platform in open_]
    return _Readers(alone, announced, silent)
