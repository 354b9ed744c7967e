"""Knows how a rehearsal begins, and what people may do in it beside the moves of a drill. Knows nothing of what happens
in it by itself: see `bot.operations.rehearsal_work`.
"""

import secrets

from bot.domain import drill_moves, incident_moves
from bot.domain.backups import Backup, BackupId
from bot.domain.checklist import OVER, Move, State
from bot.domain.drill_events import Hinted, Practice
from bot.domain.drills import Drill
from bot.domain.errors import Refused
from bot.domain.incident_events import Body, IncidentId, Noted, Started, StepMoved
from bot.domain.incidents import Incident
from bot.domain.people import Person
from bot.domain.plan import Automation, RehearsalPlan, Scenario
from bot.domain.plan_rehearsals import REHEARSAL, SURPRISE
from bot.house import House, Place
from bot.operations import drill_copies
from bot.operations import incidents as acting
from bot.ports import TrainingGround
from bot.store import backups, drill_links, incidents, reports

TITLE = "Rehearsal"


def rules(house: House) -> RehearsalPlan:
    """The plan's rehearsals. Raises Refused, with the setting, where there are none."""
    if house.ground is None or house.plan.rehearsal is None:
        raise Refused(
            "This bot holds no rehearsals. Nothing was begun.",
            "Start it with LIFEBOAT_REHEARSALS=true; `lifeboat demo` has them on.",
        )
    return house.plan.rehearsal


async def begin(house: House, by: Person, place: Place, scenario: str) -> tuple[Incident, bool]:
    """Begin a rehearsal of that scenario, or of any; gives it, and whether it is new: there is one at a time."""
    known, now = rules(house), house.clock.now()
    chosen = secrets.choice(known.scenarios) if scenario == SURPRISE else known.scenario(scenario)
    standing = await running(house)
    if standing is not None:
        return standing, False
    await ground(house).begin_anew()
    practice = Practice(
        source=REHEARSAL,
        target=REHEARSAL,
        put_back=False,
        rehearsal=True,
        scenario=chosen.key,
        project=house.plan.project.name,
    )
    body = Started(
        title=TITLE,
        what="Something will go wrong in a simulated production. Find out what, and bring its data back.",
        cause="",
        environment=REHEARSAL,
        noticed_at=now,
        recover_within=None,
        checklist=known.steps,
        owners={one.key: by.id for one in known.steps},
        platform=place.platform,
        channel=place.channel,
        practice=practice,
    )
    async with house.database.write() as db:
        await incidents.alone(db)
        for one in await incidents.listed(db, open_only=True, practice=True):
            if one.drill is not None and one.drill.practice.rehearsal:
                return one, False
        following = await drill_links.following(db, body)
        begun = await acting.enter(db, house, f"{now:%Y-%m-%d}-rehearsal", following, by, now)
    house.wake()
    return begun, True


async def copies(house: House, incident: Incident) -> list[Backup]:
    """The copies that may be chosen in a rehearsal, newest first."""
    async with house.database.read() as db:
        found = await backups.listed(db, REHEARSAL)
    return [one for one in found if one.requested_at >= incident.opened_at]


async def use(house: House, incident: IncidentId, copy_id: BackupId, by: Person) -> Incident:
    """Choose the copy to restore: the step is done then, and what was restored of another one is open again.

    Raises Refused for a copy that is damaged, gone or not of this rehearsal, and while it is too early.
    """
    now = house.clock.now()
    async with house.database.read() as db:
        stands = await incidents.get(db, incident)
        copy = await backups.get(db, copy_id)
        report = await reports.get(db, copy_id)
    if stands is None or copy is None or copy.id not in {one.id for one in await copies(house, stands)}:
        raise Refused(
            f"{copy_id} is no copy of this rehearsal. Nothing was chosen.", "/drill use lists them.", parameter="copy"
        )
    if not copy.restorable:
        raise Refused(
            f"{copy_id} is damaged, or was not checked to its end: nobody would restore it. Nothing was chosen.",
            f"/backup report {copy_id} says what is wrong with it.",
            f"/backup report {copy_id}",
            parameter="copy",
        )
    taken = drill_copies.taken(copy, report, safety=False, made=False)

    def decide(stands: Incident) -> tuple[Body, ...]:
        drill = _rehearsal(stands)
        step = next((one for one in stands.checklist if Automation.CHOOSE in one.automations), None)
        if step is None or drill_moves.turn(stands) is not None:
            raise Refused("Lifeboat is at work on a step. Nothing was chosen.", "Ask again once it has ended.")
        bodies: list[Body] = []
        # What follows from another choice is to be done anew, the last first.
        for one in reversed(stands.checklist):
            follows = one.key == step.key or {Automation.IMPORT, Automation.QUERIES} & set(one.automations)
            if follows and stands.steps[one.key].state in (*OVER, State.FAILED):
                bodies += incident_moves.move(stands, one, Move.REOPEN, by, now)[:1]
                stands = _after(stands, bodies[-1])
        bodies += () if drill.tested == taken else (taken,)
        stands = stands.model_copy(update={"drill": drill.model_copy(update={"tested": taken})})
        return (*bodies, *incident_moves.move(stands, step, Move.FINISH, by, now, note=drill_copies.words_of(copy)))

    return await acting.act(house, incident, by, decide)


def _after(stands: Incident, body: Body) -> Incident:
    assert isinstance(body, StepMoved)
    return stands.model_copy(update={"steps": {**stands.steps, body.step: body.held}})


async def hint(house: House, incident: IncidentId, by: Person) -> Hinted:
    """The hint for the step whose turn it is; asked for again, it costs nothing more."""
    given: list[Hinted] = []

    def decide(stands: Incident) -> tuple[Body, ...]:
        drill = _rehearsal(stands)
        step = stands.current
        text = scenario_of(house, drill).hints.get(step.key) if step is not None else None
        if step is None or text is None:
            raise Refused(
                "There is no hint for what is to be done now; nothing was charged.",
                f"/drill status --of {stands.id} says how it is done.",
                f"/drill status --of {stands.id}",
            )
        given[:] = [Hinted(step=step.key, text=text)]
        return () if step.key in drill.hinted else tuple(given)

    await acting.act(house, incident, by, decide)
    return given[0]


async def new_key(house: House, incident: IncidentId, by: Person) -> Incident:
    """Make Lifeboat a key for the simulated deployment, and use it at once."""
    async with house.database.read() as db:
        stands = await incidents.get(db, incident)
    if stands is not None:
        _rehearsal(stands)
    await ground(house).new_key()
    said = Noted(text="A new key was made for the simulated deployment; Lifeboat uses it.")
    return await acting.act(house, incident, by, lambda _: (said,))


def _rehearsal(stands: Incident) -> Drill:
    if stands.drill is None or not stands.drill.practice.rehearsal:
        raise Refused(
            f"{stands.id} is no rehearsal. Nothing was changed.", "/drill scenarios says what can be rehearsed."
        )
    if stands.closed_at is not None:
        raise Refused("This rehearsal is over. Nothing was changed.", "/drill score tells how it went.", "/drill score")
    return stands.drill


def scenario_of(house: House, drill: Drill) -> Scenario:
    """What a rehearsal is of."""
    return rules(house).scenario(drill.practice.scenario)


def ground(house: House) -> TrainingGround:
    """What it is held on. Raises Refused where there is none."""
    rules(house)
    assert house.ground is not None
    return house.ground


async def running(house: House) -> Incident | None:
    """The rehearsal that is under way, if one is."""
    async with house.database.read() as db:
        found = await incidents.listed(db, open_only=True, practice=True)
    return next((one for one in found if one.drill is not None and one.drill.practice.rehearsal), None)
