"""Knows how a demo or a test turns a deployment's switches over HTTP. Knows nothing of Convex's own interface.

Every call is a POST with the header `Simulator-Token`; `deployment` in the query names another one of the same process.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from aiohttp import web

from bot.simulator.access import ApiError
from bot.simulator.audit import DEVELOPER, pushed
from bot.simulator.bodies import json_object

if TYPE_CHECKING:
    from bot.simulator.server import Simulator

HEADER = "Simulator-Token"


class Control:
    """The routes below `/simulator/`."""

    def __init__(self, token: str, simulators: Mapping[str, "Simulator"], own: "Simulator") -> None:
        self._token, self._simulators, self._own = token, simulators, own

    def routes(self) -> list[web.RouteDef]:
        actions: dict[str, Callable[[Simulator, dict[str, Any]], Awaitable[Any]]] = {
            "fault": _fault,
            "clear": _clear,
            "settings": _settings,
            "scenario": _scenario,
            "disasters": _disasters,
            "push": _push,
            "support": _support,
            "key": _key,
            "withdraw": _withdraw,
            "fresh": _fresh,
            "dead": _dead,
            "alive": _alive,
        }
        return [web.post(f"/simulator/{name}", self._guarded(action)) for name, action in actions.items()]

    def _guarded(
        self, action: Callable[["Simulator", dict[str, Any]], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            if not secrets.compare_digest(request.headers.get(HEADER, ""), self._token):
                return web.json_response({"code": "Forbidden", "message": f"{HEADER} is missing or wrong"}, status=403)
            name = request.query.get("deployment")
            simulator = self._own if name is None else self._simulators[name]
            given = await json_object(request) if request.can_read_body else {}
            try:
                return web.json_response(await action(simulator, given))
            except (KeyError, TypeError, ValueError) as problem:
                raise ApiError(400, "BadSwitch", str(problem)) from problem

        return answer


async def _fault(simulator: "Simulator", given: dict[str, Any]) -> Any:
    simulator.control.add(given.pop("kind"), **given)
    return simulator.control.described()


async def _clear(simulator: "Simulator", _given: dict[str, Any]) -> Any:
    simulator.control.clear()
    simulator.exports.hold(endless=False)
    return {}


async def _settings(simulator: "Simulator", given: dict[str, Any]) -> Any:
    """Any of `clock_skew`, `bytes_per_second`, `export_seconds`, `import_seconds`, `endless_exports`, `traffic`.

    And `audit_log_days`: how long the plan keeps the audit log (null for ever, 0 not at all).
    """
    control, exports, imports = simulator.control, simulator.exports, simulator.imports
    control.clock_skew = given.get("clock_skew", control.clock_skew)
    control.bytes_per_second = given.get("bytes_per_second", control.bytes_per_second)
    exports.seconds = given.get("export_seconds", exports.seconds)
    exports.hold(endless=given.get("endless_exports", exports.endless))
    imports.seconds = given.get("import_seconds", imports.seconds)
    simulator.deployment.audit.days = given.get("audit_log_days", simulator.deployment.audit.days)
    if "traffic" in given:
        simulator.set_traffic(float(given["traffic"]))
    return {}


async def _scenario(simulator: "Simulator", given: dict[str, Any]) -> Any:
    """`name`, and when: `in_seconds` or `at_ms`; at once without either, and then it says at which instants."""
    name, wait = given["name"], given.get("in_seconds")
    if "at_ms" in given:
        wait = max(0.0, given["at_ms"] / 1000 - time.time())
    if wait:
        simulator.scenarios.schedule(name, float(wait))
        return {"scheduled": name}
    played = len(simulator.scenarios.disasters)
    written = simulator.scenarios.play(name)
    return {"written": written, "disasters": [asdict(one) for one in simulator.scenarios.disasters[played:]]}


async def _disasters(simulator: "Simulator", _given: dict[str, Any]) -> Any:
    """All that were played, `standing` while no restore has taken them back. Instants are in nanoseconds."""
    stands = simulator.deployment.stands
    return {"disasters": [{**asdict(one), "standing": stands(one.at_ns)} for one in simulator.scenarios.disasters]}


async def _push(simulator: "Simulator", given: dict[str, Any]) -> Any:
    """Note a push of a `module` with a `message`, as of now."""
    metadata = pushed(given["module"], given.get("message", ""))
    simulator.deployment.audit.add("push_config_with_components", metadata, DEVELOPER)
    return {}


async def _support(simulator: "Simulator", _given: dict[str, Any]) -> Any:
    """Support's inbox, with its answers."""
    if simulator.desk is None:
        raise ValueError("this process has no support desk")
    return simulator.desk.described()


async def _key(simulator: "Simulator", given: dict[str, Any]) -> Any:
    read_only = bool(given.get("read_only", False))
    return {"key": simulator.keys.limit(given["name"], given.get("operations", ()), read_only=read_only)}


async def _withdraw(simulator: "Simulator", _given: dict[str, Any]) -> Any:
    """Take no key any more that there is now: whoever has one needs another."""
    simulator.keys.withdraw()
    return {}


async def _fresh(simulator: "Simulator", _given: dict[str, Any]) -> Any:
    """Begin anew: the data as of now, every key taken again, no fault."""
    await simulator.begin_anew()
    return await _clear(simulator, {})


async def _dead(simulator: "Simulator", _given: dict[str, Any]) -> Any:
    """Refuse connections until `alive` is called (through the other deployment of the process)."""
    await simulator.stop_listening()
    return {}


async def _alive(simulator: "Simulator", _given: dict[str, Any]) -> Any:
    await simulator.listen()
    return {}
