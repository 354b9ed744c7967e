import json

import sqlalchemy as sa

from bot.domain.backups import CloudBackup, EnvironmentName, Observation, ServiceStatus
from bot.store import observations, service_status
from bot.store.database import Database
from bot.store.tables import observations as table
from tests.store.records import NOW, ago

PRODUCTION = EnvironmentName("production")
SEEN = Observation(
    environment=PRODUCTION,
    tried_at=NOW,
    seen_at=ago(minutes=1),
    state="running",
    may=("CreateBackups", "ViewData"),
    rows={"users": 12},
    rows_at=NOW,
    cloud_backup=CloudBackup(id="c", state="completed", snapshot_at=NOW, expires_at=None, size=7),
    cloud_backup_visible=True,
)


async def test_the_last_look_at_each_environment_is_kept(database: Database) -> None:
    failed = SEEN.model_copy(update={"problem": "It did not answer."})
    staging = Observation(environment=EnvironmentName("staging"), tried_at=NOW)
    async with database.write() as db:
        assert await observations.get(db, PRODUCTION) is None
        for one in (SEEN, staging, failed):
            await observations.put(db, one)
        assert await observations.get(db, PRODUCTION) == failed
        assert await observations.every(db) == {PRODUCTION: failed, staging.environment: staging}


async def test_what_another_version_kept_beside_it_is_passed_over(database: Database) -> None:
    kept = {**SEEN.model_dump(mode="json"), "of_a_version_to_come": 1}
    async with database.write() as db:
        await db.execute(sa.insert(table).values(environment=PRODUCTION, observation=json.dumps(kept)))
        assert await observations.get(db, PRODUCTION) == SEEN


async def test_what_a_status_page_last_said_is_kept(database: Database) -> None:
    fine = ServiceStatus(indicator="none", description="All systems operational", seen_at=ago(minutes=5))
    major = ServiceStatus(indicator="major", description="Elevated errors", seen_at=NOW)
    async with database.write() as db:
        assert await service_status.get(db, "convex") is None
        await service_status.put(db, "convex", fine)
        await service_status.put(db, "convex", major)
        assert await service_status.get(db, "convex") == major
