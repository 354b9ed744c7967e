"""Knows how the demo is put together: simulated deployments in a process of their own, and the page over them."""

import socket
from contextlib import AsyncExitStack
from pathlib import Path

from pydantic import SecretStr

from bot.access import ConvexAccess, GithubAccess, SentryAccess, SmtpAccess, SvixAccess, VercelAccess
from bot.domain.plan import Plan
from bot.settings import GivenSettings
from bot.simulated import simulator, to_train_on
from bot.views.welcome import welcome_card

_EXPORT_SECONDS = 6
_PER_SECOND = 2


async def serve(plan: Plan, folder: Path, *, port: int, size_mb: float) -> int:
    """Run the demo until it is asked to stop."""
    async with AsyncExitStack() as stack:
        options = {"--size-mb": size_mb, "--export-seconds": _EXPORT_SECONDS, "--traffic": _PER_SECOND}
        shown = (f"{name}={value}" for name, value in options.items())
        ready = await stack.enter_async_context(simulator(folder / "convex", *shown, "--rehearsal=beside"))
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
        plan, training = to_train_on(plan, simulated)
        opened = running(settings, plan, groups=(*GROUPS, control), training=training)
        here = await stack.enter_async_context(opened)
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
        "  then /simulator break, and export again. To train on a third one: /drill start --rehearsal.\n"
        f"  Everything it keeps is in {folder}. Ctrl-C ends it.\n"
    )
