"""A child process in which something is stopped, or the tests run: `python -m tests.operations.brake_child JSON`.

Where `killing` names a point, it dies there. Begun again without one, it finishes what was left.
"""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.adapters.test_command import CommandSuite
from bot.domain.incident_events import Brake
from bot.operations import approvals, brakes, suites
from bot.store import incidents
from tests.operations.home import PRODUCTION
from tests.operations.killing import KillingEngine
from tests.operations.recovery import ADA, ROOM, Recovery, recovery
from tests.waiting import until

SUITE, CANCEL = "suite", "cancel"
ENDED = {SUITE: suites.ACTION, CANCEL: "Cancel scheduled"}


@dataclass(frozen=True)
class Task:
    """What the child does: `what` is a brake to put on, the tests to run, or to cancel what is scheduled, alone; it
    `begin`s it, or finds it begun.

    It ends when `events` that tell of it are recorded.
    """

    database: str
    folder: str
    url: str
    key: str
    around: dict[str, dict[str, str]]
    what: str
    begin: bool = False
    events: int = 1

    def written(self) -> str:
        return json.dumps(asdict(self))


async def main(task: Task) -> None:
    folder = Path(task.folder)
    suite = CommandSuite(f"{sys.executable} tests.py", folder)
    access = {PRODUCTION: (task.url, task.key)}
    around = task.around or None
    async with recovery(task.database, folder, access, around=around, suite=suite, engine_class=KillingEngine) as here:
        if task.begin:
            await _begin(here, task.what)
        await suites.look(here.house)
        await approvals.look(here.house)

        async def ended() -> bool:
            return await _told(here, task.what) >= task.events

        await until(ended, within=60)


async def _begin(here: Recovery, what: str) -> None:
    incident = await here.begun()
    if what == SUITE:
        await suites.begin(here.house, incident, ADA, ROOM)
    elif what == CANCEL:
        arguments = approvals.cancel_arguments(here.house, incident)
        action, reason = approvals.CANCEL_SCHEDULED, "Nobody else is awake."
        await approvals.alone(here.house, incident, action, arguments, ADA, reason)
    else:
        await brakes.pull(here.house, incident, [Brake(what)], ADA, on=True)


async def _told(here: Recovery, what: str) -> int:
    async with here.house.database.read() as db:
        [incident] = await incidents.listed(db)
    return len(await here.acted(incident, ENDED[what]) if what in ENDED else await here.braked(incident))


if __name__ == "__main__":
    asyncio.run(main(Task(**json.loads(sys.argv[1]))))
