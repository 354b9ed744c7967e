"""What stops an app's writes at Convex and starts them again, against a deployment on a real socket."""

import json

import httpx
import pytest

from bot.adapters.convex import ConvexDeployment
from bot.domain.errors import Outage, Refused
from bot.simulator.server import Simulator
from tests.adapters.convex.conftest import Connect, Scripted, error, value

EMPTY = httpx.Response(200)
NOT_PAUSED = error(400, "UnpauseDeploymentFailed", "Deployment is not currently paused.")
DISABLED = error(400, "PauseDeploymentFailed", "Deployment is currently disabled or suspended and cannot be paused.")


def backend(system: str = "none", user: str = "none") -> httpx.Response:
    return value({"system": system, "usage_limit": "none", "user": user})


async def test_a_paused_deployment_runs_nothing_until_it_is_resumed(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    await deployment.pause()
    assert await deployment.state() == "paused" and simulator.deployment.paused

    await deployment.resume()
    assert await deployment.state() == "running" and not simulator.deployment.paused


async def test_pausing_and_resuming_twice_is_no_error(simulator: Simulator, deployment: ConvexDeployment) -> None:
    await deployment.resume()
    await deployment.pause()
    await deployment.pause()
    await deployment.resume()
    await deployment.resume()
    assert [event.action for event in simulator.deployment.audit.events] == ["pause_deployment", "unpause_deployment"]


async def test_what_convex_itself_switched_off_is_not_called_resumed(scripted: Scripted) -> None:
    deployment, _ = await scripted(NOT_PAUSED, backend(system="suspended"))
    with pytest.raises(Refused, match="cannot be resumed from here"):
        await deployment.resume()


async def test_what_convex_itself_switched_off_is_not_called_paused(scripted: Scripted) -> None:
    deployment, _ = await scripted(DISABLED, backend(system="disabled"))
    with pytest.raises(Refused, match="its functions do not run"):
        await deployment.pause()


async def test_exports_go_on_while_the_deployment_is_paused(deployment: ConvexDeployment) -> None:
    await deployment.pause()
    await deployment.request_export(with_files=False)
    assert await deployment.latest_export() is not None


async def test_a_pause_is_asked_for_again_after_a_broken_answer(scripted: Scripted) -> None:
    deployment, script = await scripted(httpx.ReadError("gone"), EMPTY)
    await deployment.pause()
    assert [request.url.path for request in script.asked] == ["/api/v1/pause_deployment"] * 2


async def test_after_an_outage_it_is_not_claimed_that_nothing_was_paused(scripted: Scripted) -> None:
    deployment, _ = await scripted(error(503, "ServiceUnavailable"))
    with pytest.raises(Outage, match="not known whether Convex did it all the same") as outage:
        await deployment.pause()
    assert "pausing the deployment" in outage.value.problem


async def test_what_was_scheduled_during_a_pause_runs_on_resume_unless_cancelled(
    simulator: Simulator, deployment: ConvexDeployment
) -> None:
    before = simulator.deployment.tables["users"].count
    await deployment.pause()
    simulator.scenarios.schedule("webhook-delete", 0)

    await deployment.cancel_scheduled()
    await deployment.resume()

    assert [job.state for job in simulator.instance.scheduler.jobs] == ["canceled"]
    assert simulator.deployment.tables["users"].count == before


async def test_scheduled_functions_of_components_are_cancelled_too(scripted: Scripted) -> None:
    listed = value([{"id": "root", "name": "", "path": ""}, {"id": "c1", "name": "mail", "path": "mail"}])
    deployment, script = await scripted(EMPTY, listed, EMPTY)
    await deployment.cancel_scheduled()
    assert [json.loads(script.asked[place].content) for place in (0, 2)] == [{}, {"componentId": "c1"}]


async def test_a_variable_is_set_read_and_deleted(simulator: Simulator, deployment: ConvexDeployment) -> None:
    assert await deployment.variable("READ_ONLY") is None
    await deployment.set_variable("READ_ONLY", "on")
    assert await deployment.variable("READ_ONLY") == "on" == simulator.deployment.environment["READ_ONLY"]
    await deployment.set_variable("READ_ONLY", None)
    await deployment.set_variable("READ_ONLY", None)
    assert await deployment.variable("READ_ONLY") is None


async def test_reading_a_variable_asks_for_no_other(scripted: Scripted) -> None:
    deployment, script = await scripted(value({"name": "READ_ONLY", "value": "on"}))
    await deployment.variable("READ_ONLY")
    (asked,) = script.asked
    assert json.loads(asked.content)["args"] == {"name": "READ_ONLY"}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("no-dash", "x", "letters, digits and underscores"),
        ("A" * 41, "x", "40 characters"),
        ("A", "x" * 8193, "8 KiB"),
        ("CONVEX_SITE_URL", "x", "another variable"),
    ],
)
async def test_what_convex_does_not_take_as_a_variable_is_refused_with_its_limit(
    deployment: ConvexDeployment, name: str, content: str, told: str
) -> None:
    with pytest.raises(Refused) as refused:
        await deployment.set_variable(name, content)
    assert told in refused.value.hint and "No data was changed" in refused.value.problem
    assert content * 2 not in str(refused.value)


@pytest.mark.parametrize(
    ("act", "lacks"),
    [
        ("pause", "deployment:pause"),
        ("resume", "deployment:unpause"),
        ("cancel_scheduled", "deployment:data:write"),
        ("largest_writes", "deployment:logs:view"),
    ],
)
async def test_a_key_that_lacks_an_operation_is_told_which(
    simulator: Simulator, connected: Connect, act: str, lacks: str
) -> None:
    limited = await connected(simulator.url, simulator.keys.limit("viewer", ["ViewData", "ViewBackups"]))
    with pytest.raises(Refused) as refused:
        await getattr(limited, act)()
    assert f"lacks {lacks}." in refused.value.problem
    assert "npx convex deployment token create" in refused.value.hint


async def test_a_key_that_may_not_read_variables_is_told_so(simulator: Simulator, connected: Connect) -> None:
    limited = await connected(simulator.url, simulator.keys.limit("viewer", ["ViewData"]))
    with pytest.raises(Refused, match=r"lacks deployment:env:view\."):
        await limited.variable("MAINTENANCE_MODE")
    with pytest.raises(Refused, match=r"lacks deployment:env:write\."):
        await limited.set_variable("MAINTENANCE_MODE", "on")
