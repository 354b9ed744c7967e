"""Knows how the demo is put together: two simulated deployments in a process of their own, and the page over them."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.access import ConvexAccess, GithubAccess, SentryAccess, SmtpAccess, SvixAccess, VercelAccess
from bot.domain.errors import LifeboatError
from bot.domain.plan import Plan
from bot.settings import GivenSettings
from bot.views.welcome import welcome_card

_EXPORT_SECONDS = 6
_PER_SECOND = 2
_STARTS_WITHIN = 120.0


async def serve(plan: Plan, folder: Path, *, port: int, size_mb: float) -> int:
    """Run the demo until it is asked to stop."""
    async with AsyncExitStack() as stack:
        ready = await stack.enter_async_context(_simulator(folder / "convex", size_mb))
        # Heavy, and imported while the simulator starts in its own process.
        from bot.app import running
        from bot.platforms.web.listen import Console
        from bot.run import open_doors, until_the_end
        from bot.simulator.commands import group
        from commands import GROUPS

        simulated = await ready()
        control = group(simulated["production"]["url"], simulated["control"]["token"])
        # Given, not read: the settings of this machine may name a production, and the demo lets anybody in.
        around = simulated["neighbours"]
        settings = GivenSettings(
            data=folder,
            convex={
                name: ConvexAccess(url=simulated[name]["url"], key=SecretStr(simulated[name]["key"]))
                for name in ("production", "staging")
            },
            smtp=SmtpAccess(**simulated["support"], sender="Ada Okafor <ada@example.com>", tls="none"),
            vercel=VercelAccess(**around["vercel"]),
            svix=SvixAccess(**around["svix"]),
            sentry=SentryAccess(**around["sentry"]),
            github=GithubAccess(**around["github"]),
            port=_free(port),
        )
        # The demo leaves the machine for nothing: the simulator answers for the status page too.
        page = plan.project.model_copy(update={"status_page": simulated["production"]["url"]})
        plan = plan.model_copy(update={"project": page})
        here = await stack.enter_async_context(running(settings, plan, groups=(*GROUPS, control)))
        first = next(iter(plan.people))
        console = Console(here.router, here.house, welcome=welcome_card(demo=True), demo=first)
        url = await open_doors(stack, here, settings, console)
        print(_welcome(url, folder), flush=True)  # noqa: T201 - what the person who started the demo came for
        ended = await until_the_end(here)
    return 1 if ended else 0


def _free(port: int) -> int:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _welcome(url: str | None, folder: Path) -> str:
    return (
        f"\n  Lifeboat's demo is ready: {url}\n\n"
        "  Two simulated Convex deployments stand behind it. Try /backup status, then /backup export,\n"
        "  then /simulator break, and export again. Everything it keeps is in "
        f"{folder}. Ctrl-C ends it.\n"
    )


@asynccontextmanager
async def _simulator(folder: Path, size_mb: float) -> AsyncIterator[Callable[[], Awaitable[dict[str, Any]]]]:
    """The simulator, in a process of its own so that its work never delays the bot's.

    Gives what to await: once it is ready, how it is reached.
    """
    command = [sys.executable, "-m", "bot.simulator", "--folder", str(folder), "--size-mb", str(size_mb)]
    command += ["--export-seconds", str(_EXPORT_SECONDS), "--traffic", str(_PER_SECOND)]
    process = await asyncio.create_subprocess_exec(
        *command, "--parent-pid", str(os.getpid()), stdout=asyncio.subprocess.PIPE
    )

    async def ready() -> dict[str, Any]:
        assert process.stdout is not None
        async with asyncio.timeout(_STARTS_WITHIN):
            line = await process.stdout.readline()
        if not line:
            raise LifeboatError("The simulator did not start. Nothing else was started.", "What it said is above.")
        return dict(json.loads(line))

    try:
        yield ready
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
