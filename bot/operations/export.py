"""Knows the course of an export: look, ask, follow, count, fetch, record, check. Knows nothing of how each is done."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.backups import Backup, BackupId, EnvironmentName, Operation, OperationId, OperationKind, Phase
from bot.domain.errors import LifeboatError, Outage
from bot.domain.people import Person
from bot.house import House, Place
from bot.operations import tracking, verify
from bot.operations.engine import Engine, Flow
from bot.operations.export_steps import ExportSteps, key_of
from bot.operations.live import OPERATION
from bot.operations.outcome import Cancelled
from bot.operations.tracking import cancel
from bot.store import backups, operations, posts
from bot.store.database import Connection

__all__ = ["begin", "cancel", "enter", "register"]

_WAITS = (5, 15, 60, 150, 300)
"""How long a step that met an outage waits before each new try, in polls: with polls of 2 s, 10 s to 10 min."""
_KEPT = "Somebody had asked to keep the copy, so it stays in the vault, unverified."


def register(engine: Engine, house: House) -> None:
    """Let the engine know how an export is done."""
    work = _Exporting(house)
    engine.workflow(OperationKind.EXPORT.value, work.run, work.ended)


async def begin(house: House, environment: EnvironmentName, by: Person, place: Place, *, with_files: bool) -> Operation:
    """Export an environment and show the work at a place. An export of it that runs already is shown, and given.

    Raises Refused when the environment is not connected.
    """
    house.deployment(environment)
    async with house.database.write() as db:
        operation = await enter(db, environment, by, (place,), house.clock.now(), with_files=with_files)
    await tracking.start(house, operation)
    return operation


async def enter(
    db: Connection,
    environment: EnvironmentName,
    by: Person,
    places: Sequence[Place],
    now: datetime,
    *,
    with_files: bool,
) -> Operation:
    """Record an export, or give the one that runs already, and want its card at some places.

    Whoever recorded it starts it, with `tracking.start`; where they are ended before, the sweep does.
    """
    new = tracking.new_id(environment, now)
    export = tracking.entered(new, OperationKind.EXPORT, environment, by, now, with_files=with_files)
    operation = await operations.add(db, export)
    for place in places:
        await tracking.show(db, operation, place, now)
    return operation


async def standing(house: House, environment: EnvironmentName, place: Place) -> Operation | None:
    """The export of an environment that runs already, if its card stands at this place."""
    async with house.database.read() as db:
        running = await operations.running(db, environment)
        cards = await posts.of(db, OPERATION, running.id) if running else []
    return running if any((card.platform, card.channel) == (place.platform, place.channel) for card in cards) else None


class _Exporting:
    """The workflow. The copy bears the operation's own id, so that whatever is done again finds it."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._steps = ExportSteps(house)

    async def run(self, flow: Flow, given: dict[str, Any]) -> None:
        environment, with_files = EnvironmentName(given["environment"]), bool(given["with_files"])
        key, steps = key_of(environment, flow.work_id), self._steps
        asked = await self._ask(flow, environment, with_files)
        try:
            found = await flow.step(
                "follow",
                *(steps.follow, flow.work_id, environment, asked["export"], with_files, asked["at"], asked["counts"]),
                preemptible=True,
            )
            counts = await flow.step("count", steps.count, environment, found["snapshot_ns"], asked["counts"])
            stored = await self._patiently(flow, "fetch", steps.fetch, flow.work_id, environment, found, key)
        except LifeboatError as error:
            left = await flow.step("withdraw", steps.withdraw, environment, asked["export"])
            error.hint = f"{left} {error.hint}".strip()
            raise
        await flow.tx("record", self._record, flow.work_id, key, asked["at"], found, stored)
        self._house.wake()
        await verify.check(flow, self._house, flow.work_id, BackupId(flow.work_id), counts)

    async def _ask(self, flow: Flow, environment: EnvironmentName, with_files: bool) -> dict[str, Any]:
        """Ask until Convex takes it: the deployment makes one export at a time. Bounded by the step itself."""
        since = None
        while True:
            seen = await self._patiently(flow, "look", self._steps.look, environment, with_files)
            since = since or seen["at"]
            asked = await self._patiently(
                *(flow, "ask", self._steps.ask, flow.work_id, environment, with_files, seen["previous"], since),
                preemptible=False,
            )
            if asked["export"] is not None:
                return {**asked, "counts": seen["counts"]}
            await flow.sleep(asked["wait"])

    async def _patiently(
        self, flow: Flow, name: str, step: Callable[..., Awaitable[Any]], *given: Any, preemptible: bool = True
    ) -> Any:
        """A step that is tried again after an outage, for a quarter of an hour, while the card says so."""
        for polls in _WAITS:
            try:
                return await flow.step(name, step, *given, preemptible=preemptible)
            except Outage as outage:
                wait = await flow.tx("say outage", self._say_outage, flow.work_id, polls, outage.problem)
                self._house.wake()
                await flow.sleep(wait)
        return await flow.step(name, step, *given, preemptible=preemptible)

    async def _say_outage(self, db: Connection, operation: str, polls: int, problem: str) -> float:
        now, wait = self._house.clock.now(), polls * self._house.limits.poll_seconds
        await tracking.note(db, operation, problem, now, retry_at=now + timedelta(seconds=wait))
        return wait

    async def _record(
        self, db: Connection, operation_id: str, key: str, asked_at: str, found: dict[str, Any], stored: dict[str, Any]
    ) -> None:
        operation = await operations.get(db, OperationId(operation_id))
        assert operation is not None
        backup = Backup(
            id=BackupId(operation_id),
            environment=operation.environment,
            requested_at=datetime.fromisoformat(asked_at),
            requested_by=operation.started_by,
            snapshot_at=datetime.fromtimestamp(found["snapshot_ns"] / 1e9, UTC),
            snapshot_ns=found["snapshot_ns"],
            stored_at=datetime.fromisoformat(stored["at"]),
            file=key,
            size=stored["size"],
            sha256=stored["sha256"],
            with_files=operation.with_files,
            convex_id=found["id"],
            convex_expires_at=datetime.fromisoformat(found["expires_at"]) if found["expires_at"] else None,
        )
        await backups.add(db, backup)
        await operations.update(db, operation.id, backup=backup.id)
        await tracking.note(db, operation.id, "", self._house.clock.now())

    async def ended(self, flow: Flow, given: dict[str, Any], error: LifeboatError) -> None:
        """Leave nothing behind that no record speaks of, then say how it ended."""
        cancelled = isinstance(error, Cancelled)
        kept = await flow.tx("let go", self._let_go, flow.work_id, cancelled)
        hint = error.hint
        if not kept:
            key = key_of(EnvironmentName(given["environment"]), flow.work_id)
            await flow.step("clear", self._steps.clear, key)
        elif cancelled:
            hint = f"{_KEPT} {hint}".strip()
        await flow.tx("end", self._end, flow.work_id, cancelled, error.problem, hint)
        self._house.wake()

    async def _let_go(self, db: Connection, operation_id: str, cancelled: bool) -> bool:
        """Whether the copy stays, unverified: one that was fetched does, unless somebody stopped the work.

        It stays even then if somebody asked to keep it: the file goes only where its record says so.
        """
        operation = await operations.get(db, OperationId(operation_id))
        if operation is None or operation.backup is None:
            return False
        if not cancelled:
            return True
        by = self._house.plan.name_of(operation.cancel_by) if operation.cancel_by else "somebody"
        reason = f"{by} stopped the export before the copy was checked."
        return not await backups.set_purged(db, operation.backup, self._house.clock.now(), reason)

    async def _end(self, db: Connection, operation_id: str, cancelled: bool, problem: str, hint: str) -> None:
        now = self._house.clock.now()
        if cancelled:
            await tracking.end(db, operation_id, Phase.CANCELLED, now, message=hint)
        else:
            await tracking.fail(db, operation_id, now, LifeboatError(problem, hint))
