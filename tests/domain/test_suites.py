"""What test runners print, as the real ones printed it (jest 30.5, vitest 4.1), and how it is kept."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.suites import LONGEST_LINE, Tally, Transcript, plain

PRINTED = Path(__file__).parents[1] / "golden" / "runners"


def counted(*lines: str) -> tuple[int | None, int | None]:
    tally = Tally()
    for line in lines:
        tally.hear(plain(line))
    return tally.passed, tally.failed


@pytest.mark.parametrize(
    ("name", "passed", "failed"),
    [("jest-failed", 3, 1), ("vitest-failed", 3, 1), ("jest-none", None, None), ("vitest-none", None, None)],
)
def test_what_a_real_runner_printed_is_counted(name: str, passed: int | None, failed: int | None) -> None:
    lines = (PRINTED / f"{name}.txt").read_text().splitlines()
    assert any("\x1b" in line for line in lines) or name == "jest-none"
    assert not any("\x1b" in plain(line) for line in lines)
    assert counted(*lines) == (passed, failed)


@pytest.mark.parametrize(
    ("line", "passed", "failed"),
    [
        ("Tests:       61 passed, 61 total", 61, 0),
        ("Tests:       2 failed, 3 skipped, 1 todo, 59 passed, 65 total", 59, 2),
        ("Tests:       0 total", 0, 0),
        ("      Tests  10 passed (10)", 10, 0),
        ("      Tests  1 failed | 9 passed | 2 skipped (12)", 9, 1),
        ("============ 2 failed, 5 passed, 1 skipped, 3 warnings in 12.34s ============", 5, 2),
        ("======== 1 passed, 1 error in 75.02s (0:01:15) ========", 1, 1),
        ("12 passed in 0.03s", 12, 0),
        ("# pass 7", 7, 0),
        ("ℹ fail 2", 0, 2),
    ],
)
def test_a_summary_line_is_counted(line: str, passed: int, failed: int) -> None:
    assert counted(line) == (passed, failed)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Test Suites: 1 failed, 6 passed, 7 total",
        " Test Files  1 failed | 3 passed (4)",
        "      Tests  no tests",
        "Snapshots:   3 passed, 3 total",
        "5 files in 2.3s",
        "copied 3 rows, 5 passed in review",
        "expected 'Tests: 3 passed' to be shown",
        "no tests ran in 0.01s",
    ],
)
def test_another_line_is_not_counted(line: str) -> None:
    assert counted(line) == (None, None)


def test_several_runs_add_up() -> None:
    assert counted("Tests:       4 passed, 4 total", "3 failed, 2 passed in 1.00s") == (6, 3)


@pytest.mark.parametrize(
    ("printed", "shown"),
    [
        ("\x1b[32m✓\x1b[39m adds", "✓ adds"),
        ("\x1b]8;;https://example.org\x07link\x1b]8;;\x07", "link"),
        ("10%\r50%\r100%\r\n", "100%"),
        ("tab\tstays, bell\x07 goes", "tab\tstays, bell goes"),
        ("x" * (LONGEST_LINE + 5), "x" * LONGEST_LINE + "…"),
    ],
)
def test_a_line_is_shown_as_a_reader_would_see_it(printed: str, shown: str) -> None:
    assert plain(printed) == shown


@given(st.text())
def test_no_line_keeps_a_control_character(text: str) -> None:
    assert not any(ord(each) < 32 and each not in "\t\n" for each in plain(text))


def test_short_output_is_kept_whole() -> None:
    transcript = Transcript(100)
    for line in ("one", "", "three"):
        transcript.add(line)
    assert transcript.text() == "one\n\nthree"


@given(st.lists(st.integers(0, 60), max_size=40))
def test_of_long_output_the_beginning_and_the_end_are_kept_and_the_rest_is_counted(lengths: list[int]) -> None:
    limit = 200
    lines = [f"{number}{'.' * length}" for number, length in enumerate(lengths)]
    transcript = Transcript(limit)
    for line in lines:
        transcript.add(line)
    whole, kept = "\n".join(lines), transcript.text()
    if "characters left out …" not in kept:
        assert kept == whole
        return
    head, count, tail = re.split(r"\n… ([\d,]+) characters left out …\n?", kept)
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) + 1 + int(count.replace(",", "")) + len(tail) == len(whole)
    assert len(kept) <= limit + 50
