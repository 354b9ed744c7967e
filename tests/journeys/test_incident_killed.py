"""An incident whose bot is killed after its events, again and again: it ends as if nothing had happened to it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
import sqlalchemy as sa

from bot.domain.checklist import State
from bot.domain.incident_events import Event, IncidentId
from bot.simulator.server import Simulator
from bot.simulator.support import SupportDesk
from bot.store import incidents
from bot.store.database import Database
from bot.store.tables import console, console_rooms, incident_events, posts
from tests.emulators.slack import SlackEmulator
from tests.journeys.bot import Bot
from tests.journeys.recovering import Scene, Visitor, posted_twice
from tests.waiting import until

BEFORE_SAYING_AGAIN = 3.0
"""Seconds that people wait for a bot that is back, before they say again what nobody answered."""
HAPPENS = {
    "started": 1,
    "room_opened": 2,
    "point_set": 1,
    "step_moved": 12,
    "braked": 2,
    "letter_drafted": 1,
    "letter_pressed": 1,
    "letter_sent": 1,
    "letter_answered": 1,
    "restored": 1,
    "noted": 1,
    "closed": 1,
}


class Line(NamedTuple):
    """What somebody says, and how often its kind of event has happened once it took effect."""

    where: str
    said: str
    kind: str
    times: int = 1


STORY = (
    Line("slack", "/incident start --kind buggy-migration Users are gone", "room_opened", 2),
    Line("web", "/incident point {target}", "point_set"),
    Line("slack", "/incident assign 1 ben", "step_moved", 1),
    Line("web", "/incident begin 1", "step_moved", 2),
    Line("web", "/incident done 1 312 users are missing", "step_moved", 3),
    Line("slack", "/incident done 2 {target}", "step_moved", 4),
    Line("slack", "/incident skip 3 everybody is here", "step_moved", 5),
    Line("web", "/recovery stop pause --really production", "braked", 1),
    Line("slack", "/incident done 4 paused", "step_moved", 6),
    Line("slack", "/incident email", "letter_drafted"),
    Line("slack", "/incident email send", "letter_sent"),
    Line("web", "/incident answer It is restored.", "letter_answered"),
    Line("slack", "/recovery restored everything --source 'Convex support' --how 'in place'", "restored"),
    Line("web", "/incident done 5 by support", "step_moved", 7),
    Line("slack", "/incident done 6 looked at it", "step_moved", 8),
    Line("slack", "/incident skip 7 the code is as before", "step_moved", 9),
    Line("web", "/recovery resume all", "braked", 2),
    Line("slack", "/incident done 8 running", "step_moved", 10),
    Line("web", "/incident note Ask for two people before migrations", "noted"),
    Line("slack", "/incident done 9 in the wiki", "step_moved", 11),
    Line("slack", "/incident skip 10 nothing to change", "step_moved", 12),
    Line("web", "/incident close", "closed"),
)


class Reaper:
    """Kills a bot as soon as an event is recorded that it is told to, and starts it again."""

    def __init__(self, bot: Bot, database: Database, deadly: Callable[[Event], bool]) -> None:
        self._bot, self._database, self._deadly = bot, database, deadly
        self.up = asyncio.Event()
        self.deaths = 0
        self.events: list[Event] = []

    async def run(self) -> None:
        """Watch, until cancelled."""
        self.up.set()
        while True:
            if any(self._deadly(one) for one in await self._new()):
                self.up.clear()
                await self._bot.kill()
                self.deaths += 1
                await self._new()
                await self._bot.start()
                self.up.set()
            await asyncio.sleep(0.002)

    async def _new(self) -> Sequence[Event]:
        known = len(self.events)
        async with self._database.read() as db:
            query = sa.select(incident_events.c.event).order_by(incident_events.c.incident, incident_events.c.seq)
            found = [Event.model_validate_json(row.event) for row in await db.execute(query.offset(known))]
        self.events += found
        return found

    def has(self, line: Line) -> bool:
        """Whether what was said has taken effect."""
        return sum(one.body.type == line.kind for one in self.events) >= line.times

    def went_on(self, line: Line, deaths: int) -> bool:
        """Whether it has, or the bot died once more."""
        return self.has(line) or self.deaths > deaths


class First:
    """Deadly is the first event of each of these kinds; every event, where none is named."""

    def __init__(self, *kinds: str) -> None:
        self._kinds, self._all = set(kinds), not kinds

    def __call__(self, event: Event) -> bool:
        if self._all:
            return True
        deadly = event.body.type in self._kinds
        self._kinds.discard(event.body.type)
        return deadly


async def test_an_incident_ends_the_same_whatever_its_bot_dies_after(tmp_path: Path) -> None:
    reaper = await _played(
        tmp_path, f"sqlite:///{tmp_path / 'own.db'}", First("room_opened", "braked", "letter_sent", "closed")
    )
    assert reaper.deaths == 4


@pytest.mark.soak
@pytest.mark.timeout(900)
async def test_an_incident_ends_the_same_with_its_bot_killed_after_every_event(
    database_url: str, tmp_path: Path
) -> None:
    reaper = await _played(tmp_path, database_url, First())
    assert reaper.deaths >= len(STORY)


async def _played(folder: Path, url: str, deadly: Callable[[Event], bool]) -> Reaper:
    async with _scene(folder) as scene, aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        bot = scene.bot(folder, DATABASE_URL=url)
        await bot.start()
        target = await scene.break_production()
        database = Database.open(url)
        reaper = Reaper(bot, database, deadly)
        reaping = asyncio.create_task(reaper.run())
        try:
            for line in STORY:
                await _take(line, f"{target:%Y-%m-%dT%H:%M:%SZ}", reaper, scene, Visitor(session, bot, "ben"))
            await asyncio.sleep(0.1)
            await reaper.up.wait()
            await until(lambda: _all_stands(database), within=60)
            await _same_end(database, scene, reaper)
        finally:
            reaping.cancel()
            await asyncio.gather(reaping, return_exceptions=True)
            await bot.stop()
            await database.close()
    assert '"critical"' not in bot.log
    assert '"error"' not in bot.log, bot.log
    return reaper


async def _take(line: Line, target: str, reaper: Reaper, scene: Scene, ben: Visitor) -> None:
    """Say a line until it has taken effect, as people do who were not answered."""
    said = line.said.format(target=target)
    while not reaper.has(line):
        await reaper.up.wait()
        deaths = reaper.deaths
        with suppress(aiohttp.ClientError):
            await _say(line.where, said, scene, ben)
        # A letter whose end got lost is handed over again by the second sweep after it.
        patience = 150 if line.kind == "letter_sent" and reaper.has(Line("", "", "letter_pressed")) else 20
        await until(partial(reaper.went_on, line, deaths), within=patience)
        await reaper.up.wait()
        with suppress(TimeoutError):
            await until(lambda: reaper.has(line), within=BEFORE_SAYING_AGAIN)


async def _say(where: str, said: str, scene: Scene, ben: Visitor) -> None:
    if where == "web":
        await ben.say(said)
        return
    assert scene.slack is not None
    await scene.slack.person("ada").say(said, "backups")


async def _all_stands(database: Database) -> bool:
    """Whether everything that was wanted somewhere is there, as it is now."""
    async with database.read() as db:
        open_ = sa.or_(posts.c.drawn_version < posts.c.wanted_version, posts.c.state != "sent")
        threads = sa.or_(posts.c.under.is_(None), posts.c.platform != "web")
        return not await db.scalar(sa.select(sa.func.count()).select_from(posts).where(open_, threads))


async def _same_end(database: Database, scene: Scene, reaper: Reaper) -> None:
    slack = scene.slack
    assert slack is not None
    [name] = {one.incident for one in reaper.events}
    async with database.read() as db:
        incident = await incidents.get(db, IncidentId(name))
        happened = await incidents.timeline(db, IncidentId(name))
        assert await incidents.broken_at(db, IncidentId(name)) is None
        keys = list(await db.scalars(sa.select(console.c.key).where(console.c.key.like("post:%"))))
        wanted = list(await db.execute(sa.select(posts.c.key, posts.c.platform, posts.c.under)))
        rooms = await db.scalar(sa.select(sa.func.count()).select_from(console_rooms))
    assert incident is not None
    counted = Counter(str(one.body.type) for one in happened)
    assert {kind: counted[kind] for kind in HAPPENS} == HAPPENS
    assert set(counted) - set(HAPPENS) <= {"prompted", "acted"}
    states = [incident.steps[one.key].state for one in incident.checklist]
    skipped = {2, 6, 9}
    assert states == [State.SKIPPED if at in skipped else State.DONE for at in range(10)]
    assert (incident.closed_at is not None, incident.stopped, incident.restored) == (True, (), True)
    assert scene.is_as_before()
    assert not scene.convex.deployment.paused
    assert len(scene.desk.letters) == 1
    assert rooms == 1
    assert sum(one.name.startswith("inc-") for one in slack.world.channels.values()) == 1
    assert posted_twice(slack, None) == []
    on_slack = [one.metadata for place in slack.world.channels.values() for one in place.messages.values()]
    assert {one["event_payload"]["key"] for one in on_slack if one} == {key for key, at, _ in wanted if at == "slack"}
    assert len(keys) == len(set(keys)) == sum(at == "web" and under is None for _, at, under in wanted)


@asynccontextmanager
async def _scene(folder: Path) -> AsyncIterator[Scene]:
    async with (
        Simulator(folder / "convex", size_mb=0.2) as convex,
        SupportDesk({convex.name: convex.deployment}) as desk,
        SlackEmulator() as slack,
    ):
        yield Scene(convex, desk, slack, all_on_slack=True)
