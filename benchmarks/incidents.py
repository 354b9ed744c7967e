"""How soon an incident has its channel, how fast its board is redrawn in a full store, and how long a sweep takes.

Against: the same calls of Slack made one after the other by its own client; the same board in an empty store; the same
rows only read. Each on SQLite and on PostgreSQL.
"""

import asyncio
import logging
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import sqlalchemy as sa
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import Running, running
from bot.domain.backups import EnvironmentName
from bot.domain.incident_events import IncidentId, Noted
from bot.domain.people import Person, PersonId, Role
from bot.domain.plan import load
from bot.house import House, Place
from bot.operations import incidents as acting
from bot.operations.engine import Engine
from bot.operations.live import BOARD, draw
from bot.operations.sweep import Sweep
from bot.settings import GivenSettings
from bot.store.tables import incidents as table
from tests.databases import postgresql_database, postgresql_server
from tests.emulators.slack import SlackEmulator
from tests.journeys.bot import Bot
from tests.waiting import until

PLAN = Path(__file__).parent.parent / "bot" / "plan.toml"
CALL_SECONDS = 0.05
STARTS = 10
PORT = 18766
FULL, IN_ONE, FEW = 10_000, 1_000, 10
"""Events in the store, in the incident that is measured, and in the store that it is held against."""
REDRAWS = 200
OPEN = 1_000
MINUTE = 100
"""Each incident asks at most thrice of a step, ten minutes apart: of a thousand, about so many in one minute."""
SWEEPS = 5
ADA = Person(PersonId("ada"), "Ada Okafor", frozenset({Role.RESPONDER, Role.OPERATOR}))


def main() -> str:
    """The three tables, as Markdown."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with postgresql_server() as server:
        return asyncio.run(_everything(server))


async def _everything(server: str) -> str:
    databases = ("SQLite", "PostgreSQL")
    starts = [
        "| channel, board and first message after `/incident start` | p50 s | longest s | ratio |",
        "|---|---|---|---|",
    ]
    alone = await _calls_alone()
    starts.append(f"| its five calls of Slack, one after the other | {alone:.2f} | | 1.00 |")
    boards = ["| an event, until its board is drawn | database | p50 ms | ratio |", "|---|---|---|---|"]
    sweeps = ["| 1,000 open incidents | database | p50 s | rows only read s | ratio |", "|---|---|---|---|---|"]
    for name in databases:
        async with _database(name, server) as url:
            times = await _starts(url)
        p50 = statistics.median(times)
        starts.append(f"| **lifeboat**, {name} | {p50:.2f} | {max(times):.2f} | {p50 / alone:.2f} |")
        few, full = [await _redraws(name, server, events) for events in (FEW, FULL)]
        boards.append(f"| {FEW} events in the store | {name} | {few * 1000:.1f} | 1.00 |")
        boards.append(
            f"| {FULL:,} in the store, {IN_ONE:,} of them its own | {name} | {full * 1000:.1f} | {full / few:.2f} |"
        )
        for what, seconds, read in await _sweeps(name, server):
            sweeps.append(f"| {what} | {name} | {seconds:.2f} | {read:.2f} | {seconds / read:.1f} |")
    slow = f"Every call of Slack takes {CALL_SECONDS * 1000:.0f} ms."
    return "\n\n".join((slow, "\n".join(starts), "\n".join(boards), "\n".join(sweeps)))


@asynccontextmanager
async def _database(name: str, server: str) -> AsyncIterator[str]:
    """The URL of an empty one."""
    if name == "PostgreSQL":
        async with postgresql_database(server) as url:
            yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/lifeboat.db"


# --- from the command to the channel ----------------------------------------------------------------------------------


async def _starts(url: str) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        async with SlackEmulator() as slack:
            plan = Path(folder) / "plan.toml"
            ada = slack.person("ada")
            written = PLAN.read_text("utf-8").replace("[people.ada]\n", f'[people.ada]\nslack = "{ada.id}"\n')
            plan.write_text(written, "utf-8")
            settings = {
                "LIFEBOAT_PLAN": str(plan),
                "LIFEBOAT_SLACK__BOT_TOKEN": slack.bot_token,
                "LIFEBOAT_SLACK__APP_TOKEN": slack.app_token,
                "LIFEBOAT_SLACK__API": slack.api,
                "DATABASE_URL": url,
            }
            bot = Bot(Path(folder), PORT, settings)
            await bot.start()
            try:
                slack.faults.slow("*", CALL_SECONDS)
                return [await _start(slack, number) for number in range(STARTS)]
            finally:
                await bot.stop()


async def _start(slack: SlackEmulator, number: int) -> float:
    ada, begun = slack.person("ada"), time.perf_counter()
    await ada.say(f"/incident start --another Disaster {number}", "incidents")
    await until(lambda: _is_ready(slack, f"disaster-{number}"), within=30)
    return time.perf_counter() - begun


def _is_ready(slack: SlackEmulator, end: str) -> bool:
    rooms = [one for one in slack.world.channels.values() if one.name.endswith(end)]
    return bool(rooms) and sum(one.metadata is not None for one in rooms[0].messages.values()) >= 2


async def _calls_alone() -> float:
    """What no bot can be faster than: the channel made and marked, somebody invited, two messages posted."""
    times = []
    async with SlackEmulator() as slack, aiohttp.ClientSession() as session:
        client = AsyncWebClient(slack.bot_token, base_url=slack.api, session=session)
        ada = slack.person("ada")
        slack.faults.slow("*", CALL_SECONDS)
        for number in range(STARTS):
            begun = time.perf_counter()
            made = (await client.conversations_create(name=f"inc-{number}"))["channel"]["id"]
            await client.conversations_setPurpose(channel=made, purpose="x")
            await client.conversations_invite(channel=made, users=[ada.id])
            for words in ("Board", "First message"):
                await client.chat_postMessage(channel=made, text=words)
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


# --- boards and sweeps ------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _house(name: str, server: str) -> AsyncIterator[Running]:
    async with _database(name, server) as url:
        with tempfile.TemporaryDirectory() as folder:
            settings = GivenSettings(data=Path(folder), database_url=url)
            plan = load(PLAN.read_text("utf-8"))
            # Nobody answers there, at once: what a status page says is not what is measured.
            page = plan.project.model_copy(update={"status_page": "http://127.0.0.1:9"})
            async with running(settings, plan.model_copy(update={"project": page}), sweeping=False) as here:
                yield here


async def _begin(house: House, number: int) -> IncidentId:
    incident, _ = await acting.start(
        *(house, ADA, Place("web", f"room-{number}")),
        title=f"Disaster {number}",
        what="Users are gone",
        cause="other",
        environment=EnvironmentName("production"),
        noticed_at=house.clock.now(),
        another=True,
    )
    return incident.id


async def _redraws(name: str, server: str, events: int) -> float:
    """Seconds from an event to its drawn board, in a store of so many events."""
    async with _house(name, server) as here:
        house, own = here.house, min(events, IN_ONE)
        ids = [await _begin(house, number) for number in range(max(1, events // own))]
        for one in ids:
            for _ in range(own // 10):
                await acting.act(house, one, ADA, lambda _: [Noted(text="Another thing was found")] * 10)

        async def redraw() -> None:
            await acting.act(house, ids[0], ADA, lambda _: [Noted(text="And another")])
            await draw(house, BOARD, ids[0])

        return await _median(redraw, REDRAWS)


async def _sweeps(name: str, server: str) -> list[tuple[str, float, float]]:
    async with _house(name, server) as here:
        for number in range(OPEN):
            await _begin(here.house, number)

        async def read() -> None:
            async with here.house.database.read() as db:
                (await db.execute(sa.select(table.c.stands).where(table.c.closed_at.is_(None)))).all()

        alone = await _median(read, SWEEPS)
        quiet = await _median(here.sweep.once, SWEEPS)
        found = [("nothing is due", quiet, alone)]
        for what, place in ((f"something is due about {MINUTE} of them", MINUTE), ("about each of the others", OPEN)):
            due = await _median((await _until(here, place)).once, 1)
            found.append((what, due, alone))
        return found


async def _until(here: Running, place: int) -> Sweep:
    """The sweep of the moment at which something is due about so many incidents."""
    query = sa.select(table.c.due_at).where(table.c.due_at.is_not(None)).order_by(table.c.due_at)
    async with here.house.database.read() as db:
        moments = list(await db.scalars(query))
    assert isinstance(here.house.work, Engine)
    later = _Later(moments[min(place, len(moments)) - 1] - datetime.now(UTC))
    return Sweep(replace(here.house, clock=later), here.house.work)


class _Later:
    def __init__(self, by: timedelta) -> None:
        self._by = by

    def now(self) -> datetime:
        return datetime.now(UTC) + self._by


async def _median(work: Callable[[], Awaitable[None]], times: int) -> float:
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    print(main())
