"""Knows how "am I safe?" is answered. Knows nothing of how the answer was found."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from bot.chat.cards import (
    Block,
    Bold,
    Button,
    Buttons,
    Card,
    Code,
    Divider,
    Fields,
    Heading,
    Line,
    Link,
    LinkButton,
    Span,
    Text,
    Tone,
    When,
    fields,
    text,
)
from bot.domain.backups import Backup, EnvironmentName, Observation, Operation, ServiceStatus
from bot.domain.health import Concern, Health, Safety, Shrunk, worst
from bot.domain.plan import BEST_EFFORT
from bot.domain.plan_parts import Environment, Project
from bot.domain.snapshot import Verdict
from bot.views import words
from bot.views.actions import say
from bot.views.prose import prose

TONES = {
    Safety.SAFE: Tone.GOOD,
    Safety.AT_RISK: Tone.WARNING,
    Safety.NOT_SAFE: Tone.BAD,
    Safety.UNPLANNED: Tone.NEUTRAL,
}
_SERVICE_TONES = {"none": Tone.NEUTRAL, "minor": Tone.WARNING, "major": Tone.BAD, "critical": Tone.BAD}


def status_card(
    judged: Sequence[Health],
    project: Project,
    service: ServiceStatus | None,
    running: Sequence[str],
    now: datetime,
    failures: Sequence[Operation] = (),
    watched: Mapping[EnvironmentName, Sequence[Line]] = MappingProxyType({}),
    owed: str = "",
) -> Card:
    """The verdict for each environment asked for; the first line answers for all of them.

    `failures` are newest exports that failed: they do not make a copy worse, but somebody should know. `watched` are
    lines about each environment: what is scheduled, and what lasts since when; `owed` says which tests are.
    """
    blocks: list[Block] = []
    blamed = _blamed(judged)
    alone = sum(health.safety is not Safety.UNPLANNED for health in judged) == 1
    for health in judged:
        lines = [text(*line) for line in watched.get(health.environment.name, ())]
        if health.safety is Safety.UNPLANNED and len(judged) > 1:
            blocks += [text(Bold(health.environment.title), f" · {_reason(health, now)}"), *lines]
        else:
            said = health is blamed and (alone or health.safety is not Safety.SAFE)
            blocks += _environment(health, project, now, lines, said=said)
        blocks.append(Divider())
    blocks += [_failure(operation) for operation in failures]
    blocks += [text(Bold("Running: "), Code(line)) for line in running]
    blocks += _service(service, project, now)
    blocks.append(Buttons((say("Data is lost or wrong…", "/incident start", "danger"),)))
    return Card(
        first_line(judged, now),
        tuple(blocks),
        TONES[worst(judged)],
        (*_checked(judged, now), *([f" {owed}"] if owed else [])),
    )


def first_line(judged: Sequence[Health], now: datetime) -> str:
    """The answer to "am I safe?", in one line for all of them."""
    verdict, blamed = worst(judged), _blamed(judged)
    if blamed is None or verdict in (Safety.UNPLANNED, Safety.SAFE):
        planned = [health for health in judged if health.newest is not None]
        if not planned:
            return f"No copies are planned for {words.listed([health.environment.title for health in judged])}."
        ages = [f"{one.environment.title} {words.span(one.age)} old" for one in planned if one.age is not None]
        copies = "copy is" if len(ages) == 1 else "copies are"
        return f"Safe: the newest verified {copies} fresh ({', '.join(ages)})."
    head = "Not safe" if verdict is Safety.NOT_SAFE else "At risk"
    return f"{head}. {blamed.environment.title}: {_reason(blamed, now)}."


def _blamed(judged: Sequence[Health]) -> Health | None:
    """The environment that the first line speaks of."""
    return next((health for health in judged if health.safety is worst(judged)), None)


def _reason(health: Health, now: datetime) -> str:
    concern = health.concerns[0] if health.concerns else None
    match concern:
        case Concern.NO_COPY | None if health.safety is Safety.UNPLANNED:
            return "no copies, and the plan asks for none"
        case Concern.NO_COPY:
            return "there is no copy in the vault"
        case Concern.NO_VERIFIED_COPY:
            return "no copy in the vault has passed a check"
        case Concern.SHRUNK:
            return f"{_lost(health.shrunk[0])} than in the newest verified copy"
        case Concern.NEWER_COPY_BROKEN:
            return "a newer copy did not pass its check"
        case Concern.OVERDUE if health.age is not None:
            return f"the newest verified copy is {words.span(health.age)} old"
        case Concern.LAST_SOUND_EXPIRES if health.sound_expires_at is not None:
            return f"the last good copy disappears in {words.span(health.sound_expires_at - now)}"
        case Concern.WARNINGS:
            return "the newest verified copy has warnings"
        case Concern.NOT_CONNECTED:
            return "its deployment is not connected"
        case Concern.NOT_SEEN:
            return _unseen(health.observation, now)
    return "all is well"


def _unseen(seen: Observation | None, now: datetime) -> str:
    if seen is not None and seen.problem:
        return "Convex could not be read at the last look"
    if seen is None or seen.seen_at is None:
        return "its deployment has not been seen yet"
    return f"its deployment was last seen {words.span(now - seen.seen_at)} ago"


def _lost(shrunk: Shrunk) -> str:
    return f"{words.number(shrunk.copied - shrunk.now)} fewer {shrunk.table}"


def _environment(health: Health, project: Project, now: datetime, lines: Sequence[Block], *, said: bool) -> list[Block]:
    environment = health.environment
    tone = TONES[health.safety]
    verdict = f"{health.safety.capitalize()}: " if health.safety is not Safety.UNPLANNED else ""
    blocks: list[Block] = [Heading(environment.title)]
    if not said:
        blocks.append(text(Bold(f"{verdict}{_reason(health, now)}."), tone=tone))
    blocks += [text(f"Also: {_reason_of(health, concern, now)}.", tone=tone) for concern in health.concerns[1:]]
    if len(health.shrunk) > 1:
        lost = words.listed([_lost(shrunk) for shrunk in health.shrunk], 4)
        blocks.append(text(f"Missing in production, seen from the newest verified copy: {lost}.", tone=Tone.BAD))
    blocks += [_facts(health, project), _expiry(health, now), *lines]
    blocks.append(_buttons(health, project))
    return [block for block in blocks if not isinstance(block, Text) or block.line]


def _reason_of(health: Health, concern: Concern, now: datetime) -> str:
    return _reason(replace(health, concerns=(concern,)), now)


def _failure(operation: Operation) -> Text:
    when = When(operation.ended_at or operation.updated_at, relative=True)
    head = Bold(f"The last export of {operation.environment} failed")
    return text(head, " ", when, *prose(f": {operation.problem} {operation.hint}".rstrip()), tone=Tone.WARNING)


def _facts(health: Health, project: Project) -> Fields:
    environment, seen = health.environment, health.observation
    pairs: list[tuple[str, Span | Line]] = [("Newest verified copy", _copy(health.newest))]
    if health.sound is not None and health.newest is not None and health.sound.id != health.newest.id:
        pairs.append(("Newest copy without findings", _copy(health.sound)))
    if health.unverified:
        pairs.append(("Not yet verified", words.many(health.unverified, "copy", "copies")))
    pairs.append(("Convex's own newest backup", _cloud(seen, project, environment)))
    if seen is not None and seen.rows_at is not None:
        production = f"{words.number(sum(seen.rows.values()))} rows in {words.many(len(seen.rows), 'table')} at "
        pairs.append(("In the deployment", (production, When(seen.rows_at))))
    if seen is not None and seen.state not in ("", "running"):
        pairs.append(("State", (Bold(seen.state),)))
    if seen is not None and seen.problem:
        pairs.append(("Last look failed", (seen.problem, " ", *prose(seen.hint))))
    pairs.append(("Recovery target", _target(environment)))
    return fields(pairs)


def _copy(backup: Backup | None) -> Line:
    if backup is None:
        return ("none",)
    rows = f" · {words.number(backup.rows)} rows" if backup.rows is not None else ""
    verdict = {Verdict.SOUND: "sound", Verdict.FINDINGS: "with warnings"}.get(backup.verdict or Verdict.SOUND, "")
    kept = " · kept" if backup.kept else ""
    size = f" · {words.size(backup.size)}{rows} · {verdict}{kept}"
    return (Code(backup.id), " · data as of ", When(backup.snapshot_at, relative=True), size)


def _cloud(seen: Observation | None, project: Project, environment: Environment) -> Line:
    page = Link("see Settings → Backups", environment.backups_page or project.backups_page)
    if seen is None or not seen.cloud_backup_visible:
        return ("the key cannot see it, so I cannot say; ", page)
    if seen.cloud_backup is None:
        return ("none; ", page)
    copy = seen.cloud_backup
    line: list[Span] = ["taken ", When(copy.snapshot_at, relative=True)] if copy.snapshot_at else [copy.state]
    if copy.size is not None:
        line.append(f" · {words.size(copy.size)}")
    if copy.expires_at is not None:
        line += [" · Convex deletes it ", When(copy.expires_at, relative=True)]
    return (*line, "; ", page)


def _target(environment: Environment) -> str:
    target = environment.recovery_target
    shown = "none" if target is None else BEST_EFFORT if isinstance(target, str) else f"under {words.span(target)}"
    ours = f"our vault keeps copies {words.span(environment.retention)}" if environment.retention else "no retention"
    return f"{shown} · {ours}"


def _expiry(health: Health, now: datetime) -> Text:
    if health.sound is None or health.newest is None:
        return Text(())
    if health.sound_expires_at is not None:
        left = words.span(health.sound_expires_at - now)
        return text(
            Bold(f"The last good copy disappears in {left}"), " (", When(health.sound_expires_at), "): keep it now."
        )
    if health.sound.kept:
        return text("The last good copy is kept: retention does not touch it.")
    return text("The last good copy stays: the newest verified copy is never purged.")


def _buttons(health: Health, project: Project) -> Buttons:
    name = health.environment.name
    buttons: list[Button] = []
    if health.environment.may_export:
        buttons.append(say("Export now", f"/backup export {name}", "primary"))
    if health.sound is not None and not health.sound.kept:
        buttons.append(say("Keep the last good copy", f"/backup keep {health.sound.id}"))
    if health.newest is not None:
        buttons.append(say("Report", f"/backup report {health.newest.id}"))
    buttons.append(say("All copies", f"/backup list {name}"))
    page = health.environment.backups_page or project.backups_page
    return Buttons((*buttons, LinkButton("Convex: Settings → Backups", page)))


def _service(service: ServiceStatus | None, project: Project, now: datetime) -> list[Block]:
    page = Link("Convex's status page", project.status_page)
    if service is None or service.indicator == "unknown":
        return [text(page, " could not be read; what it says is not known.")]
    tone = _SERVICE_TONES.get(service.indicator, Tone.WARNING)
    return [text(page, f": {service.description} (seen {words.span(now - service.seen_at)} ago)", tone=tone)]


def _checked(judged: Sequence[Health], now: datetime) -> Line:
    seen = [one.observation.seen_at for one in judged if one.observation and one.observation.seen_at]
    if not seen and any(one.observation and one.observation.problem for one in judged):
        return ("Not seen yet: the first look failed. The next one is made within a minute.",)
    if not seen:
        return ("Not checked yet: the first look is made within a minute of the start.",)
    return (f"Checked {words.span(now - min(seen))} ago.",)
