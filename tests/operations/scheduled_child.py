"""A process that lives through one night: `python -m tests.operations.scheduled_child JSON`.

It dies when the slot is claimed and not yet recorded, or recorded and not yet begun; or it ends when its export has.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bot.domain.plan import Plan
from bot.house import House
from bot.operations import scheduling
from bot.operations.engine import Engine
from bot.store import operations
from tests.operations.home import ALERTS, PLAN, PRODUCTION, RealClock, ShiftedClock, home

CLAIMED, RECORDED = "claimed", "recorded"
_MINUTE = timedelta(minutes=1)


def planned(at: datetime, **more: Any) -> Plan:
    """The shipped plan, with an export of production scheduled at a moment of the day, announced on paper."""
    scheduled = {"export_at": at.time().replace(second=0, microsecond=0), "export_zone": "UTC", **more}
    environments = {**PLAN.environments, PRODUCTION: PLAN.environments[PRODUCTION].model_copy(update=scheduled)}
    incidents = PLAN.incidents.model_copy(update={"announce": {ALERTS.platform: ALERTS.channel}})
    return PLAN.model_copy(update={"environments": environments, "incidents": incidents})


@dataclass(frozen=True)
class Task:
    """What the child does; `began` is when the test did: the export is scheduled ten minutes later."""

    database: str
    folder: str
    url: str
    key: str
    began: str
    accident: str = ""

    def written(self, accident: str = "") -> str:
        return json.dumps(asdict(replace(self, accident=accident)))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyWork:
    async def start(self, *_: object) -> None:
        die()


class DeadlyDeployments(dict[Any, Any]):
    """Asked for right after the claim, before its transaction ends."""

    def __contains__(self, _: object) -> bool:
        die()
        return False


async def main(task: Task) -> None:
    began, clock = datetime.fromisoformat(task.began), ShiftedClock()
    plan = planned(began + 10 * _MINUTE)

    def furnish(house: House, _engine: Engine) -> House:
        return replace(house, plan=plan)

    def move(minutes: int) -> None:
        clock.shift = began + minutes * _MINUTE - RealClock().now()

    move(0)
    access = {PRODUCTION: (task.url, task.key)}
    async with home(task.database, Path(task.folder), access, clock=clock, furnish=furnish) as one:
        await scheduling.look(one.house)
        move(12)
        deadly: Any = DeadlyWork()
        if task.accident == RECORDED:
            await scheduling.look(replace(one.house, work=deadly))
        elif task.accident == CLAIMED:
            await scheduling.look(replace(one.house, deployments=DeadlyDeployments()))
        await one.sweep.once()
        async with one.house.database.read() as db:
            [operation] = await operations.recent(db, PRODUCTION)
        await one.ended(operation.id, 60)
        await one.sweep.once()


if __name__ == "__main__":
    asyncio.run(main(Task(**json.loads(sys.argv[1]))))
