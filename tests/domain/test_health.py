"""Whether an environment is safe, from what is recorded."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.domain import health
from bot.domain.backups import Backup, BackupId, EnvironmentName, Observation
from bot.domain.health import Concern, Health, Safety
from bot.domain.people import PersonId
from bot.domain.plan import load
from bot.domain.snapshot import Severity, Verdict

PLAN = load((Path(__file__).parents[2] / "bot" / "plan.toml").read_text("utf-8"))
PRODUCTION = PLAN.environments[EnvironmentName("production")]
STAGING = PLAN.environments[EnvironmentName("staging")]
NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def copy(name: str, age: timedelta, verdict: Verdict | None = Verdict.SOUND, **more: object) -> Backup:
    taken = NOW - age
    return Backup.model_validate(
        {
            "id": BackupId(name),
            "environment": PRODUCTION.name,
            "requested_at": taken,
            "requested_by": PersonId("ada"),
            "snapshot_at": taken,
            "snapshot_ns": int(taken.timestamp() * 1e9),
            "stored_at": taken,
            "file": f"production/{name}.zip",
            "size": 1_000_000,
            "sha256": "0" * 64,
            "with_files": False,
            "verdict": verdict,
            **more,
        }
    )


def observed(at: datetime = NOW, **rows: int) -> Observation:
    return Observation(environment=PRODUCTION.name, tried_at=at, seen_at=at, rows=rows, rows_at=at)


def judge(*copies: Backup, rows: dict[str, int] | None = None, seen: Observation | None = None) -> Health:
    return health.judge(PRODUCTION, copies, seen or observed(), rows, NOW, connected=True)


def test_production_without_a_copy_is_not_safe() -> None:
    judged = judge()
    assert judged.safety is Safety.NOT_SAFE
    assert judged.concerns == (Concern.NO_COPY,)


def test_staging_without_a_copy_is_as_planned() -> None:
    judged = health.judge(STAGING, (), None, None, NOW, connected=True)
    assert judged.safety is Safety.UNPLANNED


def test_a_copy_that_nobody_checked_does_not_make_it_safe() -> None:
    judged = judge(copy("new", timedelta(hours=1), verdict=None))
    assert judged.safety is Safety.NOT_SAFE
    assert judged.concerns == (Concern.NO_VERIFIED_COPY,)
    assert judged.unverified == 1


def test_a_fresh_sound_copy_makes_it_safe() -> None:
    judged = judge(copy("new", timedelta(hours=1)))
    assert judged.safety is Safety.SAFE
    assert judged.age == timedelta(hours=1)


def test_a_copy_older_than_the_plan_allows_is_a_risk() -> None:
    judged = judge(copy("old", timedelta(days=2)))
    assert judged.safety is Safety.AT_RISK
    assert Concern.OVERDUE in judged.concerns


def test_a_copy_with_errors_is_no_verified_copy() -> None:
    judged = judge(copy("bad", timedelta(hours=1), Verdict.FINDINGS, worst=Severity.ERROR))
    assert judged.newest is None
    assert judged.concerns == (Concern.NO_VERIFIED_COPY,)


def test_a_newer_copy_that_failed_its_check_is_said_beside_an_older_good_one() -> None:
    judged = judge(copy("good", timedelta(hours=5)), copy("bad", timedelta(hours=1), Verdict.UNREADABLE))
    assert judged.newest is not None and judged.newest.id == "good"
    assert judged.concerns == (Concern.NEWER_COPY_BROKEN,)


def test_production_with_far_fewer_rows_than_the_newest_copy_is_a_risk() -> None:
    judged = judge(
        copy("new", timedelta(hours=1)), rows={"users": 1000, "posts": 50}, seen=observed(users=688, posts=50)
    )
    assert judged.concerns == (Concern.SHRUNK,)
    assert judged.shrunk == (health.Shrunk("users", 1000, 688),)


def test_a_few_rows_deleted_in_an_ordinary_day_are_no_concern() -> None:
    judged = judge(copy("new", timedelta(hours=1)), rows={"users": 1000}, seen=observed(users=995))
    assert judged.safety is Safety.SAFE


def test_a_table_that_is_gone_has_lost_all_its_rows() -> None:
    judged = judge(copy("new", timedelta(hours=1)), rows={"users": 1000}, seen=observed(posts=5))
    assert judged.shrunk == (health.Shrunk("users", 1000, 0),)


def test_the_last_good_copy_disappears_when_retention_takes_it() -> None:
    good = copy("good", timedelta(days=28))
    warned = copy("warned", timedelta(hours=1), Verdict.FINDINGS, worst=Severity.WARNING)
    judged = judge(good, warned)
    assert judged.sound is not None and judged.sound.id == "good"
    assert judged.sound_expires_at == NOW + timedelta(days=2)
    assert Concern.LAST_SOUND_EXPIRES in judged.concerns


def test_retention_never_takes_the_newest_verified_copy_nor_a_kept_one() -> None:
    only = copy("only", timedelta(days=300))
    kept = copy("kept", timedelta(days=400), kept=True)
    older = copy("older", timedelta(days=310))
    copies = (only, kept, older)
    assert health.expires_at(PRODUCTION, copies, only) is None
    assert health.expires_at(PRODUCTION, copies, kept) is None
    assert health.expires_at(PRODUCTION, copies, older) == older.stored_at + timedelta(days=30)


def test_a_kept_sound_copy_lasts_however_the_others_go() -> None:
    kept = copy("kept", timedelta(days=60), kept=True)
    goes = copy("goes", timedelta(days=29))
    warned = copy("warned", timedelta(hours=1), Verdict.FINDINGS, worst=Severity.WARNING)
    judged = judge(kept, goes, warned)
    assert judged.sound is not None and judged.sound.id == "kept"
    assert Concern.LAST_SOUND_EXPIRES not in judged.concerns


def test_the_only_copy_with_stored_files_stays_beside_a_newer_one_without() -> None:
    with_files = copy("files", timedelta(days=40), with_files=True)
    without = copy("rows", timedelta(hours=1))
    assert health.protected((with_files, without)) == {"files", "rows"}
    assert health.expires_at(PRODUCTION, (with_files, without), with_files) is None


def test_rows_counted_before_the_copy_was_made_are_no_loss() -> None:
    before = observed(NOW - timedelta(hours=2), users=10)
    judged = judge(copy("new", timedelta(hours=1)), rows={"users": 1000}, seen=before)
    assert judged.shrunk == ()


def test_a_deployment_that_nobody_has_seen_lately_is_a_risk() -> None:
    fresh = copy("new", timedelta(hours=1))
    stale = observed(NOW - timedelta(days=3), users=10)
    assert Concern.NOT_SEEN in judge(fresh, seen=stale).concerns
    never = health.judge(PRODUCTION, (fresh,), None, None, NOW, connected=True)
    assert never.concerns == (Concern.NOT_SEEN,)
    assert never.safety is Safety.AT_RISK


def test_the_worst_environment_speaks_for_all() -> None:
    assert health.worst([judge(copy("new", timedelta(hours=1))), judge()]) is Safety.NOT_SAFE
    assert health.worst([]) is Safety.UNPLANNED
