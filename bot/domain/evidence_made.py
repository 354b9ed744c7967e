"""Knows how evidence of a drill is made from its events and from the report on its copy, always the same of the same.

Reads no plan and no clock: names are those that people had when they did something.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain import drill_events as events
from bot.domain import drill_moves
from bot.domain.evidence import (
    Approval,
    Chain,
    Check,
    Copy,
    Deviation,
    Dossier,
    DryRun,
    Evidence,
    FollowUp,
    Import,
    Outcome,
    Recovery,
    Step,
    Who,
)
from bot.domain.evidence_chain import Broken
from bot.domain.incident_events import Closed, Event
from bot.domain.incidents import Incident, fold
from bot.domain.people import LIFEBOAT, PersonId
from bot.domain.snapshot import Report


def dossier(
    happened: Sequence[Event], hashes: Sequence[str], verification: Report | None, made_with: Mapping[str, str]
) -> Dossier:
    """What the record of a drill amounts to, always the same of the same. Raises Broken for one that is none.

    `hashes` are those that the events are recorded under, in their order.
    """
    try:
        evidence = _evidence(fold(happened), happened, hashes, verification)
    except (AssertionError, LookupError, TypeError, ValueError, ArithmeticError) as error:
        # What nobody could have lived through is written by somebody else than Lifeboat.
        raise Broken("its events do not add up to a drill") from error
    return Dossier(evidence, tuple(happened), verification, dict(sorted(made_with.items())))


def without_samples(report: Report) -> Report:
    """A report on a copy without the cases it shows: those may quote what stands in a row."""
    found = tuple(one.model_copy(update={"samples": ()}) for one in report.findings)
    return report.model_copy(update={"findings": found, "peak_memory": None})


def _evidence(
    stands: Incident, happened: Sequence[Event], hashes: Sequence[str], verification: Report | None
) -> Evidence:
    drill = stands.drill
    assert drill is not None
    concluded, practice = drill.concluded, drill.practice
    outcome: Outcome = "cancelled" if drill.cancelled_at else "not concluded"
    done = next((one for one in reversed(happened) if isinstance(one.body, events.DrillConcluded)), None)
    return Evidence(
        drill=stands.id,
        title=stands.title,
        project=practice.project,
        rehearsal=practice.rehearsal,
        occasion=practice.occasion,
        scenario=practice.scenario,
        source=practice.source,
        target=practice.target,
        began_at=stands.opened_at,
        began_by=_who(stands, stands.opened_by),
        ended_at=stands.closed_at,
        people=tuple(_who(stands, one) for one in stands.names if one != LIFEBOAT.id),
        result=concluded.result.value if concluded else outcome,
        concluded_by=_who(stands, done.by) if done and concluded else None,
        procedure_proved_right=concluded.proved if concluded else None,
        notes=concluded.notes if concluded else "",
        findings=drill_moves.proposed(stands)[1] if concluded else (),
        recovery=_recovery(stands),
        copies=tuple(_copy(one) for one in (drill.tested, drill.safety) if one is not None),
        copy_verified=verification is not None,
        dry_runs=tuple(_dry_run(one.at, one.body) for one in happened if isinstance(one.body, events.ImportPlanned)),
        approvals=tuple(one for one in map(_approval, happened) if one is not None),
        imports=tuple(_import(one.at, one.body) for one in happened if isinstance(one.body, events.Imported)),
        checks=tuple(Check(**one.model_dump()) for one in drill.checks),
        steps=tuple(_step(stands, number) for number in range(len(stands.checklist))),
        deviations=tuple(
            Deviation(at=one.at, by=_who(stands, one.by), what=one.what, reason=one.reason) for one in drill.deviations
        ),
        follow_ups=tuple(
            FollowUp(
                key=one.key,
                text=one.text,
                owner=_who(stands, one.owner) if one.owner else None,
                due_at=one.due_at,
                done_at=one.done_at,
            )
            for one in stands.follow_ups
        ),
        cancelled=drill.cancelled,
        clean_up=drill.cleaned or (),
        score=drill.score,
        record=Chain(
            events=len(happened), last_at=happened[-1].at, hash=hashes[-1], closing=_closing(happened, hashes)
        ),
        previous=practice.previous,
        tools=dict(drill.tools),
    )


def _closing(happened: Sequence[Event], hashes: Sequence[str]) -> events.Link | None:
    places = zip(happened, hashes, strict=True)
    closed = [(event, hash_) for event, hash_ in places if isinstance(event.body, Closed)]
    return events.Link(id=closed[-1][0].incident, seq=closed[-1][0].seq, hash=closed[-1][1]) if closed else None


def _who(stands: Incident, person: PersonId) -> Who:
    return Who(id=person, name=stands.names.get(person, person))


def _recovery(stands: Incident) -> Recovery:
    drill, within = stands.drill, stands.recover_within
    took = drill_moves.recovery_time(drill) if drill else None
    waited = drill_moves.waited(drill) if drill and took is not None else None
    return Recovery(
        seconds=took.total_seconds() if took is not None else None,
        waited_seconds=waited.total_seconds() if waited is not None else None,
        target_seconds=within.total_seconds() if within is not None else None,
        met=took <= within if took is not None and within is not None else None,
    )


def _copy(taken: events.CopyTaken) -> Copy:
    return Copy(
        what="target before" if taken.safety else "under test",
        id=taken.copy_id,
        environment=taken.environment,
        snapshot_at=taken.snapshot_at,
        size=taken.size,
        sha256=taken.sha256,
        verdict=taken.verdict,
        made_for_this=taken.made,
        rows_in_all=sum(taken.rows.values()),
        rows=taken.rows,
    )


def _dry_run(at: datetime, planned: events.ImportPlanned) -> DryRun:
    return DryRun(
        purpose="put back" if planned.put_back else "restore",
        at=at,
        create=sum(one.create for one in planned.changes),
        delete=sum(one.delete for one in planned.changes),
        **planned.model_dump(exclude={"type", "changes", "put_back"}),
    )


def _approval(event: Event) -> Approval | None:
    by = Who(id=event.by, name=event.by_name)
    match event.body:
        case events.ImportAgreed(digest=shown):
            return Approval(at=event.at, by=by, digest=shown, agreed=True)
        case events.ImportRefused(digest=shown, reason=reason):
            return Approval(at=event.at, by=by, digest=shown, agreed=False, reason=reason)
    return None


def _import(at: datetime, done: events.Imported) -> Import:
    return Import(
        purpose="put back" if done.put_back else "restore",
        import_id=done.import_id,
        rows=done.rows,
        began_at=done.began_at,
        ended_at=at,
        seconds=(at - done.began_at).total_seconds(),
    )


def _step(stands: Incident, place: int) -> Step:
    step = stands.checklist[place]
    held = stands.steps[step.key]
    took = held.ended_at - held.started_at if held.started_at and held.ended_at else None
    return Step(
        number=place + 1,
        key=step.key,
        title=step.title,
        state=held.state,
        automatic=held.assignee == LIFEBOAT.id,
        assignee=_who(stands, held.assignee) if held.assignee else None,
        started_at=held.started_at,
        ended_at=held.ended_at,
        seconds=took.total_seconds() if took is not None else None,
        budget_seconds=step.within.total_seconds(),
        evidence=held.note,
    )
