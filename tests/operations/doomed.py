"""A process that does one export and kills itself at a given point: `python -m tests.operations.doomed JSON`.

Points are `step:when`. `when` is `before` or `after` the engine's call, `start` or `end` of the step's own body (the
last moment before its record is written), or `middle`, a moment after its start. `post` and `begin` are points, too.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from bot.domain.backups import EnvironmentName, OperationId
from bot.house import House
from bot.operations import export
from bot.operations.engine import Engine
from bot.store import operations
from tests.operations.home import ADA, OPS, PRODUCTION, QUICK, Home, Paper, home, register_all

MIDDLE_SECONDS = 0.15


def die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


class Point:
    """Where to die; each is reached once in a process."""

    def __init__(self, written: str) -> None:
        self.step, _, self.when = written.partition(":")

    def reached(self, step: str, when: str) -> None:
        if (self.step, self.when) == (step, when):
            die()


class DoomedFlow:
    """A workflow's flow that dies at its point."""

    def __init__(self, flow: Any, point: Point) -> None:
        self._flow, self._point = flow, point
        self.work_id, self.sleep = flow.work_id, flow.sleep

    async def step(self, name: str, fn: Callable[..., Any], *given: Any, **options: Any) -> Any:
        self._point.reached(name, "before")
        found = await self._flow.step(name, self._body(name, fn), *given, **options)
        self._point.reached(name, "after")
        return found

    async def tx(self, name: str, fn: Callable[..., Any], *given: Any) -> Any:
        self._point.reached(name, "before")
        found = await self._flow.tx(name, self._body(name, fn), *given)
        self._point.reached(name, "after")
        return found

    def _body(self, name: str, fn: Callable[..., Any]) -> Callable[..., Any]:
        async def body(*given: Any) -> Any:
            self._point.reached(name, "start")
            if (self._point.step, self._point.when) == (name, "middle"):
                asyncio.get_running_loop().call_later(MIDDLE_SECONDS, die)
            found = await fn(*given)
            self._point.reached(name, "end")
            return found

        return body


class DoomedEngine:
    """Takes registrations, and hands each workflow a flow that dies at its point."""

    def __init__(self, engine: Engine, point: Point) -> None:
        self._engine, self._point = engine, point

    def workflow(self, name: str, body: Callable[..., Any], ended: Callable[..., Any]) -> None:
        async def doomed(flow: Any, given: Any) -> None:
            await body(DoomedFlow(flow, self._point), given)

        async def doomed_end(flow: Any, given: Any, error: Any) -> None:
            await ended(DoomedFlow(flow, self._point), given, error)

        self._engine.workflow(name, doomed, doomed_end)


class DoomedPaper(Paper):
    def __init__(self, file: Path, point: Point) -> None:
        super().__init__(file)
        self._point = point

    async def post(self, channel: str, card: Any, key: str) -> str:
        self._point.reached("post", "start")
        message = await super().post(channel, card, key)
        self._point.reached("post", "end")
        return message


async def main(task: dict[str, Any]) -> None:
    point = Point(task["point"])
    access = {EnvironmentName(name): (url, key) for name, (url, key) in task["access"].items()}
    folder = Path(task["folder"])

    def register(engine: Engine, house: House) -> None:
        doomed: Any = DoomedEngine(engine, point)
        register_all(doomed, house)

    paper = DoomedPaper(folder / "paper.txt", point)
    async with home(task["url"], folder, access, limits=QUICK, register=register, paper=paper) as one:
        if task["begin"]:
            await _begin(one, point)
        await one.sweep.once()
        async with one.house.database.read() as db:
            operation = (await operations.recent(db))[0].id
        if task["cancel"]:
            await _cancel(one, operation)
        await one.ended(operation, 60)
        await one.drawn()


async def _begin(one: Home, point: Point) -> None:
    if point.step != "begin":
        await export.begin(one.house, PRODUCTION, ADA, OPS, with_files=True)
        return

    class Dying:
        async def start(self, *_: Any) -> None:
            die()

    dying: Any = Dying()
    house = House(**{name: getattr(one.house, name) for name in House.__slots__} | {"work": dying})
    await export.begin(house, PRODUCTION, ADA, OPS, with_files=True)


async def _cancel(one: Home, operation: OperationId) -> None:
    found = await one.until(operation, lambda found: found.phase.ended or found.phase == "exporting")
    if not found.phase.ended and found.cancel_by is None:
        await export.cancel(one.house, operation, ADA)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
