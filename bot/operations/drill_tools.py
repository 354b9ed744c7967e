"""Knows what a drill is held with: which versions, as each says of itself then. Knows nothing of what is done."""

import platform
from importlib import metadata

from bot.domain.backups import EnvironmentName
from bot.domain.drill_events import ToolsNoted
from bot.domain.errors import LifeboatError
from bot.domain.incident_events import Body, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import LIFEBOAT
from bot.house import House
from bot.operations import incidents as acting
from bot.store import incidents

_SILENT, _LONGEST = "did not say", 120


def ours() -> dict[str, str]:
    """Lifeboat itself, and what it runs on."""
    return {"lifeboat": metadata.version("lifeboat"), "python": platform.python_version()}


async def note(house: House, incident: IncidentId) -> None:
    """Record them in the drill: once, and again only where something else is found. No silence stops a drill."""
    async with house.database.read() as db:
        found = await incidents.get(db, incident)
    assert found is not None and found.drill is not None
    practice = found.drill.practice
    tools = ours()
    for environment in dict.fromkeys((practice.source, practice.target)):
        tools[f"convex of {environment}"] = await _backend(house, environment)

    def decide(stands: Incident) -> tuple[Body, ...]:
        known = stands.drill.tools if stands.drill is not None else {}
        return () if known == tools else (ToolsNoted(tools=tools),)

    await acting.act(house, incident, LIFEBOAT, decide)


async def _backend(house: House, environment: EnvironmentName) -> str:
    try:
        there = await house.deployment(environment).identity()
    except LifeboatError:
        return _SILENT
    return f"{there.version or _SILENT} ({there.name})"[:_LONGEST]
