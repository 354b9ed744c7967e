"""Knows how what is lastingly wrong with the copies is noticed, reminded of and called over, each once.

Knows nothing of what is wrong, or when it is due to be said: the domain does. Every reminder is wanted in the
transaction that counts it, so that any number of processes send one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.chat.cards import Card
from bot.domain import conditions as rules
from bot.domain import export_schedule
from bot.domain.backups import EnvironmentName
from bot.domain.conditions import Condition, ConditionId, Kind, Wrong
from bot.domain.errors import Refused
from bot.domain.export_schedule import Slot
from bot.domain.health import Health
from bot.domain.people import Person, PersonId, Role
from bot.domain.plan import Environment
from bot.house import House, Place
from bot.operations import overview
from bot.store import conditions, export_slots, operations, posts
from bot.store.database import Connection
from bot.views.conditions import over_card, reminder_card

KIND = "condition"
_OVER = "over"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Watched:
    """An environment as it is: judged, its newest slots, those that left no copy, what is wrong, and what was noticed.

    What was noticed may be over, until the next sweep finds it so.
    """

    health: Health
    slots: Sequence[Slot]
    amiss: Sequence[Slot]
    wrong: Sequence[Wrong]
    noticed: Sequence[Condition]

    def lasting(self, now: datetime) -> list[Condition]:
        """What is wrong still, and no blip."""
        wrong = {one.kind for one in self.wrong}
        return [one for one in self.noticed if one.kind in wrong and now >= one.opened_at + rules.GRACE]


async def watched(db: Connection, house: House, environments: Sequence[Environment], now: datetime) -> list[Watched]:
    """Environments, from our own records alone."""
    noticed, found = await conditions.lasting(db), []
    for health in await overview.judge(db, house, environments, now):
        name, scheduled = health.environment.name, health.environment.export_at is not None
        # What was scheduled once says nothing of an environment where nothing is.
        slots = await export_slots.recent(db, name) if scheduled else []
        amiss = export_schedule.amiss(slots, health.newest.snapshot_at if health.newest else None)
        wrong = tuple(rules.wrong_with(health, amiss, now))
        found.append(Watched(health, slots, amiss, wrong, [one for one in noticed if one.environment == name]))
    return found


async def look(house: House) -> None:
    """Notice what is wrong and what no longer is, and say what is due: part of every sweep."""
    for environment in house.plan.real:
        await _look(house, environment)
    async with house.database.read() as db:
        lasting = await conditions.lasting(db)
    for condition in lasting:
        if condition.environment not in house.plan.environments:
            await _end(house, condition, house.clock.now())


async def drawn(house: House, subject: str) -> Card | None:
    """The card of one reminder, or of the end, as of now."""
    name, _, which = subject.partition("/")
    async with house.database.read() as db:
        condition = await conditions.get(db, ConditionId(name))
        environment = house.plan.environments.get(condition.environment) if condition else None
        if condition is None:
            return None
        if which == _OVER or environment is None:
            return over_card(condition, environment)
        [found] = await watched(db, house, [environment], house.clock.now())
    return reminder_card(condition, int(which), found.health, found.amiss, house.clock.now())


async def mute(house: House, environment: EnvironmentName, kind: Kind, days: int, reason: str, by: Person) -> Condition:
    """Remind nobody of something for so many days, or again with 0. Raises Refused for too long, and where it is over.

    The last reminder says so where it stands, so that nobody waits for the next in vain.
    """
    now = house.clock.now()
    if not 0 <= days <= rules.MUTED_AT_MOST.days:
        raise Refused(
            f"Reminders are muted for {rules.MUTED_AT_MOST.days} days at most: what is wrong stays wrong meanwhile."
            " Nothing was muted.",
            "Name fewer days; it can be muted again.",
            parameter="days",
        )
    until = now + timedelta(days=days) if days else None
    async with house.database.write() as db:
        lasting = await conditions.lasting(db, environment)
        found = next((one for one in lasting if one.kind is kind), None)
        muted = await conditions.mute(db, found, until, by.name, reason.strip()) if found is not None else None
        if muted is None:
            raise Refused(
                f"Nothing of that kind is wrong with {environment}, so there is nothing to mute.",
                f"/backup status {environment} shows what is.",
                f"/backup status {environment}",
            )
        await posts.changed(db, KIND, f"{muted.id}/{muted.round}")
    _log.info("condition_muted", condition=muted.id, by=by.id, until=until and until.isoformat())
    house.wake()
    return muted


async def _look(house: House, environment: Environment) -> None:
    now = house.clock.now()
    async with house.database.read() as db:
        [found] = await watched(db, house, [environment], now)
        exporting = await operations.running(db, environment.name) is not None
    noticed = {one.kind: one for one in found.noticed}
    for one in found.wrong:
        condition = noticed.get(one.kind)
        if condition is None:
            await _open(house, environment, one, now)
        elif rules.is_due(condition, one, now, scheduled=environment.export_at is not None, exporting=exporting):
            await _remind(house, condition, one, now)
    wrong = {one.kind for one in found.wrong}
    for condition in found.noticed:
        if condition.kind not in wrong:
            await _end(house, condition, now)


async def _open(house: House, environment: Environment, wrong: Wrong, now: datetime) -> None:
    name = ConditionId(f"{environment.name}-{wrong.kind}-{now:%Y%m%d-%H%M%S}")
    async with house.database.write() as db:
        await conditions.open_(db, Condition(name, environment.name, wrong.kind, wrong.since, now))


async def _remind(house: House, condition: Condition, wrong: Wrong, now: datetime) -> None:
    if not (house.doors or house.hosts):
        return  # nobody can be written to yet: at the start of a process, platforms are opened after the first sweep
    async with house.database.write() as db:
        told = await conditions.told(db, condition, wrong.stage, now)
        if told is not None:
            for place in _places(house, told, now):
                await _want(db, f"{told.id}/{told.round}", place.platform, place.channel, now)
    house.wake()


async def _end(house: House, condition: Condition, now: datetime) -> None:
    """Call it over, wherever the last reminder of it stands; where there was none, nobody needs to hear of it."""
    async with house.database.write() as db:
        if await conditions.end(db, condition, now) and condition.round:
            last = f"{condition.id}/{condition.round}"
            for post in await posts.of(db, KIND, last):
                await _want(db, f"{condition.id}/{_OVER}", post.platform, post.channel, now)
            await posts.changed(db, KIND, last)
    house.wake()


async def _want(db: Connection, subject: str, platform: str, channel: str, now: datetime) -> None:
    await posts.want(db, f"{KIND}:{subject}:{platform}:{channel}", platform, channel, KIND, subject, now)


def _places(house: House, condition: Condition, now: datetime) -> list[Place]:
    """The announcement channels; where it lasts or none can be reached, each operator alone as well."""
    open_ = {*house.doors, *house.hosts}
    places = [
        Place(platform, channel) for platform, channel in house.plan.incidents.announce.items() if platform in open_
    ]
    if not places or rules.is_lasting(condition, now):
        people = house.plan.holders(Role.OPERATOR)
        places += [place for one in people if (place := _alone(house, one.id)) is not None]
    return places


def _alone(house: House, person: PersonId) -> Place | None:
    """Where somebody is written to alone: the first platform that the plan knows them on, else the console."""
    known = [platform for platform in house.doors if house.plan.called(platform, person)]
    others = [platform for platform in house.hosts if platform not in house.doors]
    platform = next(iter([*known, *others]), None)
    return Place(platform, f"dm:{person}") if platform else None
