"""Knows how a line is said from a command line, beside a running bot or without one."""

import asyncio
from contextlib import suppress

from bot.domain.plan import Plan
from bot.operations import replica
from bot.platforms.terminal.listen import LocalSocket
from bot.platforms.terminal.post import TerminalPoster
from bot.platforms.terminal.say import say_here, say_to
from bot.platforms.terminal.screen import Screen, open_console
from bot.settings import Settings

_LOOK_SECONDS = 5.0
"""How long somebody who says a line waits for a look at things as they are; a vendor's silence must not be ours."""


async def say(settings: Settings, plan: Plan, line: str, *, as_json: bool) -> int:
    """Say a line to the bot that runs on the data folder, or do it here; gives the exit status."""
    screen = Screen(open_console(), as_json=as_json)
    if replica.is_held(settings.data):
        return await say_to(settings.data, line, screen)
    from bot.app import running  # heavy, and not needed beside a running bot

    async with running(settings, plan, sweeping=False) as here:
        poster = TerminalPoster(here.name)
        here.posters[poster.platform] = poster
        # Whoever says something meanwhile is served too: there is never a second engine on a folder.
        local = LocalSocket(here.router, poster, settings.data)
        await local.start()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await here.sweep.once()
            status = await say_here(here.router, poster, line, screen)
            await local.finish()
            return status
        finally:
            await local.close()
