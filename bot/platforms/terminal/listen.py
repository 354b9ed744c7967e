"""Knows how the running bot takes lines through a socket in its data folder. Knows nothing of what they ask for."""

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import structlog

from bot.domain.errors import Refused
from bot.platforms.terminal import wire
from bot.platforms.terminal.address import NAME, address, peer_uid
from bot.platforms.terminal.people import local_person
from bot.platforms.terminal.post import Posted, TerminalPoster
from bot.platforms.terminal.talk import Answer, Near
from bot.router import Router
from bot.views.answers import refused_card

_log = structlog.get_logger()


class LocalSocket:
    """The socket of one data folder. Only the folder's owner (and root) may speak, by file mode and by the kernel's
    word on who is at the other end.

    Whoever starts it holds the folder's lock: a socket file that is already there is dead.
    """

    def __init__(self, router: Router, poster: TerminalPoster, folder: Path) -> None:
        self._router = router
        self._poster = poster
        self._folder = folder
        self._server: asyncio.Server | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self.at_work = 0
        self._idle = asyncio.Event()
        self._idle.set()

    async def start(self) -> None:
        """Listen. Raises Refused when the folder's path is too long, or somebody listens there already."""
        listening = _bind(self._folder)
        self._server = await asyncio.start_unix_server(self._meet, sock=listening, limit=wire.LONGEST_ASK)

    async def finish(self) -> None:
        """Take no new terminals, and wait until what the others asked for has ended."""
        if self._server is not None:
            self._server.close()
        (self._folder / NAME).unlink(missing_ok=True)
        await self._idle.wait()

    async def close(self) -> None:
        """Stop listening, and end every talk; the work they follow is not touched."""
        if self._server is None:
            return
        self._server.close()
        (self._folder / NAME).unlink(missing_ok=True)
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        self._server = None

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        try:
            with contextlib.suppress(ConnectionError):
                await self._talk(reader, writer)
        except asyncio.CancelledError:
            # Only `close` cancels a talk; a streams callback that ends cancelled is logged as an error.
            pass
        finally:
            self._talks.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        owner = self._folder.stat().st_uid
        uid = peer_uid(writer.get_extra_info("socket"))
        if uid not in (None, owner, 0):
            _log.warning("terminal_refused", uid=uid)
            problem = Refused("Only the owner of the data folder may speak here. Nothing was done.")
            async for _ in _lines(reader):
                await _say(writer, Answer(refused_card(problem), ok=False))
                return
            return
        person = local_person(self._router.house.plan, owner if uid is None else uid)
        with self._poster.open() as channel:
            near = Near(self._router, person, channel)
            async for line in _lines(reader):
                with self._working():
                    try:
                        answer = await near.ask(wire.read_ask(line))
                    except Refused as problem:
                        answer = Answer(refused_card(problem), ok=False)
                    await _say(writer, answer)
                    if answer.shown is None and answer.ok and not await _stream(near, reader, writer):
                        return
                    await _say(writer, wire.End())

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        self.at_work += 1
        self._idle.clear()
        try:
            yield
        finally:
            self.at_work -= 1
            if not self.at_work:
                self._idle.set()


async def _stream(near: Near, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    """Send what is posted until the work has ended; False when the other end left before."""

    async def send() -> None:
        async for posted in near.posts():
            await _say(writer, posted)

    sending = asyncio.ensure_future(send())
    # A terminal says nothing while it is shown something: what can be read here is its leaving.
    leaving = asyncio.ensure_future(reader.read(1))
    try:
        await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
        return sending.done()
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _lines(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        try:
            line = await reader.readline()
        except ValueError:
            # Longer than any request; where the next one begins cannot be known.
            yield b""
            return
        if not line.endswith(b"\n"):
            return
        yield line


async def _say(writer: asyncio.StreamWriter, said: Answer | Posted | wire.End) -> None:
    writer.write(wire.write(said))
    await writer.drain()


def _bind(folder: Path) -> socket.socket:
    path = folder / NAME
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with address(folder) as short:
            _clear(path, short)
            listening.bind(short)
        # Nobody can connect before `listen`, so there is no moment in which others may.
        path.chmod(0o600)
        listening.setblocking(False)
    except BaseException:
        listening.close()
        raise
    return listening


def _clear(path: Path, short: str) -> None:
    """Take a dead socket file away. Raises Refused for anything else that stands there."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise Refused(f"{path} is in the way: it is not a socket. Nothing was started.", "Move it elsewhere.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(short)
        except (ConnectionRefusedError, FileNotFoundError):
            path.unlink(missing_ok=True)
            return
        except OSError:
            pass
    raise Refused("Another Lifeboat already answers on this data folder. Nothing was started.", "Stop that one first.")
