"""What a drill says of staging is what the real Convex command line (1.48.0) reads there, and afterwards as before."""

import json
import re
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.checklist import State
from bot.domain.drill_events import Result
from bot.operations import drills
from bot.simulator.deployment import Identity
from bot.simulator.server import Simulator
from tests.conformance.cli import ConvexCli
from tests.databases import sqlite_database
from tests.operations.drilling import ADA, drilling
from tests.operations.home import PRODUCTION, STAGING


@pytest.fixture
async def staging(datasets: Path) -> AsyncIterator[Simulator]:
    async with Simulator(datasets, size_mb=0.2, identity=Identity("wise-heron-42", type="dev")) as simulator:
        yield simulator


async def read(convex: ConvexCli, name: str) -> dict[str, list[bytes]]:
    """Every line of every table, as the command line exports them."""
    made = await convex("export", "--path", name)
    assert made.status == 0, made.err
    with zipfile.ZipFile(convex.folder / name) as archive:
        return {
            path.removesuffix("/documents.jsonl"): archive.read(path).splitlines()
            for path in archive.namelist()
            if path.endswith("/documents.jsonl") and not path.startswith("_")
        }


async def test_the_command_line_reads_in_staging_what_the_drill_says(
    deployment: Simulator, staging: Simulator, tmp_path: Path
) -> None:
    folder = tmp_path / "cli"
    folder.mkdir()
    convex = ConvexCli.in_project(folder, staging.url, staging.key)
    before = await read(convex, "before.zip")
    access = {PRODUCTION: (deployment.url, deployment.key), STAGING: (staging.url, staging.key)}
    async with drilling(sqlite_database(tmp_path), tmp_path, access) as here:
        begun = await here.begun()
        await drills.agree(here.house, begun.id, await here.until_asked(begun.id), ADA)
        await here.until_step(begun.id, "queries", State.DONE)
        _, drill = await here.stands(begun.id)
        assert drill.tested is not None

        during = await read(convex, "during.zip")
        assert {name: len(lines) for name, lines in during.items()} == drill.tested.rows
        shown = await convex("data", "users", "--limit", "3", "--order", "asc", "--format", "jsonLines")
        assert shown.status == 0, shown.err
        known = {json.loads(line)["_id"] for line in during["users"]}
        # It writes 64-bit integers as JavaScript does, which is no JSON.
        found = set(re.findall(r'"_id": ?"(\w+)"', shown.out))
        assert len(found) == 3
        assert found <= known
        assert during != before

        await drills.conclude(here.house, begun.id, None, True, "", ADA)
        _, drill = await here.until_closed(begun.id)
        assert drill.result is Result.PASS
    assert await read(convex, "after.zip") == before
