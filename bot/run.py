"""Knows how the bot is started and stopped, with every door that the settings open."""

import asyncio
import signal
from contextlib import AsyncExitStack

import structlog

from bot.app import Running, running
from bot.domain.people import PersonId
from bot.domain.plan import Plan
from bot.platforms.terminal.listen import LocalSocket
from bot.platforms.terminal.post import TerminalPoster
from bot.platforms.web import Console
from bot.server import Server
from bot.settings import Settings

DEFAULT_PORT = 8080
_log = structlog.get_logger()


async def serve(settings: Settings, plan: Plan) -> int:
    """Run until the process is asked to stop. The page is there only when somebody has a token for it."""
    terminal = TerminalPoster()
    tokens = {token.get_secret_value(): PersonId(name) for name, token in settings.web_tokens.items()}
    console = Console(tokens=tokens) if tokens else None
    posters = [terminal] if console is None else [terminal, console]
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(running(settings, plan, posters=posters))
        await open_doors(stack, here, settings, terminal, console)
        _log.info("ready", environments=sorted(here.house.deployments), console=console is not None)
        await until_asked_to_stop()
        _log.info("stopping")
    return 0


async def open_doors(
    stack: AsyncExitStack, here: Running, settings: Settings, terminal: TerminalPoster, console: Console | None
) -> str | None:
    """Open the local socket, and the server where a port or the console is asked for; gives the server's URL."""
    local = LocalSocket(here.router, terminal, settings.data)
    await local.start()
    stack.push_async_callback(local.close)
    if settings.port is None and console is None:
        return None
    server = Server(here.readiness())
    if console is not None:
        console.mount(server.app, here.router, here.house)
    url = await server.start(settings.host, DEFAULT_PORT if settings.port is None else settings.port)
    stack.push_async_callback(server.close)
    return url


async def until_asked_to_stop() -> None:
    """Wait for SIGINT or SIGTERM."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked.set)
    await asked.wait()
