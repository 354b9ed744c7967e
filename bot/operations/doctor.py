"""Knows how Lifeboat examines itself: everything a recovery will need, looked at before it is needed.

Knows nothing of how the result is shown. Each look is bounded in time, and none changes anything.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta

from bot.domain.drill_events import Link
from bot.domain.durations import duration_words
from bot.domain.errors import LifeboatError
from bot.domain.export_schedule import schedule_words
from bot.domain.incident_events import IncidentId
from bot.domain.plan import Environment
from bot.house import House
from bot.operations import overview, records, reminding
from bot.ports import Deployment, Door
from bot.store import observations, posts
from bot.views import words
from bot.views.doctor import Examined, Finding

_PATIENCE = 10.0
_NAMED = 5
"""How many records that do not hold are named."""
_TOLERATED_SKEW = timedelta(seconds=30)
_NEEDED = {
    "CreateBackups": "take copies",
    "ViewBackups": "watch and find copies",
    "DownloadBackups": "download copies",
    "ViewData": "compare row counts",
}


async def examine(house: House) -> list[Examined]:
    """Look at settings, plan, database, vault, every deployment and key, clocks and the status page, side by side."""
    looks = {
        "Database": _database(house),
        "Vault": _vault(house),
        "Convex status page": _status_page(house),
        "Sweep": _sweep(house),
        "Messages": _posts(house),
        "Reminders": _reminders(house),
        "Records": _records(house),
        **{one.title: _environment(house, one) for one in house.plan.environments.values()},
        **{f"{one.title}: copies": _copies(house, one) for one in house.plan.real},
        **{name.capitalize(): _door(name.capitalize(), door) for name, door in house.doors.items()},
    }
    found = await asyncio.gather(*(_survive(what, look) for what, look in looks.items()))
    return [_plan(house), *(one for part in found for one in part)]


async def _survive(what: str, look: Awaitable[list[Examined]]) -> list[Examined]:
    """One look that fails must not hide the others."""
    try:
        async with asyncio.timeout(_PATIENCE):
            return await look
    except LifeboatError as problem:
        return [Examined(what, Finding.BROKEN, problem.problem, problem.hint)]
    except TimeoutError:
        found = f"No answer within {_PATIENCE:.0f} s."
        return [Examined(what, Finding.BROKEN, found, "Check its address and its connection, then look again.")]


def _plan(house: House) -> Examined:
    plan = house.plan
    missing = [role.title for role in plan.roles.values() if not role.people]
    if missing:
        return Examined(
            "Plan",
            Finding.WARNING,
            f"Nobody holds {words.listed(missing)}.",
            "Add people under [people] and name them in [roles] of the plan.",
        )
    known = f"{words.many(len(plan.real), 'environment')}, {words.many(len(plan.checklist), 'step')}"
    return Examined(
        "Plan", Finding.OK, f"{plan.project.name}: {known}, {words.many(len(plan.people), 'person', 'people')}."
    )


async def _database(house: House) -> list[Examined]:
    async with house.database.read() as db:
        await observations.every(db)
    return [Examined("Database", Finding.OK, f"{'SQLite' if house.database.is_sqlite else 'PostgreSQL'} answers.")]


async def _vault(house: House) -> list[Examined]:
    await house.vault.check()
    free = await house.vault.free_bytes()
    finding = Finding.WARNING if free < 5_000_000_000 else Finding.OK
    mend = (
        "Make room: a copy needs its own size, and each retention period keeps many."
        if finding is not Finding.OK
        else ""
    )
    return [Examined("Vault", finding, f"Can be written; {words.size(free)} free.", mend)]


async def _status_page(house: House) -> list[Examined]:
    try:
        status = await house.status_page.status()
    except LifeboatError:
        mend = "Nothing depends on it; look at it by hand in a disaster."
        return [Examined("Convex status page", Finding.WARNING, f"{house.status_page.url} did not answer.", mend)]
    finding = Finding.OK if status.indicator == "none" else Finding.WARNING
    return [Examined("Convex status page", finding, status.description)]


async def _sweep(house: House) -> list[Examined]:
    async with house.database.read() as db:
        seen = await observations.every(db)
    if not seen:
        return [
            Examined("Sweep", Finding.WARNING, "It has not looked yet.", "It looks once a minute while the bot runs.")
        ]
    age = house.clock.now() - max(one.tried_at for one in seen.values())
    if age > timedelta(minutes=5):
        mend = "Start the bot: lifeboat run. Without it nothing is watched, purged or reminded."
        return [Examined("Sweep", Finding.WARNING, f"The last look was {words.span(age)} ago.", mend)]
    return [Examined("Sweep", Finding.OK, f"Looked {words.span(age)} ago.")]


async def _posts(house: House) -> list[Examined]:
    async with house.database.read() as db:
        failed = await posts.given_up(db)
    if not failed:
        return [Examined("Messages", Finding.OK, "None had to be given up.")]
    newest = failed[0]
    found = (
        f"{words.many(len(failed), 'message')} could not be posted; the newest to {newest.platform} {newest.channel}."
    )
    return [Examined("Messages", Finding.WARNING, found, newest.problem)]


async def _reminders(house: House) -> list[Examined]:
    """Whether anybody would hear of the quarterly test."""
    mend, title = reminding.unheard(house), house.plan.roles[house.plan.drill.responsible].title
    if mend:
        return [Examined("Reminders", Finding.WARNING, "Nobody can be reminded of the quarterly test.", mend)]
    return [Examined("Reminders", Finding.OK, f"The {title} is reminded of the quarterly test.")]


async def _records(house: House) -> list[Examined]:
    """Whether every incident and drill is recorded as it happened, and stands as its events add up."""
    seen = await records.examine(house.database, _PATIENCE * 0.8)
    read = f"{words.many(seen.events, 'event')} in {words.many(seen.records, 'record')} of incidents and drills"
    harmed = [*map(_broken, seen.broken.items()), *map(_unlinked, seen.unlinked.items()), *map(_strayed, seen.strayed)]
    if harmed:
        told = f"{read}: {words.many(len(harmed), 'record does', 'records do')} not hold."
        return [Examined("Records", harmed[0].finding, told), *harmed[:_NAMED]]
    if seen.left:
        told = f"{read} are whole; there was no time for the {words.many(seen.left, 'oldest one', 'oldest')}."
        mend = "Prove one by itself: `/incident timeline --prove --of <incident>`."
        return [Examined("Records", Finding.WARNING, told, mend)]
    return [Examined("Records", Finding.OK, f"{read}: every chain is whole.")]


def _broken(found: tuple[IncidentId, int]) -> Examined:
    name, event = found
    mend = "Rely on nothing from there on. Compare with the evidence and reports that were handed out of it."
    what = f"Changed outside Lifeboat: its chain of hashes breaks at event {event}."
    return Examined(f"Record of {name}", Finding.BROKEN, what, mend)


def _unlinked(found: tuple[IncidentId, Link]) -> Examined:
    name, link = found
    what = f"It follows event {link.seq} of {link.id}, which is not there any more as it was when this began."
    mend = f"Rely on {link.id} no more: it was written anew, or taken away. Compare the archive that was kept of it."
    return Examined(f"Record of {name}", Finding.BROKEN, what, mend)


def _strayed(name: IncidentId) -> Examined:
    # Not broken: a version that reads old events otherwise makes the same difference.
    what = "Its events are whole, but how it is shown to stand does not follow from them."
    mend = "Rely on its events, not on its board or its line in the log: that was changed outside Lifeboat."
    return Examined(f"Record of {name}", Finding.WARNING, what, mend)


async def _environment(house: House, environment: Environment) -> list[Examined]:
    deployment = house.deployments.get(environment.name)
    if deployment is None:
        wanted = environment.may_export
        finding = Finding.WARNING if wanted else Finding.OK
        found = "Not connected." if wanted else "Not connected; the plan keeps no copies of it."
        mend = house.unconnected.get(environment.name, "") if wanted else ""
        return [Examined(environment.title, finding, found, mend)]
    return await _deployment(environment, deployment)


async def _copies(house: House, environment: Environment) -> list[Examined]:
    """Whether copies come as often as the plan expects: on schedule, or because somebody takes them."""
    what, interval = f"{environment.title}: copies", environment.expected_interval
    planned = schedule_words(environment)
    if planned:
        return [Examined(what, Finding.OK, f"One is taken daily at {planned}.")]
    if interval is None:
        return []
    async with house.database.read() as db:
        [health] = await overview.judge(db, house, [environment], house.clock.now())
    age = f"is {words.span(health.age)} old" if health.age is not None else "does not exist"
    if health.age is not None and health.age <= interval:
        return [Examined(what, Finding.OK, f"The newest verified one {age}; they are taken by hand.")]
    found = f"The plan expects one every {duration_words(interval)}, none is scheduled, and the newest verified {age}."
    mend = f"Type `/backup export {environment.name}`, or set export_at under [environments.{environment.name}]."
    return [Examined(what, Finding.WARNING, found, mend)]


async def _door(what: str, door: Door) -> list[Examined]:
    findings = {False: Finding.WARNING, True: Finding.BROKEN}
    return [
        Examined(what, findings[one.broken] if one.mend else Finding.OK, one.found, one.mend)
        for one in await door.symptoms()
    ]


async def _deployment(environment: Environment, deployment: Deployment) -> list[Examined]:
    identity, scope, state, skew = await asyncio.gather(
        deployment.identity(), deployment.scope(), deployment.state(), deployment.clock_skew()
    )
    paused = state != "running"
    examined = [
        Examined(
            environment.title,
            Finding.WARNING if paused else Finding.OK,
            f"{identity.name} at {identity.url}, {state}.",
            "Resume it when the recovery allows: Settings → Pause deployment in the dashboard." if paused else "",
        )
    ]
    lacking = [does for operation, does in _NEEDED.items() if not scope.may(operation)]
    if scope.read_only and "take copies" not in lacking:
        lacking.insert(0, "take copies")
    examined.append(_key(environment, lacking))
    if abs(skew) > _TOLERATED_SKEW.total_seconds():
        found = f"{words.span(timedelta(seconds=skew))} away from Convex's."
        examined.append(
            Examined(f"{environment.title}: clock", Finding.WARNING, found, "Set this machine's clock (NTP).")
        )
    return examined


def _key(environment: Environment, lacking: Iterable[str]) -> Examined:
    missing = list(lacking)
    if not missing:
        return Examined(f"{environment.title}: key", Finding.OK, "May take, watch and download copies, and count rows.")
    mend = "Make a key with those permissions: dashboard, Settings → Deploy keys."
    return Examined(f"{environment.title}: key", Finding.BROKEN, f"May not {words.listed(missing)}.", mend)
