"""An export, from the asking to the report, with everything real but Convex itself."""

import asyncio

import pytest

from bot.chat.cards import plain
from bot.domain.backups import BackupId, Phase
from bot.domain.errors import Refused
from bot.domain.snapshot import Severity, Verdict
from bot.house import Place
from bot.operations import export, live
from bot.simulator.server import Simulator
from bot.store import posts
from tests.operations.home import ADA, ALERTS, BEN, OPS, PRODUCTION, STAGING, Home


def requested(convex: Simulator) -> int:
    """How many exports the deployment was asked for by keys."""
    return sum(one.requestor == "snapshotExport" for one in convex.exports.all)


async def test_an_export_ends_as_a_verified_copy_in_the_vault(on_either: Home, convex: Simulator) -> None:
    operation = await on_either.ended(await on_either.export())
    assert operation.phase is Phase.DONE and operation.problem == "" and operation.backup == BackupId(operation.id)
    backup, report = await on_either.backup(operation.id), await on_either.report(operation.id)
    assert backup is not None and report is not None
    at_convex = convex.exports.all[-1]
    assert on_either.in_vault() == [backup.file] == [report.file]
    assert (backup.size, backup.sha256, backup.rows) == (at_convex.size, report.sha256, report.rows)
    assert (backup.snapshot_ns, backup.convex_id) == (at_convex.start_ts, at_convex.id)
    assert backup.requested_by == "ada" and backup.verdict is Verdict.SOUND and backup.restorable


async def test_the_copy_is_held_against_production_as_it_was_at_that_moment(at_home: Home, convex: Simulator) -> None:
    convex.exports.seconds = 1
    convex.set_traffic(100)
    report = await at_home.report((await at_home.ended(await at_home.export())).id)
    convex.set_traffic(0)
    assert report is not None
    now = {name: len(table.view()) for name, table in convex.deployment.tables.items()}
    assert any(now[table.name] > table.rows for table in report.tables)
    assert {table.difference for table in report.tables} == {0}
    assert {table.explanation for table in report.tables} == {"counted at the snapshot's own moment"}


async def test_one_message_lives_from_the_first_phase_to_the_report(at_home: Home, convex: Simulator) -> None:
    convex.exports.seconds = 0.5
    await at_home.ended(await at_home.export())
    await at_home.drawn()
    assert [kind for kind, *_ in at_home.paper.lines()].count("post") == 1
    titles = at_home.paper.titles()
    assert "Convex is exporting production" in titles
    assert titles[-1].startswith("Production: sound")


async def test_its_end_is_told_in_the_thread_of_every_message_that_shows_it(at_home: Home) -> None:
    ended = await at_home.ended(await at_home.export())
    async with at_home.house.database.read() as db:
        (head,) = await posts.of(db, live.OPERATION, ended.id)
        (told,) = await posts.of(db, live.ENDED, ended.id)
    assert (told.under, told.platform, told.channel) == (head.key, head.platform, head.channel)
    card = await live.draw(at_home.house, told.kind, told.subject)
    assert card.title.startswith("Production: sound")
    assert "@Ada Okafor" in plain(card.blocks[0].line)  # type: ignore[union-attr] # the first block is its text


async def test_where_its_message_was_given_up_nothing_waits_to_be_told(at_home: Home, convex: Simulator) -> None:
    convex.exports.seconds = 0.5
    elsewhere = Place("a platform of before", "ops")
    running = await export.begin(at_home.house, PRODUCTION, ADA, elsewhere, with_files=False)
    async with at_home.house.database.write() as db:
        (head,) = await posts.of(db, live.OPERATION, running.id)
        await posts.give_up(db, head, "The bot is not in that channel.")
    await at_home.ended(running.id)
    async with at_home.house.database.read() as db:
        assert await posts.of(db, live.ENDED, running.id) == []


async def test_where_the_card_of_a_running_export_stands_already_it_is_known(at_home: Home, convex: Simulator) -> None:
    convex.exports.seconds = 0.5
    assert await export.standing(at_home.house, PRODUCTION, OPS) is None
    running = await export.begin(at_home.house, PRODUCTION, ADA, OPS, with_files=False)
    assert await export.standing(at_home.house, PRODUCTION, OPS) is not None
    assert await export.standing(at_home.house, PRODUCTION, ALERTS) is None
    await at_home.ended(running.id)
    assert await export.standing(at_home.house, PRODUCTION, OPS) is None


async def test_a_second_asker_is_shown_the_export_that_runs(at_home: Home, convex: Simulator) -> None:
    convex.exports.seconds = 0.5
    first = await export.begin(at_home.house, PRODUCTION, ADA, OPS, with_files=False)
    second = await export.begin(at_home.house, PRODUCTION, BEN, ALERTS, with_files=True)
    assert (second.id, second.started_by) == (first.id, "ada")
    await at_home.ended(first.id)
    await at_home.drawn()
    assert at_home.paper.titles("ops")[-1] == at_home.paper.titles("alerts")[-1]
    assert requested(convex) == 1


async def test_of_many_who_ask_at_once_all_get_the_same_export(on_either: Home, convex: Simulator) -> None:
    askers = [export.begin(on_either.house, PRODUCTION, ADA, OPS, with_files=False) for _ in range(8)]
    begun = await asyncio.gather(*askers)
    assert len({one.id for one in begun}) == 1
    await on_either.ended(begun[0].id)
    assert requested(convex) == 1


async def test_when_one_export_has_ended_the_next_is_another(at_home: Home, convex: Simulator) -> None:
    first = await at_home.ended(await at_home.export())
    second = await at_home.ended(await at_home.export(with_files=True))
    assert first.id != second.id and requested(convex) == 2
    report = await at_home.report(second.id)
    assert report is not None and report.storage.included and report.storage.files > 0


async def test_an_export_with_findings_is_kept_with_its_verdict(at_home: Home, convex: Simulator) -> None:
    convex.scenarios.play("buggy-migration")
    operation = await at_home.ended(await at_home.export())
    backup = await at_home.backup(operation.id)
    assert operation.phase is Phase.DONE and backup is not None
    assert backup.verdict is Verdict.FINDINGS
    assert backup.worst in (Severity.ERROR, Severity.WARNING)
    await at_home.drawn()
    assert "sound" not in at_home.paper.titles()[-1]


async def test_an_environment_that_is_not_connected_is_refused_at_once(at_home: Home) -> None:
    with pytest.raises(Refused):
        await export.begin(at_home.house, STAGING, ADA, OPS, with_files=False)
    assert at_home.paper.lines() == []


async def test_progress_counts_the_tables_that_are_done(at_home: Home, convex: Simulator) -> None:
    convex.exports.seconds = 1.5
    operation = await at_home.export()
    halfway = await at_home.until(operation, lambda one: one.phase is Phase.EXPORTING and one.done >= 1)
    assert halfway.total == 8 and 1 <= halfway.done < 8
    assert halfway.message.startswith("Backing up ")
    await at_home.ended(operation)


async def test_progress_counts_the_bytes_that_arrived(at_home: Home, convex: Simulator) -> None:
    await at_home.ended(await at_home.export(with_files=True))
    size = convex.exports.all[-1].size
    assert size is not None
    convex.control.bytes_per_second = size / 3
    operation = await at_home.export(with_files=True)
    loading = await at_home.until(operation, lambda one: one.phase is Phase.DOWNLOADING and one.total is not None)
    assert loading.total is not None and abs(loading.total - size) < size / 10
    await at_home.ended(operation)
