"""Knows how long work is entered, said, asked to stop and ended, so that people can follow it. Knows nothing of what it
does.
"""

import asyncio
import secrets
from datetime import datetime
from typing import Any

import structlog

from bot.domain.backups import EnvironmentName, Operation, OperationId, OperationKind, Phase
from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.people import Person
from bot.house import House, Place
from bot.operations.live import ENDED, OPERATION, REPORT
from bot.store import operations, posts
from bot.store.database import Connection

_SAID_EVERY = 1.0
"""Seconds between two sayings of how far a phase is: redraws are paced anyway, and each is a write."""
_log = structlog.get_logger()


def new_id(environment: EnvironmentName, now: datetime) -> str:
    """An id that people can read out: `production-20261122-1743-3fa2`."""
    return f"{environment}-{now:%Y%m%d-%H%M}-{secrets.token_hex(2)}"


def entered(
    operation_id: str, kind: OperationKind, environment: EnvironmentName, by: Person, now: datetime, **more: Any
) -> Operation:
    """The record of work that is about to start."""
    return Operation(
        id=OperationId(operation_id),
        kind=kind,
        environment=environment,
        phase=Phase.WAITING,
        started_at=now,
        started_by=by.id,
        phase_at=now,
        updated_at=now,
        **more,
    )


async def show(db: Connection, operation: Operation, place: Place, now: datetime) -> None:
    """Want the living card of an operation at a place; where it stands already, it is not posted again."""
    key = f"{OPERATION}:{operation.id}:{place.platform}:{place.channel}"
    await posts.want(db, key, place.platform, place.channel, OPERATION, operation.id, now)


async def start(house: House, operation: Operation) -> None:
    """Have the work of an operation done; started before, it is not started again."""
    arguments = {
        "operation": operation.id,
        "environment": operation.environment,
        "with_files": operation.with_files,
        "backup": operation.backup,
    }
    await house.work.start(operation.kind.value, operation.id, arguments)
    house.wake()


async def cancel(house: House, operation_id: OperationId, by: Person) -> None:
    """Ask an operation to stop; its card says when it has. Raises Refused when there is nothing to stop."""
    async with house.database.write() as db:
        operation = await operations.get(db, operation_id)
        if operation is None:
            raise Refused(f"There is no work {operation_id!r}; nothing was stopped.", "/backup status shows what runs.")
        if operation.phase.ended:
            raise Refused(f"{operation_id} has ended already ({operation.phase}); nothing was stopped.")
        if operation.cancel_by is None:
            await operations.update(db, operation_id, cancel_by=by.id)
            await posts.changed(db, OPERATION, operation_id)
    await house.work.cancel(operation_id)
    house.wake()


class Teller:
    """Says where an operation stands, from inside a step: it only shows, so that losing or repeating it harms nothing.

    What decides anything is written by `Flow.tx` instead.
    """

    def __init__(self, house: House, operation_id: str) -> None:
        self._house = house
        self._id = OperationId(operation_id)
        self._said_at = 0.0

    async def phase(self, phase: Phase, *, done: float = 0, total: float | None = None, message: str = "") -> None:
        """Enter a phase, or say something new about it."""
        self._said_at = asyncio.get_running_loop().time()
        try:
            async with self._house.database.write() as db:
                said = {"phase": phase, "done": done, "total": total, "message": message, "retry_at": None}
                await self._say(db, said)
        except Outage as outage:
            _log.warning("progress_not_said", work=self._id, problem=outage.problem)
        self._house.wake()

    async def _say(self, db: Connection, said: dict[str, Any]) -> None:
        operation = await operations.get(db, self._id)
        # A process that was taken for dead may still run its step: it has nothing to say any more.
        if operation is None or operation.phase.ended:
            return
        if all(getattr(operation, name) == value for name, value in said.items()):
            return
        now = self._house.clock.now()
        # A download that is made again begins anew, and so does the time that its rate is reckoned by.
        goes_on = operation.phase is said["phase"] and said["done"] > 0
        phase_at = operation.phase_at if goes_on else now
        await operations.update(db, self._id, **said, phase_at=phase_at, updated_at=now)
        await posts.changed(db, OPERATION, self._id)

    async def progress(self, phase: Phase, done: float, total: float | None, message: str = "") -> None:
        """Say how far a phase is, about once a second however often it is called."""
        if asyncio.get_running_loop().time() - self._said_at >= _SAID_EVERY:
            await self.phase(phase, done=done, total=total, message=message)


async def note(
    db: Connection, operation_id: str, message: str, now: datetime, retry_at: datetime | None = None
) -> None:
    """Say something beside where an operation stands, and when it is tried again if it is."""
    await operations.update(db, OperationId(operation_id), message=message, retry_at=retry_at, updated_at=now)
    await posts.changed(db, OPERATION, operation_id)


async def end(db: Connection, operation_id: str, phase: Phase, now: datetime, **changes: Any) -> None:
    """Record how an operation ended; one that has ended before stays as it is."""
    operation = await operations.get(db, OperationId(operation_id))
    if operation is None or operation.phase.ended:
        return
    ended = {
        "phase": phase,
        "phase_at": now,
        "updated_at": now,
        "ended_at": now,
        "message": "",
        "retry_at": None,
        **changes,
    }
    await operations.update(db, operation.id, **ended)
    await posts.changed(db, OPERATION, operation.id)
    # A message that is redrawn rings no bell: under it, whoever waits for the end is told.
    for post in await posts.of(db, OPERATION, operation.id):
        if post.state is posts.PostState.GIVEN_UP and post.message is None:
            continue
        key = f"{ENDED}:{post.key}"
        await posts.want(db, key, post.platform, post.channel, ENDED, operation.id, now, under=post.key)
    if operation.backup is not None:
        await posts.changed(db, REPORT, operation.backup)


async def fail(db: Connection, operation_id: str, now: datetime, error: LifeboatError) -> None:
    """Record that an operation failed, in the words of the error."""
    await end(db, operation_id, Phase.FAILED, now, problem=error.problem, hint=error.hint)
