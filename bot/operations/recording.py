"""Knows how work that may be done again records what happened in an incident once. Knows nothing of what happened."""

from typing import Any

from bot.domain.incident_events import Acted, Body, Event, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import Person, PersonId
from bot.house import House
from bot.operations import incidents as acting
from bot.store import incidents


def whom(given: dict[str, Any]) -> Person:
    """Who asked for a piece of work, from what it was given."""
    return Person(PersonId(given["by"]), given["by_name"])


async def once(house: House, incident: IncidentId, by: Person, body: Body, after: int) -> int:
    """Record an event, unless the same one was recorded after event `after`: then an earlier run did. Gives its number.

    Work is done by one process at a time, so nobody records it between the look and the record.
    """
    for event in await since(house, incident, after):
        if event.body == body and event.by == by.id:
            return event.seq
    return (await acting.act(house, incident, by, lambda _: (body,))).seq


async def acted(house: House, given: dict[str, Any], action: str, *, ok: bool, effect: str, file: str = "") -> int:
    """Record how an automation ended, once; `given` is what its workflow was given."""
    body = Acted(action=action, ok=ok, effect=effect, file=file)
    return await once(house, IncidentId(given["incident"]), whom(given), body, int(given["after"]))


async def since(house: House, incident: IncidentId, after: int) -> list[Event]:
    """What happened after an event, in its order."""
    async with house.database.read() as db:
        return [one for one in await incidents.timeline(db, incident) if one.seq > after]


def asked(incident: Incident, by: Person) -> dict[str, Any]:
    """What each of an incident's workflows is given: the incident, where it stood, and who asked."""
    return {"incident": incident.id, "after": incident.seq, "by": by.id, "by_name": by.name}
