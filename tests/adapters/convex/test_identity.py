from pathlib import Path

import httpx
import pytest

from bot.adapters.convex import ConvexDeployment
from bot.domain.errors import Refused
from bot.simulator.deployment import Identity
from bot.simulator.server import Simulator
from tests.adapters.convex.conftest import Connect, Scripted, value


async def test_a_deployment_says_who_it_is(simulator: Simulator, deployment: ConvexDeployment) -> None:
    found = await deployment.identity()
    assert (found.name, found.kind, found.type) == (simulator.name, "cloud", "prod")
    assert found.url == simulator.url == deployment.url
    assert found.project_id.isdigit() and found.project_name and found.version


async def test_a_self_hosted_deployment_says_so_and_no_more(connected: Connect, tmp_path: Path) -> None:
    async with Simulator(tmp_path, size_mb=0, identity=Identity("our-own", kind="selfHosted")) as simulator:
        found = await (await connected(simulator.url, simulator.key)).identity()
    assert (found.name, found.kind, found.project_id) == ("our-own", "selfHosted", "")


async def test_a_key_that_may_not_see_data_still_learns_the_name(simulator: Simulator, connected: Connect) -> None:
    exporter = await connected(simulator.url, simulator.keys.limit("exporter", ["CreateBackups"]))
    found = await exporter.identity()
    assert (found.name, found.kind) == (simulator.name, "")


async def test_a_deployment_without_a_name_goes_by_its_address(scripted: Scripted) -> None:
    deployment, _ = await scripted(httpx.Response(200, json={"kind": "cloud"}), httpx.Response(404, text="404"))
    assert (await deployment.identity()).name == "happy-otter-123"


async def test_a_full_key_may_do_everything(deployment: ConvexDeployment) -> None:
    scope = await deployment.scope()
    assert not scope.read_only and scope.may("CreateBackups")


async def test_a_limited_key_says_what_it_may_do(simulator: Simulator, connected: Connect) -> None:
    limited = await connected(simulator.url, simulator.keys.limit("viewer", ["ViewData", "ViewBackups"]))
    scope = await limited.scope()
    assert scope.operations == {"ViewData", "ViewBackups"}
    assert scope.may("ViewData") and not scope.may("CreateBackups")


async def test_a_read_only_key_may_look_and_fetch_but_not_export(simulator: Simulator, connected: Connect) -> None:
    reader = await connected(simulator.url, simulator.keys.limit("reader", read_only=True))
    scope = await reader.scope()
    assert scope.read_only
    assert scope.may("DownloadBackups") and not scope.may("CreateBackups")


async def test_a_key_check_that_does_not_succeed_is_a_refusal(scripted: Scripted) -> None:
    deployment, _ = await scripted(httpx.Response(200, json={"success": False}))
    with pytest.raises(Refused, match="does not accept the key"):
        await deployment.scope()


async def test_a_deployment_runs_until_it_is_paused(simulator: Simulator, deployment: ConvexDeployment) -> None:
    assert await deployment.state() == "running"
    simulator.deployment.paused = True
    assert await deployment.state() == "paused"


@pytest.mark.parametrize(
    ("system", "usage_limit", "state"),
    [("suspended", "none", "suspended"), ("none", "disabled", "disabled"), ("disabled", "disabled", "disabled")],
)
async def test_what_convex_switched_off_matters_more_than_a_pause(
    scripted: Scripted, system: str, usage_limit: str, state: str
) -> None:
    deployment, _ = await scripted(value({"system": system, "usage_limit": usage_limit, "user": "paused"}))
    assert await deployment.state() == state


async def test_clocks_that_agree_are_said_to_agree(deployment: ConvexDeployment) -> None:
    assert await deployment.clock_skew() == 0.0


@pytest.mark.parametrize("ahead", [-90.0, 30.0])
async def test_a_clock_that_is_wrong_is_noticed(
    simulator: Simulator, deployment: ConvexDeployment, ahead: float
) -> None:
    simulator.control.clock_skew = ahead
    assert abs(await deployment.clock_skew() - ahead) <= 1


async def test_a_server_that_does_not_tell_the_time_is_not_guessed_at(scripted: Scripted) -> None:
    deployment, _ = await scripted(httpx.Response(200, text="simulated"))
    with pytest.raises(Refused, match="does not tell its time"):
        await deployment.clock_skew()
