import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.errors import LifeboatError, Outage, Refused
from bot.operations.engine import Engine, Flow
from bot.operations.outcome import Cancelled, Defect
from bot.store import cancellations, deliveries
from bot.store.database import Connection, Database
from bot.store.migrate import migrate
from bot.store.tables import console_clock
from tests.databases import database_away, postgresql_database
from tests.waiting import until

Body = Callable[[Flow, dict[str, Any]], Awaitable[None]]


class Bench:
    """A database, an engine on it, and a record of what the tests' workflows did."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.engine = Engine(database)
        self.did: list[Any] = []
        self.ends: list[LifeboatError] = []

    @asynccontextmanager
    async def running(self, **bodies: Body) -> AsyncIterator[Engine]:
        self.engine = Engine(self.database)
        for name, body in bodies.items():
            self.engine.workflow(name, body, self.ended)
        await self.engine.launch()
        try:
            yield self.engine
        finally:
            await self.engine.close()

    async def ended(self, flow: Flow, _arguments: dict[str, Any], error: LifeboatError) -> None:
        await flow.step("clean up", self.do, "cleaned up", preemptible=True)
        self.ends.append(error)

    async def do(self, what: Any) -> Any:
        self.did.append(what)
        return what

    async def over(self, work_id: str) -> str:
        async def over() -> str | None:
            status = await self.engine.status(work_id)
            return None if status in ("running", None) else status

        await until(over, within=30)
        return await self.engine.status(work_id) or ""

    async def reached(self, what: Any) -> None:
        await until(lambda: what in self.did, within=30)


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


async def count(db: Connection) -> int:
    return await db.scalar(sa.select(console_clock.c.seq)) or 0


async def add_one(db: Connection) -> int:
    seen = await count(db)
    await asyncio.sleep(0)
    await db.execute(sa.update(console_clock).values(seq=seen + 1))
    return seen + 1


async def test_work_runs_its_steps_in_order_and_is_done(bench: Bench) -> None:
    async def body(flow: Flow, arguments: dict[str, Any]) -> None:
        bench.did.append(await flow.step("one", bench.do, arguments["word"]))
        bench.did.append(await flow.tx("two", add_one))

    async with bench.running(work=body) as engine:
        assert await engine.status("w1") is None
        await engine.start("work", "w1", {"word": "hello"})
        assert await bench.over("w1") == "done"
    assert bench.did == ["hello", "hello", 1]
    assert bench.ends == []


async def test_the_same_id_again_attaches_to_the_work_that_runs_or_ran(bench: Bench) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("one", bench.do, 1)

    async with bench.running(work=body) as engine:
        for _ in range(3):
            await engine.start("work", "w1", {})
        await bench.over("w1")
        await engine.start("work", "w1", {})
        await asyncio.sleep(0.2)
    assert bench.did == [1]


async def test_many_at_once_that_read_and_write_lose_no_update(bench: Bench) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.tx("add", add_one)

    async with bench.running(work=body) as engine:
        await asyncio.gather(*(engine.start("work", f"w{number}", {}) for number in range(40)))
        for number in range(40):
            assert await bench.over(f"w{number}") == "done"
    async with bench.database.read() as db:
        assert await count(db) == 40


async def test_a_step_gives_a_replay_what_it_gave_the_first_time(bench: Bench) -> None:
    """A tuple comes back as a list: so it is one from the start."""

    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        given = await flow.step("one", bench.do, (1, {"a": (2,)}))
        assert given == [1, {"a": [2]}]

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        assert await bench.over("w1") == "done"


async def test_a_step_that_gives_no_json_is_a_defect_of_that_step(bench: Bench) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("one", bench.do, datetime.now(UTC))

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        assert await bench.over("w1") == "failed"
    assert isinstance(bench.ends[0], Defect)


@pytest.mark.parametrize("how", ["step", "tx"])
async def test_what_a_step_refuses_is_the_same_refusal_in_a_replay(bench: Bench, how: str) -> None:
    until_then = datetime(2026, 3, 15, 9, tzinfo=UTC)
    raised = [
        Refused("No.", "Do this."),
        Outage("convex", "503", "Later.", retry_at=until_then),
        Cancelled(),
        Defect("abcd"),
    ]
    seen: list[tuple[Any, ...]] = []

    async def fail(*args: Any) -> None:
        raise raised[args[-1]]

    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        for number in range(len(raised)):
            try:
                await (flow.step if how == "step" else flow.tx)(f"fail {number}", fail, number)
            except LifeboatError as error:
                seen.append((type(error), error.problem, error.hint, getattr(error, "retry_at", None)))
        await flow.step("wait", asyncio.sleep, 0 if len(seen) > 4 else 60)

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        await until(lambda: len(seen) == 4)
    async with bench.running(work=body):
        assert await bench.over("w1") == "done"
    assert seen[:4] == seen[4:]
    assert [one[0] for one in seen[:4]] == [Refused, Outage, Cancelled, Defect]
    assert seen[1] == (Outage, "503", "Later.", until_then)


async def test_a_transaction_that_is_refused_leaves_nothing_behind(bench: Bench) -> None:
    async def add_and_refuse(db: Connection) -> None:
        await add_one(db)
        raise Refused("No.")

    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.tx("add", add_and_refuse)

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        assert await bench.over("w1") == "failed"
    async with bench.database.read() as db:
        assert await count(db) == 0
    assert [one.problem for one in bench.ends] == ["No."]


async def test_an_outage_is_tried_again_as_often_as_was_said(bench: Bench) -> None:
    async def fail() -> None:
        bench.did.append("tried")
        raise Outage("convex", "503")

    async def body(flow: Flow, arguments: dict[str, Any]) -> None:
        await flow.step("fail", fail, retries=arguments["retries"])

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {"retries": 1})
        assert await bench.over("w1") == "failed"
    assert bench.did == ["tried", "tried", "cleaned up"]
    assert isinstance(bench.ends[0], Outage)


@pytest.mark.parametrize("where", ["body", "step", "tx"])
async def test_a_bug_ends_the_work_in_a_recorded_state_with_a_reference(bench: Bench, where: str) -> None:
    async def bug(*_args: Any) -> None:
        raise ZeroDivisionError

    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        if where == "step":
            await flow.step("bug", bug)
        if where == "tx":
            await flow.tx("bug", bug)
        await bug()

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        assert await bench.over("w1") == "failed"
        assert await engine.status("w1") == "failed"
    (end,) = bench.ends
    assert isinstance(end, Defect) and len(end.reference) == 8
    assert bench.did == ["cleaned up"]


async def test_a_step_is_stopped_under_way_and_the_end_is_recorded_in_peace(bench: Bench) -> None:
    async def long() -> None:
        bench.did.append("long")
        try:
            await asyncio.sleep(60)
        finally:
            bench.did.append("long ended")

    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("long", long, preemptible=True)

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        await bench.reached("long")
        await engine.cancel("w1")
        await bench.reached("long ended")
        assert await bench.over("w1") == "cancelled"
    assert bench.did == ["long", "long ended", "cleaned up"]
    assert [type(one) for one in bench.ends] == [Cancelled]


async def test_what_another_process_asks_to_stop_is_stopped(bench: Bench) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("begun", bench.do, "begun")
        await flow.sleep(60)

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        await bench.reached("begun")
        async with bench.database.write() as db:
            await cancellations.add(db, "w1", datetime.now(UTC))
        assert await bench.over("w1") == "cancelled"


async def test_what_was_asked_to_stop_before_a_crash_stops_after_it_and_begins_nothing(bench: Bench) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("begun", bench.do, "begun")
        await flow.step("wait", asyncio.sleep, 0.5)
        await flow.step("next", bench.do, "next", preemptible=True)

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        await bench.reached("begun")
        await engine.cancel("w1")
    async with bench.running(work=body):
        assert await bench.over("w1") == "cancelled"
    assert "next" not in bench.did


async def test_asking_to_stop_work_that_has_ended_or_never_was_changes_nothing(bench: Bench) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("one", bench.do, 1)

    async with bench.running(work=body) as engine:
        await engine.cancel("w1")
        await engine.start("work", "w1", {})
        assert await bench.over("w1") == "done"
        await engine.cancel("w1")
        assert await engine.status("w1") == "done"


async def test_work_goes_on_after_a_restart_on_the_loop_that_launched(bench: Bench) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("one", bench.do, "one")
        await flow.tx("claim", deliveries.claim, "d1", datetime(2026, 3, 15, tzinfo=UTC))
        await flow.sleep(1)
        bench.did.append(asyncio.get_running_loop())
        await flow.step("two", bench.do, "two")

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        await bench.reached("one")
    async with bench.running(work=body):
        assert await bench.over("w1") == "done"
    # The first step is done again where the restart came before it was recorded.
    assert bench.did[-3:] == ["one", asyncio.get_running_loop(), "two"]


@pytest.mark.parametrize("into", [n / 200 for n in range(8)])
async def test_a_close_in_the_middle_of_transactions_leaves_nothing_locked(bench: Bench, into: float) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("one", bench.do, "one")
        for number in range(50):
            await flow.tx(f"add {number}", add_one)

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        await bench.reached("one")
        await asyncio.sleep(into)
    async with bench.database.write() as db:
        before = await count(db)
    async with bench.running(work=body):
        assert await bench.over("w1") == "done"
    async with bench.database.read() as db:
        assert await count(db) == 50
    assert before < 50


async def test_a_sleep_that_a_restart_interrupts_lasts_no_longer(bench: Bench) -> None:
    entered: list[datetime] = []

    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        entered.append(datetime.now(UTC))
        await flow.step("begun", bench.do, "begun")
        await flow.sleep(4)
        bench.did.append(datetime.now(UTC))

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        await bench.reached("begun")
        await asyncio.sleep(2)
    async with bench.running(work=body):
        assert await bench.over("w1") == "done"
    first, second = entered
    assert bench.did[-1] - first >= timedelta(seconds=4)
    assert bench.did[-1] - second < timedelta(seconds=3.5)


async def test_the_loop_has_threads_again_after_the_engine_has_closed(bench: Bench) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("one", bench.do, 1)

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        await bench.over("w1")
    assert await asyncio.to_thread(lambda: 7) == 7


async def test_a_process_has_one_engine(bench: Bench) -> None:
    async with bench.running():
        with pytest.raises(RuntimeError, match="already"):
            await Engine(bench.database).launch()


async def test_work_that_ended_long_ago_is_forgotten_and_running_work_is_not(bench: Bench) -> None:
    async def body(flow: Flow, arguments: dict[str, Any]) -> None:
        await flow.step("one", bench.do, arguments["seconds"])
        await flow.sleep(arguments["seconds"])

    async with bench.running(work=body) as engine:
        await engine.start("work", "ended", {"seconds": 0})
        await engine.start("work", "runs", {"seconds": 60})
        await bench.over("ended")
        assert await engine.purge(datetime.now(UTC) - timedelta(days=1)) == 0
        assert await engine.purge(datetime.now(UTC) + timedelta(days=1)) == 1
        assert await engine.status("ended") is None
        assert await engine.status("runs") == "running"


async def test_no_dead_process_means_that_nobodys_work_is_taken(bench: Bench) -> None:
    async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
        await flow.step("begun", bench.do, "begun")
        await flow.sleep(1)

    async with bench.running(work=body) as engine:
        await engine.start("work", "w1", {})
        await bench.reached("begun")
        assert await engine.adopt([]) == 0
        assert await engine.adopt(["slot-9"]) == 0
        assert await bench.over("w1") == "done"


async def test_an_engine_that_could_not_be_launched_leaves_room_for_another(bench: Bench, tmp_path: Path) -> None:
    nowhere = Database.open(f"sqlite:///{tmp_path / 'nowhere' / 'lifeboat.db'}")
    (tmp_path / "nowhere" / "lifeboat.db").mkdir()
    with pytest.raises(sa.exc.OperationalError):
        await Engine(nowhere).launch()
    await nowhere.close()
    async with bench.running():
        pass


async def test_work_outlasts_a_database_that_is_away_for_a_while(postgresql: str) -> None:
    async with postgresql_database(postgresql) as url:
        database = Database.open(url)
        await migrate(database)
        bench = Bench(database)

        async def body(flow: Flow, _arguments: dict[str, Any]) -> None:
            for number in range(8):
                await flow.step(f"{number}", bench.do, number)
                await flow.tx(f"add {number}", add_one)
                await flow.step(f"wait {number}", asyncio.sleep, 0.2)

        async with bench.running(work=body) as engine:
            await engine.start("work", "w1", {})
            await bench.reached(1)
            async with database_away(url):
                await asyncio.sleep(1.5)
            assert await bench.over("w1") == "done"
        async with database.read() as db:
            assert await count(db) == 8
        await database.close()
