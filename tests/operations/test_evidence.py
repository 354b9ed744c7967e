"""The evidence of drills, gathered from the records of a real database, and what it follows from."""

import asyncio
import io
import zipfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.chat.cards import Attachment, Card, Code, Fields
from bot.domain.backups import BackupId
from bot.domain.drill_events import Link
from bot.domain.errors import Refused
from bot.domain.evidence_archive import DRILL, EVENTS, MANIFEST, MEMBERS, VERIFICATION, linked
from bot.domain.incident_events import IncidentId, Started
from bot.domain.incidents import evolve, fold
from bot.domain.people import Person, PersonId
from bot.domain.snapshot import Finding, Sample, Severity
from bot.house import Context, Place
from bot.operations import files, records
from bot.operations.evidence import gather, newest
from bot.operations.evidence_file import unpack
from bot.store import backups, drill_links, incidents, reports, tables
from bot.store.database import Database
from commands.drill_evidence import evidence
from tests.domain.test_health import copy
from tests.evidence_files import checked, loaded, rows_of
from tests.routing import FakeClock, house
from tests.views.drill_stages import Q4, Course, cancelled, failed, passed, rehearsal, verification

EVE = Person(PersonId("eve"), "Eve")
QUARTER = timedelta(days=91)


@dataclass(frozen=True)
class Records:
    database: Database


async def kept(database: Database, course: Course) -> IncidentId:
    """Record a drill as it would have been, with the report on its copy."""
    first, *others = course.events
    async with database.write() as db:
        await incidents.begin(db, first, None)
        found = await incidents.take(db, course.id)
        assert found is not None
        await incidents.append(db, found, others, fold(course.events), None)
        if course.drill.tested is not None:
            await backups.add(db, copy(course.drill.tested.copy_id, timedelta()))
            await reports.put(db, course.drill.tested.copy_id, verification(course))
    return course.id


async def unpacked(database: Database, drill: IncidentId, folder: Path) -> dict[str, bytes]:
    """The evidence of a drill, through a file."""
    path = folder / f"{drill}.zip"
    path.write_bytes((await gather(Records(database), drill)).packed)
    read = unpack(path)
    assert read.problems == ()
    return read.files


async def test_what_is_gathered_from_the_records_holds(database: Database, tmp_path: Path) -> None:
    found = await unpacked(database, await kept(database, failed()), tmp_path)
    assert tuple(found) == MEMBERS
    assert checked(found).problems == ()
    assert loaded(found, MANIFEST)["made_with"].keys() == {"lifeboat", "python"}
    assert loaded(found, DRILL)["tools"]["convex of staging"] == "1.49.1 (quiet-otter-204)"


async def test_asked_for_again_later_it_is_the_same_to_the_byte(sqlite: Database) -> None:
    drill = await kept(sqlite, passed())
    once = (await gather(Records(sqlite), drill)).packed
    await asyncio.sleep(1.1)  # longer than the ticks of a ZIP's clock are fine for, were it asked
    assert (await gather(Records(sqlite), drill)).packed == once


async def followed(database: Database, course: Course) -> Link | None:
    """What a drill that begins now would follow."""
    first = course.events[0].body
    assert isinstance(first, Started)
    async with database.write() as db:
        practice = (await drill_links.following(db, first)).practice
    assert practice is not None
    return practice.previous


async def test_each_archive_follows_from_the_test_before(database: Database, tmp_path: Path) -> None:
    assert await followed(database, passed()) is None
    before = await kept(database, failed(Q4 - QUARTER, "2026-Q3"))
    await kept(database, rehearsal())
    link = await followed(database, passed())
    this = await kept(database, cancelled(previous=link))
    read = {one: checked(await unpacked(database, one, tmp_path)) for one in (before, this)}
    assert all(one.problems == () for one in read.values())
    assert linked(read[this], read[before]).ok
    made = read[before].made
    assert made is not None and made.evidence.previous is None
    follows = await followed(database, rehearsal())
    assert follows is not None and follows.id == rehearsal().id


async def test_a_drill_that_begins_while_another_is_open_follows_where_that_stands_then(
    sqlite: Database, tmp_path: Path
) -> None:
    course = failed(Q4 - QUARTER, "2026-Q3")
    late = course.events[-5:]
    del course.events[-5:]
    before = await kept(sqlite, course)
    link = await followed(sqlite, passed())
    assert link == Link(id=before, seq=len(course.events), hash=rows_of(course.events)[-1].hash)
    this = await kept(sqlite, passed(previous=link))
    once = (await gather(Records(sqlite), this)).packed
    async with sqlite.write() as db:
        found = await incidents.take(db, before)
        assert found is not None
        stands = found.incident
        for event in late:
            stands = evolve(stands, event)
        await incidents.append(db, found, late, stands, None)
    assert (await gather(Records(sqlite), this)).packed == once
    read = {one: checked(await unpacked(sqlite, one, tmp_path)) for one in (before, this)}
    assert linked(read[this], read[before]).ok


async def test_a_record_that_was_written_anew_with_all_its_hashes_is_found_by_the_one_that_follows(
    sqlite: Database,
) -> None:
    course = failed(Q4 - QUARTER, "2026-Q3")
    before = await kept(sqlite, course)
    this = await kept(sqlite, passed(previous=await followed(sqlite, passed())))
    whole = await records.examine(sqlite, 30)
    assert (whole.broken, whole.strayed, whole.unlinked) == ({}, (), {})
    async with sqlite.write() as db:
        for table in (tables.incident_events, tables.incidents):
            where = table.c.incident if table is tables.incident_events else table.c.id
            await db.execute(sa.delete(table).where(where == before))
        await db.execute(sa.delete(tables.reports))
        await db.execute(sa.delete(tables.backups))
    await kept(sqlite, passed(Q4 - QUARTER, "2026-Q3"))
    seen = await records.examine(sqlite, 30)
    assert (seen.broken, seen.strayed) == ({}, ())
    assert [*seen.unlinked] == [this]
    assert seen.unlinked[this].id == before


async def test_a_report_that_was_made_anew_of_a_rotten_copy_is_not_passed_off_as_that_of_the_test(
    sqlite: Database, tmp_path: Path
) -> None:
    course = passed()
    drill = await kept(sqlite, course)
    rotten = verification(course).model_copy(update={"sha256": "0" * 64})
    async with sqlite.write() as db:
        await reports.put(db, BackupId(rotten.file.removesuffix(".zip")), rotten)
    found = await unpacked(sqlite, drill, tmp_path)
    assert checked(found).problems == ()
    assert found[VERIFICATION] == b"null\n"


async def test_no_row_is_quoted(sqlite: Database) -> None:
    course = passed()
    drill = await kept(sqlite, course)
    sample = Sample(line=1, id="k5", detail="email = secret@campus.example")
    note = Finding(code="odd", severity=Severity.INFORMATION, total=1, samples=(sample,), meaning="Odd.")
    async with sqlite.write() as db:
        told = verification(course).model_copy(update={"findings": (note,)})
        await reports.put(db, BackupId(told.file.removesuffix(".zip")), told)
    with zipfile.ZipFile(io.BytesIO((await gather(Records(sqlite), drill)).packed)) as opened:
        assert not any(b"secret@" in opened.read(one) for one in opened.namelist())


async def test_a_record_that_was_changed_in_the_database_is_evidence_of_nothing(sqlite: Database) -> None:
    drill = await kept(sqlite, passed())
    async with sqlite.write() as db:
        await db.execute(
            sa.text("UPDATE incident_events SET event = replace(event, '12 min', '13 min') WHERE incident = :drill"),
            {"drill": drill},
        )
    with pytest.raises(Refused, match="changed outside Lifeboat: event 10 is not what was recorded"):
        await gather(Records(sqlite), drill)


async def test_there_is_none_of_what_is_no_drill(sqlite: Database) -> None:
    with pytest.raises(Refused, match="no drill 'x'"):
        await gather(Records(sqlite), IncidentId("x"))
    with pytest.raises(Refused, match="No drill was held yet"):
        await newest(Records(sqlite))


async def test_anybody_is_handed_the_archive_with_its_last_hash(sqlite: Database) -> None:
    here = house(sqlite, FakeClock(Q4), ())
    await kept(sqlite, passed(Q4 - QUARTER, "2026-Q3"))
    drill = await kept(sqlite, failed())
    asked = Context(house=here, by=EVE, place=Place("web", "eve"), now=Q4)
    for card in (await evidence(asked, of=drill), await evidence(asked, of=None)):
        assert isinstance(card, Card)
        attached = next(one for one in card.blocks if isinstance(one, Attachment))
        file = await files.fetch(here, attached.file, EVE)
        assert (file.name, file.media_type) == (attached.name, "application/zip")
        assert isinstance(file.content, bytes) and len(file.content) == attached.size
        facts = dict(next(one for one in card.blocks if isinstance(one, Fields)).pairs)
        with zipfile.ZipFile(io.BytesIO(file.content)) as opened:
            last = opened.read(EVENTS).splitlines()[-1].decode()
        (shown,) = facts["Last hash"]
        assert isinstance(shown, Code) and f'"hash":"{shown.text}"' in last
