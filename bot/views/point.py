"""Knows how a recovery point is shown: the moment in every unit, what brackets it, what disappears when, and what
helps to find it. Knows nothing of how any of that was found.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from math import ceil
from zoneinfo import ZoneInfo

from bot.chat import cards
from bot.chat.cards import (
    Block,
    Bold,
    Button,
    Buttons,
    Card,
    Code,
    Heading,
    Items,
    Line,
    Pick,
    Span,
    Table,
    Text,
    Tone,
    When,
    fields,
    text,
)
from bot.domain.backups import Backup
from bot.domain.brackets import Bracket, Expiry, distance
from bot.domain.errors import LifeboatError
from bot.domain.history import ConfigChange, FunctionRun
from bot.domain.moments import SECOND, Ambiguous, Moment, Precision, in_zone, moment_of
from bot.views import words
from bot.views.actions import SAY, say
from bot.views.prose import prose

POINT = "/incident point"
_TARGET = f"{POINT} --kind target"
_MOST = 8
_LONGEST_LABEL = 75
_ROUGH = (Precision.HOUR, Precision.MINUTE)


def point_card(
    target: Moment | None,
    bracket: Bracket | None,
    *,
    happened: Moment | None,
    noticed: Moment | None,
    zone: ZoneInfo,
    changes: Sequence[ConfigChange] | LifeboatError,
    runs: Sequence[FunctionRun] | LifeboatError,
    now: datetime,
) -> Card:
    """The moment to go back to, or the way to find it while there is none.

    `zone` is the plan's; every reader sees their own beside it. `changes` and `runs` may be the reason why there are
    none. The bracket is left out while there is nothing to bracket.
    """
    found = _contradictions(target, happened, noticed)
    blocks: list[Block] = [*found]
    if target is not None:
        blocks.append(_units(target, zone))
        if target.precision in _ROUGH:
            blocks.append(text(f"It was said to the {target.precision}, and is taken as its first instant."))
    blocks.append(_three(target, happened, noticed))
    if bracket is not None:
        blocks += _bracketed(bracket, now)
    blocks += [*_changes(changes), *_runs(runs), *_just_before(changes, runs)]
    if target is None:
        title = "There is no recovery point yet."
        blocks.append(text("Say the last moment when all was well: ", Code(f"{_TARGET} 2026-11-22 02:41 UTC"), "."))
        return Card(title, tuple(blocks), Tone.WARNING)
    lost = bracket is not None and bracket.before is None
    tone = Tone.BAD if lost else Tone.WARNING if found else Tone.NEUTRAL
    return Card(f"The recovery point is {target.iso}.", tuple(blocks), tone)


def ambiguous_card(problem: Ambiguous, kind: str = "") -> Card:
    """A moment that was not taken because it may be another, with every choice as a button.

    `kind` is which moment it is ("happened", "noticed", "target"), where it was said.
    """
    line = f"{POINT} --kind {kind}" if kind else POINT
    buttons = tuple(say(one.label, f"{line} {one.say}") for one in problem.choices)
    return Card(problem.problem, (text(*prose(problem.hint)), Buttons(buttons)), Tone.WARNING)


def _units(target: Moment, zone: ZoneInfo) -> Block:
    return fields(
        (
            ("UTC", Code(target.iso)),
            ("For you", When(target.at, relative=True)),
            (zone.key, in_zone(target, zone)),
            ("For Convex, in nanoseconds", Code(str(target.ns))),
        )
    )


def _three(target: Moment | None, happened: Moment | None, noticed: Moment | None) -> Block:
    named = (("It happened", happened), ("It was noticed", noticed), ("Go back to", target))
    pairs: list[tuple[str, Span | Line]] = [
        (label, (Code(moment.iso), " · ", When(moment.at, relative=True)) if moment else "not said yet")
        for label, moment in named
    ]
    if happened is not None and noticed is not None and happened < noticed:
        pairs.insert(2, ("It went unnoticed for", words.span(noticed.at - happened.at)))
    return fields(pairs)


def _contradictions(target: Moment | None, happened: Moment | None, noticed: Moment | None) -> list[Text]:
    found = []
    if target is not None and happened is not None and target >= happened:
        found.append("The target is not before the moment when it happened: a restore to it brings the damage along.")
    if happened is not None and noticed is not None and noticed < happened:
        found.append("It was noticed before it happened: one of the two moments is wrong.")
    return [text(Bold(sentence), tone=Tone.BAD) for sentence in found]


# --- what brackets it ----------------------------------------------------------------------------------------------


def _bracketed(bracket: Bracket, now: datetime) -> Iterator[Block]:
    yield Heading("What brackets it")
    copies = (
        ("Last verified before", bracket.before),
        ("Later, not proven", bracket.unproven),
        ("First after", bracket.after),
    )
    rows = [_copy_row(label, copy, bracket.target) for label, copy in copies if copy is not None]
    if bracket.cloud is not None and bracket.cloud.snapshot_at is not None:
        at = bracket.cloud.snapshot_at
        away = _away(bracket.target.at, at)
        rows.append((("Convex's own newest",), ("in the dashboard",), (When(at),), ("not verified",), (away,)))
    if rows:
        yield Table(("", "Copy", "Data as of", "Check", "From the target"), tuple(rows))
    yield _at_risk(bracket)
    if bracket.expiries:
        yield Heading("What disappears when")
        yield Items(tuple(_expiry(one, now) for one in bracket.expiries))
    buttons = _buttons(bracket)
    if buttons:
        yield Buttons(buttons)


def _copy_row(label: str, copy: Backup, target: Moment) -> tuple[Line, ...]:
    check = "not verified" if copy.verdict is None else "restorable" if copy.restorable else "did not pass"
    away = _away(target.at, target.at - distance(copy, target))
    return ((label,), (Code(copy.id),), (When(copy.snapshot_at),), (check,), (away,))


def _away(target: datetime, at: datetime) -> str:
    if at == target:
        return "at it"
    return f"{words.span(target - at)} {'before' if at < target else 'after'}"


def _at_risk(bracket: Bracket) -> Text:
    before, lost = bracket.before, bracket.at_risk
    if before is None or lost is None:
        sentence = "No copy in the vault from before the target has passed a check: none of its data can be counted on."
        more = " Convex's own copy is from before it." if bracket.cloud_is_before else ""
        return text(Bold(sentence), more, tone=Tone.BAD)
    minutes = ceil(lost.total_seconds() / 60)
    shown = words.many(minutes, "minute") + (f" ({words.span(lost)})" if minutes > 120 else "")
    return text(
        Bold(f"Data at risk: {shown}."),
        " A restore of ",
        Code(before.id),
        " does not bring back what was written between ",
        When(before.snapshot_at),
        " and the target.",
        tone=Tone.WARNING,
    )


def _buttons(bracket: Bracket) -> tuple[Button, ...]:
    going = [one.copy.id for one in bracket.expiries if one.ours and one.copy is not None]
    keep = [say("Keep it" if len(going) == 1 else f"Keep {name}", f"/backup keep {name}", "primary") for name in going]
    unproven = bracket.unproven
    if unproven is None or unproven.verdict is not None:
        return tuple(keep)
    return (*keep, say(f"Verify {unproven.id}", f"/backup verify {unproven.id}"))


def _expiry(expiry: Expiry, now: datetime) -> Line:
    left = f"in {words.span(expiry.at - now)}" if expiry.at > now else "any minute"
    when: Line = (" ", Bold(left), " (", When(expiry.at), ")")
    if expiry.copy is None:
        return ("Convex's own newest backup goes", *when, ": Convex decides it.")
    if expiry.ours:
        return (Code(expiry.copy.id), " leaves our vault", *when, ", by the plan.")
    return ("Convex's copy of ", Code(expiry.copy.id), " goes", *when, ": Convex decides it.")


# --- what helps to find it -----------------------------------------------------------------------------------------


def _changes(changes: Sequence[ConfigChange] | LifeboatError) -> Iterator[Block]:
    yield Heading("What was changed around it")
    if isinstance(changes, LifeboatError):
        yield _unknown(changes)
    elif not changes:
        yield text("The audit log has nothing around that time.")
    else:
        newest = sorted(changes, key=lambda one: one.at, reverse=True)
        rows = [(_second(one.at), (Code(one.action),), (one.actor,), (one.detail,)) for one in newest[:_MOST]]
        yield Table(("When", "What", "Who", "Details"), tuple(rows))
        yield from _left_out(len(newest))


def _runs(runs: Sequence[FunctionRun] | LifeboatError) -> Iterator[Block]:
    yield Heading("The largest writes that Convex remembers")
    if isinstance(runs, LifeboatError):
        yield _unknown(runs)
        return
    largest = _wrote(runs)
    if not largest:
        yield text("None: it keeps about the last 1,000 runs, and none of them wrote anything.")
        return
    rows = [
        ((words.number(one.documents_written),), (Code(one.name),), _second(one.at), (_ended(one),))
        for one in largest[:_MOST]
    ]
    yield Table(("Documents", "Function", "Began", "Ended"), tuple(rows), numeric=(0,))
    yield from _left_out(len(largest))


def _just_before(
    changes: Sequence[ConfigChange] | LifeboatError, runs: Sequence[FunctionRun] | LifeboatError
) -> Iterator[Block]:
    """A press that takes the second before one of them for the target."""
    named: list[tuple[datetime, str]] = []
    if not isinstance(runs, LifeboatError):
        wrote = ((one.at, f"{one.name} wrote {words.number(one.documents_written)}") for one in _wrote(runs))
        named += list(wrote)[:_MOST]
    if not isinstance(changes, LifeboatError):
        newest = sorted(changes, key=lambda one: one.at, reverse=True)
        named += [(one.at, f"{one.action} by {one.actor}") for one in newest[:_MOST]]
    choices: dict[str, str] = {}
    for at, what in named:
        before = Moment((moment_of(at).ns // SECOND - 1) * SECOND)
        choices.setdefault(before.exact, f"{before.iso} · {what}"[:_LONGEST_LABEL])
    if choices:
        picks = tuple(cards.Choice(label, value) for value, label in choices.items())
        yield Pick("Go back to the second before", SAY(_TARGET), picks)


def _second(at: datetime) -> Line:
    """A moment to the second: minutes are too coarse to tell what came first."""
    return (Code(moment_of(at).iso),)


def _wrote(runs: Sequence[FunctionRun]) -> list[FunctionRun]:
    return sorted((one for one in runs if one.documents_written), key=lambda one: one.documents_written, reverse=True)


def _ended(run: FunctionRun) -> str:
    return "well" if run.success else f"failed: {run.error}" if run.error else "failed"


def _unknown(problem: LifeboatError) -> Text:
    return text(*prose(f"{problem.problem} {problem.hint}".rstrip()), tone=Tone.WARNING)


def _left_out(count: int) -> Iterator[Block]:
    if count > _MOST:
        yield text(f"… and {count - _MOST} more.")
