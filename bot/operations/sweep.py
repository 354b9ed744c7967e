"""Knows what is looked at once a minute: how environments are, what is due to go, what is stuck. Knows no vendor.

Each look asks only the clock and the records, so it does not matter how many were missed, or how often one is made.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.domain import health
from bot.domain.backups import Backup, BackupId, EnvironmentName, Observation, Operation, OperationId, OperationKind
from bot.domain.durations import duration_words
from bot.domain.errors import LifeboatError
from bot.domain.plan import Environment
from bot.house import House
from bot.operations import approvals, conditions, letters, reminding, scheduling, suites, tracking, watching
from bot.operations import incidents as acting
from bot.operations.engine import Engine
from bot.operations.export_steps import ExportSteps, key_of
from bot.ports import Deployment
from bot.store import (
    asks,
    backups,
    console,
    console_rooms,
    deliveries,
    incidents,
    observations,
    operations,
    pictures,
    posts,
    service_status,
    sessions,
    slots,
)

_EVERY = 60.0
_PATIENCE = 45.0
"""How long one environment, one vendor or one piece of work may take."""
_PART, _WHOLE = 1.1, 1.2
"""How much longer the parts of a sweep, and a sweep of them all, may: none is cut because of another."""
_SLOT = 0
"""The lock that says which process sweeps; processes' own slots count from 1."""
_DELIVERIES_KEPT = timedelta(days=2)
_POSTS_KEPT = timedelta(days=90)
_MESSAGES_KEPT = timedelta(days=400)
_WORK_KEPT = timedelta(days=30)
_TOGETHER = 50
"""Incidents that are reminded of in one transaction: more would keep other writers, and the loop, waiting."""
_log = structlog.get_logger()


class Sweep:
    """Keeps true what `/backup status` answers from.

    `last_run_at` is when everything was last gone through. What a vendor or the vault refuses is part of what is seen;
    while our own records cannot be read and written, nothing is gone through.
    """

    def __init__(self, house: House, engine: Engine, patience: float = _PATIENCE) -> None:
        self._house = house
        self._engine = engine
        self._patience = patience
        self._deleted: set[BackupId] = set()
        self.last_run_at: datetime | None = None

    async def run(self) -> None:
        """Look at once, then every minute, until cancelled. Nothing that goes wrong in a look ends it."""
        while True:
            await self.once()
            await asyncio.sleep(_EVERY)

    async def once(self) -> None:
        """One look at everything. What fails is logged and looked at again the next time; the rest goes on."""
        await self._survive("sweep", self._all, within=self._patience * _WHOLE)

    async def _all(self) -> None:
        parts: dict[str, Callable[[], Awaitable[None]]] = {
            **{f"observe {name}": partial(self._observe, name, one) for name, one in self._house.deployments.items()},
            "status page": self._read_status_page,
            "work": self._restart,
            "incidents": self._remind,
            "tests": partial(reminding.look, self._house),
            "letters": partial(letters.resume, self._house),
            "approvals": partial(approvals.look, self._house),
            "test suites": partial(suites.look, self._house),
            "errors": partial(watching.look, self._house),
            "scheduled exports": partial(scheduling.look, self._house),
            "conditions": partial(conditions.look, self._house),
            "retention": self._purge_copies,
            "records": self._forget,
        }
        async with self._alone() as alone:
            if alone:
                within = self._patience * _PART
                looks = [self._survive(name, look, within=within) for name, look in parts.items()]
                if not all(await asyncio.gather(*looks)):
                    return
        # Where another process sweeps, it is the one that goes through everything.
        self.last_run_at = self._house.clock.now()

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[bool]:
        """Whether no other process sweeps at the moment."""
        if self._house.database.is_sqlite:
            yield True
            return
        async with self._house.database.session() as connection:
            alone = await slots.take(connection, _SLOT)
            try:
                yield alone
            finally:
                if alone:
                    await slots.give_back(connection, [_SLOT])

    async def _survive(
        self, part: str, look: Callable[..., Awaitable[None]], *given: Any, within: float | None = None
    ) -> bool:
        """Whether the look came to its end."""
        try:
            async with asyncio.timeout(within or self._patience):
                await look(*given)
            return True
        except TimeoutError:
            _log.warning("sweep_part_cut", part=part)
        except LifeboatError as error:
            _log.warning("sweep_part_failed", part=part, problem=error.problem)
        except Exception:  # noqa: BLE001 - the sweep is what finds things stuck, so nothing may stop it
            _log.exception("bug", part=part)
        return False

    # --- what is seen ----------------------------------------------------------------------------------------------

    async def _observe(self, name: EnvironmentName, deployment: Deployment) -> None:
        now = self._house.clock.now()
        try:
            async with asyncio.timeout(self._patience):
                seen: dict[str, Any] = {**await _look(deployment), "seen_at": now, "problem": "", "hint": ""}
        except TimeoutError:
            seen = {"problem": f"{name.capitalize()} did not answer in time.", "hint": "I look again in a minute."}
        except LifeboatError as error:
            seen = {"problem": error.problem, "hint": error.hint}
        async with self._house.database.write() as db:
            before = await observations.get(db, name) or Observation(environment=name, tried_at=now)
            await observations.put(db, before.model_copy(update={**seen, "tried_at": now}))

    async def _read_status_page(self) -> None:
        page = self._house.status_page
        try:
            async with asyncio.timeout(self._patience):
                status = await page.status()
        except (LifeboatError, TimeoutError) as error:
            _log.warning("status_page_silent", problem=str(error) or "no answer in time")
            return
        async with self._house.database.write() as db:
            await service_status.put(db, page.url, status)

    # --- what is stuck ---------------------------------------------------------------------------------------------

    async def _restart(self) -> None:
        async with self._house.database.read() as db:
            unended = await operations.unended(db)
        await asyncio.gather(*(self._survive(f"work {one.id}", self._restart_one, one) for one in unended))

    async def _restart_one(self, operation: Operation) -> None:
        status = await self._engine.status(operation.id)
        if status is None:
            # Recorded, and the process ended before the engine heard of it.
            _log.warning("work_started_late", work=operation.id)
            await tracking.start(self._house, operation)
        elif status != "running":
            await self._lost(operation.id, status)
            return
        if operation.cancel_by is not None:
            await self._engine.cancel(operation.id)

    async def _lost(self, work_id: OperationId, status: str) -> None:
        async with self._house.database.read() as db:
            operation = await operations.get(db, work_id)
        if operation is None or operation.phase.ended:
            return  # by itself, after we listed what had not
        _log.error("work_lost", work=operation.id, status=status)
        if operation.kind is OperationKind.EXPORT and operation.backup is None:
            # What it may have fetched is personal data that no record speaks of, so that nothing else would delete it.
            await ExportSteps(self._house).clear(key_of(operation.environment, operation.id))
        problem = LifeboatError(
            "Lifeboat's engine gave this work up before it was done. No production data was changed.",
            "Try again; the log says why, under work_lost.",
        )
        async with self._house.database.write() as db:
            await tracking.fail(db, operation.id, self._house.clock.now(), problem)
        self._house.wake()

    # --- what is due to be said ------------------------------------------------------------------------------------

    async def _remind(self) -> None:
        async with self._house.database.read() as db:
            due = await incidents.due(db, self._house.clock.now())
        for first in range(0, len(due), _TOGETHER):
            together = due[first : first + _TOGETHER]
            if not await self._survive("incidents", acting.remind, self._house, *together):
                # One of them may be what kept the others from it.
                for one in together:
                    await self._survive(f"incident {one}", acting.remind, self._house, one)
        if due:
            self._house.wake()

    # --- what is due to go -----------------------------------------------------------------------------------------

    async def _purge_copies(self) -> None:
        environments = self._house.plan.environments.values()
        await asyncio.gather(*(self._survive(f"retention {e.name}", self._purge_copies_of, e) for e in environments))

    async def _purge_copies_of(self, environment: Environment) -> None:
        now = self._house.clock.now()
        async with self._house.database.write() as db:
            copies = await backups.listed(db, environment.name)
            busy = {operation.backup for operation in await operations.unended(db)}
            for copy in _due(environment, copies, now):
                if copy.id not in busy and environment.retention is not None:
                    reason = f"Older than the {duration_words(environment.retention)} that the plan keeps copies."
                    if await backups.set_purged(db, copy.id, now, reason):
                        _log.info("copy_purged", backup=copy.id, environment=environment.name)
            purged = [one for one in await backups.listed(db, environment.name, include_purged=True) if one.purged_at]
        # Recorded first, deleted then: no record ever speaks of a file that is not there. What a crash leaves between
        # the two is deleted by the next process's first look.
        for copy in purged:
            if copy.id not in self._deleted:
                await self._house.vault.delete(copy.file)
                self._deleted.add(copy.id)

    async def _forget(self) -> None:
        now = self._house.clock.now()
        async with self._house.database.write() as db:
            await deliveries.purge(db, now - _DELIVERIES_KEPT)
            await asks.purge(db, now)
            await sessions.purge(db, now)
            await posts.purge(db, now - _POSTS_KEPT)
            await console.purge(db, now - _MESSAGES_KEPT)
            await console_rooms.purge(db, now - _MESSAGES_KEPT)
            await pictures.purge(db, now - _MESSAGES_KEPT)
        await self._engine.purge(now - _WORK_KEPT)


def _due(environment: Environment, copies: list[Backup], now: datetime) -> list[Backup]:
    """What retention takes. Where no copy was shown to be restorable, the newest one stays: it is all there is."""
    last = copies[0].id if copies and health.newest_verified(copies) is None else None
    due = [(copy, health.expires_at(environment, copies, copy)) for copy in copies]
    return [copy for copy, at in due if at is not None and at <= now and copy.id != last]


async def _look(deployment: Deployment) -> dict[str, Any]:
    """What can be seen of a deployment. What its key may not see is said to be so, and asked for no more."""
    scope = await deployment.scope()
    identity = await deployment.identity()
    seen = {
        "name": identity.name,
        "project_id": identity.project_id,
        "kind": identity.kind,
        "state": await deployment.state(),
        "read_only": scope.read_only,
        "may": tuple(sorted(scope.operations)),
        "cloud_backup_visible": scope.may("ViewBackups"),
        "cloud_backup": await deployment.latest_cloud_backup() if scope.may("ViewBackups") else None,
    }
    if scope.may("ViewData"):
        counts = await deployment.counts()
        seen |= {"rows": dict(counts.rows), "rows_at": counts.at}
    return seen
