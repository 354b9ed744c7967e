"""Knows how a page is kept up to date by server-sent events, numbered by the store's `seq`. Knows nothing of commands.

A message's id is the `seq` of its insert. So a page that has read up to some `seq` has every visible message with a
smaller id, and what it lacks is told apart from what changed by that alone. Each look is one event, so that a broken
connection leaves a page with all of it or nothing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from bot.domain.errors import Outage
from bot.platforms.web import render
from bot.platforms.web.around import Around, Surroundings
from bot.platforms.web.post import Bell
from bot.store import console
from bot.store.console import Message
from bot.store.database import Database

LOOK_SECONDS = 1.0
"""How often the store is looked at, once for all streams: another process may have posted."""

HEARTBEAT_SECONDS = 5.0
"""How often an idle stream is written to and its session looked at: so long may somebody read on who is signed out."""

MOST_AT_ONCE = 200
"""Messages after which a page is quicker loaded anew than brought up to date."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is open: whose it is, up to which `seq` it has messages, the mark of what is around them."""

    around: Around
    person: str
    seq: int
    mark: str


class Live:
    """The open streams."""

    def __init__(
        self,
        database: Database,
        bell: Bell,
        line_of: Callable[[Message, str], render.Line],
        surroundings: Surroundings,
    ) -> None:
        self._database = database
        self._bell = bell
        self._line_of = line_of
        self._surroundings = surroundings
        self._closing = False

    def close(self) -> None:
        """End every stream at once; browsers connect again, to the next process."""
        self._closing = True
        self._bell.ring()

    async def watch(self) -> None:
        """Ring the bell for what other processes post, until cancelled."""
        seen = 0
        while True:
            try:
                async with self._database.read() as db:
                    newest = await console.newest_seq(db)
            except Outage:
                newest = seen
            if newest != seen:
                self._bell.ring()
            seen = newest
            await asyncio.sleep(LOOK_SECONDS)

    async def stream(
        self, request: web.Request, page: Page, still_valid: Callable[[], Awaitable[bool]]
    ) -> web.StreamResponse:
        """Send what a page lacks, until the browser leaves, the session ends or `close` is called."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        await response.prepare(request)
        seq, spoken = page.seq, dict[int, str]()
        shown = page.around if page.mark in ("", page.around.mark) else None
        looked_at = -HEARTBEAT_SECONDS
        rung = self._bell.next()
        try:
            while not self._closing and request.transport is not None:
                woken, rung = rung.is_set(), self._bell.next()
                changed = await self._changed(seq, page)
                around = await self._surroundings.of(page.around.channel) or page.around
                news = changed or around != shown
                if news or woken or time.monotonic() - looked_at >= HEARTBEAT_SECONDS:
                    if not await still_valid():
                        break
                    await response.write(b": alive\n\n")
                    looked_at = time.monotonic()
                if len(changed) >= MOST_AT_ONCE:
                    await response.write(b"event: reload\ndata: now\n\n")
                    break
                if news:
                    event = self._event(changed, seq, spoken, page, around, shown)
                    seq, shown = max((message.seq for message in changed), default=seq), around
                    await response.write(_encoded(seq, event))
                else:
                    await _first(rung.wait(), HEARTBEAT_SECONDS)
        except (ConnectionResetError, Outage):
            # The browser left, or the database did not answer: it connects again, from where it was.
            return response
        return response

    async def _changed(self, seq: int, page: Page) -> list[Message]:
        async with self._database.read() as db:
            return await console.after(db, seq, page.around.channel, page.person, MOST_AT_ONCE)

    def _event(
        self,
        changed: list[Message],
        seq: int,
        spoken: dict[int, str],
        page: Page,
        around: Around,
        shown: Around | None,
    ) -> str:
        lines = [
            self._line_of(message, page.around.channel) for message in sorted(changed, key=lambda message: message.id)
        ]
        news = [f"New room: {name}" for name in around.new_rooms(shown)] if shown else []
        for line in lines:
            words = render.spoken(line)
            # A progress card is redrawn every two seconds: it speaks when its title changes, not each time.
            if line.message.author != page.person and spoken.get(line.message.id) != words:
                news.append(words)
            spoken[line.message.id] = words
        added = [line for line in lines if line.message.id > seq]
        edited = [line for line in lines if line.message.id <= seq]
        moved = around if around != shown else None
        return render.draw("event.html", added=added, edited=edited, around=moved, spoken=news)


def _encoded(seq: int, text: str) -> bytes:
    lines = "\n".join(f"data: {line}" for line in text.splitlines() if line)
    return f"id: {seq}\n{lines}\n\n".encode()


async def _first(waiting: Awaitable[object], seconds: float) -> None:
    try:
        await asyncio.wait_for(waiting, seconds)
    except TimeoutError:
        pass
