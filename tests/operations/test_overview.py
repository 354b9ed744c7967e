from pathlib import Path

import sqlalchemy as sa

from bot.domain.snapshot import Verdict
from bot.operations import conditions
from bot.store import backups, reports
from commands import GROUPS
from tests.operations.home import PRODUCTION, STAGING
from tests.routing import PLAN, routing
from tests.store.records import NOW, backup
from tests.store.test_reports import REPORT


async def test_each_environment_is_judged_by_its_own_copies_and_reports(tmp_path: Path) -> None:
    async with routing(tmp_path, *GROUPS) as router, router.house.database.write() as db:
        for name, environment in (("b1", PRODUCTION), ("b2", PRODUCTION), ("s1", STAGING)):
            kept = backup(name, environment=environment, verdict=Verdict.SOUND, file=f"{environment}/{name}.zip")
            await backups.add(db, kept)
        await reports.put(db, backup("s1").id, REPORT)
        chosen = [PLAN.environments[STAGING], PLAN.environments[PRODUCTION]]
        staging, production = await conditions.watched(db, router.house, chosen, NOW)
        assert (staging.health.copies, production.health.copies) == (1, 2)
        assert staging.health.newest is not None and staging.health.newest.id == "s1"


async def test_the_status_asks_the_database_as_often_for_three_environments_as_for_one(tmp_path: Path) -> None:
    asked: list[int] = []
    async with routing(tmp_path, *GROUPS) as router:
        engine = router.house.database.engine.sync_engine
        sa.event.listen(engine, "before_cursor_execute", lambda *_: asked.append(1))
        counts = []
        for chosen in (PLAN.real[:1], PLAN.real):
            asked.clear()
            async with router.house.database.read() as db:
                await conditions.watched(db, router.house, chosen, NOW)
            counts.append(len(asked))
    assert len(PLAN.real) == 3 and counts[0] == counts[1]
