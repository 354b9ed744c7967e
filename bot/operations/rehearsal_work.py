"""Knows what happens in a rehearsal by itself: the strike, the points, the cleaning up. Knows nothing of who plays.

It never touches any deployment but the simulated one that rehearsals are held on.
"""

from bot.domain import drill_moves, scoring
from bot.domain.checklist import Move, State, StepState
from bot.domain.drill_events import CleanedUp
from bot.domain.incident_events import Body, IncidentId, StepMoved
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT, PersonId
from bot.domain.plan import Automation, Scenario, Step
from bot.domain.plan_rehearsals import REHEARSAL, Play
from bot.house import House
from bot.operations import drill_cleaning, drill_copies
from bot.operations import incidents as acting
from bot.operations.engine import Flow
from bot.operations.rehearsals import ground, running, scenario_of
from bot.store import backups, incidents

ABSENT = PersonId(f"{scoring.STAND_IN}Kim Reyes")
"""Who holds the steps of people that do not answer: nobody, so that nobody real is called."""
_RETRIES = 3


async def resume(house: House) -> None:
    """Let it happen again where a rehearsal was struck before this process, and its simulator, began."""
    stands = await running(house)
    if stands is None or stands.drill is None or stands.drill.imported is not None:
        return
    struck = [stands.steps[one.key].state for one in stands.checklist if Automation.STRIKE in one.automations]
    if struck == [State.DONE]:
        plays = scenario_of(house, stands.drill).plays
        await _happen(house, stands.id)
        if Play.LOST_KEY in plays:
            await ground(house).play(Play.LOST_KEY)


async def strike(flow: Flow, house: House, incident: IncidentId) -> str:
    """Let it happen, and take a copy of what it left, as the next hour would; gives what people hear of it."""
    await flow.step("happen", _happen, house, incident, retries=_RETRIES)
    copy_id = await drill_copies.export(flow, house, incident, "copy", REHEARSAL, with_files=False)
    await flow.step("afterwards", _afterwards, house, incident, retries=_RETRIES)
    return f"Users say that something is wrong. A copy was taken since, as every hour: {copy_id}."


async def clean_up(flow: Flow, house: House, incident: IncidentId) -> str:
    """Clean up after a drill; after a rehearsal count its points first, and put the simulated production back."""
    if not await flow.step("rehearsal", _is_rehearsal, house, incident):
        return await drill_cleaning.run(flow, house, incident)
    await flow.step("score", _score, house, incident)
    await flow.step("begin anew", _put_back, house, retries=_RETRIES)
    gone = await flow.step("remove", _remove, house, incident)
    lines = ["The simulated production is as it was.", f"The {gone} copies of it are removed."]
    await flow.step("record", _cleaned, house, incident, lines)
    return " ".join(lines)


async def _is_rehearsal(house: House, incident: IncidentId) -> bool:
    _, drill = await drill_copies.of(house, incident)
    return drill.practice.rehearsal


async def _happen(house: House, incident: IncidentId) -> None:
    """From fresh data, so that what is done twice happens once."""
    _, drill = await drill_copies.of(house, incident)
    await _begin_anew(house)
    for play in scenario_of(house, drill).plays:
        if play is not Play.LOST_KEY:
            await ground(house).play(play)


async def _afterwards(house: House, incident: IncidentId) -> None:
    """What happens once the copy is taken: the key is withdrawn, whoever held the steps is away."""
    _, drill = await drill_copies.of(house, incident)
    scenario = scenario_of(house, drill)
    if Play.LOST_KEY in scenario.plays:
        await ground(house).play(Play.LOST_KEY)

    def decide(stands: Incident) -> tuple[Body, ...]:
        held = {one.key: stands.steps[one.key] for one in stands.checklist if _left_alone(one, scenario)}
        return tuple(_given(key, one) for key, one in held.items() if one.assignee != ABSENT)

    if scenario.absent:
        await acting.act(house, incident, LIFEBOAT, decide)


def _left_alone(step: Step, scenario: Scenario) -> bool:
    return step.role == scenario.absent and drill_moves.automation_of(step) is None


def _given(key: str, held: StepState) -> StepMoved:
    return StepMoved(step=key, move=Move.ASSIGN, held=held.model_copy(update={"assignee": ABSENT, "claimed": False}))


async def _score(house: House, incident: IncidentId) -> None:
    async with house.database.read() as db:
        happened = await incidents.timeline(db, incident)
        others = await incidents.listed(db, practice=True, limit=200)

    def decide(stands: Incident) -> tuple[Body, ...]:
        drill = stands.drill
        assert drill is not None
        plan = house.plan.rehearsal
        if drill.concluded is None or drill.score is not None or plan is None:
            return ()
        alike = [one.drill.score for one in reversed(others) if one.drill and one.drill.score]
        earlier = [one.total for one in alike if one.scenario == drill.practice.scenario]
        return (scoring.score(happened, plan, earlier),)

    await acting.act(house, incident, LIFEBOAT, decide)


async def _put_back(house: House) -> None:
    # A bot that was started again without rehearsals has nothing to put back, and ends what was under way.
    if house.ground is not None:
        await house.ground.begin_anew()


async def _begin_anew(house: House) -> None:
    await ground(house).begin_anew()


async def _remove(house: House, incident: IncidentId) -> int:
    """Nothing of a rehearsal is worth keeping: no copy of it holds anybody's data."""
    now, gone = house.clock.now(), 0
    async with house.database.write() as db:
        for copy in await backups.listed(db, REHEARSAL):
            gone += await backups.set_purged(db, copy.id, now, f"It was taken for the rehearsal {incident} alone.")
    return gone


async def _cleaned(house: House, incident: IncidentId, lines: list[str]) -> None:
    done = CleanedUp(lines=tuple(lines), put_back=True)

    def decide(stands: Incident) -> tuple[Body, ...]:
        assert stands.drill is not None
        return () if stands.drill.cleaned == done.lines else (done,)

    await acting.act(house, incident, LIFEBOAT, decide)
