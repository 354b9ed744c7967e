"""How far long work is, in one line: what is done, how fast, and how long still."""

from datetime import timedelta

import pytest

from bot.domain.backups import EnvironmentName, Operation, OperationId, OperationKind, Phase
from bot.domain.people import LIFEBOAT
from bot.views import words
from bot.views.operation import progress_line
from tests.routing import FakeClock


@pytest.mark.parametrize(
    ("phase", "done", "total", "said"),
    [
        (Phase.WAITING, 0, None, "The export of staging waits to begin"),
        (Phase.REQUESTED, 0, None, "Asking Convex for an export of staging"),
        (Phase.EXPORTING, 2, 8, "Convex is exporting staging: 2 of 8 tables"),
        (Phase.DOWNLOADING, 10_000_000, 50_000_000, "10.0 MB of 50.0 MB · 2.5 MB/s · 16 s left"),
        (Phase.DOWNLOADING, 10_000_000, None, "Downloading the export of staging: 10.0 MB · 2.5 MB/s"),
        (Phase.VERIFYING, 50_000_000, 50_000_000, "Verifying the copy of staging: 50.0 MB of 50.0 MB · 12.5 MB/s"),
        (Phase.VERIFYING, 0, 50_000_000, "Verifying the copy of staging"),
    ],
)
def test_a_line_tells_what_there_is_to_tell_and_no_more(phase: Phase, done: float, total: float, said: str) -> None:
    now = FakeClock().now()
    operation = Operation(
        id=OperationId("staging-drill-1"),
        kind=OperationKind.EXPORT,
        environment=EnvironmentName("staging"),
        phase=phase,
        started_at=now,
        started_by=LIFEBOAT.id,
        done=done,
        total=total,
        phase_at=now,
        updated_at=now + timedelta(seconds=4),
    )
    assert progress_line(operation).endswith(said)


def test_a_speed_is_told_once_it_says_something() -> None:
    assert words.speed(1_000, 2_000, timedelta(seconds=0.4)) == ""
    assert words.speed(0, 2_000, timedelta(seconds=4)) == ""
    assert words.speed(10, 2_000, timedelta(seconds=2)) == ""
    assert words.speed(10, 2_000, timedelta(seconds=4)) != ""
    assert words.speed(1_000, 2_000, timedelta(seconds=1)) == " · 1.0 kB/s · 1 s left"
