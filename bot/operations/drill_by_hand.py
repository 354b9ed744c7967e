"""Knows how a test that people held without Lifeboat gets into its record. Knows nothing of how one is held with it.

It is a record like any other, over as it begins: a deviation from the procedure, so never better than partial.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count
from zoneinfo import ZoneInfo

from bot.domain import calendar as rules
from bot.domain import drill_moves, incident_moves
from bot.domain.backups import EnvironmentName
from bot.domain.drill_events import Deviated, Practice, Result
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, Closed, Event, IncidentId, Started
from bot.domain.incidents import Incident, evolve
from bot.domain.people import Person
from bot.domain.plan import Plan
from bot.house import House, Place
from bot.operations.live import SAID
from bot.store import drill_links, incidents, posts
from bot.store.database import Connection


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody tells of a test: when, how it went, why without Lifeboat, and where more of it stands."""

    on: date
    result: Result
    reason: str
    notes: str


async def record(house: House, by: Person, place: Place, occasion: str, told: Told) -> tuple[Incident, str]:
    """Record that the test of an occasion was held, and tell it where such is announced, since it has no room; gives
    it, and the hash of its end.

    Raises Refused for a day to come, for a pass, and where a test of it was held or is open.
    """
    plan, now = house.plan, house.clock.now()
    if told.on > rules.day_of(plan.drill, now):
        raise Refused(
            f"{told.on:%-d %B %Y} is still to come. Nothing was recorded.", "Say when it was.", parameter="on"
        )
    start = _start(plan, by, place, occasion, told)
    what = f"It was held on {told.on:%-d %B %Y} without Lifeboat, which saw nothing of it"
    async with house.database.write() as db:
        await incidents.alone(db)
        other = rules.tests(await incidents.of_occasions(db)).get(occasion)
        if other is not None:
            raise Refused(
                f"There is a test of {occasion} already: {other.drill}. Nothing was recorded.",
                f"/drill status --of {other.drill} shows it.",
                f"/drill status --of {other.drill}",
            )
        begun = await _begun(db, await drill_links.following(db, start), by, now)
        deviated = _events(begun, (Deviated(what=what, reason=told.reason.strip()),), by, now)
        stands = evolve(begun, deviated[0])
        ended = drill_moves.conclude(stands, told.result, proved=True, notes=told.notes, by=by, plan=plan, at=now)
        happened = [*deviated, *_events(stands, (*ended, Closed()), by, now)]
        for event in happened[1:]:
            stands = evolve(stands, event)
        kept = await incidents.take(db, stands.id)
        assert kept is not None
        await incidents.append(db, kept, happened, stands, incident_moves.next_due_at(stands, plan.incidents))
        end = await drill_links.hash_of(db, stands.id, stands.seq)
        for platform, channel in plan.incidents.announce.items():
            # Where it was said, the answer tells it.
            if (platform, channel) != (place.platform, place.channel):
                key, subject = f"{SAID}:{stands.id}/{stands.seq}:{platform}", f"{stands.id}/{stands.seq}"
                await posts.want(db, key, platform, channel, SAID, subject, now)
    house.wake()
    return stands, end or ""


def _start(plan: Plan, by: Person, place: Place, occasion: str, told: Told) -> Started:
    # Of the procedure, Lifeboat knows the last step alone: that somebody said how it went.
    step = next(one for one in plan.drill.steps if drill_moves.documents(one)).model_copy(update={"needs": ()})
    practice = Practice(
        occasion=occasion,
        source=EnvironmentName(plan.drill.source),
        target=EnvironmentName(plan.drill.target),
        put_back=False,
        project=plan.project.name,
    )
    return Started(
        title=f"Backup test {occasion}, held by hand",
        what=f"It was held on {told.on:%-d %B %Y}, and recorded afterwards.",
        cause="",
        environment=practice.target,
        noticed_at=datetime.combine(told.on, plan.drill.time, ZoneInfo(plan.drill.zone)),
        recover_within=None,
        checklist=(step,),
        owners={step.key: by.id},
        platform=place.platform,
        channel=place.channel,
        practice=practice,
    )


async def _begun(db: Connection, start: Started, by: Person, now: datetime) -> Incident:
    """The record under the first name that is free. It has no room: nothing is left to be done in one."""
    for number in count(1):
        name = IncidentId(f"{now:%Y-%m-%d}-drill" + (f"-{number}" if number > 1 else ""))
        first = Event(incident=name, seq=1, at=now, by=by.id, by_name=by.name, body=start)
        begun = await incidents.begin(db, first, None)
        if begun is not None:
            return begun
    raise AssertionError("numbers have no end")


def _events(stands: Incident, bodies: Sequence[Body], by: Person, now: datetime) -> list[Event]:
    return [
        Event(incident=stands.id, seq=number, at=now, by=by.id, by_name=by.name, body=body)
        for number, body in enumerate(bodies, stands.seq + 1)
    ]
