"""Knows the emulator's command line: one Discord in a process of its own. Knows nothing of the bot."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys

from tests.emulators.discord.server import DiscordEmulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.emulators.discord", description="A Discord on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0: any")
    parser.add_argument("--record", action="store_true", help="keep every request, as the tests do")
    return parser.parse_args()


async def _serve(given: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with DiscordEmulator(port=given.port, record=given.record) as emulator:
        about = {
            "api": emulator.api,
            "gateway": emulator.gateway,
            "control": emulator.api.removesuffix("/api/v10") + "/control",
            "token": emulator.token,
            "application": emulator.application_id,
            "guild": emulator.guild_id,
            "channels": {channel.name: channel.id for channel in emulator.world.channels.values()},
            "roles": {about["name"]: key for key, about in emulator.world.roles.items()},
        }
        sys.stdout.write(json.dumps(about) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main() -> None:
    """Serve until told to stop. The first line printed says where."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments()))


if __name__ == "__main__":
    main()
