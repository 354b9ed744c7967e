"""Knows how an incident gets its rooms: opened once, then set up, each side call by itself. Knows no platform.

What is wanted is in the store, so that another process, or this one after a restart, goes on where this one stopped.
"""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.drills import PRACTICE
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.incident_events import Body, RoomOpened, SideCallFailed
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.house import House
from bot.operations import incidents as acting
from bot.operations.live import BOARD
from bot.ports import Gone, Host
from bot.store import incidents, posts, rooms
from bot.store.rooms import RoomRow

_POLL_SECONDS = 1.0
_LEASE = timedelta(seconds=60)
_CALL_SECONDS = 40.0
_ATTEMPTS = 60
_BACKOFF = timedelta(seconds=2)
_LONGEST_BACKOFF = timedelta(minutes=2)
_SOON = timedelta(seconds=1)
_SIDE_CALLS = ("invite", "topic", "pin")
_log = structlog.get_logger()


class Rooms:
    """Opens rooms and sets them up. One in each process; `name` tells it from the others."""

    def __init__(self, house: House, name: str = "lifeboat") -> None:
        self._house = house
        self._name = name
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Look at once whether a room is wanted; otherwise it takes up to a second."""
        self._awake.set()

    async def run(self) -> None:
        """Work, until cancelled. Each room by itself, so that a platform that hangs delays no other."""
        async with asyncio.TaskGroup() as tasks:
            await self._let_go()
            while True:
                self._awake.clear()
                while (room := await self._next()) is not None:
                    tasks.create_task(self._serve(room))
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._awake.wait()

    async def _let_go(self) -> None:
        """Nobody waits for the lease of a predecessor that died with a room half open: its name is ours now."""
        with suppress(Outage):
            async with self._house.database.write() as db:
                await rooms.let_go(db, self._name, self._house.clock.now())

    async def _next(self) -> RoomRow | None:
        now = self._house.clock.now()
        with suppress(Outage):
            async with self._house.database.read() as db:
                if not await rooms.any_due(db, now):
                    return None
            async with self._house.database.write() as db:
                return await rooms.hold(db, self._name, now, now + _LEASE)
        return None

    async def _serve(self, room: RoomRow) -> None:
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                await self._further(room)
        except TimeoutError:
            await self._survive(room, Outage(room.platform, "It did not answer in time."))
        except LifeboatError as problem:
            await self._survive(room, problem)
        except Exception:  # noqa: BLE001 - a mistake about one room must not stop the others; it is due again later
            _log.exception("bug", incident=room.incident, platform=room.platform)

    async def _survive(self, room: RoomRow, problem: LifeboatError) -> None:
        try:
            await self._later(room, problem)
        except LifeboatError as another:
            # Our own database may be what is away: the room is due again when its lease ends.
            _log.warning("room_not_settled", incident=room.incident, problem=another.problem)

    async def _further(self, room: RoomRow) -> None:
        async with self._house.database.read() as db:
            incident = await incidents.get(db, room.incident)
        host = self._house.hosts.get(room.platform)
        if incident is None or host is None:
            # Set up elsewhere, or a place that is nobody's room: it is posted to, and that is all.
            await self._settle(room, due_at=None)
        elif room.channel is None:
            await self._open(incident, room, host)
        else:
            await self._set_up(incident, room, host)

    async def _open(self, incident: Incident, room: RoomRow, host: Host) -> None:
        opened = await host.open_room(name_of(incident), f"{room.incident}:{room.platform}")
        happened = RoomOpened(platform=room.platform, channel=opened.channel, name=opened.name, url=opened.url)
        await acting.act(self._house, room.incident, LIFEBOAT, lambda incident: _unless_open(incident, happened))
        async with self._house.database.write() as db:
            await rooms.have(db, room.incident, room.platform, opened.channel, self._house.clock.now())
        self._house.wake()
        self.wake()

    async def _set_up(self, incident: Incident, room: RoomRow, host: Host) -> None:
        """Make the calls beside the point. The first that fails is tried again alone; what cannot be is noted."""
        assert room.channel is not None
        own = incident.room(room.platform, room.channel)
        waits = False
        for name in _SIDE_CALLS if own is not None and own.own else ():
            if name in room.done:
                continue
            try:
                made = await self._side_call(name, incident, room.channel, room.platform, host)
            except (Refused, Gone) as problem:
                await self._note(room, name, str(problem) or "It is not there any more.")
                made = True
            if made:
                room = replace(room, done=room.done | {name}, attempts=0)
                # Still ours: the next call of it must not be made by somebody else at the same time.
                await self._settle(room, due_at=self._house.clock.now() + _LEASE)
            waits = waits or not made
        now = self._house.clock.now()
        async with self._house.database.write() as db:
            kept = await incidents.take(db, room.incident)
            if kept is not None and topic_of(kept.incident) != topic_of(incident):
                # It went on while the call was made: what was set is old already.
                room, waits = replace(room, done=room.done - {"topic"}), True
            await rooms.settle(db, room, due_at=now + _SOON if waits else None)

    async def _side_call(self, name: str, incident: Incident, channel: str, platform: str, host: Host) -> bool:
        """Whether the call could be made already."""
        if name == "topic":
            await host.set_topic(channel, topic_of(incident))
            return True
        if name == "invite":
            plan, drill = self._house.plan, incident.drill
            # Training calls nobody: whoever rehearses adds whom they want.
            roles = () if drill is not None and drill.practice.rehearsal else plan.incidents.responders
            wanted = {incident.opened_by, *(one.id for role in roles for one in plan.holders(role))}
            # Who has no account there that the plan knows is brought in elsewhere: that is no failure.
            missed = [one for one in await host.invite(channel, sorted(wanted)) if plan.called(platform, one)]
            if missed:
                raise Refused(f"Not brought in: {', '.join(plan.name_of(one) for one in missed)}.")
            return True
        async with self._house.database.read() as db:
            board = await posts.get(db, f"{BOARD}:{incident.id}:{platform}")
        if board is None or board.message is None:
            return False
        await host.pin(channel, board.message)
        return True

    async def _later(self, room: RoomRow, problem: LifeboatError) -> None:
        """Try again after a while; what was tried often, or refused, is noted and left."""
        now = self._house.clock.now()
        if isinstance(problem, Outage) and room.attempts < _ATTEMPTS:
            again = now + min(_BACKOFF * 2 ** min(room.attempts, 10), _LONGEST_BACKOFF)
            _log.warning("room_waits", incident=room.incident, platform=room.platform, problem=problem.problem)
            await self._settle(room, due_at=max(again, problem.retry_at or again), failed=True)
            return
        if room.channel is not None:
            left = next((name for name in _SIDE_CALLS if name not in room.done), "")
            await self._note(room, left, problem.problem)
            await self._settle(replace(room, done=room.done | {left}), due_at=now)
            return
        await self._note(room, "room", problem.problem)
        await self._settle(room, due_at=None, state=rooms.NONE)
        await self._instead(room)

    async def _instead(self, room: RoomRow) -> None:
        """Where no room could be opened, an incident that was started there is worked on where it was started."""
        async with self._house.database.read() as db:
            incident = await incidents.get(db, room.incident)
        if incident is None or incident.place[0] != room.platform:
            return
        here = RoomOpened(platform=room.platform, channel=incident.place[1], name="here", own=False)
        await acting.act(self._house, room.incident, LIFEBOAT, lambda stands: _unless_open(stands, here))
        async with self._house.database.write() as db:
            await rooms.have(db, room.incident, room.platform, here.channel, self._house.clock.now())

    async def _note(self, room: RoomRow, what: str, problem: str) -> None:
        _log.warning("side_call_failed", incident=room.incident, platform=room.platform, what=what, problem=problem)
        failed = SideCallFailed(platform=room.platform, what=what, problem=problem)
        await acting.act(self._house, room.incident, LIFEBOAT, lambda _: (failed,))

    async def _settle(
        self, room: RoomRow, *, due_at: datetime | None, state: str | None = None, failed: bool = False
    ) -> None:
        async with self._house.database.write() as db:
            await rooms.settle(db, room, due_at=due_at, state=state, failed=failed)


def name_of(incident: Incident) -> str:
    """What its room is called: nobody may take practice for an incident."""
    return f"practice-{incident.id}" if incident.drill is not None else f"inc-{incident.id}"


def topic_of(incident: Incident) -> str:
    """What a room says about itself: what is wrong, since when, and whose turn it is."""
    if incident.closed_at is not None:
        return f"{PRACTICE}, over: {incident.title}" if incident.drill is not None else f"Closed: {incident.title}"
    step = incident.current
    turn = f" · now: {incident.number(step.key)}. {step.title}" if step else ""
    what = PRACTICE if incident.drill is not None else incident.environment.capitalize()
    return f"{what}: {incident.title} · since {incident.opened_at:%H:%M} UTC{turn}"


def _unless_open(incident: Incident, happened: RoomOpened) -> tuple[Body, ...]:
    return () if incident.room(happened.platform, happened.channel) else (happened,)
