"""Knows whether what would be written to is surely what the plan means: asked of the servers, not of the settings.

Knows nothing of what is written. A URL or a key pasted into the wrong place is found here.
"""

from bot.domain.errors import Refused
from bot.domain.incident_events import IncidentId
from bot.domain.plan import Environment, MayImport
from bot.house import House
from bot.operations import drill_copies
from bot.ports import Identity


async def guard(house: House, incident: IncidentId) -> None:
    """Raise Refused unless a drill may import into its target: never into the source, nor into what the plan closes."""
    _, drill = await drill_copies.of(house, incident)
    target = _allowed(house, drill.practice.target)
    there = await house.deployment(target.name).identity()
    if drill.practice.rehearsal:
        return
    closed = {
        one.name for one in house.plan.real if one.may_import is MayImport.NEVER and one.name in house.deployments
    }
    for name in sorted({drill.practice.source, *closed}):
        here = await house.deployment(name).identity()
        if _same(here, there):
            raise Refused(
                f"What is connected as {target.name} says that it is {there.name}: that is {name} itself."
                " Nothing was imported.",
                f"Correct LIFEBOAT_CONVEX__{target.name.upper()}__URL and its key."
                + (" Two deployments of one's own need names of their own (INSTANCE_NAME)." if _own(there) else ""),
            )
    if target.deployment and there.name != target.deployment:
        raise Refused(
            f"What is connected as {target.name} says that it is {there.name or 'nobody'}, and the plan says"
            f" {target.deployment}. Nothing was imported.",
            f"Correct the connection, or deployment under [environments.{target.name}] in the plan.",
        )
    if there.type == "prod" and not target.deployment:
        raise Refused(
            f"{there.name} says that it is a production deployment, and the plan does not name it as {target.name}."
            " Nothing was imported.",
            f'If it is meant, write deployment = "{there.name}" under [environments.{target.name}] in the plan.',
        )


async def as_shown(house: House, incident: IncidentId) -> None:
    """Raise Refused unless the target is still the deployment that the newest dry run was shown of."""
    _, drill = await drill_copies.of(house, incident)
    target, shown = _allowed(house, drill.practice.target), drill.planned
    there = await house.deployment(target.name).identity()
    if shown is not None and (shown.deployment, _plain(shown.url)) != (there.name, _plain(there.url)):
        raise Refused(
            f"What is connected as {target.name} is {there.name} at {there.url} now, and what was shown was"
            f" {shown.deployment} at {shown.url}. Nothing was imported.",
            f"Correct LIFEBOAT_CONVEX__{target.name.upper()}__URL and its key, then redo the step.",
        )


def _allowed(house: House, name: str) -> Environment:
    target = house.plan.environment(name)
    if target.may_import is MayImport.NEVER:
        raise Refused(
            f"The plan allows no import into {target.title}. Nothing was imported.",
            f"Set may_import under [environments.{target.name}].",
        )
    return target


def _same(one: Identity, other: Identity) -> bool:
    return _plain(one.url) == _plain(other.url) or (bool(one.name) and one.name == other.name)


def _own(there: Identity) -> bool:
    return there.kind == "selfHosted"


def _plain(url: str) -> str:
    return url.rstrip("/")
