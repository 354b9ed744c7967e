"""Knows how the test log is shown: as a card, as Markdown and as CSV. Knows nothing of what is remembered."""

import csv
import io
from collections.abc import Sequence
from datetime import timedelta

from bot.chat.cards import (
    Attachment,
    Block,
    Bold,
    Buttons,
    Card,
    Image,
    Items,
    Line,
    Span,
    Table,
    Text,
    Tone,
    When,
    text,
)
from bot.chat.markdown import to_markdown
from bot.domain import drill_log
from bot.domain.drill_events import Result
from bot.domain.drill_log import Row
from bot.domain.drills import PRACTICE, TestLogRow
from bot.domain.durations import duration_words
from bot.domain.incidents import Incident
from bot.domain.plan import Plan
from bot.views import words
from bot.views.actions import say

PAGE = 12
MARKDOWN, TABLE = "drill-log/tests.md", "drill-log/tests.csv"
_MARKS = {Result.PASS: "✓", Result.PARTIAL: "~", Result.FAIL: "✗"}
_TONES = {Result.PASS: Tone.GOOD, Result.PARTIAL: Tone.WARNING, Result.FAIL: Tone.BAD}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_HEAD = (
    *("Date", "Status", "Notes", "Tester", "Test", "Recovery time", "Waited for agreement", "Target"),
    *("Rows", "Size", "Copy", "SHA-256", "Checks held", "Open follow-ups"),
)
_FIRST = say("Start the first test", "/drill start", "primary")


def log_card(
    rows: Sequence[Row], plan: Plan, plot: Image | Text | None = None, page: int = 1, *, rehearsals: bool = False
) -> Card:
    """The log, newest first, with its course over the quarters; the nearest page there is."""
    blocks: list[Block] = [plot] if plot is not None else []
    if not rehearsals and drill_log.pending(one.status for one in rows):
        blocks += [text(Bold("TBD"), " · Pending · First quarterly test · —"), Buttons((_FIRST,))]
    if not rows:
        return _nothing(blocks, rehearsals=rehearsals)
    page = min(max(1, page), -(-len(rows) // PAGE))
    blocks.append(Items(tuple(_line(one, plan) for one in rows[(page - 1) * PAGE : page * PAGE])))
    left = len(rows) - page * PAGE
    if left > 0:
        asked = "/drill log --rehearsals" if rehearsals else "/drill log"
        blocks.append(Buttons((say(f"{left} older", f"{asked} --page {page + 1}"),)))
    if not rehearsals:
        blocks += [Attachment("tests.md", MARKDOWN), Attachment("tests.csv", TABLE)]
    # One that is open is evidence of nothing yet.
    held = [one for one in rows if one.drill is not None]
    newest = next((one.drill for one in held if one.status != drill_log.RUNNING), held[0].drill if held else None)
    buttons = [say("Schedule", "/drill schedule")]
    if newest is not None:
        buttons.insert(0, say("Evidence of the last", f"/drill evidence --of {newest}"))
    blocks.append(Buttons(tuple(buttons)))
    return Card(_title(rows), tuple(blocks), _tone(rows))


def _nothing(pending: Sequence[Block], *, rehearsals: bool) -> Card:
    if rehearsals:
        begin = say("Start a rehearsal", "/drill start --rehearsal", "primary")
        return Card("No rehearsal was run yet", (text("It touches simulated deployments alone."), Buttons((begin,))))
    schedule = Buttons((say("Schedule", "/drill schedule"),))
    return Card("No test was run yet", (*pending, schedule), Tone.WARNING)


def by_hand_card(test: Incident) -> Card:
    """The answer to whoever told of a test that Lifeboat saw nothing of."""
    drill = test.drill
    assert drill is not None and drill.concluded is not None
    told = text(
        "It stands in the log as it was told, by whom and why without Lifeboat. It is evidence that somebody said so:"
        " no copy, check or recovery time is recorded of it."
    )
    left = tuple((one.text,) for one in test.follow_ups)
    blocks = (told, text(Bold("To be done:")), Items(left)) if left else (told,)
    return Card(f"{PRACTICE} · {test.title}: {drill.concluded.result}", blocks, _TONES[drill.concluded.result])


def runbook_rows(rows: Sequence[Row], plan: Plan) -> tuple[TestLogRow, ...]:
    """The log as the runbook shows it, oldest first."""
    return tuple(
        TestLogRow(on=one.at.date(), status=one.status, notes=_with_figures(one), tester=_tester(one, plan))
        for one in reversed(rows)
        if one.status != drill_log.RUNNING
    )


def log_markdown(rows: Sequence[Row], plan: Plan) -> str:
    """The log as a table of Markdown, the document's four columns first."""
    lines = [_columns(one, plan) for one in rows]
    if drill_log.pending(one.status for one in rows):
        lines.insert(0, ["TBD", "Pending", "First quarterly test", "—", *[""] * (len(_HEAD) - 4)])
    table = Table(_HEAD, tuple(tuple((cell,) for cell in line) for line in lines))
    return to_markdown(Card(f"Test log of {plan.project.name}", (table,)))


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
    took, waited = (words.span(length) if length is not None else "" for length in (one.took, one.waited))
    target = duration_words(one.target) if one.target is not None else ""
    size = words.size(one.size) if one.size is not None else ""
    checks = f"{one.held}/{one.checks}" if one.checks else ""
    return [
        *(f"{one.at:%Y-%m-%d}", one.status, one.notes, _tester(one, plan), one.occasion, took, waited, target),
        *(f"{one.rows:,}" if one.rows is not None else "", size, one.copy or "", one.sha256, checks),
        str(one.open_follow_ups or ""),
    ]


def _title(rows: Sequence[Row]) -> str:
    what = "rehearsal" if rows[0].rehearsal else "test"
    counted = [(str(result), sum(one.status == result for one in rows)) for result in Result]
    others = (drill_log.MISSED, drill_log.CANCELLED, drill_log.RUNNING)
    counted += [(status, sum(one.status == status for one in rows)) for status in others]
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
        late = ", later than its target" if one.in_time is False else ""
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


def _with_figures(one: Row) -> str:
    """The notes, with what has a column of its own elsewhere."""
    rows = [f"{one.rows:,} rows"] if one.rows is not None else []
    took = [f"recovered in {words.span(one.took)}"] if one.took is not None else []
    figures = ", ".join([*rows, *took])
    return f"{figures}. {one.notes}".strip() if figures else one.notes


def _tester(one: Row, plan: Plan) -> str:
    if one.tester is None:
        return "—"
    return plan.name_of(one.tester) if one.tester in plan.people else one.tester_name or plan.name_of(one.tester)


def _harmless(value: str) -> str:
    """A spreadsheet must not run what somebody wrote."""
    return f"'{value}" if value.startswith(_FORMULA) else value


def _seconds(length: timedelta | None) -> str:
    return "" if length is None else f"{length.total_seconds():.0f}"


def _known(number: int | None) -> str:
    return "" if number is None else str(number)
