"""The test log: as a card, as Markdown, as CSV and as a plot; and what is remembered of each test."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.adapters import charts
from bot.chat.markdown import to_markdown
from bot.domain import drill_log
from bot.domain.calendar import Occasion, Standing
from bot.domain.drill_log import Row
from bot.views.drill_log import log_card, log_csv, log_markdown, runbook_rows
from bot.views.plots.drill_log import log_plot
from bot.views.runbook import document
from tests.operations.home import PLAN
from tests.views import drill_stages

MARCH = datetime(2026, 3, 15, 9, tzinfo=UTC)


def row(number: int, status: str = "pass", minutes: float | None = 40) -> Row:
    at = MARCH + timedelta(days=92 * number)
    took = timedelta(minutes=minutes) if minutes is not None else None
    return Row(at, f"2026-Q{number}", status, took=took, target=timedelta(hours=1), size=10_000_000, rows=7)


def staged() -> tuple[Row, ...]:
    courses = (drill_stages.passed(), drill_stages.failed(), drill_stages.cancelled(), drill_stages.rehearsal())
    missed = Occasion("2025-Q4", MARCH - timedelta(days=90), MARCH - timedelta(days=90), Standing.MISSED)
    return drill_log.log([one.stands for one in courses], (missed,))


def test_every_test_is_in_the_log_with_how_it_ended_and_rehearsals_are_not() -> None:
    found = staged()
    assert sorted(one.status for one in found) == ["cancelled", "fail", "missed", "pass"]
    assert not any(one.rehearsal for one in found)
    rehearsals = drill_log.log([drill_stages.rehearsal().stands, drill_stages.passed().stands], rehearsals=True)
    assert [one.rehearsal for one in rehearsals] == [True]


def test_the_log_remembers_which_copy_how_long_and_how_many_checks_held() -> None:
    passed = next(one for one in staged() if one.status == "pass")
    drill = drill_stages.passed().drill
    assert drill.tested is not None
    assert (passed.copy, passed.sha256, passed.size) == (drill.tested.copy_id, drill.tested.sha256, drill.tested.size)
    assert passed.took is not None
    assert passed.in_time
    assert (passed.held, passed.checks) == (len(drill.checks), len(drill.checks))


def test_before_the_first_test_the_log_shows_the_documents_pending_row() -> None:
    shown = to_markdown(log_card((), PLAN))
    assert "TBD" in shown
    assert "First quarterly test" in shown
    assert "| TBD | Pending | First quarterly test | — |" in log_markdown((), PLAN)


def test_the_card_says_what_was_missed_and_what_failed() -> None:
    shown = to_markdown(log_card(staged(), PLAN))
    for word in ("1 pass", "1 fail", "1 missed", "2025-Q4"):
        assert word in shown, word


def test_a_spreadsheet_reads_the_csv_back_and_runs_nothing_in_it() -> None:
    evil = replace(row(1), notes='=HYPERLINK("http://x")', tester_name="@SUM(1)", tester="x:1")  # type: ignore[arg-type] # an id is a string
    (read,) = csv.DictReader(io.StringIO(log_csv((evil,), PLAN)))
    assert read["notes"].startswith("'=")
    assert read["tester"].startswith("'@")
    assert (read["recovery_seconds"], read["bytes"], read["rows"]) == ("2400", "10000000", "7")


def test_a_note_cannot_break_the_table_of_markdown() -> None:
    lines = log_markdown((replace(row(1), notes="a | b\nc"),), PLAN).splitlines()
    assert "a \\| b c" in lines[-1]
    assert len(re.split(r"(?<!\\)\|", lines[-1])) == len(re.split(r"(?<!\\)\|", lines[2]))


def test_the_runbook_shows_the_log_oldest_first() -> None:
    shown = document(PLAN, runbook_rows(staged(), PLAN))
    assert "First quarterly test" not in shown
    assert shown.index("| missed |") < shown.index("| fail |")


def test_one_test_is_not_plotted_and_two_are() -> None:
    assert log_plot((row(1),)) is None
    plot = log_plot((row(2, "fail", 90), row(1)))
    assert plot is not None
    assert "1 of 2 kept the target" in plot.alt
    assert "1 test failed" in plot.alt


async def test_the_plot_of_years_is_drawn_with_every_result_told_apart_by_shape_and_word() -> None:
    results = ["pass", "partial", "fail", "missed"]
    rows = tuple(
        row(number, results[number % 4], None if results[number % 4] == "missed" else 30 + number)
        for number in reversed(range(12))
    )
    plot = log_plot(rows)
    assert plot is not None
    svg = await charts.connect().svg(plot.spec)
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    assert {"30 min, pass", "31 min, partial", "32 min, fail", "missed", "10.0 MB", "target 1 h"} <= set(shown)
    assert len(set(re.findall(r'aria-roledescription="point"[^>]*\bd="([^"]*)"', svg))) == 4
    assert len({one["result"] for one in json.loads(json.dumps(plot.spec))["data"]["values"]}) == 4


async def test_two_tests_of_one_day_are_two_lines_of_the_plot() -> None:
    plot = log_plot((replace(row(1), at=MARCH + timedelta(hours=2)), replace(row(1), at=MARCH)))
    assert plot is not None
    svg = await charts.connect().svg(plot.spec)
    assert "09:00:00" in svg
    assert "11:00:00" in svg


def test_a_test_that_restored_nothing_is_plotted_as_such_and_not_as_the_quickest() -> None:
    plot = log_plot((replace(row(3, "fail", None), rows=None), row(2), row(1)))
    assert plot is not None
    labels = [one["label"] for one in plot.spec["data"]["values"]]
    assert labels == ["40 min, pass", "40 min, pass", "fail, nothing restored"]
    assert "took 40 min the last time" in plot.alt


def test_the_time_that_went_by_until_somebody_agreed_is_told_apart_though_staging_was_put_back() -> None:
    drill = drill_stages.passed().drill
    assert drill.put_back is not None
    passed = next(one for one in staged() if one.status == "pass")
    assert passed.waited is not None and passed.took is not None
    assert timedelta() < passed.waited < passed.took
    (read,) = csv.DictReader(io.StringIO(log_csv((passed,), PLAN)))
    assert float(read["waited_seconds"]) == passed.waited.total_seconds()


def test_a_missed_or_cancelled_test_is_no_first_test() -> None:
    missed = [one for one in staged() if one.status in ("missed", "cancelled")]
    assert drill_log.pending(one.status for one in missed)
    assert "First quarterly test" in to_markdown(log_card(missed, PLAN))
    assert "First quarterly test" in log_markdown(missed, PLAN)
    assert "First quarterly test" in document(PLAN, runbook_rows(missed, PLAN))
    assert "First quarterly test" not in to_markdown(log_card(staged(), PLAN))


def test_where_the_tests_cannot_be_read_the_runbook_says_so_and_claims_no_pending_one() -> None:
    shown = document(PLAN, None)
    assert "could not be read" in shown
    assert "First quarterly test" not in shown


def test_a_page_beyond_the_last_is_the_last() -> None:
    rows = tuple(row(number) for number in reversed(range(30)))
    assert to_markdown(log_card(rows, PLAN, page=9)) == to_markdown(log_card(rows, PLAN, page=3))
    assert to_markdown(log_card(rows, PLAN, page=-1)) == to_markdown(log_card(rows, PLAN))
    told = [line for page in (1, 2, 3) for line in to_markdown(log_card(rows, PLAN, page=page)).splitlines()]
    assert sum("✓" in line for line in told) == 30


def test_without_a_rehearsal_no_test_is_said_to_be_pending() -> None:
    card = log_card((), PLAN, rehearsals=True)
    assert card.title == "No rehearsal was run yet"
    assert "TBD" not in to_markdown(card)
