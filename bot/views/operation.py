"""Knows how long work is shown while it runs and when it ends. Knows nothing of how it is done."""

from datetime import datetime, timedelta

from bot.chat.cards import Block, Bold, Buttons, Card, Code, Line, Mention, Progress, Span, Tone, When, text
from bot.domain.backups import Backup, Operation, OperationKind, Phase
from bot.domain.people import LIFEBOAT
from bot.domain.plan import Plan
from bot.domain.snapshot import Report
from bot.views import words
from bot.views.actions import say
from bot.views.prose import prose
from bot.views.report import report_card, tone_of, verdict_line

_STEPS = {
    OperationKind.EXPORT: (Phase.REQUESTED, Phase.EXPORTING, Phase.DOWNLOADING, Phase.VERIFYING),
    OperationKind.VERIFY: (Phase.VERIFYING,),
}
_TITLES = {
    Phase.WAITING: "The {kind} of {} waits to begin",
    Phase.REQUESTED: "Asking Convex for an export of {}",
    Phase.EXPORTING: "Convex is exporting {}",
    Phase.DOWNLOADING: "Downloading the export of {}",
    Phase.VERIFYING: "Verifying the copy of {}",
    Phase.FAILED: "The {kind} of {} failed",
    Phase.CANCELLED: "The {kind} of {} was cancelled",
}
_BYTES = (Phase.DOWNLOADING, Phase.VERIFYING)


def operation_card(
    operation: Operation, backup: Backup | None, report: Report | None, plan: Plan, now: datetime
) -> Card:
    """One living card: the phase, how far, how fast and how long still; at the end the report, or why not."""
    if operation.phase is Phase.DONE and backup is not None and report is not None:
        # A check says itself how long it took; an export is more than that.
        took = _took(operation, now) if operation.kind is OperationKind.EXPORT else None
        return report_card(backup, report, plan, took=took)
    if operation.phase is Phase.FAILED:
        return _failed(operation, backup, plan, now)
    if operation.phase is Phase.CANCELLED:
        return _cancelled(operation, backup, plan, now)
    blocks: list[Block] = [text(*_steps(operation))]
    blocks.append(Progress(_progress_label(operation), operation.done, operation.total))
    if operation.message:
        again: Line = (" I try again at ", When(operation.retry_at, relative=True), ".") if operation.retry_at else ()
        blocks.append(text(operation.message, *again))
    if operation.cancel_by:
        blocks.append(text("Cancelling, as asked."))
    else:
        blocks.append(Buttons((say("Cancel", f"/backup cancel {operation.id}", "danger"),)))
    return Card(_title(operation), tuple(blocks), Tone.WORKING, _footer(operation, plan, now))


def ended_card(operation: Operation, report: Report | None, plan: Plan) -> Card:
    """The end of an operation in one line, for whoever asked for it; the whole of it stands in the living card."""
    asked: tuple[Block, ...] = (text(*_called(operation, plan)),)
    if operation.phase is Phase.DONE and report is not None:
        return Card(f"{operation.environment.capitalize()}: {verdict_line(report)}", asked, tone_of(report))
    problem: tuple[Block, ...] = (text(operation.problem),) if operation.problem else ()
    tone = Tone.BAD if operation.phase is Phase.FAILED else Tone.WARNING
    return Card(_title(operation), (*problem, *asked), tone)


def _called(operation: Operation, plan: Plan) -> Line:
    if operation.started_by == LIFEBOAT.id:
        return ("The message above has the whole of it.",)
    name = plan.name_of(operation.started_by)
    # Whoever stopped it needs no call to hear that it stopped.
    asker = name if operation.cancel_by == operation.started_by else Mention(operation.started_by, name)
    return (asker, ", the message above has the whole of it.")


def running_card(operation: Operation, plan: Plan, now: datetime) -> Card:
    """For a second asker, where the card of the running work stands already."""
    asked = f"{plan.name_of(operation.started_by)} asked for it {words.span(now - operation.started_at)} ago"
    return Card(
        f"An export of {operation.environment} runs already.",
        (
            text(f"{asked}; its card is above. No second one begins."),
            Buttons((say("Cancel it", f"/backup cancel {operation.id}", "danger"),)),
        ),
    )


def _failed(operation: Operation, backup: Backup | None, plan: Plan, now: datetime) -> Card:
    blocks: list[Block] = [text(Bold(operation.problem or "Nobody knows why."))]
    if operation.hint:
        blocks.append(text(*prose(operation.hint)))
    if backup is not None and operation.kind is OperationKind.EXPORT and backup.purged_at is None:
        blocks.append(text("The copy itself is in the vault as ", Code(backup.id), ", unverified."))
    if "No data was changed" not in operation.problem:
        blocks.append(text("No production data was changed: an export only reads."))
    blocks.append(
        Buttons((say("Try again", _again(operation), "primary"), say("Check the set-up", "/lifeboat doctor")))
    )
    return Card(_title(operation), tuple(blocks), Tone.BAD, _footer(operation, plan, now))


def _cancelled(operation: Operation, backup: Backup | None, plan: Plan, now: datetime) -> Card:
    stopped = f"Stopped by {plan.name_of(operation.cancel_by)}. " if operation.cancel_by else ""
    kept = "The copy stays as it was." if backup is not None and backup.purged_at is None else "Nothing of it was kept."
    said: tuple[Block, ...] = (text(f"{stopped}{kept} No production data was changed."),)
    if operation.message:
        said += (text(operation.message),)
    said += (Buttons((say("Begin again", _again(operation)),)),)
    return Card(_title(operation), said, Tone.WARNING, _footer(operation, plan, now))


def _again(operation: Operation) -> str:
    """The line that begins the same work anew."""
    if operation.kind is OperationKind.VERIFY and operation.backup:
        return f"/backup verify {operation.backup}"
    return f"/backup export {operation.environment}" + (" --files" if operation.with_files else "")


def _title(operation: Operation) -> str:
    template = _TITLES.get(operation.phase, "The {kind} of {} is done")
    return template.format(operation.environment, kind="check" if operation.kind is OperationKind.VERIFY else "export")


def _steps(operation: Operation) -> Line:
    """`✓ requested · ▸ exporting · downloading · verifying`."""
    steps = _STEPS[operation.kind]
    reached = steps.index(operation.phase) if operation.phase in steps else -1
    line: list[Span] = []
    for place, step in enumerate(steps):
        line.append(" · " if place else "")
        line.append(f"✓ {step}" if place < reached else Bold(f"▸ {step}") if place == reached else str(step))
    return tuple(span for span in line if span != "")


def progress_line(operation: Operation) -> str:
    """Where it stands, in one line: what is done, and how far, once there is something to tell."""
    return f"{_title(operation)}: {_progress_label(operation)}" if operation.done else _title(operation)


def _amount(operation: Operation) -> str:
    if operation.phase not in _BYTES:
        if operation.total:
            return f"{operation.done:.0f} of {operation.total:.0f} tables"
        return "waiting for Convex" if operation.phase is not Phase.WAITING else "waiting"
    shown = words.size(operation.done)
    return f"{shown} of {words.size(operation.total)}" if operation.total else shown


def _progress_label(operation: Operation) -> str:
    """How far it is, and in bytes how fast and how long still."""
    shown = _amount(operation)
    if operation.phase not in _BYTES:
        return shown
    return shown + words.speed(operation.done, operation.total, operation.updated_at - operation.phase_at)


def _took(operation: Operation, now: datetime) -> timedelta:
    return (operation.ended_at or now) - operation.started_at


def _footer(operation: Operation, plan: Plan, now: datetime) -> Line:
    asked = f"{operation.id} · asked by {plan.name_of(operation.started_by)} at "
    return (asked, When(operation.started_at), f" · {words.span(_took(operation, now))}")
