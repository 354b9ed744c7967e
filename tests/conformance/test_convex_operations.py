"""While a deployment is paused, configured or restored, the real Convex command line (1.48.0) sees what it should."""

import json

from bot.simulator.server import Simulator
from tests.conformance.cli import ConvexCli
from tests.conformance.test_convex_cli import counts, exported, lines


async def test_variables_beyond_convexs_limits_are_refused_in_its_words(
    deployment: Simulator, convex: ConvexCli
) -> None:
    outcome = await convex("env", "set", "A" * 41, "on")

    assert outcome.status == 1
    assert "too long" in outcome.err
    assert "A" * 41 not in deployment.deployment.environment


async def test_what_the_command_line_changes_stands_in_the_audit_log(deployment: Simulator, convex: ConvexCli) -> None:
    (convex.folder / "likes.jsonl").write_text('{"kind":"wow"}\n')
    await exported(convex, "all.zip")
    for command in (
        ("env", "set", "READ_ONLY", "on"),
        ("env", "remove", "READ_ONLY"),
        ("import", "--table", "likes", "--replace", "-y", "likes.jsonl"),
    ):
        assert (await convex(*command)).status == 0

    assert [event.action for event in deployment.deployment.audit.events] == [
        "request_export",
        "create_environment_variable",
        "delete_environment_variable",
        "snapshot_import",
    ]


async def test_a_paused_deployment_is_exported_and_imported_into(deployment: Simulator, convex: ConvexCli) -> None:
    deployment.deployment.paused = True
    archive, before = await exported(convex, "paused.zip"), counts(deployment)

    outcome = await convex("import", "--replace-all", "-y", archive.name)

    assert outcome.status == 0, outcome.err
    assert counts(deployment) == before


async def test_the_culprit_is_the_largest_write_of_the_logs(deployment: Simulator, convex: ConvexCli) -> None:
    deployment.deployment.log.add("messages:send", written=1)
    deployment.scenarios.play("buggy-migration")

    async with convex.following("logs", "--history", "10", "--jsonl") as next_line:
        runs = [json.loads(await next_line()) for _ in range(2)]

    worst = max(runs, key=lambda run: run["usageStats"]["databaseWriteDocuments"])
    assert worst["identifier"] == "migrations:mergeDuplicateUsers"
    assert worst["executionTimestamp"] * 1e9 < deployment.scenarios.disasters[0].at_ns


async def test_an_archive_of_a_restored_moment_is_that_of_the_moment(deployment: Simulator, convex: ConvexCli) -> None:
    before = await exported(convex, "before.zip")
    good = deployment.deployment.ts
    deployment.scenarios.play("buggy-migration")
    deployment.scenarios.play("failed-deployment")

    deployment.deployment.restore_to(good)

    after = await exported(convex, "after.zip")
    for table in counts(deployment):
        assert lines(after, table) == lines(before, table)


async def test_scheduled_functions_are_listed_with_their_state(deployment: Simulator, convex: ConvexCli) -> None:
    deployment.scenarios.schedule("webhook-delete", 60)
    deployment.scenarios.schedule("buggy-migration", 60)
    deployment.instance.scheduler.cancel_all("clerk:handleUserDeleted")

    outcome = await convex("data", "_scheduled_functions", "--format", "jsonLines", "--order", "asc")

    assert outcome.status == 0, outcome.err
    shown = [json.loads(line) for line in outcome.out.splitlines()]
    assert {job["name"]: job["state"]["kind"] for job in shown} == {
        "clerk:handleUserDeleted": "canceled",
        "migrations:mergeDuplicateUsers": "pending",
    }
