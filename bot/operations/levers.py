"""Knows how each brake is put on and taken off at its vendor, and how it stands there. Knows nothing of records.

A lever's `keys` tell apart what it stops: each is stopped, recorded and let go by itself.
"""

from typing import Protocol

from bot.domain.errors import Refused
from bot.domain.incident_events import Brake
from bot.domain.incidents import Incident
from bot.house import House
from bot.ports import Deployment, Rollout, Site, Webhooks

ON = "1"
"""What the kill switch's variable is set to."""


class Lever(Protocol):
    """One brake of one incident. `tells`: whether `holds` alone says that nothing is missing any more."""

    tells: bool

    async def keys(self, on: bool) -> list[str]:
        """What there is to stop, or to let go on."""
        ...

    async def holds(self, key: str, on: bool) -> bool:
        """Whether it stands so already, seen now at the vendor."""
        ...

    async def pull(self, key: str, on: bool) -> Rollout | None:
        """Stop it, or let it go on. Gives the release that brings it about, where it takes one."""
        ...

    async def effect(self, key: str, on: bool) -> str:
        """What it means, exactly."""
        ...


def lever(house: House, incident: Incident, brake: Brake) -> Lever:
    """The lever of a brake. Raises Refused, with what to set, where its vendor is not connected."""
    near = house.neighbours
    match brake:
        case Brake.PAUSE:
            return _Pause(house.deployment(incident.environment), incident.environment)
        case Brake.KILL_SWITCH if house.plan.incidents.kill_switch:
            return _KillSwitch(house.deployment(incident.environment), house.plan.incidents.kill_switch, incident)
        case Brake.MAINTENANCE if near.site is not None:
            return _Maintenance(near.site)
        case Brake.WEBHOOKS if near.webhooks is not None:
            return _Webhooks(near.webhooks, incident)
    raise Refused(f"{_NAMES[brake]} is not connected, so nothing was stopped or started there.", missing(house, brake))


def missing(house: House, brake: Brake) -> str:
    """What to set so that a brake can be pulled from here; '' when it can."""
    near = house.neighbours
    match brake:
        case Brake.MAINTENANCE if near.site is None:
            return near.unconnected.get("site", "No site is connected.")
        case Brake.WEBHOOKS if near.webhooks is None:
            return near.unconnected.get("webhooks", "No webhooks are connected.")
        case Brake.KILL_SWITCH if not house.plan.incidents.kill_switch:
            return (
                "Name the environment variable that your code checks before it writes: kill_switch under [incidents]"
                " in the plan."
            )
    return ""


def unreached(house: House, incident: Incident, brake: Brake) -> str:
    """The same for one incident: whether its environment is connected, and whether a hand put the brake on."""
    by_hand = any(one.brake is brake and not one.key for one in incident.stopped)
    if by_hand and brake in (Brake.KILL_SWITCH, Brake.WEBHOOKS):
        return "It was put on by hand."
    if brake in (Brake.PAUSE, Brake.KILL_SWITCH) and incident.environment not in house.deployments:
        return house.unconnected.get(incident.environment, f"{incident.environment.capitalize()} is not connected.")
    return missing(house, brake)


_NAMES = {
    Brake.PAUSE: "Convex",
    Brake.KILL_SWITCH: "The kill switch",
    Brake.MAINTENANCE: "The site",
    Brake.WEBHOOKS: "The webhooks' sender",
}


class _Pause:
    tells = True

    def __init__(self, deployment: Deployment, environment: str) -> None:
        self._deployment = deployment
        self._environment = environment

    async def keys(self, on: bool) -> list[str]:  # noqa: ARG002 - the same for both
        return [""]

    async def holds(self, key: str, on: bool) -> bool:  # noqa: ARG002 - there is one
        return (await self._deployment.state()) == ("paused" if on else "running")

    async def pull(self, key: str, on: bool) -> None:  # noqa: ARG002 - there is one
        await (self._deployment.pause() if on else self._deployment.resume())

    async def effect(self, key: str, on: bool) -> str:  # noqa: ARG002 - there is one
        if on:
            return f"Convex is paused for {self._environment}: no function runs, none that reads either."
        return f"Convex runs the functions of {self._environment} again; scheduled ones that queued up run now."


class _KillSwitch:
    """Its key is the variable's name, or `NAME=value` where it had a value before, which is put back."""

    tells = True

    def __init__(self, deployment: Deployment, name: str, incident: Incident) -> None:
        self._deployment = deployment
        self._name = name
        self._recorded = [one.key for one in incident.stopped if one.brake is Brake.KILL_SWITCH and one.key]

    async def keys(self, on: bool) -> list[str]:
        if self._recorded or not on:
            # Of two presses in one moment the later finds it on already. What was there before is put back last.
            return sorted(self._recorded, key=lambda key: "=" in key) or [self._name]
        before = await self._deployment.variable(self._name)
        return [self._name if before in (None, ON) else f"{self._name}={before}"]

    async def holds(self, key: str, on: bool) -> bool:
        name, wanted = _wanted(key, on)
        return await self._deployment.variable(name) == wanted

    async def pull(self, key: str, on: bool) -> None:
        await self._deployment.set_variable(*_wanted(key, on))

    async def effect(self, key: str, on: bool) -> str:
        name, value = _wanted(key, on)
        _, had, before = key.partition("=")
        if on:
            was = f"it was {before}" if had else "it was not set"
            return f"{name} is {value} in Convex ({was}): code that checks it refuses to write."
        return f"{name} is {value} again." if had else f"{name} is not set any more: code that checks it writes again."


def _wanted(key: str, on: bool) -> tuple[str, str | None]:
    name, had, before = key.partition("=")
    return name, ON if on else before if had else None


class _Maintenance:
    # A variable that is set shows nobody a page: the release may be missing, and pulling again makes no second one.
    tells = False

    def __init__(self, site: Site) -> None:
        self._site = site

    async def keys(self, on: bool) -> list[str]:  # noqa: ARG002 - the same for both
        return [""]

    async def holds(self, key: str, on: bool) -> bool:  # noqa: ARG002 - there is one
        try:
            return await self._site.in_maintenance() is on
        except Refused:
            # Its value is hidden: whatever it is, it is set anew.
            return False

    async def pull(self, key: str, on: bool) -> Rollout:  # noqa: ARG002 - there is one
        return await self._site.set_maintenance(on)

    async def effect(self, key: str, on: bool) -> str:  # noqa: ARG002 - there is one
        return "The site shows its maintenance page." if on else "The site is open again."


class _Webhooks:
    """Its keys are endpoints' ids: only what was switched off here is switched on again."""

    tells = True

    def __init__(self, webhooks: Webhooks, incident: Incident) -> None:
        self._webhooks = webhooks
        self._recorded = [one.key for one in incident.stopped if one.brake is Brake.WEBHOOKS and one.key]

    async def keys(self, on: bool) -> list[str]:
        if not on:
            return self._recorded
        return [one.id for one in await self._webhooks.endpoints() if not one.disabled]

    async def holds(self, key: str, on: bool) -> bool:
        found = next((one for one in await self._webhooks.endpoints() if one.id == key), None)
        # One that was deleted meanwhile delivers nothing, and can never deliver again.
        return True if found is None else found.disabled is on

    async def pull(self, key: str, on: bool) -> None:
        await self._webhooks.set_disabled(key, on)

    async def effect(self, key: str, on: bool) -> str:
        url = next((one.url for one in await self._webhooks.endpoints() if one.id == key), "")
        if not url:
            return f"The endpoint {key} is not there any more."
        if on:
            return f"Nothing is delivered to {url}; what is sent meanwhile must be recovered at the sender afterwards."
        return f"{url} gets deliveries again; what was sent meanwhile must be recovered at the sender."
