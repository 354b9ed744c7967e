"""Killing a process at an exact point of its work, to see that it ends the same after a restart.

In the child, take `KillingEngine` for `Engine`: where the environment names a point, the process sends itself SIGKILL
there. In the test, run the child once with `run` to learn its steps, then `run` it with each of `points(steps)`, and
once more without one; what is left of it all must be as if nothing had happened. Or let `run_in_turn` kill one process
after another, each at the first step of a workflow at which none has died before, until none is left.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from bot.operations.engine import Body, Ended, Engine, Flow
from tests.waiting import until

_POINT, _STEPS, _TURN = "TEST_KILL_AT", "TEST_KILL_STEPS", "TEST_KILL_IN_TURN"


class Place(StrEnum):
    """Where in a step: before it, when its work begins, when its work is done but not recorded, and after it."""

    BEFORE = "before"
    BEGIN = "begin"
    END = "end"
    AFTER = "after"


@dataclass(frozen=True)
class Step:
    """A step by its name, and which one of that name it is, from 1."""

    name: str
    nth: int


@dataclass(frozen=True)
class Point:
    """Where a process dies."""

    step: Step
    place: Place

    def __str__(self) -> str:
        return f"{self.place} {self.step.name}" + (f" {self.step.nth}" if self.step.nth > 1 else "")


@dataclass(frozen=True)
class Run:
    """How a child ended: its exit status (-9: killed), the steps that it began, and what it wrote."""

    status: int
    steps: tuple[Step, ...]
    output: str

    @property
    def killed(self) -> bool:
        return self.status == -signal.SIGKILL


@dataclass(frozen=True)
class Turn:
    """Dying once in each step of a workflow. `deaths` is the file that remembers where processes have died."""

    workflow: str
    place: Place
    deaths: str


def points(steps: Iterable[Step]) -> list[Point]:
    """Every point of these steps."""
    return [Point(step, place) for step in steps for place in Place]


async def run(
    module: str,
    *arguments: str,
    folder: Path,
    at: Point | None = None,
    after: float | None = None,
    within: float = 120,
    turn: "Turn | None" = None,
    once: Callable[[], bool] | None = None,
) -> Run:
    """Run `python -m module arguments` until it ends, dies at a point, or is killed after some seconds or `once`
    something holds.

    Raises TimeoutError, with the child killed, when it takes longer than `within` seconds.
    """
    steps = folder / "steps.jsonl"
    steps.unlink(missing_ok=True)
    environment = {
        **os.environ,
        _STEPS: str(steps),
        _POINT: json.dumps(asdict(at)) if at else "",
        _TURN: json.dumps(asdict(turn)) if turn else "",
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert child.stdout is not None
    output = asyncio.create_task(child.stdout.read())
    killer = asyncio.create_task(_kill(child, once, within)) if once is not None else None
    try:
        async with asyncio.timeout(after or within):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
        if after is None:
            raise TimeoutError((await output).decode()) from None
    finally:
        if killer is not None:
            killer.cancel()
    lines = steps.read_text().splitlines() if steps.exists() else []
    begun = tuple(Step(**json.loads(line)) for line in lines)
    assert child.returncode is not None
    return Run(child.returncode, begun, (await output).decode())


async def _kill(child: asyncio.subprocess.Process, once: Callable[[], bool], within: float) -> None:
    await until(once, within=within)
    child.kill()


async def run_in_turn(module: str, *arguments: str, folder: Path, workflow: str, place: Place) -> list[str]:
    """Run one process after another, each until it dies, until one comes to the end; gives where they died, in order.

    Raises AssertionError for one that ends otherwise.
    """
    deaths = folder / "deaths.txt"
    deaths.write_text("")
    turn = Turn(workflow, place, str(deaths))
    died = 0
    while (last := await run(module, *arguments, folder=folder, turn=turn)).killed:
        died += 1
    assert last.status == 0, last.output
    places = deaths.read_text().splitlines()
    assert len(places) == died == len({*places}), places
    return places


class KillingEngine(Engine):
    """An engine whose process dies at the point that the environment names, if any."""

    def workflow(self, name: str, body: Body, ended: Ended) -> None:
        async def deadly_body(flow: Flow, arguments: dict[str, Any]) -> None:
            await body(_DeadlyFlow(flow), arguments)

        async def deadly_ended(flow: Flow, arguments: dict[str, Any], error: Any) -> None:
            await ended(_DeadlyFlow(flow), arguments, error)

        super().workflow(name, deadly_body, deadly_ended)


class _DeadlyFlow(Flow):
    """Passes everything on to a flow, and dies on the way."""

    _begun: list[str] = []

    def __init__(self, flow: Flow) -> None:
        super().__init__(flow._engine, flow.work_id, stoppable=flow._stoppable)
        self._own: list[str] = []

    async def step(self, name: str, fn: Callable[..., Awaitable[Any]], *args: Any, **options: Any) -> Any:
        step = self._begin(name)
        try:
            return await super().step(name, self._deadly(step, fn), *args, **options)
        finally:
            self._die_if(step, Place.AFTER)

    async def tx(self, name: str, fn: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        step = self._begin(name)
        try:
            return await super().tx(name, self._deadly(step, fn), *args)
        finally:
            self._die_if(step, Place.AFTER)

    def _begin(self, name: str) -> "_Here":
        self._begun.append(name)
        self._own.append(name)
        step = Step(name, self._begun.count(name))
        with Path(os.environ[_STEPS]).open("a") as file:
            file.write(json.dumps(asdict(step)) + "\n")
        here = _Here(step, f"{self.work_id}: {name} {self._own.count(name)}")
        self._die_if(here, Place.BEFORE)
        return here

    def _deadly(self, here: "_Here", fn: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def deadly(*args: Any) -> Any:
            self._die_if(here, Place.BEGIN)
            try:
                return await fn(*args)
            finally:
                self._die_if(here, Place.END)

        return deadly

    def _die_if(self, here: "_Here", place: Place) -> None:
        if os.environ.get(_POINT) and json.loads(os.environ[_POINT]) == asdict(Point(here.step, place)):
            os.kill(os.getpid(), signal.SIGKILL)
        if os.environ.get(_TURN):
            turn = Turn(**json.loads(os.environ[_TURN]))
            deaths = Path(turn.deaths)
            if (
                place == turn.place
                and self.work_id.startswith(f"{turn.workflow}-")
                and here.within not in deaths.read_text().splitlines()
            ):
                with deaths.open("a") as file:
                    file.write(f"{here.within}\n")
                os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class _Here:
    """A step as this process counts it, and as its workflow does, which counts alike whoever goes on with it."""

    step: Step
    within: str
