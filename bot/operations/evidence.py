"""Knows how the evidence of a drill is gathered from the records, whenever somebody asks, and packed to be handed over.

Knows nothing of what stands in it. Nothing of it is kept, so it never differs from the record.
"""

import platform
from dataclasses import dataclass
from importlib import metadata
from typing import Protocol

from bot.domain import evidence_chain
from bot.domain.backups import BackupId
from bot.domain.errors import Refused
from bot.domain.evidence import Dossier
from bot.domain.evidence_archive import members, not_of
from bot.domain.evidence_chain import Broken, Link
from bot.domain.evidence_made import dossier, without_samples
from bot.domain.incident_events import IncidentId
from bot.domain.incidents import Incident
from bot.operations.evidence_file import pack
from bot.store import incidents, reports
from bot.store.database import Connection, Database
from bot.views.evidence import rendered

_DRILLS = 1000


class Record(Protocol):
    """Where evidence is gathered from. A house is one; to gather it, no more of it has to stand."""

    @property
    def database(self) -> Database: ...


@dataclass(frozen=True, slots=True)
class Gathered:
    """An archive, and what it tells."""

    name: str
    packed: bytes
    made: Dossier


async def gather(where: Record, drill: IncidentId) -> Gathered:
    """The evidence of a drill as it stands. Raises Refused where there is none, or its record cannot be followed."""
    async with where.database.read() as db:
        found = await incidents.get(db, drill)
        if found is None or found.drill is None:
            raise Refused(f"There is no drill {drill!r}.", "/drill log shows them.", "/drill log")
        tested = found.drill.tested
        rows = await incidents.chain(db, drill)
        report = await reports.get(db, BackupId(tested.copy_id)) if tested else None
        previous = await _previous(db, found)
    try:
        happened = evidence_chain.followed(rows)
        made = dossier(happened, rows[-1].hash, None, previous, tools())
        copy = made.evidence.under_test
        # A copy that was checked anew since has another report, which was not there when the test was concluded.
        if report is not None and copy is not None and not not_of(copy, report):
            made = dossier(happened, rows[-1].hash, without_samples(report), previous, tools())
    except Broken as broken:
        raise Refused(
            f"The record of {drill} was changed outside Lifeboat: {broken}. It is evidence of nothing any more.",
            "An archive that was made before still is: lifeboat evidence FILE checks it.",
        ) from broken
    return Gathered(f"evidence-{drill}.zip", pack(members(rows, made, rendered)), made)


async def newest(where: Record) -> IncidentId:
    """The drill that was begun last. Raises Refused before the first."""
    async with where.database.read() as db:
        found = await incidents.listed(db, practice=True, limit=1)
    if not found:
        raise Refused("No drill was held yet, so there is no evidence.", "/drill start begins one.", "/drill start")
    return found[0].id


def tools() -> dict[str, str]:
    """What an archive is made with."""
    return {"lifeboat": metadata.version("lifeboat"), "python": platform.python_version()}


async def _previous(db: Connection, drill: Incident) -> Link | None:
    """Where the record of the drill before stood when this one began: what happened there later changes no archive.

    A rehearsal follows the rehearsal before, and a test the test before.
    """
    assert drill.drill is not None
    for one in await incidents.listed(db, practice=True, limit=_DRILLS):
        alike = one.drill is not None and one.drill.practice.rehearsal == drill.drill.practice.rehearsal
        if alike and (one.opened_at, one.id) < (drill.opened_at, drill.id):
            return evidence_chain.link(await incidents.chain(db, one.id), drill.opened_at)
    return None
