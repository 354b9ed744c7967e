"""A small bot with a socket, and a client for it, each as a process of its own: `serve FOLDER`, `say FOLDER LINE`."""

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import Annotated

import structlog

from bot.chat.cards import Card, Progress, Tone, text
from bot.chat.declare import Group, Help
from bot.domain.people import Role
from bot.house import Context
from bot.platforms.terminal.listen import LocalSocket
from bot.platforms.terminal.post import TerminalPoster
from bot.platforms.terminal.say import say_here, say_to
from bot.platforms.terminal.screen import Screen, open_console
from tests.routing import routing


def at_work(done: int) -> Card:
    return Card("Working on it", (Progress(f"{done} of 3 parts", done, 3),), Tone.WORKING)


class Work:
    """Work that is shown to whoever asked for it, as the outbox's sender would."""

    def __init__(self, poster: TerminalPoster) -> None:
        self._poster = poster
        self._running: set[asyncio.Task[None]] = set()
        self.gone = 0

    def begin(self, ctx: Context, last: Card | None) -> None:
        task = asyncio.ensure_future(self._run(ctx.place.channel, last))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, channel: str, last: Card | None) -> None:
        message = await self._poster.post(channel, at_work(0), "work-1")
        done = 0
        while last is None or done < 3:
            await asyncio.sleep(0.05)
            done += 1
            await self._poster.edit(channel, message, at_work(min(done, 2)))
            if await self._poster.find(channel, message) is None:
                self.gone += 1
                return
        await self._poster.edit(channel, message, last)


def work_group(work: Work) -> Group:
    group = Group("work", "Things to do.")

    @group.command()
    async def show(ctx: Context) -> Card:
        """Answer at once."""
        return Card("All is well", (text("Really."),), Tone.GOOD)

    @group.command()
    async def worry(ctx: Context) -> Card:
        """Answer at once that something is bad."""
        return Card("Nothing is safe", tone=Tone.BAD)

    @group.command()
    async def me(ctx: Context) -> Card:
        """Say who asks."""
        return Card(f"{ctx.by.id} {' '.join(sorted(ctx.by.roles))} {ctx.place.platform}")

    @group.command(needs=Role.OPERATOR)
    async def run(ctx: Context) -> None:
        """Work for a moment, and end well."""
        work.begin(ctx, Card("Done", tone=Tone.GOOD))

    @group.command(needs=Role.OPERATOR)
    async def fail(ctx: Context) -> None:
        """Work for a moment, and fail."""
        work.begin(ctx, Card("It failed", tone=Tone.BAD))

    @group.command(needs=Role.OPERATOR)
    async def forever(ctx: Context) -> None:
        """Work without an end."""
        work.begin(ctx, None)

    @group.command()
    async def left(ctx: Context) -> Card:
        """Say how many left before their work had ended."""
        return Card(str(work.gone))

    @group.command(confirm="Really do it?")
    async def sure(ctx: Context) -> Card:
        """Ask first."""
        return Card("It was done", tone=Tone.GOOD)

    @group.command()
    async def greet(
        ctx: Context, who: Annotated[str, Help("Whom")], loudly: Annotated[bool, Help("Loudly")] = False
    ) -> Card:
        """Greet somebody."""
        return Card(f"Hello {who}{' (loudly)' if loudly else ''}")

    @group.command(needs=Role.APPROVER)
    async def approve(ctx: Context) -> Card:
        """Only for approvers."""
        return Card("approved")

    @group.command()
    async def long(ctx: Context) -> Card:
        """A card of a megabyte."""
        return Card("long", (text("x" * 1_000_000),))

    @group.command()
    async def stop(ctx: Context) -> None:
        """Stop the process on the spot."""
        sys.stdout.flush()
        signal.raise_signal(signal.SIGKILL)

    @group.command()
    async def boom(ctx: Context) -> Card:
        """Fail in a way nobody foresaw."""
        raise ZeroDivisionError("secret detail")

    return group


async def serve(folder: Path) -> None:
    poster = TerminalPoster()
    async with routing(folder, work_group(Work(poster))) as router:
        local = LocalSocket(router, poster, folder)
        await local.start()
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        print("ready", flush=True)
        await ended.wait()
        await local.close()


async def here(folder: Path, line: str, screen: Screen) -> int:
    poster = TerminalPoster()
    async with routing(folder, work_group(Work(poster))) as router:
        return await say_here(router, poster, line, screen)


def main() -> int:
    verb, folder, *rest = sys.argv[1:]
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    if verb == "serve":
        asyncio.run(serve(Path(folder)))
        return 0
    screen = Screen(open_console(), as_json="--json" in rest)
    saying = here if verb == "here" else say_to
    with contextlib.suppress(KeyboardInterrupt):
        return asyncio.run(saying(Path(folder), rest[0], screen))
    return 131


if __name__ == "__main__":
    sys.exit(main())
