"""A site at a stand-in of Vercel, over a real socket."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.adapters.vercel import VercelSite, connect
from bot.domain.errors import Outage, Refused
from bot.ports import Rollout
from bot.simulator.neighbours import Neighbours, vercel
from tests.adapters.recovery.conftest import Naps


@pytest.fixture
async def site(neighbours: Neighbours, naps: Naps) -> AsyncIterator[VercelSite]:
    async with connect(vercel.TOKEN, vercel.PROJECT, api=neighbours.vercel_url, sleep=naps) as site:
        yield site


async def settled(site: VercelSite, rollout: Rollout) -> Rollout:
    async with asyncio.timeout(5):
        while rollout.state == "building":
            await asyncio.sleep(0.02)
            rollout = await site.rollout(rollout.id)
    return rollout


async def seen(neighbours: Neighbours) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.get(neighbours.site_url)


async def test_people_see_the_maintenance_page_once_the_release_is_ready(
    neighbours: Neighbours, site: VercelSite
) -> None:
    neighbours.vercel.build_seconds = 3600
    assert not await site.in_maintenance()
    rollout = await site.set_maintenance(True)
    assert rollout.state == (await site.rollout(rollout.id)).state == "building"
    assert (await seen(neighbours)).status_code == 200
    assert await site.in_maintenance()
    made = neighbours.vercel.deployments[-1]
    made.ready = made.created
    assert (await site.rollout(rollout.id)).state == "ready"
    page = await seen(neighbours)
    assert (page.status_code, "Back soon" in page.text) == (503, True)


async def test_people_see_the_site_again_after_maintenance(neighbours: Neighbours, site: VercelSite) -> None:
    await settled(site, await site.set_maintenance(True))
    await settled(site, await site.set_maintenance(False))
    assert "Campus Connect" in (await seen(neighbours)).text
    assert not await site.in_maintenance()
    assert neighbours.vercel.variables == {}


async def test_switching_on_twice_gives_the_same_release(neighbours: Neighbours, site: VercelSite) -> None:
    first = await site.set_maintenance(True)
    again = await site.set_maintenance(True)
    assert again.id == first.id
    await settled(site, first)
    assert (await site.set_maintenance(True)) == Rollout(first.id, first.url, "ready")
    assert len(neighbours.vercel.deployments) == 2


async def test_switching_off_what_was_never_on_releases_nothing(neighbours: Neighbours, site: VercelSite) -> None:
    rollout = await site.set_maintenance(False)
    assert rollout.state == "ready"
    assert len(neighbours.vercel.deployments) == 1


async def test_a_later_release_by_somebody_else_counts_as_in_maintenance_too(
    neighbours: Neighbours, site: VercelSite
) -> None:
    await site.set_maintenance(True)
    pushed = neighbours.vercel.deploy({"githubCommitRef": "main"})
    assert (await site.set_maintenance(True)).id == pushed.uid


async def test_a_variable_set_by_hand_is_released_once(neighbours: Neighbours, site: VercelSite) -> None:
    neighbours.vercel.add_variable("MAINTENANCE_MODE", "1", "plain", ["production"])
    rollout = await site.set_maintenance(True)
    assert (await site.set_maintenance(True)).id == rollout.id
    assert len(neighbours.vercel.deployments) == 2


async def test_a_variable_that_was_set_while_the_release_failed_to_start_is_released_at_the_next_press(
    neighbours: Neighbours, site: VercelSite
) -> None:
    neighbours.faults.add("status", path="/vercel/v9/projects/campus-connect", times=3)
    with pytest.raises(Outage):
        await site.set_maintenance(True)
    assert await site.in_maintenance()
    assert len(neighbours.vercel.deployments) == 1
    rollout = await settled(site, await site.set_maintenance(True))
    assert rollout.state == "ready"
    assert neighbours.vercel.in_maintenance()


@pytest.mark.parametrize(("ends", "problem"), [("ERROR", "npm run build"), ("CANCELED", "somebody cancelled it")])
async def test_a_release_that_failed_says_why_and_is_made_again_when_asked(
    neighbours: Neighbours, site: VercelSite, ends: str, problem: str
) -> None:
    neighbours.vercel.next_ends = ends
    failed = await settled(site, await site.set_maintenance(True))
    assert failed.state == "failed"
    assert problem in failed.problem
    assert (await seen(neighbours)).status_code == 200
    again = await settled(site, await site.set_maintenance(True))
    assert again.state == "ready"
    assert again.id != failed.id


async def test_preview_and_development_keep_their_own_value(neighbours: Neighbours, site: VercelSite) -> None:
    mine = neighbours.vercel.add_variable("MAINTENANCE_MODE", "0", "plain", ["production", "preview", "development"])
    await settled(site, await site.set_maintenance(True))
    assert mine["target"] == ["preview", "development"]
    assert mine["value"] == "0"
    assert neighbours.vercel.in_maintenance()


async def test_another_value_by_hand_is_left_alone_when_maintenance_ends(
    neighbours: Neighbours, site: VercelSite
) -> None:
    mine = neighbours.vercel.add_variable("MAINTENANCE_MODE", "0", "plain", ["production"])
    assert not await site.in_maintenance()
    await site.set_maintenance(False)
    assert neighbours.vercel.variables == {mine["id"]: mine}


async def test_an_encrypted_value_is_read_in_the_clear(neighbours: Neighbours, site: VercelSite) -> None:
    neighbours.vercel.add_variable("MAINTENANCE_MODE", "1", "encrypted", ["production"])
    assert await site.in_maintenance()
    await site.set_maintenance(False)
    assert neighbours.vercel.variables == {}


async def test_a_sensitive_value_is_not_guessed_but_can_be_replaced(neighbours: Neighbours, site: VercelSite) -> None:
    neighbours.vercel.add_variable("MAINTENANCE_MODE", "0", "sensitive", ["production"])
    with pytest.raises(Refused, match="shows nobody what MAINTENANCE_MODE is set to"):
        await site.in_maintenance()
    await site.set_maintenance(True)
    assert await site.in_maintenance()


async def test_a_sensitive_value_is_removed_when_maintenance_ends(neighbours: Neighbours, site: VercelSite) -> None:
    neighbours.vercel.add_variable("MAINTENANCE_MODE", "1", "sensitive", ["production"])
    await site.set_maintenance(False)
    assert neighbours.vercel.variables == {}


async def test_a_lost_answer_to_the_release_is_looked_for_before_another_is_made(
    neighbours: Neighbours, site: VercelSite
) -> None:
    neighbours.lose_answer("POST", "/vercel/v13/deployments")
    rollout = await site.set_maintenance(True)
    assert rollout.id == neighbours.vercel.deployments[-1].uid
    assert len(neighbours.vercel.deployments) == 2


async def test_a_release_that_never_arrived_is_asked_for_again(neighbours: Neighbours, site: VercelSite) -> None:
    neighbours.faults.add("drop", path="/vercel/v13/deployments")
    rollout = await site.set_maintenance(True)
    assert rollout.id == neighbours.vercel.deployments[-1].uid
    assert len(neighbours.vercel.deployments) == 2


async def test_a_release_that_cannot_be_made_now_says_what_stands_already(
    neighbours: Neighbours, site: VercelSite
) -> None:
    neighbours.faults.add("status", path="/vercel/v13/deployments", status=429, retry_after=60)
    with pytest.raises(Outage, match="releasing the running version") as outage:
        await site.set_maintenance(True)
    assert outage.value.hint.startswith("MAINTENANCE_MODE is set already, for the next release.")
    assert outage.value.retry_at is not None
    assert await site.in_maintenance()
    assert len(neighbours.vercel.deployments) == 1


async def test_a_release_that_is_not_allowed_says_that_the_variable_is_set(
    neighbours: Neighbours, site: VercelSite
) -> None:
    neighbours.faults.add("status", path="/vercel/v13/deployments", status=403)
    with pytest.raises(Refused, match=r"does not allow releasing .* MAINTENANCE_MODE is set already"):
        await site.set_maintenance(True)


async def test_a_release_that_vercel_never_made_is_known_not_to_be_made(
    neighbours: Neighbours, site: VercelSite
) -> None:
    neighbours.faults.add("status", path="/vercel/v13/deployments", status=502, times=2)
    with pytest.raises(Outage, match="I looked: it has made none") as outage:
        await site.set_maintenance(True)
    assert outage.value.unsent
    assert len(neighbours.vercel.deployments) == 1


async def test_a_variable_of_previews_alone_says_nothing_about_production(
    neighbours: Neighbours, site: VercelSite
) -> None:
    mine = neighbours.vercel.add_variable("MAINTENANCE_MODE", "1", "plain", ["preview"])
    assert not await site.in_maintenance()
    await site.set_maintenance(True)
    await site.set_maintenance(False)
    assert neighbours.vercel.variables == {mine["id"]: mine}


async def test_a_variable_that_was_removed_by_hand_still_needs_its_release(
    neighbours: Neighbours, site: VercelSite
) -> None:
    await settled(site, await site.set_maintenance(True))
    neighbours.vercel.variables.clear()
    assert not await site.in_maintenance()
    assert (await seen(neighbours)).status_code == 503
    await settled(site, await site.set_maintenance(False))
    assert (await seen(neighbours)).status_code == 200


async def test_other_variables_are_never_touched(neighbours: Neighbours, site: VercelSite) -> None:
    other = neighbours.vercel.add_variable("CLERK_SECRET_KEY", "sk_live_1", "encrypted", ["production"])
    await site.set_maintenance(True)
    await site.set_maintenance(False)
    assert neighbours.vercel.variables == {other["id"]: other}


async def test_the_teams_id_and_its_slug_go_where_vercel_expects_them() -> None:
    asked: list[httpx.Request] = []

    def reply(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"envs": []})

    for team in ("team_1a2b", "campus", ""):
        async with connect("t", "p", team, transport=httpx.MockTransport(reply)) as site:
            await site.in_maintenance()
    assert [dict(each.url.params) for each in asked] == [{"teamId": "team_1a2b"}, {"slug": "campus"}, {}]


async def test_a_release_that_waits_for_its_promotion_is_not_called_ready() -> None:
    shown = {"id": "dpl_1", "readyState": "READY", "readySubstate": "STAGED", "url": "x.vercel.app", "createdAt": 1}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=shown))
    async with connect("t", "p", transport=transport) as site:
        rollout = await site.rollout("dpl_1")
    assert rollout.state == "failed"
    assert "until it is promoted" in rollout.problem


async def test_a_project_without_a_production_deployment_says_what_to_do() -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/env"):
            return httpx.Response(200, json={"envs": []} if request.method == "GET" else {"created": {}, "failed": []})
        return httpx.Response(200, json={"id": "prj_1", "name": "p", "targets": None})

    async with connect("t", "p", transport=httpx.MockTransport(reply)) as site:
        with pytest.raises(Refused, match="has no production deployment") as refused:
            await site.set_maintenance(True)
    assert "Deploy it at Vercel" in refused.value.hint


async def test_a_wrong_project_names_the_setting(neighbours: Neighbours, naps: Naps) -> None:
    async with connect(vercel.TOKEN, "campus", api=neighbours.vercel_url, sleep=naps) as site:
        with pytest.raises(Refused, match="Vercel does not know the project") as refused:
            await site.in_maintenance()
    assert "LIFEBOAT_VERCEL__PROJECT" in refused.value.hint


async def test_a_wrong_token_names_its_setting_and_never_shows_it(neighbours: Neighbours, naps: Naps) -> None:
    async with connect("wrong-token", vercel.PROJECT, api=neighbours.vercel_url, sleep=naps) as site:
        with pytest.raises(Refused) as refused:
            await site.set_maintenance(True)
    assert "LIFEBOAT_VERCEL__TOKEN" in refused.value.hint
    assert "wrong-token" not in str(refused.value)
