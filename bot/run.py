"""Knows how the bot is started and stopped, with every door that the settings open."""

import asyncio
import gc
import signal
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING

import structlog

from bot.app import Running, running
from bot.domain.errors import Refused
from bot.domain.people import PersonId
from bot.domain.plan import Plan
from bot.operations import reminding
from bot.operations.overview import gauges
from bot.platforms.terminal.listen import LocalSocket
from bot.platforms.terminal.post import TerminalPoster
from bot.ports import Door
from bot.server import Server
from bot.settings import Settings
from bot.simulated import simulator, to_train_on

if TYPE_CHECKING:
    from bot.platforms.discord.listen import Discord
    from bot.platforms.slack.listen import Slack
    from bot.platforms.web.listen import Console

DEFAULT_PORT = 8080
_log = structlog.get_logger()


async def serve(settings: Settings, plan: Plan) -> int:
    """Run until the process is asked to stop. The page is there only when somebody has a token for it."""
    async with AsyncExitStack() as stack:
        training = None
        if settings.rehearsals:
            ready = await stack.enter_async_context(simulator(settings.data / "rehearsal", "--rehearsal=alone"))
            plan, training = to_train_on(plan, await ready())
        here = await stack.enter_async_context(running(settings, plan, training=training))
        console = _console(here, settings)
        url = await open_doors(stack, here, settings, console)
        _log.info("ready", environments=sorted(here.house.deployments), url=url, console=console is not None)
        ended = await until_the_end(here)
        _log.info("stopping")
    return 1 if ended else 0


async def open_doors(stack: AsyncExitStack, here: Running, settings: Settings, console: "Console | None") -> str | None:
    """Open the local socket, Slack and Discord, and the server where something is served; gives its address."""
    terminal = TerminalPoster(here.name)
    here.posters[terminal.platform] = terminal
    local = LocalSocket(here.router, terminal, settings.data)
    await local.start()
    stack.push_async_callback(local.close)
    slack, discord = _slack(here, settings), _discord(here, settings)
    doors: dict[str, Door] = {door.platform: door for door in (slack, discord) if door is not None}
    here.posters.update(doors)
    here.house.doors.update(doors)
    here.house.hosts.update(doors)
    for door in doors.values():
        stack.push_async_callback(door.close)
        door.open()
    posted_to = settings.slack is not None and settings.slack.signing_secret is not None
    if settings.port is None and console is None and not posted_to:
        return None
    port = DEFAULT_PORT if settings.port is None else settings.port
    checks = {**here.checks, **{name: door.deaf for name, door in doors.items()}}
    server = Server(checks, partial(gauges, here.house), host=settings.host, port=port)
    server.publish_calendar(partial(reminding.published, here.house))
    if slack is not None and posted_to:
        slack.mount(server.app)
    if console is not None:
        here.posters[console.platform] = console
        here.house.hosts[console.platform] = console
        console.mount(server.app)
    try:
        url = await server.start()
    except OSError as error:
        raise Refused(
            f"Port {port} of {settings.host} cannot be used: {error.strerror}. Nothing was started.",
            "Set PORT to another one, or stop what uses it.",
        ) from error
    stack.push_async_callback(server.stop)
    return url


# The libraries of Slack and Discord take half a second to load, those of the page a few megabytes: who has no token for
# one does without it.


def _console(here: Running, settings: Settings) -> "Console | None":
    tokens = {token.get_secret_value(): PersonId(name) for name, token in settings.web_tokens.items()}
    if not tokens:
        return None
    from bot.platforms.web.listen import Console
    from bot.views.welcome import welcome_card

    return Console(here.router, here.house, welcome=welcome_card(), tokens=tokens, public_url=settings.public_url)


def _slack(here: Running, settings: Settings) -> "Slack | None":
    access = settings.slack
    if access is None:
        return None
    from bot.platforms.slack.listen import Slack

    return Slack(
        here.router,
        here.house,
        bot_token=access.bot_token.get_secret_value(),
        app_token=access.app_token.get_secret_value() if access.app_token else None,
        signing_secret=access.signing_secret.get_secret_value() if access.signing_secret else None,
        api=access.api,
        prefix=settings.command_prefix,
        private_rooms=access.private_rooms,
    )


def _discord(here: Running, settings: Settings) -> "Discord | None":
    access = settings.discord
    if access is None:
        return None
    from bot.platforms.discord.listen import Discord

    return Discord(
        here.router,
        here.house,
        token=access.token.get_secret_value(),
        guild=access.guild,
        api=access.api,
        gateway=access.gateway,
        prefix=settings.command_prefix,
        rooms_in=access.rooms_in,
        category=access.category,
    )


def keep_apart_what_stays() -> None:
    """Let the search for garbage leave out what was loaded to start: it kept everything else waiting for 0.1 s."""
    gc.collect()
    gc.freeze()


async def until_the_end(here: Running) -> list[str]:
    """Wait for SIGINT or SIGTERM, or until a task that never ends has; gives the names of those that did."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    for task in here.tasks.values():
        task.add_done_callback(lambda _task: asked.set())
    keep_apart_what_stays()
    await asked.wait()
    ended = [name for name, task in here.tasks.items() if task.done()]
    for name in ended:
        # Whoever watches over the process starts it again; work that was under way goes on then.
        _log.critical("task_ended", task=name, problem=repr(here.tasks[name].exception()))
    return ended
