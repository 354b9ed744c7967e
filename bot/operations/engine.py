"""Knows how long work survives the process: DBOS, which nobody else may import. Knows nothing of what the work is.

After a crash a workflow's body is run again from its start, and each step that was recorded gives what it gave then.
So a body reads no clock, no database and nothing random outside a step, and its steps keep their names and their
order; a body that must change gets a new name, and the old one stays until its work has ended.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, ClassVar

import structlog
from dbos import (
    DBOS,
    AsyncSQLAlchemyDatasource,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    PortableWorkflowError,
    SetWorkflowID,
)
from dbos import error as dbos_error

from bot.domain.errors import LifeboatError, Outage
from bot.operations.outcome import Cancelled, Defect, error_of, opened, reference, value_of
from bot.operations.stopping import Stopping
from bot.store import cancellations
from bot.store.database import Connection, Database

Body = Callable[["Flow", dict[str, Any]], Awaitable[None]]
Ended = Callable[["Flow", dict[str, Any], LifeboatError], Awaitable[None]]
Step = Callable[..., Awaitable[Any]]

_LONGEST_RETRY_SECONDS = 60.0
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_log = structlog.get_logger()


class Flow:
    """What a workflow's body may do; `work_id` is the id it was started with.

    A step that fails raises `Refused`, `Outage`, `Cancelled` or `Defect`, the same ones when it is replayed.
    """

    def __init__(self, engine: "Engine", work_id: str, *, stoppable: bool = True) -> None:
        self.work_id = work_id
        self._engine = engine
        self._stoppable = stoppable

    async def step(self, name: str, fn: Step, *args: Any, retries: int = 0, preemptible: bool = False) -> Any:
        """Run `fn(*args)` once, or again if the process dies in it: so it first looks what an earlier run did.

        It gives JSON and writes nothing to our database (see `tx`). An `Outage` is tried `retries` times more. A
        `preemptible` step is cancelled, within a second, by `Engine.cancel`, and then raises `Cancelled`.
        """

        async def run() -> dict[str, Any]:
            try:
                if preemptible and self._stoppable:
                    return value_of(
                        await self._engine.stopping.unless_asked(self.work_id, self._tried, fn, args, retries)
                    )
                return value_of(await self._tried(fn, args, retries))
            except LifeboatError as error:
                return error_of(error)
            except Exception:  # noqa: BLE001 - a bug must end the work in a recorded state
                return error_of(self._defect(name))

        return opened(await DBOS.run_step_async({"name": name}, run))

    async def tx(self, name: str, fn: Step, *args: Any) -> Any:
        """Run `fn(connection, *args)` in a transaction of our database: its effect and its record are one commit.

        It may be called again when transactions collide, so it does nothing but read and write there.
        """

        async def run() -> dict[str, Any]:
            try:
                return value_of(await fn(await self._engine.connection(), *args))
            except LifeboatError as error:
                raise PortableWorkflowError(error.problem, "LifeboatError", None, error_of(error)) from error

        try:
            return opened(await self._engine.transaction(name, run))
        except PortableWorkflowError as kept:
            if isinstance(kept.data, dict):
                return opened(kept.data)
            raise Defect(reference(self.work_id, name)) from kept
        except (LifeboatError, dbos_error.DBOSException):
            raise
        except Exception as bug:  # a bug must end the work in a recorded state
            raise self._defect(name) from bug

    async def sleep(self, seconds: float) -> None:
        """Wait; a process that dies meanwhile waits only for what is left. `Engine.cancel` ends it at once."""
        until = await self.step("sleep until", _in, seconds)
        await self.step("sleep", _sleep_until, until, preemptible=True)

    async def _tried(self, fn: Step, args: tuple[Any, ...], retries: int) -> Any:
        for attempt in range(retries):
            try:
                return await fn(*args)
            except Outage as outage:
                wait = 2.0**attempt
                if outage.retry_at is not None:
                    wait = max(wait, (outage.retry_at - datetime.now(UTC)).total_seconds())
                _log.warning("step_retried", work=self.work_id, service=outage.service, problem=outage.problem)
                await asyncio.sleep(min(wait, _LONGEST_RETRY_SECONDS))
        return await fn(*args)

    def _defect(self, step: str) -> Defect:
        defect = Defect(reference(self.work_id, step))
        _log.exception("bug", reference=defect.reference, work=self.work_id, step=step)
        return defect


async def _in(seconds: float) -> float:
    return datetime.now(UTC).timestamp() + seconds


async def _sleep_until(until: float) -> None:
    await asyncio.sleep(max(0.0, until - datetime.now(UTC).timestamp()))


class Engine:
    """Runs workflows; one in a process, and on SQLite one on a data folder. `name` tells this process from the others.

    Register every workflow, `launch` inside the running loop, `close` at the end: what has not ended then goes on at
    the next launch.
    """

    _in_this_process: ClassVar["Engine | None"] = None

    def __init__(self, database: Database, name: str = "lifeboat") -> None:
        self.database = database
        self.name = name
        self.stopping = Stopping(database)
        self._bodies: dict[str, tuple[Body, Ended]] = {}
        self._workflows: dict[str, Callable[..., Any]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._transactions: set[asyncio.Task[Any]] = set()
        self._datasource: AsyncSQLAlchemyDatasource | None = None

    def workflow(self, name: str, body: Body, ended: Ended) -> None:
        """Register a workflow. `ended` records the end of one whose body raised; nobody can cancel it."""
        self._bodies[name] = (body, ended)

    async def launch(self) -> None:
        """Start, and take up what this process left unfinished. The database's tables must be there."""
        if Engine._in_this_process is not None:
            raise RuntimeError("an engine runs in this process already")
        Engine._in_this_process = self
        try:
            await self._launch()
        except BaseException:
            await self.close()
            raise

    async def _launch(self) -> None:
        serializer = DBOSPortableJSONSerializer()
        DBOS(
            config=DBOSConfig(
                name="lifeboat",
                system_database_url=self.database.work_url,
                system_database_engine=self.database.work_pool(),
                # Constant: by default it is a hash of the sources, and work in flight would wait for ever for the
                # version that began it.
                application_version="lifeboat",
                executor_id=self.name,
                # Its warnings speak of replays and retries that are as they should be; what matters is logged by us.
                log_level="ERROR",
                serializer=serializer,
                max_executor_threads=16,
                notification_listener_polling_interval_sec=0.2,
            )
        )
        self._datasource = await AsyncSQLAlchemyDatasource.create(
            self.database.url, engine=self.database.engine, serializer=serializer
        )
        for name, (body, ended) in self._bodies.items():
            self._workflows[name] = DBOS.workflow(name=name)(self._run_by(body, ended))
        # Not in a thread: workflows run on the loop that launches.
        DBOS.launch()

    async def close(self) -> None:
        """Stop. What runs is dropped where it stands, as a crash would, and goes on at the next launch.

        Only a transaction is waited for: dropped half-way it would keep SQLite's write lock from this process.
        """
        # It warns of each task that is cancelled, which here is all of them.
        logging.getLogger("dbos").setLevel(logging.ERROR)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._transactions, return_exceptions=True)
        # The engine made its own threads the loop's default ones; they end with it, so the loop needs others.
        threads = ThreadPoolExecutor(thread_name_prefix="lifeboat")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(threads, lambda: DBOS.destroy(destroy_registry=True))
        loop.set_default_executor(threads)
        Engine._in_this_process = None

    async def start(self, workflow: str, work_id: str, arguments: dict[str, Any]) -> None:
        """Start a workflow by name. The same id again attaches to the one that runs or ran."""
        with SetWorkflowID(work_id):
            await DBOS.start_workflow_async(self._workflows[workflow], arguments)

    async def cancel(self, work_id: str) -> None:
        """Ask work to stop. Its `ended` then records that it did; work that ends first has simply ended."""
        if await self.status(work_id) == "running":
            await self.stopping.ask(work_id)

    async def status(self, work_id: str) -> str | None:
        """`running`, `done`, `failed`, `cancelled`, or None when nobody knows the id."""
        found = await DBOS.get_workflow_status_async(work_id)
        if found is None:
            return None
        if found.status == "SUCCESS":
            return str(found.output)
        if found.status in _ENDED:
            return "cancelled" if found.status == "CANCELLED" else "failed"
        return "running"

    async def adopt(self, names: list[str]) -> int:
        """Take over the running work of processes that died, by their names. Gives how many."""
        if not names:  # to the engine no names mean all of them
            return 0
        left = await DBOS.list_workflows_async(status="PENDING", executor_id=names, load_input=False, load_output=False)
        for work in left:
            _log.warning("work_adopted", work=work.workflow_id, of=work.executor_id)
            await DBOS.resume_workflow_async(work.workflow_id)
        return len(left)

    async def purge(self, before: datetime) -> int:
        """Forget work that ended before a moment. Gives how many."""
        old = await DBOS.list_workflows_async(
            status=_ENDED, completed_before=before.isoformat(), load_input=False, load_output=False, limit=10_000
        )
        await DBOS.delete_workflows_async([work.workflow_id for work in old])
        async with self.database.write() as db:
            await cancellations.purge(db, before)
        return len(old)

    # --- for Flow --------------------------------------------------------------------------------------------------

    async def connection(self) -> Connection:
        """The connection of the transaction that `transaction` runs in."""
        assert self._datasource is not None
        return await self._datasource.sql_session().connection()

    async def transaction(self, name: str, run: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Run in a transaction that commits together with the record of the step."""
        task = asyncio.create_task(self._in_turn(name, run))
        self._transactions.add(task)
        task.add_done_callback(self._transactions.discard)
        return await asyncio.shield(task)

    async def _in_turn(self, name: str, run: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        assert self._datasource is not None
        async with self.database.turn():
            return await self._datasource.run_tx_step_async({"name": name}, run)

    def _run_by(self, body: Body, ended: Ended) -> Callable[[dict[str, Any]], Awaitable[str]]:
        async def run(arguments: dict[str, Any]) -> str:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            work_id = DBOS.workflow_id
            assert work_id is not None
            try:
                await body(Flow(self, work_id), arguments)
                return "done"
            except dbos_error.DBOSException:
                raise
            except LifeboatError as error:
                problem = error
            except Exception:  # noqa: BLE001 - a bug must end the work in a recorded state
                problem = Defect(reference(work_id, "body"))
                _log.exception("bug", reference=problem.reference, work=work_id)
            await ended(Flow(self, work_id, stoppable=False), arguments, problem)
            return "cancelled" if isinstance(problem, Cancelled) else "failed"

        return run
