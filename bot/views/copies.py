"""Knows how the copies in the vault are listed. Knows nothing of how they were made."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.chat.cards import Block, Bold, Buttons, Card, Choice, Code, Line, Pick, Table, Text, Tone, When, text
from bot.domain.backups import Backup
from bot.domain.health import expires_at
from bot.domain.plan_parts import Environment
from bot.domain.snapshot import Severity, Verdict
from bot.views import words
from bot.views.actions import SAY, say

_MOST = 20


def list_card(environment: Environment, copies: Sequence[Backup], purged: int, now: datetime) -> Card:
    """Every copy of one environment, newest first, with what each one is worth and when it goes."""
    export = Buttons((say("Export now", f"/backup export {environment.name}", "primary"),))
    if not copies:
        gone = f" {words.many(purged, 'older copy was', 'older copies were')} purged by retention." if purged else ""
        return Card(
            f"{environment.title} has no copy in the vault.",
            (text(f"There is nothing to restore from.{gone}"), export),
            Tone.BAD if environment.expected_interval else Tone.NEUTRAL,
        )
    shown = copies[:_MOST]
    blocks: list[Block] = [
        _trend(shown),
        Table(
            ("Copy", "Data as of", "Size", "Rows", "Check", "Expires"),
            tuple(_row(environment, copies, backup) for backup in shown),
            numeric=(2, 3),
            tones=tuple(tone_of(backup) for backup in shown),
        ),
    ]
    if len(copies) > _MOST:
        blocks.append(text(f"… and {len(copies) - _MOST} older."))
    choices = tuple(Choice(label(backup, now), backup.id) for backup in shown)
    blocks += [
        Pick("Show the report of", SAY("/backup report"), choices),
        Pick("Verify again", SAY("/backup verify"), choices),
        Buttons((*export.buttons, say("Status", f"/backup status {environment.name}"))),
    ]
    total = sum(backup.size for backup in copies)
    gone = f"; {words.number(purged)} purged by retention before" if purged else ""
    footer = f"{words.many(len(copies), 'copy', 'copies')}, {words.size(total)}{gone}."
    return Card(f"Copies of {environment.title.lower()}", tuple(blocks), footer=(footer,))


def kept_card(backup: Backup, environment: Environment, expires: datetime | None) -> Card:
    """A copy that is kept from now on, or no longer."""
    if backup.kept:
        said: tuple[Text, ...] = (text("Retention does not touch it any more, until you say otherwise."),)
        undo = say("Undo", f"/backup keep {backup.id} --undo")
    else:
        when = ("It goes at ", When(expires), ".") if expires else ("It stays while it is the newest verified copy.",)
        said = (text(*when),)
        undo = say("Keep it after all", f"/backup keep {backup.id}")
    title = f"{backup.id} is {'kept' if backup.kept else 'no longer kept'}."
    return Card(title, (*said, Buttons((undo, say("All copies", f"/backup list {environment.name}")))), Tone.GOOD)


def label(backup: Backup, now: datetime) -> str:
    """A copy in one line, for choosing it."""
    age = words.span(now - backup.snapshot_at)
    return f"{backup.environment} · {age} old · {words.size(backup.size)} · {_verdict(backup)}"


def tone_of(backup: Backup) -> Tone:
    """How a copy's check should feel."""
    if backup.verdict is None:
        return Tone.NEUTRAL
    if not backup.restorable:
        return Tone.BAD
    return Tone.GOOD if backup.verdict is Verdict.SOUND else Tone.WARNING


def _verdict(backup: Backup) -> str:
    if backup.verdict is None:
        return "not verified"
    if backup.verdict is Verdict.FINDINGS:
        return "errors" if backup.worst is Severity.ERROR else "restorable, warnings"
    return str(backup.verdict)


def _row(environment: Environment, copies: Sequence[Backup], backup: Backup) -> tuple[Line, ...]:
    at = expires_at(environment, copies, backup)
    stays = "kept" if backup.kept else "stays, newest verified"
    files = " + files" if backup.with_files else ""
    return (
        (Code(backup.id),),
        (When(backup.snapshot_at),),
        (f"{words.size(backup.size)}{files}",),
        (words.number(backup.rows) if backup.rows is not None else "–",),
        (_verdict(backup),),
        (When(at, relative=True) if at else stays if environment.retention else "never",),
    )


def _trend(copies: Sequence[Backup]) -> Text:
    series: Mapping[str, list[float]] = {
        "Rows": [backup.rows for backup in reversed(copies) if backup.rows is not None],
        "Size": [backup.size for backup in reversed(copies)],
    }
    line: list[str | Bold | Code] = []
    for name, values in series.items():
        if len(values) > 1:
            line += [Bold(f"{name} "), Code(words.sparkline(values)), "   "]
    return text(*line) if line else text("One copy so far: the trend shows from the second on.")
