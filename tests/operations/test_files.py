"""Which files people may fetch, and what stands where something is no longer recorded."""

import json
from pathlib import Path

import pytest

from bot.domain.errors import Refused
from bot.domain.people import Person, PersonId
from bot.domain.snapshot import Report
from bot.operations import live
from bot.operations.files import fetch
from bot.store import backups
from tests.operations.home import ADA, Home

EVE = Person(PersonId("eve"), "Eve")


async def test_a_report_is_a_json_file_for_everybody(at_home: Home) -> None:
    name = (await at_home.ended(await at_home.export())).id
    file = await fetch(at_home.house, f"report/{name}.json", EVE)
    assert (file.name, file.media_type) == (f"{name}.json", "application/json")
    assert isinstance(file.content, bytes)
    assert Report.model_validate_json(file.content) == await at_home.report(name)
    assert json.loads(file.content)["version"] == 1
    written = await fetch(at_home.house, f"report/{name}.md", EVE)
    assert isinstance(written.content, bytes) and written.content.decode().startswith("# Production: sound")


async def test_a_copy_is_handed_to_operators_alone(at_home: Home, tmp_path: Path) -> None:
    backup = await at_home.backup((await at_home.ended(await at_home.export())).id)
    assert backup is not None
    file = await fetch(at_home.house, f"backup/{backup.id}.zip", ADA)
    assert (file.name, file.media_type) == (f"{backup.id}.zip", "application/zip")
    assert file.content == tmp_path / "vault" / backup.file
    with pytest.raises(Refused, match="only operators"):
        await fetch(at_home.house, f"backup/{backup.id}.zip", EVE)


async def test_a_purged_copy_is_said_to_be_gone(at_home: Home) -> None:
    name = (await at_home.ended(await at_home.export())).id
    backup = await at_home.backup(name)
    assert backup is not None
    async with at_home.house.database.write() as db:
        await backups.set_purged(db, backup.id, backup.stored_at, "old")
    with pytest.raises(Refused, match="purged"):
        await fetch(at_home.house, f"backup/{name}.zip", ADA)


async def test_the_runbook_is_a_file(at_home: Home) -> None:
    file = await fetch(at_home.house, "runbook.md", EVE)
    assert file.media_type.startswith("text/markdown") and b"Campus Connect" in bytes(file.content)


@pytest.mark.parametrize("key", ["", "/", "report/", "report/x.json", "backup/../../etc/passwd", "x.md", "report/x"])
async def test_any_other_file_is_refused(at_home: Home, key: str) -> None:
    with pytest.raises(Refused):
        await fetch(at_home.house, key, ADA)


@pytest.mark.parametrize("kind", ["operation", "report"])
async def test_a_card_of_what_is_not_recorded_any_more_says_so(at_home: Home, kind: str) -> None:
    assert "not recorded any more" in (await live.draw(at_home.house, kind, "long-gone")).title


async def test_the_card_of_a_copy_is_its_report(at_home: Home) -> None:
    name = (await at_home.ended(await at_home.export())).id
    assert (await live.draw(at_home.house, "report", name)).title.startswith("Production: sound")
