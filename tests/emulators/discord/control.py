"""Knows how another process makes people act, and reads how fast it was answered. Knows nothing of the bot."""

import asyncio
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from tests.emulators.discord.server import DiscordEmulator


def percentile(ordered: list[float], share: float) -> float | None:
    """The value that this share of them does not exceed."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None


class Control:
    """`/control/…`: for benchmarks, so that the emulator and the bot can be two processes."""

    def __init__(self, emulator: "DiscordEmulator") -> None:
        self._emulator = emulator

    def add(self, app: web.Application) -> None:
        """Serve it."""
        app.router.add_get("/control", self._about)
        app.router.add_post("/control/interactions", self._interactions)

    async def _about(self, request: web.Request) -> web.Response:
        emulator = self._emulator
        registered = [one["name"] for scope in emulator.commands.registered.values() for one in scope]
        answered, late = len(emulator.acks), len(emulator.timeouts)
        about: dict[str, Any] = {"sessions": emulator.sessions, "commands": registered}
        return web.json_response(about | {"answered": answered, "late": late})

    async def _interactions(self, request: web.Request) -> web.Response:
        """Say `command` `n` times, `concurrency` at once, each then silent for `rest` seconds.

        Gives the milliseconds until each was answered first.
        """
        asked = await request.json()
        person = self._emulator.person(asked.get("person", "ada"), roles=asked.get("roles", ["operators"]))
        channel, total = asked.get("channel", "general"), int(asked.get("n", 1))
        slots, rest = asyncio.Semaphore(int(asked.get("concurrency", 1))), float(asked.get("rest", 0))
        began, acks, late = time.perf_counter(), len(self._emulator.acks), len(self._emulator.timeouts)

        async def say() -> None:
            async with slots:
                await person.say(asked["command"], channel)
                await asyncio.sleep(rest)

        await asyncio.gather(*(say() for _ in range(total)))
        took = time.perf_counter() - began
        milliseconds = [ack.seconds * 1000 for ack in self._emulator.acks[acks:]]
        ordered = sorted(milliseconds)
        measured = {
            "milliseconds": milliseconds,
            "p50": percentile(ordered, 0.5),
            "p99": percentile(ordered, 0.99),
            "late": len(self._emulator.timeouts) - late,
            "seconds": took,
        }
        return web.json_response(measured)
