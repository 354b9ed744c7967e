"""Knows how another process makes people act, and reads how fast it was answered. Knows nothing of the bot."""

import asyncio
import time
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from tests.emulators.slack.server import SlackEmulator


class Control:
    """`/control/…`: for benchmarks, so that the emulator and the bot can be two processes."""

    def __init__(self, emulator: "SlackEmulator") -> None:
        self._emulator = emulator

    def add(self, app: web.Application) -> None:
        """Serve it."""
        app.router.add_get("/control", self._about)
        app.router.add_post("/control/slash", self._slash)

    async def _about(self, request: web.Request) -> web.Response:
        emulator = self._emulator
        about = {"sockets": len(emulator.sockets.sockets), "answered": len(emulator.acks)}
        return web.json_response(about | {"late": len(emulator.timeouts), "complaints": emulator.complaints})

    async def _slash(self, request: web.Request) -> web.Response:
        """Say `text` `n` times, `concurrency` at once, each then silent for `rest` seconds.

        Gives the milliseconds until each was acknowledged.
        """
        asked = await request.json()
        emulator = self._emulator
        person = emulator.person(asked.get("person", "ada"))
        channel, total = asked.get("channel", "general"), int(asked.get("n", 1))
        slots, rest = asyncio.Semaphore(int(asked.get("concurrency", 1))), float(asked.get("rest", 0))
        began, acks, late = time.perf_counter(), len(emulator.acks), len(emulator.timeouts)

        async def say() -> None:
            async with slots:
                await person.say(asked["text"], channel)
                await asyncio.sleep(rest)

        await asyncio.gather(*(say() for _ in range(total)))
        took = time.perf_counter() - began
        milliseconds = [ack.seconds * 1000 for ack in emulator.acks[acks:]]
        measured = {"milliseconds": milliseconds, "late": len(emulator.timeouts) - late, "seconds": took}
        return web.json_response(measured)
