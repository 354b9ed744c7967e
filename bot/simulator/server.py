"""Knows how a simulated deployment is brought up on loopback and taken down. Knows nothing of what it answers."""

import asyncio
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import Self

from aiohttp import web

from bot.simulator.campus import DAY_MS
from bot.simulator.control import Control
from bot.simulator.dataset import Dataset, campus_connect
from bot.simulator.deployment import Identity, admin_key
from bot.simulator.http import application
from bot.simulator.instance import Instance
from bot.simulator.scenarios import traffic
from bot.simulator.support import SupportDesk

HOST = "127.0.0.1"
PRODUCTION = "brave-otter-412"
STAGING = "calm-heron-87"
REHEARSAL = "quiet-ibis-29"
REHEARSAL_MB = 2
REHEARSAL_EXPORT_SECONDS = 1
STAGING_AGE_DAYS = 120
STARTING_ENVIRONMENT = {"MAINTENANCE_MODE": "off", "SITE_URL": "https://campus-connect.example.edu"}


class Simulator:
    """One deployment on its own port: `async with Simulator(folder) as sim`, then `sim.url` and `sim.key`.

    `folder` keeps the data set between runs. `age_days` makes it an older, smaller copy. `size_mb=0` means no data.
    """

    def __init__(
        self,
        folder: Path,
        *,
        size_mb: float = 1,
        identity: Identity | None = None,
        export_seconds: float = 0.0,
        cloud_backup: bool = True,
        age_days: float = 0,
        port: int = 0,
        traffic_per_second: float = 0,
        token: str | None = None,
        peers: "dict[str, Simulator] | None" = None,
    ) -> None:
        self._folder, self._size_mb, self._age_days = folder, size_mb, age_days
        self._cloud_backup, self._rate, self._port = cloud_backup, traffic_per_second, port
        self._work = Path(tempfile.mkdtemp(prefix="convex-simulator-"))
        self.identity = identity or Identity(PRODUCTION)
        self.instance = Instance.create(self.identity, self._work, export_seconds)
        self.deployment, self.keys = self.instance.deployment, self.instance.keys
        self.exports, self.imports = self.instance.exports, self.instance.imports
        self.scenarios, self.control = self.instance.scenarios, self.instance.faults
        self.deployment.environment.update(STARTING_ENVIRONMENT)
        self.name, self.key = self.identity.name, admin_key(self.identity.name)
        self.token = token or secrets.token_hex(16)
        self._peers = {} if peers is None else peers
        self._peers[self.name] = self
        self.desk: SupportDesk | None = None
        """Who answers letters about this deployment, so that its control can tell; nobody at first."""
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._traffic: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        if self._size_mb:
            self._load(await asyncio.to_thread(self._dataset))
        app = application(self.instance)
        app.add_routes(Control(self.token, self._peers, self).routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await self.listen()
        self.set_traffic(self._rate)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.set_traffic(0)
        await self.instance.close()
        if self._runner is not None:
            await self._runner.cleanup()
        shutil.rmtree(self._work, ignore_errors=True)

    async def listen(self) -> None:
        """Accept connections (again), always on the same port."""
        if self._site is None and self._runner is not None:
            self._site = web.TCPSite(self._runner, HOST, self._port, reuse_address=True)
            await self._site.start()
            self._port = self._runner.addresses[0][1]

    async def stop_listening(self) -> None:
        """Refuse new connections: the deployment is dead to the world."""
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()

    def set_traffic(self, per_second: float) -> None:
        """Begin, change or (with 0) end the writing of new messages and likes."""
        if self._traffic is not None:
            self._traffic.cancel()
            self._traffic = None
        if per_second > 0:
            self._traffic = asyncio.get_running_loop().create_task(traffic(self.deployment, per_second))

    async def begin_anew(self) -> None:
        """Hold the data as of now, remember nothing, and take every key again that was withdrawn."""
        self._load(await asyncio.to_thread(self._dataset))
        self.deployment.log.entries.clear()
        self.deployment.audit.events.clear()
        self.scenarios.disasters.clear()
        self.deployment.paused = False
        self.keys.give_back()

    def _dataset(self) -> Dataset:
        dataset = campus_connect(self._folder, self._size_mb)
        return dataset.before(dataset.now_ms - self._age_days * DAY_MS) if self._age_days else dataset

    def _load(self, dataset: Dataset) -> None:
        self.deployment.load(dataset.tables, dataset.files)
        if self._cloud_backup:
            self.exports.add_cloud_backup(_yesterday(dataset).snapshot())


def _yesterday(dataset: Dataset) -> Dataset:
    return dataset.before(dataset.now_ms - DAY_MS)


def production_and_staging(
    folder: Path,
    *,
    size_mb: float,
    export_seconds: float = 0.0,
    port: int = 0,
    traffic_per_second: float = 0,
    token: str | None = None,
) -> tuple[Simulator, Simulator]:
    """The two deployments of Campus Connect, which can be controlled through each other."""
    peers: dict[str, Simulator] = {}
    token = token or secrets.token_hex(16)
    production = Simulator(
        folder,
        size_mb=size_mb,
        identity=Identity(PRODUCTION),
        export_seconds=export_seconds,
        port=port,
        traffic_per_second=traffic_per_second,
        token=token,
        peers=peers,
    )
    staging = Simulator(
        folder,
        size_mb=size_mb,
        identity=Identity(STAGING, type="dev"),
        export_seconds=export_seconds,
        cloud_backup=False,
        age_days=STAGING_AGE_DAYS,
        port=port + 1 if port else 0,
        token=token,
        peers=peers,
    )
    return production, staging


def rehearsal(folder: Path, *, token: str | None = None, peers: dict[str, Simulator] | None = None) -> Simulator:
    """A small production of its own, to train on: nothing points to it, and it points to nothing."""
    return Simulator(
        folder,
        size_mb=REHEARSAL_MB,
        identity=Identity(REHEARSAL),
        export_seconds=REHEARSAL_EXPORT_SECONDS,
        cloud_backup=False,
        token=token,
        peers=peers,
    )
