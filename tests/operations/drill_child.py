"""A child process in which a drill goes from end to end: `python -m tests.operations.drill_child JSON`.

Where `killing` names a point, it dies there. Begun again without one, it finishes what was left: whoever agrees and
concludes does so once, looking at the record first.
"""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.domain import drill_moves
from bot.domain.checklist import State
from bot.domain.errors import Refused
from bot.domain.incident_events import IncidentId
from bot.operations import drills
from bot.store import incidents
from tests.operations.drilling import ADA, QUARTERLY, ROOM, Drilling, drilling
from tests.operations.home import PRODUCTION, STAGING
from tests.operations.killing import KillingEngine
from tests.waiting import until


@dataclass(frozen=True)
class Task:
    """What the child does, and how the two deployments are reached.

    `cancel` ends the drill once it waits for a yes; `shared`: another child goes on with the same drill meanwhile.
    """

    database: str
    folder: str
    production: tuple[str, str]
    staging: tuple[str, str]
    cancel: bool = False
    shared: bool = False

    def written(self) -> str:
        return json.dumps(asdict(self))


async def main(task: Task) -> None:
    access = {PRODUCTION: tuple(task.production), STAGING: tuple(task.staging)}
    folder = Path(task.folder)
    opened = drilling(task.database, folder, access, engine_class=KillingEngine, shared=task.shared)  # type: ignore[arg-type] # two words each
    async with opened as here:
        async with here.house.database.read() as db:
            known = await incidents.listed(db, practice=True)
        if not known:
            begun, _ = await drills.begin(here.house, ADA, ROOM, QUARTERLY, "Backup test 2026-Q4")
            known = [begun]

        async def over() -> bool:
            return await _further(here, known[0].id, cancel=task.cancel)

        await until(over, within=90)


async def _further(here: Drilling, name: IncidentId, *, cancel: bool) -> bool:
    """Answer what is asked now; gives whether the drill is over."""
    stands, drill = await here.stands(name)
    planned = drill_moves.agreement_open(drill)
    with suppress(Refused):
        if planned is not None and not drill.agreed:
            if cancel:
                await drills.cancel(here.house, name, "No time", ADA)
            else:
                await drills.agree(here.house, name, planned.digest, ADA)
        elif stands.steps["queries"].state is State.DONE and drill.concluded is None:
            await drills.conclude(here.house, name, None, True, "", ADA)
    return stands.closed_at is not None


if __name__ == "__main__":
    asyncio.run(main(Task(**json.loads(sys.argv[1]))))
