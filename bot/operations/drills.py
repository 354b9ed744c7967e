"""Knows how a drill begins, and what people may do in it beside the moves of its checklist.

Knows nothing of how its automatic steps are done: see `bot.operations.drill_work`.
"""

from bot.domain.drill_events import Practice
from bot.domain.errors import Refused
from bot.domain.incident_events import Started
from bot.domain.incidents import Incident
from bot.domain.people import Person
from bot.domain.plan import MayImport
from bot.house import House, Place
from bot.operations import incidents as acting
from bot.store import incidents


async def begin(house: House, by: Person, place: Place, practice: Practice, title: str) -> tuple[Incident, bool]:
    """Begin a drill and want its rooms; gives it, and whether it is new: one at a time goes into a target.

    Raises Refused where the plan allows no import into the target, or where it is what would be tested.
    """
    plan, now = house.plan, house.clock.now()
    target = plan.environment(practice.target)
    if practice.target == practice.source:
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
    house.deployment(practice.source)
    house.deployment(practice.target)
    within = plan.environment(practice.source).recovery_target
    body = Started(
        title=title,
        what=f"{plan.environment(practice.source).title} is copied, and the copy restored into {target.title}.",
        cause="",
        environment=practice.target,
        noticed_at=now,
        recover_within=within if not isinstance(within, str) else None,
        checklist=plan.drill.steps,
        owners=acting.owners(plan, plan.drill.steps, by),
        platform=place.platform,
        channel=place.channel,
        practice=practice,
    )
    async with house.database.write() as db:
        for one in await incidents.listed(db, open_only=True, practice=True):
            if one.drill is not None and one.drill.practice.target == practice.target:
                return one, False
        drill = await acting.enter(db, house, f"{now:%Y-%m-%d}-drill", body, by, now)
    house.wake()
    return drill, True
