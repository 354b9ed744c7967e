"""Knows how the evidence of a drill is gathered from the records, whenever somebody asks, and packed to be handed over.

Knows nothing of what stands in it. Nothing of it is kept, so it never differs from the record.
"""

from dataclasses import dataclass
from typing import Protocol

from bot.domain import evidence_chain
from bot.domain.backups import BackupId
from bot.domain.errors import Refused
from bot.domain.evidence import Dossier
from bot.domain.evidence_archive import members, not_of
from bot.domain.evidence_chain import Broken
from bot.domain.evidence_made import dossier, without_samples
from bot.domain.incident_events import IncidentId
from bot.operations import drill_tools
from bot.operations.evidence_file import pack
from bot.store import incidents, reports
from bot.store.database import Database
from bot.views.evidence import rendered


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
    try:
        happened, hashes = evidence_chain.followed(rows), [one.hash for one in rows]
        made = dossier(happened, hashes, None, drill_tools.ours())
        copy = made.evidence.under_test
        # A copy that was checked anew since has another report, which was not there when the test was concluded.
        if report is not None and copy is not None and not not_of(copy, report):
            made = dossier(happened, hashes, without_samples(report), drill_tools.ours())
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
