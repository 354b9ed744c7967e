"""A house whose parts are all real (database, vault, engine, sender, adapter), around a simulated deployment."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import bot
from bot.adapters import convex, statuspage
from bot.adapters.vault import FolderVault
from bot.chat.cards import Card
from bot.domain import plan
from bot.domain.backups import Backup, BackupId, EnvironmentName, Operation, OperationId
from bot.domain.people import Person, PersonId, Role
from bot.domain.snapshot import Report
from bot.house import House, Limits, Place
from bot.operations import export, live, replica, verify
from bot.operations.engine import Engine
from bot.operations.sender import Sender
from bot.operations.sweep import Sweep
from bot.ports import Clock, Deployment
from bot.store import backups, operations, posts, reports
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.waiting import until

PLAN = plan.load((Path(bot.__file__).parent / "plan.toml").read_text())
PRODUCTION, STAGING = EnvironmentName("production"), EnvironmentName("staging")
ADA = Person(PersonId("ada"), "Ada", frozenset({Role.RESPONDER, Role.OPERATOR}))
BEN = Person(PersonId("ben"), "Ben", frozenset({Role.RESPONDER, Role.OPERATOR}))
OPS, ALERTS = Place("paper", "ops"), Place("paper", "alerts")
QUICK = Limits(export_deadline=60, poll_seconds=0.02)


class RealClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class ShiftedClock:
    """The real time, moved: it goes on by itself, so that what waits for it ends."""

    def __init__(self) -> None:
        self.shift = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift


class Paper:
    """A platform that is one file: each message posted is a line, each redraw another; it survives everything."""

    platform = "paper"
    pace = 0.05
    threads = False

    def __init__(self, file: Path) -> None:
        self._file = file

    async def post(self, channel: str, card: Card, key: str, under: str | None = None) -> str:
        self._write("post", channel, key, card.title)
        return key

    async def edit(self, channel: str, message: str, card: Card) -> str:
        self._write("edit", channel, message, card.title)
        return message

    async def find(self, channel: str, key: str, under: str | None = None) -> str | None:
        return key if any(line[:3] == ["post", channel, key] for line in self.lines()) else None

    def lines(self) -> list[list[str]]:
        """`[post or edit, channel, key, title]`, in order."""
        if not self._file.exists():
            return []
        return [line.split("\t") for line in self._file.read_text().splitlines()]

    def titles(self, channel: str = "ops") -> list[str]:
        return [title for _, where, _, title in self.lines() if where == channel]

    def _write(self, *words: str) -> None:
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(descriptor, ("\t".join(words) + "\n").encode())
        os.fsync(descriptor)
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Home:
    house: House
    engine: Engine
    sweep: Sweep
    paper: Paper

    async def export(self, environment: EnvironmentName = PRODUCTION, *, with_files: bool = False) -> OperationId:
        return (await export.begin(self.house, environment, ADA, OPS, with_files=with_files)).id

    async def operation(self, name: OperationId) -> Operation:
        async with self.house.database.read() as db:
            found = await operations.get(db, name)
        assert found is not None
        return found

    async def until(self, name: OperationId, reached: Callable[[Operation], bool], seconds: float = 30) -> Operation:
        seen: list[Operation] = []

        async def has_reached() -> bool:
            seen.append(await self.operation(name))
            return reached(seen[-1])

        await until(has_reached, within=seconds)
        return seen[-1]

    async def ended(self, name: OperationId, seconds: float = 30) -> Operation:
        return await self.until(name, lambda one: one.phase.ended, seconds)

    async def drawn(self) -> None:
        """Until everything wanted stands."""

        async def stands() -> bool:
            async with self.house.database.read() as db:
                known = await operations.recent(db)
                wanted = [post for one in known for post in await posts.of(db, "operation", one.id)]
            return all(post.drawn_version >= post.wanted_version for post in wanted)

        await until(stands)

    async def backup(self, name: str) -> Backup | None:
        async with self.house.database.read() as db:
            return await backups.get(db, BackupId(name))

    async def report(self, name: str) -> Report | None:
        async with self.house.database.read() as db:
            return await reports.get(db, BackupId(name))

    async def backups(self) -> list[Backup]:
        async with self.house.database.read() as db:
            return await backups.listed(db, include_purged=True)

    def in_vault(self) -> list[str]:
        """Every file in the vault, whole or not."""
        root: Any = self.house.vault
        return sorted(str(path.relative_to(root.root)) for path in root.root.rglob("*") if path.is_file())


@asynccontextmanager
async def home(
    url: str,
    folder: Path,
    access: Mapping[EnvironmentName, tuple[str, str]],
    *,
    clock: Clock | None = None,
    limits: Limits = QUICK,
    status_page: str = "http://127.0.0.1:9",
    engine_class: type[Engine] = Engine,
    paper: Paper | None = None,
    furnish: Callable[[House, Engine], House] | None = None,
    shared: bool = False,
) -> AsyncIterator[Home]:
    """Run a house; `access` gives URL and key of each deployment, `furnish` adds to it before its engine starts.

    `shared`: others run on its PostgreSQL, and each goes on with the work of those that died.
    """

    async def draw(kind: str, subject: str) -> Card:
        return await live.draw(house, kind, subject)

    clock = clock or RealClock()
    async with AsyncExitStack() as stack:
        database = Database.open(url)
        stack.push_async_callback(database.close)
        await migrate(database)
        vault = FolderVault(folder / "vault")
        stack.callback(vault.close)
        await vault.prepare()
        paper = paper or Paper(folder / "paper.txt")
        slot = await stack.enter_async_context(replica.slot(database)) if shared else None
        name = slot.name if slot else "lifeboat"
        engine = engine_class(database, name)
        sender = Sender(database, clock, {"paper": paper}, draw, name)
        deployments: dict[EnvironmentName, Deployment] = {}
        for environment, (address, key) in access.items():
            opened = convex.connect(address, key, version="0", sleep=_briefly)
            deployments[environment] = await stack.enter_async_context(opened)
        house = House(
            plan=PLAN,
            database=database,
            clock=clock,
            vault=vault,
            deployments=deployments,
            unconnected={},
            status_page=await stack.enter_async_context(statuspage.connect(status_page, clock)),
            work=engine,
            wake=sender.wake,
            groups=(),
            limits=limits,
        )
        if furnish is not None:
            house = furnish(house, engine)
        export.register(engine, house)
        verify.register(engine, house)
        await engine.launch()
        stack.push_async_callback(engine.close)
        if slot:
            stack.push_async_callback(_stop, asyncio.create_task(slot.watch(engine.adopt)))
        stack.push_async_callback(_stop, asyncio.create_task(sender.run()))
        yield Home(house, engine, Sweep(house, engine), paper)


async def _briefly(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.01))


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
