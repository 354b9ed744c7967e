"""Knows how what destroys data asks a second person: bound to exactly what was asked, for half an hour, never alone.

Knows nothing of how the question is shown. What is agreed to is done by a workflow, begun by the sweep where the
process ended first.
"""

import hashlib
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.domain.automations import Answer, Approval
from bot.domain.errors import LifeboatError, Refused
from bot.domain.incident_events import IncidentId, Noted
from bot.domain.incidents import Incident
from bot.domain.people import Person, PersonId, Role
from bot.domain.plan import Plan
from bot.house import House
from bot.operations import announcing, recording
from bot.operations import incidents as acting
from bot.operations.engine import Engine, Flow
from bot.operations.live import APPROVAL
from bot.store import approvals, incidents, posts
from bot.views.approvals import approvers

WORKFLOW = "approved"
OPEN_FOR = timedelta(minutes=30)
_SHORTEST_REASON = 10

Arguments = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Destroying:
    """Something that cannot be undone: what it does, in words, and how it is done. `do` gives its exact effect.

    `do` may be called again where a process died in it.
    """

    name: str
    words: Callable[[Arguments], str]
    do: Callable[[House, Arguments], Awaitable[str]]


def cancel_arguments(house: House, incident: Incident) -> Arguments:
    """What CANCEL_SCHEDULED is bound to: the environment, and the deployment that it is now."""
    return {"environment": incident.environment, "deployment": house.deployment(incident.environment).url}


async def _cancel_scheduled(house: House, arguments: Arguments) -> str:
    deployment = next((one for name, one in house.deployments.items() if name == arguments["environment"]), None)
    if deployment is None or deployment.url != arguments["deployment"]:
        raise Refused(
            f"{arguments['environment'].capitalize()} is another deployment now than when this was asked."
            " Nothing was cancelled.",
            "Ask again.",
        )
    await deployment.cancel_scheduled()
    return f"Every function that was scheduled or queued in {arguments['environment']} was cancelled."


CANCEL_SCHEDULED = Destroying(
    "cancel-scheduled",
    lambda given: (
        f"Cancel every function that is scheduled or queued in {given['environment']} ({given['deployment']})."
        " This cannot be undone: nobody can list afterwards what would have run."
    ),
    _cancel_scheduled,
)
ACTIONS = {one.name: one for one in (CANCEL_SCHEDULED,)}


def register(engine: Engine, house: House) -> None:
    """Let the engine know how what was agreed to is done."""
    work = _Approved(house)
    engine.workflow(WORKFLOW, work.run, work.ended)


async def ask(house: House, incident: Incident, action: Destroying, arguments: Arguments, by: Person) -> Approval:
    """Ask a second person, in the incident's rooms. The same question that is open still is given instead."""
    asked = _question(house, incident, action, arguments, by)
    async with house.database.write() as db:
        await incidents.alone(db)
        standing = await approvals.waiting(db, asked.digest, asked.asked_at)
        if standing is not None:
            return standing
        await approvals.put(db, asked)
        # While its room is being opened, where it was begun is where people look.
        for platform, channel in [(one.platform, one.channel) for one in incident.rooms] or [incident.place]:
            key = f"{APPROVAL}:{asked.code}:{platform}:{channel}"
            await posts.want(db, key, platform, channel, APPROVAL, asked.code, asked.asked_at)
    house.wake()
    return asked


async def agree(house: House, code: str, by: Person) -> Approval:
    """Agree, as a second person who may; what was asked then begins. Raises Refused for anybody else, or too late."""
    found = await _open(house, code)
    if not by.may(Role.APPROVER):
        raise Refused(
            f"Only an approver may agree to this; you are {', '.join(sorted(by.roles))}. Nothing was done.",
            f"Ask {approvers(house.plan, found.asked_by)}.",
        )
    if not apart(house.plan, found.asked_by, by.id):
        raise Refused(
            "You asked for this, or you cannot be told apart from who did. Nothing was done.",
            f"Somebody else has to agree: {approvers(house.plan, found.asked_by)}. People are told apart across"
            " platforms by the ids that the plan has of them, under [people].",
        )
    return await _answered(house, found, Answer.AGREED, by)


async def refuse(house: House, code: str, by: Person) -> Approval:
    """Refuse, or take back what one asked oneself: nothing is done."""
    found = await _open(house, code)
    if not by.may(Role.APPROVER) and by.id != found.asked_by:
        raise Refused("Only an approver, or who asked, may refuse this. It stays open.")
    refused = await _answered(house, found, Answer.REFUSED, by)
    noted = Noted(text=f"Refused, so it was not done: {found.words}", decision=True)
    await acting.act(house, found.incident, by, lambda _: (noted,))
    return refused


async def alone(
    house: House, incident: Incident, action: Destroying, arguments: Arguments, by: Person, reason: str
) -> Approval:
    """Break the glass: do it without a second person, for a reason that everybody hears. It stands in the report."""
    if len(reason.strip()) < _SHORTEST_REASON:
        raise Refused(
            "Breaking the glass needs a reason that others can follow. Nothing was done.",
            f"Say it in at least {_SHORTEST_REASON} characters.",
            parameter="break_glass",
        )
    asked = _question(house, incident, action, arguments, by)
    async with house.database.write() as db:
        await incidents.alone(db)
        # A question that is open is answered by this: agreed to later, it would be done a second time.
        standing = await approvals.waiting(db, asked.digest, asked.asked_at)
        if standing is None:
            await approvals.put(db, asked)
    return await _answered(house, standing or asked, Answer.ALONE, by, reason.strip())


async def look(house: House) -> None:
    """Close what nobody answered in time, and begin what a process left: part of every sweep."""
    now = house.clock.now()
    async with house.database.write() as db:
        for code in await approvals.expire(db, now):
            await posts.changed(db, APPROVAL, code)
    async with house.database.read() as db:
        left = await approvals.to_begin(db)
    for one in left:
        await _begin(house, one)


def digest(action: str, arguments: Arguments, incident: IncidentId) -> str:
    """What an answer is bound to."""
    exactly = json.dumps([action, sorted(arguments.items()), incident])
    return hashlib.sha256(exactly.encode()).hexdigest()


def apart(plan: Plan, one: PersonId, other: PersonId) -> bool:
    """Whether two who act are surely two people. Strangers to the plan may be anybody on another platform."""
    if one == other:
        return False
    known = [who for who in (one, other) if who in plan.people]
    unknown = [who for who in (one, other) if who not in plan.people]
    platforms = {who.partition(":")[0] for who in unknown}
    if len(unknown) == 2:
        return len(platforms) == 1
    # Somebody the plan knows on that platform would have been recognised there.
    return not unknown or bool(getattr(plan.people[known[0]], platforms.pop(), None))


def _question(house: House, incident: Incident, action: Destroying, arguments: Arguments, by: Person) -> Approval:
    now = house.clock.now()
    bound = digest(action.name, arguments, incident.id)
    code = f"{bound[:4]}-{secrets.token_hex(2)}"
    words = action.words(arguments)
    return Approval(code, incident.id, action.name, arguments, bound, words, by.id, by.name, now, now + OPEN_FOR)


async def _open(house: House, code: str) -> Approval:
    async with house.database.read() as db:
        found = await approvals.get(db, code.strip().lower())
    if found is None:
        raise Refused(f"There is no question {code!r}. Nothing was done.", "The code stands on the card that asks.")
    if found.answer is not Answer.OPEN or found.expires_at <= house.clock.now():
        raise Refused(_LATE.get(found.answer, "Nobody answered it in time.") + " Nothing more was done.", "Ask again.")
    if digest(found.action, found.arguments, found.incident) != found.digest:
        raise Refused("What is recorded is not what was asked. Nothing was done.", "Ask again.")
    async with house.database.read() as db:
        incident = await incidents.get(db, found.incident)
    if incident is None or incident.closed_at is not None:
        raise Refused("The incident that this was asked for is closed. Nothing was done.", "/incident reopen opens it.")
    return found


_LATE = {
    Answer.AGREED: "It is agreed to already.",
    Answer.REFUSED: "It was refused.",
    Answer.ALONE: "It was done without a second person.",
}


async def _answered(house: House, found: Approval, answer: Answer, by: Person, reason: str = "") -> Approval:
    async with house.database.write() as db:
        settled = await approvals.settle(db, found.code, answer, by.id, by.name, house.clock.now(), reason)
        await posts.changed(db, APPROVAL, found.code)
        stands = await approvals.get(db, found.code)
    if not settled or stands is None:
        raise Refused("Somebody answered a moment before you, or it is too late. Nothing more was done.")
    if answer in (Answer.AGREED, Answer.ALONE):
        await _begin(house, stands)
    house.wake()
    return stands


async def _begin(house: House, agreed: Approval) -> None:
    """Hand it to the engine, which does it once however often it is handed over."""
    async with house.database.read() as db:
        incident = await incidents.get(db, agreed.incident)
    after = incident.seq if incident else 0
    given = {"code": agreed.code, "incident": agreed.incident, "after": after}
    alone = agreed.answer is Answer.ALONE
    who = {
        "by": agreed.answered_by if alone else agreed.asked_by,
        "by_name": agreed.answered_by_name if alone else agreed.asked_by_name,
    }
    await house.work.start(WORKFLOW, f"approved-{agreed.code}", {**given, **who})
    async with house.database.write() as db:
        await approvals.begun(db, agreed.code, house.clock.now())


class _Approved:
    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self, flow: Flow, given: dict[str, Any]) -> None:
        await flow.step("declare", self._declare, given)
        effect = await flow.step("do", self._do, given["code"])
        await flow.step("record", self._record, given, True, effect)
        self._house.wake()

    async def _declare(self, given: dict[str, Any]) -> None:
        """Say loudly, before it is done, that nobody else was asked."""
        found = await self._found(given["code"])
        if found.answer is Answer.ALONE:
            told = f"{found.answered_by_name} broke the glass and acts without a second person:"
            body, by = Noted(text=f"{told} {found.reason} {found.words}", decision=True), recording.whom(given)
            seq = await recording.once(self._house, found.incident, by, body, int(given["after"]))
            await announcing.tell(self._house, found.incident, seq)

    async def _do(self, code: str) -> str:
        found = await self._found(code)
        if digest(found.action, found.arguments, found.incident) != found.digest:
            raise Refused("What is recorded is not what was agreed to. Nothing was done.", "Ask again.")
        now = self._house.clock.now()
        if found.answered_at is None or now > found.answered_at + OPEN_FOR:
            raise Refused(
                "It was agreed to, and Lifeboat stood still since: so much later it is not done."
                " Whether it was done before Lifeboat stood still is not known.",
                "Look at what stands, and ask again.",
            )
        return await ACTIONS[found.action].do(self._house, found.arguments)

    async def _record(self, given: dict[str, Any], ok: bool, effect: str) -> None:
        found = await self._found(given["code"])
        agreed = f"agreed by {found.answered_by_name}" if found.answer is Answer.AGREED else "without a second person"
        told = f"{effect} Asked by {found.asked_by_name}, {agreed} ({found.code})."
        await recording.acted(self._house, given, found.action.replace("-", " ").capitalize(), ok=ok, effect=told)

    async def ended(self, flow: Flow, given: dict[str, Any], error: LifeboatError) -> None:
        await flow.step("record", self._record, given, False, f"{error.problem} {error.hint}".strip())
        self._house.wake()

    async def _found(self, code: str) -> Approval:
        async with self._house.database.read() as db:
            found = await approvals.get(db, code)
        assert found is not None
        return found
