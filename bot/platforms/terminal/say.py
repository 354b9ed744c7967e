"""Knows the two ways to say a line: to the router of this process, or to the bot that runs on a data folder. Knows
nothing of how it is decided which.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.domain.errors import LifeboatError, Outage
from bot.platforms.terminal import wire
from bot.platforms.terminal.address import address
from bot.platforms.terminal.people import local_person
from bot.platforms.terminal.post import Posted, TerminalPoster
from bot.platforms.terminal.screen import Screen
from bot.platforms.terminal.talk import Answer, Near, converse, error_card
from bot.router import Pressed, Router, Said

CONNECT_WITHIN = 10.0
"""Seconds given to a bot that is just starting."""

ANSWER_WITHIN = 120.0
"""Seconds after which a bot that took a line and says nothing is held to be stuck."""


async def say_here(router: Router, poster: TerminalPoster, line: str, screen: Screen) -> int:
    """Say a line to this process, stay until the work it started has ended, and give the exit status."""
    person = local_person(router.house.plan, os.getuid())
    with poster.open() as channel:
        return await converse(Near(router, person, channel), screen, line)


async def say_to(folder: Path, line: str, screen: Screen) -> int:
    """Say a line to the bot that runs on a data folder, follow the work it starts, and give the exit status."""
    try:
        async with _connected(folder) as far:
            return await converse(far, screen, line)
    except LifeboatError as problem:
        screen.draw(error_card(problem))
        screen.close()
        return 1


class Far:
    """A talk with the router of the bot that runs."""

    goes_on = "Left. What was begun goes on in the Lifeboat that runs."

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ended = True

    async def ask(self, ask: Said | Pressed) -> Answer:
        """Hand a request over. Raises Outage when no answer comes."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                if not self._ended:
                    await self._read()
                self._writer.write(wire.write_ask(ask))
                with contextlib.suppress(ConnectionError):
                    await self._writer.drain()
                # Also after a failed write: the bot may have said why it hung up.
                answer = await self._read()
        except TimeoutError:
            raise Outage(
                "lifeboat",
                f"The running Lifeboat took the line and has not answered for {ANSWER_WITHIN:.0f} seconds; "
                "it may still carry it out.",
                "Look at its log, or restart it: work that was begun goes on after a restart.",
            ) from None
        self._ended = False
        if not isinstance(answer, Answer):
            raise wire.unreadable()
        return answer

    async def posts(self) -> AsyncIterator[Posted]:
        """The cards as the bot redraws them, until it says that nothing more follows."""
        while isinstance(said := await self._read(), Posted):
            yield said
        self._ended = True

    async def _read(self) -> Answer | Posted | wire.End:
        try:
            line = await self._reader.readline()
        except (ConnectionError, ValueError):
            line = b""
        if not line.endswith(b"\n"):
            raise Outage(
                "lifeboat",
                "The Lifeboat that ran has ended. What was begun is recorded and no copy was lost.",
                "It goes on when Lifeboat runs again on this data folder.",
            )
        return wire.read(line)


@asynccontextmanager
async def _connected(folder: Path) -> AsyncIterator[Far]:
    connected = await _connect(folder)
    reader, writer = await asyncio.open_unix_connection(sock=connected, limit=wire.LONGEST_ANSWER)
    try:
        yield Far(reader, writer)
    finally:
        writer.close()


async def _connect(folder: Path) -> socket.socket:
    """A connection, tried again for a few seconds. Raises Outage when nobody listens."""
    loop = asyncio.get_running_loop()
    until = loop.time() + CONNECT_WITHIN
    while True:
        connecting = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connecting.setblocking(False)
        try:
            with address(folder) as short:
                await loop.sock_connect(connecting, short)
            return connecting
        except PermissionError:
            connecting.close()
            raise Outage(
                "lifeboat",
                "A Lifeboat runs on this data folder, and only the folder's owner may speak to it. Nothing was done.",
                "Say it as that user.",
            ) from None
        except OSError:
            connecting.close()
            if loop.time() >= until:
                raise Outage(
                    "lifeboat",
                    "A Lifeboat holds this data folder but does not answer. Nothing was asked of it.",
                    "It may be starting or stopping: try again in a moment. If it stays so, look at its log.",
                ) from None
        await asyncio.sleep(0.1)
