import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from filelock import FileLock

from bot.domain.errors import Outage, Refused
from bot.operations.engine import Engine
from bot.operations.replica import hold, holder, slot
from bot.store.database import Database
from bot.store.migrate import migrate
from tests.databases import postgresql_database
from tests.operations import replica_child
from tests.waiting import until

_HOLD = """
import sys, time
from pathlib import Path
from bot.operations.replica import hold
lock = hold(Path(sys.argv[1]))
print("held", flush=True)
time.sleep(600)
"""


@contextlib.asynccontextmanager
async def child(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def first_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(60):
        return (await process.stdout.readline()).decode().strip()


async def test_a_second_lifeboat_on_a_data_folder_is_refused_and_told_which_one_runs(tmp_path: Path) -> None:
    async with child("-c", _HOLD, str(tmp_path)) as first:
        assert await first_line(first) == "held"
        for _ in range(2):
            with pytest.raises(Refused) as refused:
                hold(tmp_path)
            assert f"process {first.pid}" in refused.value.problem
    lock = hold(tmp_path)  # killed, it holds the folder no longer
    lock.release()


async def test_who_only_asks_whether_a_folder_is_held_keeps_nobody_from_starting(tmp_path: Path) -> None:
    probe = FileLock(tmp_path / "lifeboat.lock", thread_local=False)
    probe.acquire()
    starting = asyncio.create_task(asyncio.to_thread(hold, tmp_path))
    await asyncio.sleep(0.3)
    probe.release()
    (await starting).release()


async def test_a_folder_that_is_not_there_yet_is_made_and_its_holder_known(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    assert holder(folder) is None
    lock = hold(folder)
    assert holder(folder) is not None
    lock.release()


async def test_a_folder_locked_in_one_thread_is_released_in_another(tmp_path: Path) -> None:
    lock = await asyncio.to_thread(hold, tmp_path)
    lock.release()
    hold(tmp_path).release()


@pytest.fixture
async def shared(postgresql: str) -> AsyncIterator[str]:
    async with postgresql_database(postgresql) as url:
        database = Database.open(url)
        await migrate(database)
        await database.close()
        yield url


async def test_each_process_has_a_slot_of_its_own_and_gives_it_back(shared: str) -> None:
    database = Database.open(shared)
    async with slot(database) as one, slot(database) as two:
        assert {one.name, two.name} == {"slot-1", "slot-2"}
    async with slot(database) as again:
        assert again.name == "slot-1"
    await database.close()


async def test_a_seventeenth_process_is_refused(shared: str) -> None:
    database = Database.open(shared)
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(16):
            await stack.enter_async_context(slot(database))
        with pytest.raises(Refused, match="16 Lifeboats"):
            await stack.enter_async_context(slot(database))
    await database.close()


async def test_a_process_starts_though_another_looks_through_the_free_slots_just_then(shared: str) -> None:
    database = Database.open(shared)
    looking = asyncio.Event()

    async def adopt(_names: list[str]) -> int:
        looking.set()
        await asyncio.sleep(1)
        return 0

    async with slot(database) as one:
        watching = asyncio.create_task(one.watch(adopt))
        await looking.wait()
        async with slot(database) as two:
            assert two.name != one.name
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    await database.close()


async def test_work_of_a_process_that_died_is_done_by_another(shared: str) -> None:
    database = Database.open(shared)
    async with slot(database) as mine:
        engine = Engine(database, mine.name)
        engine.workflow("work", replica_child.body, replica_child.ended)
        await engine.launch()
        watching = asyncio.create_task(mine.watch(engine.adopt))
        async with child("-m", "tests.operations.replica_child", shared) as other:
            assert (await first_line(other)).startswith("slot-")
            await asyncio.sleep(2.5)
            assert (await engine.status(replica_child.WORK)) == "running"
            other.kill()

        async def done() -> bool:
            return await engine.status(replica_child.WORK) == "done"

        await until(done, within=40)
        watching.cancel()
        await engine.close()
    await database.close()


async def test_a_process_that_lost_its_slots_connection_is_told_to_end(shared: str) -> None:
    database = Database.open(shared)

    async def adopt(_names: list[str]) -> int:
        return 0

    async def lose() -> None:
        async with slot(database) as mine:
            async with database.write() as db:
                others = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                await db.execute(sa.text(others))
            await mine.watch(adopt)

    with pytest.raises(Outage):
        async with asyncio.timeout(20):
            await lose()
    await database.close()
