"""Knows how the check of a copy is shown: a verdict, a table, findings worst first. Knows not how it was made."""

from datetime import timedelta
from pathlib import PurePath

from bot.chat.cards import (
    Attachment,
    Block,
    Bold,
    Buttons,
    Card,
    Code,
    Divider,
    Heading,
    Line,
    Span,
    Table,
    Text,
    Tone,
    When,
    fields,
    text,
)
from bot.chat.cards import Progress as CardProgress
from bot.domain.backups import Backup, EnvironmentName
from bot.domain.checks import outcomes
from bot.domain.plan import Check, CheckKind, Plan
from bot.domain.snapshot import Finding, Progress, Report, Severity, TableReport, Verdict
from bot.views import words
from bot.views.actions import say
from bot.views.checks import check_blocks

_WORDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFORMATION: "note", None: "sound"}
_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARNING, Severity.INFORMATION: Tone.NEUTRAL, None: Tone.GOOD}
_MOST_TABLES = 30
_MOST_FINDINGS = 12


def report_card(backup: Backup, report: Report, plan: Plan, *, took: timedelta | None = None) -> Card:
    """A check of a copy in the vault, with how the plan's own checks came out."""
    facts: list[tuple[str, Span | Line]] = [
        ("Environment", backup.environment),
        ("Copy", Code(backup.id)),
        ("Data as of", When(backup.snapshot_at)),
        ("Asked for by", (plan.name_of(backup.requested_by), " at ", When(backup.requested_at))),
        ("Size", _size(report)),
        ("SHA-256", Code(backup.sha256)),
        ("Checked", (When(report.finished_at), f" in {words.span(report.duration)}")),
    ]
    if took is not None:
        facts.append(("Export and check took", words.span(took)))
    buttons = [
        say("Verify again", f"/backup verify {backup.id}"),
        say("Status", f"/backup status {backup.environment}"),
    ]
    if not backup.kept:
        buttons.insert(1, say("Keep this copy", f"/backup keep {backup.id}"))
    tail: tuple[Block, ...] = (
        Attachment(f"{backup.id}.json", f"report/{backup.id}.json"),
        Buttons(tuple(buttons)),
    )
    title = f"{backup.environment.capitalize()}: {verdict_line(report)}"
    return Card(
        title, (fields(facts), *_body(report, plan, backup.environment), *tail), tone_of(report), _scope_note(report)
    )


def file_card(report: Report, plan: Plan | None) -> Card:
    """A check of a file on this machine."""
    facts: list[tuple[str, Span | Line]] = [
        ("File", Code(PurePath(report.file).name)),
        ("Size", _size(report)),
    ]
    if report.sha256:
        facts.append(("SHA-256", Code(report.sha256)))
    if report.snapshot_at is not None:
        facts.append(("Data as of", When(report.snapshot_at)))
    facts.append(("Checked in", words.span(report.duration)))
    return Card(verdict_line(report), (fields(facts), *_body(report, plan)), tone_of(report), _scope_note(report))


def progress_card(name: str, progress: Progress) -> Card:
    """A check of a file that is under way."""
    done = f"{words.size(progress.bytes_done)} of {words.size(progress.bytes_total)}"
    label = f"{done} · {progress.table}" if progress.table else done
    return Card(
        f"Checking {PurePath(name).name}",
        (CardProgress(label, progress.bytes_done, progress.bytes_total),),
        Tone.WORKING,
    )


def verdict_line(report: Report) -> str:
    """The verdict in one line."""
    if report.verdict is Verdict.UNREADABLE:
        return "unreadable, a restore would not take this copy"
    if report.verdict is Verdict.SOUND:
        return f"sound, a restore would take all {words.number(report.rows)} rows"
    errors = sum(finding.severity is Severity.ERROR for finding in report.findings)
    warnings = sum(finding.severity is Severity.WARNING for finding in report.findings)
    if errors:
        also = f" and {words.many(warnings, 'warning')}" if warnings else ""
        return f"{words.many(errors, 'error')}{also}, do not rely on this copy"
    return f"restorable, with {words.many(warnings, 'warning')}"


def tone_of(report: Report) -> Tone:
    """How the verdict should feel."""
    return Tone.BAD if report.verdict is Verdict.UNREADABLE else _TONES[_serious(report.worst)]


def _serious(worst: Severity | None) -> Severity | None:
    return None if worst is Severity.INFORMATION else worst


def _size(report: Report) -> str:
    """Of what could not be read nothing but its length is known: neither rows nor stored files."""
    size = words.size(report.size)
    if report.verdict is Verdict.UNREADABLE:
        return size
    return f"{size}, {words.number(report.rows)} rows, {_files(report)}"


def _files(report: Report) -> str:
    stored = report.storage
    if not stored.included:
        return "without stored files"
    return f"{words.many(stored.files, 'stored file')} ({words.size(stored.bytes)})"


def _body(report: Report, plan: Plan | None, environment: EnvironmentName | None = None) -> tuple[Block, ...]:
    blocks: list[Block] = []
    serious = [finding for finding in report.findings if finding.severity is not Severity.INFORMATION]
    notes = [finding for finding in report.findings if finding.severity is Severity.INFORMATION]
    if serious:
        blocks.append(Heading("Findings"))
        for finding in serious[:_MOST_FINDINGS]:
            blocks += _finding(finding)
        if len(serious) > _MOST_FINDINGS:
            blocks.append(text(f"… and {len(serious) - _MOST_FINDINGS} more, in the report file."))
    if plan is not None and report.verdict is not Verdict.UNREADABLE:
        blocks += check_blocks(outcomes(_asked(plan, environment), report))
    if report.tables:
        blocks += [Heading("Tables"), _tables(report)]
        if len(report.tables) > _MOST_TABLES:
            blocks.append(text(f"… and {len(report.tables) - _MOST_TABLES} more tables, in the report file."))
        explained = dict.fromkeys(table.explanation for table in report.tables if table.explanation)
        blocks += [text(Bold("Compared with production: "), f"{explanation}.") for explanation in list(explained)[:3]]
    if notes:
        blocks.append(text(Bold("Notes: "), "; ".join(_short(finding) for finding in notes[:6])))
    return (*blocks, Divider()) if blocks else ()


def _asked(plan: Plan, environment: EnvironmentName | None) -> list[Check]:
    """The plan's checks; where nobody expects new copies, nobody has to have written lately either."""
    known = plan.environments.get(environment) if environment is not None else None
    lives = known is None or known.expected_interval is not None
    return [one for one in plan.checks if lives or one.kind is not CheckKind.RECENT]


def _finding(finding: Finding) -> tuple[Text, Text]:
    """What is wrong where, and below it what it means, with one example."""
    count = f", {words.number(finding.total)} times" if finding.total > 1 else ""
    head = text(Bold(f"{_where(finding)}: {finding.code.replace('-', ' ')}{count}"), tone=_TONES[finding.severity])
    body: list[Span] = [finding.meaning]
    if finding.samples:
        sample = finding.samples[0]
        line = f"line {words.number(sample.line)}" if sample.line is not None else ""
        detail = sample.detail.strip().rstrip(".")
        body += [" For example " if sample.id or line else " Found: ", *((Code(sample.id),) if sample.id else ())]
        body.append((", " if sample.id and line else "") + line)
        body.append((": " if sample.id or line else "") + detail if detail else "")
        body.append(".")
    return head, Text(tuple(span for span in body if span))


def _short(finding: Finding) -> str:
    return f"{_where(finding)}: {finding.meaning.rstrip('.')}"


def _where(finding: Finding) -> str:
    return ".".join(part for part in (finding.table, finding.field) if part) or "archive"


def _tables(report: Report) -> Table:
    compared = any(table.production_rows is not None for table in report.tables)
    columns = ["Table", "Rows", *(("Production", "Difference") if compared else ()), "Newest", "Orphans", "Verdict"]
    shown = sorted(report.tables, key=lambda table: table.worst.rank if table.worst else 9)[:_MOST_TABLES]
    return Table(
        tuple(columns),
        tuple(_row(table, compared) for table in shown),
        numeric=(1, 2, 3, 5) if compared else (1, 3),
        tones=tuple(_TONES[_serious(table.worst)] for table in shown),
    )


def _row(table: TableReport, compared: bool) -> tuple[Line, ...]:
    row: list[Line] = [(table.name,), (words.number(table.rows),)]
    if compared:
        row.append((words.number(table.production_rows) if table.production_rows is not None else "–",))
        row.append((words.signed(table.difference) if table.difference is not None else "–",))
    row.append((When(table.newest_at),) if table.newest_at else ("–",))
    row.append((words.number(table.orphans) if table.references else "–",))
    row.append((_WORDS[table.worst],))
    return tuple(row)


def _scope_note(report: Report) -> Line:
    held = "documents and stored files" if report.storage.included else "documents"
    return (
        f"A Convex export holds {held}; not code, environment variables or scheduled functions. "
        f"Report version {report.version}.",
    )
