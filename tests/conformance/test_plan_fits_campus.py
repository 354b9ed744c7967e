"""The shipped plan fits Campus Connect as it is simulated, and its checks notice a disaster."""

from bot.domain.checks import Result, outcomes
from bot.domain.expectations import expectations
from bot.domain.plan import load
from bot.domain.snapshot import Report, Verdict
from bot.simulator.server import Simulator
from bot.snapshots.runner import verify
from tests.conformance.cli import ROOT, ConvexCli

PLAN = load((ROOT / "bot" / "plan.toml").read_text("utf-8"))


async def looked_at(convex: ConvexCli) -> Report:
    outcome = await convex("export", "--path", ".")
    assert outcome.status == 0, outcome.err
    # The name that the command line gives an export in a folder holds the moment of the snapshot.
    (copy,) = convex.folder.glob("snapshot_*.zip")
    return await verify(copy, expectations(PLAN))


def results(report: Report) -> dict[str, Result]:
    return {one.check.key: one.result for one in outcomes(PLAN.checks, report)}


async def test_healthy_data_meets_every_table_reference_and_check_of_the_plan(
    deployment: Simulator, convex: ConvexCli
) -> None:
    report = await looked_at(convex)

    assert report.verdict is Verdict.SOUND, report.findings
    assert {table.name for table in report.tables} == set(PLAN.tables)
    followed = {f"{table.name}.{one.field}" for table in report.tables for one in table.references if one.checked}
    assert {str(reference) for reference in PLAN.references} <= followed
    # The command line does not say how many rows production has.
    assert {key for key, result in results(report).items() if result is not Result.PASSED} == {"users-count"}


async def test_the_checks_of_the_plan_notice_a_migration_that_deletes_users(
    deployment: Simulator, convex: ConvexCli
) -> None:
    deployment.scenarios.play("buggy-migration")

    found = results(await looked_at(convex))

    assert found["message-threads"] is Result.FAILED
    assert found["follows-preserved"] is Result.FAILED
    assert found["recent-posts"] is Result.PASSED
