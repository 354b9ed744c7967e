"""Knows how the exports that the plan schedules are begun, each once, and tried again where one fails.

Knows nothing of when one is due, or of how it is made. What is begun is a row before it is work, in one transaction, so
that of any number of processes one begins it, and one that is killed right after leaves it to the next sweep.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from bot.domain import export_schedule, health
from bot.domain.backups import Operation
from bot.domain.errors import LifeboatError
from bot.domain.export_schedule import Slot, SlotState
from bot.domain.people import LIFEBOAT
from bot.domain.plan import Environment
from bot.house import House, Place
from bot.operations import export, tracking
from bot.operations.live import ENDED, OPERATION
from bot.store import backups, export_slots, operations, posts
from bot.store.database import Connection

_log = structlog.get_logger()


async def look(house: House) -> None:
    """Begin what is due, and see how what was begun has gone: part of every sweep."""
    for environment in house.plan.real:
        async with house.database.read() as db:
            slots = await export_slots.recent(db, environment.name)
        if slots or environment.export_at is not None:
            await _look(house, environment, slots)


async def _look(house: House, environment: Environment, slots: Sequence[Slot]) -> None:
    now, last = house.clock.now(), slots[0] if slots else None
    planned = export_schedule.schedule_words(environment)
    if planned != (last.planned if last else ""):
        # What the plan did not say then is not made up for now.
        async with house.database.write() as db:
            await export_slots.add(db, Slot(environment.name, now, planned, SlotState.PLANNED))
        last = None
    due = export_schedule.due(now, environment, last.at if last else None)
    newest = export_schedule.newest(slots)
    for slot in slots:
        if slot.state is SlotState.BEGUN:
            await _settle(house, slot, now)
        elif slot.state is SlotState.RETRY:
            superseded = due is not None or slot is not newest or not planned
            await _again(house, environment, slot, now, superseded=superseded)
    if due is not None:
        slot = Slot(environment.name, due.at, planned, SlotState.BEGUN, begun_at=now, attempts=1)
        missed = [Slot(environment.name, at, planned, SlotState.MISSED) for at in due.missed]
        await _begin(house, environment, slot, None, missed)


async def _settle(house: House, slot: Slot, now: datetime) -> None:
    """Record how the export that was begun for a slot has gone, once it has ended."""
    async with house.database.read() as db:
        operation = await operations.get(db, slot.operation) if slot.operation else None
    if operation is None or not operation.phase.ended:
        return
    after = export_schedule.ended(slot, operation, now)
    async with house.database.write() as db:
        if await export_slots.change(db, slot, after):
            _log.info("export_slot", environment=slot.environment, at=slot.at.isoformat(), state=after.state.value)
            for kind in (OPERATION, ENDED):
                await posts.changed(db, kind, operation.id)
    house.wake()


async def _again(house: House, environment: Environment, slot: Slot, now: datetime, *, superseded: bool) -> None:
    """Try once more what failed, unless a newer slot takes its place, or somebody made a copy meanwhile."""
    if superseded:
        await _change(house, slot, replace(slot, state=SlotState.FAILED, again_at=None))
    elif slot.again_at is not None and slot.again_at <= now:
        async with house.database.read() as db:
            copy = health.newest_verified(await backups.listed(db, environment.name))
        if copy is not None and copy.snapshot_at > slot.at:
            await _change(house, slot, replace(slot, state=SlotState.DONE, again_at=None))
            return
        anew = replace(slot, state=SlotState.BEGUN, begun_at=now, attempts=slot.attempts + 1, again_at=None)
        await _begin(house, environment, anew, slot, ())


async def _change(house: House, before: Slot, after: Slot) -> None:
    async with house.database.write() as db:
        await export_slots.change(db, before, after)


async def _begin(
    house: House, environment: Environment, slot: Slot, before: Slot | None, missed: Sequence[Slot]
) -> None:
    """Claim a slot and record its export, at once; then have the work done. Whoever is too late does nothing."""
    now = house.clock.now()
    async with house.database.write() as db:
        claimed = await (export_slots.add(db, slot) if before is None else export_slots.change(db, before, slot))
        if not claimed:
            return
        for one in missed:
            await export_slots.add(db, one)
        if environment.name not in house.deployments:
            await export_slots.change(db, slot, export_schedule.failed(slot, _unconnected(house, environment), now))
            return
        operation = await _enter(db, house, environment, now)
        await export_slots.change(db, slot, replace(slot, operation=operation.id))
    _log.info("export_slot", environment=slot.environment, at=slot.at.isoformat(), work=operation.id)
    await tracking.start(house, operation)


async def _enter(db: Connection, house: House, environment: Environment, now: datetime) -> Operation:
    places = [Place(platform, channel) for platform, channel in house.plan.incidents.announce.items()]
    return await export.enter(db, environment.name, LIFEBOAT, places, now, with_files=environment.export_with_files)


def _unconnected(house: House, environment: Environment) -> LifeboatError:
    return LifeboatError(
        f"{environment.title} is not connected, so Convex was not asked for a copy.",
        house.unconnected.get(environment.name, ""),
    )
