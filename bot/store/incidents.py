"""Knows everything that happened in each incident, as a chain, and how each stands. Knows nothing of what may happen.

The events are the record; `stands` is what they add up to, kept beside them so that a board is drawn from one row.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.evidence_chain import Row
from bot.domain.incident_events import Event, IncidentId
from bot.domain.incidents import Incident, evolve
from bot.store import rows
from bot.store.tables import incident_events as events
from bot.store.tables import incidents as table

GENESIS = "0" * 64
"""What the first event of a chain follows."""
_BEGINNING = 0x4C424249
_OF_OCCASIONS = sa.select(table.c.stands).where(table.c.occasion != "")


@dataclass(frozen=True, slots=True)
class Kept:
    """An incident as it stands, with the end of its chain."""

    incident: Incident
    hash: str


@dataclass(frozen=True, slots=True)
class Next:
    """What is to be recorded of an incident that was taken: what happened, how it stands since, when it is next due."""

    kept: Kept
    happened: Sequence[Event]
    stands: Incident
    due_at: datetime | None


async def alone(db: AsyncConnection) -> None:
    """Let nobody else begin an incident or a drill before this transaction ends: who looks first whether there is one
    already sees each that was begun before. SQLite lets one writer in anyway.
    """
    if db.dialect.name == "postgresql":
        await db.execute(sa.select(sa.func.pg_advisory_xact_lock(_BEGINNING)))


async def begin(db: AsyncConnection, first: Event, due_at: datetime | None) -> Incident | None:
    """Record an incident's start. None when its id is taken."""
    incident = evolve(None, first)
    values = {
        "id": incident.id,
        "environment": incident.environment,
        "opened_at": incident.opened_at,
        "due_at": due_at,
        "seq": 0,
        "hash": GENESIS,
        "stands": "",
        "practice": incident.drill is not None,
        "occasion": incident.drill.practice.occasion if incident.drill is not None else "",
    }
    if not await rows.add(db, table, values):
        return None
    await append(db, Kept(incident, GENESIS), [first], incident, due_at)
    return incident


async def take(db: AsyncConnection, incident: IncidentId) -> Kept | None:
    """An incident that is about to change: nobody else changes it before this transaction ends."""
    return next(iter(await take_all(db, [incident])), None)


async def take_all(db: AsyncConnection, wanted: Sequence[IncidentId]) -> list[Kept]:
    """Those of the incidents that are there. Always taken in one order, or two who take the same would lock up."""
    query = sa.select(table.c.stands, table.c.hash).where(table.c.id.in_(wanted)).order_by(table.c.id)
    found = await db.execute(query.with_for_update())
    return [Kept(Incident.model_validate_json(row.stands), row.hash) for row in found]


async def ending(db: AsyncConnection, incident: IncidentId) -> str | None:
    """The hash of an incident's last event."""
    found: str | None = await db.scalar(sa.select(table.c.hash).where(table.c.id == incident))
    return found


async def append(
    db: AsyncConnection, kept: Kept, happened: Sequence[Event], stands: Incident, due_at: datetime | None
) -> None:
    """Record what happened next in an incident that was taken, and how it stands since."""
    await append_all(db, [Next(kept, happened, stands, due_at)])


async def append_all(db: AsyncConnection, everything: Sequence[Next]) -> None:
    """Record what happened next in incidents that were taken: something in each of them."""
    chained = [(one, _chained(one)) for one in everything]
    await db.execute(sa.insert(events), [event for _, following in chained for event in following])
    changes = [
        {
            "taken": one.stands.id,
            "seq": one.stands.seq,
            "hash": following[-1]["hash"],
            "stands": one.stands.model_dump_json(),
            "closed_at": one.stands.closed_at,
            "due_at": one.due_at,
        }
        for one, following in chained
    ]
    await db.execute(sa.update(table).where(table.c.id == sa.bindparam("taken")), changes)


async def get(db: AsyncConnection, incident: IncidentId) -> Incident | None:
    """An incident as it stands."""
    found = await db.scalar(sa.select(table.c.stands).where(table.c.id == incident))
    return Incident.model_validate_json(found) if found else None


async def listed(
    db: AsyncConnection, *, open_only: bool = False, practice: bool = False, limit: int = 50
) -> list[Incident]:
    """The newest incidents, newest first; with `practice` the drills instead."""
    query = sa.select(table.c.stands).order_by(table.c.opened_at.desc(), table.c.id.desc()).limit(limit)
    query = query.where(table.c.practice == sa.true() if practice else table.c.practice == sa.false())
    query = query.where(table.c.closed_at.is_(None)) if open_only else query
    return [Incident.model_validate_json(row.stands) for row in await db.execute(query)]


async def of_occasions(db: AsyncConnection) -> list[Incident]:
    """Every drill that was begun as one of the tests of a year, however long ago, in no order."""
    return [Incident.model_validate_json(row.stands) for row in await db.execute(_OF_OCCASIONS)]


async def due(db: AsyncConnection, now: datetime, limit: int = 2000) -> list[IncidentId]:
    """The incidents about which something is to be said, longest due first."""
    query = sa.select(table.c.id).where(table.c.due_at <= now).order_by(table.c.due_at).limit(limit)
    return [IncidentId(row.id) for row in await db.execute(query)]


async def timeline(db: AsyncConnection, incident: IncidentId, *, newest: int | None = None) -> list[Event]:
    """What happened, in its order; only the `newest` of it if that is given."""
    query = sa.select(events.c.event).where(events.c.incident == incident).order_by(events.c.seq.desc())
    found = await db.execute(query.limit(newest) if newest is not None else query)
    return [Event.model_validate_json(row.event) for row in reversed(found.all())]


async def chain(db: AsyncConnection, incident: IncidentId) -> list[Row]:
    """What happened, in its order, each event exactly as it is stored, with the hash before it and its own."""
    query = sa.select(events).where(events.c.incident == incident).order_by(events.c.seq)
    return [Row(row.seq, row.prev, row.hash, row.event) for row in await db.execute(query)]


async def event(db: AsyncConnection, incident: IncidentId, seq: int) -> Event | None:
    """One event."""
    found = await db.scalar(sa.select(events.c.event).where(events.c.incident == incident, events.c.seq == seq))
    return Event.model_validate_json(found) if found else None


async def chains(db: AsyncConnection) -> list[tuple[IncidentId, int]]:
    """Every incident and drill that left a trace, with how many events it has, newest first."""
    counted = sa.select(events.c.incident, sa.func.count().label("n"), sa.func.max(events.c.at).label("newest"))
    grouped = counted.group_by(events.c.incident).subquery()
    joined = table.outerjoin(grouped, grouped.c.incident == table.c.id)
    known = sa.select(table.c.id, grouped.c.n, table.c.opened_at.label("at")).select_from(joined)
    # Whoever takes away an incident leaves its events, and the other way round.
    lost = sa.select(grouped.c.incident, grouped.c.n, grouped.c.newest).where(
        grouped.c.incident.not_in(sa.select(table.c.id))
    )
    both = sa.union_all(known, lost).subquery()
    query = sa.select(both.c.id, both.c.n).order_by(both.c.at.desc(), both.c.id.desc())
    return [(IncidentId(row.id), row.n or 0) for row in await db.execute(query)]


async def broken_at(db: AsyncConnection, incident: IncidentId) -> int | None:
    """The first event, by its number, that does not follow from the one before; None for a whole chain.

    A chain that ends before what the incident says is broken at the first event that is missing; so is one whose
    incident is gone.
    """
    prev, expected = GENESIS, 1
    for row in await db.execute(sa.select(events).where(events.c.incident == incident).order_by(events.c.seq)):
        if row.seq != expected or row.prev != prev or row.hash != _hash(prev, row.event):
            return expected
        prev, expected = row.hash, expected + 1
    end = (await db.execute(sa.select(table.c.seq, table.c.hash).where(table.c.id == incident))).first()
    if end is None:
        return expected if expected > 1 else None
    return None if (end.seq, end.hash) == (expected - 1, prev) else expected


def _chained(one: Next) -> list[dict[str, Any]]:
    """The rows of what happened, each with the hash of the one before it."""
    written, prev = [], one.kept.hash
    for event in one.happened:
        text = event.model_dump_json()
        digest = _hash(prev, text)
        written.append(
            {
                "incident": event.incident,
                "seq": event.seq,
                "at": event.at,
                "type": event.body.type,
                "event": text,
                "prev": prev,
                "hash": digest,
            }
        )
        prev = digest
    return written


def _hash(prev: str, event: str) -> str:
    return hashlib.sha256(f"{prev}\n{event}".encode()).hexdigest()
