"""Knows how the test log is shown: as a card, as Markdown and as CSV. Knows nothing of what is remembered."""

import csv
import io
from collections.abc import Sequence

from bot.chat.cards import Attachment, Block, Bold, Buttons, Card, Image, Items, Line, Span, Text, Tone, When, text
from bot.domain import drill_log
from bot.domain.drill_events import Result
from bot.domain.drill_log import Row
from bot.domain.drills import TestLogRow
from bot.domain.durations import duration_words
from bot.domain.plan import Plan
from bot.views import words
from bot.views.actions import say

PAGE = 12
MARKDOWN, TABLE = "drill-log/tests.md", "drill-log/tests.csv"
_MARKS = {Result.PASS: "✓", Result.PARTIAL: "~", Result.FAIL: "✗"}
_TONES = {Result.PASS: Tone.GOOD, Result.PARTIAL: Tone.WARNING, Result.FAIL: Tone.BAD}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def log_card(rows: Sequence[Row], plan: Plan, plot: Image | Text | None = None, page: int = 1) -> Card:
    """The log, newest first, with its course over the quarters."""
    if not rows:
        pending = text(Bold("TBD"), " · Pending · First quarterly test · —")
        start = say("Start the first test", "/drill start", "primary")
        return Card(
            "No test was run yet", (pending, Buttons((start, say("Schedule", "/drill schedule")))), Tone.WARNING
        )
    shown = rows[(page - 1) * PAGE : page * PAGE]
    blocks: list[Block] = [Items(tuple(_line(one, plan) for one in shown))]
    if plot is not None:
        blocks.insert(0, plot)
    left = len(rows) - page * PAGE
    if left > 0:
        blocks.append(Buttons((say(words.many(left, "older test"), f"/drill log --page {page + 1}"),)))
    if not rows[0].rehearsal:
        blocks += [Attachment("tests.md", MARKDOWN), Attachment("tests.csv", TABLE)]
    newest = next((one.drill for one in rows if one.drill is not None), None)
    buttons = [say("Schedule", "/drill schedule")]
    if newest is not None:
        buttons.insert(0, say("Evidence of the last", f"/drill evidence --of {newest}", "primary"))
    blocks.append(Buttons(tuple(buttons)))
    return Card(_title(rows), tuple(blocks), _tone(rows))


def runbook_rows(rows: Sequence[Row], plan: Plan) -> tuple[TestLogRow, ...]:
    """The log as the runbook shows it, oldest first."""
    return tuple(
        TestLogRow(on=one.at.date(), status=one.status, notes=_notes(one), tester=_tester(one, plan))
        for one in reversed(rows)
        if one.status != drill_log.RUNNING
    )


def log_markdown(rows: Sequence[Row], plan: Plan) -> str:
    """The log as a table of Markdown, the document's four columns first."""
    head = ("Date", "Status", "Notes", "Tester", "Test", "Recovery time", "Target", "Rows", "Copy", "SHA-256", "Checks")
    lines = [_cells(head), _cells(["---"] * len(head))]
    if not rows:
        lines.append(_cells(["_TBD_", "_Pending_", "_First quarterly test_", "_—_", *[""] * (len(head) - 4)]))
    lines += [_cells(_columns(one, plan)) for one in rows]
    return f"# Test log of {plan.project.name}\n\n" + "\n".join(lines) + "\n"


def log_csv(rows: Sequence[Row], plan: Plan) -> str:
    """The log by RFC 4180, lengths of time in seconds and sizes in bytes; nothing in it is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        (
            *("date", "status", "notes", "tester", "test", "drill", "recovery_seconds", "waited_seconds"),
            *("target_seconds", "rows", "copy", "bytes", "sha256", "checks_held", "checks", "open_follow_ups"),
        )
    )
    for one in rows:
        seconds = [_seconds(length) for length in (one.took, one.waited, one.target)]
        writer.writerow(
            [
                *(one.at.isoformat(), one.status, _harmless(one.notes), _harmless(_tester(one, plan)), one.occasion),
                *(one.drill or "", *seconds, _known(one.rows), one.copy or "", _known(one.size), one.sha256),
                *(one.held, one.checks, one.open_follow_ups),
            ]
        )
    return out.getvalue()


def _columns(one: Row, plan: Plan) -> list[str]:
    took = words.span(one.took) if one.took is not None else ""
    target = duration_words(one.target) if one.target is not None else ""
    checks = f"{one.held}/{one.checks}" if one.checks else ""
    told = [f"{one.at:%Y-%m-%d}", one.status, _notes(one), _tester(one, plan), one.occasion]
    return [*told, took, target, f"{one.rows:,}" if one.rows is not None else "", one.copy or "", one.sha256, checks]


def _title(rows: Sequence[Row]) -> str:
    what = "rehearsal" if rows[0].rehearsal else "test"
    counted = [(str(result), sum(one.status == result for one in rows)) for result in Result]
    counted.append(("missed", sum(one.status == drill_log.MISSED for one in rows)))
    told = ", ".join(f"{count} {name}" for name, count in counted if count)
    return f"{words.many(len(rows), what)}: {told}" if told else words.many(len(rows), what)


def _tone(rows: Sequence[Row]) -> Tone:
    ended = next((one for one in rows if one.status not in (drill_log.RUNNING, drill_log.CANCELLED)), None)
    if ended is None:
        return Tone.NEUTRAL
    return next((tone for result, tone in _TONES.items() if ended.status == result), Tone.BAD)


def _line(one: Row, plan: Plan) -> Line:
    mark = next((mark for result, mark in _MARKS.items() if one.status == result), "–")
    line: list[Span] = [f"{mark} ", Bold(one.occasion or "in between"), " · ", When(one.at), f" · {one.status}"]
    if one.took is not None:
        late = "" if one.in_time is not False else ", later than its target"
        line.append(f" · recovered in {words.span(one.took)}{late}")
    if one.size is not None:
        rows = f", {one.rows:,} rows" if one.rows is not None else ""
        line.append(f" · {words.size(one.size)}{rows}")
    if one.checks:
        line.append(f" · {one.held} of {one.checks} checks")
    if one.drill is not None:
        line.append(f" · {_tester(one, plan)} · {one.drill}")
    if one.open_follow_ups:
        line.append(f" · {words.many(one.open_follow_ups, 'follow-up')} open")
    if one.notes:
        line.append(f" · {one.notes[:200]}")
    return tuple(line)


def _notes(one: Row) -> str:
    took = f"recovered in {words.span(one.took)}" if one.took is not None else ""
    rows = f"{one.rows:,} rows" if one.rows is not None else ""
    return ", ".join(part for part in (one.notes, rows, took) if part)


def _tester(one: Row, plan: Plan) -> str:
    if one.tester is None:
        return "—"
    return plan.name_of(one.tester) if one.tester in plan.people else one.tester_name or plan.name_of(one.tester)


def _cells(values: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(one.replace("|", "\\|").split()) for one in values) + " |"


def _harmless(value: str) -> str:
    """A spreadsheet must not run what somebody wrote."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _seconds(length: object) -> str:
    return f"{length.total_seconds():.0f}" if length is not None and hasattr(length, "total_seconds") else ""


def _known(number: int | None) -> str:
    return "" if number is None else str(number)
