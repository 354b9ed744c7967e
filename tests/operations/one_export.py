"""A child process that does one export to its end: `python -m tests.operations.one_export JSON`.

Where `killing` names a step, it dies there; where the JSON names an accident, it dies of that: `begin` (recorded, not
yet started), `post` (posted, not yet recorded), or while the operation is in a phase.
"""

import asyncio
import json
import os
import signal
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bot.domain.backups import OperationId, Phase
from bot.operations import export
from bot.store import operations
from tests.operations.home import ADA, OPS, PRODUCTION, Home, Paper, home
from tests.operations.killing import KillingEngine

BEGIN, POST = "begin", "post"
IN_THE_MIDDLE = 0.1
"""Seconds in a phase until the death of it."""


@dataclass(frozen=True)
class Task:
    """What the child does. `begin` asks for the export, `cancel` stops it once Convex exports."""

    database: str
    folder: str
    url: str
    key: str
    begin: bool = False
    cancel: bool = False
    accident: str = ""

    def written(self) -> str:
        return json.dumps(asdict(self))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DeadlyPaper(Paper):
    async def post(self, channel: str, card: Any, key: str, under: str | None = None) -> str:
        await super().post(channel, card, key, under)
        die()
        return key


class DeadlyWork:
    async def start(self, *_: object) -> None:
        die()


async def main(task: Task) -> None:
    folder = Path(task.folder)
    paper = DeadlyPaper(folder / "paper.txt") if task.accident == POST else None
    access = {PRODUCTION: (task.url, task.key)}
    async with home(task.database, folder, access, engine_class=KillingEngine, paper=paper) as one:
        if task.begin:
            deadly: Any = DeadlyWork()
            house = replace(one.house, work=deadly) if task.accident == BEGIN else one.house
            await export.begin(house, PRODUCTION, ADA, OPS, with_files=True)
        await one.sweep.once()
        async with one.house.database.read() as db:
            operation = (await operations.recent(db))[0].id
        if task.accident in list(Phase):
            await one.until(operation, lambda found: found.phase == task.accident)
            await asyncio.sleep(IN_THE_MIDDLE)
            die()
        if task.cancel:
            await _cancel(one, operation)
        await one.ended(operation, 60)
        await one.drawn()


async def _cancel(one: Home, operation: OperationId) -> None:
    found = await one.until(operation, lambda found: found.phase.ended or found.phase is Phase.EXPORTING)
    if not found.phase.ended and found.cancel_by is None:
        await export.cancel(one.house, operation, ADA)


if __name__ == "__main__":
    asyncio.run(main(Task(**json.loads(sys.argv[1]))))
