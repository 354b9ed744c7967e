"""Knows how brakes are put on and let go as work that survives the process, each recorded with its exact effect.

Knows nothing of how a vendor is asked (the levers do), or of how it is shown.
"""

import asyncio
import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from bot.domain.errors import LifeboatError, Outage, Refused
from bot.domain.incident_events import Body, Brake, Braked, Event, IncidentId
from bot.domain.incidents import Incident
from bot.domain.people import Person
from bot.house import House
from bot.operations import incidents as acting
from bot.operations import recording, watching
from bot.operations.engine import Engine, Flow
from bot.operations.levers import Lever, lever
from bot.store import incidents

WORKFLOW = "brake"
ORDER = (Brake.KILL_SWITCH, Brake.PAUSE, Brake.WEBHOOKS, Brake.MAINTENANCE)
"""How they are let go: code may write before its functions run, and people come last, when everything works."""
CACHES = (
    "Caches may still show old data: purge the CDN's, and ask people to reload open pages."
    " What webhooks did not deliver meanwhile is recovered at their sender."
)
_ANSWER_SECONDS = 8.0
"""How long somebody is kept waiting for the outcome; later it is said in the room alone."""
_LOOK_SECONDS = 0.1
_RELEASE_SECONDS = 15 * 60.0


def register(engine: Engine, house: House) -> None:
    """Let the engine know how brakes are pulled."""
    work = _Pulling(house)
    engine.workflow(WORKFLOW, work.run, work.ended)


async def pull(house: House, incident: Incident, brakes: Sequence[Brake], by: Person, *, on: bool) -> list[Event]:
    """Stop something, or let things go on in the order given. Gives what happened, as far as it did within seconds.

    Raises Refused where a vendor is not connected: nothing was done then.
    """
    for brake in brakes:
        lever(house, incident, brake)
    work_id = f"brake-{incident.id}-{secrets.token_hex(3)}"
    given = {**recording.asked(incident, by), "brakes": [str(one) for one in brakes], "on": on}
    await house.work.start(WORKFLOW, work_id, given)
    with suppress(TimeoutError):
        async with asyncio.timeout(_ANSWER_SECONDS):
            await _ended(house, work_id)
    return await recording.since(house, incident.id, incident.seq)


async def by_hand(house: House, incident: Incident, brake: Brake, by: Person, note: str, *, on: bool) -> Incident:
    """Record what somebody stopped, or let go on, without Lifeboat: the board shows it in red all the same."""
    told = f" {note}" if note else ""
    effect = f"Done by hand, said {by.name}: Lifeboat has not looked.{told}"

    def decide(stands: Incident) -> list[Body]:
        keys = [one.key for one in stands.stopped if one.brake is brake]
        if on and keys:
            raise Refused(f"It is recorded as stopped already ({brake}). Nothing was changed.")
        if not on and not keys:
            raise Refused(f"It is not recorded as stopped ({brake}). Nothing was changed.")
        return [Braked(brake=brake, key=key, on=on, effect=effect) for key in (keys or [""])]

    stands = await acting.act(house, incident.id, by, decide)
    if not on and not stands.stopped:
        await watching.begin(house, stands.id)
    return stands


async def _ended(house: House, work_id: str) -> None:
    while True:
        if await house.work.status(work_id) != "running":
            return
        await asyncio.sleep(_LOOK_SECONDS)


class _Pulling:
    """The workflow: look, pull, record, for one thing after the other."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self, flow: Flow, given: dict[str, Any]) -> None:
        on = bool(given["on"])
        for name in given["brakes"]:
            found = await flow.step("look", self._look, given["incident"], name, on)
            for key, stood in found["keys"]:
                await self._one(flow, given, name, key, stood)
            await flow.step("close up", self._left, given, name, found)
        if not on and not await flow.step("left", self._still_stopped, given["incident"]):
            watched = await flow.step("watch", watching.begin, self._house, IncidentId(given["incident"]))
            effect = f"Everything that was stopped goes on again. {CACHES} {watched}"
            await flow.step("say", lambda: recording.acted(self._house, given, "Resume", ok=True, effect=effect))
        self._house.wake()

    async def _one(self, flow: Flow, given: dict[str, Any], name: str, key: str, stood: bool) -> None:
        on = bool(given["on"])
        pulled = await flow.step("pull", self._pull, given["incident"], name, key, on, stood)
        # Stopped the moment it was asked for; open again only when people see it.
        if on:
            await flow.step("record", self._record, given, name, key, pulled["effect"])
        if pulled["release"]:
            effect = await flow.step("follow", self._follow, pulled["release"], on)
            pulled = {**pulled, "effect": effect}
        if not on:
            await flow.step("check", self._check, given["incident"], name, key)
            await flow.step("record", self._record, given, name, key, pulled["effect"])
        elif pulled["release"]:
            await flow.step(
                "say", lambda: recording.acted(self._house, given, "Maintenance page", ok=True, effect=pulled["effect"])
            )

    async def _look(self, incident: str, name: str, on: bool) -> dict[str, Any]:
        pulled = await self._lever(incident, name)
        keys = await pulled.keys(on)
        return {"keys": [[key, await pulled.holds(key, on)] for key in keys]}

    async def _pull(self, incident: str, name: str, key: str, on: bool, stood: bool) -> dict[str, Any]:
        pulled = await self._lever(incident, name)
        release, doubt = None, ""
        # The variable alone shows no maintenance page: whether a release is missing, the site itself finds out.
        if not stood or name == Brake.MAINTENANCE:
            try:
                release = await pulled.pull(key, on)
            except Outage as outage:
                doubt = await _looked_after(pulled, key, on, outage)
        effect = await _effect(pulled, key, on)
        if release is not None and release.state == "failed":
            set_ = "set" if on else "gone"
            effect = f"The variable is {set_}, but its release failed ({release.problem}): press again. {release.url}"
        elif release is not None and release.state != "ready":
            effect = (
                f"The variable is {'set' if on else 'gone'}; people see it once this release is ready: {release.url}"
            )
        elif stood:
            effect = f"{effect} It stood so already; nothing was changed."
        waits = release is not None and release.state not in ("ready", "failed")
        return {"effect": f"{effect} {doubt}".strip(), "release": release.id if release and waits else None}

    async def _follow(self, release: str, on: bool) -> str:
        site = self._house.neighbours.site
        assert site is not None
        shown = "the maintenance page" if on else "the site as it was before"
        loop = asyncio.get_running_loop()
        until = loop.time() + _RELEASE_SECONDS
        while loop.time() < until:
            try:
                found = await site.rollout(release)
            except Outage:
                await asyncio.sleep(self._house.limits.poll_seconds)
                continue
            if found.state == "ready":
                return f"The release is ready: people see {shown}."
            if found.state == "failed":
                raise Refused(
                    f"The release failed: {found.problem}. The variable is changed, but people do not see {shown}.",
                    f"Look at {found.url}, then press again.",
                )
            await asyncio.sleep(self._house.limits.poll_seconds)
        raise Refused(
            f"The release was not ready after {_RELEASE_SECONDS / 60:.0f} minutes; people do not see {shown} yet.",
            "Look at the site's releases, then press again.",
        )

    async def _check(self, incident: str, name: str, key: str) -> None:
        """A release takes minutes in which somebody else may stop it again: then it stays recorded as stopped."""
        pulled = await self._lever(incident, name)
        if not await pulled.holds(key, False):
            raise Refused(
                f"It was stopped again meanwhile ({name}), so it stays recorded as stopped.",
                "Ask who did; then press again.",
            )

    async def _record(self, given: dict[str, Any], name: str, key: str, effect: str) -> None:
        brake, on, by = Brake(name), bool(given["on"]), recording.whom(given)
        body = Braked(brake=brake, key=key, on=on, effect=effect)
        happened = await recording.since(self._house, IncidentId(given["incident"]), int(given["after"]))
        if any(event.body == body and event.by == by.id for event in happened):
            # An earlier run did; what somebody has done since then stands.
            return
        stopped = False

        def decide(stands: Incident) -> Sequence[Body]:
            nonlocal stopped
            stopped = any((one.brake, one.key) == (brake, key) for one in stands.stopped)
            return (body,) if stopped is not on else ()

        await acting.act(self._house, IncidentId(given["incident"]), by, decide)
        if not on and not stopped:
            # Nobody had recorded it as stopped, so only the record itself shows whether an earlier run wrote it.
            await self._unrecorded(given, body)

    async def _unrecorded(self, given: dict[str, Any], body: Braked) -> None:
        for event in await recording.since(self._house, IncidentId(given["incident"]), int(given["after"])):
            if isinstance(event.body, Braked) and (event.body.brake, event.body.key) == (body.brake, body.key):
                return
        await recording.acted(self._house, given, f"Resume {body.brake}", ok=True, effect=body.effect)

    async def _left(self, given: dict[str, Any], name: str, found: dict[str, Any]) -> None:
        """Say it where there was nothing to pull, or where what was stopped by hand is beyond our levers."""
        incident, on = await self._incident(given["incident"]), bool(given["on"])
        if not on and any(one.brake == name and one.key == "" for one in incident.stopped):
            raise Refused(
                f"The {name} brake was put on by hand, so Lifeboat cannot let it go.",
                f"Let it go by hand, then say so: /recovery resume {name} --by-hand.",
            )
        if not found["keys"]:
            effect = "Everything was off already." if on else "Nothing of it was switched off from here."
            await recording.acted(
                self._house,
                given,
                f"{'Stop' if on else 'Resume'} {name}",
                ok=True,
                effect=f"{effect} Nothing was changed.",
            )

    async def _still_stopped(self, incident: str) -> bool:
        return bool((await self._incident(incident)).stopped)

    async def ended(self, flow: Flow, given: dict[str, Any], error: LifeboatError) -> None:
        """Say what was not done, and what is so instead."""
        action = f"{'Stop' if given['on'] else 'Resume'} {' and '.join(given['brakes'])}"
        effect = f"{error.problem} {error.hint}".strip()
        await flow.step("say", lambda: recording.acted(self._house, given, action, ok=False, effect=effect))
        self._house.wake()

    async def _lever(self, incident: str, name: str) -> Lever:
        return lever(self._house, await self._incident(incident), Brake(name))

    async def _incident(self, incident: str) -> Incident:
        async with self._house.database.read() as db:
            found = await incidents.get(db, IncidentId(incident))
        assert found is not None
        return found


async def _looked_after(pulled: Lever, key: str, on: bool, outage: Outage) -> str:
    """What to say after an unknown outcome: how it really stands. Raises Outage where it is not as wanted."""
    if outage.unsent:
        raise outage
    if not pulled.tells:
        raise Outage(outage.service, outage.problem, "Press again: what was begun is not begun twice.") from outage
    try:
        holds = await pulled.holds(key, on)
    except LifeboatError:
        raise Outage(
            outage.service,
            f"{outage.problem} Whether it happened is not known: it did not answer when I looked either.",
            "Look in its dashboard; press again, or record it with --by-hand.",
        ) from outage
    if not holds:
        raise Outage(
            outage.service, f"{outage.problem} I looked: it has not happened.", "Press again, or do it by hand."
        ) from outage
    return f"{outage.service} gave no answer; I looked, and it is so."


async def _effect(pulled: Lever, key: str, on: bool) -> str:
    try:
        return await pulled.effect(key, on)
    except Outage:
        # It is done; that its address cannot be read for the words must not undo that.
        return f"{key or 'It'} is {'stopped' if on else 'started again'}."
