"""Knows how news of an incident reaches those who are not in its rooms: announcement channels and a mailing list.

Knows nothing of what the news is. The rooms themselves hear it as they hear everything that happens.
"""

import secrets
from typing import Any

from bot.domain.errors import LifeboatError, Refused
from bot.domain.incident_events import IncidentId
from bot.domain.incidents import Incident
from bot.domain.mail import Letter, message_id
from bot.domain.people import Person
from bot.house import House
from bot.operations import recording
from bot.operations.engine import Engine, Flow
from bot.operations.live import NEWS
from bot.store import incidents, posts
from bot.views.news import news_letter

WORKFLOW = "announce"
ACTION, MAILED = "Announcement", "E-mail to the list"


def register(engine: Engine, house: House) -> None:
    """Let the engine know how news is spread."""
    work = _Announcing(house)
    engine.workflow(WORKFLOW, work.run, work.ended)


async def announce(house: House, incident: Incident, words: str, by: Person) -> str:
    """Spread news, each way once. Gives in words where it goes. Raises Refused for news without words."""
    if not words.strip():
        raise Refused("An announcement needs words. Nothing was announced.", parameter="text")
    given = {**recording.asked(incident, by), "words": words.strip()}
    await house.work.start(WORKFLOW, f"announce-{incident.id}-{secrets.token_hex(3)}", given)
    return reach(house, incident)


def reach(house: House, incident: Incident) -> str:
    """Where news goes, and what to set where it does not."""
    rules, near = house.plan.incidents, house.neighbours
    ways = [f"the room on {one.platform}" for one in incident.rooms]
    ways += [f"the announcement channel on {platform}" for platform in rules.announce]
    if near.mail is not None and rules.mailing_list:
        ways.append(f"e-mail to {', '.join(rules.mailing_list)}")
    missing = []
    if not rules.announce:
        missing.append("Name announcement channels: announce under [incidents] in the plan.")
    if not rules.mailing_list:
        missing.append("Name a mailing list: mailing_list under [incidents] in the plan.")
    elif near.mail is None:
        missing.append(f"E-mail is not connected, so write to the list yourself. {near.unconnected.get('mail', '')}")
    return f"It goes to {'; '.join(ways) or 'nobody'}. {' '.join(missing)}".strip()


async def tell(house: House, incident: IncidentId, seq: int) -> None:
    """Want an event told in every announcement channel; asked again, it changes nothing."""
    now = house.clock.now()
    async with house.database.write() as db:
        for platform, channel in house.plan.incidents.announce.items():
            subject = f"{incident}/{seq}"
            await posts.want(db, f"{NEWS}:{subject}:{platform}", platform, channel, NEWS, subject, now)
    house.wake()


class _Announcing:
    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self, flow: Flow, given: dict[str, Any]) -> None:
        seq = await flow.step("record", self._record, given)
        await flow.step("tell", tell, self._house, IncidentId(given["incident"]), seq)
        if self._house.neighbours.mail is not None and self._house.plan.incidents.mailing_list:
            try:
                await flow.step("mail", self._mail, given)
            except LifeboatError as problem:
                await flow.step("say", self._unsent, given, f"{problem.problem} {problem.hint}".strip())
        self._house.wake()

    async def _record(self, given: dict[str, Any]) -> int:
        return await recording.acted(self._house, given, ACTION, ok=True, effect=given["words"])

    async def _mail(self, given: dict[str, Any]) -> None:
        """Hand the letter over. A process that dies meanwhile sends it again with the same id, by which it is known."""
        mail = self._house.neighbours.mail
        assert mail is not None
        async with self._house.database.read() as db:
            incident = await incidents.get(db, IncidentId(given["incident"]))
        assert incident is not None
        subject, text = news_letter(incident, given["words"], given["by_name"])
        name = message_id(incident.id, subject, f"{given['after']} {text}", mail.sender)
        await mail.send(Letter(name, tuple(self._house.plan.incidents.mailing_list), subject, text))

    async def _unsent(self, given: dict[str, Any], problem: str) -> None:
        await recording.acted(self._house, given, MAILED, ok=False, effect=problem)

    async def ended(self, flow: Flow, given: dict[str, Any], error: LifeboatError) -> None:
        await flow.step("say", self._unannounced, given, f"{error.problem} {error.hint}".strip())
        self._house.wake()

    async def _unannounced(self, given: dict[str, Any], problem: str) -> None:
        await recording.acted(self._house, given, ACTION, ok=False, effect=problem)
