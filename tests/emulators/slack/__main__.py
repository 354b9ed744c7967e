"""Knows the emulator's command line: one Slack in a process of its own. Knows nothing of the bot."""

import argparse
import asyncio
import contextlib
import json
import signal
import sys

from tests.emulators.slack.server import SlackEmulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.emulators.slack", description="A Slack on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0: any")
    parser.add_argument("--request-url", default="", help="where the bot is called (HTTP mode), instead of by sockets")
    parser.add_argument("--strict", action="store_true", help="keep every call and judge every block, as the tests do")
    return parser.parse_args()


async def _serve(given: argparse.Namespace) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    url, strict = given.request_url, given.strict
    async with SlackEmulator(port=given.port, request_url=url, record=strict, models=strict) as emulator:
        about = {
            "api": emulator.api,
            "control": f"{emulator.url}/control",
            "bot_token": emulator.bot_token,
            "app_token": emulator.app_token,
            "signing_secret": emulator.signing_secret,
            "channels": {channel.name: channel.id for channel in emulator.world.channels.values()},
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
