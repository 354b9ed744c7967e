"""Knows how a drill begins, and what people may do in it beside the moves of its checklist.

Knows nothing of how its automatic steps are done: see `bot.operations.drill_work`.
"""

import secrets

from bot.domain import calendar, drill_moves
from bot.domain.backups import BackupId, EnvironmentName
from bot.domain.drill_events import (
    Deviated,
    DrillCancelled,
    ImportAgreed,
    ImportPlanned,
    ImportRefused,
    Practice,
    Result,
)
from bot.domain.drills import Drill
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, IncidentId, Started
from bot.domain.incidents import Incident
from bot.domain.people import Person, Role
from bot.domain.plan import MayImport, Plan
from bot.house import House, Place
from bot.operations import approvals, reminding
from bot.operations import incidents as acting
from bot.store import backups, drill_links, incidents
from bot.views.approvals import approvers

_MOST_LEFT = 5
RANDOM = "random"
"""Said for a copy: any of them, by chance."""


async def begin(house: House, by: Person, place: Place, practice: Practice, title: str) -> tuple[Incident, bool]:
    """Begin a drill and want its rooms; gives it, and whether it is new: one at a time goes into a target.

    Raises Refused where the plan allows no import into the target, or where it is what would be tested.
    """
    plan, now = house.plan, house.clock.now()
    target = plan.environment(practice.target)
    _refuse_what_proves_nothing(plan, practice)
    house.deployment(practice.source)
    house.deployment(practice.target)
    within = plan.environment(practice.source).recovery_target
    copied = f"{plan.environment(practice.source).title} is copied, and the copy restored into {target.title}."
    body = Started(
        title=title,
        what=f"{copied} {await _left_open(house)}".strip(),
        cause="",
        environment=practice.target,
        noticed_at=now,
        recover_within=within if not isinstance(within, str) else None,
        checklist=plan.drill.steps,
        owners=acting.owners(plan, plan.drill.steps, by),
        platform=place.platform,
        channel=place.channel,
        practice=practice.model_copy(update={"project": plan.project.name}),
    )
    async with house.database.write() as db:
        await incidents.alone(db)
        for one in await incidents.listed(db, open_only=True, practice=True):
            if one.drill is not None and one.drill.practice.target == practice.target:
                return one, False
        real = [one.id for one in await incidents.listed(db, open_only=True) if one.environment == practice.target]
        if real:
            raise Refused(
                f"An incident in {target.title} is open ({real[0]}), and a test would overwrite what it is about."
                " Nothing was begun.",
                "Close it first, or name another target, with --into.",
                f"/incident status --of {real[0]}",
            )
        following = await drill_links.following(db, body)
        drill = await acting.enter(db, house, f"{now:%Y-%m-%d}-drill", following, by, now)
    house.wake()
    return drill, True


def _refuse_what_proves_nothing(plan: Plan, practice: Practice) -> None:
    """Raises Refused, with the mend, where a test would prove nothing, or the plan does not allow it."""
    target = plan.environment(practice.target)
    if target.simulated or plan.environment(practice.source).simulated:
        raise Refused(
            "That environment is simulated: a test of it proves nothing. Nothing was begun.",
            "/drill start --rehearsal trains on it.",
            "/drill start --rehearsal",
        )
    if practice.target == practice.source and not practice.rehearsal:
        raise Refused(
            f"A drill restores into another environment than it copies from, and {target.title} is both."
            " Nothing was begun.",
            "Name another target, with --into.",
        )
    if target.may_import is MayImport.NEVER:
        raise Refused(
            f"The plan allows no import into {target.title}. Nothing was begun.",
            f"Name another target, or set may_import under [environments.{target.name}].",
        )


async def _left_open(house: House) -> str:
    """What earlier tests left to be done and nobody has, in words; '' where nothing is."""
    async with house.database.read() as db:
        earlier = await incidents.listed(db, practice=True)
    # What somebody wrote comes behind what was found by itself, and matters most.
    left = [one.text for drill in earlier for one in reversed(drill.follow_ups) if one.done_at is None]
    more = f" and {len(left) - _MOST_LEFT} more" if len(left) > _MOST_LEFT else ""
    return f"Still open from earlier tests: {'; '.join(left[:_MOST_LEFT])}{more}." if left else ""


async def wished(house: House, environment: str | None, into: str | None, copy: str | None) -> Practice:
    """What is tested where somebody names only what they care for: the plan says the rest, and which of the year it is.

    Between other environments than the plan's it is none of the year. Raises Refused for what there is not.
    """
    plan = house.plan
    source = plan.environment(environment or plan.drill.source).name
    target = plan.environment(into or plan.drill.target).name
    due = calendar.of_now((await reminding.year(house)).occasions, house.clock.now())
    planned = (source, target) == (plan.drill.source, plan.drill.target)
    return Practice(
        occasion=due.key if due is not None and planned else "",
        source=source,
        target=target,
        copy_id=await _chosen(house, source, copy) if copy else None,
        put_back=plan.drill.put_back,
    )


async def _chosen(house: House, source: EnvironmentName, said: str) -> BackupId:
    """The copy that is tested: the one named, or any one by chance. Raises Refused for one that cannot be restored."""
    async with house.database.read() as db:
        copies = [one for one in await backups.listed(db, source) if one.restorable]
    if said == RANDOM:
        if not copies:
            raise Refused(
                f"No verified copy of {source} is in the vault, so none can be chosen by chance. Nothing was begun.",
                f"/backup export {source} takes one; without --copy the test takes one itself.",
            )
        return secrets.choice(copies).id
    found = next((one for one in copies if one.id == said), None)
    if found is None:
        raise Refused(
            f"There is no copy {said!r} of {source} that was shown to be restorable. Nothing was begun.",
            "/backup list shows them.",
            f"/backup list {source}",
            parameter="copy",
        )
    return found.id


async def agree(house: House, incident: IncidentId, digest: str, by: Person) -> Incident:
    """Agree to the import that was shown, by the beginning of its digest. Raises Refused for any other, or twice.

    An operator may, and an approver, whose part it is; where two are needed, one of them is an approver.
    """
    if not (by.may(Role.OPERATOR) or by.may(Role.APPROVER)):
        raise Refused(
            "Agreeing to an import needs the role operator or approver; you have neither. Nothing was agreed to.",
            f"Ask {approvers(house.plan, by.id)}.",
        )

    def decide(stands: Incident) -> tuple[Body, ...]:
        planned, drill = _waiting(stands, house.plan)
        if digest and not planned.digest.startswith(digest):
            raise Refused(
                "That dry run is not the newest one. Nothing was agreed to.",
                "Look at what is shown now, then agree to that.",
                f"/drill status --of {stands.id}",
            )
        if any(not approvals.apart(house.plan, one.by, by.id) for one in drill.agreed):
            raise Refused(
                "You have agreed, or cannot be told apart from who has. A second person has to agree as well.",
                f"Ask {approvers(house.plan, by.id)}.",
            )
        if drill.agreed and not by.may(Role.APPROVER):
            raise Refused(
                "The second one who agrees has to be an approver. Nothing was agreed to.",
                f"Ask {approvers(house.plan, drill.agreed[0].by)}.",
            )
        return (ImportAgreed(digest=planned.digest),)

    return await acting.act(house, incident, by, decide)


async def refuse(house: House, incident: IncidentId, reason: str, by: Person) -> Incident:
    """Refuse the import that was shown: nothing is written."""

    def decide(stands: Incident) -> tuple[Body, ...]:
        planned, _ = _waiting(stands, house.plan)
        return (ImportRefused(digest=planned.digest, reason=reason.strip()),)

    return await acting.act(house, incident, by, decide)


async def conclude(
    house: House, incident: IncidentId, result: Result | None, proved: bool, notes: str, by: Person
) -> Incident:
    """Say how it went. Raises Refused while Lifeboat is at work on a step, and for a result better than was found."""
    now = house.clock.now()

    def decide(stands: Incident) -> tuple[Body, ...]:
        return drill_moves.conclude(_running(stands), result, proved, notes, by, house.plan, now)

    return await acting.act(house, incident, by, decide)


async def deviate(house: House, incident: IncidentId, what: str, reason: str, by: Person) -> Incident:
    """Write down what was done otherwise than the procedure says, and why: the test is a pass no more."""

    def decide(stands: Incident) -> tuple[Body, ...]:
        drill = _running(stands).drill
        assert drill is not None
        if drill.ending:
            raise Refused(
                "It has been said how it went, which a deviation would change. Nothing was written down.",
                f"/incident note --of {stands.id} adds a note.",
                f"/incident note --of {stands.id}",
            )
        return (Deviated(what=what.strip(), reason=reason.strip()),)

    return await acting.act(house, incident, by, decide)


async def cancel(house: House, incident: IncidentId, reason: str, by: Person) -> Incident:
    """End a drill before its time; what was begun is cleaned up."""

    def decide(stands: Incident) -> tuple[Body, ...]:
        drill = _running(stands).drill
        assert drill is not None
        if drill.cancelled_at is not None:
            raise Refused("It is cancelled already; what was begun is being cleaned up.")
        if drill.concluded is not None:
            raise Refused(
                f"It is concluded already ({drill.concluded.result}), and cleaned up. Nothing was changed.",
                f"/drill status --of {stands.id} shows how far that is.",
                f"/drill status --of {stands.id}",
            )
        return (DrillCancelled(reason=reason.strip()),)

    return await acting.act(house, incident, by, decide)


def _running(stands: Incident) -> Incident:
    if stands.closed_at is not None or stands.drill is None:
        raise Refused(f"{stands.title} is over. Nothing was changed.", "/drill log shows how it ended.", "/drill log")
    return stands


def _waiting(stands: Incident, plan: Plan) -> tuple[ImportPlanned, Drill]:
    """The import that waits for an answer: not one that enough have agreed to, nor one of a step that has ended."""
    drill = _running(stands).drill
    assert drill is not None
    planned = drill_moves.agreement_awaited(drill, plan)
    if planned is None or not drill_moves.under_way(stands):
        raise Refused(
            "No import waits for an answer any more. Nothing was changed.",
            f"/drill status --of {stands.id} shows what is next; /drill cancel ends the test, and cleans up.",
            f"/drill status --of {stands.id}",
        )
    return planned, drill
