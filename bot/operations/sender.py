"""Knows how what is wanted somewhere gets there: in order, paced, once, through outages. Knows no platform, no card.

One in each process. A message whose posting may or may not have happened is looked for before it is posted again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta

import structlog

from bot.chat.cards import Card
from bot.domain.errors import Outage, Refused
from bot.ports import Clock, Gone, Poster
from bot.store import posts
from bot.store.database import Database
from bot.store.posts import Lane, Post

Draw = Callable[[str, str], Awaitable[Card]]

_POLL_SECONDS = 1.0
_CALL_SECONDS = 45.0
_LEASE = timedelta(seconds=60)
_SHORTEST_BACKOFF = timedelta(seconds=1)
_LONGEST_BACKOFF = timedelta(seconds=60)
_PATIENCE = timedelta(hours=24)
_MOST_ATTEMPTS = 1_500
"""To post one message; a lane that fails altogether is given a day before it comes to this."""
_log = structlog.get_logger()


class Sender:
    """Posts and redraws. `draw(kind, subject)` gives a card as of now; `name` tells this process from the others."""

    def __init__(
        self, database: Database, clock: Clock, posters: Mapping[str, Poster], draw: Draw, name: str = "lifeboat"
    ) -> None:
        self._database = database
        self._clock = clock
        self._posters = posters
        self._draw = draw
        self._name = name
        self._awake = asyncio.Event()
        self._serving: set[tuple[str, str]] = set()

    def wake(self) -> None:
        """Look at once whether something is to be sent; otherwise it takes up to a second."""
        self._awake.set()

    async def run(self) -> None:
        """Send, until cancelled. Each channel by itself, so that one that is out of reach delays no other."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._awake.clear()
                for lane in await self._due():
                    self._serving.add(lane)
                    tasks.create_task(self._serve(*lane))
                with suppress(TimeoutError):
                    async with asyncio.timeout(_POLL_SECONDS):
                        await self._awake.wait()

    async def _due(self) -> list[tuple[str, str]]:
        paces = {platform: timedelta(seconds=poster.pace) for platform, poster in self._posters.items()}
        try:
            async with self._database.read() as db:
                due = await posts.due_lanes(db, self._name, self._clock.now(), paces)
        except Outage as outage:
            _log.warning("sender_waits", problem=outage.problem)
            return []
        return [lane for lane in due if lane not in self._serving]

    async def _serve(self, platform: str, channel: str) -> None:
        try:
            while (taken := await self._take(platform, channel)) is not None:
                await self._deliver(*taken)
            # What was committed while this lane was ending is seen now instead of at the next poll. Not after a
            # failure: a database that can be read and not written would be asked without a pause.
            self.wake()
        except Outage as outage:
            _log.warning("sender_waits", problem=outage.problem)
        except Exception:  # noqa: BLE001 - a mistake in one channel must not stop every other for good
            _log.exception("bug", platform=platform, channel=channel)
        finally:
            self._serving.discard((platform, channel))

    async def _take(self, platform: str, channel: str) -> tuple[Lane, Post] | None:
        pace = timedelta(seconds=self._posters[platform].pace)
        async with self._database.write() as db:
            # Not before: what a busy database kept us waiting would be missing from the lease.
            now = self._clock.now()
            lane = await posts.hold(db, platform, channel, self._name, now, _LEASE)
            if lane is None:
                return None
            waits = lane.retry_at is not None and lane.retry_at > now
            post = None if waits else await posts.next_due(db, lane, now - pace)
            if post is None:
                await posts.release(db, platform, channel, self._name)
                return None
            if post.message is None:
                await posts.attempt(db, post)
        return lane, post

    async def _deliver(self, lane: Lane, post: Post) -> None:
        if post.under is not None and not self._posters[post.platform].threads:
            async with self._database.write() as db:
                await posts.skip(db, post, "")
            return
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                message = await self._put(post, await self._draw(post.kind, post.subject))
        except Gone:
            await self._give_up(post, "The channel or the message is not there any more.")
        except Refused as refused:
            await self._drop(post, refused.problem)
        except Outage as outage:
            await self._wait(lane, post, outage)
        except TimeoutError:
            await self._wait(lane, post, Outage(post.platform, f"{post.platform} did not answer in {_CALL_SECONDS} s."))
        except Exception:  # noqa: BLE001 - one card that cannot be drawn must not stop every other
            _log.exception("bug", post=post.key, kind=post.kind, subject=post.subject)
            await self._drop(post, "Lifeboat made a mistake when it drew this; the log has the details.")
        else:
            async with self._database.write() as db:
                await posts.drawn(db, post, message, self._clock.now())
            asyncio.get_running_loop().call_later(self._posters[post.platform].pace, self.wake)

    async def _put(self, post: Post, card: Card) -> str:
        poster = self._posters[post.platform]
        message = post.message
        if message is None and post.attempts:
            message = await poster.find(post.channel, post.key, post.thread)
        if message is None:
            return await poster.post(post.channel, card, post.key, post.thread)
        return await poster.edit(post.channel, message, card)

    async def _wait(self, lane: Lane, post: Post, outage: Outage) -> None:
        now = self._clock.now()
        if lane.failing_since is not None and max(lane.failing_since, post.created_at) <= now - _PATIENCE:
            await self._drop(post, f"{outage.problem} It was tried for 24 hours.")
            return
        if post.message is None and post.attempts >= _MOST_ATTEMPTS:
            # Others succeed in between, so the lane is not failing.
            await self._drop(post, f"{outage.problem} It was tried {_MOST_ATTEMPTS} times.")
            return
        backoff = min(timedelta(seconds=2 ** min(lane.failures, 10)), _LONGEST_BACKOFF)
        retry_at = max(outage.retry_at or now + backoff, now + _SHORTEST_BACKOFF)
        _log.warning("post_failed", post=post.key, problem=outage.problem, retry_at=retry_at.isoformat())
        async with self._database.write() as db:
            await posts.failed(db, lane, post, outage.problem, now, retry_at, tried=not outage.unsent)

    async def _drop(self, post: Post, problem: str) -> None:
        if post.message is None:
            await self._give_up(post, problem)
            return
        # The message stands, only not up to date: its next change is another chance.
        _log.warning("redraw_skipped", post=post.key, problem=problem)
        async with self._database.write() as db:
            await posts.skip(db, post, problem)

    async def _give_up(self, post: Post, problem: str) -> None:
        _log.error("post_given_up", post=post.key, platform=post.platform, channel=post.channel, problem=problem)
        async with self._database.write() as db:
            await posts.give_up(db, post, problem)
