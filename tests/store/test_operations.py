import asyncio

from bot.domain.backups import OperationKind, Phase
from bot.store import operations
from bot.store.database import Database
from tests.store.records import NOW, ago, operation


async def test_an_operation_comes_back_as_it_was_kept(database: Database) -> None:
    kept = operation(done=3.0, total=25.0, message="copying", cancel_by="ada", backup="b1", with_files=True)
    async with database.write() as db:
        assert await operations.add(db, kept) == kept
        assert await operations.get(db, kept.id) == kept
        assert await operations.get(db, operation("other").id) is None


async def test_a_second_export_of_an_environment_is_given_the_first(database: Database) -> None:
    first = operation("o1")
    async with database.write() as db:
        await operations.add(db, first)
        assert await operations.add(db, operation("o2")) == first
        assert await operations.get(db, operation("o2").id) is None


async def test_other_environments_and_verifications_run_beside_an_export(database: Database) -> None:
    beside = [operation("o2", environment="staging"), operation("o3", kind=OperationKind.VERIFY)]
    async with database.write() as db:
        await operations.add(db, operation("o1"))
        for one in beside:
            assert await operations.add(db, one) == one
        assert [one.id for one in await operations.unended(db)] == ["o1", "o2", "o3"]


async def test_of_many_that_export_at_once_one_wins_and_all_are_given_it(database: Database) -> None:
    async def ask(number: int) -> str:
        async with database.write() as db:
            return (await operations.add(db, operation(f"o{number}"))).id

    assert len(set(await asyncio.gather(*(ask(number) for number in range(12))))) == 1
    async with database.read() as db:
        assert len(await operations.unended(db)) == 1


async def test_once_an_export_has_ended_another_may_begin(database: Database) -> None:
    second = operation("o2")
    async with database.write() as db:
        await operations.add(db, operation("o1"))
        await operations.update(db, operation("o1").id, phase=Phase.DONE, ended_at=NOW)
        assert await operations.add(db, second) == second
        assert await operations.running(db, second.environment) == second


async def test_the_same_operation_added_again_is_the_one_that_is_there(database: Database) -> None:
    async with database.write() as db:
        await operations.add(db, operation("o1"))
        await operations.update(db, operation("o1").id, phase=Phase.DONE, ended_at=NOW)
        again = await operations.add(db, operation("o1"))
    assert again.phase is Phase.DONE


async def test_fields_change_by_their_names(database: Database) -> None:
    async with database.write() as db:
        await operations.add(db, operation("o1"))
        await operations.update(db, operation("o1").id, phase=Phase.DOWNLOADING, done=5.5, message="x")
        changed = await operations.get(db, operation("o1").id)
    assert changed == operation("o1", phase=Phase.DOWNLOADING, done=5.5, message="x")


async def test_the_newest_operations_come_first(database: Database) -> None:
    async with database.write() as db:
        for days in (2, 0, 1):
            await operations.add(db, operation(f"o{days}", kind=OperationKind.VERIFY, started_at=ago(days=days)))
        await operations.add(db, operation("s", environment="staging", started_at=ago(days=9)))
        assert [one.id for one in await operations.recent(db)] == ["o0", "o1", "o2", "s"]
        assert [one.id for one in await operations.recent(db, operation().environment, limit=2)] == ["o0", "o1"]


async def test_the_last_export_of_each_environment_is_the_one_begun_last_that_has_ended(database: Database) -> None:
    ended = [
        operation("o1", started_at=ago(days=3), ended_at=ago(days=3), phase=Phase.FAILED),
        operation("o2", started_at=ago(days=2), ended_at=ago(days=2), phase=Phase.DONE),
        operation("s1", environment="staging", started_at=ago(days=5), ended_at=ago(days=5), phase=Phase.FAILED),
        operation("v1", kind=OperationKind.VERIFY, started_at=ago(days=1), ended_at=ago(days=1), phase=Phase.FAILED),
    ]
    async with database.write() as db:
        assert await operations.last_exports(db) == {}
        for one in [*ended, operation("o3")]:
            await operations.add(db, one)
        assert await operations.last_exports(db) == {"production": ended[1], "staging": ended[2]}
