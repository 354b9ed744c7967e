"""An export, from the asking to the report, with everything real but Convex itself."""

from bot.domain.backups import Phase
from bot.simulator.server import Simulator
from tests.operations.home import Home


async def test_an_export_ends_as_a_verified_copy_in_the_vault(lived_in: Home, convex: Simulator) -> None:
    operation = await lived_in.ended(await lived_in.export())
    assert (operation.phase, operation.problem) == (Phase.DONE, "")
    backup, report = await lived_in.backup(operation.id), await lived_in.report(operation.id)
    assert backup is not None and report is not None
    print(report.verdict, report.findings, report.tables)
    assert lived_in.in_vault() == [backup.file]
    assert backup.size == report.size and backup.sha256 == report.sha256
    assert backup.restorable
