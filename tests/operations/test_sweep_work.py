"""What the sweep does with work that is stuck."""

from pathlib import Path

from structlog.testing import capture_logs

from bot.domain.backups import OperationKind, Phase
from bot.operations import export, tracking
from bot.operations.engine import Engine
from bot.simulator.server import Simulator
from bot.store import operations
from tests.databases import sqlite_database
from tests.operations.conftest import Access
from tests.operations.home import ADA, OPS, PRODUCTION, Home, home
from tests.waiting import until


async def test_work_that_was_recorded_but_never_started_is_started(on_either: Home) -> None:
    now = on_either.house.clock.now()
    lost = tracking.entered("production-lost", OperationKind.EXPORT, PRODUCTION, ADA, now)
    async with on_either.house.database.write() as db:
        await operations.add(db, lost)
        await tracking.show(db, lost, OPS, now)
    await on_either.sweep.once()
    assert (await on_either.ended(lost.id)).phase is Phase.DONE
    await on_either.drawn()
    assert on_either.paper.titles()[-1].startswith("Production: sound")


async def test_a_wish_to_cancel_that_the_engine_never_heard_is_told_again(at_home: Home, convex: Simulator) -> None:
    convex.exports.hold(endless=True)
    operation = await at_home.export()
    await at_home.until(operation, lambda one: one.phase is Phase.EXPORTING)
    async with at_home.house.database.write() as db:
        await operations.update(db, operation, cancel_by="ada")
    await at_home.sweep.once()
    assert (await at_home.ended(operation)).phase is Phase.CANCELLED


async def test_work_that_the_engine_gave_up_is_said_to_have_failed(at_home: Home) -> None:
    done = await at_home.ended(await at_home.export())
    await until(lambda: _is(at_home, done.id, "done"))
    async with at_home.house.database.write() as db:
        await operations.update(db, done.id, phase=Phase.EXPORTING, ended_at=None)
    await at_home.sweep.once()
    found = await at_home.operation(done.id)
    assert found.phase is Phase.FAILED and "gave this work up" in found.problem and found.hint


async def test_what_work_fetched_that_the_engine_gave_up_before_its_record_is_deleted(
    at_home: Home, convex: Simulator, tmp_path: Path
) -> None:
    convex.exports.hold(endless=True)
    lost = await at_home.export()
    await at_home.until(lost, lambda one: one.phase is Phase.EXPORTING)
    await export.cancel(at_home.house, lost, ADA)
    await at_home.ended(lost)
    await until(lambda: _is(at_home, lost, "cancelled"))
    (tmp_path / "vault" / "production").mkdir(exist_ok=True)
    (tmp_path / "vault" / "production" / f"{lost}.zip").write_bytes(b"copy")
    async with at_home.house.database.write() as db:
        await operations.update(db, lost, phase=Phase.DOWNLOADING, ended_at=None)
    await at_home.sweep.once()
    assert (await at_home.operation(lost)).phase is Phase.FAILED
    assert at_home.in_vault() == []


async def _is(one: Home, work: str, status: str) -> bool:
    return await one.engine.status(work) == status


class SlowToTell(Engine):
    """Tells how work is once it has ended."""

    async def status(self, work_id: str) -> str | None:
        async def ended() -> bool:
            return await Engine.status(self, work_id) != "running"

        await until(ended)
        return await super().status(work_id)


async def test_work_that_ends_while_it_is_looked_at_is_not_lost(
    tmp_path: Path, access: Access, convex: Simulator
) -> None:
    convex.exports.seconds = 0.5
    async with home(sqlite_database(tmp_path), tmp_path, access, engine_class=SlowToTell) as one:
        running = await one.export()
        with capture_logs() as logs:
            await one.sweep.once()
        assert (await one.operation(running)).phase is Phase.DONE
        assert one.in_vault() == [f"production/{running}.zip"]
    assert [entry for entry in logs if entry["log_level"] == "error"] == []
