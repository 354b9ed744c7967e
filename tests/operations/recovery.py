"""A house in an incident: real database, engine and simulated deployment, real adapters against the stand-ins."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from bot.adapters import sentry, svix, vercel
from bot.domain.backups import EnvironmentName
from bot.domain.incident_events import Acted, Braked, Event, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import Person, PersonId, Role
from bot.domain.plan_incidents import IncidentPlan
from bot.house import House, Neighbours, Place
from bot.operations import announcing, approvals, brakes, suites
from bot.operations import incidents as acting
from bot.operations.engine import Engine
from bot.operations.live import draw
from bot.ports import Clock, ErrorWatch, Mail, TestSuite
from bot.store import incidents
from tests.operations.home import PLAN, Home, home
from tests.waiting import until

ADA = Person(PersonId("ada"), "Ada Okafor", frozenset({Role.RESPONDER, Role.OPERATOR, Role.APPROVER}))
BEN = Person(PersonId("ben"), "Ben Lindqvist", frozenset({Role.RESPONDER, Role.OPERATOR, Role.APPROVER}))
EVE = Person(PersonId("eve"), "Eve")
ROOM = Place("paper", "ops")
RULES: Mapping[str, object] = {
    "announce": {"paper": "all-hands"},
    "kill_switch": "WRITES_STOPPED",
    "mailing_list": ("team@example.com",),
    "watch_for": "1 hour",
}


@dataclass(frozen=True, slots=True)
class Recovery:
    """A house, and what its incidents leave behind."""

    home: Home
    house: House

    async def begun(self, title: str = "Users are gone") -> Incident:
        incident, _ = await acting.start(
            *(self.house, ADA, ROOM),
            title=title,
            what=title,
            cause="accidental-deletion",
            environment=EnvironmentName("production"),
            noticed_at=self.house.clock.now() - timedelta(minutes=5),
        )
        return incident

    async def stands(self, incident: Incident | IncidentId) -> Incident:
        name = incident if isinstance(incident, str) else incident.id
        async with self.house.database.read() as db:
            found = await incidents.get(db, name)
        assert found is not None
        return found

    async def events(self, incident: Incident) -> list[Event]:
        async with self.house.database.read() as db:
            return await incidents.timeline(db, incident.id)

    async def braked(self, incident: Incident) -> list[Braked]:
        return [one.body for one in await self.events(incident) if isinstance(one.body, Braked)]

    async def acted(self, incident: Incident, action: str = "") -> list[Acted]:
        found = [one.body for one in await self.events(incident) if isinstance(one.body, Acted)]
        return [one for one in found if not action or one.action == action]

    async def until_acted(self, incident: Incident, action: str, seconds: float = 20) -> Acted:
        async def has() -> bool:
            return bool(await self.acted(incident, action))

        await until(has, within=seconds)
        return (await self.acted(incident, action))[-1]

    async def card(self, kind: str, subject: str) -> str:
        shown = await draw(self.house, kind, subject)
        return f"{shown.title}\n{shown.blocks}"


@asynccontextmanager
async def recovery(
    url: str,
    folder: Path,
    access: Mapping[EnvironmentName, tuple[str, str]],
    *,
    around: Mapping[str, Mapping[str, str]] | None = None,
    suite: TestSuite | None = None,
    mail: Mail | None = None,
    engine_class: type[Engine] = Engine,
    clock: Clock | None = None,
) -> AsyncIterator[Recovery]:
    """Run a house; `around` says how the stand-ins are reached, as they describe it themselves."""
    async with AsyncExitStack() as stack:
        near = Neighbours(test_suite=suite, mail=mail, unconnected={"site": "Set LIFEBOAT_VERCEL__TOKEN."})
        if around is not None:
            to = around
            near = replace(
                near,
                site=await stack.enter_async_context(
                    vercel.connect(to["vercel"]["token"], to["vercel"]["project"], api=to["vercel"]["api"], sleep=_nap)
                ),
                webhooks=await stack.enter_async_context(
                    svix.connect(to["svix"]["token"], to["svix"]["app"], to["svix"]["api"], sleep=_nap)
                ),
                error_watch=await stack.enter_async_context(_sentry(to["sentry"])),
            )
        plan = PLAN.model_copy(update={"incidents": IncidentPlan.model_validate(RULES)})

        def furnish(house: House, engine: Engine) -> House:
            furnished = replace(house, plan=plan, neighbours=near)
            for part in (brakes, approvals, suites, announcing):
                part.register(engine, furnished)
            return furnished

        one = await stack.enter_async_context(
            home(url, folder, access, clock=clock, engine_class=engine_class, furnish=furnish)
        )
        yield Recovery(one, one.house)


def _sentry(to: Mapping[str, str]) -> AbstractAsyncContextManager[ErrorWatch]:
    return sentry.connect(to["token"], to["organization"], to["project"], to["api"], sleep=_nap)


async def _nap(seconds: float) -> None:
    await asyncio.sleep(min(seconds, 0.01))
