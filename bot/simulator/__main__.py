"""Knows the simulator's command line: two deployments, their support desk and the services around them, and the one
that rehearsals use, in one process. Knows nothing of the bot that talks to them.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from bot.simulator.neighbours import Neighbours
from bot.simulator.server import Simulator, production_and_staging, rehearsal
from bot.simulator.support import SupportDesk

PARENT_CHECK_SECONDS = 0.5


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m bot.simulator",
        description="Campus Connect on two simulated Convex deployments, with a support desk.",
    )
    parser.add_argument("--folder", type=Path, required=True, help="where the data set is kept between runs")
    parser.add_argument("--size-mb", type=float, default=8, help="size of production, in megabytes of JSON")
    parser.add_argument("--export-seconds", type=float, default=0, help="how long an export is made to take")
    parser.add_argument("--traffic", type=float, default=0, metavar="N", help="new messages and likes a second")
    parser.add_argument("--port", type=int, default=0, help="production's port; staging takes the next one (0: any)")
    parser.add_argument("--rehearsal", choices=("beside", "alone"), help="serve the deployment to train on as well")
    parser.add_argument("--parent-pid", type=int, help="exit when this process is gone")
    return parser.parse_args()


def _described(simulator: Simulator) -> dict[str, str]:
    return {"url": simulator.url, "key": simulator.key, "name": simulator.name}


async def _parent_gone(parent: int) -> None:
    ours = os.getppid() == parent
    # Nothing announces the end of a parent; asking is all there is.
    while os.getppid() == parent if ours else _alive(parent):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(PARENT_CHECK_SECONDS)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


async def _serve(given: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        ready = await (_alone if given.rehearsal == "alone" else _all)(given, stack)
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        waits: list[asyncio.Future[object]] = [asyncio.ensure_future(stop.wait())]
        if given.parent_pid is not None:
            waits.append(asyncio.ensure_future(_parent_gone(given.parent_pid)))
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)


async def _alone(given: argparse.Namespace, stack: contextlib.AsyncExitStack) -> dict[str, Any]:
    trained_on = await stack.enter_async_context(rehearsal(given.folder))
    return {"rehearsal": _described(trained_on), "control": {"token": trained_on.token}}


async def _all(given: argparse.Namespace, stack: contextlib.AsyncExitStack) -> dict[str, Any]:
    production, staging = production_and_staging(
        given.folder,
        size_mb=given.size_mb,
        export_seconds=given.export_seconds,
        port=given.port,
        traffic_per_second=given.traffic,
    )
    around = Neighbours(broken=lambda: production.scenarios.broken)
    desk = SupportDesk({one.name: one.deployment for one in (production, staging)})
    for one in (production, staging, desk, around):
        await stack.enter_async_context(one)
    production.desk = staging.desk = desk
    ready: dict[str, Any] = {
        "production": _described(production),
        "staging": _described(staging),
        "control": {"token": production.token},
        "support": {"host": desk.host, "port": desk.port},
        "neighbours": around.described(),
    }
    if given.rehearsal:
        trained_on = await stack.enter_async_context(rehearsal(given.folder, token=production.token))
        ready["rehearsal"] = _described(trained_on)
    return ready


def main() -> None:
    """Serve until told to stop, or until the parent is gone."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments()))


if __name__ == "__main__":
    main()
