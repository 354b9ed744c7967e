"""Evidence of drills that were really run: real database, engine and vault, around two simulated deployments."""

import platform
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from bot.chat.markdown import to_markdown
from bot.domain.drill_events import Practice
from bot.domain.evidence_archive import DRILL, HTML, VERIFICATION, linked
from bot.operations import drills, live
from bot.operations.evidence import gather
from bot.operations.evidence_file import unpack
from bot.simulator.deployment import Identity
from bot.simulator.http import VERSION
from bot.simulator.server import Simulator
from tests.databases import sqlite_database
from tests.evidence_files import checked, loaded
from tests.operations.drilling import ADA, BEN, QUARTERLY, Drilling, drilling
from tests.operations.home import PRODUCTION, STAGING


@pytest.fixture
async def here(tmp_path: Path, convex: Simulator, data_sets: Path) -> AsyncIterator[Drilling]:
    async with Simulator(data_sets, size_mb=0.1, identity=Identity("wise-heron-42", type="dev")) as staging:
        access = {PRODUCTION: (convex.url, convex.key), STAGING: (staging.url, staging.key)}
        async with drilling(sqlite_database(tmp_path), tmp_path, access) as one:
            yield one


async def test_two_drills_leave_two_archives_the_second_of_which_follows_the_first(
    here: Drilling, convex: Simulator, tmp_path: Path
) -> None:
    first, _ = await here.through()
    second = await here.begun(Practice(source=PRODUCTION, target=STAGING), "Backup test")
    await here.until_asked(second.id)
    await drills.deviate(here.house, second.id, "The copy was looked at by hand", "it is the first of the year", ADA)
    await drills.cancel(here.house, second.id, "It is enough", BEN)
    await here.until_closed(second.id)
    archives = []
    for one in (first, second):
        path = tmp_path / f"{one.id}.zip"
        path.write_bytes((await gather(here.house, one.id)).packed)
        archives.append(unpack(path).files)
    read = [checked(one) for one in archives]
    assert [one.problems for one in read] == [(), ()]
    assert linked(read[1], read[0]).ok
    passed, cancelled = (loaded(one, DRILL) for one in archives)
    assert (passed["result"], cancelled["result"]) == ("pass", "cancelled")
    assert (passed["occasion"], passed["drill"]) == (QUARTERLY.occasion, first.id)
    assert passed["project"] == here.house.plan.project.name
    assert 0 < passed["recovery"]["waited_seconds"] < passed["recovery"]["seconds"]
    assert passed["recovery"]["seconds"] > 0 and passed["recovery"]["met"]
    assert all(one["ok"] for one in passed["checks"]) and len(passed["checks"]) > 8
    assert {one["deployment"] for one in passed["dry_runs"]} == {"wise-heron-42"}
    versions = (
        metadata.version("lifeboat"),
        platform.python_version(),
        f"{VERSION} (brave-otter-412)",
        f"{VERSION} (wise-heron-42)",
    )
    assert tuple(passed["tools"].values()) == versions, passed["tools"]
    assert [one["purpose"] for one in passed["imports"]] == ["restore", "put back"]
    closing = passed["record"]["closing"]
    posted = await live.draw(here.house, live.SAID, f"{first.id}/{closing['seq']}")
    assert f"Record closed: event {closing['seq']}, fingerprint {closing['hash'][:16]}." in to_markdown(posted).replace(
        "`", ""
    ).replace("**", "")
    report = loaded(archives[0], VERIFICATION)
    assert (report["sha256"], report["size"]) == (passed["copies"][0]["sha256"], passed["copies"][0]["size"])
    assert cancelled["imports"] == [] and cancelled["cancelled"] == "It is enough"
    assert datetime.fromisoformat(cancelled["ended_at"]) < datetime.now(UTC)
    for secret in (convex.key, "Authorization", convex.key.rpartition("|")[2]):
        assert not any(secret.encode() in content for one in archives for content in one.values())
    assert b"<script" not in archives[0][HTML]
