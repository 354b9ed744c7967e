"""What our adapter imports is what the real Convex command line (1.48.0) would import, and what it then reads."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from bot.adapters.convex import ConvexDeployment, connect
from bot.domain.imports import ImportMode, ImportStage, ImportState
from bot.simulator.server import Simulator
from tests.conformance.cli import ConvexCli
from tests.conformance.test_convex_cli import counts, exported, lines, rows


@pytest.fixture
async def ours(deployment: Simulator) -> AsyncIterator[ConvexDeployment]:
    async with connect(deployment.url, deployment.key, version="0.1.0") as connected:
        yield connected


async def when(ours: ConvexDeployment, job: str, ready: Callable[[ImportState], bool]) -> ImportState:
    for _ in range(400):
        state = await ours.import_state(job)
        if ready(state):
            return state
        await asyncio.sleep(0.02)
    raise AssertionError(f"the import stayed {state}")


def waits(state: ImportState) -> bool:
    return state.state is ImportStage.WAITING


def ended(state: ImportState) -> bool:
    return state.ended


def table_of(text: str) -> list[list[str]]:
    """The cells of the dry run's table, as Convex draws it."""
    return [[cell.strip() for cell in line.split("|")[:3]] for line in text.splitlines() if line.count("|") == 3]


async def test_the_dry_run_is_the_table_that_the_command_line_prints(
    deployment: Simulator, convex: ConvexCli, ours: ConvexDeployment
) -> None:
    archive = await exported(convex, "copy.zip", "--include-file-storage")
    deployment.scenarios.play("buggy-migration")

    state = await when(ours, await ours.upload_import(archive, ImportMode.REPLACE_ALL), waits)
    asked = await convex("import", "--replace-all", archive.name)

    assert state.plan is not None
    printed = table_of(asked.err)
    assert printed == table_of(state.message)
    assert printed[0] == ["table", "create", "delete"]
    assert printed[1:] == [
        [
            change.table,
            f"{change.create:,}",
            f"{change.delete:,} of {change.existing:,}{' files' if change.table == '_storage' else ''}",
        ]
        for change in state.plan.changes
    ]


async def test_the_command_line_reads_what_our_adapter_imported(
    deployment: Simulator, convex: ConvexCli, ours: ConvexDeployment
) -> None:
    archive, before = await exported(convex, "copy.zip", "--include-file-storage"), counts(deployment)
    deployment.scenarios.play("buggy-migration")
    job = await ours.upload_import(archive, ImportMode.REPLACE_ALL)
    await when(ours, job, waits)

    await ours.perform_import(job)
    done = await when(ours, job, ended)

    assert done.state is ImportStage.COMPLETED and done.rows_written == sum(before.values())
    shown = await convex("data", "comments", "--limit", "100", "--order", "asc", "--format", "jsonLines")
    assert shown.status == 0, shown.err
    oldest = sorted(rows(archive, "comments"), key=lambda comment: float(comment["_creationTime"]))[:100]
    assert [json.loads(line) for line in shown.out.splitlines()] == oldest
    after = await exported(convex, "after.zip", "--include-file-storage")
    for table in (*before, "_storage"):
        assert lines(after, table) == lines(archive, table)


async def test_our_import_and_that_of_the_command_line_leave_the_same_documents(
    deployment: Simulator, convex: ConvexCli, ours: ConvexDeployment
) -> None:
    archive = await exported(convex, "copy.zip", "--include-file-storage")
    deployment.scenarios.play("buggy-migration")
    assert (await convex("import", "--replace-all", "-y", archive.name)).status == 0
    theirs = await exported(convex, "theirs.zip", "--include-file-storage")
    deployment.scenarios.play("buggy-migration")

    job = await ours.upload_import(archive, ImportMode.REPLACE_ALL)
    await when(ours, job, waits)
    await ours.perform_import(job)
    await when(ours, job, ended)

    after = await exported(convex, "ours.zip", "--include-file-storage")
    for table in (*counts(deployment), "_storage"):
        assert lines(after, table) == lines(theirs, table)


async def test_the_command_lines_own_import_is_seen_among_the_newest(convex: ConvexCli, ours: ConvexDeployment) -> None:
    archive = await exported(convex, "copy.zip")
    assert (await convex("import", "--replace", "-y", archive.name)).status == 0

    (newest,) = await ours.recent_imports()

    assert newest.state is ImportStage.COMPLETED
    assert newest.plan is not None and newest.plan.mode is ImportMode.REPLACE
