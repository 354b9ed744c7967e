"""Knows how something happens in an incident: load, decide, append, and want what is to be said of it, all at once.

Knows nothing of what may happen (the domain does), or of how it is shown.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from bot.domain import incident_moves
from bot.domain.backups import EnvironmentName
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, Event, IncidentId, RoomOpened, Started
from bot.domain.incidents import Incident, evolve
from bot.domain.people import LIFEBOAT, Person, PersonId
from bot.domain.plan import Plan, Step
from bot.house import House, Place
from bot.operations import telling
from bot.operations.live import ANNOUNCED, BOARD
from bot.store import incidents, posts, rooms
from bot.store.database import Connection
from bot.store.incidents import Kept, Next

Decide = Callable[[Incident], Sequence[Body]]
_ONE_DISASTER = timedelta(minutes=30)


async def start(
    house: House,
    by: Person,
    place: Place,
    *,
    title: str,
    what: str,
    cause: str,
    environment: EnvironmentName,
    noticed_at: datetime,
    another: bool = False,
) -> tuple[Incident, bool]:
    """Begin an incident and want its rooms; gives it, and whether it is new.

    One of the same environment that was opened within half an hour is taken to be the same, unless `another` is said:
    two people who see one disaster use different words. One of the same title is the same at any age.
    """
    now, plan = house.clock.now(), house.plan
    target = plan.environment(environment).recovery_target
    body = Started(
        title=title,
        what=what,
        cause=cause,
        environment=environment,
        noticed_at=noticed_at,
        recover_within=target if not isinstance(target, str) else None,
        checklist=plan.checklist,
        owners=owners(plan, plan.checklist, by),
        platform=place.platform,
        channel=place.channel,
    )
    async with house.database.write() as db:
        await incidents.alone(db)
        for one in await incidents.listed(db, open_only=True):
            if one.environment == environment and (_same(one, title) or (not another and _recent(one, now))):
                return one, False
        incident = await enter(db, house, f"{now:%Y-%m-%d}-{incident_moves.slug(title)}", body, by, now)
    house.wake()
    return incident, True


async def enter(db: Connection, house: House, base: str, body: Started, by: Person, now: datetime) -> Incident:
    """Record a start under the first id that is free, `base` or `base-2` and so on, and want its rooms."""
    number = 1
    while True:
        incident_id = IncidentId(base if number == 1 else f"{base}-{number}")
        first = Event(incident=incident_id, seq=1, at=now, by=by.id, by_name=by.name, body=body)
        begun = await incidents.begin(db, first, now)
        if begun is not None:
            return await _want_rooms(db, house, begun, Place(body.platform, body.channel), now)
        number += 1


def owners(plan: Plan, checklist: Sequence[Step], by: Person) -> dict[str, PersonId]:
    """Who holds each step at first, by its key: whoever begins it, if they have the role, else the first who has."""
    return {one.key: owner for one in checklist if (owner := _owner(plan, one, by))}


async def act(house: House, incident: IncidentId, by: Person, decide: Decide) -> Incident:
    """Let `decide` say what happens, given how the incident stands; gives how it stands after that.

    Of two who act at once, the second decides on what the first left. Raises what `decide` raises, and Refused for an
    incident that is not there.
    """
    async with house.database.write() as db:
        stands = await _record(db, house, incident, decide, by, house.clock.now())
    house.wake()
    return stands


async def remind(house: House, *due: IncidentId) -> None:
    """Say what is due about incidents: about all of these, or where anything goes wrong, about none.

    Whoever reminds of many wakes the sender once, after them all.
    """
    now, rules = house.clock.now(), house.plan.incidents
    async with house.database.write() as db:
        taken = await incidents.take_all(db, due)
        reminded = [_next(house, one, incident_moves.due(one.incident, now, rules), LIFEBOAT, now) for one in taken]
        await _keep(db, reminded, now)


async def here(house: House, place: Place, named: str | None = None, *, practice: bool | None = None) -> Incident:
    """The incident that is meant: the one named, else that of this room, else the only open one.

    A drill is meant by name or in its room; else only where nothing real is open. `practice` says that a drill must be
    meant (True) or must not, since what is done would be real (False). Raises Refused where none or several could be.
    """
    found = await _named(house, named) if named else await _in_room(house, place)
    if found is None:
        found = await _only_one(house, practice)
    if practice is False and found.drill is not None:
        raise Refused(
            f"{found.id} is practice, and this would be done for real. Nothing was done.",
            "In a drill, say that you would do it, and go on with the next step.",
        )
    return found


async def _named(house: House, named: str) -> Incident:
    async with house.database.read() as db:
        found = await incidents.get(db, IncidentId(named))
    if found is None:
        raise Refused(f"There is no incident {named!r}.", "/incident list shows them.", "/incident list")
    return found


async def _in_room(house: House, place: Place) -> Incident | None:
    async with house.database.read() as db:
        inside = await rooms.incident_in(db, place.platform, place.channel)
        return await incidents.get(db, inside) if inside is not None else None


async def _only_one(house: House, practice: bool | None) -> Incident:
    async with house.database.read() as db:
        open_ones = await incidents.listed(db, open_only=True) if not practice else []
        if not open_ones and practice is not False:
            open_ones = await incidents.listed(db, open_only=True, practice=True)
    if len(open_ones) == 1:
        return open_ones[0]
    noun, start = ("drill", "/drill start") if practice else ("incident", "/incident start")
    if not open_ones:
        raise Refused(f"No {noun} is open.", f"{start} begins one.", start)
    names = ", ".join(one.id for one in open_ones[:5])
    raise Refused(f"{len(open_ones)} {noun}s are open: {names}.", "Name one, with --of, or ask in its room.")


# --- what follows from what happened -------------------------------------------------------------------------------


async def _record(
    db: Connection, house: House, incident_id: IncidentId, decide: Decide, by: Person, now: datetime
) -> Incident:
    kept = await incidents.take(db, incident_id)
    if kept is None:
        raise Refused(f"There is no incident {incident_id!r}.", "/incident list shows them.", "/incident list")
    following = _next(house, kept, decide(kept.incident), by, now)
    await _keep(db, [following], now)
    return following.stands


def _next(house: House, kept: Kept, bodies: Sequence[Body], by: Person, now: datetime) -> Next:
    stands, happened = kept.incident, list[Event]()
    for body in bodies:
        event = Event(incident=stands.id, seq=stands.seq + 1, at=now, by=by.id, by_name=by.name, body=body)
        stands = evolve(stands, event)
        happened.append(event)
    return Next(kept, happened, stands, incident_moves.next_due_at(stands, house.plan.incidents))


async def _keep(db: Connection, following: Sequence[Next], now: datetime) -> None:
    """Record what happened, and want what is to be said of it."""
    changed = [one for one in following if one.happened]
    if not changed:
        return
    await incidents.append_all(db, changed)
    await posts.changed(db, BOARD, *(one.stands.id for one in changed))
    said = [post for one in changed for event in one.happened for post in telling.said(one.stands, event)]
    await posts.want_all(db, said)
    for one in changed:
        before, stands = one.kept.incident, one.stands
        if before.current != stands.current or before.closed_at != stands.closed_at:
            await rooms.retopic(db, stands.id, now)
        if (before.rooms, before.stopped, before.closed_at) != (stands.rooms, stands.stopped, stands.closed_at):
            await posts.changed(db, ANNOUNCED, stands.id)
        await telling.answered(db, stands, one.happened)


def _owner(plan: Plan, step: Step, by: Person) -> PersonId | None:
    holders = [one.id for one in plan.holders(step.role)] if step.role in plan.roles else []
    return by.id if by.id in holders else next(iter(holders), None)


def _same(one: Incident, title: str) -> bool:
    return one.title.casefold() == title.casefold()


def _recent(one: Incident, now: datetime) -> bool:
    return now - one.opened_at < _ONE_DISASTER


async def _want_rooms(db: Connection, house: House, incident: Incident, place: Place, now: datetime) -> Incident:
    opening = [name for name, host in house.hosts.items() if host.rooms]
    for platform in opening:
        await rooms.want(db, incident.id, platform, now)
    # Where the plan names no channel to announce in, those who read along where it was begun are told.
    beside = {place.platform: place.channel} if place.platform in opening else {}
    for platform, channel in {**beside, **house.plan.incidents.announce}.items():
        key = f"{ANNOUNCED}:{incident.id}:{platform}"
        await posts.want(db, key, platform, channel, ANNOUNCED, incident.id, now)
    if place.platform in opening:
        return incident
    await rooms.have(db, incident.id, place.platform, place.channel, now)
    return await _record(db, house, incident.id, lambda _: (_room_here(place),), LIFEBOAT, now)


def _room_here(place: Place) -> RoomOpened:
    """The place where somebody spoke, as the room: where none can be opened, it is worked on there."""
    return RoomOpened(platform=place.platform, channel=place.channel, name="here", own=False)
