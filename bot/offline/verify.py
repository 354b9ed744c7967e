"""Knows how an export is checked on this machine. Knows no database, vault or deployment."""

from pathlib import Path

from bot.domain.expectations import expectations
from bot.domain.plan import Plan
from bot.domain.snapshot import Expectations, Progress
from bot.platforms.terminal.screen import Screen, open_console
from bot.snapshots import runner
from bot.views.report import file_card, progress_card


async def verify_file(file: Path, plan: Plan | None, *, as_json: bool) -> int:
    """Check an export on this machine; exit status 0 sound, 1 findings, 2 unreadable."""
    screen = Screen(open_console(), as_json=as_json)

    async def show(progress: Progress) -> None:
        screen.post("verify", progress_card(file.name, progress))

    expected = expectations(plan) if plan else Expectations()
    report = await runner.verify(file, expected, None if as_json else show)
    if as_json:
        print(report.model_dump_json())  # noqa: T201 - the report is what was asked for on standard output
    else:
        screen.post("verify", file_card(report, plan))
        screen.close()
    return report.verdict.exit_status
